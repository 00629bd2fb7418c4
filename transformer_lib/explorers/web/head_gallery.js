import { fmt, share, short, softmax } from "./core.js";
import { checkbox, choice, explorer, freshId, h, say, slider } from "./ui.js";

const MOST = 8; // letters of a text, after the mark ^
const sumOf = (list) => list.reduce((x, y) => x + y, 0);
const isLetter = (n) => Number.isInteger(n) && n >= 0 && n <= 26;
const letterOf = (n) => (n ? String.fromCharCode(96 + n) : "");
const withMark = (letters) => [0, ...letters.filter(Boolean)]; // 0 is the mark, which has no letter

// The score of key j for query i, before the mask; `slots` say which letter layer 1 left where.
const SCORES = {
  previous: (text, i, j) => (j === i - 1 ? 1 : 0),
  first: (text, i, j) => (j === 0 ? 1 : 0),
  same: (text, i, j) => (text[i] && text[i] === text[j] ? 1 : 0),
  uniform: () => 0,
  induction: (text, i, j, slots) => (text[i] ? slots[j][text[i] - 1] : 0) + (j === 0 ? 0.5 : 0),
};

function mapOf(kind, text, sharpness, slots) {
  return text.map((_, i) => {
    const row = softmax(text.slice(0, i + 1).map((_, j) => sharpness * SCORES[kind](text, i, j, slots)), 2);
    return text.map((_, j) => row[j] ?? 0);
  });
}

// What arrives of each of 26 letters; the mark has none.
const brought = (weights, text, by = 0) => weights.map((row) =>
  Array.from({ length: 26 }, (_, l) => sumOf(row.map((x, j) => (text[j] && (text[j] - 1 + by) % 26 === l ? x : 0)))));

export function numbers({ head, letters, moves, sharpness, layer_1, layer_2, row }) {
  if (!SCORES[head] || !/^(letter|next)$/.test(moves) || !letters.every(isLetter)) throw RangeError();
  if (!(sharpness >= 0 && sharpness <= 10 && row >= 1 && row <= MOST + 1)) throw RangeError();
  const text = withMark(letters), two = head === "induction", maps = [];
  let slots;
  if (two) {
    maps.push(mapOf("previous", text, sharpness));
    slots = brought(maps[0], text).map((slot) => slot.map((x) => (layer_1 ? x : 0)));
  }
  maps.push(mapOf(head, text, sharpness, slots));
  const on = two ? layer_2 : layer_1;
  const output = brought(maps.at(-1), text, moves === "next" ? 1 : 0).map((b) => b.map((x) => (on ? x : 0)));
  const reads = output.map((b) => b.findIndex((x) => x > 0.5 + 1e-9) + 1);
  return { maps, output, arrives: output.map(sumOf), reads,
    right: reads.filter((one, i) => i + 1 < text.length && one === text[i + 1]).length };
}

const placeOf = (text, j) => `${letterOf(text[j]) || "^"} at place ${j + 1}`;
const present = (output) => Array.from({ length: 26 }, (_, l) => l).filter((l) => output.some((b) => b[l] > 0));

function inWords({ maps, output, arrives, reads, right }, { head, moves, layer_1, layer_2, letters }, i) {
  const text = withMark(letters), weights = maps.at(-1)[i], two = head === "induction";
  if (!(two ? layer_2 : layer_1))
    return `${two ? "Layer 2" : "The head"} is off. Its map is what it was, but nothing is moved: no letter arrives anywhere.`;
  const most = Math.max(...weights), tops = weights.flatMap((x, j) => (x > most - 0.002 && j <= i ? [j] : []));
  const looks = `Place ${i + 1} gives ${tops[1] === undefined ? `${share(most)} to ${placeOf(text, tops[0])}`
    : `${short(most, 2)} to each of ${tops.length} places`}. `;
  const read = reads[i] ? `What arrives is ${share(output[i][reads[i] - 1])} ${letterOf(reads[i])}: it is read off. `
    : most > 0.5 && tops.length === 1 && tops[0] === 0 ? `The mark’s value is 0, so ${arrives[i] < 0.0005 ? "nothing" : `only ${share(arrives[i])} of a letter`} arrives: a large weight on nothing. `
    : "No letter arrives with more than 0.5, so none is read off. ";
  const why = two && !layer_1 ? `Layer 1 is off: no slot is filled, so layer 2 finds nothing${most > 0.5 ? " and rests on the mark" : ""}.`
    : moves === "next" ? "The map is the same as for copying: what is moved is another matter."
    : two && text[2] ? `Of the ${text.length - 1} letters of this text, ${right} ${right === 1 ? "is" : "are"} foretold.` : "";
  return looks + read + why;
}

