import { attention, dot, fmt, project, short, sub, vector } from "./core.js";
import { button, checkbox, choice, explorer, h, numberGrid, numberInput, say, stepper, svg } from "./ui.js";

const BASE = { 2: 2, e: Math.E };

export function numbers({ a, w_q, w_k, w_v, query, base, look_at_self }) {
  if (!a[query - 1] || !(BASE[base] > 1)) throw new RangeError("query is 1 to 4, base 2 or e");
  const allowed = [a.map((_, j) => look_at_self || j !== query - 1)];
  const { q: [q], k, v, scores: [scores], weights: [weights], output: [output] } = attention(
    project([a[query - 1]], w_q), project(a, w_k), project(a, w_v), { scaled: false, base: BASE[base], allowed });
  return { q, k, v, scores, weights, output };
}

// Numbers as text: in little room; weights with equally many decimals; a dot product.
const tight = (x, room = 4) =>
  [3, 2, 1, 0].map((digits) => short(x, digits)).find((text) => text.length <= room) 
  ?? x.toExponential(0).replace("e+", "e").replace("-", "−");
const evenly = (all) => all.map((x) => fmt(x, all.every((y) => short(y) === short(y, 2)) ? 2 : 3));
const bracket = (x) => (x < 0 ? `(${short(x)})` : short(x));
const products = (x, y) => x.map((value, d) => `${bracket(value)}·${bracket(y[d])}`).join(" + ");

// SVG as text.
const path = (kind, d, width = "") => `<path class="${kind}" d="${d}" stroke-width="${width}"/>`;
const label = (kind, x, y, text) => `<text class="${kind}" x="${x}" y="${y}">${text}</text>`;

// Where a column's key stands, of 300 across: the position that asks has its query to the left of it.
const keyAt = (j, query) => 68 * (j - 1) + (j < query ? 0 : 34);

// The lecture's picture. Each part knows the step at which it appears.
function picture({ q, k, v, scores, weights, output }, query, base, reached, chosen) {
  const when = (kind, step) => `${kind} ${step > reached ? "todo" : step === reached ? "now" : ""}`;
  const line = (step, kind, d, width) => path(when(`line ${kind}`, step), d, width);
  const box = (step, kind, x, y, width, name, entries = [], weight = 0) => {
    const rows = entries.length, middle = x + width / 2;
    return `<g class="${when(`box ${kind}`, step)}" style="--k:${weight}"><rect x="${x}" y="${y}" width="${width}" height="${
      rows ? 22 + 15 * rows : 18}"/>${label("name", middle, y + (rows ? 15 : 13.5), name)}${
      entries.map((entry, d) => label("", middle, y + 31 + 15 * d, step > reached ? "?" : entry)).join("")}</g>`;
  };
  const up = "m-3.5 5l3.5-5l3.5 5", shares = evenly(weights), bx = keyAt(query, query) + 21;
  let columns = "", lines = "", boxes = "";
  scores.forEach((score, i) => {
    const j = i + 1, x = keyAt(j, query), asks = j === query, left = asks ? x - 34 : x, at = x + 15, lane = x + 52;
    const middle = (left + x + 62) / 2, seen = score > -Infinity;
    const vectors = (step, kind, x, entries) => {
      lines += line(step, kind, `M${middle} 332C${middle} 318 ${x + 15} 324 ${x + 15} 308${up}`);
      boxes += box(step, kind, x, 253, 30, sub(kind, j), entries.map((entry) => tight(entry)));
    };
    columns += `<rect class="column ${j === chosen ? "chosen" : ""}" data-column="${j}" x="${left - 3}" y="90" width="${x - left + 68}" height="242"/>`;
    if (asks) vectors(1, "q", left, q);
    vectors(2, "k", x, k[i]);
    vectors(5, "v", x + 32, v[i]);
    if (seen) {
      lines += line(3, "q", `M${bx - 40} 253V232H${at}`) + line(3, "k", `M${at} 253V232`) + line(3, "", `M${at} 232V215${up}`)
        + line(4, "", `M${x + 21} 177V136${up}`) + line(6, "v", `M${lane} 253V116`)
        + line(6, "v", `M${lane} 116C${lane} 70 ${0.6 * lane + 0.4 * bx} 70 ${bx} 70`, 1 + 8 * weights[i]);
      boxes += box(3, "node", at - 9, 223, 18, "·") + box(6, "node", lane - 9, 107, 18, "×");
    }
    boxes += box(3, seen ? "" : "off", x, 177, 42, sub("α", query, j), [seen ? tight(score, 5) : "–"])
      + box(4, seen ? "weight" : "off", x, 98, 42, sub("α′", query, j), [seen ? shares[i] : "0"], weights[i]);
  });
  return columns + lines + line(6, "b", `M${bx} 70V54${up}`) + box(6, "node", bx - 9, 61, 18, "+")
    + box(4, "bar", 0, 147, 300, `softmax in base ${base}`) + boxes
    + box(6, "b", bx - 24, 0, 48, sub("b", query), output.map((x) => tight(x, 5)));
}

