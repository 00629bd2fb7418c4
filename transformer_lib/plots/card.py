"""The card every figure is drawn on, and the picture it becomes."""

from io import BytesIO
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MatplotlibFigure

from transformer_lib import style

SCREEN_DPI = 96  # drawn at twice that, so that it is sharp on every screen
matplotlib.rcParams["font.size"] = 11  # legible when a phone shows the card 360 px wide


class Figure(MatplotlibFigure):
    """A matplotlib figure that can say in words what it shows."""

    alt = ""

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"


def png(figure: Figure) -> tuple[bytes, dict[str, Any]]:
    """Give the picture as PNG, the same bytes for the same data, with its alt text and width in px."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=2 * SCREEN_DPI, facecolor=style.PAPER, metadata={"Software": None})
    return buffer.getvalue(), {"alt": figure.alt, "width": round(figure.get_figwidth() * SCREEN_DPI)}


def card(title: str, width: float = 5.6, height: float = 3.4) -> tuple[Figure, Axes]:
    """An opaque white card, so that it reads in the dark theme too; the title says the finding."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor=style.PAPER)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=12, wrap=True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
