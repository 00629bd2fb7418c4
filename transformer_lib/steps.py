"""Attention in NumPy, one step a function, every intermediate returned.

Rows are positions, as in the paper: Q, K and V hold one vector a row.
`attention_columns` is the same in the lecture's form, where vectors are columns.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from transformer_lib.shapes import (
    Array,
    InputError,
    ShapeError,
    as_array,
    check_attention_shapes,
    check_projection,
)


class AttentionSteps(NamedTuple):
    """What attention computes on its way: q (T, d_k), k (S, d_k), v (S, d_v), α, α′ and b."""

    q: Array
    k: Array
    v: Array
    scores: Array  # α (T, S), after scaling and masking
    weights: Array  # α′ (T, S), each row sums to 1
    output: Array  # b (T, d_v)


class ColumnSteps(NamedTuple):
    """The same in columns: Q (d_k, N), K (d_k, N), V (d_v, N), A, A′ (N, N) and O (d_v, N)."""

    Q: Array
    K: Array
    V: Array
    A: Array  # entry (j, i) is α_{i,j}
    A_prime: Array  # each column sums to 1
    O: Array  # noqa: E741  (the lecture's letter)


class MultiHeadSteps(NamedTuple):
    """The heads' steps, their outputs side by side (T, n_heads·d_v), and the output (T, d_out)."""

    heads: tuple[AttentionSteps, ...]
    concat: Array
    output: Array


def softmax(x: ArrayLike, axis: int = -1, base: float = np.e, temperature: float = 1.0) -> Array:
    r"""Turn scores into positive weights that sum to 1: base^(x/τ) over its sum.

    Parameters
    ----------
    x : array_like, any shape
        Scores. An entry of −∞ (a hidden position) gets weight 0.
    axis : int
        The axis along which the weights sum to 1.
    base : float
        What is raised to the power; above 0. The paper uses e, the course by hand 2.
    temperature : float
        τ above 0: below 1 sharper, above 1 flatter.

    Returns
    -------
    ndarray, the shape of x, entries in [0, 1].

    Raises
    ------
    InputError
        An empty or non-numeric x, NaN or +∞, a row of −∞ only, a base or temperature out of range.

    Notes
    -----
    The largest score is subtracted first, which changes no weight and keeps the powers finite.
    Base 2 is base e at temperature 1/ln 2 = 1.443.
    Source: Bridle (1990), "Probabilistic interpretation of feedforward classification
    network outputs", in Neurocomputing, Springer.

    Examples
    --------
    >>> softmax([-2, 2, -1, -2], base=2)
    array([0.05, 0.8 , 0.1 , 0.05])
    """
    _check_positive("base", base)
    _check_positive("temperature", temperature)
    exponents = as_array("x", x, (1, 2, 3, 4), hidden=True) * (np.log(base) / temperature)
    top = exponents.max(axis=axis, keepdims=True)
    if np.isneginf(top).any():
        raise InputError("x has only −∞ along the softmax axis: that query may look at no key.")
    powers = np.exp(exponents - top)
    return powers / powers.sum(axis=axis, keepdims=True)


def project(a: ArrayLike, w: ArrayLike) -> Array:
    """Multiply each row of a (..., N, d_in) by W (d_out, d_in): row i becomes W a_i.

    Raises ShapeError when W's columns are not as many as a vector's entries.

    >>> project([[0, -1], [0, 1]], [[1, 0], [1, 2]])
    array([[ 0., -2.],
           [ 0.,  2.]])
    """
    a, w = as_array("a", a, (1, 2, 3)), as_array("W", w, 2)
    check_projection("a", a, "W", w)
    return a @ w.T  # (..., N, d_out)


def attention(
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    allowed: ArrayLike | None = None,
    *,
    scaled: bool = True,
    base: float = np.e,
) -> AttentionSteps:
    r"""Compute softmax(QKᵀ / √d_k) V and keep every step.

    Parameters
    ----------
    q : array_like (..., T, d_k)
        Queries, one row a position that asks.
    k, v : array_like (..., S, d_k) and (..., S, d_v)
        Keys and values, one row a position that is asked.
    allowed : array_like of bool, broadcasts to (..., T, S), optional
        True where query i may look at key j; everything, if left out.
    scaled : bool
        Divide the scores by √d_k. Chapters 2 to 5 do not.
    base : float
        The base of the softmax.

    Returns
    -------
    AttentionSteps

    Raises
    ------
    ShapeError
        Widths of q and k, or numbers of keys and values, differ; or `allowed` does not fit.
    InputError
        Not finite numbers, or a query that may look at no key.

    Notes
    -----
    Source: Vaswani et al. (2017), "Attention Is All You Need", section 3.2.1, equation 1.

    Examples
    --------
    >>> keys, values = [[-2, 2], [2, -2], [0, 1], [0, 2]], [[0, -2], [0, 2], [1, 1], [2, 2]]
    >>> attention([[0, -1]], keys, values, scaled=False, base=2).output
    array([[0.2, 1.7]])
    """
    q, k, v = (as_array(name, x, (2, 3, 4)) for name, x in (("q", q), ("k", k), ("v", v)))
    check_attention_shapes(q, k, v)

    scores = q @ k.swapaxes(-2, -1)  # (..., T, S)
    if scaled:
        scores = scores / np.sqrt(q.shape[-1])
    if allowed is not None:
        scores = np.where(_as_allowed(allowed, scores.shape), scores, -np.inf)
    weights = softmax(scores, base=base)

    return AttentionSteps(q, k, v, scores, weights, output=weights @ v)


