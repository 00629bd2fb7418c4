"""The lecture's picture: from the inputs at the bottom, by query, keys and values, to one output on top."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch
from matplotlib.path import Path
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import Array, ShapeError, as_array

# Heights in the picture, from the top of the output to the foot of the inputs.
_PLUS, _WEIGHTS, _SOFTMAX, _SCORES, _DOT, _VECTORS, _INPUTS, _FOOT = 80, 111, 165, 201, 262, 283, 371, 429
_WIDE, _BOX, _STEP = 36, 50, 86  # a vector's box, a number's box, from one column to the next
_SUM, _SHARE = 25, 62  # inside a column: its arrow to the weight, and where weight and value meet


def lecture(
    a: ArrayLike,
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    scores: ArrayLike,
    weights: ArrayLike,
    output: ArrayLike,
    query: int,
    title: str,
    base: str = "2",
) -> Figure:
    """Draw how the position `query`, counted from 1, comes to its output.

    `a`, `k` and `v` (N, 2) hold one vector a row; `q` and `output` (2,) belong to the position that
    asks, `scores` and `weights` (N,) to its row. A score of −∞ is drawn as left out.
    Source: the layout follows Hung-yi Lee, "Self-attention", lecture slides,
    National Taiwan University (2021).

    >>> from transformer_lib.pocket import A, by_hand
    >>> q, k, v, scores, weights, output = by_hand
    >>> figure = lecture(A, q[0], k, v, scores[0], weights[0], output[0], query=1, title="By hand")
    >>> figure.alt.split(". ")[-1]
    'The weighted values add up to b₁ = (0.2, 1.7).'
    """
    a, k, v = (as_array(name, x, 2) for name, x in (("a", a), ("k", k), ("v", v)))
    q, weights, output = (
        as_array(name, x, 1) for name, x in (("q", q), ("weights", weights), ("output", output))
    )
    scores = np.asarray(scores, dtype=np.float64)
    _check(query, a, k, v, scores, weights)

    height = 5.6 * (_FOOT + 30) / (_STEP * len(a) + 30)
    figure, axes = card(title, height=height)
    axes.set(xlim=(-1, _STEP * len(a) + 31), ylim=(_FOOT + 2, -2))
    axes.set_aspect("equal")
    axes.set_axis_off()

    asks = _key_at(query, query)
    top = asks + _SUM
    _vector(axes, asks - 40, _VECTORS, style.sub("q", query), q, style.QUERY)
    for j in range(1, len(a) + 1):
        _column(axes, j, query, a[j - 1], k[j - 1], v[j - 1])
        x, seen = _key_at(j, query), bool(np.isfinite(scores[j - 1]))
        if seen:
            _links(axes, x, asks, top, weights[j - 1])
        score = _tight(scores[j - 1], 5) if seen else "–"
        weight = style.fmt(weights[j - 1], _decimals(weights)) if seen else "0"
        _box(axes, x, _SCORES, _BOX, [style.sub("α", query, j), score], dashed=not seen)
        _box(
            axes, x, _WEIGHTS, _BOX, [style.sub("α′", query, j), weight], dashed=not seen, fill=weights[j - 1]
        )
    _box(axes, 0, _SOFTMAX, _STEP * len(a) + 30, [f"softmax in base {base}"])
    _line(axes, style.OUTPUT, [(top, _PLUS), (top, 63)], head=True)
    _node(axes, top, _PLUS, "+")
    _vector(axes, top - 30, 0, style.sub("b", query), output, style.OUTPUT, width=60)

    figure.alt = _words(title, query, a, q, k, v, scores, weights, output)
    return figure


def _check(query: int, a: Array, k: Array, v: Array, scores: Array, weights: Array) -> None:
    lengths = {"a": len(a), "k": len(k), "v": len(v), "scores": len(scores), "weights": len(weights)}
    if len(set(lengths.values())) > 1 or not 1 <= query <= len(a):
        raise ShapeError(
            f"query is {query} and the lengths are {lengths}: give one row of a, k and v, one score and one "
            "weight for each position, and a query among them."
        )


def _key_at(j: int, query: int) -> int:
    """Give the left edge of key j: the position that asks has its query's box to the left of it."""
    return _STEP * (j - 1) + (40 if j >= query else 0)


def _column(axes: Axes, j: int, query: int, a: Array, k: Array, v: Array) -> None:
    """Draw a position's input, key and value; the query's arrow too, if it asks."""
    x, left = _key_at(j, query), _key_at(j, query) - (40 if j == query else 0)
    middle = (left + x + 76) / 2
    _vector(axes, left, _INPUTS, style.sub("a", j), a, style.MUTED, width=x + 76 - left)
    _vector(axes, x, _VECTORS, style.sub("k", j), k, style.KEY)
    _vector(axes, x + 40, _VECTORS, style.sub("v", j), v, style.VALUE)
    for place, colour in ((left, style.QUERY), (x, style.KEY), (x + 40, style.VALUE))[j != query :]:
        foot, tip = _INPUTS - 6, _VECTORS + 61
        way = [(middle, _INPUTS), (middle, _INPUTS - 18), (place + _WIDE / 2, foot), (place + _WIDE / 2, tip)]
        _line(axes, colour, way, curved=True, head=True)


