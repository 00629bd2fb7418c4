import { attention, project, share, short, sub, vector } from "./core.js";
import { button, checkbox, choice, explorer, h, say, slider, svg } from "./ui.js";

// The encoder's states are the pocket example's; d₁ asks with q = (1, 0), d₂ as a₁ does.
const STATES = { encoder: [[0, -1], [0, 1], [1, 0], [2, 0]], decoder: [[1, -1], [0, -1], [-1, 1], [1, 0]] };
const MATRICES = [[[1, 0], [1, 1]], [[0, 2], [1, -2]], [[1, 0], [1, 2]]]; // W^q, W^k, W^v
const ENDS = ["q_from", "k_from", "v_from"];
const KINDS = { encoder: "encoder self-attention", decoder: "decoder self-attention", cross: "cross-attention" };
const WIRED = { // Q, K and V from, and the causal mask
  encoder: ["encoder", "encoder", "encoder", false],
  decoder: ["decoder", "decoder", "decoder", true],
  cross: ["decoder", "encoder", "encoder", false],
};
const four = [0, 1, 2, 3];

// There is no output where keys and values differ in number.
export function numbers({ want, q_from, k_from, v_from, causal, t }) {
  if (!STATES.decoder[t - 1] || !WIRED[want]) throw RangeError();
  const states = { encoder: STATES.encoder, decoder: STATES.decoder.slice(0, t) };
  const [q, k, v] = [q_from, k_from, v_from].map((side, m) => project(states[side], MATRICES[m]));
  const allowed = causal ? four.map((i) => four.map((j) => j <= i)) : undefined;
  const { scores, weights, output } = attention(q, k, v, { base: 2, scaled: false, allowed });
  return { q, k, v, scores, weights, output: k.length === v.length ? output : [] };
}

const wiredRight = (want, t) => numbers({ want, t, causal: WIRED[want][3],
  ...Object.fromEntries(ENDS.map((key, m) => [key, WIRED[want][m]])) });
const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;
// What the encoder holds is the memory, m, to whoever does not build the encoder.
const letterOf = (side, want) => (side === "decoder" ? "d" : want === "encoder" ? "a" : "m");

// [whether it is right, what follows from the wiring, in words]
function judged(n, { want, q_from, k_from, v_from, causal, t }) {
  const [q, k, , masked] = WIRED[want], asks = q === "encoder" ? 4 : t, same = t === 4;
  const good = wiredRight(want, t).output, b = `b₁ = ${vector(n.output[0] ?? [])}`;
  const i = Math.max(0, n.output.findIndex((row, m) => String(row) !== String(good[m]))); // the first that is off
  const instead = `${sub("b", i + 1)} = ${vector(n.output[i] ?? [])}, where the right wiring gives ${vector(good[i] ?? [])}`;
  const also = causal === masked ? "" : ` The causal mask is ${causal ? "on" : "off"}: a second fault.`;
  const wrong = (text, more = also) => [false, `Wrong: ${text}${more}`];
  if (k_from !== v_from) return same
    ? wrong("and no error says so, since T = S: a weight that was earned by a key of one sequence mixes in a value of the other. K and V come in pairs.")
    : wrong(`it cannot be computed. A row has ${counted(n.k.length, "weight")}, one a key, and there ${t === 1 && v_from === "decoder" ? "is" : "are"} ${counted(n.v.length, "value")} to mix. K and V come in pairs, from one sequence.`);
  if (q_from !== q) {
    const swap = want === "cross" && k_from === "decoder" ? "Q and K, V are swapped, so the source asks the translation: " : `the ${q_from} asks: `;
    return wrong(swap + (same ? `the shape is right by luck, since T = S, and the numbers are not: ${instead}.`
      : `${counted(n.q.length, "output")}, and the ${q} has ${counted(asks, "position")}, each of which needs one.`));
  }
  if (k_from !== k) return wrong({
    cross: `${counted(t, "output")}, as it should be, but the source is read nowhere. Change m₁ … m₄ as you like: no output moves.`,
    decoder: `${counted(t, "output")}, as it should be, but no position sees the words written before it. This is cross-attention, which comes after.`,
    encoder: "the encoder runs first, and the decoder’s states do not exist yet.",
  }[want]);
  if (causal !== masked) return wrong({
    cross: `the mask leaves d₁ nothing but m₁: ${instead}. The whole source is known: hide nothing of it.`,
    encoder: `the mask leaves a₁ nothing but itself, and ${instead}. The whole source is known: hide nothing of it.`,
    decoder: t === 1 ? "the mask is off. With one position nothing shows: there is no later word to read yet."
      : `d₁ gives ${share(1 - n.weights[0][0])} of its weight to positions after it. In training they hold the words it has to predict: it learns to copy, and cannot write.`,
  }[want], "");
  const best = Math.max(...n.weights[0]), place = sub(letterOf("encoder", want), n.weights[0].indexOf(best) + 1);
  return [true, `Right: ${{
    cross: `the decoder asks, the encoder is asked. d₁ looks most at ${place} (${short(best)}), so ${b}. ${counted(t, "output")}, one for each query, however long the source is.`,
    encoder: `each of the 4 source positions asks all 4, ahead and behind: 4 outputs. a₁ looks most at ${place} (${short(best)}), so ${b}.`,
    decoder: `each position asks itself and what is written before it: ${counted(t, "output")}. d₁ sees itself alone, so ${b} = v₁.`,
  }[want]}`];
}

