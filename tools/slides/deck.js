// deck.js: what a deck adds to reveal.js: the theme, type that fits, explorers that keep their keys.
(() => {
  const page = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => { try { return localStorage.theme; } catch { return undefined; } }; // file:// may refuse
  const theme = () => ({ light: "light", dark: "dark" })[chosen()] ?? (dark.matches ? "dark" : "light");
  page.dataset.theme = theme();
  if (!window.Reveal) return; // the index

  const printing = /print-pdf/i.test(location.search);
  const linked = /^#[a-z0-9-]+=/.test(location.hash) ? location.hash : "";
  const deck = document.querySelector(".reveal");

  // ---- Type: a slide's body is made smaller until it fits. What the author wrote is never cut.
  const SMALLEST = 0.4;
  function fit(slide) {
    const inner = slide.querySelector(".fit"), room = inner.parentElement.getBoundingClientRect();
    if (!room.height) return;
    for (let zoom = 1; zoom >= SMALLEST; zoom -= 0.02) {
      inner.style.zoom = zoom;
      const { height } = inner.getBoundingClientRect();
      if (height <= room.height + 1 && inner.scrollWidth <= inner.clientWidth + 1) break;
    }
  }
  deck.classList.add("measuring");
  deck.getBoundingClientRect(); // every slide is laid out, so that its fonts are asked for
  const measured = document.fonts.ready.then(() => {
    document.querySelectorAll(".slides section section").forEach(fit);
    deck.classList.remove("measuring");
  });

  // ---- Keys: inside an explorer they are the explorer's; Escape and a presenter's Page keys lead out.
  const inExplorer = () => document.activeElement?.closest(".tx");
  addEventListener("keydown", (event) => {
    const leaves = event.key === "Escape" || (/^Page/.test(event.key) && document.activeElement.type !== "range");
    if (!inExplorer() || !leaves) return;
    document.activeElement.blur();
    if (event.key === "Escape") event.stopImmediatePropagation();
  }, { capture: true });

  measured.then(() => Reveal.initialize({
    width: 1280, height: 720, margin: 0, minScale: 0.1, maxScale: 4, center: false,
    hash: true, slideNumber: "c/t", transition: "none", backgroundTransition: "none",
    pdfSeparateFragments: false, keyboardCondition: () => !inExplorer(),
    plugins: [window.RevealNotes],
  })).then(() => {
    Reveal.addKeyBinding({ keyCode: 84, key: "T", description: "Dark or light" }, () => {
      page.dataset.theme = page.dataset.theme === "dark" ? "light" : "dark";
      try { localStorage.theme = page.dataset.theme; } catch {} // then for this page alone
    });
    if (!printing) startExplorers(); // paper shows their still twins
    page.dataset.deck = "ready";
  });

  // ---- Explorers: the host of the book's pages. A link to a state, as in the book, leads to the slide;
  // reveal.js has put its own address in place of it by then.
  function startExplorers() {
    if (!document.querySelector(".slides div.explorer")) return;
    Reveal.on("slidechanged", ({ currentSlide }) => currentSlide.querySelector("div.explorer") && fit(currentSlide));
    const sizes = new ResizeObserver((entries) => entries.forEach((entry) => fit(entry.target.closest("section"))));
    document.querySelectorAll(".slides div.explorer").forEach((one) => sizes.observe(one));
    if (linked) history.replaceState(null, "", linked);
    document.body.append(Object.assign(document.createElement("script"), { src: "static_host.js" }));
    new MutationObserver(goToLinked).observe(page, { attributeFilter: ["data-explorers"] });
  }
  function goToLinked() {
    const slide = linked && document.querySelector(`[data-explorer="${linked.slice(1).split("=")[0]}"]`)?.closest("section");
    if (!slide) return;
    const { h, v } = Reveal.getIndices(slide);
    Reveal.slide(h, v);
  }
})();
