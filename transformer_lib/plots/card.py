"""The card every figure is drawn on, and the picture it becomes."""

from io import BytesIO
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MatplotlibFigure
from PIL import Image

from transformer_lib import style

SCREEN_DPI = 96  # drawn at twice that, so that it is sharp on every screen
matplotlib.rcParams["font.size"] = 11  # legible when a phone shows the card 360 px wide


class Figure(MatplotlibFigure):
    """A matplotlib figure that can say in words what it shows."""

    alt = ""

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"


def png(figure: Figure) -> tuple[bytes, dict[str, Any]]:
    """Give the picture as PNG, the same bytes for the same data, with its alt text and width in px.

    A palette of 256 colours makes it a third of the size, and no difference can be seen.
    """
    drawn, stored = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png", dpi=2 * SCREEN_DPI, facecolor=style.PAPER)
    picture = Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(stored, format="png", optimize=True)
    return stored.getvalue(), {"alt": figure.alt, "width": round(figure.get_figwidth() * SCREEN_DPI)}


def card(title: str, width: float = 5.6, height: float = 3.4) -> tuple[Figure, Axes]:
    """An opaque white card, so that it reads in the dark theme too; the title says the finding."""
    figure = Figure(figsize=(width, height), layout="constrained", facecolor=style.PAPER)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=12, wrap=True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
