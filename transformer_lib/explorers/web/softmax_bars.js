import { share, short, softmax, sub } from "./core.js";
import { choice, explorer, h, say, slider } from "./ui.js";

const names = ["first", "second", "third"];

// A base of "2", "e" or "10"; the state holds the text, so that e stays exact.
const baseOf = (text) => (text === "e" ? Math.E : Number(text));

export function numbers({ scores, base, temperature }) {
  return { scores, weights: softmax(scores, baseOf(base), temperature) };
}

export default explorer({
  name: "softmax-bars",
  title: "Three scores become three weights",
  keys: ["scores", "base", "temperature"],
  numbers,
  tables: ({ scores, weights }) => [{
    caption: "Scores and their weights",
    columns: scores.map((_, i) => sub("", i + 1)),
    rows: [["score", ...scores], ["weight", ...weights]],
  }],
  build(ui) {
    const bars = ui.get("scores").map((_, i) => {
      const fill = h("div", { class: "tx-bar-fill" }), value = h("span", { class: "tx-bar-value" });
      ui.body.append(h("div", { class: "tx-bar-row" },
        slider(ui, { key: "scores", path: [i], label: `${names[i]} score`, min: -4, max: 4, step: 0.5 }),
        h("div", { class: "tx-bar", "aria-hidden": "true" }, fill, value)));
      return { fill, value };
    });
    ui.body.append(h("div", { class: "tx-row" },
      choice(ui, { key: "base", legend: "base", options: [["2", "2"], ["e", "e"], ["10", "10"]] }),
      slider(ui, { key: "temperature", label: "temperature", min: 0.1, max: 5, step: 0.1 })));

    return function draw({ weights }) {
      weights.forEach((weight, i) => {
        bars[i].fill.style.width = `${100 * weight}%`;
        say(bars[i].value, share(weight));
      });
      const most = Math.max(...weights);
      const top = names.filter((_, i) => most - weights[i] < 1e-9);
      return `The weights are ${weights.map(share).join(", ")}, and they sum to 1. `
        + (top.length > 1 ? `The ${top.join(" and ")} take ${share(most)} each.` : `The ${top[0]} takes most.`);
    };
  },
});
