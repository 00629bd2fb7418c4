"""A table of positional encodings as a picture: one row a position, one column an entry."""

import numpy as np
from matplotlib.colors import Normalize
from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import Array, InputError, as_array


def encodings(table: ArrayLike, title: str) -> Figure:
    """Draw encodings (positions, entries) in a diverging map on a fixed scale of −1 to 1.

    Raises InputError for an entry beyond ±1, which no sine and no cosine has.
    """
    table = as_array("table", table, 2)
    if np.abs(table).max() > 1 + 1e-9:
        raise InputError("table holds a number outside −1 to 1: sines and cosines stay inside.")
    figure, axes = card(title, width=6.4, height=4.0)
    axes.set_title(title, loc="left", fontsize=12, wrap=False)  # the colour bar upsets its own wrapping
    image = axes.imshow(table, cmap=style.SCORES_MAP, norm=Normalize(-1, 1), aspect="auto")
    bar = figure.colorbar(image, ax=axes, ticks=[-1, 0, 1], label="value")
    bar.ax.set_yticklabels(["−1", "0", "1"])
    bar.outline.set_visible(False)  # type: ignore[operator]
    n, d = table.shape
    axes.set(xlabel="entry of the encoding", ylabel="position pos")
    axes.set_xticks(range(0, d, -(-d // 8)))
    axes.set_yticks(range(0, n, -(-n // 5)))
    changes = [_sign_changes(table[:, entry]) for entry in (0, d // 2, -1)]
    figure.alt = (
        f"{title.replace(chr(10), ' ')}. Heat map, one row a position ({n}), one column an entry ({d}), "
        f"from −1 to 1. Sign changes on the way down: {changes[0]} in the first column, "
        f"{changes[1]} in the middle one, {changes[2]} in the last."
    )
    return figure


def _sign_changes(column: Array) -> int:
    """Count how often a column passes from above 0 to below or back: a 0 has no sign of its own."""
    return int(np.count_nonzero(np.diff(np.sign(column[column != 0]))))
