import { sub } from "./core.js";
import { button, choice, explorer, freshId, h, say, slider, svg } from "./ui.js";

const NETWORKS = { rnn: "RNN", cnn: "CNN", attention: "Self-attention" };
const inText = (kind) => (kind === "attention" ? "self-attention" : `the ${NETWORKS[kind]}`);
const many = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
const upTo = (n) => Array.from({ length: n }, (_, i) => i + 1);

function whole(x, low, high) {
  if (!Number.isInteger(x) || x < low || x > high) throw new RangeError(x);
  return x;
}

// How far information moves in one step: a position, half a window, anywhere.
const strideOf = ({ kind, kernel }) =>
  whole({ rnn: 1, cnn: whole((kernel - 1) / 2, 1, 3), attention: 99 }[kind], 1, 99);

// The nodes that node j of a layer reads, as [layers down, position] pairs.
function readBy(j, state) {
  if (state.kind === "rnn") return j > 1 ? [[1, j], [0, j - 1]] : [[1, j]];
  return upTo(state.length).filter((i) => Math.abs(i - j) <= strideOf(state)).map((i) => [1, i]);
}

// `cone` and `ticks` hold a row a layer, the inputs (in `cone` alone) first.
export function numbers(state) {
  const length = whole(state.length, 2, 12), layers = whole(state.layers, 0, 8), stride = strideOf(state);
  const token = Math.min(whole(state.token, 1, 12), length);
  const all = upTo(length), rnn = state.kind === "rnn", ends = Math.ceil((length - 1) / stride);
  const cone = [0, ...upTo(layers)].map((layer) => all.map((j) =>
    Number(rnn && layers ? j <= token : Math.abs(token - j) <= (layers - layer) * stride)));
  const ticks = upTo(layers).map((layer) => all.map((j) => (rnn ? layer + j - 1 : layer)));
  const end = Math.max(0, ...ticks.flat()), clock = Math.min(whole(state.clock, 0, 19), end);
  return {
    token,
    clock,
    sees: cone[0],
    hops: all.map((j, i) => (cone[0][i] ? Math.ceil(Math.abs(token - j) / stride) : -1)),
    path_length: ends,
    sequential_steps: end,
    layers_some: rnn ? 1 : Math.ceil(Math.floor(length / 2) / stride),
    layers_needed: rnn ? -1 : ends,
    links: layers * all.reduce((sum, j) => sum + readBy(j, state).length, 0),
    cone,
    ticks,
    computed: ticks.flat().filter((tick) => tick <= clock).length,
  };
}

function inputsSeen({ sees, token }) {
  const first = sees.indexOf(1) + 1, last = sees.lastIndexOf(1) + 1;
  return first === last ? `input ${token} alone` : `inputs ${first} ${last === first + 1 ? "and" : "to"} ${last}`;
}

// One way of the farthest input that arrives, as [layer, position] points.
function longestWay({ hops, token, ticks }, rnn, stride) {
  const far = Math.max(...hops);
  let j = hops.indexOf(far) + 1;
  const way = [[0, j], ...(rnn ? [[1, j]] : [])];
  for (const layer of upTo(ticks.length)) {
    j += Math.sign(token - j) * Math.min(Math.abs(token - j), rnn ? far : stride);
    way.push([layer, j]);
  }
  return far ? way : [];
}

