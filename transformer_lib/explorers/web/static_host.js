// static_host.js: brings the explorers of a built page to life, with no kernel and no network.
// MyST-NB writes the widgets' saved state and views into the page; this runs their code from there.
// A classic deferred script, not a module: browsers refuse module files on file:// pages.
(async () => {
  const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';

  // The part of anywidget's model that works without a kernel.
  class Model {
    isStatic = true;
    #state;
    #listeners = new Map();
    constructor(state) { this.#state = state; }
    get(key) { return this.#state[key]; }
    set(key, value) {
      if (Object.is(this.#state[key], value)) return;
      this.#state[key] = value;
      for (const listener of this.#listeners.get(`change:${key}`) ?? []) listener(this, value);
    }
    on(event, listener) {
      if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
      this.#listeners.get(event).add(listener);
    }
    off(event, listener) { this.#listeners.get(event)?.delete(listener); }
    save_changes() {} // nowhere to save to
  }

  const modules = new Map(); // explorers of one kind share their code
  function load(code) {
    if (!modules.has(code)) {
      const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
      modules.set(code, import(url).finally(() => URL.revokeObjectURL(url)));
    }
    return modules.get(code);
  }

  const styles = new Set();
  function addStyle(css) {
    if (!css || styles.has(css)) return;
    styles.add(css);
    document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  }

  async function show(view, saved) {
    const el = document.createElement("div");
    view.before(el);
    if (!saved?._esm) {
      el.textContent = "This control needs a running notebook.";
      return;
    }
    try {
      addStyle(saved._css);
      const { default: widget } = await load(saved._esm);
      await widget.render({ model: new Model({ ...saved }), el, signal: new AbortController().signal });
      view.parentElement.classList.add("explorer-alive"); // its still twin steps back
    } catch (error) {
      console.error(error);
      el.textContent = "This explorer did not start in your browser; the figure below shows its first state.";
    }
  }

  const states = {};
  for (const script of document.querySelectorAll(STATE)) Object.assign(states, JSON.parse(script.textContent).state);
  for (const view of document.querySelectorAll(VIEW))
    await show(view, states[JSON.parse(view.textContent).model_id]?.state);
  document.documentElement.dataset.explorers = "ready";
})();
