"""The parts of a Transformer in NumPy, one step a line, every intermediate returned.

Rows are positions, as in the paper: Q, K and V hold one vector a row. `attention_columns` is the
same in the lecture's form, where vectors are columns.
"""

from transformer_lib.steps.activations import gelu, gelu_tanh, relu, silu
from transformer_lib.steps.alibi import alibi, alibi_slopes
from transformer_lib.steps.attention import (
    AttentionSteps,
    attention,
    cross_attention,
    project,
    self_attention,
)
from transformer_lib.steps.block import DecoderSteps, EncoderSteps, decoder_block, encoder_block
from transformer_lib.steps.columns import ColumnSteps, attention_columns
from transformer_lib.steps.feed_forward import FeedForwardSteps, feed_forward
from transformer_lib.steps.gradients import AttentionGradients, attention_gradients
from transformer_lib.steps.hand_set import (
    HandSet,
    InductionSteps,
    embed_letters,
    hand_set,
    induction_by_hand,
    look_by_hand,
    read_letters,
)
from transformer_lib.steps.masks import causal, prefix
from transformer_lib.steps.multi_head import MultiHeadSteps, heads_of, merge_heads, multi_head, split_heads
from transformer_lib.steps.norms import (
    NormSteps,
    RMSNormSteps,
    layer_norm,
    layer_norm_jacobian,
    rms_norm,
)
from transformer_lib.steps.online import Partial, merge, online_softmax, partial_softmax
from transformer_lib.steps.positions import rotation, sinusoidal
from transformer_lib.steps.residual import ResidualSteps, residual
from transformer_lib.steps.rope import rope
from transformer_lib.steps.softmax import softmax, softmax_jacobian

__all__ = [
    "AttentionGradients",
    "AttentionSteps",
    "ColumnSteps",
    "DecoderSteps",
    "EncoderSteps",
    "FeedForwardSteps",
    "HandSet",
    "InductionSteps",
    "MultiHeadSteps",
    "NormSteps",
    "Partial",
    "RMSNormSteps",
    "ResidualSteps",
    "alibi",
    "alibi_slopes",
    "attention",
    "attention_columns",
    "attention_gradients",
    "causal",
    "cross_attention",
    "decoder_block",
    "embed_letters",
    "encoder_block",
    "feed_forward",
    "gelu",
    "gelu_tanh",
    "hand_set",
    "heads_of",
    "induction_by_hand",
    "layer_norm",
    "layer_norm_jacobian",
    "look_by_hand",
    "merge",
    "merge_heads",
    "multi_head",
    "online_softmax",
    "partial_softmax",
    "prefix",
    "project",
    "read_letters",
    "relu",
    "residual",
    "rms_norm",
    "rope",
    "rotation",
    "self_attention",
    "silu",
    "sinusoidal",
    "softmax",
    "softmax_jacobian",
    "split_heads",
]
