"""One computation in two conventions: every matrix in rows or in columns, an entry traced through."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyBboxPatch, Rectangle
from numpy.typing import NDArray

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.plots.grid import readable
from transformer_lib.shapes import Array
from transformer_lib.steps import AttentionSteps

_SIDE, _OVER, _CAPTION, _GAP = 1.05, 0.8, 1.0, 0.3  # room beside, over and under a matrix, in cells
_INCH = 0.31  # the height of a cell
_ROWS_NOTE, _COLUMNS_NOTE = "query i ↓  key j →", "key j ↓  query i →"
_TURNED = {"left": "top", "right": "bottom", "": "", _ROWS_NOTE: _COLUMNS_NOTE}


class _Block(NamedTuple):
    """A matrix as it stands on the card: numbers, colours, marked cells, and a text for each vector."""

    values: Array
    faces: NDArray[np.float64]  # (rows, columns, 3)
    lit: NDArray[np.bool_]
    edge: str  # the colour of the mark; that of the number, if empty
    name: str
    texts: Sequence[str] = ()
    side: str = ""  # where the texts stand
    note: str = ""  # what its rows and its columns are

    def turned(self) -> "_Block":
        """Turn it over, texts and all."""
        return self._replace(
            values=self.values.T,
            faces=self.faces.swapaxes(0, 1),
            lit=self.lit.T,
            side=_TURNED[self.side],
            note=_TURNED[self.note],
        )

    def size(self) -> tuple[float, float]:
        """Width and height with the texts and the caption, in cells."""
        height, width = self.values.shape
        return (
            width + _SIDE * (self.side in ("left", "right")),
            height + _OVER * (self.side in ("top", "bottom")) + _CAPTION + 0.6 * bool(self.note),
        )


def convention(
    steps: AttentionSteps,
    title: str,
    *,
    form: str = "rows",
    cell: tuple[int, int] = (1, 2),
    axis: str = "keys",
) -> Figure:
    """Draw scores, weights and outputs as products of matrices, in rows or in columns.

    `steps` holds one vector a row, whatever the form. `cell` is the query i and the key j to trace,
    from 1. `axis` says over what softmax has run: each query's "keys", or each key's "queries", which
    is the mistake.
    """
    rows = form == "rows"
    i, j = cell[0] - 1, cell[1] - 1
    score, output = ("S", "B") if rows else ("A", "O")
    along = "row" if rows == (axis == "keys") else "column"

    q = _vectors(steps.q, "q", "Q", "left", i, style.QUERY)
    k = _vectors(steps.k, "k", "Kᵀ", "left", j, style.KEY)
    v = _vectors(steps.v, "v", "V", "right", j, style.VALUE)
    b = _vectors(steps.output, "b", output, "right", i, style.OUTPUT)
    limit = 2 * float(abs(steps.scores).max()) or 1.0
    s = _square(steps.scores, steps.scores / limit + 0.5, style.SCORES_MAP, score, (i, j))
    w = _square(steps.weights, steps.weights, style.WEIGHTS_MAP, "A′", (i, j))
    w = w._replace(texts=[f"Σ {style.short(x, 2)}" for x in steps.weights.sum(axis=1)], side="right")

    first = (q, k.turned(), s) if rows else (k, q.turned(), s.turned())
    second = (w, v, b) if rows else (v.turned(), w.turned(), b.turned())
    (width_1, height_1), (width_2, height_2) = _room(*first), _room(*second)
    width = max(width_1, width_2)
    figure, axes = card(title, height=_INCH * (height_1 + height_2 + 0.4) + 0.3)
    axes.set(xlim=(-0.15, width + 0.15), ylim=(height_1 + height_2 + 0.4, -0.1))
    axes.set_axis_off()

    at = 0.0 if rows else 1.0  # in columns the stages stand flush right, as vectors go down the page
    _draw_stage(axes, first, at * (width - width_1), 0.0, "S = QKᵀ" if rows else "A = KᵀQ")
    corner = f"A′ = softmax of {score}\nover each {along}\n\n{'B = A′V' if rows else 'O = VA′'}"
    corners = _draw_stage(axes, second, at * (width - width_2), height_1 + 0.4, corner)
    _draw_band(axes, corners[0 if rows else 1], len(steps.q), along, i if axis == "keys" else j, axis)
    figure.alt = _alt(title, steps, form, cell, along)
    return figure


def _vectors(x: Array, letter: str, name: str, side: str, at: int, colour: str) -> _Block:
    """Colour one matrix of vectors, row `at` marked."""
    tint = 0.1 * np.array(to_rgb(colour)) + 0.9
    lit = np.zeros(x.shape, dtype=bool)
    lit[at] = True
    texts = [style.sub(letter, i + 1) for i in range(len(x))]
    return _Block(x, np.broadcast_to(tint, (*x.shape, 3)), lit, colour, name, texts, side)


def _square(x: Array, level: Array, colours: str, name: str, at: tuple[int, int]) -> _Block:
    """Colour scores or weights by their level from 0 to 1, one entry marked."""
    lit = np.zeros(x.shape, dtype=bool)
    lit[at] = True
    return _Block(x, colormaps[colours](level)[..., :3], lit, "", name, note=_ROWS_NOTE)


def _room(left: _Block, top: _Block, main: _Block) -> tuple[float, float]:
    """Width and height of a stage: left · top = main, with main where their lines cross."""
    return (
        left.size()[0] + _GAP + max(top.size()[0], main.size()[0]),
        top.size()[1] + max(left.size()[1], main.size()[1]),
    )


def _draw_stage(
    axes: Axes, stage: tuple[_Block, _Block, _Block], x: float, y: float, formula: str
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Draw the three matrices, the formula in the free corner; give where left and top begin."""
    left, top, _ = stage
    x_main, y_main = x + left.size()[0] + _GAP, y + top.size()[1]
    at_left = x + _SIDE * (left.side == "left"), y_main
    at_top = x_main, y + _OVER * (top.side == "top")
    for block, (x_block, y_block) in zip(stage, (at_left, at_top, (x_main, y_main)), strict=True):
        _draw_block(axes, block, x_block, y_block)
    axes.text(at_left[0], y_main - 0.55, formula, ha="left", va="bottom", fontsize=11, fontweight="bold")
    return at_left, at_top


