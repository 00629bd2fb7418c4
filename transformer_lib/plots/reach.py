"""Which inputs reach an output, and when: RNN, CNN and self-attention as layers of nodes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from transformer_lib import style
from transformer_lib.plots.card import Figure
from transformer_lib.shapes import InputError

NAMES = {"rnn": "RNN", "cnn": "CNN", "attention": "self-attention"}


def reads(kind: str, length: int, kernel: int = 3) -> NDArray[np.bool_]:
    """Say which nodes of the layer below each node reads: (length, length), entry [t, j].

    An RNN's node reads, besides this, its left neighbour in its own layer. Raises InputError for
    another kind.

    >>> reads("cnn", 4).astype(int).tolist()
    [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]
    """
    if kind not in NAMES:
        raise InputError(f"kind is {kind!r}: choose one of {', '.join(NAMES)}.")
    if kind == "attention":
        return np.ones((length, length), dtype=bool)
    steps = np.abs(np.arange(length)[:, None] - np.arange(length))
    return steps <= (0 if kind == "rnn" else (kernel - 1) // 2)


def cone(kind: str, length: int, layers: int, token: int, kernel: int = 3) -> NDArray[np.bool_]:
    """Mark every node whose result reaches the output at `token`: (layers + 1, length), inputs first.

    >>> cone("cnn", length=4, layers=1, token=4).astype(int).tolist()
    [[0, 0, 1, 1], [0, 0, 0, 1]]
    """
    step = np.tri(length, dtype=bool) if kind == "rnn" else reads(kind, length, kernel)
    rows = [np.arange(1, length + 1) == token]
    if kind == "rnn" and layers:
        rows = [rows[0] @ step]
    for _ in range(layers):
        rows.insert(0, rows[0] @ step)
    return np.array(rows)


def steps(kind: str, apart: NDArray[np.int64], kernel: int = 3) -> NDArray[np.int64]:
    """Count what information goes through over a distance: time steps of an RNN, or else layers.

    >>> [steps(kind, np.array([0, 7])).tolist() for kind in ("rnn", "cnn", "attention")]
    [[0, 7], [0, 7], [0, 1]]
    """
    if kind == "attention":
        return np.sign(apart)
    return -(-apart // (1 if kind == "rnn" else (kernel - 1) // 2))


def ticks(kind: str, length: int, layers: int) -> NDArray[np.int64]:
    """Give the tick at which each node can be computed: (layers, length), first layer first.

    A node waits for what it reads, and for nothing else. So a CNN and self-attention compute a
    layer a tick; an RNN's node also waits for its left neighbour, and a stack of RNN layers moves
    as a slanted front: node t of layer l at tick l + t − 1.

    >>> ticks("rnn", length=4, layers=2).tolist()
    [[1, 2, 3, 4], [2, 3, 4, 5]]
    """
    waits = np.arange(length) if kind == "rnn" else np.zeros(length, dtype=np.int64)
    return np.arange(1, layers + 1)[:, None] + waits


def reach(
    kinds: Sequence[str],
    title: str,
    *,
    length: int = 8,
    layers: int = 1,
    kernel: int = 3,
    token: int | None = None,
    clock: int | None = None,
) -> Figure:
    """Draw, for each kind of network, what reaches the output at `token` (the last, if left out).

    The number in a node is the tick at which it is computed; a node is filled once the clock has
    come to it (all of them, without a clock). Purple marks what reaches the output; the number
    under an input is its steps to there.
    """
    token = token or length
    if not 1 <= token <= length:
        raise InputError(f"token is {token}: positions go from 1 to {length}.")
    figure = Figure(
        figsize=(max(5.6, 0.52 * length), 0.5 + len(kinds) * (1.2 + 0.62 * layers)),
        layout="constrained",
        facecolor=style.PAPER,
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    told = []
    for axes, kind in zip(np.ravel(figure.subplots(len(kinds), 1)), kinds, strict=True):
        on, when = cone(kind, length, layers, token, kernel), ticks(kind, length, layers)
        done = np.vstack([np.ones(length, dtype=bool), when <= (when.size if clock is None else clock)])
        _links(axes, kind, on, reads(kind, length, kernel))
        _nodes(axes, on, done, when)
        far = steps(kind, np.abs(np.arange(1, length + 1) - token), kernel)
        hops = [str(n) if reaches else "–" for n, reaches in zip(far, on[0], strict=True)]
        for j, text in enumerate(hops, start=1):
            axes.text(j, -0.36, text, ha="center", va="top", fontsize=10, color=style.MUTED)
        if len(kinds) > 1:
            axes.set_title(NAMES[kind], loc="left", fontsize=11)
        axes.text(token, layers + 0.36, f"output {token}", ha="center", va="bottom", fontsize=10)
        axes.set(xlim=(0.4, length + 0.6), ylim=(-0.8, layers + 0.75))
        axes.set_axis_off()
        told.append(_in_words(kind, on[0], when, token, int(done[1:].sum()), far[on[0]]))
    figure.alt = f"{title}. {' '.join(told)}"
    return figure


def _links(axes: Axes, kind: str, on: NDArray[np.bool_], below: NDArray[np.bool_]) -> None:
    layers, length = on.shape[0] - 1, on.shape[1]
    links = [((j + 1, y - 1), (t + 1, y)) for y in range(1, layers + 1) for t, j in np.argwhere(below)]
    if kind == "rnn":
        links += [((t, y), (t + 1, y)) for y in range(1, layers + 1) for t in range(1, length)]
    used = np.array([bool(on[y, t - 1]) for _, (t, y) in links], dtype=bool)
    for marked, colour, width in ((False, style.GRID, 0.8), (True, style.OUTPUT, 1.3)):
        chosen = [link for link, use in zip(links, used, strict=True) if use == marked]
        axes.add_collection(LineCollection(chosen, colors=colour, linewidths=width, zorder=1 + marked))


def _nodes(axes: Axes, on: NDArray[np.bool_], done: NDArray[np.bool_], when: NDArray[np.int64]) -> None:
    for (y, j), reaches in np.ndenumerate(on):
        edge, full = (style.OUTPUT, "#efd9e6") if reaches else (style.MUTED, "#eceef1")
        axes.scatter(
            j + 1,
            y,
            s=250,
            marker="o" if y else "s",
            facecolor=full if done[y, j] else style.PAPER,
            edgecolor=edge,
            linestyle="solid" if done[y, j] else "dashed",
            linewidth=1.8 if reaches else 0.8,
            zorder=3,
        )
        text = str(when[y - 1, j]) if y else style.sub("x", j + 1)
        axes.text(j + 1, y, text, ha="center", va="center_baseline", fontsize=10, color=style.INK, zorder=4)


def seen(sees: NDArray[np.bool_]) -> str:
    """Say which inputs are marked; they are always neighbours.

    >>> seen(np.array([False, True, True]))
    'inputs 2 and 3'
    """
    first, last = (int(j) + 1 for j in np.flatnonzero(sees)[[0, -1]])
    if first == last:
        return f"input {first} alone"
    return f"inputs {first} {'and' if last == first + 1 else 'to'} {last}"


def count(n: int, noun: str) -> str:
    """Write a number with its noun.

    >>> count(1, "layer"), count(2, "layer")
    ('1 layer', '2 layers')
    """
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _in_words(
    kind: str,
    sees: NDArray[np.bool_],
    when: NDArray[np.int64],
    token: int,
    done: int,
    hops: NDArray[np.int64],
) -> str:
    return (
        f"{NAMES[kind][0].upper()}{NAMES[kind][1:]}, {count(len(when), 'layer')}: output {token} has seen "
        f"{seen(sees)}, at {', '.join(map(str, hops))} steps; {count(when.size, 'node')} in "
        f"{count(int(when.max(initial=0)), 'tick')}, {done} done."
    )
