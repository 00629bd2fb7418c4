import { dot, share, short, softmax, sub, vector } from "./core.js";
import { choice, explorer, h, numberGrid, numberInput, say, slider, svg } from "./ui.js";

export function numbers({ q, k, v, base, temperature }) {
  if (!["2", "e"].includes(base) || !(temperature >= 0.05 && temperature <= 5)) throw new RangeError();
  const scores = k.map((key) => dot(q, key));
  const weights = softmax(scores, base === "e" ? Math.E : 2, temperature);
  const output = [0, 1].map((axis) => dot(weights, v.map((value) => value[axis])));
  const distance = Math.min(...v.map(([x, y]) => Math.hypot(x - output[0], y - output[1])));
  return { scores, weights, output, distance };
}

const PAIRS = [0, 1, 2, 3];

// The edges of the convex hull, each from one corner to the next with the hull on its left.
const hullEdges = (points) => points.flatMap((a) => points.filter((b) => `${a}` !== `${b}` && points.every((c) =>
  (b[0] - a[0]) * (c[1] - a[1]) >= (b[1] - a[1]) * (c[0] - a[0]))).map((b) => [a, b]));

// Graph paper that fits the points on it, 320 units wide with the origin in its middle.
function graphPaper(...marks) {
  const grid = svg("path"), axes = svg("path"), ticks = svg("g");
  const paper = {
    picture: svg("svg", { viewBox: "-160 -160 320 320", "aria-hidden": "true" }, grid, axes, ticks, ...marks),
    at: ([x, y]) => [x, -y].map((c) => (160 * c) / paper.reach),
    line: (...points) => `M${points.map(paper.at).join("L")}`,
    fit(points, least) {
      const reach = Math.max(least, ...points.flat().map((x) => 1.25 * Math.abs(x)));
      if (reach === paper.reach) return;
      paper.reach = reach;
      const cross = (x) => paper.line([x, -reach], [x, reach]) + paper.line([-reach, x], [reach, x]);
      const tick = (x, left, top) => svg("text", { x: left - 4, y: top + 4 }, short(x)), lines = [];
      for (let x = Math.ceil(reach / 7), by = x; x < reach; x += by) lines.push(-x, x);
      grid.setAttribute("d", lines.map(cross).join(""));
      axes.setAttribute("d", cross(0));
      ticks.replaceChildren(...lines.flatMap((x) => [tick(x, paper.at([x, 0])[0], 9), tick(x, 0, paper.at([0, x])[1])]));
    },
  };
  return paper;
}

const place = (node, x, y) => (node.style.translate = `${x}px ${y}px`);

