import { dot, fmt, short, softmax, sub, transpose } from "./core.js";
import { checkbox, choice, explorer, h, numberInput, say, slider, svg } from "./ui.js";

const START = [[9, 3, 3, 1], [18, 6, 6, 2], [1, 5, 1, 5]];
const ORDERS = { post: "post-norm", pre: "pre-norm", none: "no norm" };
const TITLES = ["gradient at each layer; last layer = 1", "how far apart the tokens are; 0 = all the same"];
const keys = Object.keys(ORDERS), three = [0, 1, 2], four = [0, 1, 2, 3];
// Stacks of up to 24 layers, with eight tokens of eight numbers.
const STACKS = 4, LAYERS = 24, eight = [...Array(8).keys()], root = Math.sqrt(8);

const total = (xs) => xs.reduce((sum, x) => sum + x, 0);
const average = (xs) => total(xs) / xs.length;
const lengthOf = (rows) => Math.sqrt(total(rows.map((row) => dot(row, row))));

// Mean 0 and standard deviation 1; equal numbers become 0, as any eps makes them.
function normed(x) {
  const mean = average(x), flat = Math.max(...x) === Math.min(...x);
  const std = flat ? 0 : Math.sqrt(average(x.map((entry) => (entry - mean) ** 2)));
  return { mean, std, y: x.map((entry) => (flat ? 0 : (entry - mean) / std)) };
}

// Mulberry32 and Box–Muller, as in draws.py: numbers of mean 0 and variance 1, drawn as far as needed.
const drawn = [];
let seed = 11;
function uniformly() {
  seed = (seed + 0x6d2b79f5) | 0;
  let z = Math.imul(seed ^ (seed >>> 15), seed | 1);
  z = (z + Math.imul(z ^ (z >>> 7), z | 61)) ^ z;
  return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
}
// Three 8 × 8 squares a layer and stack: W^q, W^k, W^v; before layer 1 the tokens and the gradient.
function squares(layer, stack) {
  const by = layer ? root : 1, from = 192 * (layer * STACKS + stack);
  while (drawn.length < from + 192) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformly())), angle = 2 * Math.PI * uniformly();
    drawn.push(radius * Math.cos(angle), radius * Math.sin(angle));
  }
  const row = (i) => drawn.slice(from + 8 * i, from + 8 * i + 8).map((x) => x / by);
  return three.map((m) => eight.map((i) => row(8 * m + i)));
}

const plus = (x, y) => x.map((row, i) => row.map((entry, j) => entry + y[i][j]));
// x yᵀ for 8 × 8 squares, in a bare loop, since a new depth needs thousands.
const matmul = (x, y) => x.map((row) => y.map((other) => {
  let sum = 0;
  for (let m = 0; m < 8; m++) sum += row[m] * other[m];
  return sum;
}));
const product = (x, y) => matmul(x, transpose(y));

// Self-attention with one head, and how it answers: from ∂L/∂b back to ∂L/∂a.
function attend(a, layer) {
  const [q, k, v] = layer.map((w) => matmul(a, w)), [wQ, wK, wV] = layer;
  const weights = matmul(q, k).map((row) => softmax(row.map((x) => x / root)));
  const back = (gradient) => {
    const slopes = matmul(gradient, v).map((row, i) => {
      const mean = dot(weights[i], row);
      return row.map((x, j) => (weights[i][j] * (x - mean)) / root);
    });
    return plus(plus(product(product(slopes, k), wQ), product(product(transpose(slopes), q), wK)),
      product(product(transpose(weights), gradient), wV));
  };
  return { output: product(weights, v), back };
}
function normRows(rows) {
  const all = rows.map(normed);
  const back = (gradient) => gradient.map((row, i) => {
    const { y, std } = all[i], mean = average(row), along = dot(row, y) / y.length;
    return row.map((x, j) => (x - mean - y[j] * along) / std);
  });
  return { output: all.map(({ y }) => y), back };
}
const none = (rows) => ({ output: rows, back: (gradient) => gradient });