// Arrows [kind, name, to, from] on graph paper, 240 units wide; a piece has no name and no head.
function graph(arrows) {
  const reach = arrows.flatMap(([, , to]) => to);
  const low = Math.floor(Math.min(0, ...reach)), high = Math.ceil(Math.max(1, ...reach));
  const at = (x) => (240 * (x - low)) / (high - low);
  const gap = Math.ceil((high - low) / 8);
  let drawn = "", names = "";
  for (let g = Math.ceil(low / gap) * gap; g <= high; g += gap) {
    drawn += path(g ? "" : "axis", `M${at(g)} 0V240M0 ${240 - at(g)}H240`);
    if (g) drawn += label("tick", at(g), 254 - at(0), short(g)) + label("tick", at(0) - 10, 244 - at(g), short(g));
  }
  for (const [kind, name, to, from = [0, 0]] of arrows) {
    const [u, w, x, y] = [...from, ...to].map((value, d) => (d % 2 ? 240 - at(value) : at(value)));
    const length = Math.hypot(x - u, y - w) || 1, dx = (x - u) / length, dy = (y - w) / length;
    const barb = (s) => `${x - 8 * dx + s * dy} ${y - 8 * dy - s * dx}`, side = /^[qb]/.test(kind) ? -11 : 11;
    drawn += path(kind, `M${u} ${w}L${x} ${y}${name && `M${barb(4)}L${x} ${y}L${barb(-4)}`}`);
    names += label("", x + 12 * dx + side * dy, y + 12 * dy - side * dx + 4, name);
  }
  return drawn + names;
}

