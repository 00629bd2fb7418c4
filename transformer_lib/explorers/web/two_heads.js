import { project, selfAttention, share, short, sub, vector } from "./core.js";
import { checkbox, explorer, freshId, h, numberGrid, numberInput, say } from "./ui.js";

// `parts` are Wᴼ₁b¹ and Wᴼ₂b²; a head that is off leaves 0 in its place.
export function numbers({ query, head_1, head_2, w_o, a, heads }) {
  if (!a[query - 1]) throw RangeError();
  const runs = heads.map((head) => selfAttention(a, ...head, { base: 2, scaled: false }));
  const kept = runs.map(({ output }, m) => output[query - 1].map((x) => ([head_1, head_2][m] ? x : 0)));
  const concat = kept.flat();
  return {
    weights: runs.map((run) => run.weights),
    values: runs.map((run) => run.v),
    outputs: runs.map((run) => run.output),
    concat,
    parts: kept.map((b, m) => project([b], w_o.map((row) => row.slice(2 * m, 2 * m + 2)))[0]),
    output: project([concat], w_o)[0],
  };
}

const both = [0, 1], four = [0, 1, 2, 3];
const own = (letter, i, m) => sub(letter, i + 1) + "¹²"[m];
const inputs = (js) => js.map((j) => sub("a", j + 1)).join(", ").replace(/, (?!.*, )/, " and ");

// A number in little room, and a weight whose 0 can step aside.
const fitted = (x, room) => [3, 2, 1, 0].map((digits) => short(x, digits)).find((text) => text.length <= room)
  ?? x.toExponential(0).replace("e+", "e").replace("-", "−");
const weighed = (text) =>
  /^0./.test(text) ? [h("span", { class: "tx-th-zero" }, "0"), text.slice(1)] : [text];

// What is in place already stays, which is quicker.
function fillAnew(node, text, parts) {
  if (node.textContent !== text) node.replaceChildren(...parts(text));
}

function finding({ weights, parts, output }, i, on) {
  const b = sub("b", i + 1), off = on.indexOf(false);
  if (!on[0] && !on[1]) return `Both heads are off: all of the concatenation is 0, and so is ${b}, whatever Wᴼ holds.`;
  if (off >= 0) return `Head ${off + 1} is off: its half of the concatenation is 0, its half of Wᴼ is idle, and what is left is ${
    b} = ${sub("Wᴼ", 2 - off)}${own("b", i, 1 - off)} = ${vector(output)}.`;
  const most = weights.map((rows) => Math.max(...rows[i])), need = most[0] + most[1];
  const tops = weights.map((rows, m) => four.filter((j) => rows[i][j] > most[m] - 1e-9));
  const flat = (m) => tops[m].length === 4;
  const looks = (m) => flat(m) ? `in head ${m + 1} all four get ${share(most[m])}`
    : `head ${m + 1} looks most at ${inputs(tops[m])} (${share(most[m])}${tops[m][1] ? " each" : ""})`;
  const shared = tops[0].filter((j) => tops[1].includes(j));
  return `Position ${i + 1} asks twice: ${looks(0)}, ${looks(1)}. ` + (
    flat(0) || flat(1) ? "A head that gives all four the same prefers none."
    : shared.length ? `Both favour ${inputs(shared)} here.`
    : need > 1 + 1e-9 ? `One softmax has 1 to give away, and this takes ${short(need)}: no single head can do both.`
    : `That takes ${short(need)} of the 1 that a softmax gives away: one row of weights has room for both.`);
}

