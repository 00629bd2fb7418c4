"""A few lines over a doubling quantity: where they cross, and how fast they part."""

from collections.abc import Mapping, Sequence

from matplotlib.ticker import FuncFormatter, NullLocator
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import as_array

# A colour, a marker and a dash each, so that no line is told by its colour alone.
_LOOKS = (
    (style.QUERY, "o", "solid"),
    (style.KEY, "s", (0, (5, 2))),
    (style.VALUE, "^", (0, (1, 1.5))),
    (style.OUTPUT, "D", (0, (5, 2, 1, 2))),
)


def curves(
    x: Sequence[int], lines: Mapping[str, ArrayLike], title: str, *, xlabel: str, ylabel: str, unit: str = ""
) -> Figure:
    """Draw up to four lines over x, both axes doubling from tick to tick; each line bears its name.

    `unit` stands behind each number of the y axis and of the description, such as "×".
    """
    figure, axes = card(title, height=3.8)
    ends = [float(as_array(name, values, 1)[-1]) for name, values in lines.items()]
    told = []
    for (name, values), (colour, marker, dash) in zip(lines.items(), _LOOKS, strict=False):
        y = as_array(name, values, 1)
        axes.plot(x, y, color=colour, marker=marker, linestyle=dash, markersize=5, clip_on=False)
        axes.annotate(name, (x[-1], y[-1]), xytext=(8, 0), textcoords="offset points", va=_side(y[-1], ends))
        listed = ", ".join(f"{at}: {value:g}{unit}" for at, value in zip(x, y, strict=True))
        told.append(f"{name}, {listed}")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.set(xlabel=xlabel, ylabel=ylabel, xticks=x)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:g}{unit}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(color=style.GRID, linewidth=0.6)
    figure.alt = f"{title}. {ylabel[0].upper()}{ylabel[1:]} by {xlabel}. {'; '.join(told)}."
    return figure


def _side(end: float, ends: Sequence[float]) -> str:
    """Say on which side of its line's end a name stands, so that two near ends do not collide."""
    if any(end < other < 1.5 * end for other in ends):
        return "top"
    return "bottom" if any(end / 1.5 < other < end for other in ends) else "center"
