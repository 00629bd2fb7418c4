"""Who may look at whom: boolean masks, True where query i may look at key j."""

import numpy as np
from numpy.typing import NDArray

from transformer_lib.shapes import InputError


def causal(n_queries: int, n_keys: int | None = None) -> NDArray[np.bool_]:
    """Let each position look at itself and at what came before: (T, S), S = T if left out.

    With more keys than queries, the queries are the *last* T of the S positions.
    Raises InputError for fewer keys than queries: the first queries could look nowhere.
    Source: Vaswani et al. (2017), section 3.2.3.

    >>> causal(3).astype(int)
    array([[1, 0, 0],
           [1, 1, 0],
           [1, 1, 1]])
    """
    n_keys = n_queries if n_keys is None else n_keys
    if not 1 <= n_queries <= n_keys:
        raise InputError(
            f"{n_queries} queries and {n_keys} keys: give at least one query, and a key to each."
        )
    return np.tri(n_queries, n_keys, n_keys - n_queries, dtype=bool)


def prefix(n: int, n_prefix: int) -> NDArray[np.bool_]:
    """Read the first `n_prefix` of n positions both ways, and the rest from left to right: (n, n).

    The mask of a prefix language model; 0 gives the causal mask, n lets everyone see everything.
    Raises InputError for a prefix longer than the sequence.
    Source: Raffel et al. (2020), "Exploring the Limits of Transfer Learning", section 3.2.1.

    >>> prefix(3, 2).astype(int)
    array([[1, 1, 0],
           [1, 1, 0],
           [1, 1, 1]])
    """
    if not 0 <= n_prefix <= n:
        raise InputError(f"n_prefix is {n_prefix} of {n} positions: it must be from 0 to {n}.")
    return causal(n) | (np.arange(n) < n_prefix)  # (n, n)
