import { dot, short, softmax, sub, transpose, vector } from "./core.js";
import { button, choice, explorer, h, say, slider } from "./ui.js";

// The pocket example: raw scores q·k, one row a query, and the values.
const RAW = [[-2, 2, -1, -2], [2, -2, 1, 2], [0, 0, 1, 2], [0, 0, 2, 4]];
const VALUES = [[0, -2], [0, 2], [1, 1], [2, 2]];
const four = [0, 1, 2, 3];
const MASKS = [["everyone", "BERT", 4], ["a prefix both ways", "prefix LM", 3], ["causal", "GPT", 1]];

const hiddenBy = (prefix) => RAW.map((row, i) => row.map((x, j) => (j <= i || j < prefix ? x : -Infinity)));
const weighed = (scores) => scores.map((row) => softmax(row, 2));
const outputs = (weights) => weights.map((row) => transpose(VALUES).map((column) => dot(row, column)));

// Position i guesses word i + 1; where its own word is hidden, it guesses that.
export function numbers({ prefix, guess, row }) {
  if (!four.includes(prefix - 1) || !four.includes(row - 1) || !/^(next|hidden)$/.test(guess)) throw RangeError();
  const scores = hiddenBy(prefix), weights = weighed(scores), output = outputs(weights);
  const causal = outputs(weighed(hiddenBy(1))), seen = four.map((i) => Math.max(i + 1, prefix));
  const sees_answer = four.map((i) => Number(guess === "next" && i < 3 && seen[i] > i + 1));
  return {
    scores, weights, output, causal, seen, sees_answer,
    moved: four.map((i) => Math.hypot(...output[i].map((x, d) => x - causal[i][d]))),
    after: four.map((i) => seen[i] - i - 1),
    guesses: guess === "next" ? 4 - prefix : 4,
  };
}

const listed = (words) => words.join(", ").replace(/, (?!.*, )/, " and ");
const changed = ({ moved }) => four.filter((i) => moved[i] > 1e-9);

// A row in words: its powers of two as whole numbers, then what it could be trained on.
function rowInWords(n, { prefix, guess }, i) {
  const open = four.filter((j) => j < n.seen[i]), low = Math.min(...open.map((j) => RAW[i][j]));
  const powers = open.map((j) => 2 ** (RAW[i][j] - low)), total = powers.reduce((x, y) => x + y);
  const looks = `${sub("q", i + 1)} looks at ${listed(open.map((j) => sub("k", j + 1)))} with ${
    open[1] ? `${listed(powers)} over ${total}` : "all the weight"}, so ${sub("b", i + 1)} = ${vector(n.output[i])}`;
  const before = n.moved[i] > 1e-9 ? `; under the causal mask it is ${vector(n.causal[i])}. `
    : prefix > 1 ? ", as under the causal mask. " : ". ";
  return looks + before + (guess === "next" ? nextInWords(n, i) : hiddenInWords(n, i));
}

function nextInWords(n, i) {
  const all = n.guesses ? `${n.guesses} of 4 positions can learn to guess the next word.` : "Not one position is left to learn the next word: this mask needs another question.";
  if (i === 3) return `No word comes after the fourth. ${all}`;
  return n.sees_answer[i] ? `It sees word ${i + 2}, which it is to guess, so all it could learn is to copy. ${all}`
    : `It does not see word ${i + 2}, so guessing it teaches something. ${all}`;
}

const hiddenInWords = (n, i) => `Hide word ${i + 1}, and position ${i + 1} ${
  i + n.after[i] ? `guesses it from ${i} before and ${n.after[i]} after` : "has nothing to go by"
}: a hidden word is a question under every mask, and BERT’s shows both sides. (The numbers are those before hiding.)`;

