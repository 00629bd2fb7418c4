import { fmt, selfAttention, short, sub, vector } from "./core.js";
import { choice, explorer, h, numberGrid, say } from "./ui.js";
import { pointAt } from "./cells.js";

const BASES = { 2: 2, e: Math.E };

export function numbers({ a, w_q, w_k, w_v, base, show }) {
  if (!BASES[base] || !/^(scores|weights)$/.test(show)) throw RangeError();
  return selfAttention(a, w_q, w_k, w_v, { base: BASES[base], scaled: false });
}

const index = (letter, ...at) => sub(letter, ...at.map((i) => i + 1));
const total = (terms) => terms.reduce((x, y) => x + y);

// A number that fits its cell, however large the inputs are.
const fit = (x) => Math.abs(x) < 1e4 ? short(x, Math.abs(x) < 10 ? 3 : 1)
  : x.toExponential(0).replace("e+", "e").replace("-", "−");
const factor = (x) => (x < 0 ? `(${short(x)})` : short(x));

// A sum whose chosen term stands out, and a line of equal parts that ends in the result.
const whole = (tag, ...inside) => h(tag, { class: "tx-ag-whole" }, ...inside);
const sum = (terms, chosen) =>
  terms.flatMap((term, j) => [j ? " + " : "", whole(j === chosen ? "b" : "span", ...term)]);
const line = (parts) => parts.flatMap((part, m) => [m ? " = " : "",
  ...(Array.isArray(part) ? part : [whole(m === parts.length - 1 ? "b" : "span", part)])]);

function writeOut({ q, k, v, scores, weights, output }, base, i, j) {
  const power = (x) => [base, h("sup", {}, short(x))];
  const powers = scores[i].map((x) => BASES[base] ** x), all = total(powers);
  return [
    [index("α", i, j), `${index("q", i)}·${index("k", j)}`,
      sum(q[i].map((x, d) => [`${factor(x)}·${factor(k[j][d])}`])), short(scores[i][j])],
    [index("α′", i, j), [...power(scores[i][j]), " / (", ...sum(scores[i].map(power), j), ")"],
      ...(all < 1e5 && powers[j] > 1e-3 ? [`${short(powers[j])} / ${short(all)}`] : []), short(weights[i][j])],
    [index("b", i), sum(weights[i].map((x, m) => [`${short(x)}·${vector(v[m])}`]), j), vector(output[i])],
  ].map(line);
}

// The cell and its mirror image, in words.
function compare({ scores, weights }, raw, i, j) {
  const weight = (m, l) => fmt(weights[m][l], 3), seen = (m, l) => (raw ? short(scores[m][l]) : weight(m, l));
  const me = index("a", i), you = index("a", j), verb = raw ? "scores" : "looks at", kind = raw ? "" : "weight ";
  if (i === j) return `${me} ${verb} itself with ${kind}${seen(i, i)}: its own key is one among the four.`;
  return `${me} ${verb} ${you} with ${kind}${seen(i, j)}; the other way round (dashed), ${you} ${verb} ${me} with ${
    seen(j, i)}${Math.abs((raw ? scores : weights)[i][j] - (raw ? scores : weights)[j][i]) < 1e-9 ? " too" : ": the table is not symmetric"}. `
    + (raw ? `The weights are ${weight(i, j)} and ${weight(j, i)}: each row is divided by its own sum.`
      : `Row ${i + 1} sums to 1, column ${j + 1} to ${short(total(weights.map((row) => row[j])))}.`);
}

