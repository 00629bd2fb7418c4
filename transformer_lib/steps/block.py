"""The blocks a Transformer is stacked from: sublayers, each with its residual connection."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from numpy.typing import ArrayLike

from transformer_lib.shapes import Array, InputError, as_array
from transformer_lib.steps.feed_forward import feed_forward
from transformer_lib.steps.masks import causal
from transformer_lib.steps.multi_head import MultiHeadSteps, multi_head
from transformer_lib.steps.norms import layer_norm
from transformer_lib.steps.residual import Function, Order, ResidualSteps, residual


class EncoderSteps(NamedTuple):
    """An encoder block on its way; `.attention.sublayer` holds the heads, `.attention.heard` their input."""

    attention: ResidualSteps
    feed_forward: ResidualSteps
    output: Array  # (..., T, d_model)


class DecoderSteps(NamedTuple):
    """A decoder block on its way; each sublayer's own steps are in its `.sublayer`."""

    attention: ResidualSteps
    cross_attention: ResidualSteps
    feed_forward: ResidualSteps
    output: Array  # (..., T, d_model)


def encoder_block(
    x: ArrayLike,
    own: Sequence[Any],
    layers: Sequence[Any],
    *,
    order: Order = "post",
    allowed: ArrayLike | None = None,
    norms: Sequence[Function] = (layer_norm, layer_norm),
    add: bool = True,
    **how: Any,
) -> EncoderSteps:
    """Let each position gather from all, then think by itself: self-attention, then feed-forward.

    Parameters
    ----------
    x : array_like (..., T, d_model)
    own : (heads, w_o)
        What `multi_head` takes after a, for the self-attention.
    layers : (w_1, w_2, …)
        What `feed_forward` takes after x.
    order : str
        Where the norms stand: "post", "pre" or "none", as in `residual`.
    allowed : array_like of bool (T, T), optional
        Everything, if left out. With `causal(T)` it is the block of GPT-2 and Llama.
    norms : two callables
        After, or before, each sublayer.
    add : bool
        Off leaves the residual connections out, to show what is lost.
    how
        `scaled` and `base`, as in `attention`.

    Returns
    -------
    EncoderSteps

    Raises
    ------
    InputError, ShapeError
        As in `multi_head`, `feed_forward`, `layer_norm` and `residual`.

    Notes
    -----
    Source: Vaswani et al. (2017), section 3.1 and figure 1, left.

    Examples
    --------
    >>> head, layers = ([[1, 0]], [[1, 0]], [[2, 0]]), ([[1, 0], [0, 1]], [[1, 0], [0, 1]])
    >>> steps = encoder_block([[1, 3], [1, 0]], ([head, head], None), layers, order="none")
    >>> steps.attention.total
    array([[3., 5.],
           [3., 2.]])
    >>> steps.output
    array([[ 6., 10.],
           [ 6.,  4.]])
    """
    heads, w_o = _exactly("own", own, 2, "(heads, w_o)")
    first, second = _exactly("norms", norms, 2, "one a sublayer")

    gathered = residual(x, lambda y: multi_head(y, heads, w_o, allowed, **how), order, first, add=add)
    thought = residual(gathered.output, lambda y: feed_forward(y, *layers), order, second, add=add)
    return EncoderSteps(gathered, thought, output=thought.output)


def decoder_block(
    x: ArrayLike,
    memory: ArrayLike,
    own: Sequence[Any],
    cross: Sequence[Any],
    layers: Sequence[Any],
    *,
    order: Order = "post",
    allowed: ArrayLike | None = None,
    memory_allowed: ArrayLike | None = None,
    norms: Sequence[Function] = (layer_norm, layer_norm, layer_norm),
    add: bool = True,
    **how: Any,
) -> DecoderSteps:
    """Gather from the past, then from the encoder's output, then think: three residual connections.

    Parameters
    ----------
    x : array_like (..., T, d_model)
        What is written so far.
    memory : array_like (..., S, d_model)
        The encoder's output; keys and values of the cross-attention come from it.
    own, cross : (heads, w_o)
        What `multi_head` takes after a, for the self-attention and for the cross-attention.
    layers, order, add, how
        As in `encoder_block`.
    allowed : array_like of bool (T, T), optional
        In the self-attention; `causal(T)` if left out.
    memory_allowed : array_like of bool (T, S), optional
        In the cross-attention; everything if left out.
    norms : three callables

    Returns
    -------
    DecoderSteps

    Raises
    ------
    InputError, ShapeError
        As in `encoder_block`.

    Notes
    -----
    Source: Vaswani et al. (2017), section 3.1 and figure 1, right.

    Examples
    --------
    >>> head, layers = ([[1, 0]], [[1, 0]], [[2, 0]]), ([[1, 0], [0, 1]], [[1, 0], [0, 1]])
    >>> own = ([head, head], None)
    >>> steps = decoder_block([[1, 3], [1, 0]], [[5, 0]], own, own, layers, order="none")
    >>> steps.cross_attention.said
    array([[10., 10.],
           [10., 10.]])
    """
    x = as_array("x", x, (2, 3))
    heads, w_o = _exactly("own", own, 2, "(heads, w_o)")
    other_heads, other_w_o = _exactly("cross", cross, 2, "(heads, w_o)")
    first, second, third = _exactly("norms", norms, 3, "one a sublayer")
    past = causal(x.shape[-2]) if allowed is None else allowed

    def look_back(y: Array) -> MultiHeadSteps:
        return multi_head(y, heads, w_o, past, **how)

    def look_across(y: Array) -> MultiHeadSteps:
        return multi_head(y, other_heads, other_w_o, memory_allowed, memory=memory, **how)

    gathered = residual(x, look_back, order, first, add=add)
    read = residual(gathered.output, look_across, order, second, add=add)
    thought = residual(read.output, lambda y: feed_forward(y, *layers), order, third, add=add)
    return DecoderSteps(gathered, read, thought, output=thought.output)


def _exactly(name: str, given: Sequence[Any], n: int, what: str) -> Sequence[Any]:
    if len(given) != n:
        raise InputError(f"{name} holds {len(given)} entries: give {n}, {what}.")
    return given
