"""Two heads' weights side by side: the same positions, looked at in two ways."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure
from transformer_lib.plots.grid import readable
from transformer_lib.shapes import Array, ShapeError, as_array


def two_heads(
    weights: ArrayLike,
    concat: ArrayLike,
    output: ArrayLike,
    query: int,
    title: str,
    on: Sequence[bool] = (True, True),
) -> Figure:
    """Draw the weights (2, N, N) of two heads, the row of `query` (from 1) framed, and what comes of it.

    `concat` (2·d_v,) holds the two outputs of that query side by side, `output` (d_out,) is W^O times
    it. A head that is not `on` is marked so.

    >>> same = [[[0.5, 0.5], [0.25, 0.75]]] * 2
    >>> two_heads(same, [1, 2], [3], query=2, title="Twice the same").alt.split(". ")[-2:]
    ['Side by side they give b₂¹ = (1) and b₂² = (2)', 'W^O makes of them b₂ = (3).']
    """
    weights, concat, output = (
        as_array(name, x, n)
        for name, x, n in (("weights", weights, 3), ("concat", concat, 1), ("output", output, 1))
    )
    if len(weights) != 2 or len(concat) % 2 or not 1 <= query <= weights.shape[1]:
        raise ShapeError(
            f"weights has shape {weights.shape}, concat {concat.shape} and query is {query}: give the "
            "weights of two heads, outputs of one width, and a query among the rows."
        )
    b = style.sub("b", query)
    made = [f"{b}{name} = {_plain(x)}" for name, x in zip("¹²", np.split(concat, 2), strict=True)]

    figure = Figure(figsize=(6.4, 3.9), layout="constrained", facecolor=style.PAPER)
    figure.suptitle(title, x=0.02, ha="left", fontsize=12, wrap=True)
    panels = figure.subplots(1, 2)
    for m, axes in enumerate(panels):
        _map(axes, weights[m], query)
        axes.set_title(f"head {m + 1}" + ("" if on[m] else " (off)"), fontsize=12)
        axes.set_xlabel("key j\n\n" + made[m])
    panels[0].set_ylabel("query i")
    figure.supxlabel(f"{b} = $\\mathregular{{W^O}}$ · concat = {_plain(output)}", fontsize=12)
    figure.alt = _words(title, weights, made, f"{b} = {_plain(output)}", on)
    return figure


def _map(axes: Axes, weights: Array, query: int) -> None:
    image = axes.imshow(weights, cmap=style.WEIGHTS_MAP, norm=Normalize(0, 1), aspect="auto")
    names = [style.sub("a", j + 1) for j in range(len(weights))]
    axes.set_xticks(range(len(weights)), names)
    axes.set_yticks(range(len(weights)), names)
    axes.set_xticks(np.arange(len(weights) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(weights) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color=style.PAPER, linewidth=2)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    for (i, j), x in np.ndenumerate(weights):
        _number(axes, image, i, j, x)
    axes.set(xlim=(-0.55, len(weights) - 0.45), ylim=(len(weights) - 0.45, -0.55))
    frame = {"fill": False, "edgecolor": style.OUTPUT, "linewidth": 3, "zorder": 3}
    axes.add_patch(Rectangle((-0.5, query - 1.5), len(weights), 1, **frame))


def _number(axes: Axes, image: AxesImage, i: int, j: int, x: float) -> None:
    colour = readable(image.to_rgba(x)[:3])  # type: ignore[index]
    axes.text(j, i, style.short(x), ha="center", va="center", color=colour)


def _plain(x: Array) -> str:
    return f"({', '.join(map(style.short, x))})"


def _words(title: str, weights: Array, made: list[str], result: str, on: Sequence[bool]) -> str:
    heads = [
        f"head {m + 1}{'' if on[m] else ', which is off'}: "
        + "; ".join(f"query {i + 1}: {', '.join(map(style.short, row))}" for i, row in enumerate(rows))
        for m, rows in enumerate(weights)
    ]
    return (
        f"{title}. Two grids of weights, one row a query, one column a key. {heads[0].capitalize()}. "
        f"{heads[1].capitalize()}. Side by side they give {made[0]} and {made[1]}. "
        f"W^O makes of them {result}."
    )
