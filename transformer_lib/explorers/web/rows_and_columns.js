import { project, selfAttention, short, softmax, sub, transpose, vector } from "./core.js";
import { choice, explorer, h, say } from "./ui.js";
import { pointAt } from "./cells.js";

const FORMS = {
  rows: { q: "Q", k: "Kᵀ", s: "S = QKᵀ", w: "A′", v: "V", b: "B = A′V", line: "row", other: "column" },
  columns: { q: "Q", k: "Kᵀ", s: "A = KᵀQ", w: "A′", v: "V", b: "O = VA′", line: "column", other: "row" },
};
const turnIf = (turned, rows) => (turned ? transpose(rows) : rows);

// One vector a row, whatever the form; `right` is the softmax over each query's keys.
function steps({ n, a, w_q, w_k, w_v }, right) {
  const { q, k, v, scores: s } = selfAttention(a.slice(0, n), w_q, w_k, w_v, { scaled: false });
  const w = turnIf(!right, turnIf(!right, s).map((line) => softmax(line, 2)));
  return { q, k, v, s, w, b: project(w, transpose(v)) };
}

export function numbers(state) {
  const { form, axis, n } = state;
  if (!FORMS[form] || !/^(keys|queries)$/.test(axis) || ![2, 3, 4].includes(n)) throw RangeError();
  const { q, k, v, s, w, b } = steps(state, axis === "keys"), shown = (rows) => turnIf(form === "columns", rows);
  return { Q: shown(q), K: shown(k), V: shown(v), scores: shown(s), weights: shown(w), output: shown(b) };
}

export default explorer({
  name: "rows-and-columns",
  title: "One computation, in rows and in columns",
  keys: ["form", "axis", "n", "a", "w_q", "w_k", "w_v", "cell"],
  numbers,
  tables: (n) => Object.entries(n).map(([caption, rows]) => ({
    caption, columns: rows[0].map((_, j) => j + 1), rows: rows.map((row, i) => [i + 1, ...row]) })),
  build(ui) {
    const div = (kind, ...inside) => h("div", { class: `tx-rc-${kind}` }, ...inside);
    const four = (make) => [0, 1, 2, 3].map(make);
    // A matrix: its cells, one list a vector, and for each list a name, or its sum.
    const matrix = (kind) => {
      const square = "sw".includes(kind), isGrid = kind === "s", caption = div("caption");
      const body = h("div", { class: "tx-rc-body", role: isGrid && "grid", "aria-label": isGrid && "Scores" });
      return { kind, square, body, caption, names: four((i) => div("name", sub(kind, i + 1))),
        cells: four(() => four(() => h("div", { role: isGrid && "gridcell" }))),
        block: h("div", { class: `tx-rc-${kind}`, "aria-hidden": !isGrid && "true" }, body, caption) };
    };
    const all = [..."qkswvb"].map(matrix), s = all[2], w = all[3], blocks = all.map((one) => one.block);
    const corners = [div("corner"), div("corner")], band = div("band");
    const picture = div("picture", ...[0, 1].map((m) => div("stage", corners[m], ...blocks.splice(0, 3))));
    const turned = () => ui.get("form") === "columns";
    const shown = pointAt(ui, { key: "cell", cells: s.cells, size: () => ui.get("n"), turned });
    const pick = (key, legend, ...options) => choice(ui, { key, legend, options });
    ui.body.append(h("div", { class: "tx-row" },
      pick("form", "one vector is", ["rows", "a row (paper)"], ["columns", "a column (lecture)"]),
      pick("axis", "softmax over", ["keys", "each query’s keys"], ["queries", "each key’s queries"]),
      pick("n", "positions", [2, "2"], [3, "3"], [4, "4"])), picture);

    // Puts the cells of every matrix into rows, as they stand in this form.
    function arrange(form, n) {
      for (const { kind, square, body, caption, cells, names } of all) {
        const upright = (form === "rows") === (kind !== "k"), width = square ? n : 2;
        const lists = cells.slice(0, n).map((line, i) => {
          const own = line.slice(0, width);
          return kind === "s" ? own : "qk".includes(kind) ? [names[i], ...own] : [...own, names[i]];
        });
        body.replaceChildren(...turnIf(!upright, lists).map((line) =>
          h("div", { class: "tx-rc-line", role: kind === "s" && "row" }, ...line)));
        say(caption, `${FORMS[form][kind].split(" ")[0]} ${upright ? `${n}×${width}` : `${width}×${n}`}`);
      }
      w.body.append(band);
    }

    // A cell flies from where it was to where it is now: the matrices turn over.
    const fly = ([cell, before]) => {
      const { x, y } = cell.getBoundingClientRect();
      cell.animate([{ translate: `${before.x - x}px ${before.y - y}px` }, {}], { duration: 500, easing: "ease" });
    };

    let arranged;
    return function draw(_, state) {
      const { form, axis, n } = state, right = axis === "keys", word = FORMS[form];
      const values = steps(state, right), [i, j] = shown().map((at) => at - 1);
      const along = right ? word.line : word.other;
      const places = arranged === form + n ? []
        : [...picture.querySelectorAll(".tx-rc-line > *")].map((cell) => [cell, cell.getBoundingClientRect()]);
      picture.className = `tx-rc-picture tx-rc-${form} tx-rc-by-${along} tx-rc-${axis}`;
      picture.style = `--n: ${n}; --at: ${right ? i : j}`;
      if (arranged !== form + n) arrange(form, n);
      if (!matchMedia("(prefers-reduced-motion: reduce)").matches) places.forEach(fly);
      arranged = form + n;

      const top = Math.max(1e-9, ...values.s.flat().map(Math.abs));
      for (const { kind, square, cells } of all) values[kind].forEach((vector, m) => vector.forEach((x, l) => {
        const cell = cells[m][l], lit = m === ("kv".includes(kind) ? j : i) && (!square || l === j);
        say(cell, short(x, x < 0 ? 2 : 3));
        cell.className = `tx-rc-cell${lit ? " tx-rc-lit" : ""}${x < 0 ? " tx-rc-below" : ""}`;
        cell.style = `--k: ${kind === "s" ? Math.abs(x) / top : x}`;
        if (kind === "s") cell.setAttribute("aria-label", `query ${m + 1}, key ${l + 1}: ${short(x)}`);
      }));
      const sums = values.w.map((row) => row.reduce((x, y) => x + y));
      sums.forEach((sum, m) => say(w.names[m], `Σ ${short(sum, 2)}`));
      say(corners[0], word.s);
      say(corners[1], `A′ = softmax of ${word.s[0]}\nover each ${along}\n\n${word.b}`);

      const α = sub("α", i + 1, j + 1), here = `(${i + 1}, ${j + 1})`, there = `(${j + 1}, ${i + 1})`;
      const entry = !turned() ? here : i === j ? there : `${there}, not ${here},`;
      const b = sub("b", i + 1), [now, real] = [values, steps(state, true)].map((one) => vector(one.b[i]));
      return `${α} = ${sub("q", i + 1)}·${sub("k", j + 1)} = ${short(values.s[i][j])} is entry ${entry} of ${word.s[0]}. ` + (right
        ? `Each ${along} of A′ sums to 1, and ${b} = ${now} is ${along} ${i + 1} of ${word.b[0]}.`
        : `Each ${word.line} must sum to 1; now the ${along}s do: ${word.line} ${i + 1} sums to ${short(sums[i])}, `
          + `and ${b} ${now === real ? `is still ${now}, by luck` : `becomes ${now}, not ${real}`}.`);
    };
  },
});
