"""Interactive figures that work in a static page and in a live notebook, one class an explorer."""

from transformer_lib.explorers.a1_to_b1 import A1ToB1
from transformer_lib.explorers.attention_grid import AttentionGrid
from transformer_lib.explorers.cost_calculator import CostCalculator
from transformer_lib.explorers.head_gallery import HeadGallery
from transformer_lib.explorers.mask_painter import MaskPainter
from transformer_lib.explorers.mask_switcher import MaskSwitcher
from transformer_lib.explorers.position_dials import PositionDials
from transformer_lib.explorers.query_plane import QueryPlane
from transformer_lib.explorers.recorded_training import RecordedTraining
from transformer_lib.explorers.residual_and_norm import ResidualAndNorm
from transformer_lib.explorers.rows_and_columns import RowsAndColumns
from transformer_lib.explorers.scaling_scores import ScalingScores
from transformer_lib.explorers.shared_ffn import SharedFFN
from transformer_lib.explorers.softmax_bars import SoftmaxBars
from transformer_lib.explorers.three_attentions import ThreeAttentions
from transformer_lib.explorers.two_heads import TwoHeads
from transformer_lib.explorers.who_sees_whom import WhoSeesWhom

__all__ = [
    "A1ToB1",
    "AttentionGrid",
    "CostCalculator",
    "HeadGallery",
    "MaskPainter",
    "MaskSwitcher",
    "PositionDials",
    "QueryPlane",
    "RecordedTraining",
    "ResidualAndNorm",
    "RowsAndColumns",
    "ScalingScores",
    "SharedFFN",
    "SoftmaxBars",
    "ThreeAttentions",
    "TwoHeads",
    "WhoSeesWhom",
]
