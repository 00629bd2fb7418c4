import { short } from "./core.js";
import { button, checkbox, choice, explorer, h, say, slider, svg } from "./ui.js";

const LONGEST = 17; // N goes to 2^17
const MODELS = {
  "GPT-2 small": [12, 12, 12, 64, 4, false],
  "SmolLM2-135M": [30, 9, 3, 64, 8 / 3, true],
  "Llama 3.1 8B": [32, 32, 8, 128, 3.5, true],
};
const SHAPE = ["n_layers", "n_heads", "n_kv_heads", "d_head", "d_ff_ratio", "gated"];
const range = (n) => Array.from({ length: n }, (_, i) => i + 1);
const divisors = (n) => range(n).filter((x) => n % x === 0);

export function numbers({ log2_n, n_layers, n_heads, n_kv_heads, d_head, d_ff_ratio, gated, bytes_each }) {
  const whole = [[n_layers, 128], [n_heads, 128], [n_kv_heads, 128], [d_head, 256]];
  if (!whole.every(([x, most]) => Number.isInteger(x) && x >= 1 && x <= most) || typeof gated !== "boolean"
    || !(log2_n >= 0 && log2_n <= LONGEST && d_ff_ratio >= 0 && d_ff_ratio <= 9) || ![4, 2, 1].includes(bytes_each)) throw RangeError();
  const n = Math.floor(2 ** log2_n + 0.5), d = n_heads * d_head;
  const kv = divisors(n_heads).findLast((x) => x <= n_kv_heads);
  const d_kv = kv * d_head, d_ff = Math.floor(d_ff_ratio * d + 0.5);
  const projections = 2 * d * d + 2 * d * d_kv, feed = (gated ? 3 : 2) * d * d_ff; // a token and layer
  const crossover = (projections + feed) / (2 * d), token = n_layers * (projections + feed + 2 * n * d);
  return {
    sizes: [n, d, kv, d_kv, d_ff],
    one_pass: [projections, feed, 2 * n * d].map((x) => n_layers * n * x),
    crossover,
    share: n / (n + crossover),
    cache: [d_kv, d].map((width) => 2 * n_layers * n * width * bytes_each),
    next_token: [n * token, token],
    scores: [n * (n + 1) * (2 * n + 1) / 6, n * (n + 1) / 2],
  };
}

// 106300440576 is "106 billion"; below a million, every digit. With `units` of bytes, 37.7 MB.
const WORDS = ["", " million", " billion", " trillion", " quadrillion"], BYTES = [" bytes", " MB", " GB", " TB", " PB"];
const comma = (x) => Math.round(x).toLocaleString("en-US");
const many = (x, word) => `${comma(x)} ${word}${x === 1 ? "" : "s"}`;
const PARTS = ["W^q, W^k, W^v, W^O", "feed-forward", "scores and sums of values"];
function large(x, units = WORDS) {
  if (x < 1e6) return comma(x) + units[0];
  const rounded = Number(x.toPrecision(3)), i = Math.min(4, Math.floor(Math.log10(rounded) / 3 + 1e-9) - 1);
  return short(rounded / 1000 ** (i + 1)) + units[i];
}
const percent = (x) => (x > 0 && x < 0.01 ? "under 1%" : x > 0.99 ? "over 99%" : `${Math.round(100 * x)}%`);

