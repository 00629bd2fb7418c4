import { dot, short, softmax, sub, vector } from "./core.js";
import { choice, explorer, h, numberGrid, numberInput, say, slider, svg } from "./ui.js";

export function numbers({ q, k, v, base, temperature }) {
  if (!["2", "e"].includes(base) || !(temperature >= 0.05 && temperature <= 5)) throw new RangeError();
  const scores = k.map((key) => dot(q, key));
  const weights = softmax(scores, base === "e" ? Math.E : 2, temperature);
  const output = [0, 1].map((axis) => dot(weights, v.map((value) => value[axis])));
  const distance = Math.min(...v.map((value) => Math.hypot(value[0] - output[0], value[1] - output[1])));
  return { scores, weights, output, distance };
}

const PAIRS = [0, 1, 2, 3], SIDE = 320, MIDDLE = SIDE / 2; // a plane is 320 units wide and high

// The corners of the convex hull, counter-clockwise.
function hullOf(points) {
  const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  const corners = points.filter((a) => points.some((b) => `${a}` !== `${b}` && points.every((c) => turn(a, b, c) >= 0)));
  const [x, y] = [0, 1].map((i) => dot(points.map((p) => p[i]), PAIRS.map(() => 0.25)));
  const angle = (p) => Math.atan2(p[1] - y, p[0] - x);
  return corners.length ? corners.sort((a, b) => angle(a) - angle(b)) : points;
}

