"""Weights from the same scores under several masks, side by side: who looks at whom, and how much."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.plots.grid import readable
from transformer_lib.shapes import Array, ShapeError, as_array

_NAME, _GAP = 11, 0.9
_HATCH = "#8a92a0"


def three_masks(
    weights: ArrayLike, allowed: ArrayLike, names: Sequence[str], title: str, *, chosen: int | None = None
) -> Figure:
    """Draw weights (masks, N, N), one grid a mask; what `allowed` (masks, N, N) hides is hatched.

    `names` stand above the grids; `chosen`, from 0, is the grid with a frame.

    >>> look = np.tri(2, dtype=bool)[None]
    >>> three_masks([[[1, 0], [0.5, 0.5]]], look, ["causal"], "Half").alt
    'Half. causal: query 1: 1, hidden; query 2: 0.5, 0.5.'
    """
    table, looks = as_array("weights", weights, 3), np.asarray(allowed, dtype=bool)
    if table.shape != looks.shape or len(names) != len(table):
        raise ShapeError(
            f"weights has shape {table.shape}, allowed {looks.shape}, and there are {len(names)} names: "
            "give one grid of each, and one name, a mask."
        )
    n = table.shape[1]
    figure, axes = card(title, width=6.4, height=3.1)
    axes.set(xlim=(-0.7, len(table) * (n + _GAP) - _GAP + 0.1), ylim=(n + 0.15, -1.75), aspect="equal")
    axes.set_axis_off()
    for m, (grid, look, name) in enumerate(zip(table, looks, names, strict=True)):
        _grid(axes, grid, look, m * (n + _GAP), name, framed=m == chosen)
    for i in range(n):
        axes.text(-0.12, i + 0.5, style.sub("q", i + 1), ha="right", va="center", fontsize=_NAME)
    told = [_in_words(name, *pair) for name, *pair in zip(names, table, looks, strict=True)]
    figure.alt = f"{title}. {' '.join(told)}"
    return figure


def _grid(axes: Axes, grid: Array, look: Array, left: float, name: str, framed: bool) -> None:
    colours, n = colormaps[style.WEIGHTS_MAP], len(grid)
    axes.text(left + n / 2, -0.95, name, ha="center", va="bottom", fontsize=12, fontweight="bold")
    for j in range(n):
        axes.text(left + j + 0.5, -0.12, style.sub("k", j + 1), ha="center", va="bottom", fontsize=_NAME)
    for (i, j), weight in np.ndenumerate(grid):
        face = colours(float(weight)) if look[i, j] else to_rgba(style.PAPER)
        cell = Rectangle(
            (left + j + 0.02, i + 0.02), 0.96, 0.96, facecolor=face, edgecolor=_HATCH, linewidth=0
        )
        cell.set_hatch("" if look[i, j] else "///")
        axes.add_patch(cell)
        if look[i, j]:
            text = style.short(weight).removeprefix("0") or "0"
            axes.text(
                left + j + 0.5,
                i + 0.52,
                text,
                ha="center",
                va="center",
                color=readable(face[:3]),
                fontsize=11,
            )
    if framed:
        edge = {"facecolor": "none", "edgecolor": style.QUERY, "linewidth": 2.5}
        axes.add_patch(Rectangle((left - 0.06, -0.06), n + 0.12, n + 0.12, **edge))


def _in_words(name: str, grid: Array, look: Array) -> str:
    rows = [
        f"query {i}: "
        + ", ".join(style.short(x) if seen else "hidden" for x, seen in zip(row, sees, strict=True))
        for i, (row, sees) in enumerate(zip(grid, look, strict=True), 1)
    ]
    return f"{name}: {'; '.join(rows)}."
