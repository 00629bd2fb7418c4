import { fmt, short } from "./core.js";
import { choice, explorer, h, say } from "./ui.js";

// The last moment recorded that is not after `step`, for one number of the record.
export function numbers({ step, number, _record: record }) {
  const moment = record.steps.findLastIndex((at) => at <= step), which = record.numbers.indexOf(Number(number));
  if (moment < 0 || which < 0) throw RangeError();
  const [written, weights] = [record.written, record.weights].map((all) => all[moment][which]);
  const german = record.german[which], english = record.english[which];
  return { moment, shown: record.steps[moment], exact: record.exact[moment], german, english, written, weights,
    right: String(written) === String([...english, "<end>"]) };
}

const thousands = (n) => `${n}`.replace(/\B(?=\d{3}$)/, ",");
const percent = (x) => (x > 0.999 && x < 1 ? ">99.9%" : `${short(100 * x, x > 0.95 ? 2 : 0)}%`);
// What is written, without its end; one word again and again is cut short.
function said(written) {
  const words = written.filter((word) => word !== "<end>");
  return words.length > 3 && new Set(words).size === 1 ? `${words[0]} ${words[0]} ${words[0]} …` : words.join(" ");
}
const most = (row) => row.indexOf(Math.max(...row));

function lookInWords({ weights, written, german }) {
  if (german.length < 2) return " There is one word to read, so every weight is 1.";
  const rows = written.map((word, i) => [word, german[most(weights[i])], Math.max(...weights[i])])
    .filter(([, , x]) => x * german.length > 1.2); // a row is nearly even if its largest is no more than this
  if (!rows.length) return ` Each row is nearly even: about ${short(1 / german.length, 2)} each.`;
  const looks = rows.slice(0, 3).map(([word, key, x], i) => `“${word}” ${i ? "" : "looks most "}at ${key} (${short(x, 2)})`);
  return ` ${looks.join(", ")}${rows.length > 3 ? " …" : "."}`;
}

const frame = (record) => explorer({
  name: "recorded-training",
  title: "A training, moment by moment",
  keys: ["step", "number"],
  numbers: (state) => numbers({ ...state, _record: record }),
  tables: (n) => [
    { caption: "Where each word written looks", columns: n.german, rows: n.written.map((word, i) => [word, ...n.weights[i]]) },
    { caption: "The moment", columns: ["steps", "exact match"], rows: [["now", n.shown, n.exact]] },
  ],
  build(ui) {
    const quiet = (kind, ...inside) => h("div", { class: `tx-rt-${kind}`, "aria-hidden": "true" }, ...inside);
    const bars = record.steps.map((step, i) =>
      h("div", { class: "tx-rt-moment", onclick: () => ui.set("step", step) }, // the slider does it too
        h("i", { style: `--x:${record.exact[i]}` }), h("span", {}, step)));
    const range = h("input", { type: "range", min: 0, max: record.steps.length - 1, step: 1, "aria-label": "steps of training",
      oninput: () => ui.set("step", record.steps[range.valueAsNumber]) });
    const task = quiet("task"), badge = quiet("badge"), grid = quiet("grid");

    ui.body.append(
      choice(ui, { key: "number", legend: "number", options: record.numbers.map((n) => [`${n}`, thousands(n)]) }),
      h("div", { class: "tx-rt-time" },
        quiet("caption", "exact match on 2,000 held-out numbers, by step of training; the line above is 100%"), quiet("bars", ...bars), range),
      h("div", { class: "tx-rt-head" }, task, badge), grid);

    const cell = (x) => {
      const text = fmt(x), node = x < 1 ? quiet("cell", h("span", {}, "0"), text.slice(1)) : quiet("cell", "1");
      node.style.setProperty("--k", x);
      return node;
    };

    return function draw(n, { number }) {
      if (range.valueAsNumber !== n.moment) range.value = n.moment;
      range.setAttribute("aria-valuetext", `${n.shown} steps, exact match ${percent(n.exact)}`);
      bars.forEach((bar, i) => bar.classList.toggle("tx-rt-now", i === n.moment));
      task.replaceChildren(h("b", {}, n.german.join(" ")), ` → ${said(n.written) || "(nothing)"}`);
      say(badge, n.right ? "✓ right" : `✗ should be: ${n.english.join(" ")}`);
      badge.classList.toggle("tx-rt-wrong", !n.right);
      grid.style.setProperty("--keys", n.german.length);
      grid.style.setProperty("--rows", n.english.length + 1);
      grid.replaceChildren(
        quiet("row", quiet("query"), ...n.german.map((word) => quiet("key", h("span", {}, word)))),
        ...n.written.map((word, i) => quiet("row", quiet("query", word), ...n.weights[i].map(cell))));
      const words = said(n.written);
      return `After ${n.shown} steps ${percent(n.exact)} of the held-out numbers come out right. ${thousands(number)} is written ${
        words ? `“${words}”` : "as nothing"}, which is ${n.right ? "right" : "wrong"}.${lookInWords(n)}`;
    };
  },
});

export default { render: (context) => frame(context.model.get("_record")).render(context) };
