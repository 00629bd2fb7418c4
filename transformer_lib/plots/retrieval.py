"""A look-up in a few pairs: who contributes to its result, and where the result goes."""

from collections.abc import Mapping, Sequence

from matplotlib.patheffects import withStroke
from matplotlib.ticker import MultipleLocator
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.plots.plane import hull
from transformer_lib.shapes import Array, ShapeError, as_array

_STEP = 1.5  # from one column of bars to the next; a full bar is 1 long


def look_ups(
    shares: ArrayLike,
    ways: Sequence[str],
    pairs: Sequence[str],
    results: Sequence[str] = (),
    *,
    title: str,
    places: int = 2,
) -> Figure:
    """Draw what each pair contributes, one column of bars for each way to look up.

    `shares` holds one row a way and one column a pair, on a fixed scale of 0 to 1, written to
    `places` decimals; `results`, if given, says what each way gives.
    """
    shares = as_array("shares", shares, 2)
    if shares.shape != (len(ways), len(pairs)) or len(results) not in (0, len(ways)):
        raise ShapeError(
            f"shares has shape {shares.shape}: give one row for each of the {len(ways)} ways and results, "
            f"and one column for each of the {len(pairs)} pairs."
        )
    figure, axes = card(title, height=1.5 + 0.42 * len(pairs))
    below = results or [""] * len(ways)
    told = []
    for i, (row, way, result) in enumerate(zip(shares, ways, below, strict=True)):
        left = _STEP * i
        axes.barh(range(len(row)), row, left=left, color=style.QUERY, height=0.6)
        axes.plot([left, left], [-0.5, len(row) - 0.5], color=style.MUTED, linewidth=1)
        for place, share in enumerate(row):
            axes.text(left + share + 0.04, place, _share(share, places), va="center")
        axes.text(left, -0.72, way, va="bottom")
        axes.text(left, len(row) - 0.2, result, va="top", fontweight="bold")
        listed = ", ".join(f"{pair}: {_share(x, places)}" for pair, x in zip(pairs, row, strict=True))
        told.append(f"{way}: {listed}; {result}." if result else f"{way}: {listed}.")
    axes.set(xlim=(-0.04, _STEP * len(ways) - 0.1), ylim=(len(pairs) + 0.35, -1.25), xticks=[])
    axes.set(yticks=range(len(pairs)), yticklabels=pairs)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.alt = f"{title}. {' '.join(told)}"
    return figure


def result_path(values: ArrayLike, path: ArrayLike, marks: Mapping[str, ArrayLike], title: str) -> Figure:
    """Draw the way of a result among two-dimensional values, in the hull that it cannot leave.

    `path` holds one point a row; `marks` are the points on it that get a name.
    """
    values, path = as_array("values", values, 2), as_array("path", path, 2)
    named = {name: as_array(name, point, 1) for name, point in marks.items()}

    figure, axes = card(title, height=4.2)
    corners = hull(values)
    axes.fill(*corners.T, facecolor=style.VALUE, alpha=0.08, zorder=1)
    axes.fill(*corners.T, fill=False, edgecolor=style.VALUE, linewidth=1.2, linestyle="--", zorder=2)
    axes.grid(color=style.GRID, linewidth=0.6)
    axes.plot(*path.T, color=style.OUTPUT, linewidth=2.5, zorder=3)
    axes.plot(*values.T, "o", color=style.VALUE, markersize=9, zorder=3)
    for point in named.values():
        axes.plot(*point, "D", color=style.OUTPUT, markersize=8, markeredgecolor=style.INK, zorder=4)
    top = values[:, 1].max()
    for j, value in enumerate(values, start=1):
        beside, ha = ((0, 14), "center") if value[1] == top else ((11, 0), "left")
        _name(figure, f"{style.sub('v', j)} {style.vector(value, 0)}", value, beside, ha)
    for name, point in named.items():
        _name(figure, name, point, beside=(-11, -1), ha="right")
    axes.set(xlabel="first entry", ylabel="second entry", axisbelow=True)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.15)
    axes.xaxis.set_major_locator(MultipleLocator(1))
    axes.yaxis.set_major_locator(MultipleLocator(1))
    figure.alt = (
        f"{title}. Graph paper with "
        + ", ".join(f"{style.sub('v', j)} at {style.vector(v, 0)}" for j, v in enumerate(values, start=1))
        + ", and their dashed hull. The result is at "
        + ", ".join(f"{style.vector(point)} for {name}" for name, point in named.items())
        + ", always inside the hull."
    )
    return figure


def _name(figure: Figure, text: str, point: Array, beside: tuple[int, int], ha: str) -> None:
    figure.axes[0].annotate(
        text,
        (point[0], point[1]),
        xytext=beside,
        textcoords="offset points",
        ha=ha,
        va="center",
        path_effects=[withStroke(linewidth=4, foreground=style.PAPER)],
        zorder=5,
    )


def _share(share: float, places: int) -> str:
    return style.fmt(share, 0 if share in (0, 1) else places)
