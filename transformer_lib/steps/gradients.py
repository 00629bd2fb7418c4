"""How attention answers to small changes: its gradients by hand, from the output back to q, k and v."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from transformer_lib.shapes import Array, ShapeError, as_array
from transformer_lib.steps.attention import attention


class AttentionGradients(NamedTuple):
    """∂L/∂ each step of attention, each the shape of that step."""

    q: Array
    k: Array
    v: Array
    scores: Array  # (T, S), each row sums to 0
    weights: Array  # (T, S)


def attention_gradients(
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    output: ArrayLike,
    allowed: ArrayLike | None = None,
    *,
    scaled: bool = True,
) -> AttentionGradients:
    """Go back from ∂L/∂b to ∂L/∂q, ∂L/∂k and ∂L/∂v, one step of `attention` a line.

    Parameters
    ----------
    q, k, v : array_like (T, d_k), (S, d_k) and (S, d_v)
    output : array_like (T, d_v)
        ∂L/∂b, how the loss answers to each entry of the output.
    allowed, scaled
        As in `attention`.

    Returns
    -------
    AttentionGradients

    Raises
    ------
    InputError, ShapeError
        As in `attention`; or ∂L/∂b has not the shape of the output.

    Notes
    -----
    Each row of ∂L/∂α is the softmax's Jacobian times that row of ∂L/∂α′.
    Source: the chain rule, applied to Vaswani et al. (2017), equation 1.

    Examples
    --------
    >>> q, k, v = [[1, 0]], [[0, 0], [0, 2]], [[1, 0], [3, 0]]
    >>> back = attention_gradients(q, k, v, [[1, 0]], scaled=False)
    >>> back.weights, back.scores, back.q
    (array([[1., 3.]]), array([[-0.5,  0.5]]), array([[0., 1.]]))
    """
    q, k, v, output = (as_array(name, x, 2) for name, x in (("q", q), ("k", k), ("v", v), ("∂L/∂b", output)))
    steps = attention(q, k, v, allowed, scaled=scaled)
    if output.shape != steps.output.shape:
        raise ShapeError(
            f"∂L/∂b has shape {output.shape} and the output has {steps.output.shape}: make them the same."
        )
    factor = 1 / np.sqrt(q.shape[-1]) if scaled else 1.0

    d_v = steps.weights.T @ output  # (S, d_v)
    d_weights = output @ v.T  # (T, S)
    mean = (steps.weights * d_weights).sum(axis=-1, keepdims=True)  # (T, 1)
    d_scores = steps.weights * (d_weights - mean)  # (T, S)
    return AttentionGradients(factor * d_scores @ k, factor * d_scores.T @ q, d_v, d_scores, d_weights)
