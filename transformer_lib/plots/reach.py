"""Which inputs reach an output, and when: RNN, CNN and self-attention as layers of nodes."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from transformer_lib import style
from transformer_lib.plots.card import Figure

Kind = Literal["rnn", "cnn", "attention"]
NAMES: dict[Kind, str] = {"rnn": "RNN", "cnn": "CNN", "attention": "self-attention"}


def reads(kind: Kind, length: int, kernel: int = 3) -> NDArray[np.bool_]:
    """Say which nodes of the layer below each node reads: (length, length), entry [t, j].

    An RNN's node reads, besides this, its left neighbour in its own layer.

    >>> reads("cnn", 4).astype(int).tolist()
    [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]
    """
    if kind == "attention":
        return np.ones((length, length), dtype=bool)
    steps = np.abs(np.arange(length)[:, None] - np.arange(length))
    return steps <= (0 if kind == "rnn" else (kernel - 1) // 2)


def cone(kind: Kind, length: int, layers: int, token: int, kernel: int = 3) -> NDArray[np.bool_]:
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


def ticks(kind: Kind, length: int, layers: int) -> NDArray[np.int64]:
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
    kinds: Sequence[Kind],
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
    come to it (all of them, without a clock). Purple marks what reaches the output.
    """
    token = token or length
    figure = Figure(
        figsize=(max(6.4, 0.44 * length * len(kinds)), 2.0 + 0.62 * layers),
        layout="constrained",
        facecolor=style.PAPER,
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    told = []
    for axes, kind in zip(np.ravel(figure.subplots(1, len(kinds))), kinds, strict=True):
        on, when = cone(kind, length, layers, token, kernel), ticks(kind, length, layers)
        done = np.vstack([np.ones(length, dtype=bool), when <= (when.size if clock is None else clock)])
        _links(axes, kind, on, reads(kind, length, kernel))
        _nodes(axes, on, done, when)
        axes.set_title(NAMES[kind], fontsize=10)
        axes.text(token, layers + 0.36, f"output {token}", ha="center", va="bottom", fontsize=9)
        axes.set(xlim=(0.4, length + 0.6), ylim=(-0.75, layers + 0.75))
        axes.set_axis_off()
        told.append(_in_words(kind, on[0], when, token, int(done[1:].sum())))
    figure.alt = f"{title}. {' '.join(told)}"
    return figure


def _links(axes: Axes, kind: Kind, on: NDArray[np.bool_], below: NDArray[np.bool_]) -> None:
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
        axes.text(j + 1, y, text, ha="center", va="center_baseline", fontsize=9, color=style.INK, zorder=4)


def _in_words(kind: Kind, sees: NDArray[np.bool_], when: NDArray[np.int64], token: int, done: int) -> str:
    seen = np.flatnonzero(sees) + 1
    which = f"input {seen[0]} alone" if len(seen) == 1 else f"inputs {seen[0]} to {seen[-1]}"
    layers = f"{len(when)} layer{'s' * (len(when) != 1)}"
    total = f"{when.max(initial=0)} tick{'s' * (when.max(initial=0) != 1)}"
    return (
        f"{NAMES[kind][0].upper()}{NAMES[kind][1:]}, {layers}: output {token} has seen {which}; "
        f"{when.size} nodes need {total}, {done} of them filled."
    )
