"""Looking inside: the maps of heads over a text, how a skill appears, and weight next to length."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.plots.grid import readable
from transformer_lib.shapes import Array, ShapeError, as_array

_WITH_NUMBERS = 6  # positions up to which each cell of two maps carries its number
_LATER = "#eceef1"  # a key that comes later, which nobody may look at
_LOOKS = ((style.QUERY, "o", "solid"), (style.KEY, "s", (0, (5, 2))))


def letter_maps(
    maps: Mapping[str, ArrayLike], text: str, title: str, *, reads: Sequence[str] | None = None
) -> Figure:
    """Draw one map or two of causal heads (N, N) over the letters of a text, each under its name.

    `reads` says what is read off each row of the last map, '' for nothing.

    >>> letter_maps({"all": [[1, 0], [0.25, 0.75]]}, "ab", "Two letters").alt
    'Two letters. Map of all, each position a row. 1 a: a 1. 2 b: a 0.25, b 0.75.'
    """
    shown = {name: _checked(name, weights, text) for name, weights in maps.items()}
    figure = Figure(figsize=(6.4, 3.9 if len(shown) > 1 else 3.4), layout="constrained")
    figure.set_facecolor(style.PAPER)
    figure.suptitle(title, x=0.02, ha="left", fontsize=12, wrap=True)
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, (name, weights) in zip(panels, shown.items(), strict=True):
        _map(axes, weights, text)
        axes.set_title(name, fontsize=12)
        axes.set_xlabel("key j")
    panels[0].set_ylabel("query i")
    if reads is not None:
        for i, letter in enumerate(reads):
            where = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
            panels[-1].annotate(f"→ {letter or '–'}", (1, i), (6, 0), **where)
    figure.alt = _told(title, shown, text, reads)
    return figure


def stripes(maps: Mapping[str, ArrayLike], title: str, *, period: int) -> Figure:
    """Draw two large causal maps (N, N) side by side, without numbers.

    A dashed line stands where the text begins to repeat, after `period` positions; from there on the
    alt text looks for the distance that gets most.

    >>> stripes({"back": np.eye(9, k=-2)}, "A stripe", period=4).alt
    'A stripe. Map of back, 9 rows: from row 5 on the brightest stripe runs 2 to the left of the diagonal.'
    """
    figure = Figure(figsize=(6.4, 3.9), layout="constrained", facecolor=style.PAPER)
    figure.suptitle(title, x=0.02, ha="left", fontsize=12, wrap=True)
    panels = figure.subplots(1, len(maps), squeeze=False)[0]
    told = [title]
    for axes, (name, weights) in zip(panels, maps.items(), strict=True):
        table = as_array(name, weights, 2)
        _large(axes, table, name)
        axes.axhline(period - 0.5, color=style.KEY, linewidth=1.2, linestyle=(0, (4, 2)))
        means = [np.diagonal(table[period:], period - back).mean() for back in range(period)]
        told.append(
            f"Map of {name}, {len(table)} rows: from row {period + 1} on the brightest stripe runs "
            f"{int(np.argmax(means))} to the left of the diagonal"
        )
    panels[0].set_ylabel("query i")
    figure.alt = ". ".join(told) + "."
    return figure


def skill(lines: Mapping[str, Mapping[int, float]], title: str, *, chance: float | None = None) -> Figure:
    """Draw how often up to two networks are right, by training step.

    The alt text is coarse, since trained numbers differ a little from machine to machine.

    >>> skill({"one": {50: 0.04, 100: 0.15}}, "It creeps").alt
    'It creeps. Guessed right, by step: one begins below 0.1 and ends between 0.1 and 0.2.'
    """
    figure, axes = card(title, height=3.6)
    told = []
    for (name, scores), (colour, marker, dash) in zip(lines.items(), _LOOKS, strict=False):
        steps, right = [int(step) for step in scores], list(scores.values())
        axes.plot(steps, right, color=colour, marker=marker, linestyle=dash, label=name)
        told.append(f"{name} begins {_tenth(right[0])} and ends {_tenth(right[-1])}")
    if chance is not None:
        axes.axhline(chance, color=style.MUTED, linewidth=1, linestyle=(0, (2, 2)), label="a guess")
    axes.set(xlabel="step", ylabel="guessed right", ylim=(0, 1.05), xlim=(0, None))
    axes.grid(axis="y", color=style.GRID, linewidth=0.6)
    axes.legend(frameon=False, fontsize=11, loc="center right")
    figure.alt = f"{title}. Guessed right, by step: {'; '.join(told)}."
    return figure


def weight_and_length(weights: ArrayLike, lengths: ArrayLike, names: Sequence[str], title: str) -> Figure:
    """Draw one row of weights, and beside it how long each weighted value is.

    >>> weight_and_length([0.9, 0.1], [0, 0.1], ["^", "a"], "The sink").alt
    'The sink. Weight α′: ^ 0.9, a 0.1. Length of α′v: ^ 0, a 0.1.'
    """
    row, long = as_array("weights", weights, 1), as_array("lengths", lengths, 1)
    if not len(row) == len(long) == len(names):
        raise ShapeError(f"{len(row)} weights, {len(long)} lengths, {len(names)} names: give one each.")
    figure = Figure(figsize=(6.4, 1.5 + 0.36 * len(row)), layout="constrained", facecolor=style.PAPER)
    figure.suptitle(title, x=0.02, ha="left", fontsize=12, wrap=True)
    panels = figure.subplots(1, 2, sharey=True)
    end = 1.25 * max(row.max(), long.max())
    pairs = (("weight α′", row, style.QUERY, None), ("length of α′v", long, style.VALUE, "///"))
    for axes, (what, values, colour, hatch) in zip(panels, pairs, strict=True):
        paint = {"color": colour} if hatch is None else {"facecolor": "white", "edgecolor": colour}
        axes.barh(range(len(values)), values, height=0.62, hatch=hatch, **paint)
        for i, x in enumerate(values):
            axes.annotate(style.short(x), (x, i), (4, 0), textcoords="offset points", va="center")
        axes.set_title(what, fontsize=12)
        axes.set(xlim=(0, end), xticks=[])
        axes.tick_params(length=0)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].invert_yaxis()
    told = [
        f"{what[0].upper()}{what[1:]}: "
        + ", ".join(f"{name} {style.short(x)}" for name, x in zip(names, values, strict=True))
        for what, values, _, _ in pairs
    ]
    figure.alt = f"{title}. {'. '.join(told)}."
    return figure


def _checked(name: str, weights: ArrayLike, text: str) -> Array:
    table = as_array(name, weights, 2)
    if table.shape != (len(text), len(text)):
        raise ShapeError(f"{name} has shape {table.shape} and the text {len(text)} letters: make it square.")
    return table


def _map(axes: Axes, weights: Array, text: str) -> None:
    n = len(text)
    later = ~np.tri(n, dtype=bool)
    image = axes.imshow(
        np.ma.masked_array(weights, later), cmap=style.WEIGHTS_MAP, norm=Normalize(0, 1), aspect="auto"
    )
    for i, j in np.argwhere(later):
        axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=_LATER, linewidth=0))
    axes.set_xticks(range(n), list(text))
    axes.set_yticks(range(n), list(text))
    axes.set_xticks(np.arange(n - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(n - 1) + 0.5, minor=True)
    axes.grid(which="minor", color=style.PAPER, linewidth=2)
    axes.tick_params(which="both", length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axes.xaxis.set_label_position("top")
    axes.spines[:].set_visible(False)
    if n <= _WITH_NUMBERS:
        for i, j in np.argwhere(~later):
            colour = readable(image.to_rgba(weights[i, j])[:3])  # type: ignore[index]
            axes.text(j, i, _number(float(weights[i, j])), ha="center", va="center", color=colour)


def _large(axes: Axes, weights: Array, name: str) -> None:
    """A map too large for numbers and letters; what comes later is left grey."""
    later = ~np.tri(*weights.shape, dtype=bool)
    axes.set_facecolor(_LATER)
    axes.imshow(np.ma.masked_array(weights, later), cmap=style.WEIGHTS_MAP, norm=Normalize(0, 1))
    ticks = np.arange(0, len(weights), 10)
    axes.set_xticks(ticks, [str(t + 1) for t in ticks])
    axes.set_yticks(ticks, [str(t + 1) for t in ticks])
    axes.set_title(name, fontsize=12)
    axes.set_xlabel("key j")
    axes.spines[:].set_visible(False)


def _tenth(x: float) -> str:
    """Say between which tenths a share lies."""
    low = min(int(10 * x), 9)
    return f"between {low / 10:g} and {(low + 1) / 10:g}" if low else "below 0.1"


def _number(x: float) -> str:
    return style.short(x, 2)


def _told(title: str, maps: Mapping[str, Array], text: str, reads: Sequence[str] | None) -> str:
    """Tell of each row the keys it gives a twentieth or more."""
    told = [title]
    for name, weights in maps.items():
        told.append(f"Map of {name}, each position a row")
        for i, row in enumerate(weights):
            seen = [f"{text[j]}{_where(text, j)} {_number(x)}" for j, x in enumerate(row) if x >= 0.05]
            told.append(f"{i + 1} {text[i]}: {', '.join(seen)}")
    if reads is not None:
        told.append("Read off the rows: " + ", ".join(letter or "nothing" for letter in reads))
    return ". ".join(told) + "."


def _where(text: str, j: int) -> str:
    """Tell two equal letters apart by their places."""
    return f" at {j + 1}" if text.count(text[j]) > 1 else ""
