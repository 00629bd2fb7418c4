"""Scaled dot-product and multi-head attention, for training and for looking inside."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformer_lib import masks, positions
from transformer_lib.cache import KVCache
from transformer_lib.config import check_heads
from transformer_lib.shapes import ShapeError


def scaled_dot_product(
    q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None = None, bias: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    r"""Compute softmax(QKᵀ / √d_head + bias) V, and show the weights.

    Parameters
    ----------
    q : Tensor (..., T, d_head)
    k, v : Tensors (..., S, d_head) and (..., S, d_v)
    allowed : Tensor of bool, broadcasts to (..., T, S), optional
        True where query i may look at key j. Each query needs one True: `masks.combine` checks.
    bias : Tensor, broadcasts to (..., T, S), optional
        Added to the scores, as ALiBi does.

    Returns
    -------
    output (..., T, d_v) and weights (..., T, S), whose rows sum to 1.

    Notes
    -----
    `F.scaled_dot_product_attention` gives the same output without ever storing the weights.
    Source: Vaswani et al. (2017), section 3.2.1, equation 1.

    Examples
    --------
    >>> q, k, v = torch.tensor([[0.0, -1]]), torch.tensor([[-2.0, 2], [2, -2]]), torch.eye(2)
    >>> scaled_dot_product(q, k, v)[1]
    tensor([[0.0558, 0.9442]])
    """
    scores = q @ k.mT / q.shape[-1] ** 0.5  # (..., T, S)
    if bias is not None:
        scores = scores + bias
    if allowed is not None:
        scores = scores.masked_fill(~allowed, -torch.inf)
    weights = scores.softmax(-1)  # (..., T, S)
    return weights @ v, weights


class MultiHeadAttention(nn.Module):
    """Attend with several heads at once, each in its own share of the width.

    With `x_kv` left out it is self-attention, with `x_kv` of another sequence cross-attention.
    `n_kv_heads` below `n_heads` gives grouped queries: several query heads share keys and values.

    Parameters
    ----------
    d_model, n_heads, n_kv_heads : int
        d_head = d_model / n_heads; `n_kv_heads` is `n_heads` if left out.
    bias : bool
        Add a bias in the four projections.
    dropout : float
        Of the weights, in training.
    order : str or None
        "rotary" turns q and k by their positions, "alibi" lowers scores by distance.
    rope_base : float
        Base of the rotary frequencies.

    Raises
    ------
    InputError
        The heads do not share the width, or the keys' heads, evenly; a mask that does not hold
        booleans, or leaves a query without a key.
    ShapeError
        An input of another width, two inputs of different batch size, a mask of another size.

    Notes
    -----
    The weights are computed explicitly inside `watch`, and by the fused kernel otherwise; the
    outputs agree to rounding.
    Source: Vaswani et al. (2017), section 3.2.2; Ainslie et al. (2023), "GQA", section 2.

    Examples
    --------
    >>> attend = MultiHeadAttention(6, 3)
    >>> attend(torch.zeros(2, 5, 6)).shape
    torch.Size([2, 5, 6])
    """

    slopes: Tensor | None

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        n_kv_heads: int | None = None,
        *,
        bias: bool = True,
        dropout: float = 0.0,
        order: Literal["rotary", "alibi"] | None = None,
        rope_base: float = 10_000.0,
    ) -> None:
        super().__init__()
        n_kv_heads = n_kv_heads or n_heads
        check_heads(d_model, n_heads, n_kv_heads)
        self.d_model, self.d_head = d_model, d_model // n_heads
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads
        self.dropout = dropout

        self.w_q = nn.Linear(d_model, n_heads * self.d_head, bias)
        self.w_k = nn.Linear(d_model, n_kv_heads * self.d_head, bias)
        self.w_v = nn.Linear(d_model, n_kv_heads * self.d_head, bias)
        self.w_o = nn.Linear(n_heads * self.d_head, d_model, bias)

        self.turn = positions.Rotary(self.d_head, rope_base) if order == "rotary" else None
        slopes = positions.alibi_slopes(n_heads) if order == "alibi" else None
        self.register_buffer("slopes", slopes, persistent=False)
        self.watched = False
        self.weights: Tensor | None = None  # of the last forward pass, inside `watch`

    def forward(
        self,
        x_q: Tensor,
        x_kv: Tensor | None = None,
        allowed: Tensor | None = None,
        *,
        causal: bool = False,
        cache: KVCache | None = None,
    ) -> Tensor:
        """Let each row of x_q (B, T, d_model) gather from x_kv (B, S, d_model), or from x_q itself.

        `allowed` (bool, broadcasts to (B, H, T, S)) and `causal` may be given together. With a
        `cache`, self-attention adds its new keys and values to it; cross-attention fills it once.
        Returns a Tensor (B, T, d_model).
        """
        self._check(x_q, x_kv)
        start = len(cache) if cache is not None and x_kv is None else 0
        q = self.split_heads(self.w_q(x_q))  # (B, H, T, d_head)
        if self.turn is not None:
            q = self.turn(q, start)
        k, v = self._keys_and_values(x_q if x_kv is None else x_kv, start, cache, is_self=x_kv is None)

        output = self._attend(q, k, v, allowed, causal)  # (B, H, T, d_head)
        return self.w_o(output.transpose(1, 2).flatten(-2))  # (B, T, d_model)

    def split_heads(self, x: Tensor) -> Tensor:
        """(B, T, n · d_head) -> (B, n, T, d_head): cut the width into heads, heads to the front."""
        return x.unflatten(-1, (-1, self.d_head)).transpose(1, 2)

    def _keys_and_values(
        self, x: Tensor, start: int, cache: KVCache | None, is_self: bool
    ) -> tuple[Tensor, Tensor]:
        if cache is not None and len(cache) and not is_self:
            return cache.kept  # the encoder's output does not change from step to step
        k, v = self.split_heads(self.w_k(x)), self.split_heads(self.w_v(x))  # (B, H_kv, S, d_head)
        if self.turn is not None:
            k = self.turn(k, start)
        return (k, v) if cache is None else cache.append(k, v)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None, causal: bool) -> Tensor:
        n_queries, n_keys = q.shape[-2], k.shape[-2]
        grouped = self.n_kv_heads < self.n_heads
        bias = None if self.slopes is None else positions.alibi(self.slopes, n_queries, n_keys)
        dropout = self.dropout if self.training else 0.0

        if not self.watched and allowed is None and bias is None and causal and n_queries == n_keys:
            return F.scaled_dot_product_attention(
                q, k, v, dropout_p=dropout, is_causal=True, enable_gqa=grouped
            )
        allowed = _all_allowed(q, k, allowed, causal)
        if self.watched:
            k, v = (x.repeat_interleave(self.n_heads // self.n_kv_heads, 1) for x in (k, v))
            output, weights = scaled_dot_product(q, k, v, allowed, bias)
            self.weights = weights.detach()
            return output
        mask = allowed
        if bias is not None:
            mask = bias if allowed is None else bias.masked_fill(~allowed, -torch.inf)
        return F.scaled_dot_product_attention(q, k, v, mask, dropout, enable_gqa=grouped)

    def _check(self, x_q: Tensor, x_kv: Tensor | None) -> None:
        for name, x in (("x_q", x_q), ("x_kv", x_kv)):
            if x is not None and (x.ndim != 3 or x.shape[-1] != self.d_model or x.shape[1] == 0):
                raise ShapeError(
                    f"{name} has shape {tuple(x.shape)}: give (batch, positions, {self.d_model}), because "
                    f"d_model is {self.d_model}, and one position at least."
                )
        if x_kv is not None and len(x_q) != len(x_kv):
            raise ShapeError(
                f"x_q holds {len(x_q)} sequences and x_kv {len(x_kv)}: give each its own partner."
            )


def _all_allowed(q: Tensor, k: Tensor, allowed: Tensor | None, causal: bool) -> Tensor | None:
    """Combine `allowed` and the causal mask for the scores of q and k; None hides nothing."""
    size = (*q.shape[:-1], k.shape[-2])  # of the scores (B, H, T, S)
    hiding = []
    if allowed is not None:
        try:
            allowed.expand(size)
        except RuntimeError:
            raise ShapeError(
                f"allowed has shape {tuple(allowed.shape)}: it must broadcast to "
                f"(batch, heads, queries, keys), here {size}."
            ) from None
        hiding.append(allowed)
    if causal and size[-2] > 1:  # one query, the last, may look at every key
        hiding.append(masks.causal(*size[-2:]).to(q.device))
    return masks.combine(*hiding) if hiding else None


@contextmanager
def watch(model: nn.Module) -> Iterator[dict[str, MultiHeadAttention]]:
    """Make every attention in the model keep its weights (B, H, T, S), for reading maps.

    Gives the attention modules by name; after a forward pass each has `.weights`, without
    gradient. Nothing is dropped out of them, so watch a model in evaluation mode.

    >>> attend = MultiHeadAttention(6, 3)
    >>> with watch(attend) as watched:
    ...     _ = attend(torch.zeros(1, 2, 6))
    >>> watched[""].weights[0, 0]
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]])
    """
    watched = {name: part for name, part in model.named_modules() if isinstance(part, MultiHeadAttention)}
    for part in watched.values():
        part.watched = True
    try:
        yield watched
    finally:
        for part in watched.values():
            part.watched = False
