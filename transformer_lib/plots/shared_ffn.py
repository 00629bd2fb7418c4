"""One feed-forward network over several tokens: shared weights on the left, a column for each token."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import FancyBboxPatch, Rectangle
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import Array, ShapeError, as_array

_TOKEN = 1.7  # width of a token's column, in cells of a weight


def shared_ffn(
    x: ArrayLike,
    w_1: ArrayLike,
    w_2: ArrayLike,
    wide: ArrayLike,
    hidden: ArrayLike,
    output: ArrayLike,
    title: str,
) -> Figure:
    """Draw tokens x (N, d_model) through W₁ (d_ff, d_model) and W₂ (d_model, d_ff), one column a token.

    `wide`, `hidden` (N, d_ff) and `output` (N, d_model) are the steps of `steps.feed_forward`. A unit
    that is cut, 0 in `hidden` where `wide` is not above 0, is dashed and marked "off".

    >>> figure = shared_ffn([[1], [-2]], [[1]], [[3]], [[1], [-2]], [[1], [0]], [[3], [0]], "Two tokens")
    >>> figure.alt.split(". ")[-2:]
    ['x₁ = (1) gives hidden units (1) and y₁ = (3)', 'x₂ = (−2) gives hidden units (off) and y₂ = (0).']
    """
    tables = {"x": x, "w_1": w_1, "w_2": w_2, "wide": wide, "hidden": hidden, "output": output}
    x, w_1, w_2, wide, hidden, output = (as_array(name, table, 2) for name, table in tables.items())
    n, (d_ff, d_in), d_out = len(x), w_1.shape, len(w_2)
    shapes = [table.shape for table in (x, w_2, wide, hidden, output)]
    if shapes != [(n, d_in), (d_out, d_ff), (n, d_ff), (n, d_ff), (n, d_out)]:
        raise ShapeError(
            f"w_1 has shape {w_1.shape} and x, w_2, wide, hidden, output have {shapes}: give one row a "
            "token in all but the weights."
        )
    off = (hidden == 0) & (wide <= 0) & (hidden >= 0).all()  # no unit is off where nothing is cut

    left = max(w_1.shape[1], w_2.shape[1])
    tops = np.cumsum([0, d_in + 0.9, d_ff + 0.9])
    figure, axes = card(title, width=6.4, height=1.1 + 0.36 * (tops[2] + d_out))
    axes.set(xlim=(min(-0.2, left - 3.6), left + 1.1 + n * _TOKEN), ylim=(tops[2] + d_out + 0.3, -0.8))
    axes.set_axis_off()
    for t in range(n):
        _column(axes, left + 0.9 + t * _TOKEN, tops, t, x[t], (wide[t], hidden[t], off[t]), output[t])
    for name, w, top in (("W₁", w_1, tops[1]), ("W₂", w_2, tops[2])):
        axes.text(left - 0.04, top - 0.3, f"{name}, for every column", ha="right", va="center")
        for (r, c), entry in np.ndenumerate(w):
            _cell(axes, left - w.shape[1] + c, top + r, 1, entry, style.GRID, "none")
    figure.alt = _words(title, x, w_1, w_2, hidden, off, output)
    return figure


def _column(
    axes: Axes,
    left: float,
    tops: Array,
    token: int,
    x: Array,
    units: tuple[Array, Array, Array],
    output: Array,
) -> None:
    """One token's way down: its entries, its hidden units, its output."""
    height = tops[2] + len(output)
    axes.add_patch(
        FancyBboxPatch(
            (left, -0.55),
            _TOKEN - 0.3,
            height + 0.65,
            boxstyle="round,pad=0.08",
            facecolor="none",
            edgecolor=style.MUTED,
        )
    )
    axes.text(left + (_TOKEN - 0.3) / 2, -0.3, style.sub("x", token + 1), ha="center", va="center")
    axes.text(left + (_TOKEN - 0.3) / 2, tops[2] - 0.3, style.sub("y", token + 1), ha="center", va="center")
    width = _TOKEN - 0.3
    for r, entry in enumerate(x):
        _cell(axes, left, r, width, entry, style.GRID, "none")
    for r, (_, value, cut) in enumerate(zip(*units, strict=True)):
        if cut:
            _cell(axes, left, tops[1] + r, width, None, style.MUTED, "none", dashed=True)
        else:
            _cell(axes, left, tops[1] + r, width, value, style.MUTED, to_rgba(style.INK, 0.14))
    for r, entry in enumerate(output):
        _cell(axes, left, tops[2] + r, width, entry, style.OUTPUT, to_rgba(style.OUTPUT, 0.22))


def _cell(
    axes: Axes,
    x: float,
    y: float,
    width: float,
    entry: float | None,
    edge: str,
    face: object,
    dashed: bool = False,
) -> None:
    """A number in a box; None is a unit that is off."""
    line = {"linestyle": (0, (3, 2)) if dashed else "-", "linewidth": 1.2}
    axes.add_patch(
        Rectangle((x + 0.04, y + 0.06), width - 0.08, 0.88, facecolor=face, edgecolor=edge, **line)
    )
    text = "off" if entry is None else _fitted(entry, 5 if width > 1 else 4)
    colour = style.MUTED if entry is None else style.INK
    axes.text(x + width / 2, y + 0.5, text, ha="center", va="center", color=colour)


def _fitted(x: float, room: int) -> str:
    """The number with as many digits as fit, and at least its whole part."""
    texts = [style.short(x, digits) for digits in (3, 2, 1, 0)]
    return next(
        (text for text in texts if len(text) <= room), f"{x:.0e}".replace("-", "−").replace("e+0", "e")
    )


def _words(
    title: str, x: Array, w_1: Array, w_2: Array, hidden: Array, off: np.ndarray, output: Array
) -> str:
    weights = [f"{name} has the rows {', '.join(map(_plain, w))}" for name, w in (("W₁", w_1), ("W₂", w_2))]
    tokens = [
        f"{style.sub('x', t + 1)} = {_plain(x[t])} gives hidden units "
        f"({', '.join('off' if cut else style.short(z) for z, cut in zip(hidden[t], off[t], strict=True))})"
        f" and {style.sub('y', t + 1)} = {_plain(output[t])}"
        for t in range(len(x))
    ]
    return f"{title}. One network, a column for each token: {'; '.join(weights)}. {'. '.join(tokens)}."


def _plain(x: Array) -> str:
    return f"({', '.join(map(style.short, x))})"
