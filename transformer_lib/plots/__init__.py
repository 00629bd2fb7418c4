"""Every figure of the book: arrays in, a figure with its description in words out.

Each function returns a `Figure` whose title says the finding and whose `alt` says what is shown,
numbers included; in a notebook the alt text is stored beside the picture and compared with it.
"""

from transformer_lib.plots import plane
from transformer_lib.plots.accuracy import accuracy
from transformer_lib.plots.architecture import architecture
from transformer_lib.plots.bars import bars
from transformer_lib.plots.bend import bends, with_and_without
from transformer_lib.plots.bound import bound
from transformer_lib.plots.card import Figure, png
from transformer_lib.plots.caught import caught
from transformer_lib.plots.convention import convention
from transformer_lib.plots.cost import cost, growing
from transformer_lib.plots.curves import curves
from transformer_lib.plots.dials import dials
from transformer_lib.plots.encodings import encodings
from transformer_lib.plots.grid import scores_grid, weights_grid
from transformer_lib.plots.heads import heads_cut, side_by_side
from transformer_lib.plots.inside import letter_maps, skill, stripes, weight_and_length
from transformer_lib.plots.intervals import intervals
from transformer_lib.plots.lecture import lecture
from transformer_lib.plots.product import product
from transformer_lib.plots.reach import reach
from transformer_lib.plots.residual_and_norm import by_layer, norm_orders, residual_and_norm
from transformer_lib.plots.retrieval import look_ups, result_path
from transformer_lib.plots.scaling import scaling
from transformer_lib.plots.shared_ffn import shared_ffn
from transformer_lib.plots.shift import shifted
from transformer_lib.plots.slope import slopes
from transformer_lib.plots.stages import stages
from transformer_lib.plots.three_masks import three_masks
from transformer_lib.plots.training_curve import training_curve
from transformer_lib.plots.translation import crossing, looks, losses
from transformer_lib.plots.two_heads import two_heads

__all__ = [
    "Figure",
    "accuracy",
    "architecture",
    "bars",
    "bends",
    "bound",
    "by_layer",
    "caught",
    "convention",
    "cost",
    "crossing",
    "curves",
    "dials",
    "encodings",
    "growing",
    "heads_cut",
    "intervals",
    "lecture",
    "letter_maps",
    "look_ups",
    "looks",
    "losses",
    "norm_orders",
    "plane",
    "png",
    "product",
    "reach",
    "residual_and_norm",
    "result_path",
    "scaling",
    "scores_grid",
    "shared_ffn",
    "shifted",
    "side_by_side",
    "skill",
    "slopes",
    "stages",
    "stripes",
    "three_masks",
    "training_curve",
    "two_heads",
    "weight_and_length",
    "weights_grid",
    "with_and_without",
]
