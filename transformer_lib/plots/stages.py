"""The four stages of self-attention as boxes: what can be computed at the same moment."""

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import FancyBboxPatch

from transformer_lib import style
from transformer_lib.plots.card import Figure, card

_STAGES = (  # what is done, what comes out, left edge and width
    ("1 · project", "12 vectors", 0.0, 3.0),
    ("2 · dot products", "16 scores", 3.5, 5.2),
    ("3 · softmax", "4 rows", 9.2, 1.9),
    ("4 · sum", "4 outputs", 11.7, 1.0),
)


def stages(title: str) -> Figure:
    """Draw what four positions compute, one row a position and one block a stage.

    >>> stages("Nothing waits inside a stage").alt
    'Nothing waits inside a stage. Four rows, one a position, and four stages from left to right: \
12 vectors q, k and v; 16 scores α; 4 softmaxes; 4 outputs b. Each stage waits for the stage to its left, \
and no box waits for another box of its own stage.'
    """
    figure, axes = card(title, width=6.4, height=3.0)
    axes.set(xlim=(-0.15, 12.85), ylim=(4.75, -1.0))
    axes.set_axis_off()
    for name, count, x, width in _STAGES:
        axes.text(x + width / 2, -0.3, name, ha="center", va="bottom", fontsize=11)
        axes.text(x + width / 2, 4.2, count, ha="center", va="top", fontsize=11)
        if x:
            axes.plot([x - 0.25] * 2, [-0.1, 4.0], color=style.MUTED, linewidth=1, linestyle=(0, (3, 3)))
    for i in range(1, 5):
        _row(axes, i)
    figure.alt = (
        f"{title}. Four rows, one a position, and four stages from left to right: 12 vectors q, k and v; "
        "16 scores α; 4 softmaxes; 4 outputs b. Each stage waits for the stage to its left, and no box "
        "waits for another box of its own stage."
    )
    return figure


def _row(axes: Axes, i: int) -> None:
    for place, letter in enumerate("qkv"):
        _box(axes, place, i, style.sub(letter, i), style.COLOURS[letter])
    for j in range(1, 5):
        _box(axes, 3.5 + 1.3 * (j - 1), i, style.sub("α", i, j), style.MUTED, width=1.3)
    _box(axes, 9.2, i, f"row {i}", style.MUTED, width=1.9)
    _box(axes, 11.7, i, style.sub("b", i), style.OUTPUT)


def _box(axes: Axes, x: float, i: int, text: str, colour: str, width: float = 1.0) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x + 0.06, i - 0.93),
            width - 0.12,
            0.86,
            boxstyle="round,pad=0,rounding_size=0.12",
            facecolor=to_rgba(colour, 0.12),
            edgecolor=colour,
            linewidth=1.4,
        )
    )
    axes.text(x + width / 2, i - 0.5, text, ha="center", va="center_baseline", fontsize=12, color=style.INK)