export default explorer({
  name: "mask-switcher",
  title: "The same scores, another mask",
  keys: ["prefix", "guess", "row"],
  numbers,
  tables(n) {
    const keys = four.map((j) => sub("k", j + 1)), name = (i) => sub("q", i + 1);
    return [
      { caption: "Scores α", columns: keys, rows: n.scores.map((row, i) => [name(i), ...row]) },
      { caption: "Weights α′", columns: keys, rows: n.weights.map((row, i) => [name(i), ...row]) },
      { caption: "Outputs", columns: ["first", "second", "causal, first", "causal, second", "distance"],
        rows: n.output.map((b, i) => [sub("b", i + 1), ...b, ...n.causal[i], n.moved[i]]) },
      { caption: "What a row sees", columns: ["positions", "after itself", "its answer (1: yes)"],
        rows: four.map((i) => [name(i), n.seen[i], n.after[i], n.sees_answer[i]]) },
      { caption: "Positions that can learn to guess", columns: ["of 4"], rows: [["guesses", n.guesses]] },
    ];
  },
  build(ui) {
    const div = (kind, ...inside) => h("div", { class: `tx-ms-${kind}` }, ...inside);
    const across = (kind) => four.map(() => div(kind));
    const presets = MASKS.map(([name, family, prefix]) => {
      const one = button("", () => prefix === 3 && ui.get("prefix") === 2 || ui.set("prefix", prefix));
      one.append(h("b", {}, name), h("span", {}, family));
      return one;
    });
    const cells = four.map(() => across("cell")), made = across("made"), asks = across("asks");
    const says = div("count"), heads = [div("head", "output"), div("head")];
    const rows = four.map((i) => div("line", div("query", sub("q", i + 1)), ...cells[i], made[i], asks[i]));
    rows.forEach((line, i) => line.addEventListener("click", () => ui.set("row", i + 1)));
    const grid = div("grid",
      h("div", { class: "tx-ms-line tx-ms-top" }, div("query"), ...four.map((j) => div("key", sub("k", j + 1))), ...heads), ...rows);
    grid.setAttribute("aria-hidden", "true"); // the tables and the sentence say it

    ui.body.append(
      h("div", { class: "tx-ms-presets", role: "group", "aria-label": "masks" }, ...presets),
      slider(ui, { key: "prefix", label: "prefix", min: 1, max: 4, step: 1, digits: 0 }),
      grid, says,
      h("div", { class: "tx-row" },
        choice(ui, { key: "guess", legend: "train it to guess", options: [["next", "the next word"], ["hidden", "a hidden word"]] }),
        choice(ui, { key: "row", legend: "tell me about row", options: four.map((i) => [i + 1, `${i + 1}`]) })));

    return function draw(n, state) {
      const { prefix, guess, row } = state, next = guess === "next";
      const pressed = prefix === 4 ? 0 : prefix === 1 ? 2 : 1;
      presets.forEach((one, m) => one.setAttribute("aria-pressed", m === pressed));
      say(heads[1], next ? "next word" : "hidden word");
      four.forEach((i) => {
        rows[i].classList.toggle("tx-ms-here", row === i + 1);
        four.forEach((j) => {
          const cell = cells[i][j], shut = j >= n.seen[i];
          cell.classList.toggle("tx-ms-shut", shut);
          cell.style.setProperty("--k", n.weights[i][j]);
          say(cell, shut ? "" : short(n.weights[i][j]));
        });
        const other = n.moved[i] > 1e-9;
        made[i].classList.toggle("tx-ms-other", other);
        made[i].replaceChildren(h("span", {}, h("b", {}, sub("b", i + 1)), ` ${vector(n.output[i])}`),
          h("small", {}, other ? "not as causal" : "as causal"));
        asks[i].classList.toggle("tx-ms-leak", n.sees_answer[i] === 1);
        asks[i].classList.toggle("tx-ms-none", next && i === 3);
        asks[i].replaceChildren(...(next
          ? i === 3 ? ["none left"] : [h("b", {}, sub("a", i + 2)), n.sees_answer[i] ? " ✗ sees it" : " ✓ unseen"]
          : [h("b", {}, sub("a", i + 1)), i + n.after[i] ? ` ✓ ${i} before, ${n.after[i]} after` : " – nothing to go by"]));
      });
      const moved = changed(n);
      say(says, `${moved.length ? `Changed by looking ahead: ${listed(moved.map((i) => sub("b", i + 1)))}` : "This is the causal mask"}. Can be trained: ${n.guesses} of 4.`);
      return rowInWords(n, state, row - 1);
    };
  },
});
