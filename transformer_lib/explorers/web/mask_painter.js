import { dot, short, softmax, sub, transpose, vector } from "./core.js";
import { button, choice, explorer, h, say } from "./ui.js";

// The pocket example: raw scores q·k, one row a query, and the values.
const RAW = [[-2, 2, -1, -2], [2, -2, 1, 2], [0, 0, 1, 2], [0, 0, 2, 4]];
const VALUES = [[0, -2], [0, 2], [1, 1], [2, 2]];
const PRESETS = {
  everyone: () => true,
  causal: (i, j) => j <= i,
  "only before": (i, j) => j < i,
};
const four = [0, 1, 2, 3];
const painted = (rule) => four.map((i) => four.map((j) => rule(i, j)));
const summed = (list) => list.reduce((x, y) => x + y, 0);

// Row i as step i + 1 computes it: alone, from the keys so far.
const alone = (i) => softmax(RAW[i].slice(0, i + 1), 2);

// A row that may look at nobody has no weights and no output: empty lists.
export function numbers({ allowed, when, t }) {
  if (!/^(before|after)$/.test(when) || !RAW[t - 1]) throw RangeError();
  const before = when === "before";
  const scores = RAW.map((row, i) => row.map((x, j) => (before && !allowed[i][j] ? -Infinity : x)));
  const weights = scores.map((row, i) => !before ? softmax(row, 2).map((x, j) => (allowed[i][j] ? x : 0))
    : allowed[i].some(Boolean) ? softmax(row, 2) : []);
  const weigh = (row) => (row.length ? transpose(VALUES).map((column) => dot(row, column)) : []);
  return { scores, weights, sums: weights.map(summed), output: weights.map(weigh),
    step_scores: RAW[t - 1].slice(0, t), step_weights: alone(t - 1), step_output: weigh(alone(t - 1)) };
}

const listed = (words) => words.join(", ").replace(/, (?!.*, )/, " and ");
const named = (letter, list) => listed(list.map((j) => sub(letter, j + 1)));
const sameRow = ({ weights }, i) =>
  weights[i].length > 0 && four.every((j) => Math.abs(weights[i][j] - (alone(i)[j] ?? 0)) < 1e-9);

// Row i in words: its powers of two as whole numbers, then what step i + 1 makes of it.
function rowInWords(n, { allowed, when }, i) {
  const q = sub("q", i + 1), b = sub("b", i + 1), open = four.filter((j) => allowed[i][j]);
  const asked = when === "before" ? open : four, low = Math.min(...asked.map((j) => RAW[i][j]));
  const power = (j) => 2 ** (RAW[i][j] - low), total = summed(asked.map(power)), kept = summed(open.map(power));
  if (kept < total) return `Row ${i + 1} sums to ${kept}/${total} = ${short(n.sums[i])}, not to 1: softmax gave ${kept ? "the rest" : "it all"} to keys that were wiped out afterwards. `;
  return `${q} looks at ${named("k", open)} with ${open[1] ? `${listed(open.map(power))} over ${total}` : "all the weight"}, so ${b} = ${vector(n.output[i])}. `;
}

const nobody = (rows) => `Row${rows[1] ? "s" : ""} ${listed(rows.map((i) => i + 1))} may look at nobody: a softmax over −∞ alone is 0 over 0.`;

function stepInWords(n, { allowed, when }, i) {
  const t = i + 1, step = `Generated one by one, step ${t}`;
  if (sameRow(n, i)) return `${step} computes this row alone, from ${sub("q", t)} and the keys so far, and gets the same numbers.${
    four.every((m) => sameRow(n, m)) ? " So does every row: training computes at once what generating computes step by step." : ""}`;
  const late = four.filter((j) => j > i && allowed[i][j]), past = four.filter((j) => j <= i && !allowed[i][j]);
  if (late.length) return `${step} gets another row: ${named("k", late)} ${late[1] ? "do" : "does"} not exist yet.`;
  if (past.length) return `${step} gets another row: it has ${named("k", past)} too.`;
  return `${step} gets ${listed(n.step_weights.map((x) => short(x)))}: another row than this one.`;
}

