// cells.js: cells[i][j] to point at, one tab stop. Arrow keys, Home and End move; focus and tap choose
// (the state's [i, j], from 1); a mouse only looks. Returns a function that names the cell to show.
// `size()` rows and columns are in use; `turned()` is true while i runs across.
export function pointAt(ui, { key, cells, size = () => cells.length, turned = () => false }) {
  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -9], End: [0, 9] };
  const within = (at) => Math.min(size(), Math.max(1, Math.round(at)));
  const each = (act) => cells.forEach((row, i) => row.forEach((cell, j) => act(cell, i + 1, j + 1)));
  let looked = null;
  const look = (cell) => { looked = cell; ui.redraw(); };
  each((cell, i, j) => {
    cell.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes the arrow keys
    const choose = () => { looked = null; ui.set(key, [i, j]); };
    Object.assign(cell, {
      tabIndex: -1,
      onfocus: choose,
      onclick: choose,
      onpointerenter: (event) => event.pointerType === "mouse" && look([i, j]),
      onpointerleave: () => look(null),
      onkeydown(event) {
        const move = moves[event.key];
        if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        const [down, right] = turned() ? [move[1], move[0]] : move;
        cells[within(i + down) - 1][within(j + right) - 1].focus();
      },
    });
  });
  ui.onDraw(() => {
    const chosen = String(ui.get(key).map(within));
    each((cell, i, j) => {
      cell.tabIndex = chosen === `${i},${j}` ? 0 : -1;
      cell.setAttribute("aria-selected", cell.tabIndex === 0);
    });
  });
  return () => (looked ?? ui.get(key)).map(within);
}
