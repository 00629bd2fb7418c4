"""The weight of one key over its lead, and how steep the curve is there."""

from collections.abc import Sequence

import numpy as np

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import as_array
from transformer_lib.steps import softmax

_REACH = 1.3  # of a tangent, to each side, in units of the lead


def slopes(leads: Sequence[float], title: str) -> Figure:
    """Draw the weight of one of two keys over its lead, with a tangent at each of `leads`."""
    at = as_array("leads", leads, 1)
    end = float(np.ceil(np.abs(at).max())) + 4
    figure, axes = card(title, height=3.8)
    x = np.linspace(-end, end, 241)
    axes.plot(x, _weight(x), color=style.MUTED, linewidth=2)
    told = []
    for lead, weight in zip(at, _weight(at), strict=True):
        slope = weight * (1 - weight)
        run = np.array([-_REACH, _REACH])
        axes.plot(lead + run, weight + slope * run, color=style.OUTPUT, linewidth=3)
        axes.plot(lead, weight, "D", color=style.OUTPUT, markersize=8, markeredgecolor=style.INK)
        axes.annotate(
            f"slope {_said(slope)}", (lead, weight), (6, -18), textcoords="offset points", ha="left", va="top"
        )
        told.append(f"at lead {style.short(lead)} weight {style.fmt(weight, 4)}, slope {_said(slope)}")
    axes.set(xlabel="lead of the key: its score minus the other's", ylabel="weight", ylim=(-0.05, 1.1))
    axes.set(yticks=[0, 0.5, 1], xticks=sorted({-end, 0.0, end, *at}))
    axes.xaxis.set_major_formatter(lambda value, _: style.short(value))
    axes.yaxis.set_major_formatter(lambda value, _: style.short(value))
    axes.grid(color=style.GRID, linewidth=0.6)
    figure.alt = (
        f"{title}. The weight of one of two keys rises from 0 to 1 as its lead goes from "
        f"{style.short(-end)} to {style.short(end)}; {'; '.join(told)}."
    )
    return figure


def _weight(lead: np.ndarray) -> np.ndarray:
    return softmax(np.stack([lead, np.zeros_like(lead)], axis=-1))[:, 0]


def _said(slope: float) -> str:
    return style.short(slope, 4 if slope < 0.01 else 3)
