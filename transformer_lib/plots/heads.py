"""Heads side by side, and the two ways to cut one table into heads."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import FancyBboxPatch, Rectangle
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.plots.grid import readable
from transformer_lib.shapes import Array, ShapeError, as_array

_WAYS = {
    "cut": "Cut each row first, then bring the heads to the front",
    "reshape": "Deal the numbers out from the top",
}
_NAME = 14.5  # points: an index below the line is half as high, and a phone shows the card at half size
_TINTS = (0.10, 0.45)  # light for head 1's numbers, dark for head 2's


def side_by_side(weights: ArrayLike, concat: ArrayLike, output: ArrayLike, query: int, title: str) -> Figure:
    """Draw the way from the inputs through two heads to W^O, with the numbers of one query (from 1).

    `weights` (2, N) is that query's row in each head, `concat` (2·d_v,) the two outputs end to end,
    `output` (d_out,) W^O times it.

    >>> side_by_side([[0.5, 0.5], [0.25, 0.75]], [1, 2], [3], 2, "Two ways").alt.split(". ")[-1]
    'Concat sets them end to end, (1, 2), and W^O makes of them (3).'
    """
    weights, concat, output = (
        as_array(name, x, n)
        for name, x, n in (("weights", weights, 2), ("concat", concat, 1), ("output", output, 1))
    )
    if len(weights) != 2 or len(concat) % 2 or not 1 <= query <= weights.shape[1]:
        raise ShapeError(
            f"weights has shape {weights.shape}, concat {concat.shape} and query is {query}: give one row "
            "of weights for each of two heads, outputs of one width, and a query among the positions."
        )
    figure, axes = card(title, width=6.4, height=3.3)
    axes.set(xlim=(-0.1, 15.6), ylim=(6.1, -0.3))
    axes.set_axis_off()
    _box(axes, 0.2, 1.9, 1.5, 2.6, f"{style.sub('a', 1)}\nto\n{style.sub('a', weights.shape[1])}", _NAME)
    for m, row in enumerate(weights):
        middle = 1.5 + 3.4 * m
        _box(axes, 2.5, middle - 0.85, 2.4, 1.7, f"head {m + 1}\nown W's")
        _weights(axes, row, 5.7, middle, f"weights of {style.sub('q', query)}{'¹²'[m]}")
        _arrow(axes, (1.7, 3.2), (2.5, middle))
        _arrow(axes, (4.9, middle), (5.7, middle))
        _arrow(axes, (5.7 + 0.95 * len(row), middle), (10.3, middle))
    _column(axes, concat, 10.3, 1.5, "concat", halves=2)
    _box(axes, 12.3, 2.5, 1.1, 1.4, "$\\mathregular{W^O}$")
    _column(axes, output, 14.1, 0.0, "output", halves=1)
    _arrow(axes, (11.6, 3.2), (12.3, 3.2))
    _arrow(axes, (13.4, 3.2), (14.1, 3.2))
    figure.alt = _in_words(title, weights, concat, output, query)
    return figure


def heads_cut(x: ArrayLike, title: str, *, way: str = "cut", letter: str = "q") -> Figure:
    """Draw x (N, 2·d_head) and what two heads get of it, the numbers of head 1 light, of head 2 dark.

    `way` is "cut", which cuts each row, or "reshape", which only deals the numbers out anew.

    >>> heads_cut([[1, 2], [3, 4]], "Dealt out", way="reshape").alt.split(". ")[-1]
    'Head 1 gets row 1: 1 of q₁¹; row 2: 2 of q₁²; head 2 gets row 1: 3 of q₂¹; row 2: 4 of q₂².'
    """
    x = as_array("x", x, 2)
    n, width = x.shape
    if width % 2 or way not in _WAYS:
        raise ShapeError(f"x has shape {x.shape} and way is {way!r}: give an even width, and cut or reshape.")
    names = [[f"{style.sub(letter, i + 1)}{number}" for number in "¹²"] for i in range(n)]
    share = width // 2
    if way == "cut":
        vectors = [[(i, m) for i in range(n)] for m in range(2)]
    else:
        dealt = [(i, m) for i in range(n) for m in range(2)]
        vectors = [dealt[:n], dealt[n:]]

    figure, axes = card(title, width=6.4, height=1.2 + 0.42 * n)
    axes.set(xlim=(-0.2, 4 * share + 5.0), ylim=(n + 0.6, -0.9))
    axes.set_axis_off()
    left = 0.9
    for i in range(n):
        axes.text(left - 0.15, i + 0.5, style.sub(letter, i + 1), ha="right", va="center", fontsize=_NAME)
        for m in range(2):
            _row(axes, x[i, m * share : (m + 1) * share], left + m * share, i, _TINTS[m])
    axes.text(left + share, -0.2, "all heads", ha="center", va="bottom", fontsize=12)
    _arrow(axes, (left + 2 * share + 0.15, n / 2), (left + 2 * share + 0.95, n / 2))
    for m, rows in enumerate(vectors):
        start = left + 2 * share + 2.0 + m * (share + 1.3)
        axes.text(start + share / 2, -0.2, f"head {m + 1}", ha="center", va="bottom", fontsize=12)
        for r, (i, whose) in enumerate(rows):
            _row(axes, x[i, whose * share : (whose + 1) * share], start, r, _TINTS[whose])
            axes.text(start - 0.12, r + 0.5, names[i][whose], ha="right", va="center", fontsize=_NAME)
    figure.alt = _dealt_in_words(title, x, names, vectors, way)
    return figure


def _row(axes: Axes, numbers: Array, x: float, y: float, tint: float) -> None:
    for d, number in enumerate(numbers):
        face = to_rgba(style.QUERY, tint)
        axes.add_patch(Rectangle((x + d, y), 1, 1, facecolor=face, edgecolor=style.PAPER, linewidth=2))
        axes.text(x + d + 0.5, y + 0.52, style.short(number), ha="center", va="center", fontsize=12)


def _weights(axes: Axes, row: Array, x: float, middle: float, name: str) -> None:
    colours = colormaps[style.WEIGHTS_MAP]
    for j, weight in enumerate(row):
        place, face = x + 0.95 * j, colours(float(weight))
        axes.add_patch(
            Rectangle((place, middle - 0.5), 0.95, 1, facecolor=face, edgecolor=style.PAPER, linewidth=2)
        )
        text = style.fmt(weight, 2).removeprefix("0")
        axes.text(place + 0.475, middle + 0.02, text, ha="center", va="center", color=readable(face[:3]))
        axes.text(place + 0.475, middle + 0.58, style.sub("a", j + 1), ha="center", va="top", fontsize=_NAME)
    axes.text(x + 0.475 * len(row), middle - 0.62, name, ha="center", va="bottom", fontsize=_NAME)


def _column(axes: Axes, numbers: Array, x: float, gap: float, name: str, halves: int) -> None:
    """Draw a vector as a column centred on the middle line, its halves in line with the heads."""
    height = 0.85
    for m, half in enumerate(np.split(numbers, halves)):
        middle = 3.2 if halves == 1 else gap + 3.4 * m
        for d, number in enumerate(half):
            y = middle + (d - len(half) / 2) * height
            face = to_rgba(style.OUTPUT, 0.2)
            axes.add_patch(
                Rectangle((x, y), 1.3, height, facecolor=face, edgecolor=style.OUTPUT, linewidth=1.4)
            )
            axes.text(x + 0.65, y + height / 2, style.fmt(number, 2), ha="center", va="center")
    if halves == 2:
        bottom, top = gap + len(numbers) / 4 * height, gap + 3.4 - len(numbers) / 4 * height
        for side in (x, x + 1.3):
            axes.plot([side, side], [bottom, top], color=style.OUTPUT, lw=1, ls=(0, (2, 2)))
    top = (3.2 if halves == 1 else gap) - len(numbers) / halves / 2 * height
    axes.text(x + 0.65, top - 0.15, name, ha="center", va="bottom", fontsize=12)


def _box(axes: Axes, x: float, y: float, width: float, height: float, text: str, size: float = 12) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x + 0.06, y + 0.06),
            width - 0.12,
            height - 0.12,
            boxstyle="round,pad=0,rounding_size=0.2",
            facecolor=style.PAPER,
            edgecolor=style.MUTED,
            linewidth=1.4,
        )
    )
    axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", linespacing=1.4, fontsize=size)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    look = {"arrowstyle": "-|>", "color": style.MUTED, "lw": 1.4, "shrinkA": 2, "shrinkB": 2}
    axes.annotate("", xy=end, xytext=start, arrowprops=look)


def _plain(x: Array | Sequence[float]) -> str:
    return ", ".join(map(style.short, x))


def _in_words(title: str, weights: Array, concat: Array, output: Array, query: int) -> str:
    b = style.sub("b", query)
    heads = [
        f"head {m + 1} has the weights {_plain(row)} and gives {b}{'¹²'[m]} = ({_plain(half)})"
        for m, (row, half) in enumerate(zip(weights, np.split(concat, 2), strict=True))
    ]
    return (
        f"{title}. The inputs go into two heads, each with its own matrices: for query {query}, {heads[0]}; "
        f"{heads[1]}. Concat sets them end to end, ({_plain(concat)}), and W^O makes of them "
        f"({_plain(output)})."
    )


def _dealt_in_words(
    title: str, x: Array, names: list[list[str]], vectors: list[list[tuple[int, int]]], way: str
) -> str:
    share = x.shape[1] // 2
    gets = [
        f"head {m + 1} gets "
        + "; ".join(
            f"row {r}: {_plain(x[i, whose * share : (whose + 1) * share])} of {names[i][whose]}"
            for r, (i, whose) in enumerate(rows, start=1)
        )
        for m, rows in enumerate(vectors)
    ]
    return (
        f"{title}. {_WAYS[way]}. A table with {len(x)} rows of {x.shape[1]}, and what two heads get of it. "
        f"{gets[0].capitalize()}; {gets[1]}."
    )
