"""Checks that several steps share, each told in one sentence."""

import numpy as np
from numpy.typing import ArrayLike

from transformer_lib.shapes import Array, InputError, ShapeError, as_array


def check_positive(name: str, value: float) -> None:
    """Raise InputError unless value is a finite number above 0."""
    if not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
        raise InputError(f"{name} is {value!r}: it must be a finite number above 0.")


def one_each(name: str, value: ArrayLike | None, width: int, if_none: float) -> Array:
    """Give one number for each entry of a vector (width,), `if_none` everywhere if there is no value.

    Raises ShapeError for another number of them.

    >>> one_each("shift", None, 3, 0.0)
    array([0., 0., 0.])
    """
    if value is None:
        return np.full(width, if_none)
    array = as_array(name, value, 1)
    if len(array) != width:
        raise ShapeError(f"{name} has length {len(array)} and must have length {width}: one number an entry.")
    return array
