"""Attention in the lecture's form, where each vector is a column."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from transformer_lib.shapes import Array, as_array, check_attention_shapes
from transformer_lib.steps.attention import project
from transformer_lib.steps.softmax import softmax


class ColumnSteps(NamedTuple):
    """The steps in columns: Q (d_k, N), K (d_k, N), V (d_v, N), A, A′ (N, N) and O (d_v, N)."""

    Q: Array
    K: Array
    V: Array
    A: Array  # entry (j, i) is α_{i,j}
    A_prime: Array  # each column sums to 1
    O: Array  # noqa: E741  (the lecture's letter)


def attention_columns(
    inputs: ArrayLike, w_q: ArrayLike, w_k: ArrayLike, w_v: ArrayLike, *, base: float = np.e
) -> ColumnSteps:
    """Self-attention in the lecture's form: I (d_model, N) holds one position a column.

    Q = W^q I, A = KᵀQ, A′ = softmax over each column of A, O = V A′; no scaling.
    Each result is the transpose of its row form: A = Sᵀ and O = Bᵀ.
    Raises InputError and ShapeError as `project` and `attention` do.
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