export default explorer({
  name: "head-gallery",
  title: "A gallery of heads set by hand",
  keys: ["head", "letters", "moves", "sharpness", "layer_1", "layer_2", "row"],
  numbers,
  tables({ maps, output, reads }) {
    const places = output.map((_, i) => `place ${i + 1}`), seen = present(output);
    return [
      ...maps.map((rows, m) => ({ caption: maps[1] ? `Weights of layer ${m + 1}` : "Weights", columns: places,
        rows: rows.map((row, i) => [places[i], ...row]) })),
      { caption: "What arrives", columns: [...seen.map((l) => letterOf(l + 1)), "read off"],
        rows: output.map((b, i) => [places[i], ...seen.map((l) => b[l]), letterOf(reads[i]) || "none"]) },
    ];
  },
  build(ui) {
    const nine = Array.from({ length: MOST + 1 }, (_, i) => i), name = freshId();
    const quiet = (kind, ...inside) => h("div", { class: `tx-hg-${kind}`, "aria-hidden": "true" }, ...inside);
    const field = h("input", { type: "text", class: "tx-hg-text", autocomplete: "off", autocapitalize: "none",
      spellcheck: "false", "aria-label": `text of up to ${MOST} letters, only a to z`,
      oninput({ isComposing }) {
        const kept = field.value.toLowerCase().replace(/[^a-z]/g, "").slice(0, MOST);
        if (field.value !== kept && !isComposing) field.value = kept; // other signs take up no place
        const codes = [...kept].map((c) => c.charCodeAt(0) - 96);
        ui.set("letters", nine.slice(1).map((i) => codes[i - 1] ?? 0));
        ui.set("row", codes.length + 1);
      },
      onblur: () => ui.redraw() });

    // The text as tiles: which position is in view, and under each what is read off there.
    const radios = nine.map((i) => h("input", { type: "radio", name, onchange: () => ui.set("row", i + 1) }));
    const faces = nine.map(() => h("span", {})), under = nine.map(() => quiet("read"));
    const tiles = nine.map((i) => h("div", { class: "tx-hg-tile" }, h("label", {}, radios[i], faces[i]), under[i]));

    const made = [0, 1].map(() => {
      const heads = nine.map(() => quiet("name")), asks = nine.map(() => quiet("name"));
      const cells = nine.map(() => nine.map(() => quiet("cell")));
      const rows = nine.map((i) => h("div", { class: "tx-hg-row", "aria-hidden": "true", onclick: () => ui.set("row", i + 1) },
        asks[i], ...cells[i]));
      const title = quiet("title"), top = quiet("row", quiet("name"), ...heads);
      const slots = nine.map(() => quiet("name")), filled = quiet("row", quiet("name", "slot"), ...slots);
      filled.classList.add("tx-hg-slots");
      return { title, heads, asks, cells, rows, slots, node: quiet("map", title, top, filled, ...rows), filled };
    });
    const bars = nine.map(() => {
      const label = quiet("name"), bar = quiet("bar"), x = quiet("number");
      return { label, bar, x, node: quiet("arrival", label, quiet("track", bar), x) };
    });
    const first = checkbox(ui, { key: "layer_1", label: "" }), second = checkbox(ui, { key: "layer_2", label: "layer 2 on" });
    const its = first.appendChild(h("span", {}));
    const arrivals = quiet("arrivals", quiet("title", "what arrives there"), ...bars.map((one) => one.node));

    ui.body.append(
      choice(ui, { key: "head", legend: "head", options: [["previous", "previous"], ["first", "first place"],
        ["same", "same letter"], ["uniform", "uniform"], ["induction", "induction (two layers)"]] }),
      h("div", { class: "tx-row" }, h("label", { class: "tx-hg-field" }, h("span", { "aria-hidden": "true" }, "text ^"), field, h("span", { "aria-hidden": "true" }, "only a to z")),
        choice(ui, { key: "moves", legend: "what is moved", options: [["letter", "the letter"], ["next", "the next in the alphabet"]] })),
      h("div", { class: "tx-row" }, slider(ui, { key: "sharpness", label: "sharpness", min: 0, max: 10, step: 0.5 }),
        first, second),
      quiet("title", "Choose a place. Below each: the letter read off there, ✓ if it comes next."),
      h("div", { class: "tx-hg-tiles", role: "radiogroup", "aria-label": "position in view" }, ...tiles),
      h("div", { class: "tx-hg-picture" }, ...made.map((one) => one.node), arrivals));

    return function draw(n, state) {
      const text = withMark(state.letters), N = text.length, i = Math.min(state.row, N) - 1;
      const face = (j) => letterOf(text[j]) || "^";
      if (document.activeElement !== field) field.value = text.map(letterOf).join("");
      second.hidden = !n.maps[1]; // one head has no second layer
      say(its, n.maps[1] ? "layer 1 on" : "head on");
      nine.forEach((j) => {
        tiles[j].hidden = j >= N;
        radios[j].checked = j === i;
        tiles[j].classList.toggle("tx-hg-here", j === i);
        if (j >= N) return;
        say(faces[j], face(j));
        radios[j].setAttribute("aria-label", `place ${j + 1}, ${face(j)}, ${n.reads[j] ? `${letterOf(n.reads[j])} is read off` : "nothing is read off"}`);
        const hit = n.reads[j] && n.reads[j] === text[j + 1];
        say(under[j], n.reads[j] ? `${letterOf(n.reads[j])}${hit ? " ✓" : ""}` : "–");
      });
      made.forEach((one, m) => {
        const table = n.maps[m];
        one.node.hidden = !table;
        if (!table) return;
        const off = !(m ? state.layer_2 : state.layer_1);
        say(one.title, (n.maps[1] ? ["layer 1: one back", "layer 2: induction"][m] : "weights α′") + (off ? " (off)" : ""));
        one.node.style.setProperty("--n", N);
        one.node.classList.toggle("tx-hg-off", off);
        one.filled.hidden = m === 0;
        nine.forEach((r) => {
          one.rows[r].hidden = one.heads[r].hidden = one.slots[r].hidden = r >= N;
          one.rows[r].classList.toggle("tx-hg-here", r === i);
          if (r >= N) return;
          say(one.heads[r], face(r));
          say(one.asks[r], face(r));
          say(one.slots[r], state.layer_1 && r && n.maps[0][r][r - 1] > 0.5 ? letterOf(text[r - 1]) || "–" : "–");
          nine.forEach((j) => {
            const cell = one.cells[r][j], x = table[r][j];
            cell.hidden = j >= N;
            cell.classList.toggle("tx-hg-later", j > r);
            say(cell, j > r ? "" : x > 0.995 ? "1" : fmt(x ?? 0).replace("0.", ".").replace(".00", "0"));
            cell.style.setProperty("--k", j > r ? 0 : x ?? 0);
          });
        });
      });
      const seen = present(n.output);
      bars.forEach(({ label, bar, x, node }, k) => {
        node.hidden = k >= Math.max(1, seen.length);
        const value = seen.length ? n.output[i][seen[k]] ?? 0 : 0;
        say(label, seen.length ? letterOf((seen[k] ?? 0) + 1) : "–");
        say(x, short(value));
        bar.style.inlineSize = `${100 * value}%`;
      });
      return inWords(n, state, i);
    };
  },
});
