"""Interactive figures that work in a static page and in a live notebook, one class an explorer."""

from transformer_lib.explorers.attention_grid import AttentionGrid
from transformer_lib.explorers.query_plane import QueryPlane
from transformer_lib.explorers.softmax_bars import SoftmaxBars
from transformer_lib.explorers.who_sees_whom import WhoSeesWhom

__all__ = ["AttentionGrid", "QueryPlane", "SoftmaxBars", "WhoSeesWhom"]
