"""What a Transformer is stacked from: feed-forward network, residual, encoder and decoder block."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformer_lib.attention import MultiHeadAttention
from transformer_lib.cache import KVCache
from transformer_lib.config import ORIGINAL, Activation, Family
from transformer_lib.norms import make_norm


def _relu(x: Tensor) -> Tensor:
    """Overwrite x where no gradient needs it: of all tensors in a block the widened one is the largest."""
    return F.relu(x, inplace=not torch.is_grad_enabled())


ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "relu": _relu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),  # what GPT-2 was trained with
    "swiglu": F.silu,
}


class FeedForward(nn.Module):
    """Widen each token to d_ff, bend, and narrow again: the same two layers at every position.

    "swiglu" multiplies the bent layer by a second, straight one.
    Source: Vaswani et al. (2017), section 3.3, equation 2; Shazeer (2020), "GLU Variants".

    >>> import torch
    >>> FeedForward(2, 8)(torch.zeros(3, 2)).shape
    torch.Size([3, 2])
    """

    def __init__(
        self,
        d_model: int,
        d_ff: int,
        activation: Activation = "relu",
        *,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.widen = nn.Linear(d_model, d_ff, bias)
        self.gate = nn.Linear(d_model, d_ff, bias) if activation == "swiglu" else None
        self.narrow = nn.Linear(d_ff, d_model, bias)
        self.bend = ACTIVATIONS[activation]
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(..., d_model) -> (..., d_model)."""
        wide = self.widen(x)  # (..., d_ff)
        hidden = self.bend(wide) if self.gate is None else self.bend(self.gate(x)) * wide
        return self.narrow(self.dropout(hidden) if self.training else hidden)


class Residual(nn.Module):
    """Add what a sublayer says to what it heard, with the norm after the sum or before the sublayer.

    post: norm(x + f(x)), the order of 2017. pre: x + f(norm(x)), where x itself is never normalised,
    so that the stack needs one more norm at its end.
    Source: Vaswani et al. (2017), section 3.1; Xiong et al. (2020), "On Layer Normalization in the
    Transformer Architecture", figure 1.

    >>> import torch
    >>> Residual(4, ORIGINAL)(torch.tensor([4.0, 1, 1, 0]), lambda x: x + 1).detach()
    tensor([ 1.6667, -0.3333, -0.3333, -1.0000])
    """

    def __init__(self, d_model: int, family: Family = ORIGINAL, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm = make_norm(d_model, family)
        self.norm_first = family.norm_order == "pre"
        self.adds = family.residual
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, sublayer: Callable[[Tensor], Tensor]) -> Tensor:
        """(B, T, d_model) -> (B, T, d_model)."""
        said = sublayer(self.norm(x) if self.norm_first else x)
        if self.training:  # otherwise dropout does nothing, and costs a call
            said = self.dropout(said)
        total = x + said if self.adds else said
        return total if self.norm_first else self.norm(total)


class EncoderBlock(nn.Module):
    """Self-attention, then the feed-forward network, each with its residual.

    With `causal` it is the block of GPT-2 and Llama: a decoder without an encoder has no more parts.
    `d_ff = 0` leaves the feed-forward network out.
    Source: Vaswani et al. (2017), section 3.1 and figure 1, left.

    >>> import torch
    >>> EncoderBlock(6, 3, 12)(torch.zeros(2, 5, 6)).shape
    torch.Size([2, 5, 6])
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        family: Family = ORIGINAL,
        dropout: float = 0.0,
        n_kv_heads: int | None = None,
    ) -> None:
        super().__init__()
        self.attention = _self_attention(d_model, n_heads, n_kv_heads, family, dropout)
        self.attention_residual = Residual(d_model, family, dropout)
        self.feed_forward = _feed_forward(d_model, d_ff, family, dropout) if d_ff else None
        self.feed_forward_residual = Residual(d_model, family, dropout) if d_ff else None

    def forward(
        self,
        x: Tensor,
        allowed: Tensor | None = None,
        *,
        causal: bool = False,
        cache: KVCache | None = None,
    ) -> Tensor:
        """(B, T, d_model) -> (B, T, d_model); the rest is as in `MultiHeadAttention`."""
        x = self.attention_residual(x, lambda y: self.attention(y, None, allowed, causal=causal, cache=cache))
        if self.feed_forward is None or self.feed_forward_residual is None:
            return x
        return self.feed_forward_residual(x, self.feed_forward)


class DecoderBlock(nn.Module):
    """Causal self-attention, cross-attention to the encoder's output, feed-forward: three residuals.

    Source: Vaswani et al. (2017), section 3.1 and figure 1, right.

    >>> import torch
    >>> DecoderBlock(6, 3, 12)(torch.zeros(2, 5, 6), torch.zeros(2, 7, 6)).shape
    torch.Size([2, 5, 6])
    """

    def __init__(
        self, d_model: int, n_heads: int, d_ff: int, family: Family = ORIGINAL, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.attention = _self_attention(d_model, n_heads, None, family, dropout)
        self.attention_residual = Residual(d_model, family, dropout)
        self.cross_attention = MultiHeadAttention(d_model, n_heads, bias=family.bias, dropout=dropout)
        self.cross_residual = Residual(d_model, family, dropout)
        self.feed_forward = _feed_forward(d_model, d_ff, family, dropout)
        self.feed_forward_residual = Residual(d_model, family, dropout)
        self.causal = True  # switched off only to show what a decoder learns that may look ahead

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        allowed: Tensor | None = None,
        memory_allowed: Tensor | None = None,
        caches: tuple[KVCache | None, KVCache | None] = (None, None),
    ) -> Tensor:
        """Read x (B, T, d_model) causally and memory (B, S, d_model) freely, where `allowed`.

        `caches` are those of the self-attention and of the cross-attention.
        """
        own, cross = caches
        x = self.attention_residual(
            x, lambda y: self.attention(y, None, allowed, causal=self.causal, cache=own)
        )
        x = self.cross_residual(x, lambda y: self.cross_attention(y, memory, memory_allowed, cache=cross))
        return self.feed_forward_residual(x, self.feed_forward)


def _self_attention(
    d_model: int, n_heads: int, n_kv_heads: int | None, family: Family, dropout: float
) -> MultiHeadAttention:
    order = family.positions if family.positions in ("rotary", "alibi") else None
    return MultiHeadAttention(
        d_model,
        n_heads,
        n_kv_heads,
        bias=family.bias,
        dropout=dropout,
        order=order,
        rope_base=family.rope_base,
    )


def _feed_forward(d_model: int, d_ff: int, family: Family, dropout: float) -> FeedForward:
    return FeedForward(d_model, d_ff, family.feed_forward, bias=family.bias, dropout=dropout)
