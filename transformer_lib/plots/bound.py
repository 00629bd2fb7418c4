"""How near an output comes to one value: the disc it cannot leave, and the line it lies on."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MultipleLocator
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import Array, InputError, ShapeError, as_array

_WIDE = 1.36  # the drawing's width over its height


def bound(values: ArrayLike, weights: ArrayLike, favourite: int, title: str) -> Figure:
    """Draw b₁ among two-dimensional values, with the disc of Proposition 3.1 around one of them.

    `favourite` counts from 1. Its disc has radius (1 − α′)·max‖v_j − v‖, where α′ is its weight below
    1; r is the mixture of the other values alone, and b₁ lies between r and the favourite.

    >>> values, weights = [[0, -2], [0, 2], [1, 1], [2, 2]], [0.05, 0.8, 0.1, 0.05]
    >>> bound(values, weights, 2, "Near v₂").alt.split(". ")[2]
    'A circle of radius 0.80 around v₂ holds b₁ at (0.20, 1.70), 0.36 away from v₂'
    """
    values, weights = as_array("values", values, 2), as_array("weights", weights, 1)
    if values.shape != (len(weights), 2):
        raise ShapeError(
            f"values has shape {values.shape} and there are {len(weights)} weights: give one value of two "
            "entries for each weight."
        )
    near, share = values[favourite - 1], weights[favourite - 1]
    if share >= 1:
        raise InputError("the favourite has all the weight, so b₁ lies on it: give it less than 1.")
    output = weights @ values
    rest = (output - share * near) / (1 - share)
    radius = (1 - share) * np.linalg.norm(values - near, axis=1).max()

    points = np.vstack([values, output, rest, near - radius, near + radius])
    figure, axes = card(title, height=4.4)
    _paper(axes, points)
    axes.add_patch(Circle(tuple(near), radius, facecolor="none", edgecolor=style.OUTPUT, linewidth=1.6))
    axes.plot(*np.stack([rest, near]).T, color=style.MUTED, linestyle=(0, (4, 3)), linewidth=1.3, zorder=2)
    axes.plot(*values.T, "s", color=style.VALUE, markersize=8, zorder=3)
    axes.plot(*rest, "o", color=style.PAPER, markeredgecolor=style.INK, markersize=8, zorder=3)
    axes.plot(*output, "D", color=style.OUTPUT, markeredgecolor=style.INK, markersize=8, zorder=4)
    for j, value in enumerate(values, start=1):
        _label(axes, style.sub("v", j), value, beside=(0, 14) if j == favourite else (10, 0))
    _label(axes, "b₁", output)
    _label(axes, "r", rest)
    axes.annotate(
        f"radius {style.fmt(radius)}",
        (near[0] - radius * np.sqrt(0.5), near[1] - radius * np.sqrt(0.5)),
        xytext=(-6, -6),
        textcoords="offset points",
        ha="right",
        va="center",
    )

    v = style.sub("v", favourite)
    distance = float(np.linalg.norm(output - near))
    listed = ", ".join(f"{style.sub('v', j)} at {style.vector(x)}" for j, x in enumerate(values, start=1))
    figure.alt = (
        f"{title}. Graph paper with {listed}. A circle of radius {style.fmt(radius)} around {v} holds "
        f"b₁ at {style.vector(output)}, {style.fmt(distance)} away from {v}. b₁ lies on the dashed line from "
        f"r at {style.vector(rest)}, the mixture without {v}, to {v}, at {style.fmt(100 * share, 0)}%."
    )
    return figure


def _paper(axes: Axes, points: Array) -> None:
    """Graph paper around the points, one unit a square, as wide as the card."""
    low, high = points.min(axis=0) - 0.3, points.max(axis=0) + 0.3
    tall = max(high[1] - low[1], (high[0] - low[0]) / _WIDE)
    middle = (low + high) / 2
    axes.set(xlim=middle[0] + np.array([-0.5, 0.5]) * _WIDE * tall, xlabel="first entry")
    axes.set(ylim=middle[1] + np.array([-0.5, 0.5]) * tall, ylabel="second entry", aspect="equal")
    axes.xaxis.set_major_locator(MultipleLocator(1))
    axes.yaxis.set_major_locator(MultipleLocator(1))
    axes.grid(color=style.GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def _label(axes: Axes, name: str, point: Array, beside: tuple[int, int] = (10, 0)) -> None:
    numbers = ", ".join(f"{round(float(x), 2):g}" for x in point).replace("-", "−")
    axes.annotate(
        f"{name} ({numbers})",
        (point[0], point[1]),
        xytext=beside,
        textcoords="offset points",
        ha="left" if beside[0] else "center",
        va="center",
        path_effects=[withStroke(linewidth=4, foreground=style.PAPER)],
        zorder=5,
    )