// Graph paper that fits the points on it; at() turns a vector into a place on the paper.
function graphPaper(...marks) {
  const grid = svg("path"), ticks = svg("g");
  const paper = {
    picture: svg("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, "aria-hidden": "true" }, grid, ticks, ...marks),
    at: ([x, y]) => [x, -y].map((c) => MIDDLE * (1 + c / paper.reach)),
    line: (...points) => `M${points.map(paper.at).join("L")}`,
    fit(points, least) {
      const reach = paper.reach = Math.max(least, ...points.flat().map((x) => Math.abs(x) + 0.5));
      const step = Math.ceil(reach / 7), lines = [];
      for (let x = step; x < reach; x += step) lines.push(-x, x);
      const cross = (x) => paper.line([x, -reach], [x, reach]) + paper.line([-reach, x], [reach, x]);
      grid.setAttribute("d", lines.map(cross).join(""));
      ticks.replaceChildren(svg("path", { d: cross(0) }), ...lines.flatMap((x) => [[x, 0], [0, x]]).map((point) => {
        const [left, top] = paper.at(point);
        return svg("text", { x: left - 4, y: top + (point[1] ? 4 : 13) }, short(x(point)));
      }));
    },
  };
  const x = (point) => point[0] + point[1];
  return paper;
}

function write(text, words, x, y) {
  text.setAttribute("x", Math.max(30, Math.min(SIDE - 30, x)));
  text.setAttribute("y", y);
  say(text, words);
}

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
    const mark = (looks, tag = "path") => (j) => svg(tag, { class: `tx-qp-${looks}`, "data-pair": j });
    const [keys, strings, values, keyNames, valueNames] = [mark("key"), mark("string"), mark("value", "circle"),
      mark("name", "text"), mark("name", "text")].map((make) => PAIRS.map(make));
    const [borders, query, hull, result] = ["border", "query", "hull", "result"].map((looks) => mark(looks)());
    const b = svg("text"), left = graphPaper(borders, ...keys, query, ...keyNames);
    const right = graphPaper(hull, ...strings, ...values, result, ...valueNames, b);

    // Drag the handle, move it with arrow keys, or press somewhere on the paper.
    let held = false;
    const moveTo = (q, most) => ui.set("q", q.map((x) => Math.max(-most, Math.min(most, x))));
    function follow({ clientX, clientY }) {
      const { x, y, width } = stage.getBoundingClientRect();
      moveTo([clientX - x - width / 2, y + width / 2 - clientY].map((p) => Math.round((40 * p * left.reach) / width) / 20), left.reach);
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
        moveTo(ui.get("q").map((x, i) => x + way[i] * (event.shiftKey ? 1 : 0.25)), 99);
      } }, "q");
    const stage = h("div", { class: "tx-qp-stage", onclick: (event) => event.target !== handle && follow(event) },
      left.picture, handle);

    const pairs = PAIRS.map((j) => h("button", { type: "button", class: "tx-qp-pair", "data-pair": j }, h("span"), h("i")));
    const product = h("p", { class: "tx-qp-product" });
    const entry = (i) => numberInput(ui, { key: "q", path: [i], step: 0.25, label: `q, entry ${i + 1}` });
    const grid = (key, caption) => numberGrid(ui, { key, caption, kind: key, step: 0.5,
      label: (i, j) => `${sub(key, i + 1)}, entry ${j + 1}` });
    ui.body.append(
      h("div", { class: "tx-qp-planes" },
        h("div", {}, "keys k and your query q", stage), h("div", {}, "values v and the result b", right.picture)),
      h("div", { class: "tx-qp-pairs" }, ...pairs), product,
      h("div", { class: "tx-row" },
        h("span", { class: "tx-qp-q" }, "q = (", entry(0), ",", entry(1), ")"),
        choice(ui, { key: "base", legend: "base", options: [["2", "2"], ["e", "e"]] }),
        slider(ui, { key: "temperature", label: "temperature", min: 0.05, max: 5, step: 0.05 })),
      h("details", {}, h("summary", { "data-lm-suppress-shortcuts": "true" }, "Change the pairs"),
        h("div", { class: "tx-row" }, grid("k", "keys k"), grid("v", "values v"))));

    // A pair lights up everywhere while any part of it is pointed at, focused or pressed.
    let lit;
    for (const event of ["pointerover", "focusin", "click"])
      ui.body.addEventListener(event, ({ target }) => {
        lit = target.closest("[data-pair]")?.dataset.pair;
        ui.redraw();
      });

    return function draw({ scores, weights, output, distance }, { q, k, v }) {
      left.fit([q, ...k], held ? left.reach : 3.25);
      right.fit(v, 1);
      const [x, y] = left.at(q), [bx, by] = right.at(output), corners = hullOf(k);
      // At right angles to an edge of the keys' hull, its two ends score alike.
      const border = ([c, d], i) => {
        const [e, f] = corners.at(i - 1), far = (2 * left.reach) / (Math.hypot(c - e, d - f) || 1);
        return left.line([0, 0], [(d - f) * far, (e - c) * far]);
      };
      borders.setAttribute("d", corners.map(border).join(""));
      query.setAttribute("d", left.line([0, 0], q));
      handle.style.cssText = `left:${x / SIDE * 100}%;top:${y / SIDE * 100}%`;
      hull.setAttribute("d", `${right.line(...hullOf(v))}Z`);
      result.setAttribute("d", `M${bx} ${by - 9}l8 9l-8 9l-8-9z`);
      write(b, "b", bx + 15, by + 15);
      PAIRS.forEach((j) => {
        const weight = weights[j], [kx, ky] = left.at(k[j]), [vx, vy] = right.at(v[j]), radius = 4 + 10 * Math.sqrt(weight);
        const turn = Math.atan2(ky - MIDDLE, kx - MIDDLE);
        const barb = (by) => `${kx - 9 * Math.cos(turn + by)} ${ky - 9 * Math.sin(turn + by)}`;
        keys[j].setAttribute("d", `${left.line([0, 0], k[j])}M${barb(0.45)}L${kx} ${ky}L${barb(-0.45)}`);
        keys[j].style.strokeWidth = 1.5 + 3.5 * weight;
        strings[j].setAttribute("d", right.line(v[j], output));
        strings[j].style.strokeWidth = 0.5 + 4 * weight;
        values[j].style.cssText = `cx:${vx}px;cy:${vy}px;r:${radius}px;fill-opacity:${weight}`;
        const [key, value] = [sub("k", j + 1), sub("v", j + 1)], share = short(weight);
        write(keyNames[j], key, kx + 16, ky + (ky < MIDDLE ? 0 : 10));
        write(valueNames[j], `${value} ${share}`, vx, vy + (vy < MIDDLE ? -5 - radius : 15 + radius));
        say(pairs[j].firstChild, `${key}, ${value}: α = ${short(scores[j])}\nα′ = ${share}`);
        pairs[j].lastChild.style.width = `${100 * weight}%`;
      });
      ui.body.classList.toggle("tx-qp-some", lit);
      for (const node of ui.body.querySelectorAll("[data-pair]")) node.classList.toggle("lit", node.dataset.pair === lit);

      const most = Math.max(...weights), best = PAIRS.filter((j) => weights[j] > most - 1e-9), i = lit ?? best[0];
      const times = (axis) => [q[axis], k[i][axis]].map((f) => (f < 0 ? `(${short(f)})` : short(f))).join("·");
      say(product, `q·${sub("k", +i + 1)} = ${times(0)} + ${times(1)} = ${short(scores[i])}`);
      return `q = ${vector(q)} matches ${best.map((j) => sub("k", j + 1)).join(" and ")} best: α′ = ${weights.map((w) => short(w)).join(", ")}. `
        + `The result is ${vector(output)}, inside the hull of the values and ${short(distance)} from the nearest.`;
    };
  },
});