export default explorer({
  name: "cost-calculator",
  title: "What does a token cost?",
  keys: ["log2_n", ...SHAPE, "bytes_each"],
  numbers,
  tables: ({ sizes, one_pass, crossover, share, cache, next_token, scores }) => [
    { caption: "Sizes", columns: ["N", "d_model", "heads of keys", "their width", "d_ff"], rows: [["size", ...sizes.map(String)]] },
    { caption: "Multiply-adds of one pass", columns: PARTS, rows: [["all layers", ...one_pass.map(String)]] },
    { caption: "Crossover", columns: ["N", "share of the last now"], rows: [["value", String(crossover), share]] },
    { caption: "KV cache in bytes", columns: ["now", "keys for every query head"], rows: [["bytes", ...cache.map(String)]] },
    { caption: "Without and with the cache", columns: ["without", "with"],
      rows: [["multiply-adds of the next token", ...next_token.map(String)], ["scores to write N tokens, one head", ...scores.map(String)]] },
  ],
  build(ui) {
    const div = (kind, ...inside) => h("div", { class: `tx-cc-${kind}` }, ...inside);
    // A slider that stops at some values; `words` says the one it stands at.
    const controls = [];
    function control(key, label, values, words = () => comma(ui.get(key))) {
      const stops = { ...ui, get: () => values().findLastIndex((x) => x <= ui.get(key) + 1e-9), set: (_, i) => ui.set(key, values()[i]) };
      const node = slider(stops, { label, min: 0, max: values().length - 1, step: 1 });
      controls.push([node, values, stops.get, words]);
      return node;
    }
    const fixed = (...values) => () => values;
    let n;
    const models = Object.entries(MODELS).map(([name, shape]) =>
      button(name, () => SHAPE.forEach((key, i) => ui.set(key, shape[i]))));
    const eight = button("N = 8", () => ui.set("log2_n", 3));
    const jump = button("Go to the crossover", () => ui.set("log2_n", Math.min(LONGEST, Math.log2(n.crossover))));
    const context = control("log2_n", "tokens N", () => range(4 * LONGEST + 1).map((i) => (i - 1) / 4), () => comma(n.sizes[0]));
    const sizes = [
      control("n_layers", "layers", fixed(1, 2, 4, 6, 8, 12, 16, 24, 30, 32, 40, 48, 64, 80, 96, 128)),
      control("n_heads", "query heads", fixed(1, 2, 3, 4, 6, 8, 9, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128)),
      control("n_kv_heads", "key heads", () => divisors(ui.get("n_heads")), () => comma(n.sizes[2])),
      control("d_head", "d_head", fixed(2, 4, 8, 16, 32, 64, 80, 96, 128, 256)),
      control("d_ff_ratio", "d_ff", fixed(1, 2, 8 / 3, 3, 3.5, 4, 6, 8), () => comma(n.sizes[4])),
    ];

    const model = h("span");
    const line = (kind) => svg("path", { class: `tx-cc-${kind}` });
    const text = (words = "") => svg("text", {}, words);
    const flat = line("flat"), slope = line("slope"), now = line("now"), grid = line("grid");
    const cross = svg("path", { class: "tx-cc-cross", d: "M0-7L7 0L0 7L-7 0z" });
    const dots = [svg("rect", { x: -5, y: -5, width: 10, height: 10 }), svg("circle", { r: 6 })];
    const names = [text("matrices"), text(PARTS[2]), text()];
    const decades = WORDS.slice(1).map((word) => text(`1${word}`));
    const chart = svg("svg", { viewBox: "0 0 356 232", "aria-hidden": "true" }, grid, now, flat, slope, ...decades, ...names, cross, ...dots,
      ...[0, 4, 8, 12, 16].map((at) => svg("text", { x: 8 + 20 * at, y: 214, "text-anchor": at ? "middle" : "start" }, comma(2 ** at))),
      svg("text", { x: 178, y: 230, "text-anchor": "middle" }, "tokens N"));
    chart.addEventListener("click", ({ clientX }) => {
      const { x, width } = chart.getBoundingClientRect(), at = ((clientX - x) * 356 / width - 8) / 20;
      ui.set("log2_n", Math.max(0, Math.min(LONGEST, Math.round(4 * at) / 4)));
    });

    const parts = PARTS.map((name) => [name, h("i"), h("b")]);
    const bar = div("bar", ...parts.map(([, piece]) => piece));
    const [whole, formula, bytes, grouped] = Array.from({ length: 4 }, () => h("p"));
    const two = [h("b"), h("b"), h("b"), h("b")];
    const pair = (i) => div("two", h("span", {}, "without"), two[i], h("span", {}, "cached"), two[i + 1]);
    const card = (title, ...inside) => div("card", h("p", {}, h("b", {}, title)), ...inside);

    ui.body.append(
      h("div", { class: "tx-row" }, ...models),
      div("context", context, eight, jump),
      div("sizes", ...sizes, model),
      h("div", { class: "tx-row" }, checkbox(ui, { key: "gated", label: "feed-forward with a gate" }),
        choice(ui, { key: "bytes_each", legend: "bytes a number in the cache", options: [[4, "4"], [2, "2"], [1, "1"]] })),
      div("panels",
        div("chart", h("p", {}, "multiply-adds a token, in all layers; equal steps are equal factors"), chart),
        h("div", { "aria-hidden": "true" },
          card("One pass over all tokens", whole, bar, ...parts.map(([name, , words], i) => div(`part tx-cc-part${i}`, h("span", {}, name), words))),
          card("KV cache", formula, bytes, grouped),
          card("The next token: multiply-adds", pair(0)),
          card("Writing all N tokens: scores of one head in one layer", pair(2)))));

    return function draw(numbers, state) {
      n = numbers;
      const [N, d, kv, d_kv] = n.sizes, total = n.one_pass.reduce((sum, x) => sum + x);
      for (const [node, values, get, words] of controls) {
        const input = node.children[1];
        input.max = values().length - 1;
        input.value = get();
        say(node.lastChild, words());
        input.setAttribute("aria-valuetext", words());
      }
      models.forEach((one, i) => {
        const shape = Object.values(MODELS)[i];
        one.setAttribute("aria-pressed", SHAPE.every((key, j) => state[key] === shape[j]));
      });

      const linear = (n.one_pass[0] + n.one_pass[1]) / N, by = n.one_pass[2] / N ** 2;
      const [low, high] = [Math.min(linear, by), Math.max(linear, by * 2 ** LONGEST)].map(Math.log10);
      const x = (tokens) => 8 + 20 * Math.log2(tokens), y = (cost) => 190 - (170 * (Math.log10(cost) - low)) / (high - low);
      const put = (node, at, up) => { node.setAttribute("transform", `translate(${at} ${up})`); };
      flat.setAttribute("d", `M8 ${y(linear)}H348`);
      slope.setAttribute("d", `M8 ${y(by)}L348 ${y(by * 2 ** LONGEST)}`);
      now.setAttribute("d", `M${x(N)} 12V198`);
      const shown = decades.map((_, i) => 6 + 3 * i).filter((power) => power > low && power < high);
      grid.setAttribute("d", `M8 198H348${shown.map((power) => `M8 ${y(10 ** power)}H348`).join("")}`);
      decades.forEach((words, i) => {
        words.style.display = shown.includes(6 + 3 * i) ? "" : "none";
        // Near the rising line a label of the grid stands on the right.
        const at = 10 ** (6 + 3 * i), near = Math.abs(Math.log10(by * 4 / at)) < 1;
        words.setAttribute("text-anchor", near ? "end" : "start");
        put(words, near ? 347 : 10, y(at) + (linear < at ? -4 : 14));
      });
      const inside = n.crossover <= 2 ** LONGEST;
      cross.style.display = inside ? "" : "none";
      if (inside) put(cross, x(n.crossover), y(linear));
      put(dots[0], x(N), y(linear));
      put(dots[1], x(N), y(by * N));
      // After an early crossover there is room for the labels on the right alone.
      const early = n.crossover < 256;
      put(names[0], early ? 280 : 92, y(linear) - 7);
      put(names[1], early ? 190 : 46, y(by * (early ? 600 : 4)) + 18);
      say(names[2], inside ? `crossover ${comma(n.crossover)}` : "");
      const left = N > n.crossover || x(n.crossover) > 252;
      names[2].setAttribute("text-anchor", left ? "end" : "start");
      if (inside) put(names[2], x(n.crossover) + (left ? -9 : 4), y(linear) + (left ? -9 : 22));

      say(model, `d_model = ${state.n_heads} · ${state.d_head} = ${comma(d)}`);
      say(whole, `${large(total)} multiply-adds`);
      parts.forEach(([, piece, words], i) => {
        piece.style.flexGrow = n.one_pass[i] / total;
        say(words, percent(n.one_pass[i] / total));
      });
      say(formula, `2 · ${many(state.n_layers, "layer")} · ${many(kv, "head")} · ${state.d_head} numbers · ${many(N, "token")} · ${many(state.bytes_each, "byte")}`);
      say(bytes, `= ${large(n.cache[0], BYTES)}`);
      say(grouped, d_kv < d ? `with keys for every query head: ${large(n.cache[1], BYTES)}` : "");
      [...n.next_token, ...n.scores].forEach((x, i) => say(two[i], large(x)));

      return `At N = ${comma(N)} scores and sums of values are ${percent(n.share)} of the work, `
        + (N === n.crossover ? "exactly as much as the matrices: this is the crossover. "
          : N > n.crossover ? `more than all matrices, as beyond N = ${comma(n.crossover)}. `
          : `less than the matrices; they cost more beyond N = ${comma(n.crossover)}${inside ? "" : ", off this scale"}. `)
        + `The next token costs ${large(n.next_token[1])} multiply-adds with a cache of ${large(n.cache[0], BYTES)}, `
        + `and ${N > 1 ? `${comma(N)} times that` : "as many"} without.`;
    };
  },
});