export default explorer({
  name: "three-attentions",
  title: "Wire the three attentions",
  keys: ["want", ...ENDS, "causal", "t"],
  numbers,
  tables: (n) => [
    ...["q", "k", "v"].map((letter) => ({ caption: { q: "Queries", k: "Keys", v: "Values" }[letter], columns: ["first", "second"],
      rows: n[letter].map((row, i) => [sub(letter, i + 1), ...row]) })),
    { caption: "Weights α′", columns: n.k.map((_, j) => sub("k", j + 1)), rows: n.weights.map((row, i) => [sub("q", i + 1), ...row]) },
    { caption: "Outputs", columns: ["first", "second"], rows: n.output.map((row, i) => [sub("b", i + 1), ...row]) },
  ],
  build(ui) {
    // What has no role is for the eyes: sentence and tables say it to a screen reader.
    const quiet = (kind, ...inside) => h("div", { class: `tx-ta-${kind}`, "aria-hidden": "true" }, ...inside);
    const listed = (letter) => four.map((i) => quiet("vector", h("b", {}, sub(letter, i + 1)), h("span")));
    const sides = Object.keys(STATES), boxes = sides.map(() => listed(""));
    const titles = sides.map(() => quiet("side-title"));
    boxes.forEach((lines, m) => lines.forEach((line, i) => say(line.lastChild, vector(STATES[sides[m]][i]))));

    // One wire from each end to either side, of which one is live.
    const wire = (end, side) => {
      const x = 30 + 60 * side + 9 * (end - 1), y = 19.2 + 40.8 * end;
      return svg("path", { d: `M${x} 0C${x} 24 ${y} 14 ${y} 40`, class: `tx-ta-wire ${"qkv"[end]}` });
    };
    const wires = ENDS.map((_, end) => sides.map((_, side) => wire(end, side)));
    const lists = [..."qkv"].map(listed);
    const ends = ENDS.map((key, m) => h("div", { class: `tx-ta-end ${"qkv"[m]}` },
      choice(ui, { key, legend: `${"QKV"[m]} from`, options: sides.map((side) => [side, side]) }),
      quiet("list", ...lists[m])));

    const heads = four.map((j) => quiet("key", sub("k", j + 1)));
    const cells = four.map(() => four.map(() => quiet("cell"))), outputs = four.map(() => quiet("output"));
    const rows = four.map((i) => quiet("row", quiet("query", sub("q", i + 1)), ...cells[i], outputs[i]));
    const badge = quiet("badge"), shape = quiet("shape");
    const grid = quiet("grid", quiet("row", quiet("query"), ...heads, quiet("output")), ...rows);

    ui.body.append(
      choice(ui, { key: "want", legend: "build", options: Object.entries(KINDS) }),
      h("div", { class: "tx-ta-picture" },
        h("div", { class: "tx-ta-sides" }, ...sides.map((_, m) => quiet("side", titles[m], quiet("states", ...boxes[m])))),
        svg("svg", { viewBox: "0 0 120 40", preserveAspectRatio: "none", "aria-hidden": "true" }, ...wires.flat()),
        h("div", { class: "tx-ta-ends" }, ...ends),
        h("div", { class: "tx-row tx-ta-more" },
          checkbox(ui, { key: "causal", label: "causal mask" }),
          slider(ui, { key: "t", label: "decoder positions T", min: 1, max: 4, step: 1 }),
          button("Wire it right", () => {
            const right = WIRED[ui.get("want")];
            [...ENDS, "causal"].forEach((key, m) => ui.set(key, right[m]));
          })),
        h("div", { class: "tx-ta-result" }, badge, shape), grid));

    return function draw(n, state) {
      const [right, text] = judged(n, state), can = n.output.length > 0;
      sides.forEach((side, m) => {
        say(titles[m], `${side} · ${m ? `T = ${state.t}` : "S = 4"}`);
        ENDS.forEach((key, end) => wires[end][m].classList.toggle("tx-ta-live", state[key] === side));
      });
      boxes.forEach((lines, m) => lines.forEach((line, i) => {
        say(line.firstChild, sub(letterOf(sides[m], state.want), i + 1));
        line.hidden = m === 1 && i >= state.t;
      }));
      lists.forEach((lines, m) => lines.forEach((line, i) => {
        const x = n["qkv"[m]][i];
        line.hidden = !x;
        if (x) say(line.lastChild, vector(x));
      }));

      say(badge, right ? "✓ wired right" : can ? "✗ wired wrong" : "✗ cannot be computed");
      badge.classList.toggle("tx-ta-wrong", !right);
      say(shape, `weights ${n.q.length} × ${n.k.length} · ${can ? counted(n.output.length, "output") : `${counted(n.v.length, "value")} for ${counted(n.k.length, "key")}`}`);
      grid.style.setProperty("--keys", n.k.length);
      heads.forEach((head, j) => { head.hidden = !n.k[j]; });
      rows.forEach((row, i) => {
        row.hidden = !n.q[i];
        cells[i].forEach((cell, j) => {
          const x = n.weights[i]?.[j];
          cell.hidden = x === undefined;
          if (cell.hidden) return;
          say(cell, short(x));
          cell.style.setProperty("--k", x);
          cell.classList.toggle("tx-ta-shut", n.scores[i][j] === -Infinity);
        });
        outputs[i].replaceChildren(h("b", {}, sub("b", i + 1)), h("span", {}, can && n.output[i] ? vector(n.output[i], 2) : "none"));
      });
      return text;
    };
  },
});
