"""A translator at work: which words change places, how its loss fell, and where it looks."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import FancyBboxPatch
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.plots.grid import weights_grid
from transformer_lib.shapes import InputError, as_array

_LOOKS = ((style.QUERY, "-"), (style.KEY, (0, (5, 2))), (style.VALUE, (0, (1, 1.5))), (style.OUTPUT, "-."))
_HALF, _TALL = 0.4, 0.4  # half the width of a box, and its height


def crossing(
    source: Sequence[str], target: Sequence[str], links: Sequence[tuple[int, int]], title: str
) -> Figure:
    """Draw a sentence above its translation; `links` joins (source, target) words, counted from 1.

    >>> crossing(["a", "b"], ["B", "A"], [(1, 2), (2, 1)], "They cross").alt
    'They cross. Above: a, b. Below: B, A. Lines join a and A, b and B.'
    """
    if any(not (1 <= i <= len(source) and 1 <= j <= len(target)) for i, j in links):
        raise InputError("a link joins a word that is not there: count the words of each sentence from 1.")
    figure, axes = card(title, height=2.3)
    width = max(len(source), len(target))
    axes.set(xlim=(0.2, width + 0.8), ylim=(-0.35, 1.95))
    axes.set_axis_off()
    at = [[i + 1 + (width - len(words)) / 2 for i in range(len(words))] for words in (source, target)]
    for i, j in links:
        ends = [at[0][i - 1], at[1][j - 1]], [1.6 - _TALL / 2, _TALL / 2]
        axes.plot(*ends, color=style.OUTPUT, linewidth=2.4, zorder=1)
    for words, places, y, colour in zip(
        (source, target), at, (1.6, 0), (style.KEY, style.QUERY), strict=True
    ):
        for word, x in zip(words, places, strict=True):
            _box(axes, x, y, word, colour)
    joined = ", ".join(f"{source[i - 1]} and {target[j - 1]}" for i, j in links)
    figure.alt = f"{title}. Above: {', '.join(source)}. Below: {', '.join(target)}. Lines join {joined}."
    return figure


def losses(
    lines: Mapping[str, ArrayLike],
    title: str,
    *,
    say: str,
    floor: float | None = None,
    scores: Mapping[int, float] | None = None,
    top: float | None = None,
) -> Figure:
    """Draw up to four courses of the loss, step by step, and below them the scores of one.

    `floor` is the least loss there can be; with `top` the axis shows only what lies between them, so
    that small differences at the end can be seen. `say` describes the lines in words, because their
    numbers differ a little from machine to machine. Of several lines the first is drawn broad, since
    another may lie on it.
    """
    figure, axes = card(title, height=5.0 if scores else 3.6)
    for i, ((name, loss), (colour, dash)) in enumerate(zip(lines.items(), _LOOKS, strict=False)):
        values = as_array(name, loss, 1)
        steps = np.arange(1, len(values) + 1)
        width, alpha = (5, 0.4) if i == 0 < len(lines) - 1 else (1.6, 1)
        axes.plot(steps, values, color=colour, linestyle=dash, linewidth=width, alpha=alpha, label=name)
    if floor is not None:
        axes.axhline(floor, color=style.MUTED, linewidth=1, linestyle=(0, (2, 2)))
        axes.annotate(
            f"least possible: {style.short(floor)}",
            (1, floor),
            (-4, -5),
            ("axes fraction", "data"),
            "offset points",
            ha="right",
            va="top",
        )
    least = 0 if top is None or floor is None else floor - 0.15 * (top - floor)  # room for a word below
    axes.set(ylabel="loss, mean of −ln p", ylim=(least, top))
    if len(lines) > 1:
        axes.legend(frameon=False, fontsize=11)
    if scores:
        above, below = figure.add_gridspec(2, 1, height_ratios=(3, 2))
        axes.set_subplotspec(above)
        lower = figure.add_subplot(below, sharex=axes)
        lower.plot(list(scores), list(scores.values()), color=style.KEY, marker="s", linestyle=(0, (5, 2)))
        lower.set(ylim=(0, 1.08), ylabel="exact match")
        lower.grid(axis="y", color=style.GRID, linewidth=0.6)
        lower.spines[["top", "right"]].set_visible(False)
    figure.axes[-1].set(xlabel="step")
    figure.alt = f"{title}. {say}"
    return figure


def looks(
    weights: ArrayLike, source: Sequence[str], written: Sequence[str], title: str, *, say: str | None = None
) -> Figure:
    """Draw where a translator looks: a row for each word it writes, a column for each word it reads.

    `say` describes the map in words where its numbers differ a little from machine to machine.
    """
    figure = weights_grid(weights, title, queries=written, keys=source)
    figure.axes[0].set(xlabel="reads: key j", ylabel="writes: query i")
    if say:
        figure.alt = f"{title}. {say}"
    return figure


def _box(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x - _HALF, y - _TALL / 2),
            2 * _HALF,
            _TALL,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=to_rgba(colour, 0.12),
            edgecolor=colour,
            linewidth=1.6,
            zorder=2,
        )
    )
    axes.text(x, y, text, ha="center", va="center_baseline", color=style.INK, zorder=3)
