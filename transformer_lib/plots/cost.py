"""What a token costs by the length of its text: a flat part, a part that grows, and where they cross."""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, NullLocator

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import InputError

LONGEST = 2**17
EARLIER = "#a9b1bd"  # grey, well apart from the white of what is hidden
_UNITS = (("million", 1e6), ("billion", 1e9), ("trillion", 1e12), ("quadrillion", 1e15))


def cost(linear: float, by_token: float, n: float, title: str) -> Figure:
    """Draw the multiply-adds of one token among n: `linear`, whatever n is, and `by_token` times n.

    >>> cost(84_934_656, 18_432, 1024, "GPT-2 small").alt.split(". ")[1]
    'A token takes 84.9 million multiply-adds in matrices at any length'
    """
    if linear <= 0 or by_token <= 0 or n < 1:
        raise InputError("linear and by_token must be above 0, and n at least 1.")
    crossing = linear / by_token
    figure, axes = card(title, width=6.4, height=3.9)
    ends = [1, LONGEST]
    axes.plot(ends, [linear, linear], color=style.INK, linestyle=(0, (5, 2)), linewidth=2)
    axes.plot(ends, [by_token, by_token * LONGEST], color=style.OUTPUT, linewidth=2.5)
    for y, colour, marker in ((linear, style.INK, "s"), (by_token * n, style.OUTPUT, "o")):
        axes.plot([n], [y], color=colour, marker=marker, markersize=8, clip_on=False)
    axes.axvline(n, color=style.MUTED, linewidth=1, zorder=0)
    axes.annotate("matrices", (1, linear), xytext=(4, 5), textcoords="offset points")
    axes.annotate(
        "scores and sums of values",
        (4, 4 * by_token),
        xytext=(8, -6),
        textcoords="offset points",
        va="center",
    )
    if crossing <= LONGEST:
        axes.plot(
            [crossing], [linear], color=style.PAPER, marker="D", markeredgecolor=style.INK, markersize=9
        )
        axes.annotate(
            f"crossover\nN = {crossing:,.0f}",
            (crossing, linear),
            xytext=(0, -12),
            textcoords="offset points",
            ha="left",
            va="top",
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=10)
    axes.set(xlabel="tokens N (equal steps are equal factors)", ylabel="multiply-adds a token", xlim=ends)
    axes.set_xticks([1, 16, 256, 4096, 65536])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(color=style.GRID, linewidth=0.6)
    now = "more" if n > crossing else "less"
    figure.alt = (
        f"{title}. A token takes {in_words(linear)} multiply-adds in matrices at any length. "
        f"Attention's two products take {in_words(by_token)} for each token of the text: at N = {n:,.0f} "
        f"{in_words(by_token * n)}, {now} than the matrices. They are equal at N = {crossing:,.0f}."
    ).replace("\n", " ")
    return figure


def growing(n: int, title: str) -> Figure:
    """Draw the scores of n steps, t·t at step t: the last row, which alone is new, is coloured.

    Those of earlier rows are grey, and those that the causal mask hides are empty.

    >>> growing(2, "Two steps").alt
    'Two steps. Step 1: 1 score, 1 in the last row; step 2: 4 scores, 2 in the last row. \
Earlier rows are grey, and what the mask hides is empty.'
    """
    if n < 1:
        raise InputError(f"n is {n}: draw one step at least.")
    figure, axes = card(title, width=6.4, height=1.9)
    left = 0.0
    for t in range(1, n + 1):
        _square(axes, left, t)
        axes.text(left + t / 2, -0.35, f"{t}·{t}", ha="center", va="top")
        left += t + 1.1
    axes.set(xlim=(-0.4, left - 0.7), ylim=(-2, n + 0.2), aspect="equal")
    axes.set_axis_off()
    steps = [f"step {t}: {t * t} score{'s' if t > 1 else ''}, {t} in the last row" for t in range(1, n + 1)]
    figure.alt = f"{title}. S{'; '.join(steps)[1:]}. Earlier rows are grey, and what the mask hides is empty."
    return figure


def in_words(count: float) -> str:
    """Print a count as it is read: 106300440576 is '106 billion'; below a million, every digit.

    >>> in_words(37_748_736), in_words(4608), in_words(999_999_999)
    ('37.7 million', '4,608', '1 billion')
    """
    count = float(f"{count:.3g}") if count >= 1e6 else count
    fitting = [unit for unit in _UNITS if count >= unit[1]]
    if not fitting:
        return f"{count:,.0f}"
    name, size = fitting[-1]
    return f"{style.short(count / size)} {name}"


def _square(axes: Axes, left: float, t: int) -> None:
    """The scores of step t, a query a row: the last row is new, and the mask hides the upper triangle."""
    for row in range(t):
        for column in range(t):
            new, hidden = row == t - 1, column > row
            axes.add_patch(
                Rectangle(
                    (left + column + 0.06, t - 1 - row + 0.06),
                    0.88,
                    0.88,
                    facecolor=style.QUERY if new else style.PAPER if hidden else EARLIER,
                    edgecolor=style.QUERY if new else style.GRID if hidden else style.INK,
                    linewidth=0.8,
                )
            )
