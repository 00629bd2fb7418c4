"""Accuracies with their confidence intervals, one row each, on one line of numbers."""

from collections.abc import Mapping

from transformer_lib import style
from transformer_lib.plots.card import Figure, card


def intervals(rows: Mapping[str, tuple[float, float, float]], title: str, xlabel: str) -> Figure:
    """Draw for each name a dot at its value, and a bar from the low to the high end of its interval.

    >>> intervals({"coin": (0.5, 0.48, 0.52)}, "A coin", "accuracy").alt
    'A coin. accuracy with a 95% interval: coin 0.500, from 0.480 to 0.520.'
    """
    figure, axes = card(title, width=6.2, height=1.25 + 0.5 * len(rows))
    for y, (value, low, high) in enumerate(rows.values()):
        axes.plot([low, high], [y, y], color=style.QUERY, linewidth=3, solid_capstyle="butt")
        axes.plot(value, y, "o", color=style.INK, markersize=7)
        axes.annotate(style.fmt(value, 3), (value, y), (0, 7), textcoords="offset points", ha="center")
    ends = [end for _, *both in rows.values() for end in both]
    room = 0.06 * (max(ends) - min(ends))
    axes.set(yticks=range(len(rows)), yticklabels=rows, xlabel=xlabel)
    axes.set(ylim=(len(rows) - 0.5, -0.75), xlim=(min(ends) - room, max(ends) + room))
    axes.grid(axis="x", color=style.GRID)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    told = [
        f"{name} {style.fmt(value, 3)}, from {style.fmt(low, 3)} to {style.fmt(high, 3)}"
        for name, (value, low, high) in rows.items()
    ]
    figure.alt = f"{title}. {xlabel} with a 95% interval: {'; '.join(told)}."
    return figure