export default explorer({
  name: "two-heads",
  title: "Two heads, two ways of looking",
  keys: ["query", "head_1", "head_2", "w_o", "a", "heads"],
  numbers,
  tables: (n) => [
    ...both.map((m) => ({ caption: `Weights of head ${m + 1}`, columns: four.map((j) => sub("a", j + 1)),
      rows: n.weights[m].map((row, i) => [`${sub("a", i + 1)} asks`, ...row]) })),
    ...both.map((m) => ({ caption: `Values and outputs of head ${m + 1}`, columns: ["v, first", "v, second", "b, first", "b, second"],
      rows: n.values[m].map((v, i) => [`position ${i + 1}`, ...v, ...n.outputs[m][i]]) })),
    { caption: "Concatenation", columns: four.map((c) => `entry ${c + 1}`), rows: [["concat", ...n.concat]] },
    { caption: "Output", columns: ["first", "second"],
      rows: [["Wᴼ₁ times head 1", ...n.parts[0]], ["Wᴼ₂ times head 2", ...n.parts[1]], ["sum", ...n.output]] },
  ],
  build(ui) {
    // What has no role is for the eyes: the screen reader's tables hold it.
    const quiet = (kind, ...inside) => h("div", { class: `tx-th-${kind}`, "aria-hidden": "true" }, ...inside);
    const half = (kind, cells) => h("div", { class: `tx-th-half tx-th-${kind}` }, ...cells);
    const row = (kind, label, halves) => h("div", { class: `tx-th-row tx-th-${kind}` },
      h("div", { class: "tx-th-label" }, label), ...halves);
    const made = (kind, count) => both.map(() => four.slice(0, count).map(() => quiet(kind)));
    const across = (kind, cells) => cells.map((own) => half(kind, own));
    const weights = four.map(() => made("cell", 4)), values = made("value", 4), concat = made("entry", 2);
    const names = made("name", 1), parts = made("part", 1), result = quiet("result");

    const name = freshId(), asks = four.map((i) =>
      h("input", { type: "radio", name, "aria-label": `${sub("a", i + 1)} asks`, onchange: () => ui.set("query", i + 1) }));
    const rows = weights.map((cells, i) => row("asks",
      h("label", {}, asks[i], ` ${sub("a", i + 1)}`, h("span", { class: "tx-th-wide" }, " asks")), across("four", cells)));
    rows.forEach((one, i) => { one.onclick = () => ui.set("query", i + 1); });
    const switches = both.map((m) => checkbox(ui, { key: `head_${m + 1}`, label: `head ${m + 1}` }));
    const mix = both.map((r) => row("mix",
      r ? quiet("wide", "= [Wᴼ₁ Wᴼ₂]") : quiet("", "W", h("sup", {}, "O")), both.map((m) =>
      half("two", both.map((d) => numberInput(ui, { key: "w_o", path: [r, 2 * m + d],
        label: `W O, row ${r + 1}, column ${2 * m + d + 1}` }))))));

    ui.body.append(h("div", { class: "tx-th-picture" },
      row("heads", "", switches.map((one) => half("one", [one]))),
      quiet("note", "α′ from raw scores, in base 2"),
      row("keys", quiet("", "α′"), both.map(() => half("four", four.map((j) => quiet("key", sub("a", j + 1)))))),
      h("div", { role: "radiogroup", "aria-label": "position that asks" }, ...rows),
      row("values", quiet("", "v"), across("four", values)),
      row("names", "", across("one", names)),
      row("concat", quiet("", "concat"), across("two", concat)),
      h("div", { role: "group", "aria-label": "W O" }, ...mix),
      row("parts", "", across("one", parts)), result),
    h("details", {}, h("summary", {}, "Change the inputs"), numberGrid(ui, {
      key: "a", caption: "a₁ … a₄", label: (i, j) => `${sub("a", i + 1)}, entry ${j + 1}` })));

    return function draw(n, { query, head_1, head_2 }) {
      const i = query - 1, on = [head_1, head_2], b = sub("b", query);
      rows.forEach((one, r) => {
        asks[r].checked = r === i;
        one.classList.toggle("tx-th-here", r === i);
      });
      both.forEach((m) => {
        const mark = (node) => node.classList.toggle("tx-th-off", !on[m]);
        weights.forEach((cells, r) => cells[m].forEach((cell, j) => {
          const x = n.weights[m][r][j];
          fillAnew(cell, short(x), weighed);
          cell.style.setProperty("--k", on[m] ? x : 0);
          mark(cell);
        }));
        values[m].forEach((cell, j) => {
          const texts = n.values[m][j].map((x) => fitted(x, 4));
          fillAnew(cell, texts.join(""), () => texts.map((text) => h("span", {}, text)));
        });
        concat[m].forEach((cell, d) => { say(cell, fitted(n.concat[2 * m + d], 6)); mark(cell); });
        say(names[m][0], on[m] ? `${own("b", i, m)} = Σ α′v` : "off: 0 in its place");
        parts[m][0].replaceChildren(h("span", {}, `${sub("Wᴼ", m + 1)}${own("b", i, m)} =`), " ", h("span", {}, vector(n.parts[m])));
      });
      result.replaceChildren(...[`${b} = W`, h("sup", {}, "O"), ` · concat = ${both.map((m) => sub("Wᴼ", m + 1) + own("b", i, m)).join(" + ")} = `,
        h("b", {}, vector(n.output))]);
      return finding(n, i, on);
    };
  },
});
