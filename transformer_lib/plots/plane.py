"""Two-dimensional vectors as arrows on graph paper: q and its keys, the values and their sum b."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import Array, as_array


def vectors(groups: Mapping[str, ArrayLike], title: str) -> Figure:
    """Draw named vectors as arrows: vectors({"a": a, "q": q[0]}, ...) labels a₁, a₂, … and q."""
    figure, axes = card(title, width=5.2, height=4.6)
    drawn = {letter: as_array(letter, x, (1, 2)) for letter, x in groups.items()}
    _graph_paper(axes, np.vstack([np.atleast_2d(x) for x in drawn.values()]))
    names: dict[tuple[float, ...], str] = {}  # equal vectors share a label: a₁ = q
    for letter, x in drawn.items():
        for j, vector in enumerate(np.atleast_2d(x), start=1):
            name = letter if x.ndim == 1 else style.sub(letter, j)
            _shaft(axes, np.zeros(2), vector, style.COLOURS.get(letter, style.INK), 1.8)
            names[tuple(vector)] = f"{names[tuple(vector)]} = {name}" if tuple(vector) in names else name
    for vector, name in names.items():
        _label(axes, np.array(vector), name, _beside(np.array(vector)))
    listed = "; ".join(_listed(letter, x) for letter, x in drawn.items())
    figure.alt = f"{title}. Arrows from the origin on graph paper: {listed}."
    return figure


def query_and_keys(q: ArrayLike, k: ArrayLike, title: str) -> Figure:
    """Draw a query q (2,) among keys k (S, 2), each key with its score q·k.

    Dashed lines part the plane by the key that scores highest; a key inside the keys' hull has no part.
    """
    q, k = as_array("q", q, 1), as_array("k", k, 2)
    figure, axes = card(title, width=5.2, height=4.6)
    _draw_keys(axes, q, k)
    scores = ", ".join(f"q·{style.sub('k', j)} = {style.short(x)}" for j, x in enumerate(k @ q, start=1))
    figure.alt = f"{title}. Arrows on graph paper: {_listed('q', q)}; {_listed('k', k)}; {scores}."
    return figure


def weighted_sum(values: ArrayLike, weights: ArrayLike, title: str) -> Figure:
    """Draw b = Σ α′_j v_j: each weighted value tip to tail, and b inside the dashed hull of the v's."""
    v, weights = as_array("values", values, 2), as_array("weights", weights, 1)
    steps = weights[:, None] * v
    ends = steps.cumsum(axis=0)
    figure, axes = card(title, width=5.2, height=4.6)
    _graph_paper(axes, np.vstack([v, ends]))
    _draw_hull(axes, v)
    for j, (vector, weight, step, end) in enumerate(zip(v, weights, steps, ends, strict=True), start=1):
        axes.plot(*vector, "o", color=style.VALUE, markersize=5, zorder=4)
        _label(axes, vector, f"{style.sub('v', j)}  {style.short(weight)}", _outward(vector - v.mean(axis=0)))
        _shaft(axes, end - step, end, style.VALUE, 1.6)
    _shaft(axes, np.zeros(2), ends[-1], style.OUTPUT, 2.6)
    _label(axes, ends[-1], "b", _free_side(ends[-1], v))
    shares = ", ".join(f"{style.short(w)} of {style.sub('v', j)}" for j, w in enumerate(weights, start=1))
    figure.alt = (
        f"{title}. Graph paper: {_listed('v', v)}. Tip to tail, {shares} lead to {_listed('b', ends[-1])}, "
        "inside the dashed hull of the values."
    )
    return figure


def look_up(q: ArrayLike, k: ArrayLike, v: ArrayLike, weights: ArrayLike, title: str) -> Figure:
    """Draw a soft look-up on two planes: q among its keys, and the result b in the hull of the values."""
    q, k, v = as_array("q", q, 1), as_array("k", k, 2), as_array("v", v, 2)
    weights = as_array("weights", weights, 1)
    b = weights @ v
    figure = Figure(figsize=(7.2, 3.9), layout="constrained", facecolor=style.PAPER)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    left, right = figure.subplots(1, 2)
    left.set_title("keys and query, with scores q·k", fontsize=11)
    _draw_keys(left, q, k)
    right.set_title("values with weights, and the result b", fontsize=11)
    _graph_paper(right, v)
    _draw_hull(right, v)
    for j, (vector, weight) in enumerate(zip(v, weights, strict=True), start=1):
        right.plot(*zip(vector, b, strict=True), color=style.VALUE, lw=0.4 + 3 * weight, alpha=0.5)
        right.plot(*vector, "o", color=style.VALUE, markersize=5 + 11 * np.sqrt(weight), zorder=4)
        name = f"{style.sub('v', j)}  {style.short(weight)}"
        _label(right, vector, name, _outward(vector - v.mean(axis=0)), gap=13)
    right.plot(*b, "D", color=style.OUTPUT, markersize=9, markeredgecolor=style.INK, zorder=5)
    _label(right, b, "b", _free_side(b, v), gap=13)
    shares = ", ".join(style.short(w) for w in weights)
    figure.alt = (
        f"{title}. Left: {_listed('q', q)} among {_listed('k', k)}, scores {_numbers(k @ q)}. "
        f"Right: {_listed('v', v)}, with weights {shares}; {_listed('b', b)} lies in the dashed hull of "
        "the values."
    )
    return figure


def hull(points: ArrayLike) -> Array:
    """Give the corners of the convex hull of points (n, 2), counter-clockwise.

    >>> hull([(0, 0), (2, 0), (1, 1), (2, 2), (0, 2)]).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]
    """
    ordered = np.unique(as_array("points", points, 2), axis=0)
    if len(ordered) < 3:
        return ordered
    return np.array(_half_hull(ordered)[:-1] + _half_hull(ordered[::-1])[:-1])