export default explorer({
  name: "query-plane",
  title: "Drag the query and watch the result",
  keys: ["q", "k", "v", "base", "temperature"],
  numbers,
  tables: ({ scores, weights }) => [{
    caption: "Score and weight of each pair",
    columns: PAIRS.map((j) => `pair ${j + 1}`),
    rows: [["score", ...scores], ["weight", ...weights]],
  }],
  build(ui) {
    const mark = (looks, j) => svg(looks === "value" ? "circle" : "path", { class: `tx-qp-${looks}`, "data-pair": j });
    const [keys, strings, values] = ["key", "string", "value"].map((looks) => PAIRS.map((j) => mark(looks, j)));
    const [keyNames, valueNames] = ["k", "v"].map((letter) =>
      PAIRS.map((j) => svg("text", { "data-pair": j }, sub(letter, j + 1))));
    const borders = mark("border"), query = mark("query"), hull = mark("hull");
    const result = svg("g", { class: "tx-qp-result" }, svg("path", { d: "M0-9L8 0L0 9L-8 0z" }), svg("text", { x: 15, y: 15 }, "b"));
    const left = graphPaper(borders, ...keys, query, ...keyNames);
    const right = graphPaper(hull, ...strings, ...values, ...valueNames, result);

    // Drag the handle, move it with arrow keys, or press somewhere on the paper.
    let held = false;
    const moveTo = (q, most = Math.min(99, left.reach)) =>
      ui.set("q", q.map((x) => Math.max(-most, Math.min(most, x))));
    function follow({ clientX, clientY }) {
      const { x, y, width } = stage.getBoundingClientRect();
      moveTo([clientX - x - width / 2, y + width / 2 - clientY].map((p) => Math.round((40 * p * left.reach) / width) / 20));
    }
    const handle = h("button", { type: "button", class: "tx-qp-handle", "aria-label": "Move the query q",
      "aria-description": "Arrow keys move q by 0.25, with Shift by 1.",
      onpointerdown(event) { held = true; handle.setPointerCapture(event.pointerId); },
      onpointermove: (event) => held && follow(event),
      onlostpointercapture() { held = false; ui.redraw(); },
      onkeydown(event) {
        const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
        if (!way) return;
        event.preventDefault();
        moveTo(ui.get("q").map((x, i) => x + way[i] * (event.shiftKey ? 1 : 0.25)));
      } }, "q");
    const stage = h("div", { onclick: (event) => event.target !== handle && follow(event) },
      left.picture, handle);

    const pairs = PAIRS.map((j) => h("button", { type: "button", "data-pair": j }, h("span"), h("i")));
    const product = h("p");
    const entry = (i) => numberInput(ui, { key: "q", path: [i], step: 0.25, label: `q, entry ${i + 1}` });
    const grid = (key, caption) => numberGrid(ui, { key, caption, kind: key, step: 0.5,
      label: (i, j) => `${sub(key, i + 1)}, entry ${j + 1}` });
    ui.body.append(
      h("div", { class: "tx-qp-planes" },
        h("div", {}, "keys and query; dotted: the best key changes", stage), h("div", {}, "values and result", right.picture)),
      h("div", { class: "tx-qp-pairs" }, ...pairs), product,
      h("div", { class: "tx-row" },
        h("span", {}, "q = (", entry(0), ",", entry(1), ")"),
        choice(ui, { key: "base", legend: "base", options: [["2", "2"], ["e", "e"]] }),
        slider(ui, { key: "temperature", label: "temperature", min: 0.05, max: 5, step: 0.05 })),
      h("details", {}, h("summary", {}, "Change the pairs"),
        h("div", { class: "tx-row" }, grid("k", "keys k"), grid("v", "values v"))));

    // A pair lights up everywhere while any part of it is pointed at or focused.
    let lit;
    for (const event of ["pointerover", "focusin"])
      ui.body.addEventListener(event, ({ target }) => {
        lit = target.closest("[data-pair]")?.dataset.pair;
        ui.redraw();
      });

    return function draw({ scores, weights, output, distance }, { q, k, v }) {
      if (!held) left.fit([q, ...k], 3.25); // or the plane would shrink under your hand
      right.fit(v, 1);
      const [x, y] = left.at(q);
      // At right angles to an edge of the keys' hull, its two ends score highest and alike.
      borders.setAttribute("d", hullEdges(k).map(([[a, b], [c, d]]) => {
        const far = (2 * left.reach) / Math.hypot(c - a, d - b);
        return left.line([0, 0], [(d - b) * far, (a - c) * far]);
      }).join(""));
      query.setAttribute("d", left.line([0, 0], q));
      handle.style.cssText = `left:${50 + x / 3.2}%;top:${50 + y / 3.2}%`;
      hull.setAttribute("d", hullEdges(v).map((edge) => right.line(...edge)).join(""));
      place(result, ...right.at(output));
      PAIRS.forEach((j) => {
        const [kx, ky] = left.at(k[j]), [vx, vy] = right.at(v[j]), gap = 10 + 8 * weights[j], taken = share(weights[j]);
        keys[j].setAttribute("d", `M0 0H${Math.hypot(kx, ky)}m-8-4l8 4l-8 4`);
        keys[j].setAttribute("transform", `rotate(${Math.atan2(ky, kx) * 180 / Math.PI})`);
        place(keyNames[j], kx + 16, ky + (ky < 0 ? 0 : 10));
        strings[j].setAttribute("d", right.line(v[j], output));
        place(values[j], vx, vy);
        place(valueNames[j], vx, vy < 0 ? vy - gap : vy + 10 + gap);
        say(valueNames[j], `${sub("v", j + 1)} ${taken}`);
        say(pairs[j].firstChild, `${sub("k", j + 1)}, ${sub("v", j + 1)}: α = ${short(scores[j])}\nα′ = ${taken}`);
      });
      for (const node of ui.body.querySelectorAll("[data-pair]")) {
        node.style.setProperty("--weight", weights[node.dataset.pair]);
        node.classList.toggle("lit", node.dataset.pair === lit);
      }

      const most = Math.max(...weights), best = PAIRS.filter((j) => weights[j] > most - 1e-9), i = lit ?? best[0];
      const times = (axis) => [q[axis], k[i][axis]].map((f) => (f < 0 ? `(${short(f)})` : short(f))).join("·");
      say(product, `q·${sub("k", +i + 1)} = ${times(0)} + ${times(1)} = ${short(scores[i])}`);
      return `q = ${vector(q)} matches ${best.map((j) => sub("k", j + 1)).join(", ")} best: α′ = ${weights.map(share).join(", ")}. `
        + `The result is ${vector(output)}, inside the hull of the values and ${short(distance)} from the nearest.`;
    };
  },
});
