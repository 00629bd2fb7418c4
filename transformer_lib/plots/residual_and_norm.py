"""What reaches each layer of a deep stack, and the table that shows what a norm runs over."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import Array, as_array

# A colour, a marker and a dash each, so that no line is told by its colour alone.
_LOOKS = (
    (style.QUERY, "o", "solid"),
    (style.KEY, "s", (0, (5, 2))),
    (style.VALUE, "^", (0, (1, 1.5))),
    (style.OUTPUT, "D", (0, (5, 2, 1, 2))),
)


def by_layer(
    lines: Mapping[str, ArrayLike],
    title: str,
    *,
    ylabel: str,
    log: bool = True,
    say: str | None = None,
) -> Figure:
    """Draw up to four lines over the layers 1, 2, …; each bears its name, and y goes by factors of ten.

    `say` describes the lines in words where their numbers differ a little from machine to machine.
    """
    figure, axes = card(title, height=3.8)
    draw_by_layer(axes, lines, log=log)
    axes.set(xlabel="layer", ylabel=ylabel)
    axes.legend(frameon=False, fontsize=11)
    figure.alt = f"{title}. {ylabel[0].upper()}{ylabel[1:]} by layer. {say or told(lines) + '.'}"
    return figure


def draw_by_layer(
    axes: Axes, lines: Mapping[str, ArrayLike], *, log: bool = True, bold: str | None = None
) -> None:
    """Draw the lines on axes; `bold` is the name of the one that matters now."""
    for (name, values), (colour, marker, dash) in zip(lines.items(), _LOOKS, strict=False):
        y = as_array(name, values, 1)
        width = 2.6 if name == bold else 1.4
        axes.plot(
            range(1, len(y) + 1), y, label=name, color=colour, marker=marker, linestyle=dash, lw=width, ms=4
        )
    if log:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(
            FuncFormatter(lambda at, _: f"{at:,g}" if at >= 1 else style.short(at, 9))
        )
        axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color=style.GRID, linewidth=0.6)


def told(lines: Mapping[str, ArrayLike]) -> str:
    """Say each line's first, middle and last number in words."""
    return "; ".join(f"{name}: {_three(as_array(name, values, 1))}" for name, values in lines.items())


