import { project, short, sub, transpose, vector } from "./core.js";
import { checkbox, explorer, h, numberInput, say } from "./ui.js";

// One row a token; `product` is W₂W₁, to which both layers shrink without ReLU.
export function numbers({ x, w_1, w_2, relu }) {
  const wide = project(x, w_1);
  const hidden = wide.map((row) => row.map((z) => (relu ? Math.max(z, 0) : z)));
  return { wide, hidden, output: project(hidden, w_2), product: project(w_2, transpose(w_1)) };
}

const two = [0, 1], four = [0, 1, 2, 3];
const same = (x, y) => JSON.stringify(x) === JSON.stringify(y);
const list = (items) => items.join(", ").replace(/, ([^,]*)$/, " and $1");
const columns = (tokens) =>
  tokens.length === 4 ? "all four columns" : `column${tokens[1] ? "s" : ""} ${list(tokens.map((t) => t + 1))}`;

// A number in little room.
const fitted = (x, room) => [3, 2, 1, 0].map((digits) => short(x, digits)).find((text) => text.length <= room)
  ?? x.toExponential(0).replace("e+", "e").replace("-", "−");

// What an edit did: `was` is the state and the numbers before it.
function effect(was, n, state) {
  const edited = four.filter((t) => !same(was.state.x[t], state.x[t]));
  const moved = four.filter((t) => !same(was.n.output[t], n.output[t]));
  const still = four.filter((t) => !moved.includes(t));
  const [t] = edited, weights = !same(was.state.w_1, state.w_1) || !same(was.state.w_2, state.w_2);
  if (edited.length === 1 && !weights) {
    const y = sub("y", t + 1), now = vector(n.output[t]);
    return `You changed ${sub("x", t + 1)}: ${moved.length ? `${y} alone moves, to ${now}` : `${y} stays ${now}`}. `
      + `The other three columns keep every digit: no token sees another.`;
  }
  if (edited.length) return `You changed ${edited.length > 1 ? "tokens" : "a token and weights"}: ${columns(moved)} moved.`;
  const units = four.filter((u) => !same(was.state.w_1[u], state.w_1[u])
    || two.some((r) => was.state.w_2[r][u] !== state.w_2[r][u]));
  const unit = `unit ${list(units.map((u) => u + 1))}`;
  const off = still.filter((s) => units.every((u) => !was.n.hidden[s][u] && !n.hidden[s][u]));
  return `You changed a weight of ${unit}: ${moved.length ? `${columns(moved)} move${moved[1] ? "" : "s"}` : "no column moves"}`
    + (!still.length ? ", because every token goes through the same weights."
      : off.length === still.length ? `. In ${columns(still)} that unit is off before and after, so the weight has no say there.`
      : `. In ${columns(still)} it meets a 0.`);
}

function finding(n, { relu }) {
  if (!relu) return `Without ReLU no unit is ever off, and the two layers are one matrix, W₂W₁, with the rows ${
    n.product.map((row) => vector(row)).join(" and ")}: it alone makes every y.`;
  const on = n.wide.map((row) => four.filter((u) => row[u] > 0).map((u) => u + 1).join(", ") || "none");
  return on.every((units) => units === on[0]) ? `All four tokens switch on the same units: ${on[0]}.`
    : `The same weights, yet each token switches on units of its own: ${
      on.map((units, t) => `${sub("x", t + 1)} ${units}`).join("; ")}.`;
}