export default explorer({
  name: "attention-grid",
  title: "Four outputs at once, from the same three matrices",
  keys: ["a", "w_q", "w_k", "w_v", "base", "show", "cell"],
  numbers,
  tables(n) {
    const grid = (caption, x) => ({ caption, columns: x.map((_, j) => index("k", j)),
      rows: x.map((row, i) => [index("q", i), ...row]) });
    return [grid("Scores α", n.scores), grid("Weights α′", n.weights), {
      caption: "Vectors", columns: ["q", "k", "v", "b"],
      rows: n.q.map((_, i) => [`${i + 1}`, ...[n.q, n.k, n.v, n.output].map((x) => vector(x[i]))]),
    }];
  },
  build(ui) {
    // What has no role is for the eyes: the screen reader's table of it is among `tables`.
    const div = (kind, role, ...inside) =>
      h("div", { class: `tx-ag-${kind}`, [role ? "role" : "aria-hidden"]: role || "true" }, ...inside);
    const four = (...made) => [0, 1, 2, 3].map(() => div(...made));
    const keys = four("key", "columnheader"), queries = four("query", "rowheader"), outputs = four("output");
    const cells = queries.map(() => four("cell", "gridcell")), sums = four("sum"), feet = four("sum");
    const rows = cells.map((row, i) => div("row", "row", queries[i], ...row, sums[i], outputs[i]));
    const corner = div("corner", "columnheader", h("span", { class: "tx-sr" }, "query")), grid = div("grid", "grid",
      div("row", "row", corner, ...keys, div("sum", "", "Σ")), ...rows,
      div("row", "", div("sum", "", "Σ"), ...feet));
    const lines = [h("p"), h("p"), h("p")];
    const shown = pointAt(ui, { key: "cell", cells });
    const matrix = (kind) => numberGrid(ui, {
      key: kind ? `w_${kind}` : "a", kind, caption: kind ? h("span", {}, "W", h("sup", {}, kind)) : "a₁ … a₄",
      label: (i, j) => `${kind ? `W ${kind}, row` : "a"} ${i + 1}, entry ${j + 1}` });

    ui.body.append(
      h("div", { class: "tx-row" },
        choice(ui, { key: "show", legend: "show", options: [["scores", "scores α"], ["weights", "weights α′"]] }),
        choice(ui, { key: "base", legend: "base", options: [["2", "2"], ["e", "e"]] })),
      grid, h("div", { class: "tx-ag-lines" }, ...lines),
      h("details", {}, h("summary", {}, "Change the inputs"),
        h("div", { class: "tx-row" }, ...["", "q", "k", "v"].map(matrix))));

    return function draw(n, { base, show }) {
      const raw = show === "scores", values = raw ? n.scores : n.weights;
      const top = raw ? Math.max(1e-9, ...values.flat().map(Math.abs)) : 1;
      const [i, j] = shown().map((at) => at - 1);
      const mark = (node, kind, on) => node.classList.toggle(`tx-ag-${kind}`, on);
      const vectors = (nodes, letter, x) => nodes.forEach((node, m) =>
        node.replaceChildren(h("b", {}, index(letter, m)), `(${x[m].map(fit).join(", ")})`));
      vectors(keys, "k", n.k);
      vectors(queries, "q", n.q);
      vectors(outputs, "b", n.output);
      say(corner, raw ? "α" : "α′");
      grid.setAttribute("aria-label", `${show}: rows are queries, columns are keys`);
      mark(grid, "raw", raw);
      rows.forEach((row, m) => {
        say(sums[m], short(total(n.weights[m])));
        say(feet[m], short(total(n.weights.map((line) => line[m]))));
        mark(row, "here", m === i);
        mark(keys[m], "across", m === j);
        cells[m].forEach((cell, l) => {
          const x = values[m][l];
          say(cell, fit(x));
          cell.style.setProperty("--k", Math.abs(x) / top);
          mark(cell, "below", x < 0);
          mark(cell, "across", l === j);
          mark(cell, "here", m === i && l === j);
          mark(cell, "back", m === j && l === i && i !== j);
        });
      });
      writeOut(n, base, i, j).forEach((parts, m) => lines[m].replaceChildren(...parts));
      return compare(n, raw, i, j);
    };
  },
});
