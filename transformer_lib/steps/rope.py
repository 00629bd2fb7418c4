"""Rotary positions: queries and keys turn as they move along the sequence."""

import numpy as np
from numpy.typing import ArrayLike

from transformer_lib.shapes import Array, ShapeError, as_array
from transformer_lib.steps.positions import frequencies


def rope(
    x: ArrayLike,
    positions: ArrayLike = 0,
    *,
    base: float = 10_000.0,
    angle: float | None = None,
) -> Array:
    """Turn each pair of entries of q or k by an angle proportional to the position (RoPE).

    The score of a rotated query and a rotated key depends on their distance alone.

    Parameters
    ----------
    x : array_like (..., T, d) or (d,)
        Queries or keys, d even; pairs are (0, 1), (2, 3), …
    positions : int, or array_like (T,)
        Where the first row stands, the others following it; or where each row stands.
    base : float
        Pair i turns by base^(−2i/d) radians a position.
    angle : float, optional
        Every pair turns by this many radians a position instead, for examples on paper.

    Returns
    -------
    ndarray, the shape of x; no vector changes its length.

    Raises
    ------
    InputError
        An odd width, or a base not above 0.
    ShapeError
        Not one position a row.

    Notes
    -----
    Turns are anticlockwise, as in the paper. Which of the two stands first matters: n positions
    before the query a key is turned the other way than n positions after it.
    Source: Su et al. (2021), "RoFormer", section 3.2, equation 34.

    Examples
    --------
    A quarter turn a position; the key stands 0, 1, 2, 3 positions after the query:

    >>> q, keys = rope([1, 2], angle=np.pi / 2), rope([[3, 1]] * 4, angle=np.pi / 2)
    >>> (keys @ q).round(6)
    array([ 5.,  5., -5., -5.])
    """
    x = as_array("x", x, (1, 2, 3, 4))
    speed = frequencies(x.shape[-1], base)  # (d / 2)
    if angle is not None:
        speed = np.full_like(speed, as_array("angle", angle, 0))
    turn = _of_rows(positions, 1 if x.ndim == 1 else x.shape[-2])[:, None] * speed  # (T, d / 2)
    even, odd = x[..., 0::2], x[..., 1::2]  # (..., T, d / 2)
    turned = [even * np.cos(turn) - odd * np.sin(turn), even * np.sin(turn) + odd * np.cos(turn)]
    return np.stack(turned, axis=-1).reshape(x.shape)


def _of_rows(positions: ArrayLike, n: int) -> Array:
    given = as_array("positions", positions, (0, 1))
    if given.ndim == 0:
        return given + np.arange(n)
    if len(given) != n:
        raise ShapeError(f"positions has length {len(given)} and x has {n} rows: give one position a row.")
    return given