export default explorer({
  name: "shared-ffn",
  title: "One network, a column for each token",
  keys: ["x", "w_1", "w_2", "relu"],
  numbers,
  tables: (n) => [
    ...[["Before ReLU", n.wide], ["Hidden units", n.hidden], ["Output", n.output]].map(([caption, rows]) => ({
      caption, columns: rows[0].map((_, u) => `entry ${u + 1}`), rows: rows.map((row, t) => [`token ${t + 1}`, ...row]) })),
    { caption: "W₂W₁", columns: ["column 1", "column 2"], rows: n.product.map((row, r) => [`row ${r + 1}`, ...row]) },
  ],
  build(ui) {
    // Every piece has its place in the grid: row r, or row n where it is narrow; column c, from 0 for the weights.
    const put = (kind, r, c, node = h("div", { "aria-hidden": "true" }), n = r) => {
      node.className += ` tx-sf-${kind}`;
      node.style = `--r: ${r}; --n: ${n}; --c: ${c + 1}`;
      return node;
    };
    const picture = h("div", { class: "tx-sf-picture" });
    const add = (...place) => { const node = put(...place); picture.append(node); return node; };
    const note = (kind, r, text) => add(kind, r, 0, h("div", { "aria-hidden": "true" }, ...text));
    const weights = (key, name, rows, units, r) => four.slice(0, rows).forEach((i) => {
      add("band", r + i, 0, h("div", { "aria-hidden": "true" }, ...(key === "w_1" ? [h("span", {}, "unit "), i + 1] : [])));
      add(`w tx-sf-${key}`, r + i, 0, h("div", {}, ...units.map((j) => numberInput(ui, {
        key, path: [i, j], label: `${name}, row ${i + 1}, column ${j + 1}` }))));
    });

    const cards = four.map((t) => add("card", 1, t + 1));
    four.forEach((t) => say(add("name", 1, t + 1), sub("x", t + 1)));
    note("tokens", 2, ["four tokens,", h("br"), "a column each"]);
    four.forEach((t) => two.forEach((d) => add("x", 2 + d, t + 1, h("div", {}, numberInput(ui, {
      key: "x", path: [t, d], label: `${sub("x", t + 1)}, entry ${d + 1}`, step: 0.5 })))));
    note("caption", 4, [h("b", {}, "W₁"), " shared"]);
    add("relu", 4, 1, checkbox(ui, { key: "relu", label: "ReLU: below 0 is off" }));
    weights("w_1", "W₁", 4, two, 5);
    const units = four.map((t) => four.map((u) => add("unit", 5 + u, t + 1)));
    note("caption", 9, [h("b", {}, "W₂"), " shared"]);
    weights("w_2", "W₂", 2, four, 10);
    const outputs = four.map((t) => two.map((d) => add("y", 10 + d, t + 1, undefined, 12 + d)));
    four.forEach((t) => say(add("name", 12, t + 1, undefined, 14), sub("y", t + 1)));
    const tags = four.map((t) => add("tag", 13, t + 1, undefined, 15));
    ui.body.append(picture);

    // An edit is compared with what stood before its field was entered.
    let first, was, last, entered = false;
    ui.body.addEventListener("focusin", () => { entered = true; });

    return function draw(n, state) {
      first ??= state;
      if (last && entered && !same(last.state, state)) [was, entered] = [last, false];
      if (same(state, first) || (was && was.state.relu !== state.relu)) was = undefined;
      last = { n, state };

      const top = Math.max(1e-9, ...n.hidden.flat().map(Math.abs));
      four.forEach((t) => {
        const ago = was && was.n, moved = ago && !same(ago.output[t], n.output[t]);
        cards[t].classList.toggle("tx-sf-moved", Boolean(moved));
        say(tags[t], !was ? "" : moved ? "new" : "same");
        units[t].forEach((cell, u) => {
          const z = n.wide[t][u], off = state.relu && z <= 0;
          const before = off && z ? fitted(z, 5) : "", text = before + fitted(n.hidden[t][u], 6);
          if (cell.textContent !== text) cell.replaceChildren(...(before ? [h("s", {}, before)] : []), text.slice(before.length));
          cell.style.setProperty("--k", Math.abs(n.hidden[t][u]) / top);
          cell.classList.toggle("tx-sf-off", off);
          cell.classList.toggle("tx-sf-new", Boolean(ago) && ago.hidden[t][u] !== n.hidden[t][u]);
        });
        outputs[t].forEach((cell, d) => {
          say(cell, fitted(n.output[t][d], 6));
          cell.classList.toggle("tx-sf-new", Boolean(ago) && ago.output[t][d] !== n.output[t][d]);
        });
      });
      return was ? effect(was, n, state) : finding(n, state);
    };
  },
});