def _three(y: Array) -> str:
    places = sorted({0, len(y) // 2, len(y) - 1})
    return ", ".join(f"{style.short(y[i], 2)} at {i + 1}" for i in places)


def residual_and_norm(
    table: Sequence[Sequence[float]],
    normalised: Sequence[Sequence[float]],
    gradient: Mapping[str, Sequence[float]],
    apart: Mapping[str, Sequence[float]],
    title: str,
    *,
    over: str,
    chosen: str,
) -> Figure:
    """Draw what reaches each layer and how far the tokens are apart there, under the two tables.

    `over` says what the norm runs over: "token" (a row) or "column"; `chosen` is a key of the lines.
    """
    figure = Figure(figsize=(6.4, 5.6), layout="constrained", facecolor=style.PAPER)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    axes = figure.subplot_mosaic(
        [["table", "result"], ["gradient", "apart"]], height_ratios=(1, 2), width_ratios=(1, 1)
    )
    _grid(axes["table"], table, "three tokens, one a row")
    _grid(axes["result"], normalised, f"each {'row' if over == 'token' else 'column'} normalised")
    draw_by_layer(axes["gradient"], gradient, bold=chosen)
    draw_by_layer(axes["apart"], apart, log=False, bold=chosen)
    axes["gradient"].legend(frameon=False, fontsize=11)
    axes["gradient"].set_title("gradient, last layer = 1", fontsize=11, loc="left")
    axes["apart"].set_title("how far tokens are apart", fontsize=11, loc="left")
    axes["apart"].set_ylim(0, 1)
    for name in ("gradient", "apart"):
        axes[name].set(xlabel="layer")
        axes[name].spines[["top", "right"]].set_visible(False)
    rows = "; ".join(style.vector(row, 3) for row in normalised)
    part = "row" if over == "token" else "column"
    figure.alt = (
        f"{title}. Above, three rows of four numbers, {'; '.join(map(_plain, table))}, and the same with "
        f"each {part} normalised: {rows}. Below, by layer, the gradient "
        f"relative to the last layer's: {told(gradient)}; and how far apart the tokens are, 0 if all are "
        f"the same: {told(apart)}."
    )
    return figure


def _plain(row: Sequence[float]) -> str:
    return "(" + ", ".join(map(style.short, row)) + ")"


def _grid(axes: Axes, rows: Sequence[Sequence[float]], title: str) -> None:
    axes.set_title(title, fontsize=11, loc="left")
    for i, row in enumerate(rows):
        for j, x in enumerate(row):
            axes.text(j, i, style.short(x, 2), ha="center", va="center", fontsize=11)
    axes.set(xlim=(-0.6, len(rows[0]) - 0.4), ylim=(len(rows) - 0.5, -0.5), xticks=[], yticks=[])
    axes.spines[["top", "right", "bottom", "left"]].set_color(style.GRID)


def norm_orders(title: str) -> Figure:
    """Draw one part f of a block in both orders, with the path of x from the bottom to the top."""
    figure = Figure(figsize=(5.6, 4.3), layout="constrained", facecolor=style.PAPER)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    for axes, order in zip(figure.subplots(1, 2), ("post", "pre"), strict=True):
        axes.set(xlim=(-1.1, 2.6), ylim=(-0.4, 6.6))
        axes.set_axis_off()
        axes.set_title(
            {"post": "post-norm: LN(x + f(x))", "pre": "pre-norm: x + f(LN(x))"}[order], fontsize=11
        )
        _path(axes, order)
    figure.alt = (
        f"{title}. Two drawings, read from the bottom to the top. Post-norm: x goes up to a plus sign, a "
        "side path leads through f to the same plus sign, and LayerNorm stands above it on the main path. "
        "Pre-norm: the main path goes from x to the plus sign and out at the top with nothing on it, and "
        "LayerNorm stands on the side path, before f; above the path, dashed, the final norm, once, at "
        "the end of the stack."
    )
    return figure


def _path(axes: Axes, order: str) -> None:
    """The main path upwards at 0, the side path at 1.6, the sum at height 3.4."""
    arrow = {"arrowstyle": "-|>", "color": style.INK, "lw": 2.2, "shrinkA": 0, "shrinkB": 0}
    thin = {**arrow, "lw": 1.3}
    axes.annotate("", (0, 3.15), (0, 0.25), arrowprops=arrow)
    axes.annotate("", (0, 5.3), (0, 3.65), arrowprops=arrow)
    axes.plot([0, 1.6], [0.8, 0.8], color=style.INK, lw=1.3)
    axes.annotate("", (0.28, 3.4), (1.6, 3.4), arrowprops=thin)
    axes.plot([1.6, 1.6], [0.8, 3.4], color=style.INK, lw=1.3)
    axes.text(0, -0.1, "x", ha="center", va="center", fontsize=13)
    axes.text(0, 3.4, "+", ha="center", va="center", fontsize=15, bbox=_box("circle,pad=0.15", style.PAPER))
    axes.text(1.6, 2.5, "f", ha="center", va="center", fontsize=13, bbox=_box("round,pad=0.4", style.PAPER))
    at = (0, 4.4) if order == "post" else (1.6, 1.45)
    axes.text(*at, "LN", ha="center", va="center", fontsize=12, bbox=_box("round,pad=0.35", "#e4edf5"))
    if order == "pre":  # the final norm
        dashed = {**_box("round,pad=0.35", style.PAPER), "linestyle": "dashed"}
        axes.text(0, 5.85, "LN", ha="center", va="center", fontsize=12, bbox=dashed)
        axes.text(0.6, 5.85, "once, at the end", va="center", fontsize=11)


def _box(shape: str, fill: str) -> dict[str, str]:
    return {"boxstyle": shape, "facecolor": fill, "edgecolor": style.INK}
