"""Softmax: from scores to weights, and what a small change of a score does to the weights."""

import numpy as np
from numpy.typing import ArrayLike

from transformer_lib.shapes import Array, InputError, as_array
from transformer_lib.steps.checks import check_positive as _check_positive


def softmax(x: ArrayLike, axis: int = -1, base: float = np.e, temperature: float = 1.0) -> Array:
    r"""Turn scores into positive weights that sum to 1: base^(x/τ) over its sum.

    Parameters
    ----------
    x : array_like, any shape
        Scores. An entry of −∞ (a hidden position) gets weight 0.
    axis : int
        The axis along which the weights sum to 1.
    base : float
        What is raised to the power; above 0. The paper uses e, the course by hand 2.
    temperature : float
        τ above 0: below 1 sharper, above 1 flatter.

    Returns
    -------
    ndarray, the shape of x, entries in [0, 1].

    Raises
    ------
    InputError
        An empty or non-numeric x, NaN or +∞, a row of −∞ only, a base or temperature out of range.

    Notes
    -----
    The largest score is subtracted first, which changes no weight and keeps the powers finite.
    Base 2 is base e at temperature 1/ln 2 = 1.443.
    Source: Bridle (1990), "Probabilistic interpretation of feedforward classification
    network outputs", in Neurocomputing, Springer.

    Examples
    --------
    >>> softmax([-2, 2, -1, -2], base=2)
    array([0.05, 0.8 , 0.1 , 0.05])
    """
    _check_positive("base", base)
    _check_positive("temperature", temperature)
    exponents = as_array("x", x, (1, 2, 3, 4), hidden=True) * (np.log(base) / temperature)
    top = exponents.max(axis=axis, keepdims=True)
    if np.isneginf(top).any():
        raise InputError("x has only −∞ along the softmax axis: that query may look at no key.")
    powers = np.exp(exponents - top)
    return powers / powers.sum(axis=axis, keepdims=True)


def softmax_jacobian(weights: ArrayLike) -> Array:
    r"""Give ∂α′ᵢ/∂αⱼ = α′ᵢ (δᵢⱼ − α′ⱼ): how each weight answers to each score, diag(α′) − α′α′ᵀ.

    Parameters
    ----------
    weights : array_like (..., n)
        The weights α′, not the scores: at least 0, each row sums to 1.

    Returns
    -------
    ndarray (..., n, n), symmetric, entries in [−1/4, 1/4]; each row sums to 0.

    Raises
    ------
    InputError
        Weights below 0, or that do not sum to 1.

    Notes
    -----
    In base b it is ln b times this, at temperature τ this divided by τ. When one weight is almost 1
    every entry is almost 0: the gradient of a saturated softmax vanishes, which is why attention
    divides its scores by √d_k. Source: Vaswani et al. (2017), section 3.2.1.

    Examples
    --------
    >>> softmax_jacobian([0.5, 0.25, 0.25])[0]
    array([ 0.25 , -0.125, -0.125])
    """
    weights = as_array("weights", weights, (1, 2, 3, 4))
    if (weights < 0).any():
        raise InputError(f"weights holds {weights.min():.3g}: give the softmax of the scores, none below 0.")
    total = weights.sum(axis=-1)
    if not np.allclose(total, 1):
        worst = total.flat[abs(total - 1).argmax()]
        raise InputError(f"weights sums to {worst:.3g}, not to 1: give the softmax of the scores.")
    same = np.eye(weights.shape[-1])  # δ (n, n)
    return weights[..., :, None] * (same - weights[..., None, :])  # (..., n, n)
