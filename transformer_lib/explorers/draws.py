"""Random draws that a page and Python share: the same seed gives the same numbers in both."""

import numpy as np

from transformer_lib.shapes import Array

_STEP, _FIRST, _SECOND = np.uint32(0x6D2B79F5), np.uint32(1), np.uint32(61)


def uniform(seed: int, n: int) -> Array:
    """Give the first n numbers of mulberry32, multiples of 2⁻³² from 0 to below 1.

    Its state only counts, so all n come at once; products wrap at 32 bits, as Math.imul's do.
    Source: Tommy Ettinger (2017), mulberry32, public domain.

    >>> uniform(1, 2).round(4)
    array([0.6271, 0.0027])
    """
    state = np.uint32(seed) + np.arange(1, n + 1, dtype=np.uint32) * _STEP
    mixed = (state ^ (state >> 15)) * (state | _FIRST)
    mixed = (mixed + (mixed ^ (mixed >> 7)) * (mixed | _SECOND)) ^ mixed
    return (mixed ^ (mixed >> 14)) / 2.0**32


def normal(seed: int, *shape: int) -> Array:
    """Draw an array of normal numbers, mean 0 and variance 1, two from each two uniform ones.

    A longer first axis keeps what a shorter one holds and adds to it.
    Source: Box and Muller (1958), "A note on the generation of random normal deviates".

    >>> normal(1, 2).round(4)
    array([1.4043, 0.0241])
    """
    n = int(np.prod(shape))
    u = uniform(seed, n + n % 2).reshape(-1, 2)
    radius, angle = np.sqrt(-2 * np.log(1 - u[:, 0])), 2 * np.pi * u[:, 1]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)  # (n / 2, 2)
    return pairs.ravel()[:n].reshape(shape)
