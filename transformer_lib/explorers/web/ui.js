// ui.js: what every explorer shares on the page: elements, controls, the frame around them.
import { fmt, short } from "./core.js";

const SVG = "http://www.w3.org/2000/svg";

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes))
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  node.append(...children);
  return node;
}
export const h = (tag, attributes = {}, ...children) =>
  filled(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS(SVG, tag), attributes, children);

// Text is replaced only when it differs, so that a screen reader hears no repeats.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

let count = 0;
export const freshId = () => `tx-${++count}`;

// ---- Controls. Each takes the explorer's `ui`, binds itself to a key of the state and stays in step.

const at = (value, path) => path.reduce((inner, i) => inner[i], value);

function placed(value, [i, ...rest], entry) {
  if (i === undefined) return entry;
  const copy = value.slice();
  copy[i] = placed(copy[i], rest, entry);
  return copy;
}

// A number as a reader may write it: -1, −1, 0.5, 0,5 or 1/2; NaN if it is none.
export function numberIn(text) {
  const [above, below = 1, ...more] = text.replace("−", "-").replace(",", ".").split("/")
    .map((part) => (part.trim() ? Number(part) : NaN));
  return more.length ? NaN : above / below;
}

// One number: typing and arrow keys; an unfinished number leaves the state alone. A text field, since
// phones show no minus sign for a number field.
export function numberInput(ui, { key, path = [], label, step = 1, min = -99, max = 99 }) {
  const input = h("input", {
    type: "text", class: "tx-number", role: "spinbutton", autocomplete: "off", "aria-label": label,
    "aria-valuemin": min, "aria-valuemax": max, title: `a number from ${short(min)} to ${max}`,
    oninput: () => use(numberIn(input.value)),
    onkeydown(event) {
      const by = { ArrowUp: step, ArrowDown: -step }[event.key];
      if (!by) return;
      event.preventDefault();
      use(at(ui.get(key), path) + by);
      show();
    },
    onblur: show,
  });
  function use(x) {
    const good = x >= min && x <= max;
    input.setAttribute("aria-invalid", !good);
    if (good) ui.set(key, placed(ui.get(key), path, x));
  }
  function show() {
    input.value = short(at(ui.get(key), path), 6);
    input.setAttribute("aria-invalid", false);
  }
  ui.onDraw(() => {
    input.setAttribute("aria-valuenow", at(ui.get(key), path));
    if (document.activeElement !== input) show();
  });
  return input;
}

// A matrix or a list of vectors as a grid of number inputs; label(i, j) names each one.
export function numberGrid(ui, { key, caption, label, kind = "", step = 1 }) {
  const rows = ui.get(key).map((row, i) =>
    h("div", { class: "tx-grid-row" },
      ...row.map((_, j) => numberInput(ui, { key, path: [i, j], label: label(i, j), step }))));
  return h("fieldset", { class: `tx-grid ${kind}` }, h("legend", {}, caption), ...rows);
}

export function slider(ui, { key, path = [], label, min, max, step, digits = 2 }) {
  const shown = h("output", { "aria-hidden": "true" });
  const input = h("input", {
    type: "range", min, max, step, "aria-label": label,
    oninput: () => ui.set(key, placed(ui.get(key), path, input.valueAsNumber)),
  });
  ui.onDraw(() => {
    const value = at(ui.get(key), path);
    if (input.valueAsNumber !== value) input.value = value;
    say(shown, short(value, digits));
  });
  return h("label", { class: "tx-slider" }, h("span", { "aria-hidden": "true" }, label), input, shown);
}

export function checkbox(ui, { key, label }) {
  const input = h("input", { type: "checkbox", onchange: () => ui.set(key, input.checked) });
  ui.onDraw(() => (input.checked = ui.get(key)));
  return h("label", { class: "tx-check" }, input, ` ${label}`);
}

// One of a few: options are [value, text] pairs.
export function choice(ui, { key, legend, options }) {
  const name = freshId();
  const inputs = options.map(([value]) =>
    h("input", { type: "radio", name, onchange: () => ui.set(key, value) }));
  ui.onDraw(() => options.forEach(([value], i) => (inputs[i].checked = ui.get(key) === value)));
  return h("fieldset", { class: "tx-choice" }, h("legend", {}, legend),
    ...options.map(([, text], i) => h("label", {}, inputs[i], ` ${text}`)));
}

export const button = (text, onclick) => h("button", { type: "button", class: "tx-button", onclick }, text);

// Back, Next and one sentence a step.
export function stepper(ui, { key, sentences }) {
  const sentence = h("p", { class: "tx-step", role: "status" });
  const clamp = (step) => Math.min(sentences.length - 1, Math.max(0, Math.round(step)));
  const move = (by) => ui.set(key, clamp(ui.get(key) + by));
  const back = button("Back", () => move(-1)), next = button("Next", () => move(1));
  ui.onDraw((numbers) => {
    const step = clamp(ui.get(key)), text = sentences[step];
    back.setAttribute("aria-disabled", step === 0); // not `disabled`: that would drop the focus
    next.setAttribute("aria-disabled", step === sentences.length - 1);
    say(sentence, `Step ${step + 1} of ${sentences.length}. ${typeof text === "function" ? text(numbers) : text}`);
  });
  return h("div", { class: "tx-stepper" }, back, next, sentence);
}