def _half_hull(points: Array) -> list[Array]:
    corners: list[Array] = []
    for point in points:
        while len(corners) > 1 and _turn(corners[-2], corners[-1], point) <= 0:
            corners.pop()
        corners.append(point)
    return corners


def _turn(a: Array, b: Array, c: Array) -> float:
    """Above 0 if the way a, b, c turns left."""
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def borders(k: ArrayLike) -> Array:
    """Give the directions in which two keys of k (S, 2) score the same and no third one more.

    >>> borders([(1, 0), (-1, 0)]).tolist()
    [[0.0, 1.0], [0.0, -1.0]]
    """
    k, found = as_array("k", k, 2), []
    for one, other in combinations(k, 2):
        across = np.array([one[1] - other[1], other[0] - one[0]])
        for ray in (-across, across):
            length = np.hypot(*ray)
            if length and one @ ray >= (k @ ray).max() - 1e-9 * length:
                found.append(ray / length + 0.0)  # no minus zero
    return np.reshape(found, (-1, 2))


def _draw_keys(axes: Axes, q: Array, k: Array) -> None:
    reach = _graph_paper(axes, np.vstack([q, k]))
    for ray in borders(k):
        axes.plot(*zip((0, 0), 3 * reach * ray, strict=True), color=style.MUTED, lw=0.9, ls=(0, (4, 3)))
    for j, (key, score) in enumerate(zip(k, k @ q, strict=True), start=1):
        _arrow(axes, key, f"{style.sub('k', j)}  {style.short(score)}", style.KEY)
    _arrow(axes, q, "q", style.QUERY, width=2.6)


def _graph_paper(axes: Axes, points: Array) -> float:
    reach = float(np.ceil(np.abs(points).max() + 0.6))
    step = 10.0 ** np.floor(np.log10(reach)) if reach > 8 else 1.0
    marks = np.arange(-np.floor(reach / step) * step, reach + step / 2, step)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=marks, yticks=marks)
    axes.set(xlabel="first entry", ylabel="second entry")
    for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
        for label in ticks:
            label.set_fontsize(10)
    axes.xaxis.set_major_formatter(lambda x, _: style.short(x))
    axes.yaxis.set_major_formatter(lambda x, _: style.short(x))
    axes.grid(color=style.GRID, lw=0.6)
    axes.set_axisbelow(True)
    axes.axhline(0, color=style.MUTED, lw=0.8, zorder=1)
    axes.axvline(0, color=style.MUTED, lw=0.8, zorder=1)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return reach


def _draw_hull(axes: Axes, points: Array) -> None:
    corners = hull(points)
    axes.fill(*corners.T, facecolor=style.VALUE, alpha=0.08, zorder=1)
    axes.fill(*corners.T, fill=False, edgecolor=style.VALUE, lw=1.2, ls="--", zorder=2)


def _arrow(axes: Axes, vector: Array, name: str, colour: str, width: float = 1.8) -> None:
    _shaft(axes, np.zeros(2), vector, colour, width)
    _label(axes, vector, name, _beside(vector))


def _beside(vector: Array) -> Array:
    """Give the direction from an arrow's tip to its label: ahead, and to the right."""
    along = _outward(vector)
    return 0.5 * along + 0.9 * np.array([along[1], -along[0]])


def _shaft(axes: Axes, start: Array, end: Array, colour: str, width: float) -> None:
    if np.allclose(start, end):
        axes.plot(*end, "o", color=colour, markersize=width * 2.5, zorder=3)
        return
    look = {
        "arrowstyle": "-|>,head_length=0.5,head_width=0.25",
        "color": colour,
        "lw": width,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.annotate("", xy=(end[0], end[1]), xytext=(start[0], start[1]), arrowprops=look, zorder=3)


def _label(axes: Axes, place: Array, text: str, direction: Array, gap: float = 11) -> None:
    axes.annotate(
        text,
        xy=(place[0], place[1]),
        xytext=(gap * direction[0], gap * direction[1]),
        textcoords="offset points",
        ha="left" if direction[0] > 0.3 else "right" if direction[0] < -0.3 else "center",
        va="center",
        color=style.INK,
        fontsize=11,
        path_effects=[withStroke(linewidth=3, foreground=style.PAPER)],
        zorder=6,
    )


def _free_side(place: Array, v: Array) -> Array:
    """Give the direction, of eight, in which a label at `place` is farthest from the v's and their labels."""
    turns = np.arange(8) * np.pi / 4
    sides = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    outward = np.array([_outward(x) for x in v - v.mean(axis=0)])
    taken = np.vstack([v, v + [0.6, 0.35] * outward])  # a label is about this far from its point
    gaps = np.linalg.norm((place + 0.35 * sides)[:, None] - taken, axis=-1)
    return sides[gaps.min(axis=1).argmax()]


def _outward(vector: Array) -> Array:
    length = np.hypot(*vector)
    return vector / length if length else np.array([0.0, -1.0])


def _numbers(entries: ArrayLike) -> str:
    return ", ".join(style.short(x) for x in np.ravel(entries))


def _listed(letter: str, x: Array) -> str:
    """Write one vector as q = (0, −1), several as k₁ = (−2, 2), k₂ = …"""
    names: Sequence[str] = [letter] if x.ndim == 1 else [style.sub(letter, j + 1) for j in range(len(x))]
    return ", ".join(f"{name} = ({_numbers(row)})" for name, row in zip(names, np.atleast_2d(x), strict=True))
