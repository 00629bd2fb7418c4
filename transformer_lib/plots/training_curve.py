"""How a network learned: its loss step by step, and its score where it was measured."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from transformer_lib import style
from transformer_lib.plots.card import Figure, card
from transformer_lib.shapes import as_array


def training_curve(
    loss: Sequence[float], scores: Mapping[int, float], title: str, *, score: str = "score"
) -> Figure:
    """Draw the loss of each step, from the first; below it the scores by their step, if there are any."""
    values = as_array("loss", loss, 1)
    figure, axes = card(title, height=5.2 if scores else 3.4)
    steps = list(range(1, len(values) + 1))
    axes.plot(steps, values, color=style.QUERY)
    axes.set(ylabel="loss, nats a token")
    axes.set_ylim(bottom=min(0.0, values.min()))
    figure.alt = f"{title}. Loss: {_told(dict(zip(steps, values, strict=True)))}."
    if scores:
        above, below = figure.add_gridspec(2, 1, height_ratios=(3, 2))
        axes.set_subplotspec(above)
        _draw_scores(figure.add_subplot(below, sharex=axes), scores, score)
        figure.alt += f" {score[0].upper()}{score[1:]}: {_told(scores)}."
    figure.axes[-1].set(xlabel="step")
    return figure


def _draw_scores(axes: Axes, scores: Mapping[int, float], name: str) -> None:
    axes.plot(list(scores), list(scores.values()), color=style.KEY, marker="s", linestyle=(0, (5, 2)))
    axes.set_title(name, loc="left", fontsize=11, wrap=True)
    axes.set_ylim(min(0.0, *scores.values()), max(1.0, *scores.values()) * 1.05)
    axes.grid(axis="y", color=style.GRID, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _told(course: Mapping[int, float]) -> str:
    """Tell a course in words: at most six points of it, the first and the last among them."""
    places = np.unique(np.linspace(0, len(course) - 1, min(6, len(course))).round().astype(int))
    points = [list(course.items())[i] for i in places]
    return ", ".join(f"{style.short(value)} at step {step}" for step, value in points)
