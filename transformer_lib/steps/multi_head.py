"""Several heads at once, each with its own matrices, their outputs side by side and mixed."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from transformer_lib.shapes import Array, InputError, ShapeError, as_array, check_projection
from transformer_lib.steps.attention import AttentionSteps, cross_attention


class MultiHeadSteps(NamedTuple):
    """The heads' steps, their outputs side by side (T, sum of d_v), and the output (T, d_out)."""

    heads: tuple[AttentionSteps, ...]
    concat: Array
    output: Array


def multi_head(
    a: ArrayLike,
    heads: Sequence[Any],
    w_o: ArrayLike | None = None,
    allowed: ArrayLike | None = None,
    *,
    memory: ArrayLike | None = None,
    **how: Any,
) -> MultiHeadSteps:
    """Run several heads on the same a (T, d_model), set their outputs side by side, mix by W^O.

    Parameters
    ----------
    a : array_like (T, d_model)
        Asks; and is asked, if there is no memory.
    heads : sequence of triples (w_q, w_k, w_v)
        Each (d_k, d_model) or (d_v, d_model). Heads that share w_k and w_v are grouped queries.
    w_o : array_like (d_out, sum of d_v), optional
        W^O; the identity if left out.
    allowed : array_like of bool (T, S), optional
        The same for each head.
    memory : array_like (S, d_model), optional
        Where keys and values come from in cross-attention.
    how
        `scaled` and `base`, as in `attention`.

    Returns
    -------
    MultiHeadSteps

    Raises
    ------
    InputError
        No head, or one that is not a triple; and as in `attention`.
    ShapeError
        W^O's columns are not as many as all heads' entries.

    Notes
    -----
    Source: Vaswani et al. (2017), section 3.2.2.

    Examples
    --------
    >>> one = ([[1, 0]], [[1, 0]], [[2, 0]])
    >>> multi_head([[1, 0], [1, 0]], [one, one]).output
    array([[2., 2.],
           [2., 2.]])
    """
    _check_triples(heads)
    x_kv = a if memory is None else memory
    runs = tuple(cross_attention(a, x_kv, *head, allowed=allowed, **how) for head in heads)
    concat = np.concatenate([run.output for run in runs], axis=-1)  # (T, sum of d_v)
    if w_o is None:
        return MultiHeadSteps(runs, concat, output=concat)

    w_o = as_array("w_o", w_o, 2)
    check_projection("concat", concat, "w_o", w_o)
    return MultiHeadSteps(runs, concat, output=concat @ w_o.T)  # (T, d_out)


def heads_of(
    w_q: ArrayLike, w_k: ArrayLike, w_v: ArrayLike, n_heads: int
) -> list[tuple[Array, Array, Array]]:
    """Cut whole matrices (n_heads·d_head, d_model) into one triple (w_q, w_k, w_v) a head, by their rows.

    A whole matrix is what `nn.Linear` keeps: its first d_head rows are head 1's, and so on.
    Raises ShapeError when the rows do not divide evenly.

    >>> heads_of([[1, 0], [1, 1]], [[0, 2], [1, -2]], [[1, 0], [1, 2]], n_heads=2)[1][0]
    array([[1., 1.]])
    """

    def cut(name: str, w: ArrayLike) -> Array:
        w = as_array(name, w, 2)
        return w.reshape(n_heads, _share(f"{name} has {len(w)} rows", len(w), n_heads), w.shape[1])

    return list(zip(cut("w_q", w_q), cut("w_k", w_k), cut("w_v", w_v), strict=True))


def split_heads(x: ArrayLike, n_heads: int) -> Array:
    """(..., N, d_model) -> (..., n_heads, N, d_head): cut each vector into heads, heads to the front.

    Cut first, then swap axes: reshaping straight to (n_heads, N, d_head) has the right shape, but
    deals the first positions to head 1 and the last ones to the last head.
    Raises ShapeError when d_model is not a multiple of n_heads.

    >>> split_heads([[1, 2, 3, 4], [5, 6, 7, 8]], 2)[0]
    array([[1., 2.],
           [5., 6.]])
    """
    x = as_array("x", x, (2, 3))
    d_head = _share(f"each vector of x has {x.shape[-1]} entries", x.shape[-1], n_heads)
    cut = x.reshape(*x.shape[:-1], n_heads, d_head)  # (..., N, n_heads, d_head)
    return cut.swapaxes(-3, -2)  # (..., n_heads, N, d_head)


def merge_heads(x: ArrayLike) -> Array:
    """(..., n_heads, N, d_head) -> (..., N, n_heads·d_head): undo `split_heads`.

    >>> merge_heads([[[1, 2], [5, 6]], [[3, 4], [7, 8]]])
    array([[1., 2., 3., 4.],
           [5., 6., 7., 8.]])
    """
    together = as_array("x", x, (3, 4)).swapaxes(-3, -2)  # (..., N, n_heads, d_head)
    return together.reshape(*together.shape[:-2], -1)  # (..., N, n_heads·d_head)


def _check_triples(heads: Sequence[Any]) -> None:
    if len(heads) == 0:
        raise InputError("heads is empty: give at least one triple (w_q, w_k, w_v).")
    for i, head in enumerate(heads, start=1):
        if len(head) != 3:
            raise InputError(f"head {i} has {len(head)} matrices: give three, (w_q, w_k, w_v).")


def _share(what: str, width: int, n_heads: int) -> int:
    """Give d_head, each head's share of the width."""
    if n_heads < 1 or width % n_heads:
        raise ShapeError(f"{what} and there are {n_heads} heads: make the first a multiple of the second.")
    return width // n_heads