export default explorer({
  name: "a1-to-b1",
  title: "From a₁ to b₁",
  keys: ["a", "w_q", "w_k", "w_v", "query", "base", "look_at_self", "step"],
  numbers,
  tables: ({ q, k, v, scores, weights, output }) => [
    { caption: "Keys, values, scores, weights", columns: ["k, first", "k, second", "v, first", "v, second", "score", "weight"],
      rows: k.map((key, i) => [`position ${i + 1}`, ...key, ...v[i], scores[i], weights[i]]) },
    { caption: "Query and output", columns: ["first", "second"], rows: [["q", ...q], ["b", ...output]] }],
  build(ui) {
    let c = 1, n, s; // the chosen column, counted from 0; the present numbers and state
    ui.onDraw((numbers, state) => { n = numbers; s = state; });
    const choose = ({ target }) => {
      const j = target.closest("[data-column]")?.dataset.column - 1;
      if (j >= 0 && j !== c) { c = j; ui.redraw(); }
    };

    // The present numbers, written out.
    const own = (letter) => sub(letter, s.query);
    const seen = (list) => list.filter((_, i) => n.scores[i] > -Infinity);
    const made = (letter, i, result) => `${sub(letter, i + 1)} = W${letter} ${sub("a", i + 1)} = (${
      s[`w_${letter}`].map((row) => products(row, s.a[i])).join(", ")}) = ${vector(result)}.`;
    const score = () => sub("α", s.query, c + 1) + (n.scores[c] === -Infinity ? " is left out, so its weight is 0."
      : ` = ${own("q")}·${sub("k", c + 1)} = ${products(n.q, n.k[c])} = ${short(n.scores[c])}.`);
    const share = (value, i) => `${evenly(n.weights)[i]}·${vector(value)}`;
    function powers() {
      const all = seen(n.scores).map((x) => BASE[s.base] ** x), total = all.reduce((sum, x) => sum + x, 0);
      const texts = all.map((x) => (x < 1 && x > 1e-3 && !(1 / x % 1) ? `1/${1 / x}` : tight(x, 6)));
      return total < 1e5 ? `: ${texts.join(" + ")} = ${tight(total, 6)}` : "";
    }
    const steps = stepper(ui, { key: "step", sentences: [
      () => `Four inputs. You want ${own("b")}: what position ${s.query} takes from them all.`,
      () => `Position ${s.query} asks with a query: ${made("q", s.query - 1, n.q)}`,
      () => `Each position has a key: ${made("k", c, n.k[c])}`,
      () => `A score is a dot product: ${score()}`,
      () => `Softmax raises ${s.base} to each score${powers()}. Each one's share of the sum is its weight: ${
        seen(evenly(n.weights)).join(", ")}.`,
      () => `Each position has a value to give: ${made("v", c, n.v[c])}`,
      () => `Weighted, the values add up: ${own("b")} = ${seen(n.v.map(share)).join(" + ")} = ${vector(n.output)}.`,
    ].map((sentence, i, all) => () => sentence() + (i < all.length - 1 ? " Which numbers come next?" : "")) });
    steps.prepend(button("From the start", () => ui.set("step", 0)));

    const drawing = svg("svg", { viewBox: "0 0 300 332", "aria-hidden": "true" });
    const paper = svg("svg", { viewBox: "-22 -22 284 284", "aria-hidden": "true", class: "tx-a1-graph" });
    const inputs = ui.get("a").map((_, i) => h("div", { "data-column": i + 1 },
      sub("a", i + 1), ...["first", "second"].map((which, d) =>
        numberInput(ui, { key: "a", path: [i, d], step: 0.5, label: `${sub("a", i + 1)}, ${which} entry` }))));
    const self = checkbox(ui, { key: "look_at_self", label: "" });
    ui.body.append(h("div", { class: "tx-a1-main" },
      h("div", { onpointerover: choose, onfocusin: choose }, drawing, h("div", { class: "tx-a1-inputs" }, ...inputs)),
      h("div", { class: "tx-a1-side" }, steps, paper,
        choice(ui, { key: "query", legend: "position that asks", options: [1, 2, 3, 4].map((j) => [j, j]) }),
        choice(ui, { key: "base", legend: "base", options: [["2", "2"], ["e", "e"]] }), self),
      h("div", { class: "tx-a1-matrices" }, ...["q", "k", "v"].map((letter) => numberGrid(ui, {
        key: `w_${letter}`, kind: letter, step: 0.5, caption: h("span", {}, "W", h("sup", {}, letter)),
        label: (i, j) => `W ${letter}, row ${i + 1}, column ${j + 1}` })))));

    return function draw() {
      const reached = Math.min(6, Math.max(0, Math.round(s.step)));
      drawing.innerHTML = picture(n, s.query, s.base, reached, c + 1);
      inputs.forEach((input, i) => (input.className = `${i === c ? "chosen" : ""} ${i === s.query - 1 ? "asks" : ""}`));
      say(self.lastChild, ` ${own("a")} also looks at itself`);

      let sum = [0, 0];
      const kind = (letter, i) => `${letter} ${i === c ? "chosen" : ""}`;
      const all = (letter, vectors) => vectors.map((to, i) => [kind(letter, i), sub(letter, i + 1), to]);
      const pieces = n.v.map((value, i) => {
        const from = sum;
        sum = value.map((x, d) => from[d] + n.weights[i] * x);
        return [kind("piece", i), "", sum, from];
      });
      const a = all("a", s.a), q = ["q", own("q"), n.q], keys = [...all("k", n.k), q], v = all("v", n.v);
      paper.innerHTML = graph(
        [a, [...a, q], keys, keys, keys, v, [...v, ...pieces, ["b", own("b"), n.output]]][reached]);

      const sentence = steps.lastChild; // its "Wq" gets a raised q and stays the same as text
      if (!sentence.firstElementChild && /W[qkv]/.test(sentence.textContent))
        sentence.innerHTML = sentence.textContent.replace(/W([qkv])/, "W<sup>$1</sup>");

      if (reached < 6) return "Press Next until the picture is full; then tap a column to see its arithmetic.";
      const most = Math.max(...n.weights), tops = [1, 2, 3, 4].filter((j) => n.weights[j - 1] > most - 1e-9);
      const alike = dot(s.a[s.query - 1], s.a[tops[0] - 1]);
      return `${score()} Position ${c + 1} gives ${share(n.v[c], c)} = ${vector(n.v[c].map((x) => x * n.weights[c]))}. ${
        tops[1] ? `Positions ${tops.join(" and ")} weigh most` : `Position ${tops[0]} weighs most`}${
        alike < 0 ? `, although ${own("a")}·${sub("a", tops[0])} = ${short(alike)}: the inputs point apart` : ""}. Tap a column for its arithmetic.`;
    };
  },
});
