"""LayerNorm and RMSNorm: each token brought to one scale, over its own entries alone."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from transformer_lib.shapes import Array, InputError, as_array
from transformer_lib.steps.checks import one_each


class NormSteps(NamedTuple):
    """What LayerNorm computes on its way; mean and std keep their axis, with length 1."""

    mean: Array  # (..., 1)
    std: Array  # (..., 1), divided by n, not by n − 1
    normalised: Array  # (..., d_model), mean 0 and std 1
    output: Array  # (..., d_model), scaled and shifted


class RMSNormSteps(NamedTuple):
    """What RMSNorm computes on its way; rms keeps its axis, with length 1."""

    rms: Array  # (..., 1)
    normalised: Array  # (..., d_model), mean square 1
    output: Array  # (..., d_model), scaled


def layer_norm(
    x: ArrayLike,
    scale: ArrayLike | None = None,
    shift: ArrayLike | None = None,
    eps: float = 0.0,
    axis: int = -1,
) -> NormSteps:
    """Give each vector mean 0 and standard deviation 1, then scale and shift each entry.

    Parameters
    ----------
    x : array_like (..., d_model)
        One row a token.
    scale, shift : array_like (d_model,), optional
        Trained, one number an entry; ones and zeros if left out.
    eps : float
        Added to the variance, at least 0. The paper has none; PyTorch adds 1e-5, so that a vector
        of equal entries does not divide 0 by 0.
    axis : int
        What is averaged over: the entries of one token. Any other axis is a mistake worth seeing.

    Returns
    -------
    NormSteps

    Raises
    ------
    InputError
        A vector of equal entries without eps, or an eps below 0.
    ShapeError
        A scale or shift that is not one number an entry.

    Notes
    -----
    Adding a number to all entries, or multiplying all by one above 0, changes nothing (if eps is 0).
    Source: Ba, Kiros and Hinton (2016), "Layer Normalization", section 3, equation 3.

    Examples
    --------
    >>> steps = layer_norm([9, 3, 3, 1])
    >>> steps.mean, steps.std
    (array([4.]), array([3.]))
    >>> steps.output.round(3)
    array([ 1.667, -0.333, -0.333, -1.   ])
    """
    x = as_array("x", x, (1, 2, 3, 4))
    scale = one_each("scale", scale, x.shape[-1], if_none=1.0)
    shift = one_each("shift", shift, x.shape[-1], if_none=0.0)
    _check_spread(np.ptp(x, axis=axis), eps, "its entries are all equal, so its standard deviation is 0")

    mean = x.mean(axis=axis, keepdims=True)
    variance = x.var(axis=axis, keepdims=True)
    normalised = (x - mean) / np.sqrt(variance + eps)
    return NormSteps(mean, np.sqrt(variance), normalised, output=scale * normalised + shift)


def rms_norm(x: ArrayLike, scale: ArrayLike | None = None, eps: float = 0.0) -> RMSNormSteps:
    """Divide each vector of x (..., d_model) by the root of its mean square, then scale each entry.

    LayerNorm without the mean and the shift. `scale` (d_model,) is ones if left out, and `eps` is
    added to the mean square. Raises InputError and ShapeError as `layer_norm` does.
    Source: Zhang and Sennrich (2019), "Root Mean Square Layer Normalization", equation 4.

    >>> rms_norm([9, 3, 3, 1]).output
    array([1.8, 0.6, 0.6, 0.2])
    """
    x = as_array("x", x, (1, 2, 3, 4))
    scale = one_each("scale", scale, x.shape[-1], if_none=1.0)
    _check_spread(abs(x).max(axis=-1), eps, "its entries are all 0")

    mean_square = np.square(x).mean(axis=-1, keepdims=True)
    normalised = x / np.sqrt(mean_square + eps)
    return RMSNormSteps(np.sqrt(mean_square), normalised, output=scale * normalised)


def layer_norm_jacobian(x: ArrayLike, eps: float = 0.0) -> Array:
    """Give ∂yᵢ/∂xⱼ = (δᵢⱼ − 1/n − yᵢyⱼ/n) / σ for y, each vector of x (..., n) normalised: (..., n, n).

    Each row sums to 0, because adding a number to all entries of x changes nothing; and if eps is 0,
    J x = 0, because stretching x changes nothing. Raises InputError as `layer_norm` does.

    >>> layer_norm_jacobian([9, 3, 3, 1])[0].round(3)
    array([ 0.019, -0.037, -0.037,  0.056])
    """
    steps = layer_norm(x, eps=eps)
    y, n = steps.normalised, steps.normalised.shape[-1]
    centred = np.eye(n) - 1 / n - y[..., :, None] * y[..., None, :] / n  # (..., n, n)
    return centred / np.sqrt(steps.std**2 + eps)[..., None]


def _check_spread(spread: Array, eps: float, flaw: str) -> None:
    if not eps >= 0:
        raise InputError(f"eps is {eps}: it must be at least 0.")
    flat = np.argwhere(spread == 0)
    if eps == 0 and len(flat):
        which = f"vector {flat[0][-1] + 1} of x" if flat.shape[-1] else "x"
        raise InputError(f"{which} cannot be normalised: {flaw}. Give eps above 0, such as 1e-5.")
