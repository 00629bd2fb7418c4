"""ALiBi: the farther a key, the more is taken from its score."""

import math

import numpy as np

from transformer_lib.shapes import Array, InputError


def alibi_slopes(n_heads: int) -> Array:
    """Give the heads' slopes (n_heads,): 1/2^(8/n), 1/2^(16/n), …, 1/256 for a power of two.

    For other counts the slopes of the next lower power of two come first, then every other one of
    the next higher. Raises InputError for no head.
    Source: Press, Smith and Lewis (2022), "Train Short, Test Long", section 3.

    >>> alibi_slopes(8)[:3]
    array([0.5  , 0.25 , 0.125])
    """
    if n_heads < 1:
        raise InputError(f"n_heads is {n_heads}: give one head at least.")
    power = 2 ** int(math.log2(n_heads))
    slopes = 2.0 ** (-8 / power * np.arange(1, power + 1))
    between = 2.0 ** (-4 / power * np.arange(1, 2 * power, 2))
    return np.concatenate([slopes, between])[:n_heads]


def alibi(n_heads: int, n_queries: int, n_keys: int) -> Array:
    """Give what ALiBi adds to the scores, −slope · distance: (n_heads, T, S), 0 on the diagonal.

    The queries are the last T of the S positions. Raises InputError for fewer keys than queries.
    Source: Press, Smith and Lewis (2022), section 3.

    >>> alibi(8, 1, 3)[0]
    array([[-1. , -0.5,  0. ]])
    """
    if not 1 <= n_queries <= n_keys:
        raise InputError(
            f"{n_queries} queries and {n_keys} keys: give at least one query, and a key to each."
        )
    key = np.arange(n_keys)
    distance = abs(key - key[n_keys - n_queries :, None])  # (T, S)
    return -alibi_slopes(n_heads)[:, None, None] * distance + 0.0  # + 0.0 makes −0 a 0