export default explorer({
  name: "who-sees-whom",
  title: "Who has seen whom, and when",
  keys: ["kind", "length", "kernel", "layers", "token", "clock"],
  numbers,
  tables: ({ token, hops, ticks }) => [{
    caption: `Steps from each input to output ${token}`,
    columns: hops.map((_, i) => sub("x", i + 1)),
    rows: [["steps", ...hops.map((n) => (n < 0 ? "never arrives" : `${n}`))]],
  }, {
    caption: "Tick at which each node is computed",
    columns: hops.map((_, i) => `position ${i + 1}`),
    rows: ticks.map((row, i) => [`layer ${i + 1}`, ...row.map(String)]),
  }],
  build(ui) {
    const networks = choice(ui, { key: "kind", legend: "network", options: Object.entries(NETWORKS) });
    const costs = [...networks.querySelectorAll("label")].map((label) => label.appendChild(h("span")));
    const size = (key, label, min, max, step) => slider(ui, { key, label, min, max, step });
    const kernelSize = size("kernel", "kernel", 3, 7, 2);

    const name = freshId(), outputs = upTo(12).map((j) =>
      h("label", { style: `grid-area:1/${j + 1}` },
        h("input", { type: "radio", name, "aria-label": `output ${j}`, onchange: () => ui.set("token", j) }),
        h("span", {}, `${j}`)));
    const web = svg("svg", { preserveAspectRatio: "none", "aria-hidden": "true" });
    const nodes = h("div", { class: "tx-wsw-nodes", "aria-hidden": "true",
      onclick: ({ target }) => target.style.gridColumnStart > 1 && ui.set("token", target.style.gridColumnStart - 1) });
    const picture = h("div", { class: "tx-wsw-picture" },
      h("div", { class: "tx-wsw-outputs", role: "radiogroup", "aria-label": "output to look at" },
        h("span", { class: "tx-wsw-name", "aria-hidden": "true" }, "output"), ...outputs), web, nodes);

    let end, tick;
    const moves = [["Start", -99], ["Back", -1], ["Next", 1], ["End", 99]].map(([text, by]) =>
      button(text, () => ui.set("clock", Math.max(0, Math.min(end, tick + by)))));
    const told = h("p", { class: "tx-step", role: "status" });
    ui.body.append(networks,
      h("div", { class: "tx-wsw-sizes" }, size("length", "inputs", 2, 12, 1), size("layers", "layers", 0, 8, 1), kernelSize),
      picture,
      h("p", {}, "In a circle: its tick, dashed until then. "
        + "Pink: what reaches your output; heavy: the way from the farthest input. Below: steps from each input."),
      h("div", { class: "tx-stepper" }, ...moves, told));

    return function draw(n, state) {
      const { kind, length, layers } = state, rnn = kind === "rnn", rows = layers + 1;
      [end, tick] = [n.sequential_steps, n.clock];
      const rivals = Object.keys(NETWORKS).map((other) => numbers({ ...state, kind: other }));
      rivals.forEach((one, i) => say(costs[i],
        `${many(one.sequential_steps, "tick")} · ${many(one.links, "link")}\nends ${many(one.path_length, "step")} apart`));
      kernelSize.hidden = kind !== "cnn";
      outputs.forEach((label, i) => {
        label.hidden = i >= length;
        label.firstChild.checked = i + 1 === n.token;
      });

      picture.style.cssText = `--n:${length};--rows:${rows}`
        + (kind === "attention" && layers > 1 ? ";--thin:0.4;--dash:0" : "");
      web.setAttribute("viewBox", `0 0 ${length} ${rows}`);
      const point = ([layer, j]) => `${j - 0.5} ${layers - layer + 0.5}`, d = ["", "", ""];
      n.ticks.forEach((row, i) => row.forEach((at, p) => {
        for (const [down, from] of readBy(p + 1, state))
          d[n.cone[i + 1][p] && 1 + (at <= tick)] += `M${point([i + 1 - down, from])}L${point([i + 1, p + 1])}`;
      }));
      d.push(longestWay(n, rnn, strideOf(state)).map((at, i) => "ML"[Math.sign(i)] + point(at)).join(""));
      web.replaceChildren(...["off", "on", "on done", "way"].map((looks, i) => svg("path", { class: looks, d: d[i] })));

      const cell = (row, column, looks, text) =>
        h("span", { class: `tx-wsw-${looks}`, style: `grid-area:${row}/${column + 1}` }, text);
      nodes.replaceChildren(
        ...n.cone.flatMap((row, layer) => [
          cell(rows - layer, 0, "name", layer ? `layer ${layer}` : "input"),
          ...row.map((on, i) => {
            const at = layer && n.ticks[layer - 1][i];
            return cell(rows - layer, i + 1, `node${on ? " on" : ""}${at > tick ? "" : " done"}`
              + (layer ? at === tick ? " now" : "" : " input"), layer ? `${at}` : sub("x", i + 1));
          }),
        ]),
        cell(rows + 1, 0, "name", "steps"),
        ...n.hops.map((hop, i) => cell(rows + 1, i + 1, "hop", hop < 0 ? "–" : `${hop}`)));

      moves.forEach((move, i) => move.setAttribute("aria-disabled", tick === (i < 2 ? 0 : end)));
      const fresh = n.ticks.flat().filter((at) => at === tick).length;
      say(told, `Tick ${tick} of ${end}: ${n.computed} of ${many(layers * length, "node")} done, ${fresh} in this tick.`);

      const rival = rivals[rnn ? 2 : 0];
      return `After ${many(layers, "layer")}, output ${n.token} of ${inText(kind)} has seen ${inputsSeen(n)}. `
        + (kind === "cnn" ? `Some output sees both ends after ${many(n.layers_some, "layer")}, every output after ${n.layers_needed}. `
          : `The two ends of the sequence are ${many(n.path_length, "step")} apart. `)
        + (layers ? `${many(n.links, "link")} in ${many(end, "tick")}; ${inText(rnn ? "attention" : "rnn")} needs ${many(rival.sequential_steps, "tick")} for ${rival.links}.` : "");
    };
  },
});
