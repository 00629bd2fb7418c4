"""Positions as hands on dials, and the score of two positions by their distance."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Circle
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure
from transformer_lib.shapes import Array, as_array

_ACROSS = 4  # dials in a row
_HANDS = ((style.QUERY, 4.0, "solid"), (style.KEY, 2.2, (0, (2.5, 1.5))))  # at pos, and at pos + k


def dials(
    here: ArrayLike,
    there: ArrayLike,
    title: str,
    *,
    names: Sequence[str],
    curve: ArrayLike | None = None,
    k: int = 1,
    label: str = "",
) -> Figure:
    """Draw a dial a pair of entries, a hand at pos and one at pos + k, over the score by offset.

    `here` and `there` hold a pair (first, second) a row, drawn to the right and upwards; without
    rows there are no dials. `curve` holds an odd number of scores, offset 0 in the middle; without
    it there are the dials alone.
    """
    here, there = np.reshape(here, (-1, 2)).astype(float), np.reshape(there, (-1, 2)).astype(float)
    across = min(_ACROSS, max(1, len(here)))
    rows, below = -(-len(here) // across), int(curve is not None)
    figure = Figure(
        figsize=(6.4, 0.7 + 2.4 * below + 2.1 * rows), layout="constrained", facecolor=style.PAPER
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    grid = figure.add_gridspec(rows + below, across, height_ratios=[1] * rows + [1.25] * below)
    reach = 1.15 * max(1e-9, float(np.linalg.norm([here, there], axis=-1).max(initial=0)))
    for i, name in enumerate(names):
        _dial(figure.add_subplot(grid[divmod(i, across)]), here[i], there[i], reach, name)
    told = "; ".join(
        f"{name}, hands {_tip(a)} and {_tip(b)}" for name, a, b in zip(names, here, there, strict=True)
    )
    figure.alt = f"{title.replace(chr(10), ' ')}."
    if told:
        second = "pos + k" if below else f"pos + {k}"
        figure.legend(
            [Line2D([], [], color=colour, lw=width, ls=dash) for colour, width, dash in _HANDS],
            ["pos", second],
            loc="outside upper right" if below else "outside lower center",
            ncols=2,
            frameon=False,
        )
        figure.alt += f" Dials with a hand at pos and a dashed one at {second}: {told}."
    if curve is not None:
        curve = as_array("curve", curve, 1)
        _curve(figure.add_subplot(grid[rows, :]), curve, k, label)
        middle = len(curve) // 2
        figure.alt += (
            f" Below, {label} for k from {style.fmt(-middle, 0)} to {middle}: "
            f"{style.short(curve[middle])} at 0, {style.short(curve[middle + k])} at {style.fmt(k, 0)} and "
            f"{style.short(curve[middle - k])} at {style.fmt(-k, 0)}."
        )
    return figure


def _tip(hand: Array) -> str:
    return f"({', '.join(style.short(x, 2) for x in hand)})"


def _dial(axes: Axes, here: Array, there: Array, reach: float, name: str) -> None:
    axes.add_patch(Circle((0, 0), reach, facecolor="#f5f6f8", edgecolor=style.MUTED, linewidth=0.8))
    for hand, (colour, width, dash), down in zip((here, there), _HANDS, (1.12, 1.55), strict=True):
        axes.plot([0, hand[0]], [0, hand[1]], color=colour, lw=width, ls=dash)
        axes.text(0, -down * reach, _tip(hand), ha="center", va="top", color=colour, fontsize=13)
    axes.set_title(name, fontsize=13)
    axes.set(xlim=(-1.1 * reach, 1.1 * reach), ylim=(-1.95 * reach, 1.1 * reach), aspect="equal")
    axes.set_axis_off()


def _curve(axes: Axes, curve: Array, k: int, label: str) -> None:
    middle = len(curve) // 2
    offsets = np.arange(-middle, middle + 1)
    axes.axhline(0, color=style.MUTED, lw=0.8)
    axes.plot(offsets, curve, "o-", color=style.MUTED, ms=3.5, lw=1)
    for at, size in ((-k, 6), (k, 10)):
        axes.plot(at, curve[middle + at], "D", color=style.OUTPUT, ms=size, mec=style.INK)
    axes.set(xlabel="offset k", title=label)
    axes.title.set_fontsize(11)
    axes.xaxis.set_major_formatter(lambda x, _: style.short(x))
    axes.yaxis.set_major_formatter(lambda x, _: style.short(x))
    axes.spines[["top", "right"]].set_visible(False)
