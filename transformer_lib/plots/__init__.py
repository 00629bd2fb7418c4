"""Every figure of the book: arrays in, a figure with its description in words out.

Each function returns a `Figure` whose title says the finding and whose `alt` says what is shown,
numbers included; in a notebook the alt text is stored beside the picture and compared with it.
"""

from transformer_lib.plots import plane
from transformer_lib.plots.accuracy import accuracy
from transformer_lib.plots.bars import bars
from transformer_lib.plots.bound import bound
from transformer_lib.plots.card import Figure, png
from transformer_lib.plots.convention import convention
from transformer_lib.plots.curves import curves
from transformer_lib.plots.grid import scores_grid, weights_grid
from transformer_lib.plots.lecture import lecture
from transformer_lib.plots.product import product
from transformer_lib.plots.reach import reach
from transformer_lib.plots.retrieval import look_ups, result_path
from transformer_lib.plots.stages import stages

__all__ = [
    "Figure",
    "accuracy",
    "bars",
    "bound",
    "convention",
    "curves",
    "lecture",
    "look_ups",
    "plane",
    "png",
    "product",
    "reach",
    "result_path",
    "scores_grid",
    "stages",
    "weights_grid",
]
