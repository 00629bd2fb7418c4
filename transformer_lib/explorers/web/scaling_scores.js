import { fmt, share, short, softmax } from "./core.js";
import { choice, explorer, h, numberInput, say, slider, svg } from "./ui.js";

const SIZES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512];
const DIVISORS = { none: () => 1, sqrt: Math.sqrt, d_k: Number };
const TOKENS = 8, QUERIES = 32 * TOKENS, REACH = 40; // 32 sequences of 8 tokens

// Mulberry32 and Box–Muller, as in draws.py: fills an array with normal numbers, mean 0 and variance 1.
let drawn = 152; // the seed
function uniformDraw() {
  drawn = (drawn + 0x6d2b79f5) | 0;
  let mixed = Math.imul(drawn ^ (drawn >>> 15), drawn | 1);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
function drawInto(entries) {
  for (let m = 0; m < entries.length; m += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformDraw())), angle = 2 * Math.PI * uniformDraw();
    entries[m] = radius * Math.cos(angle);
    entries[m + 1] = radius * Math.sin(angle);
  }
}

// q·k over the first d entries, eight scores a query. A dot product is a sum, so each width adds one
// entry of every q and k to the width before it, and all widths so far are kept.
const sums = [new Float64Array(QUERIES * TOKENS)], entries = new Float64Array(2 * TOKENS);
function productsOver(d) {
  while (sums.length <= d) {
    const sum = sums.at(-1).slice();
    for (let m = 0; m < sum.length;) {
      drawInto(entries); // one of each of 8 queries, then of each of 8 keys
      for (let i = 0; i < TOKENS; i++)
        for (let j = TOKENS; j < 2 * TOKENS; j++) sum[m++] += entries[i] * entries[j];
    }
    sums.push(sum);
  }
  return sums[d];
}

const falling = (x, y) => y - x;
const meanOf = (xs) => xs.reduce((sum, x) => sum + x, 0) / xs.length;

// The Frobenius norm of diag(w) − w wᵀ.
function slopeOf(weights) {
  let sum = 0;
  for (let i = 0; i < TOKENS; i++)
    for (let j = 0; j < TOKENS; j++) sum += (weights[i] * ((i === j) - weights[j])) ** 2;
  return Math.sqrt(sum);
}

// What the softmax makes of the scores, a list a query.
function softened(scores) {
  const weights = scores.map((row) => softmax(row)), all = scores.flat(), mean = meanOf(all);
  const dots = weights.map((w) => [Math.max(...w), slopeOf(w)]);
  const std = Math.sqrt(meanOf(all.map((x) => (x - mean) ** 2)));
  return { weights, dots, row: [std, ...[0, 1].map((axis) => meanOf(dots.map((dot) => dot[axis])))] };
}

export function numbers({ d_k, divisor, sigma, shift, query }) {
  if (![d_k, query].every(Number.isInteger) || !(d_k >= 1 && d_k <= 512 && query >= 1 && query <= QUERIES)
    || !(sigma >= 0.5 && sigma <= 2) || !(Math.abs(shift) <= 99) || !Object.hasOwn(DIVISORS, divisor)) throw RangeError();
  const products = [...productsOver(d_k)].map((x) => x * sigma ** 2);
  const over = (name) => products.map((x) => x / DIVISORS[name](d_k));
  const rows = (flat) => Array.from({ length: QUERIES }, (_, i) => flat.slice(i * TOKENS, (i + 1) * TOKENS));
  const all = Object.keys(DIVISORS).map((name) => [name, softened(rows(over(name)))]);
  const scores = over(divisor), { weights, dots } = Object.fromEntries(all)[divisor];
  const counts = Array(2 * REACH + 1).fill(0);
  for (const x of scores) counts[REACH + Math.max(-REACH, Math.min(REACH, Math.floor(x + 0.5)))]++;
  const sorted = weights.map((w) => w.sort(falling));
  return {
    compare: all.map(([name, { row }]) => [row[0], sigma ** 2 * Math.sqrt(d_k) / DIVISORS[name](d_k), row[1], row[2]]),
    counts,
    scores: rows(scores)[query - 1].sort(falling).map((x) => x + shift),
    weights: sorted[query - 1],
    mean_weights: sorted[0].map((_, j) => meanOf(sorted.map((w) => w[j]))),
    dots,
  };
}
const DIVIDED = { none: () => "nothing", sqrt: (d) => `√dₖ = ${short(Math.sqrt(d))}`, d_k: (d) => `dₖ = ${d}` };

