"""How many mistakes each test catches: one bar a test, out of all there are."""

from collections.abc import Mapping

from transformer_lib import style
from transformer_lib.plots.card import Figure, card


def caught(tests: Mapping[str, int], of: int, title: str, what: str = "mistakes") -> Figure:
    """Draw a bar for each test, its count at the end, on a scale from 0 to `of`."""
    figure, axes = card(title, height=1.1 + 0.42 * len(tests))
    names, counts = list(tests), list(tests.values())
    axes.barh(names, [of] * len(tests), color=style.GRID, height=0.6)
    axes.barh(names, counts, color=style.QUERY, height=0.6)
    for at, count in enumerate(counts):
        inside = count > of / 2
        axes.text(
            count - 0.3 if inside else count + 0.3,
            at,
            f"{count} of {of}",
            va="center",
            ha="right" if inside else "left",
            color=style.PAPER if inside else style.INK,
        )
    axes.invert_yaxis()
    axes.set(xlim=(0, of), xticks=range(0, of + 1, max(1, of // 4)), xlabel=f"{what} caught")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    told = "; ".join(f"{name}: {count}" for name, count in tests.items())
    figure.alt = f"{title}. Of {of} {what}, caught by each test: {told}."
    return figure
