"""A matrix product with its numbers: which row meets which column, and where the result lands."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import Array, ShapeError, as_array

_GAP = 1.15  # between two matrices, in cells; the sign stands in it


def product(
    left: ArrayLike,
    right: ArrayLike,
    names: Sequence[str],
    counts: Sequence[str],
    row: int,
    column: int | None,
    title: str,
    colours: Sequence[str] = (style.QUERY, style.KEY, style.INK),
) -> Figure:
    """Draw left · right = result as three tables of numbers, an entry or a row of the result traced back.

    `names` are those of the three matrices. `counts` say what is counted along the rows of left, along
    the columns of left (the rows of right) and along the columns of right. `row` and `column` choose
    the entry of the result, from 1; `column=None` takes the whole row.

    >>> figure = product([[0, 1]], [[2], [3]], ("Q", "Kᵀ", "S"), ("query", "entry", "key"), 1, 1, "Three")
    >>> figure.alt
    'Three. Q (1 by 2) times Kᵀ (2 by 1) gives S (1 by 1), query down and key across. \
Marked: row 1 of Q and column 1 of Kᵀ make entry (1, 1) of S. The rows of S: (3).'
    """
    left, right = as_array("left", left, 2), as_array("right", right, 2)
    if left.shape[1] != right.shape[0]:
        raise ShapeError(
            f"left has {left.shape[1]} columns and right has {right.shape[0]} rows: they must be equal."
        )
    result = left @ right
    height = max(left.shape[0], right.shape[0])
    starts = np.cumsum([0, left.shape[1] + _GAP, right.shape[1] + _GAP])

    figure, axes = card(title, width=6.4, height=0.95 + 0.46 * height)
    axes.set(xlim=(-0.9, starts[2] + result.shape[1] + 0.1), ylim=(height + 0.75, -0.85))
    axes.set_axis_off()
    along = ((counts[0], counts[1]), (counts[1], counts[2]), (counts[0], counts[2]))
    lit = _lit(left, right, result, row, column)
    for matrix, x, (down, across), on, colour, name in zip(
        (left, right, result), starts, along, lit, colours, names, strict=True
    ):
        top = (height - len(matrix)) / 2
        _table(axes, matrix, x, top, on, colour)
        axes.text(x + matrix.shape[1] / 2, top - 0.25, name, ha="center", va="bottom", fontsize=13)
        axes.text(
            x + matrix.shape[1] / 2, top + len(matrix) + 0.2, across, ha="center", va="top", fontsize=11
        )
        axes.text(x - 0.15, height / 2, down, ha="right", va="center", fontsize=11, rotation=90)
    for sign, x in zip("·=", starts[1:], strict=True):
        axes.text(x - 0.82, height / 2, sign, ha="center", va="center", fontsize=20, fontweight="bold")
    figure.alt = _alt(title, (left, right, result), names, counts, row, column)
    return figure


def _lit(left: Array, right: Array, result: Array, row: int, column: int | None) -> list[np.ndarray]:
    """Say which cells of the three tables are marked."""
    on = [np.zeros(matrix.shape, dtype=bool) for matrix in (left, right, result)]
    columns = slice(None) if column is None else column - 1
    on[0][row - 1], on[1][:, columns], on[2][row - 1, columns] = True, True, True
    return on


def _table(axes: Axes, matrix: Array, x: float, y: float, on: np.ndarray, colour: str) -> None:
    for r, c in np.ndindex(matrix.shape):
        face = to_rgba(colour, 0.18) if on[r, c] else style.PAPER
        axes.add_patch(Rectangle((x + c, y + r), 1, 1, facecolor=face, edgecolor=style.GRID))
        if on[r, c]:
            axes.add_patch(
                Rectangle((x + c + 0.05, y + r + 0.05), 0.9, 0.9, fill=False, edgecolor=colour, linewidth=2)
            )
        axes.text(x + c + 0.5, y + r + 0.52, _short(matrix, r, c), ha="center", va="center", fontsize=12)


def _short(matrix: Array, r: int, c: int) -> str:
    return style.fmt(float(matrix[r, c]), _digits(matrix))


def _digits(matrix: Array) -> int:
    """Whole numbers are printed as such, others as on the pages."""
    return 0 if np.allclose(matrix, np.round(matrix)) else 3


def _alt(
    title: str,
    matrices: Sequence[Array],
    names: Sequence[str],
    counts: Sequence[str],
    row: int,
    column: int | None,
) -> str:
    sizes = [f"{name} ({len(m)} by {m.shape[1]})" for name, m in zip(names, matrices, strict=True)]
    rows = "; ".join(style.vector(r, _digits(matrices[2])) for r in matrices[2])
    partner = f"all of {names[1]}" if column is None else f"column {column} of {names[1]}"
    made = f"row {row} of {names[2]}" if column is None else f"entry ({row}, {column}) of {names[2]}"
    return (
        f"{title}. {sizes[0]} times {sizes[1]} gives {sizes[2]}, {counts[0]} down and {counts[2]} across. "
        f"Marked: row {row} of {names[0]} and {partner} make {made}. The rows of {names[2]}: {rows}."
    )
