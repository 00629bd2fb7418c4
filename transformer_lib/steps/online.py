"""Softmax over keys that come in blocks: attention without ever holding all its scores."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from transformer_lib.shapes import Array, InputError, ShapeError, as_array
from transformer_lib.steps.checks import check_positive

_LOWEST = np.finfo(np.float64).min  # −∞ − _LOWEST is −∞, and −∞ − (−∞) would be NaN


class Partial(NamedTuple):
    """What is known after some of the keys: enough to go on, however many keys are still to come."""

    top: Array  # (..., T): the largest score so far; −∞ if all were hidden
    total: Array  # (..., T): sum of base^(score − top)
    weighted: Array  # (..., T, d_v): sum of base^(score − top) · value
    base: float = np.e

    @property
    def output(self) -> Array:
        """(..., T, d_v): the mean of the values so far by their softmax weights; 0 if all were hidden."""
        return self.weighted / np.where(self.total > 0, self.total, 1)[..., None]


def partial_softmax(scores: ArrayLike, v: ArrayLike, base: float = np.e) -> Partial:
    """Look at one block of keys: scores (..., T, s), −∞ where hidden, and their values v (..., s, d_v).

    Raises ShapeError unless each score has its value, InputError for a base not above 1.

    >>> partial_softmax([[-2, 2]], [[0, -2], [0, 2]], base=2).total * 16  # (2⁻⁴ + 2⁰) · 16
    array([17.])
    """
    check_positive("base", base)
    if base <= 1:
        raise InputError(
            f"base is {base}: it must be above 1, so that the largest score has the largest power."
        )
    scores, v = as_array("scores", scores, (2, 3, 4), hidden=True), as_array("v", v, (2, 3, 4))
    if scores.shape[-1] != v.shape[-2]:
        raise ShapeError(
            f"scores has {scores.shape[-1]} columns and v has {v.shape[-2]} rows: "
            "every score needs its value."
        )
    top = scores.max(axis=-1)  # (..., T)
    powers = base ** (scores - np.maximum(top, _LOWEST)[..., None])  # (..., T, s)
    return Partial(top, powers.sum(axis=-1), powers @ v, base)


def merge(one: Partial, other: Partial) -> Partial:
    """Put two partial results together: both are brought to the larger top, then added.

    The order does not matter, so blocks may be looked at one after the other or all at once.
    Raises ShapeError for other queries or values of another width, InputError for another base.
    Source: Milakov and Gimelshein (2018), "Online normalizer calculation for softmax", section 3.1.

    >>> values = [[0, -2], [0, 2], [1, 1], [2, 2]]
    >>> one = partial_softmax([[-2, 2]], values[:2], base=2)
    >>> both = merge(one, partial_softmax([[-1, -2]], values[2:], base=2))
    >>> both.total, both.output
    (array([1.25]), array([[0.2, 1.7]]))
    """
    if one.weighted.shape != other.weighted.shape:
        raise ShapeError(
            f"the parts have outputs of shapes {one.weighted.shape} and {other.weighted.shape}: "
            "take the same queries, and values of one width."
        )
    if one.base != other.base:
        raise InputError(f"the parts have bases {one.base:.3g} and {other.base:.3g}: take one base for all.")
    top = np.maximum(one.top, other.top)
    shrink, shrink_other = (one.base ** (part.top - np.maximum(top, _LOWEST)) for part in (one, other))
    return Partial(
        top,
        one.total * shrink + other.total * shrink_other,
        one.weighted * shrink[..., None] + other.weighted * shrink_other[..., None],
        one.base,
    )


def online_softmax(blocks: Iterable[tuple[ArrayLike, ArrayLike]], base: float = np.e) -> list[Partial]:
    """Take softmax(scores) V block by block; the last partial result's `output` is attention's.

    Parameters
    ----------
    blocks : iterable of (scores, v)
        Scores (..., T, s), −∞ where hidden, and their values (..., s, d_v); s may differ.
    base : float
        Above 1.

    Returns
    -------
    list of Partial, what is known after each block.

    Raises
    ------
    InputError
        No block, or a query whose keys are hidden in all of them.
    ShapeError
        As in `partial_softmax` and `merge`.

    Notes
    -----
    Only one block of scores is held at a time, so memory does not grow with the number of keys.
    Source: Dao et al. (2022), "FlashAttention", section 3.1.

    Examples
    --------
    >>> blocks = [([[-2, 2]], [[0, -2], [0, 2]]), ([[-1, -2]], [[1, 1], [2, 2]])]
    >>> [known.output.round(3).tolist() for known in online_softmax(blocks, base=2)]
    [[[0.0, 1.765]], [[0.2, 1.7]]]
    """
    known: list[Partial] = []
    for scores, v in blocks:
        part = partial_softmax(scores, v, base)
        known.append(merge(known[-1], part) if known else part)
    if not known:
        raise InputError("there is no block: give at least one pair (scores, values).")
    blind = np.argwhere(known[-1].total == 0)
    if len(blind):
        raise InputError(f"query {blind[0][-1] + 1} has only scores of −∞: that query may look at no key.")
    return known
