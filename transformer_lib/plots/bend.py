"""What a bend does: the curves that stand between two matrices, and outputs with and without one."""

from collections.abc import Mapping

from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import ShapeError, as_array

# A colour and a dash each, so that no curve is told by its colour alone.
_LOOKS = ((style.QUERY, "-"), (style.KEY, (0, (6, 2))), (style.VALUE, (0, (1, 1.4))))


def bends(z: ArrayLike, curves: Mapping[str, ArrayLike], title: str) -> Figure:
    """Draw up to three functions of z (n,), each named at its right end and in the legend.

    >>> bends([-1, 0, 2], {"ReLU": [0, 0, 2]}, "Flat, then straight").alt
    'Flat, then straight. From z = −1 to z = 2. ReLU is 0 at the left end, 0 at its lowest, 2 at the right.'
    """
    z = as_array("z", z, 1)
    figure, axes = card(title, height=3.6)
    told = []
    for (name, values), (colour, dash) in zip(curves.items(), _LOOKS, strict=False):
        y = as_array(name, values, 1)
        if y.shape != z.shape:
            raise ShapeError(f"{name} has {len(y)} values and z has {len(z)}: give one value for each z.")
        axes.plot(z, y, color=colour, linestyle=dash, linewidth=2.2, label=name)
        left, lowest, right = (style.short(x) for x in (y[0], y.min(), y[-1]))
        told.append(f"{name} is {left} at the left end, {lowest} at its lowest, {right} at the right")
    axes.axhline(0, color=style.GRID, linewidth=1, zorder=0)
    axes.axvline(0, color=style.GRID, linewidth=1, zorder=0)
    axes.set(xlabel="z, one entry of W₁x", ylabel="what the unit passes on")
    axes.legend(frameon=False, loc="upper left")
    ends = f"From z = {style.short(z[0])} to z = {style.short(z[-1])}"
    figure.alt = f"{title}. {ends}. {'; '.join(told)}."
    return figure


def with_and_without(bent: ArrayLike, straight: ArrayLike, title: str) -> Figure:
    """Draw the outputs (n, 2) of one network for the same inputs, with its bend and without it.

    >>> with_and_without([[1, 0], [0, 1]], [[1, -1], [2, -2]], "A line").alt.split(". ")[1]
    'Two panels of points, 2 outputs in each'
    """
    panels = {"with ReLU": as_array("bent", bent, 2), "without": as_array("straight", straight, 2)}
    figure = Figure(figsize=(6.4, 3.5), layout="constrained", facecolor=style.PAPER)
    figure.suptitle(title, x=0.02, ha="left", fontsize=12)
    for axes, (name, y), marker in zip(
        figure.subplots(1, 2, sharex=True, sharey=True), panels.items(), "os", strict=True
    ):
        axes.plot(*y.T, marker, color=style.OUTPUT, markeredgecolor=style.INK, markeredgewidth=0.5)
        axes.set_title(name, fontsize=12)
        axes.set(xlabel="first entry of y", aspect="equal")
        axes.grid(color=style.GRID, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.label_outer()
    figure.axes[0].set_ylabel("second entry of y")
    sums = {name: sorted({style.short(x, 1) for x in y.sum(axis=1)}) for name, y in panels.items()}
    spread = ". ".join(
        f"{name[0].upper()}{name[1:]} the two entries of every output sum to {found[0]}"
        if len(found) == 1
        else f"{name[0].upper()}{name[1:]} the outputs lie on no one line: the sum of their two entries "
        f"takes {len(found)} different values"
        for name, found in sums.items()
    )
    figure.alt = f"{title}. Two panels of points, {len(panels['without'])} outputs in each. {spread}."
    return figure
