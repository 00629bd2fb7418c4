"""Attention, one step a line, every intermediate returned. Rows are positions, as in the paper."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from transformer_lib.shapes import (
    Array,
    InputError,
    ShapeError,
    as_array,
    check_attention_shapes,
    check_projection,
)
from transformer_lib.steps.softmax import softmax


class AttentionSteps(NamedTuple):
    """What attention computes on its way: q (T, d_k), k (S, d_k), v (S, d_v), α, α′ and b."""

    q: Array
    k: Array
    v: Array
    scores: Array  # α (T, S), after scaling and masking
    weights: Array  # α′ (T, S), each row sums to 1
    output: Array  # b (T, d_v)


def project(a: ArrayLike, w: ArrayLike) -> Array:
    """Multiply each row of a (..., N, d_in) by W (d_out, d_in): row i becomes W a_i.

    Raises ShapeError when W's columns are not as many as a vector's entries.

    >>> project([[0, -1], [0, 1]], [[1, 0], [1, 2]])
    array([[ 0., -2.],
           [ 0.,  2.]])
    """
    a, w = as_array("a", a, (1, 2, 3)), as_array("W", w, 2)
    check_projection("a", a, "W", w)
    return a @ w.T  # (..., N, d_out)


def attention(
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    allowed: ArrayLike | None = None,
    *,
    scaled: bool = True,
    base: float = np.e,
) -> AttentionSteps:
    r"""Compute softmax(QKᵀ / √d_k) V and keep every step.

    Parameters
    ----------
    q : array_like (..., T, d_k)
        Queries, one row a position that asks.
    k, v : array_like (..., S, d_k) and (..., S, d_v)
        Keys and values, one row a position that is asked.
    allowed : array_like of bool, broadcasts to (..., T, S), optional
        True where query i may look at key j; everything, if left out.
    scaled : bool
        Divide the scores by √d_k. Chapters 2 to 5 do not.
    base : float
        The base of the softmax.

    Returns
    -------
    AttentionSteps

    Raises
    ------
    ShapeError
        Widths of q and k, or numbers of keys and values, differ; or `allowed` does not fit.
    InputError
        Not finite numbers, or a query that may look at no key.

    Notes
    -----
    Source: Vaswani et al. (2017), "Attention Is All You Need", section 3.2.1, equation 1.

    Examples
    --------
    >>> keys, values = [[-2, 2], [2, -2], [0, 1], [0, 2]], [[0, -2], [0, 2], [1, 1], [2, 2]]
    >>> attention([[0, -1]], keys, values, scaled=False, base=2).output
    array([[0.2, 1.7]])
    """
    q, k, v = (as_array(name, x, (2, 3, 4)) for name, x in (("q", q), ("k", k), ("v", v)))
    check_attention_shapes(q, k, v)

    scores = q @ k.swapaxes(-2, -1)  # (..., T, S)
    if scaled:
        scores = scores / np.sqrt(q.shape[-1])
    if allowed is not None:
        scores = np.where(_as_allowed(allowed, scores.shape), scores, -np.inf)
    weights = softmax(scores, base=base)

    return AttentionSteps(q, k, v, scores, weights, output=weights @ v)


def self_attention(
    a: ArrayLike, w_q: ArrayLike, w_k: ArrayLike, w_v: ArrayLike, allowed: ArrayLike | None = None, **how: Any
) -> AttentionSteps:
    """Let each position of a (N, d_model) ask all positions of the same a.

    `w_q`, `w_k` (d_k, d_model) and `w_v` (d_v, d_model) multiply from the left, q = W^q a;
    `allowed`, `scaled`, `base` and the errors are those of `attention`.

    >>> a, w = [[0, -1], [0, 1], [1, 0], [2, 0]], [[1, 0], [1, 2]]
    >>> self_attention(a, [[1, 0], [1, 1]], [[0, 2], [1, -2]], w, scaled=False, base=2).output[2]
    array([1.25, 1.25])
    """
    return attention(project(a, w_q), project(a, w_k), project(a, w_v), allowed, **how)


def cross_attention(
    x_q: ArrayLike,
    x_kv: ArrayLike,
    w_q: ArrayLike,
    w_k: ArrayLike,
    w_v: ArrayLike,
    allowed: ArrayLike | None = None,
    **how: Any,
) -> AttentionSteps:
    """Let each position of x_q (T, d_model) ask the positions of another sequence x_kv (S, d_model).

    In a decoder x_q is its own, and x_kv the encoder's output: only the queries come from x_q, both
    keys and values from x_kv. Matrices, settings and errors are those of `self_attention`.
    Source: Vaswani et al. (2017), section 3.2.3.

    >>> a, w = [[0, -1], [0, 1], [1, 0], [2, 0]], [[1, 0], [1, 2]]
    >>> cross_attention([[1, 0]], a, [[1, 0], [0, 1]], [[0, 2], [1, -2]], w, scaled=False, base=2).output
    array([[0.48, 1.68]])
    """
    return attention(project(x_q, w_q), project(x_kv, w_k), project(x_kv, w_v), allowed, **how)


def _as_allowed(allowed: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.asarray(allowed)
    if mask.dtype != np.bool_:
        raise InputError(f"allowed holds {mask.dtype}, not booleans: True where the query may look.")
    try:
        mask = np.broadcast_to(mask, shape)
    except ValueError:
        raise ShapeError(
            f"allowed has shape {mask.shape} and the scores have {shape}: make it (queries, keys)."
        ) from None
    blind = np.argwhere(~mask.any(axis=-1))
    if len(blind):
        raise InputError(
            f"allowed has no True in the row of query {blind[0][-1] + 1}: let it look at one key at least."
        )
    return mask