// A small spread needs a third decimal.
const digits = (x) => (x < 0.2 ? 3 : 2);

function verdict(largest, slope) {
  if (largest >= 0.9 || slope <= 0.1) return "the softmax is sure of one key, and a small change of a score moves almost no weight";
  if (largest > 0.7) return "most queries favour one key, and a small change moves less";
  if (largest < 0.2) return "all weights are close to 1/8, and the query hardly chooses";
  return "some keys weigh more than others, and a small change of a score still moves the weights";
}

export default explorer({
  name: "scaling-scores",
  title: "Why the scores are divided by √dₖ",
  keys: ["d_k", "divisor", "sigma", "shift", "query"],
  numbers,
  tables: ({ compare, scores, weights, mean_weights }) => [{
    caption: "Over 256 queries, by what the scores are divided by",
    columns: ["standard deviation of the scores", "in theory", "mean largest weight", "mean norm of the Jacobian"],
    rows: ["nothing", "√dₖ", "dₖ"].map((name, i) => [name, ...compare[i]]),
  }, {
    caption: "The query shown, its keys sorted by score",
    columns: scores.map((_, j) => `key ${j + 1}`),
    rows: [["score", ...scores], ["weight", ...weights], ["mean weight over 256 queries", ...mean_weights]],
  }],
  build(ui) {
    const div = (kind, ...inside) => h("div", { class: `tx-ss-${kind}` }, ...inside);
    const whole = { ...ui, set: (key, x) => ui.set(key, Math.round(x)) };
    const stops = { ...ui, get: () => SIZES.findLastIndex((d) => d <= ui.get("d_k")), set: (_, i) => ui.set("d_k", SIZES[i]) };
    const size = slider(stops, { label: "dₖ", min: 0, max: SIZES.length - 1, step: 1 });

    const rule = choice(ui, { key: "divisor", legend: "divide the scores by",
      options: [["none", "nothing"], ["sqrt", "√dₖ"], ["d_k", "dₖ"]] });
    const heads = ["spread of the scores", "largest weight", "slope of the softmax"];
    const lines = [...rule.querySelectorAll("label")].map((label) => {
      const shown = heads.map(() => h("span", { "aria-hidden": "true" }));
      label.append(...shown);
      return [label.childNodes[1], ...shown];
    });
    rule.firstChild.after(h("div", { "aria-hidden": "true" }, ...heads.map((text) => h("span", {}, text))));

    const path = (kind) => svg("path", { class: `tx-ss-${kind}` });
    const text = (x, y, anchor, words = "") => svg("text", { x, y, "text-anchor": anchor }, words);
    const picture = (...marks) => svg("svg", { viewBox: "0 0 243 190", "aria-hidden": "true" }, ...marks);
    const hill = path("hill"), spread = path("spread"), theory = path("theory"), rug = path("rug");
    const ticks = ["start", "middle", "end"].map((anchor, i) => text(121.5 * i, 180, anchor));
    const measured = text(121.5, 11, "middle"); // above the tallest bar
    const histogram = picture(hill, theory, spread, svg("path", { class: "tx-ss-axis", d: "M0 150H243" }), rug, measured, ...ticks);

    const bars = Array.from({ length: TOKENS }, () => {
      const parts = ["span", "i", "b", "span"].map((tag) => h(tag));
      return { row: div("bar", parts[0], h("div", {}, parts[1], parts[2]), parts[3]), parts };
    });

    const place = ([largest, slope]) => [25 + 210 * largest, 150 - 250 * slope];
    const cloud = path("cloud"), chosen = svg("circle", { r: 6 }), middle = svg("path", { class: "tx-ss-mean", d: "M0-8L7 0L0 8L-7 0z" });
    const arch = picture(svg("path", { class: "tx-ss-axis", d: "M25 18V150H240" }), cloud, middle, chosen,
      ...[0, 0.5, 1].flatMap((x) => [text(25 + 210 * x, 166, x === 1 ? "end" : "middle", short(x)), ...(x < 1 ? [text(21, 154 - 250 * x, "end", short(x))] : [])]),
      text(130, 184, "middle", "largest weight"), text(25, 10, "start", "slope: norm of the Jacobian"));
    let seen = [];
    arch.addEventListener("click", ({ clientX, clientY }) => { // the dot nearest to the finger
      const { x, y, width } = arch.getBoundingClientRect(), to = [clientX - x, clientY - y].map((p) => (p * 243) / width);
      const far = seen.map((dot) => Math.hypot(...place(dot).map((p, axis) => p - to[axis])));
      ui.set("query", far.indexOf(Math.min(...far)) + 1);
    });

    ui.body.append(
      h("div", { class: "tx-row tx-ss-size" }, size, numberInput(whole, { key: "d_k", label: "dₖ", min: 1, max: 512 })),
      rule,
      div("panels",
        h("div", {}, h("p", {}, "2,048 scores, their spread"), histogram),
        h("div", {}, h("p", {}, "query ", numberInput(whole, { key: "query", label: "query to show", min: 1, max: QUERIES }), " of 256"),
          h("div", { "aria-hidden": "true" }, div("bar", ...["score", "weight; tick: mean"].map((words) => h("span", {}, words))), ...bars.map(({ row }) => row))),
        h("div", {}, h("p", {}, "256 queries; ◆ their mean"), arch)),
      h("div", { class: "tx-row" },
        slider(ui, { key: "sigma", label: "σ of the entries", min: 0.5, max: 2, step: 0.25 }),
        h("label", {}, "add to every score ", numberInput(ui, { key: "shift", label: "add to every score" }))));

    return function draw({ compare, counts, scores, weights, mean_weights, dots }, { d_k, divisor, shift, query }) {
      seen = dots;
      size.children[1].setAttribute("aria-valuetext", d_k);
      const names = Object.keys(DIVISORS), [std, wanted, largest, slope] = compare[names.indexOf(divisor)];
      lines.forEach(([name, ...shown], i) => {
        say(name, ` ${DIVIDED[names[i]](d_k)}`);
        [0, 2, 3].forEach((from, column) => say(shown[column], fmt(compare[i][from], from ? 2 : digits(compare[i][0]))));
      });

      const top = Math.max(...counts), at = (x) => 121.5 + 3 * Math.max(-REACH, Math.min(REACH, x));
      hill.setAttribute("d", `M0 150${counts.map((n) => `V${150 - (130 * n) / top}h3`).join("")}V150`);
      spread.setAttribute("d", `M${at(-std)} 66v10m0-5H${at(std)}m0-5v10`);
      theory.setAttribute("d", [-1, 1].map((side) => `M${at(side * wanted)} 20V150`).join(""));
      rug.setAttribute("d", scores.map((x) => `M${at(x - shift)} 153v9`).join(""));
      ticks.forEach((tick, i) => {
        const beyond = i !== 1 && counts[i * REACH] ? (i ? "≥ " : "≤ ") : "";
        say(tick, beyond + short(REACH * (i - 1) + shift));
      });
      say(measured, `± ${fmt(std, digits(std))}, in theory ${short(wanted, digits(wanted))}`);

      bars.forEach(({ parts: [score, bar, mean, weight] }, j) => {
        say(score, fmt(scores[j], 1));
        bar.style.width = `${100 * weights[j]}%`;
        mean.style.left = `${100 * mean_weights[j]}%`;
        say(weight, share(weights[j]));
      });

      cloud.setAttribute("d", dots.map((dot) => `M${place(dot)}h0`).join(""));
      const [x, y] = place(dots[query - 1]), [mx, my] = place([largest, slope]);
      chosen.setAttribute("cx", x);
      chosen.setAttribute("cy", y);
      middle.style.translate = `${mx}px ${my}px`;

      return `At dₖ = ${d_k} the scores${divisor === "none" ? "" : ` divided by ${DIVIDED[divisor](d_k)}`} spread by ${fmt(std, digits(std))}. `
        + `The largest of 8 weights is ${fmt(largest)} on average and the slope ${fmt(slope)}: ${verdict(largest, slope)}.`
        + (shift ? ` Adding ${short(shift)} to every score changes no weight and no slope: it is the gaps between scores that count.` : "");
    };
  },
});