// One stack forwards, then back: the gradient's length at each layer's output, and the tokens' spread.
function runStack(stack, order, residual, depth) {
  const before = order === "pre" ? normRows : none, after = order === "post" ? normRows : none;
  const apart = [], backs = [];
  let [x, gradient] = squares(0, stack);
  for (let layer = 1; layer <= depth; layer++) {
    const heard = before(x), said = attend(heard.output, squares(layer, stack));
    const sum = after(residual ? plus(x, said.output) : said.output);
    backs.push((g) => {
      const inner = sum.back(g), own = heard.back(said.back(inner));
      return residual ? plus(own, inner) : own;
    });
    x = sum.output;
    const mean = transpose(x).map(average);
    apart.push(lengthOf(x.map((row) => row.map((entry, j) => entry - mean[j]))) / lengthOf(x));
  }
  // Pre-norm has one more norm at its end.
  gradient = before(x).back(gradient);
  const lengths = backs.reverse().map((back) => {
    const length = lengthOf(gradient);
    gradient = back(gradient);
    return length;
  }).reverse();
  return [lengths.map((x) => Math.log(x / lengths[depth - 1])), apart];
}
const known = {};
function stacked(order, residual, depth) {
  return (known[[order, residual, depth]] ??=
    transpose(four.map((stack) => runStack(stack, order, residual, depth))).map((runs) => transpose(runs).map(average)));
}

function normTable({ axis, table }) {
  const turn = axis === "token" ? (rows) => rows : transpose, all = turn(table).map(normed);
  return { mean: all.map((one) => one.mean), std: all.map((one) => one.std), normalised: turn(all.map((one) => one.y)) };
}

export function numbers({ axis, table, order, residual, depth }) {
  if (!/^(token|batch)$/.test(axis) || !Object.hasOwn(ORDERS, order) || !(depth >= 2 && depth <= LAYERS) || depth % 1) throw RangeError();
  const runs = keys.map((name) => stacked(name, residual, depth));
  return { ...normTable({ axis, table }), gradient: runs.map(([logs]) => logs.map(Math.exp)), apart: runs.map(([, apart]) => apart) };
}

const names = (rows) => rows.map((i) => sub("x", i + 1)).join(" and ");
const differs = (one, other) => one.map((row, i) => row.map((x, j) => Math.abs(x - other[i][j]) > 1e-9));
const roundly = (x) => (x >= 99.5 ? Math.round(x).toLocaleString("en") : short(Number(x.toPrecision(2)), 4));

// Which cells moved though nobody touched their row, and that in words.
function movedBy({ normalised }, { axis, table }) {
  const edited = differs(table, START).map((row) => row.includes(true));
  const moved = differs(normalised, normTable({ axis, table: START }).normalised).map((row, i) => row.map((x) => x && !edited[i]));
  const others = three.filter((i) => moved[i].includes(true)), mine = three.filter((i) => edited[i]);
  const words = !mine.length ? `x₂ is twice x₁ and gets ${axis === "token" ? "the same" : "other"} numbers.`
    : `You edited ${names(mine)}: ${others.length ? `${names(others)} changed too, untouched.`
      : mine[2] ? "all is new." : "no other token changed."}`;
  return { moved, words: `${axis === "token" ? "Each token is normalised by itself" : "Each column is normalised over all tokens"}. ${words}` };
}
function depthInWords({ gradient, apart }, { order, residual, depth }) {
  const m = keys.indexOf(order), g = gradient[m], least = Math.min(...g);
  const same = apart[m].findIndex((x) => x < 0.001);
  return ` ${depth} layers, ${ORDERS[order]}${residual ? "" : ", no residual"}: layer 1 gets ${roundly(g[0])} times the gradient of layer ${depth}${
    least < 0.9 && g[0] > 1.2 * least ? `, layer ${g.indexOf(least) + 1} only ${roundly(least)} times` : ""}.${
    same >= 0 ? ` After layer ${same + 1} all tokens are alike.` : ""}`;
}

