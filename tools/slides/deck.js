// deck.js: what a deck adds to reveal.js: the theme, type that fits, explorers that keep their keys.
(() => {
  const page = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => { try { return localStorage.theme; } catch { return undefined; } }; // file:// may refuse
  const theme = () => ({ light: "light", dark: "dark" })[chosen()] ?? (dark.matches ? "dark" : "light");
  page.dataset.theme = theme();
  if (!window.Reveal) return; // the index

  const printing = /print-pdf/i.test(location.search);
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
  const slides = [...document.querySelectorAll(".slides section section")];
  deck.classList.add("measuring");
  slides.forEach(fit);
  deck.classList.remove("measuring");

  // ---- Keys: inside an explorer they are the explorer's; Escape and a presenter's Page keys lead out.
  const inExplorer = () => document.activeElement?.closest(".tx");
  addEventListener("keydown", (event) => {
    const leaves = event.key === "Escape" || (/^Page/.test(event.key) && document.activeElement.type !== "range");
    if (!inExplorer() || !leaves) return;
    document.activeElement.blur();
    if (event.key === "Escape") event.stopImmediatePropagation();
  }, { capture: true });

  Reveal.initialize({
    width: 1280, height: 720, margin: 0, minScale: 0.1, maxScale: 4, center: false,
    hash: true, slideNumber: "c/t", transition: "none", backgroundTransition: "none",
    pdfSeparateFragments: false, keyboardCondition: () => !inExplorer(),
    plugins: [window.RevealNotes],
  }).then(() => {
    Reveal.addKeyBinding({ keyCode: 84, key: "T", description: "Dark or light" }, () => {
      page.dataset.theme = page.dataset.theme === "dark" ? "light" : "dark";
      try { localStorage.theme = page.dataset.theme; } catch {} // then for this page alone
    });
    if (!printing) startExplorers(); // paper shows their still twins
    page.dataset.deck = "ready";
  });

  // ---- Explorers: the host of the book's pages; a link to a state leads to the explorer's slide.
  function startExplorers() {
    if (!document.querySelector(".slides div.explorer")) return;
    const sizes = new ResizeObserver((entries) => entries.forEach((entry) => fit(entry.target.closest("section"))));
    document.querySelectorAll(".slides div.explorer").forEach((one) => sizes.observe(one));
    document.body.append(Object.assign(document.createElement("script"), { src: "static_host.js" }));
    new MutationObserver(goToLinked).observe(page, { attributeFilter: ["data-explorers"] });
  }
  function goToLinked() {
    const name = /^#([a-z0-9-]+)=/.exec(location.hash)?.[1];
    const slide = name && document.querySelector(`[data-explorer="${name}"]`)?.closest("section");
    if (!slide) return;
    const { h, v } = Reveal.getIndices(slide);
    Reveal.slide(h, v);
  }
})();
