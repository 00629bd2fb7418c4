import { dot, fmt, short, sub, vector } from "./core.js";
import { choice, explorer, h, numberInput, say, slider, svg } from "./ui.js";

const OFFSETS = Array.from({ length: 41 }, (_, i) => i - 20);

const turnedBy = (angle, [x, y]) =>
  [x * Math.cos(angle) - y * Math.sin(angle), x * Math.sin(angle) + y * Math.cos(angle)];

// One wheel a pair of entries: its hands for pos and for pos + k as they stand at position 0, and how
// far they turn a position. (sin, cos) is a hand that stands upright and turns clockwise.
function wheelsOf({ kind, d_model, angle, q, key }) {
  if (kind === "rope") return [[q, key, (angle * Math.PI) / 180]];
  return Array.from({ length: kind === "alibi" ? 0 : d_model / 2 }, (_, i) => [[0, 1], [0, 1], -(10000 ** ((-2 * i) / d_model))]);
}
const handsAt = ([first, second, speed], pos, k) =>
  [turnedBy(pos * speed, first), turnedBy((pos + k) * speed, second)];

function scoreAt(state, k) {
  if (state.kind === "alibi") return -Math.abs(k) / 2 ** state.head;
  return wheelsOf(state).reduce((sum, wheel) => sum + dot(...handsAt(wheel, state.pos, k)), 0);
}

const isWhole = (x, low, high) => Number.isInteger(x) && x >= low && x <= high;

export function numbers(state) {
  const { kind, d_model, pos, k, head, angle, q, key } = state, wheels = wheelsOf(state);
  if (!["sinusoidal", "rope", "alibi"].includes(kind) || !isWhole(d_model / 2, 2, 8) || !isWhole(pos, 0, 50)
    || !isWhole(k, -20, 20) || !isWhole(head, 1, 8) || !(angle >= 0 && angle <= 90)
    || ![...q, ...key].every((x) => Math.abs(x) <= 9)) throw RangeError();
  const hands = wheels.map((wheel) => handsAt(wheel, pos, k));
  return {
    frequencies: wheels.map(([, , speed]) => Math.abs(speed)),
    here: hands.flatMap(([hand]) => hand),
    there: hands.flatMap(([, hand]) => hand),
    shares: hands.map((pair) => dot(...pair)),
    score: scoreAt(state, k),
    curve: OFFSETS.map((offset) => scoreAt(state, offset)),
  };
}

const degrees = (x) => `${short(x, 1)}°`;