export default explorer({
  name: "residual-and-norm",
  title: "What a norm runs over, and where it stands",
  keys: ["axis", "table", "order", "residual", "depth"],
  numbers,
  tables: ({ mean, std, normalised, gradient, apart }) => [
    { caption: "Normalised", columns: four.map((j) => `entry ${j + 1}`), rows: normalised.map((row, i) => [sub("x", i + 1), ...row]) },
    { caption: "What the norm runs over", columns: mean.map((_, i) => i + 1), rows: [["mean", ...mean], ["std", ...std]] },
    ...[gradient, apart].map((lines, m) => ({ caption: TITLES[m], columns: lines[0].map((_, i) => `layer ${i + 1}`),
      rows: keys.map((key, i) => [ORDERS[key], ...lines[i]]) })),
  ],
  build(ui) {
    const div = (kind, ...inside) => h("div", { class: `tx-rn-${kind}` }, ...inside);
    const quiet = (kind, text = "") => h("span", { class: `tx-rn-${kind}`, "aria-hidden": "true" }, text);
    const made = (kind, list) => list.map(() => quiet(kind));
    const name = (i) => quiet("name", sub("x", i + 1));
    const results = three.map(() => made("cell", four)), sides = made("side", three), feet = made("foot", four);
    const before = three.map((i) => div("row", name(i), ...four.map((j) =>
      numberInput(ui, { key: "table", path: [i, j], label: `token ${i + 1}, entry ${j + 1}` })), sides[i]));
    const after = three.map((i) => div("row", name(i), ...results[i]));

    // Two small charts; the layers run from left to right, the gradient back.
    const charts = TITLES.map((title) => {
      const grid = svg("path"), ticks = svg("g"), lines = keys.map((key) => svg("path", { class: `tx-rn-${key}` }));
      const ends = [46, 330].map((x) => svg("text", { x, y: 184, "text-anchor": x > 99 ? "end" : "start" }));
      const node = h("div", { "aria-hidden": "true" }, h("p", {}, title),
        svg("svg", { viewBox: "0 0 340 190" }, grid, ...lines, ticks, ...ends));
      return { node, grid, ticks, ends, lines };
    });
    const legend = keys.map((key) => quiet(key, ORDERS[key]));

    ui.body.append(
      choice(ui, { key: "axis", legend: "normalise over", options: [["token", "each token’s entries (LayerNorm)"], ["batch", "each column (batch axis)"]] }),
      div("both", div("", ...before, div("row", quiet("name"), ...feet, quiet("side", "mean ± std"))), div("", ...after)),
      h("div", { class: "tx-row" },
        choice(ui, { key: "order", legend: "the norm stands", options: [["post", "after the sum"], ["pre", "before the part"], ["none", "nowhere"]] }),
        checkbox(ui, { key: "residual", label: "residual: add x" })),
      slider({ ...ui, set: (key, x) => ui.set(key, Math.round(x)) }, { key: "depth", label: "layers", min: 2, max: LAYERS, step: 1 }),
      div("charts", ...charts.map(({ node }) => node)), div("legend", ...legend));

    function paint({ grid, ticks, ends, lines }, values, { order, depth }, low, high, marks) {
      const x = (layer) => 46 + (284 * (layer - 1)) / (depth - 1), y = (value) => 166 - (144 * (value - low)) / (high - low);
      grid.setAttribute("d", marks.map(([at]) => `M46 ${y(at)}H330`).join(""));
      ticks.replaceChildren(...marks.map(([at, text]) => svg("text", { x: 41, y: y(at) + 4, "text-anchor": "end" }, text)));
      [1, depth].forEach((layer, i) => say(ends[i], `layer ${layer}`));
      lines.forEach((line, m) => {
        line.setAttribute("d", `M${values[m].map((value, i) => `${x(i + 1)} ${y(value)}`).join("L")}`);
        line.classList.toggle("tx-rn-here", keys[m] === order);
      });
    }

    return function draw(n, state) {
      const token = state.axis === "token", { moved, words } = movedBy(n, state);
      const stats = (i) => `${short(n.mean[i], 2)} ± ${short(n.std[i], 2)}`;
      legend.forEach((one, m) => one.classList.toggle("tx-rn-here", keys[m] === state.order));
      sides.forEach((side, i) => say(side, token ? stats(i) : ""));
      feet.forEach((foot, j) => say(foot, token ? "" : stats(j)));
      results.forEach((row, i) => row.forEach((cell, j) => {
        say(cell, fmt(n.normalised[i][j]));
        cell.classList.toggle("tx-rn-moved", moved[i][j]);
      }));

      const logs = n.gradient.map((row) => row.map(Math.log10)), all = logs.flat();
      const low = Math.min(-1, Math.floor(Math.min(...all))), high = Math.max(1, Math.ceil(Math.max(...all)));
      paint(charts[0], logs, state, low, high, Array.from({ length: high - low + 1 }, (_, i) =>
        [low + i, roundly(10 ** (low + i))]));
      paint(charts[1], n.apart, state, 0, 1, [[0, "0"], [0.5, "0.5"], [1, "1"]]);
      return words + depthInWords(n, state);
    };
  },
});