def _draw_block(axes: Axes, block: _Block, x: float, y: float) -> None:
    height, width = block.values.shape
    for (r, c), value in np.ndenumerate(block.values):
        face, ink = block.faces[r, c], readable(block.faces[r, c])
        axes.add_patch(
            Rectangle((x + c + 0.03, y + r + 0.05), 0.94, 0.9, facecolor=face, edgecolor=style.GRID)
        )
        if block.lit[r, c]:
            mark = Rectangle(
                (x + c + 0.08, y + r + 0.12), 0.84, 0.76, fill=False, edgecolor=block.edge or ink
            )
            mark.set_linewidth(2)
            axes.add_patch(mark)
        text = style.short(value, 2 if value < 0 else 3)
        axes.text(x + c + 0.5, y + r + 0.52, text, ha="center", va="center", fontsize=10, color=ink)
    for m, text in enumerate(block.texts):
        x_text, y_text = {
            "left": (x - 0.4, y + m + 0.5),
            "right": (x + width + 0.5, y + m + 0.5),
            "top": (x + m + 0.5, y - 0.4),
            "bottom": (x + m + 0.5, y + height + 0.4),
        }[block.side]
        axes.text(x_text, y_text, text, ha="center", va="center", fontsize=10)
    below = y + height + _OVER * (block.side == "bottom") + 0.12
    middle = {"x": x + width / 2, "ha": "center", "va": "top"}
    axes.text(**middle, y=below, s=f"{block.name} {height}×{width}", fontsize=10, fontweight="bold")
    axes.text(**middle, y=below + 0.75, s=block.note, fontsize=9, color=style.MUTED)


def _draw_band(axes: Axes, corner: tuple[float, float], n: int, along: str, at: int, axis: str) -> None:
    """Frame the row or the column of A′ over which softmax has run; a broken frame is the wrong axis."""
    x, y = corner[0] + at * (along == "column"), corner[1] + at * (along == "row")
    width, height = (n, 1) if along == "row" else (1, n)
    band = FancyBboxPatch((x, y), width, height, "round,pad=0.06,rounding_size=0.2", fill=False, linewidth=2)
    band.set_edgecolor(style.INK if axis == "keys" else style.KEY)
    band.set_linestyle("solid" if axis == "keys" else "dashed")
    band.set_zorder(4)
    axes.add_patch(band)


def _alt(title: str, steps: AttentionSteps, form: str, cell: tuple[int, int], along: str) -> str:
    def listed(rows: Array) -> str:
        return "; ".join(", ".join(style.short(x) for x in row) for row in rows)

    rows = form == "rows"
    line, score, output = ("row", "S", "B") if rows else ("column", "A", "O")
    scores, weights, outputs = (x if rows else x.T for x in (steps.scores, steps.weights, steps.output))
    i, j = cell
    entry = (i, j) if rows else (j, i)
    sums = ", ".join(style.short(x, 2) for x in steps.weights.sum(axis=1))
    return (
        f"{title}. {'S = QKᵀ' if rows else 'A = KᵀQ'}, one vector a {line}; marked are {style.sub('q', i)}, "
        f"{style.sub('k', j)} and {style.sub('α', i, j)} at entry {entry} of {score}. "
        f"Rows of {score}: {listed(scores)}. Softmax over each {along} gives A′: {listed(weights)}; "
        f"its {line}s sum to {sums}. Rows of {output}: {listed(outputs)}."
    )