// ---- The frame: title, reset, link to the state, read-out in words, the numbers as hidden tables.

// `build(ui)` puts controls and picture into ui.body and returns draw(numbers, state), which
// paints and returns the read-out sentence; `numbers(state)` is pure; `tables(numbers)` lists
// { caption, columns, rows: [[heading, …numbers]] } for screen readers and tests.
export function explorer({ name, title, keys, numbers, tables, build }) {
  return {
    render({ model, el, signal }) {
      const titleId = freshId(), draws = [];
      const state = () => Object.fromEntries(keys.map((key) => [key, model.get(key)]));
      const start = state();
      const body = h("div", { class: "tx-body" });
      const says = h("p", { class: "tx-says", role: "status" });
      const hidden = h("div", { class: "tx-sr" });
      const link = h("a", { class: "tx-link", href: "#" }, "Link to this state");
      const put = (values) => {
        for (const key of keys) if (key in values) ui.set(key, values[key]);
      };
      const ui = {
        body,
        get: (key) => model.get(key),
        set(key, value) { model.set(key, value); saveSoon(); },
        onDraw: (draw) => draws.push(draw),
        redraw: drawSoon, // for what is no state, such as where the pointer is
      };
      const paint = build(ui);
      const root = h("section", { class: `tx tx-${name}`, "aria-labelledby": titleId, "data-explorer": name },
        h("div", { class: "tx-head" }, h("div", { class: "tx-title", id: titleId }, title),
          button("Reset", reset), ...(model.isStatic ? [link] : [])),
        body, says, hidden);

      let frame = 0, timer = 0;
      function saveSoon() { timer ||= setTimeout(() => { timer = 0; model.save_changes(); }, 60); }
      function drawSoon() { frame ||= requestAnimationFrame(() => { frame = 0; draw(); }); }
      function draw() {
        const now = state(), n = numbers(now);
        for (const one of draws) one(n, now);
        say(says, paint(n, now));
        hidden.replaceChildren(...tables(n).map(table));
        link.href = `#${name}=${encodeURIComponent(JSON.stringify(now))}`;
      }
      function reset() {
        put(start);
        if (location.hash.startsWith(`#${name}=`)) history.replaceState(null, "", location.pathname + location.search);
      }
      function computes(values) {
        try { return Boolean(numbers(values)); } catch { return false; }
      }
      function followLink() {
        if (!location.hash.startsWith(`#${name}=`)) return;
        const values = readState(location.hash.slice(name.length + 2), start);
        if (JSON.stringify({ ...state(), ...values }) === JSON.stringify(state()) && values) {
          says.textContent = "The address of this page holds this state now: copy it from there.";
          return;
        }
        if (values && computes({ ...state(), ...values })) put(values);
        else says.textContent = "The state in this link cannot be read, so the figure stays as it is.";
        root.scrollIntoView({ block: root.offsetHeight > innerHeight ? "start" : "center" });
      }

      // JupyterLab takes arrow keys from any control that does not carry this attribute itself.
      for (const control of root.querySelectorAll("input, button, summary, [tabindex]"))
        control.dataset.lmSuppressShortcuts = "true";
      el.append(root);
      for (const key of keys) model.on(`change:${key}`, drawSoon);
      draw();
      if (model.isStatic) {
        followLink();
        addEventListener("hashchange", followLink, { signal });
      }
      return () => {
        for (const key of keys) model.off(`change:${key}`, drawSoon);
        cancelAnimationFrame(frame);
        clearTimeout(timer);
      };
    },
  };
}

function table({ caption, columns, rows }) {
  return h("table", {}, h("caption", {}, caption),
    h("thead", {}, h("tr", {}, h("td"), ...columns.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, ...rows.map(([heading, ...entries]) =>
      h("tr", {}, h("th", { scope: "row" }, heading),
        ...entries.map((x) => h("td", {}, typeof x === "number" ? fmt(x, 4) : x))))));
}

// The known values in a link, if there are any and each has the form of the one it replaces.
export function readState(text, start) {
  const alike = (x, like) => Array.isArray(like)
    ? Array.isArray(x) && x.length === like.length && x.every((y, i) => alike(y, like[i]))
    : typeof x === typeof like && (typeof x !== "number" || Math.abs(x) <= 999);
  try {
    const values = JSON.parse(decodeURIComponent(text));
    const keys = Object.keys(values).filter((key) => key in start);
    return keys.length && keys.every((key) => alike(values[key], start[key]))
      ? Object.fromEntries(keys.map((key) => [key, values[key]])) : null;
  } catch {
    return null;
  }
}
