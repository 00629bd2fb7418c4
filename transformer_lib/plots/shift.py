"""Shift right: what each position of a decoder reads, and which word it has to guess."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import FancyBboxPatch

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import InputError

_WIDTH, _HEIGHT = 0.8, 0.34  # of a box; positions are 1 apart
_READS, _GUESSES = 0.0, 1.3  # the heights of the two lines


def shifted(words: Sequence[str], title: str, position: int) -> Figure:
    """Draw words, of which the first starts the text, as what is read below and what is guessed above.

    Lines show which inputs a guess may use; those of `position`, counted from 1, are marked.

    >>> shifted(["<start>", "the", "cat"], "Each guess is the next input", 2).alt
    'Each guess is the next input. Position 1 reads <start> and guesses the; position 2 reads <start>, the \
and guesses cat. Position 2 is marked.'
    """
    reads, guesses = list(words[:-1]), list(words[1:])
    if not 1 <= position <= len(reads):
        raise InputError(f"position is {position}: {len(words)} words give positions 1 to {len(reads)}.")
    figure, axes = card(title, height=2.5)
    axes.set(xlim=(-0.25, len(reads) + 0.5), ylim=(-0.3, _GUESSES + 0.62))
    axes.set_axis_off()
    axes.text(0.42, _READS, "reads", ha="right", va="center")
    axes.text(0.42, _GUESSES, "guesses", ha="right", va="center")
    for t in range(1, len(reads) + 1):
        marked = t == position
        for j in range(1, t + 1):
            _line(axes, j, t, marked)
        axes.text(t, _GUESSES + 0.36, str(t), ha="center", va="center", color=style.MUTED)
        _box(axes, t, _READS, reads[t - 1], style.INK, t <= position)
        _box(axes, t, _GUESSES, guesses[t - 1], style.OUTPUT, marked)
    axes.text(0.42, _GUESSES + 0.36, "position", ha="right", va="center", color=style.MUTED)
    figure.alt = (
        f"{title}. "
        + "; ".join(
            f"{'P' if t == 1 else 'p'}osition {t} reads {', '.join(reads[:t])} and guesses {guess}"
            for t, guess in enumerate(guesses, start=1)
        )
        + f". Position {position} is marked."
    )
    return figure


def _line(axes: Axes, j: int, t: int, marked: bool) -> None:
    colour, width = (style.OUTPUT, 2.2) if marked else (style.GRID, 1.2)
    ends = [_READS + _HEIGHT / 2, _GUESSES - _HEIGHT / 2]
    axes.plot([j, t], ends, color=colour, linewidth=width, zorder=1 + marked)


def _box(axes: Axes, x: float, y: float, text: str, colour: str, marked: bool) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x - _WIDTH / 2, y - _HEIGHT / 2),
            _WIDTH,
            _HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=to_rgba(colour, 0.16) if marked else style.PAPER,
            edgecolor=colour if marked else style.MUTED,
            linewidth=1.8 if marked else 0.9,
            zorder=3,
        )
    )
    axes.text(x, y, text, ha="center", va="center_baseline", color=style.INK, zorder=4)