export default explorer({
  name: "position-dials",
  title: "What does a position tell the score?",
  keys: ["kind", "d_model", "pos", "k", "q", "key", "angle", "head"],
  numbers,
  tables: ({ frequencies, here, there, shares, curve }) => [...(shares.length ? [{
    caption: "Each pair of entries",
    columns: shares.map((_, i) => `pair ${i + 1}`),
    rows: [["turn a position", ...frequencies],
      ...[["at pos", here], ["at pos + k", there]].flatMap(([name, x]) => ["first", "second"].map((which, j) =>
        [`${which} entry ${name}`, ...x.filter((_, i) => i % 2 === j)])),
      ["dot product", ...shares]],
  }] : []), { caption: "Score by offset k", columns: OFFSETS.map(short), rows: [["score", ...curve]] }],
  build(ui) {
    const div = (kind, ...inside) => h("div", { class: `tx-pd-${kind}` }, ...inside);
    const size = (key, label, min, max, step) => slider(ui, { key, label, min, max, step });
    const entries = (key, name) => h("span", {}, `${name} = (`,
      ...[0, 1].flatMap((i) => [i ? "," : "", numberInput(ui, { key, path: [i], label: `${name}, entry ${i + 1}`, min: -9, max: 9 })]), ")");
    const own = {
      sinusoidal: [size("d_model", "d_model", 4, 16, 2)],
      rope: [size("angle", "degrees a position", 0, 90, 5), div("vectors", entries("q", "q"), entries("key", "key"))],
      alibi: [size("head", "head of 8", 1, 8, 1)],
    };

    const path = (kind) => svg("path", { class: `tx-pd-${kind}` });
    const dials = Array.from({ length: 8 }, () => {
      const hands = [path("arc"), path("here"), path("there")];
      const words = [0, 1, 2, 3].map(() => h("span"));
      const face = svg("svg", { viewBox: "-56 -56 112 112" }, svg("circle", { r: 52 }),
        svg("path", { d: "M0-52v6M0 52v-6M52 0h-6M-52 0h6" }), ...hands);
      return { hands, words, box: div("dial", words[0], face, ...words.slice(1)) };
    });
    const legend = [h("span", { class: "tx-pd-here" }), h("span", { class: "tx-pd-there" })], note = h("span");
    const shop = div("shop", h("p", {}, ...legend, note), div("dials", ...dials.map(({ box }) => box)));
    shop.lastChild.setAttribute("aria-hidden", "true");

    const axis = path("axis"), line = path("line"), dots = path("dots"), mark = path("mark"), twin = path("twin"), drop = path("drop");
    const ticks = OFFSETS.filter((k) => k % 10 === 0).map((k) => h("span", { style: `left:${((k + 20.5) / 41) * 100}%` }, short(k)));
    const levels = [0, 1, 2].map(() => h("span")), value = h("b");
    const plot = div("plot", svg("svg", { viewBox: "-20.5 0 41 100", preserveAspectRatio: "none" }, axis, drop, line, dots, mark, twin),
      div("x", ...ticks), div("y", ...levels), value);
    plot.setAttribute("aria-hidden", "true");
    const pick = ({ clientX, buttons, type }) => {
      const { x, width } = plot.getBoundingClientRect();
      if (buttons || type === "click") ui.set("k", Math.max(-20, Math.min(20, Math.round((41 * (clientX - x)) / width - 20.5))));
    };
    for (const event of ["pointermove", "click"]) plot.addEventListener(event, pick);
    const heading = h("p");

    ui.body.append(
      choice(ui, { key: "kind", legend: "position enters", options: [["sinusoidal", "added (sinusoidal)"], ["rope", "rotated in (RoPE)"], ["alibi", "as a penalty (ALiBi)"]] }),
      div("sizes", size("pos", "pos", 0, 50, 1), size("k", "k", -20, 20, 1), ...Object.values(own).flat()),
      shop, heading, plot);

    return function draw({ frequencies, here, there, shares, score, curve }, state) {
      const { kind, d_model, pos, k, head, q, key } = state, rope = kind === "rope", wheels = wheelsOf(state);
      for (const [name, controls] of Object.entries(own)) for (const one of controls) one.hidden = name !== kind;
      shop.hidden = kind === "alibi";
      say(legend[0], `${rope ? "q at " : ""}pos = ${pos}`);
      say(legend[1], `${rope ? "key at " : ""}pos + k = ${short(pos + k)}${pos + k < 0 ? ", before the start" : ""}`);
      say(note, rope ? "" : "to the right: sin, upwards: cos");

      const reach = 50 / Math.max(1e-9, Math.hypot(...q), Math.hypot(...key));
      shop.classList.toggle("tx-pd-few", shares.length < 4);
      dials.forEach(({ hands, words, box }, i) => {
        box.hidden = i >= shares.length;
        if (box.hidden) return;
        const [first, second, speed] = wheels[i], pair = [here, there].map((x) => x.slice(2 * i, 2 * i + 2));
        const way = ([x, y]) => Math.atan2(y, x), turn = k * speed + way(second) - way(first), steps = Math.ceil(Math.abs(turn) * 6) + 1;
        const spiral = Array.from({ length: steps + 1 }, (_, s) => {
          const part = (s / steps) * turn, at = way(pair[0]) + part, r = 15 + Math.abs(part);
          return `${r * Math.cos(at)} ${-r * Math.sin(at)}`;
        });
        const scale = rope ? reach : 50;
        const paths = [`M${spiral.join("L")}`, ...pair.map(([x, y]) => `M0 0L${x * scale} ${-y * scale}`)];
        paths.forEach((d, part) => hands[part].setAttribute("d", d));
        say(words[0], rope ? `${degrees(state.angle)} a position` : `${sub("ω", i + 1)} = ${short(frequencies[i], 4)}`);
        pair.forEach((hand, which) => say(words[1 + which], `(${hand.map((x) => fmt(x, 3)).join(", ")})`));
        say(words[3], rope ? `dot ${fmt(shares[i], 3)}` : `cos ${short(k * frequencies[i])} = ${fmt(shares[i], 3)}`);
      });

      const fine = Array.from({ length: 161 }, (_, i) => i / 4 - 20), heights = fine.map((x) => scoreAt(state, x));
      const top = Math.max(0, ...heights), low = Math.min(0, ...heights), y = (x) => 4 + (92 * (top - x)) / (top - low || 1);
      axis.setAttribute("d", `M-20.5 ${y(0)}H20.5M0 0V100`);
      line.setAttribute("d", `M${fine.map((x, i) => `${x} ${y(heights[i])}`).join("L")}`);
      dots.setAttribute("d", OFFSETS.map((x, i) => `M${x} ${y(curve[i])}h0`).join(""));
      mark.setAttribute("d", `M${k} ${y(score)}h0`);
      drop.setAttribute("d", `M${k} 0V${y(score)}`);
      twin.setAttribute("d", `M${-k} ${y(curve[20 - k])}h0`);
      [top, 0, low].forEach((x, i) => {
        levels[i].style.top = `${y(x)}%`;
        levels[i].hidden = i !== 1 && Math.abs(y(x) - y(0)) < 9;
        say(levels[i], short(x, 2));
      });
      value.style.cssText = `left:${((k + 20.5) / 41) * 100}%;translate:${-50 - 2.2 * k}%`;
      say(value, `k = ${short(k)}: ${short(score)}`);
      say(heading, { sinusoidal: "PE(pos)·PE(pos + k), the sum of the cosines, for every k", rope: "score of q at pos and key at pos + k, for every k", alibi: "what is added to the score of the key at pos + k, for every k" }[kind]);

      const other = curve[20 - k];
      const outside = pos + k < 0 ? ` Position ${short(pos + k)} is before the start: no word stands there, but the formula goes on.` : "";
      if (kind === "alibi") return `Head ${head} has slope 1/${2 ** head}: it takes ${short(-score)} off the score of a key ${Math.abs(k)} away, ahead or behind, whatever pos is. Nothing turns.`;
      if (rope) {
        const differ = (m) => Math.abs(curve[20 + m] - curve[20 - m]) > 1e-9;
        const odd = [Math.abs(k), ...OFFSETS.slice(21)].find(differ);
        return `q turned by ${degrees(pos * state.angle)} and key turned by ${degrees((pos + k) * state.angle)} score ${short(score)}, wherever the pair stands. `
          + (odd ? `${k && !differ(k) ? `At k = ${Math.abs(k)} ahead and behind happen to agree; elsewhere` : "And"} the score tells ahead from behind: it is ${
            short(curve[20 + odd])} at k = ${odd}, ${short(curve[20 - odd])} at k = ${short(-odd)}.`
            : "Here ahead and behind score the same.") + outside;
      }
      if (!k) return `PE(${pos})·PE(${pos}) = ${short(score)} at every pos: all encodings are equally long.`;
      return `From pos to pos + k each hand turns by k·ω, whatever pos is. So PE(${pos})·PE(${short(pos + k)}) = ${short(score)} at every pos, `
        + `and ${short(other)} at k = ${short(-k)}: the dot product depends on how far, not on which way.` + outside;
    };
  },
});
