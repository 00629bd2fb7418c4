"""What bends the straight lines of a feed-forward network, entry by entry."""

import math

import numpy as np
from numpy.typing import ArrayLike

from transformer_lib.shapes import Array, as_array

_ANY = (0, 1, 2, 3, 4)  # axes: a single number too
_erf = np.vectorize(math.erf, otypes=[np.float64])  # NumPy has none of its own


def relu(x: ArrayLike) -> Array:
    """Keep what is above 0, and put 0 for the rest: max(0, x). Any shape.

    Source: Vaswani et al. (2017), section 3.3, equation 2.

    >>> relu([-1, 0, 2])
    array([0., 0., 2.])
    """
    return np.maximum(as_array("x", x, _ANY), 0)


def gelu(x: ArrayLike) -> Array:
    """Weigh x by how likely a standard normal number lies below it: x·Φ(x). Any shape.

    Source: Hendrycks and Gimpel (2016), "Gaussian Error Linear Units", section 2.

    >>> gelu([-1, 0, 2]).round(3)
    array([-0.159,  0.   ,  1.954])
    """
    x = as_array("x", x, _ANY)
    return x * (1 + _erf(x / math.sqrt(2))) / 2


def gelu_tanh(x: ArrayLike) -> Array:
    """Come within 0.0005 of `gelu`, with tanh for the error function, as GPT-2 does. Any shape.

    Source: Hendrycks and Gimpel (2016), section 2.

    >>> gelu_tanh([-1, 0, 2]).round(3)
    array([-0.159,  0.   ,  1.955])
    """
    x = as_array("x", x, _ANY)
    return x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


def silu(x: ArrayLike) -> Array:
    """Weigh x by its logistic function: x / (1 + e^−x), also called Swish. Any shape.

    Source: Ramachandran, Zoph and Le (2017), "Searching for Activation Functions", section 3.

    >>> silu([-1, 0, 2]).round(3)
    array([-0.269,  0.   ,  1.762])
    """
    x = as_array("x", x, _ANY)
    return x * (1 + np.tanh(x / 2)) / 2  # the logistic function, without e^−x, which overflows
