"""The whole Transformer of 2017 as one picture: encoder left, decoder right, three attentions."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import FancyBboxPatch

from transformer_lib import style
from transformer_lib.plots.card import Figure, card

_LEFT, _RIGHT, _HALF = 24.0, 76.0, 18.0  # the middles of the two columns, and half a box's width
_FEET = (0, 9.5)  # the words, and the embedding above them
_RAIL = 21.5  # how far from a column's middle the residual path runs

# The height of each box's middle, and what stands in it.
_ENCODER = ((31, "self-attention"), (42, ""), (53, "feed-forward"), (64, ""))
_DECODER = ((31, "masked\nself-attention"), (42, ""), (59, "cross-\nattention"), (70, ""))
_DECODER_TOP = ((81, "feed-forward"), (92, ""))


def architecture(title: str, n_layers: int = 6) -> Figure:
    """Draw the encoder–decoder with its three attentions, `n_layers` blocks a side.

    The arrows into an attention carry the colours and letters of what is made of them: q, k, v.
    One grey line brings the memory; k and v part only where the decoder makes them.
    Source: after figure 1 of Vaswani et al. (2017), "Attention Is All You Need".

    >>> architecture("One memory, read by every decoder block").alt.split(". ")[0]
    'One memory, read by every decoder block'
    """
    figure, axes = card(title, width=5.6, height=7.0)
    axes.set(xlim=(-1, 101), ylim=(-3, 119))
    axes.set_axis_off()

    blocks = f"{n_layers} block{'s' * (n_layers != 1)}"
    for x, top, name in ((_LEFT, 69.5, "encoder"), (_RIGHT, 97.5, "decoder")):
        _frame(axes, x, top, name, blocks)
    for x, word in ((_LEFT, "source: S words"), (_RIGHT, "target so far: T words")):
        axes.text(x, _FEET[0], word, ha="center", va="center", fontsize=11.5)
        _arrow(axes, style.MUTED, [(x, 2.4), (x, 5.9)])
        _box(axes, x, _FEET[1], "embed + position", style.MUTED, high=3.6)
        _arrow(axes, style.MUTED, [(x, 13.1), (x, 20)], head=False)
    _stack(axes, _LEFT, _ENCODER, side=-1)
    _stack(axes, _RIGHT, (*_DECODER, *_DECODER_TOP), side=1)
    _own(axes, _LEFT, foot=26.4)
    _own(axes, _RIGHT, foot=25.6)
    _cross(axes)

    _arrow(axes, style.MUTED, [(_RIGHT, 95), (_RIGHT, 102.4)])
    _box(axes, _RIGHT, 106, "linear", style.MUTED, high=3.4)
    _arrow(axes, style.MUTED, [(_RIGHT, 109.4), (_RIGHT, 112.6)])
    axes.text(_RIGHT, 115, "logits of T next words", ha="center", va="center", fontsize=11.5)

    figure.alt = (
        f"{title}. Left, the encoder: S source words, embedded, positions added, pass through {blocks} "
        "of self-attention and feed-forward network, each followed by add & norm. Their result is "
        "the memory, S vectors. Right, the decoder: T target words, embedded, positions added, pass "
        f"through {blocks} of masked self-attention, cross-attention and feed-forward network, "
        "each followed by add & norm; a linear layer makes the logits of T next words. In cross-attention "
        "q comes from the decoder below it. One line leads from the memory to the decoder, and forks into k "
        "and v in front of cross-attention. In both self-attentions q, k and v come from below."
    )
    return figure


def _frame(axes: Axes, x: float, top: float, name: str, blocks: str) -> None:
    """Draw what is repeated: one block."""
    axes.add_patch(
        FancyBboxPatch(
            (x - 23.5, 16.5), 47, top - 16.5, boxstyle="round,pad=0,rounding_size=2", facecolor="#f4f5f8",
            edgecolor=style.GRID, linewidth=1.2,
        )
    )  # fmt: skip
    for shift, text, align in ((-22.5, name, "left"), (22.5, blocks, "right")):
        axes.text(x + shift, top + 1, text, ha=align, va="bottom", fontsize=11.5, color=style.INK)


def _stack(axes: Axes, x: float, boxes: Sequence[tuple[float, str]], side: int) -> None:
    """Draw the sublayers of a block from the bottom up, each with its sum and the path round it."""
    start = 18.2
    for (y, name), (sum_y, _) in zip(boxes[::2], boxes[1::2], strict=True):
        attends = "attention" in name
        if not attends:
            _arrow(axes, style.MUTED, [(x, start), (x, y - 4.6)])
        high = 5.4 if "\n" in name else 4.6
        _box(axes, x, y, name, style.INK if attends else style.MUTED, high=high, bold=attends)
        _arrow(axes, style.MUTED, [(x, y + high), (x, sum_y - 3)])
        rail = x + side * _RAIL
        _arrow(axes, style.MUTED, [(x, start), (rail, start), (rail, sum_y), (x + side * _HALF, sum_y)])
        _box(axes, x, sum_y, "add & norm", style.GRID, high=3.0)
        start = sum_y + 4.4
        _arrow(axes, style.MUTED, [(x, sum_y + 3), (x, start)], head=False)


def _own(axes: Axes, x: float, foot: float) -> None:
    """Draw q, k and v from one source, as in self-attention."""
    for shift, letter in ((-9, "q"), (0, "k"), (9, "v")):
        _arrow(axes, style.COLOURS[letter], [(x, 18.2), (x + shift, 20.4), (x + shift, foot)], width=2.2)
        _letter(axes, x + shift, 22.3, letter)


def _cross(axes: Axes) -> None:
    """Draw q from the decoder below, and one line from the memory that forks into k and v."""
    _arrow(axes, style.MUTED, [(_LEFT, 67), (_LEFT, 75.6)])
    _box(axes, _LEFT, 79.4, "memory: S vectors", style.INK, high=3.8)
    _arrow(axes, style.COLOURS["q"], [(_RIGHT, 46.4), (_RIGHT, 53.6)], width=2.2)
    _letter(axes, _RIGHT, 50.2, "q")
    fork = 49.8, 59.0
    _arrow(axes, style.MUTED, [(_LEFT + _HALF, 79.4), (fork[0], 79.4), fork], head=False)
    for shift, letter in ((2.6, "k"), (-2.6, "v")):
        end = 59 + shift
        way = [fork, (51.4, end), (_RIGHT - _HALF, end)]
        _arrow(axes, style.COLOURS[letter], way, width=2.2)
        _letter(axes, 53.8, end, letter)


def _letter(axes: Axes, x: float, y: float, letter: str) -> None:
    pad = {"facecolor": style.PAPER, "edgecolor": style.COLOURS[letter], "boxstyle": "round,pad=0.12"}
    axes.text(x, y, letter, ha="center", va="center", fontsize=11, color=style.INK, bbox=pad, zorder=4)


def _box(axes: Axes, x: float, y: float, text: str, colour: str, high: float, *, bold: bool = False) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x - _HALF, y - high), 2 * _HALF, 2 * high, boxstyle="round,pad=0,rounding_size=1.2",
            facecolor=style.PAPER if not bold else to_rgba(style.OUTPUT, 0.25), edgecolor=colour,
            linewidth=1.4, zorder=3,
        )
    )  # fmt: skip
    weight = "bold" if bold else "normal"
    axes.text(
        x, y, text, ha="center", va="center", fontsize=11.5, weight=weight, color=style.INK, zorder=4,
        linespacing=1.1,
    )  # fmt: skip


def _arrow(
    axes: Axes, colour: str, way: Sequence[tuple[float, float]], *, head: bool = True, width: float = 1.4
) -> None:
    """Draw a line through the points of the way, with an arrow's head at its end."""
    xs, ys = zip(*way, strict=True)
    axes.plot(xs, ys, color=colour, linewidth=width, solid_joinstyle="round", zorder=2)
    if head:
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": width, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", way[-1], way[-2], arrowprops=arrow, zorder=2)