def self_attention(
    a: ArrayLike, w_q: ArrayLike, w_k: ArrayLike, w_v: ArrayLike, allowed: ArrayLike | None = None, **how: Any
) -> AttentionSteps:
    """Let each position of a (N, d_model) ask all positions of the same a.

    `w_q`, `w_k` (d_k, d_model) and `w_v` (d_v, d_model) multiply from the left, q = W^q a;
    `allowed`, `scaled`, `base` and the errors are those of `attention`.

    >>> a, w = [[0, -1], [0, 1], [1, 0], [2, 0]], [[1, 0], [1, 2]]
    >>> self_attention(a, [[1, 0], [1, 1]], [[0, 2], [1, -2]], w, scaled=False, base=2).output[2]
    array([1.25, 1.25])
    """
    return attention(project(a, w_q), project(a, w_k), project(a, w_v), allowed, **how)


def attention_columns(
    inputs: ArrayLike, w_q: ArrayLike, w_k: ArrayLike, w_v: ArrayLike, *, base: float = np.e
) -> ColumnSteps:
    """Self-attention in the lecture's form: I (d_model, N) holds one position a column.

    Q = W^q I, A = KᵀQ, A′ = softmax over each column of A, O = V A′; no scaling.
    Each result is the transpose of its row form: A = Sᵀ and O = Bᵀ.
    Source: Hung-yi Lee, "Self-attention", lecture slides, National Taiwan University (2021).

    >>> columns = [[0, 0, 1, 2], [-1, 1, 0, 0]]
    >>> w_q, w_k, w_v = [[1, 0], [1, 1]], [[0, 2], [1, -2]], [[1, 0], [1, 2]]
    >>> attention_columns(columns, w_q, w_k, w_v, base=2).O[:, 0]
    array([0.2, 1.7])
    """
    columns = as_array("I", inputs, 2)
    Q, K, V = (project(columns.T, w).T for w in (w_q, w_k, w_v))
    check_attention_shapes(Q.T, K.T, V.T)

    A = K.T @ Q  # (N keys, N queries)
    A_prime = softmax(A, axis=0, base=base)
    return ColumnSteps(Q, K, V, A, A_prime, O=V @ A_prime)


def multi_head(
    a: ArrayLike, heads: Any, w_o: ArrayLike | None = None, allowed: ArrayLike | None = None, **how: Any
) -> MultiHeadSteps:
    """Run several heads on the same a (N, d_model), set their outputs side by side, mix by W^O.

    `heads` is a sequence of triples (w_q, w_k, w_v); `w_o` (d_out, sum of d_v) is the identity
    if left out; the rest is as in `self_attention`.
    Source: Vaswani et al. (2017), section 3.2.2.

    >>> one = ([[1, 0]], [[1, 0]], [[2, 0]])
    >>> multi_head([[1, 0], [1, 0]], [one, one]).output
    array([[2., 2.],
           [2., 2.]])
    """
    if len(heads) == 0:
        raise InputError("heads is empty: give at least one triple (w_q, w_k, w_v).")
    runs = tuple(self_attention(a, *head, allowed=allowed, **how) for head in heads)
    concat = np.concatenate([run.output for run in runs], axis=-1)  # (N, sum of d_v)
    return MultiHeadSteps(runs, concat, output=concat if w_o is None else project(concat, w_o))


def _as_allowed(allowed: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.asarray(allowed)
    if mask.dtype != np.bool_:
        raise InputError(f"allowed holds {mask.dtype}, not booleans: True where the query may look.")
    try:
        mask = np.broadcast_to(mask, shape)
    except ValueError:
        raise ShapeError(
            f"allowed has shape {mask.shape} and the scores have {shape}: make it (queries, keys)."
        ) from None
    blind = np.argwhere(~mask.any(axis=-1))
    if len(blind):
        raise InputError(
            f"allowed has no True in the row of query {blind[0][-1] + 1}: let it look at one key at least."
        )
    return mask


def _check_positive(name: str, value: float) -> None:
    if not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
        raise InputError(f"{name} is {value!r}: it must be a finite number above 0.")
