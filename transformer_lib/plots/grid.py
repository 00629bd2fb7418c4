"""Scores and weights as a grid: one row a query, one column a key, the number in each cell."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import Array, InputError, ShapeError, as_array

Labels = Sequence[str] | None
_WITH_NUMBERS = 8  # rows and columns up to which each cell carries its number
_HATCH = "#8a92a0"
_IN_WORDS = 4  # and up to which the alt text gives them all


def weights_grid(
    weights: ArrayLike,
    title: str,
    *,
    queries: Labels = None,
    keys: Labels = None,
    allowed: ArrayLike | None = None,
    outputs: Labels = None,
) -> Figure:
    """Draw weights (T, S) in cividis on a fixed scale of 0 to 1, one row a query, one column a key.

    `queries` and `keys` name the rows and the columns, with their positions if left out. Where
    `allowed` (T, S) is False the pair is hidden: its cell is hatched. `outputs` says, at the right
    of each row, what it gives.
    """
    weights = as_array("weights", weights, 2)
    if weights.min() < 0 or weights.max() > 1 + 1e-9:
        raise InputError("weights holds a number outside 0 to 1: draw scores with scores_grid.")
    hidden = np.zeros(weights.shape, dtype=bool) if allowed is None else ~np.asarray(allowed, dtype=bool)
    if hidden.shape != weights.shape:
        raise ShapeError(f"allowed has shape {hidden.shape} and weights {weights.shape}: make them equal.")
    figure = _grid(weights, hidden, title, queries, keys, "weights α′", style.WEIGHTS_MAP, (0.0, 1.0))
    if outputs is not None:
        _write_outputs(figure, _names("outputs", outputs, len(weights)))
    return figure


def scores_grid(
    scores: ArrayLike,
    title: str,
    *,
    queries: Labels = None,
    keys: Labels = None,
    limit: float | None = None,
    label: str = "scores α",
    ends: tuple[float, float] | None = None,
) -> Figure:
    """Draw scores (T, S) in a diverging map centred on 0, one row a query, one column a key.

    A score of −∞ is a hidden pair: its cell is hatched. The map ends at ±`limit`, the largest
    score if left out; give it where two figures are compared. `label` says what the numbers are, and
    `ends` from where to where the colour bar goes, all of the map if left out.
    """
    hidden = np.isneginf(np.asarray(scores, dtype=np.float64))
    scores = as_array("scores", np.where(hidden, 0.0, scores), 2)
    limit = limit or float(abs(scores).max()) or 1.0
    return _grid(scores, hidden, title, queries, keys, label, style.SCORES_MAP, (-limit, limit), ends)


def _grid(
    values: Array,
    hidden: NDArray[np.bool_],
    title: str,
    queries: Labels,
    keys: Labels,
    what: str,
    colours: str,
    limits: tuple[float, float],
    ends: tuple[float, float] | None = None,
) -> Figure:
    n_queries, n_keys = values.shape
    names = _names("queries", queries, n_queries), _names("keys", keys, n_keys)
    widest = max(map(len, names[0]))
    title = fill(title, 56 - widest)
    height = 1.0 + 0.2 * len(title.splitlines()) + max(min(n_queries * 0.48, 4.4), n_queries * 0.2)
    figure, axes = card(title, height=height)
    axes.set_title(title, loc="left", fontsize=12, wrap=False)  # the colour bar upsets its own wrapping
    image = axes.imshow(
        np.ma.masked_array(values, hidden), cmap=colours, norm=Normalize(*limits), aspect="auto"
    )
    _label(axes, names)
    for i, j in np.argwhere(hidden):
        axes.add_patch(
            Rectangle(
                (j - 0.5, i - 0.5), 1, 1, facecolor=style.PAPER, edgecolor=_HATCH, hatch="///", linewidth=0
            )
        )
    if max(values.shape) <= _WITH_NUMBERS:
        for (i, j), value in np.ndenumerate(values):
            if hidden[i, j]:
                text = "−∞" if limits[0] < 0 else "0"
                box = {"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.5}
                axes.text(j, i, text, ha="center", va="center", color="black", bbox=box)
            else:
                colour = readable(image.to_rgba(value)[:3])  # type: ignore[index]
                axes.text(j, i, _number(value, values.shape), ha="center", va="center", color=colour)
    ends = ends or limits
    bar = figure.colorbar(image, ax=axes, label=what, ticks=np.linspace(*ends, 3 if n_queries > 2 else 2))
    bar.ax.set_ylim(*ends)
    bar.ax.set_yticklabels([_number(x, values.shape) for x in bar.get_ticks()])
    bar.outline.set_visible(False)  # type: ignore[operator]
    figure.alt = _alt(values, hidden, title.replace("\n", " "), names, what)
    return figure


def _label(axes: Axes, names: tuple[Sequence[str], Sequence[str]]) -> None:
    """Name rows and columns, keys on top as in a table, and part the cells by white lines."""
    n_queries, n_keys = len(names[0]), len(names[1])
    upright = max(len(line) for name in names[1] for line in name.split("\n")) * n_keys > 40
    axes.set(xlabel="key j", ylabel="query i")
    axes.xaxis.set_label_position("top")
    axes.set_xticks(range(n_keys), names[1], rotation=90 if upright else 0)
    axes.set_yticks(range(n_queries), names[0])
    axes.set_xticks(np.arange(n_keys - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(n_queries - 1) + 0.5, minor=True)
    axes.grid(which="minor", color=style.PAPER, linewidth=2 if n_keys <= _WITH_NUMBERS else 0.5)
    axes.tick_params(which="both", top=False, bottom=False, left=False, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)


def _write_outputs(figure: Figure, outputs: Sequence[str]) -> None:
    """Write what each row gives at its right, in place of the colour bar: the cells have their numbers."""
    grid = figure.axes[0]
    # Not its axes alone: matplotlib before 3.11 would still make room for them.
    grid.images[0].colorbar.remove()  # type: ignore[union-attr]
    for i, output in enumerate(outputs):
        grid.annotate(output, (1, i), (8, 0), ("axes fraction", "data"), "offset points", va="center")
    figure.alt += f" Outputs: {', '.join(outputs)}."


def _names(name: str, labels: Labels, count: int) -> Sequence[str]:
    labels = [str(i + 1) for i in range(count)] if labels is None else labels
    if len(labels) != count:
        raise ShapeError(f"{name} holds {len(labels)} labels for {count} of them: give one each.")
    return labels


def _number(value: float, shape: tuple[int, ...]) -> str:
    """As few digits as say it, at most 3, or 2 where cells are small."""
    return style.short(value, 3 if max(shape) <= _IN_WORDS else 2)


def readable(face: Sequence[float] | Array) -> str:
    """Choose black or white for a number, whichever stands out more: at least 4.58 to 1 on any colour."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in face]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return "black" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "white"


def _alt(
    values: Array,
    hidden: NDArray[np.bool_],
    title: str,
    names: tuple[Sequence[str], Sequence[str]],
    what: str,
) -> str:
    """Say every number of a small grid, and of a large one the largest of each row."""

    def number(i: int, j: int) -> str:
        return "hidden" if hidden[i, j] else _number(values[i, j], values.shape)

    queries, keys = ([name.replace("\n", " ") for name in some] for some in names)
    start = f"{title}. Grid of {what}, one row a query ({len(queries)}), one column a key ({len(keys)})"
    if max(values.shape) <= _IN_WORDS:
        rows = [
            f"{name}: {', '.join(number(i, j) for j in range(len(keys)))}" for i, name in enumerate(queries)
        ]
        return f"{start}. Query {'; query '.join(rows)}."
    best = np.argmax(np.where(hidden, -np.inf, values), axis=1)
    rows = [
        f"{name}: key {keys[j]}, {number(i, j)}"
        for i, (name, j) in enumerate(zip(queries, best, strict=True))
    ]
    count = f", {hidden.sum()} pairs hidden" if hidden.any() else ""
    return f"{start}{count}. The largest of each row: query {'; query '.join(rows)}."
