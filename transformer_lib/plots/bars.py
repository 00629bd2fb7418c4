"""Weights as bars on a fixed scale of 0 to 1."""

from collections.abc import Sequence

from numpy.typing import ArrayLike

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import as_array


def bars(weights: ArrayLike, labels: Sequence[str], title: str) -> Figure:
    """Draw weights as bars on a fixed scale of 0 to 1, each with its number."""
    weights = as_array("weights", weights, 1)
    figure, axes = card(title, height=0.9 + 0.45 * len(weights))
    places = range(len(weights))
    axes.barh(places, weights, color=style.QUERY, height=0.6)
    for place, weight in zip(places, weights, strict=True):
        axes.text(weight + 0.01, place, style.fmt(weight, 3), va="center")
    axes.set(xlim=(0, 1.12), xlabel="weight", yticks=places, yticklabels=labels)
    axes.invert_yaxis()
    listed = ", ".join(f"{label}: {style.fmt(x, 3)}" for label, x in zip(labels, weights, strict=True))
    figure.alt = f"{title}. Bars on a scale from 0 to 1: {listed}."
    return figure
