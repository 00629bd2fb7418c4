"""Sinusoids: one vector a position, added to the token that stands there."""

import math
from typing import Literal

import numpy as np

from transformer_lib.shapes import Array, InputError
from transformer_lib.steps.checks import check_positive

Layout = Literal["interleaved", "concatenated"]
Form = Literal["power", "exp-log"]


def sinusoidal(
    n: int, d_model: int, *, layout: Layout = "interleaved", form: Form = "power", base: float = 10_000.0
) -> Array:
    r"""Give the paper's encodings PE(pos, 2i) = sin(pos / base^(2i/d)) and PE(pos, 2i+1) = cos(…).

    Parameters
    ----------
    n : int
        Positions 0, …, n − 1.
    d_model : int
        Even: each frequency takes a sine and a cosine.
    layout : str
        "interleaved" is sin, cos, sin, cos, … as in the paper; "concatenated" is all sines, then
        all cosines, as in much code. One is the other with its columns permuted.
    form : str
        "power" divides by base^(2i/d); "exp-log" multiplies by exp(−2i/d · ln base), the same.
    base : float
        The wavelengths grow from 2π to almost 2π · base.

    Returns
    -------
    ndarray (n, d_model), entries in [−1, 1].

    Raises
    ------
    InputError
        An odd d_model, a layout or form of another name, a base not above 0.

    Notes
    -----
    PE(pos + k) = R_k PE(pos) with one matrix R_k for all positions: `rotation` gives it.
    Source: Vaswani et al. (2017), section 3.5.

    Examples
    --------
    >>> sinusoidal(2, 4)[1].round(3)
    array([0.841, 0.54 , 0.01 , 1.   ])
    """
    if layout not in ("interleaved", "concatenated"):
        raise InputError(f"layout is {layout!r}: it must be 'interleaved' or 'concatenated'.")
    angle = np.arange(n)[:, None] * frequencies(d_model, base, form)  # (n, d_model / 2)
    if layout == "concatenated":
        return np.concatenate([np.sin(angle), np.cos(angle)], axis=-1)  # (n, d_model)
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(n, d_model)


def rotation(k: float, d_model: int, *, base: float = 10_000.0) -> Array:
    """Give R_k (d_model, d_model) with PE(pos + k) = R_k PE(pos), interleaved, for every pos.

    Each pair (sin, cos) turns by k times its frequency; all other entries are 0.
    Raises InputError as `sinusoidal` does.

    >>> np.allclose(rotation(3, 8) @ sinusoidal(5, 8)[1], sinusoidal(5, 8)[4])
    True
    """
    angle = k * frequencies(d_model, base)  # (d_model / 2)
    even, odd = np.arange(0, d_model, 2), np.arange(1, d_model, 2)
    turn = np.zeros((d_model, d_model))
    turn[even, even] = turn[odd, odd] = np.cos(angle)
    turn[even, odd] = np.sin(angle)
    turn[odd, even] = -np.sin(angle)
    return turn


def frequencies(d: int, base: float, form: Form = "power") -> Array:
    """Give the d/2 angles a pair turns by at each position, from 1 down to almost 1/base."""
    check_positive("base", base)
    if d < 2 or d % 2:
        raise InputError(f"the width is {d}: sines and cosines come in pairs, so make it even.")
    even = np.arange(0, d, 2)
    if form == "power":
        return base ** (-even / d)
    if form == "exp-log":
        return np.exp(even * (-math.log(base) / d))
    raise InputError(f"form is {form!r}: it must be 'power' or 'exp-log'.")