def _links(axes: Axes, x: int, asks: int, top: int, weight: float) -> None:
    """Draw one key's way to its score and weight, and its value's way to the sum."""
    key, value = x + _WIDE // 2, x + _SHARE
    _line(axes, style.QUERY, [(asks - 22, _VECTORS), (asks - 22, _DOT), (key, _DOT)])
    _line(axes, style.KEY, [(key, _VECTORS), (key, _DOT)])
    _line(axes, style.MUTED, [(key, _DOT), (key, _SCORES + 43)], head=True)
    _line(axes, style.MUTED, [(x + _SUM, _SCORES), (x + _SUM, _WEIGHTS + 43)], head=True)
    _line(axes, style.VALUE, [(value, _VECTORS), (value, _WEIGHTS + 20)])
    bend = 0.6 * value + 0.4 * top
    points = [(value, _WEIGHTS + 20), (value, _PLUS), (bend, _PLUS), (top, _PLUS)]
    _line(axes, style.VALUE, points, curved=True, width=1.2 + 8 * weight)
    _node(axes, key, _DOT, "·")
    _node(axes, value, _WEIGHTS + 20, "×")


def _vector(
    axes: Axes, x: float, y: float, name: str, entries: Array, colour: str, width: float = _WIDE
) -> None:
    texts = [_tight(entry, 6 if width > _WIDE else 4) for entry in entries]
    _box(axes, x, y, width, [name, *texts], colour)


def _box(
    axes: Axes,
    x: float,
    y: float,
    width: float,
    lines: Sequence[str],
    colour: str = style.MUTED,
    *,
    dashed: bool = False,
    fill: float = 0,
) -> None:
    """Draw a box with its name in bold and numbers below it; `fill` tints it by a weight."""
    tint = to_rgba(style.QUERY, 0.5 * fill) if fill else to_rgba(colour, 0 if dashed else 0.08)
    for face, edge in ((style.PAPER, "none"), (tint, colour)):  # opaque first: lines pass behind
        axes.add_patch(
            FancyBboxPatch(
                (x, y),
                width,
                4 + 18 * len(lines),
                boxstyle="round,pad=0,rounding_size=5",
                facecolor=face,
                edgecolor=edge,
                linestyle="--" if dashed else "-",
                linewidth=1.4,
                zorder=3,
            )
        )
    for i, text in enumerate(lines):
        _text(axes, x + width / 2, y + 11 + 18 * i, text, bold=i == 0)


def _node(axes: Axes, x: float, y: float, sign: str) -> None:
    axes.add_patch(Circle((x, y), 9, facecolor=style.PAPER, edgecolor=style.MUTED, linewidth=1.4, zorder=3))
    _text(axes, x, y, sign, bold=True)


def _text(axes: Axes, x: float, y: float, text: str, bold: bool) -> None:
    weight = "bold" if bold else "normal"
    axes.text(
        x, y, text, ha="center", va="center_baseline", size=13, weight=weight, color=style.INK, zorder=4
    )


def _line(
    axes: Axes,
    colour: str,
    points: Sequence[tuple[float, float]],
    *,
    curved: bool = False,
    width: float = 1.6,
    head: bool = False,
) -> None:
    """Draw a line through the points, or one curve that they pull; every arrow of the picture points up."""
    step = Path.CURVE4 if curved else Path.LINETO
    codes, points = [Path.MOVETO] + [step] * (len(points) - 1), list(points)
    if head:
        x, y = points[-1]
        points += [(x - 4, y + 6), (x, y), (x + 4, y + 6)]
        codes += [Path.MOVETO, Path.LINETO, Path.LINETO]
    look = {"edgecolor": colour, "linewidth": width, "capstyle": "round", "joinstyle": "round"}
    axes.add_patch(PathPatch(Path(points, codes), fill=False, zorder=2, **look))


def _tight(x: float, room: int) -> str:
    """Print a number in at most `room` characters, if fewer decimals can do it."""
    texts = [style.short(x, digits) for digits in (3, 2, 1, 0)]
    return next((text for text in texts if len(text) <= room), f"{x:.0e}")


def _decimals(weights: Array) -> int:
    """Weights in a row carry equally many decimals: two, if two say them all."""
    return 2 if all(style.short(x) == style.short(x, 2) for x in weights) else 3


def _words(
    title: str,
    query: int,
    a: Array,
    q: Array,
    k: Array,
    v: Array,
    scores: Array,
    weights: Array,
    output: Array,
) -> str:
    def named(letter: str, vectors: Array) -> str:
        return ", ".join(f"{style.sub(letter, j)} = {_plain(x)}" for j, x in enumerate(vectors, start=1))

    digits = _decimals(weights)
    listed = ", ".join("left out" if np.isneginf(x) else style.short(x) for x in scores)
    return (
        f"{title}. The lecture's picture from the bottom up. Inputs {named('a', a)}. "
        f"Query {style.sub('q', query)} = {_plain(q)}; keys {named('k', k)}; values {named('v', v)}. "
        f"Scores of position {query}: {listed}. Their softmax, the weights: "
        f"{', '.join(style.fmt(x, digits) for x in weights)}. "
        f"The weighted values add up to {style.sub('b', query)} = {_plain(output)}."
    )


def _plain(vector: Array) -> str:
    return f"({', '.join(style.short(x) for x in vector)})"
