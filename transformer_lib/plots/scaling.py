"""Random scores and their softmax: how far the scores spread, one query's weights, and the slope."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure
from transformer_lib.shapes import Array, as_array


def scaling(
    counts: ArrayLike,
    weights: ArrayLike,
    dots: ArrayLike,
    title: str,
    *,
    spread: float,
    theory: float,
    shift: float = 0.0,
) -> Figure:
    """Draw a histogram of scores, one query's weights, and each query's largest weight and slope.

    `counts` (an odd number of bins, one a unit, the middle one at `shift`) with the standard
    deviation `spread` and what `theory` says of it; `weights` (S,) fall; `dots` (N, 2).
    """
    counts, weights, dots = (
        as_array("counts", counts, 1),
        as_array("weights", weights, 1),
        as_array("dots", dots, 2),
    )
    figure = Figure(figsize=(7.2, 3.4), layout="constrained", facecolor=style.PAPER)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.15, 1, 1.15))
    _histogram(left, counts, spread, theory, shift)
    _bars(middle, weights)
    _cloud(right, dots)
    largest, slope = dots.mean(axis=0)
    figure.alt = (
        f"{title.replace(chr(10), ' ')}. Left: a histogram of {int(counts.sum())} scores, standard deviation "
        f"{style.fmt(spread, digits(spread))}, in theory {style.short(theory, digits(theory))}. "
        f"Middle: one query's weights, {', '.join(map(_share, weights))}. "
        f"Right: a dot for each of {len(dots)} queries by its largest weight, mean {style.fmt(largest)}, "
        f"and the slope, the norm of the softmax's Jacobian, mean {style.fmt(slope)}."
    )
    return figure


def digits(spread: float) -> int:
    """Give a small spread a third decimal.

    >>> digits(0.12), digits(8)
    (3, 2)
    """
    return 3 if spread < 0.2 else 2


def _histogram(axes: Axes, counts: Array, spread: float, theory: float, shift: float) -> None:
    reach = len(counts) // 2
    axes.bar(shift + np.arange(-reach, reach + 1), counts, width=1, color="#b4bac4")
    height = 0.61 * counts.max()  # where a bell is as wide as its standard deviation
    reached = min(spread, reach)
    axes.plot([shift - reached, shift + reached], [height] * 2, color=style.OUTPUT, lw=2.5, marker="|", ms=9)
    for side in (-1, 1):
        axes.axvline(shift + side * min(theory, reach), color=style.INK, lw=1, ls=(0, (2, 3)))
    axes.set_title(
        f"scores: ± {style.fmt(spread, digits(spread))},\ntheory {style.short(theory, digits(theory))}",
        fontsize=11,
        loc="left",
    )
    axes.set(yticks=[], xlabel="score", xticks=[shift - reach, shift, shift + reach])
    axes.xaxis.set_major_formatter(lambda x, _: style.short(x))
    axes.spines[["left", "top", "right"]].set_visible(False)


def _bars(axes: Axes, weights: Array) -> None:
    axes.barh(range(len(weights)), weights, color=style.QUERY, height=0.7)
    for place, weight in enumerate(weights):
        axes.text(weight + 0.03, place, _share(weight), va="center", fontsize=10)
    axes.set_title("weights of\none query", fontsize=11, loc="left")
    axes.set(xlim=(0, 1.45), xticks=[0, 1], yticks=[], xlabel="weight")
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)


def _cloud(axes: Axes, dots: Array) -> None:
    axes.plot(*dots.T, "o", color=style.MUTED, ms=3.5, alpha=0.45, mew=0)
    axes.plot(*dots.mean(axis=0), "D", color=style.OUTPUT, ms=8, mec=style.INK)
    axes.set_title("slope of the softmax\n(◆ mean)", fontsize=11, loc="left")
    axes.set(xlim=(0, 1.03), ylim=(0, 0.54), xticks=[0, 0.5, 1], yticks=[0, 0.5], xlabel="largest weight")
    axes.xaxis.set_major_formatter(lambda x, _: style.short(x))
    axes.yaxis.set_major_formatter(lambda x, _: style.short(x))
    axes.spines[["top", "right"]].set_visible(False)


def _share(weight: float) -> str:
    """Write a weight, which softmax never makes quite 0."""
    return style.fmt(weight) if weight >= 0.005 else "<0.01"