export default explorer({
  name: "mask-painter",
  title: "Paint who may look at whom",
  keys: ["allowed", "when", "t"],
  numbers,
  tables(n) {
    const keys = (row) => row.map((_, j) => sub("k", j + 1));
    return [
      { caption: "Scores α", columns: keys(four), rows: n.scores.map((row, i) => [sub("q", i + 1), ...row]) },
      { caption: "Weights α′", columns: [...keys(four), "sum", "b, first", "b, second"],
        rows: n.weights.map((row, i) => [sub("q", i + 1), ...(row.length ? [...row, n.sums[i], ...n.output[i]] : Array(7).fill("none"))]) },
      { caption: "One by one", columns: keys(n.step_scores), rows: [["scores", ...n.step_scores], ["weights", ...n.step_weights]] },
      { caption: "Output, one by one", columns: ["first", "second"], rows: [["b", ...n.step_output]] },
    ];
  },
  build(ui) {
    const div = (kind, role, ...inside) =>
      h("div", { class: `tx-mp-${kind}`, [role ? "role" : "aria-hidden"]: role || "true" }, ...inside);
    const across = (kind) => four.map(() => div(kind));
    let column = 0; // of the tab stop
    let brush = null, dragged; // what a mouse paints that is dragged over the mask

    // Every cell of the mask is a button; arrow keys move between them.
    const paint = (i, j, open) => {
      ui.set("t", i + 1);
      if (ui.get("allowed")[i][j] !== open)
        ui.set("allowed", painted((m, l) => (m === i && l === j ? open : ui.get("allowed")[m][l])));
    };
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -9], End: [0, 9] };
    const within = (x) => Math.min(3, Math.max(0, x));
    const doors = four.map((i) => four.map((j) => {
      const flip = () => !ui.get("allowed")[i][j];
      return h("button", {
        type: "button", tabindex: -1,
        onclick(event) { if (!dragged || !event.detail) paint(i, j, flip()); }, // a key press has no detail
        onfocus() { column = j; ui.set("t", i + 1); ui.redraw(); },
        onkeydown(event) {
          const move = moves[event.key];
          if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
          event.preventDefault();
          doors[within(i + move[0])][within(j + move[1])].focus();
        },
        onpointerdown(event) { brush = event.pointerType === "mouse" ? flip() : null; dragged = false; },
        onpointerleave: drag,
        onpointerenter: drag,
      });
      function drag(event) {
        if (brush === null || !(event.buttons & 1)) return;
        dragged = true;
        paint(i, j, brush);
      }
    }));

    const head = (letter) => four.map((j) => div("key", "columnheader", sub(letter, j + 1)));
    const masks = four.map((i) => div("row", "row", div("query", "rowheader", sub("q", i + 1)),
      ...doors[i].map((door) => div("door", "gridcell", door))));
    const grid = div("grid", "grid",
      div("row", "row", div("query", "columnheader", h("span", { class: "tx-sr" }, "query")), ...head("k")), ...masks);
    grid.setAttribute("aria-label", "who may look at whom: rows are queries, columns are keys");
    grid.onpointerup = grid.onpointerleave = () => { brush = null; };
    const cells = four.map(() => across("cell")), sums = across("sum"), outputs = across("output");
    const rows = four.map((i) => div("row", "", div("query", "", sub("q", i + 1)), ...cells[i], sums[i], outputs[i]));
    const stepScores = across("cell"), stepWeights = across("cell"), stepSum = div("sum"), stepOutput = div("output");
    const asks = [div("query"), div("query")], verdict = div("verdict"), trouble = h("div", { class: "tx-mp-trouble" });
    const presets = Object.entries(PRESETS).map(([name, rule]) => button(name, () => ui.set("allowed", painted(rule))));

    ui.body.append(
      h("div", { class: "tx-row" },
        h("div", { class: "tx-mp-presets", role: "group", "aria-label": "masks to start from" }, ...presets),
        choice(ui, { key: "when", legend: "hide", options: [["before", "before softmax"], ["after", "after (wrong)"]] })),
      h("div", { class: "tx-mp-both" },
        h("div", { class: "tx-mp-scores" }, div("title", "", "scores α: paint here"), grid),
        h("div", { class: "tx-mp-weights" }, div("title", "", "weights α′"),
          div("row", "", div("query"), ...four.map((j) => div("key", "", sub("k", j + 1))), div("sum", "", "Σ"), div("output")), ...rows)),
      trouble,
      h("div", { class: "tx-row" },
        choice(ui, { key: "t", legend: "generate one by one: step", options: four.map((i) => [i + 1, `${i + 1}`]) }), verdict),
      h("div", { class: "tx-mp-both tx-mp-step" },
        h("div", { class: "tx-mp-scores" }, div("row", "", asks[0], ...stepScores)),
        h("div", { class: "tx-mp-weights" }, div("row", "", asks[1], ...stepWeights, stepSum, stepOutput))));

    return function draw(n, state) {
      const { allowed, when, t } = state, before = when === "before";
      const mark = (node, kind, on) => node.classList.toggle(`tx-mp-${kind}`, on);
      const weighted = (cell, x) => {
        const text = x === undefined ? "–" : short(x), whole = !/^0\./.test(text);
        if (cell.textContent !== text)
          cell.replaceChildren(whole ? "" : h("span", { class: "tx-mp-zero" }, "0"), text.slice(whole ? 0 : 1));
        cell.style.setProperty("--k", x ?? 0);
      };
      const gives = (node, i, b) => node.replaceChildren(h("b", {}, sub("b", i + 1)), b.length ? vector(b) : "none");
      presets.forEach((one, m) => one.setAttribute("aria-pressed", String(painted(Object.values(PRESETS)[m])) === String(allowed)));
      four.forEach((i) => {
        const here = t === i + 1;
        mark(masks[i], "here", here);
        mark(rows[i], "here", here);
        four.forEach((j) => {
          const door = doors[i][j], open = allowed[i][j];
          say(door, short(n.scores[i][j]));
          door.setAttribute("aria-pressed", open);
          door.setAttribute("aria-label", `${sub("q", i + 1)} may look at ${sub("k", j + 1)}, score ${short(n.scores[i][j])}`);
          door.tabIndex = here && j === column ? 0 : -1;
          weighted(cells[i][j], n.weights[i][j]);
          mark(cells[i][j], "shut", !open);
        });
        say(sums[i], n.weights[i].length ? short(n.sums[i]) : "–");
        mark(sums[i], "wrong", !before && n.sums[i] < 1 - 1e-9);
        gives(outputs[i], i, n.output[i]);
      });

      const i = t - 1;
      asks.forEach((node) => say(node, sub("q", t)));
      four.forEach((j) => {
        weighted(stepWeights[j], n.step_weights[j]);
        say(stepScores[j], j < t ? short(n.step_scores[j]) : "–");
        for (const cell of [stepScores[j], stepWeights[j]]) mark(cell, "later", j >= t);
      });
      say(stepSum, "1");
      gives(stepOutput, i, n.step_output);
      say(verdict, sameRow(n, i) ? `= row ${t}, the same numbers` : `≠ row ${t}, other numbers`);

      const blind = before ? four.filter((m) => !allowed[m].some(Boolean)) : [], first = sub("b", blind[0] + 1);
      trouble.replaceChildren(...(blind.length ? [
        h("p", {}, `${nobody(blind)} Libraries give one of three answers, and each hides the bug:`),
        h("ul", {}, h("li", {}, "NaN, which spreads to all that is computed from it;"),
          h("li", {}, `¼ each, where −10⁹ stands for −∞: ${first} = (0.75, 0.75), made of what is hidden;`),
          h("li", {}, `0 each: ${first} = (0, 0), and nothing warns you.`)),
        h("p", {}, "The course’s NumPy attention stops and names the row.")] : []));
      return blind.includes(i) ? nobody([i]) : rowInWords(n, state, i) + stepInWords(n, state, i);
    };
  },
});
