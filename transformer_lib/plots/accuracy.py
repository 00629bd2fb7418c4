"""How often networks are right, by distance: one row a network, the number in each cell."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import as_array


def accuracy(
    rows: Mapping[str, ArrayLike], distances: Sequence[tuple[int, int]], title: str, xlabel: str
) -> Figure:
    """Draw each network's accuracy in each bin of distances, on a fixed scale of 0 to 1."""
    table = np.array([as_array(name, row, 1) for name, row in rows.items()])  # (networks, bins)
    columns = [f"{near}–{far}" for near, far in distances]
    figure, axes = card(title, height=1.3 + 0.42 * len(table))
    axes.imshow(table, cmap=style.WEIGHTS_MAP, vmin=0, vmax=1, aspect="auto")
    for (i, j), share in np.ndenumerate(table):
        ink = "black" if share > 0.465 else "white"  # at least 4.5 to 1 on every colour of the map
        axes.text(j, i, style.fmt(share), ha="center", va="center", color=ink)
    axes.set(xticks=range(len(columns)), yticks=range(len(table)), xlabel=xlabel)
    axes.set(xticklabels=columns, yticklabels=rows)
    axes.set_xticks(np.arange(1, len(columns)) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, len(table)) - 0.5, minor=True)
    axes.grid(which="minor", color=style.PAPER, linewidth=2)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    told = [
        f"{name}: " + ", ".join(f"{style.fmt(x)} at {at}" for x, at in zip(row, columns, strict=True))
        for name, row in zip(rows, table, strict=True)
    ]
    figure.alt = f"{title}. Accuracy by {xlabel}. {'; '.join(told)}."
    return figure
