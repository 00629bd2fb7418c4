"""Who may look at whom: boolean masks, True where query i may look at key j."""

import torch
from torch import Tensor

from transformer_lib.shapes import InputError, ShapeError


def causal(n_queries: int, n_keys: int | None = None) -> Tensor:
    """Let each position look at itself and at what came before.

    Parameters
    ----------
    n_queries : int
        T, at least 1.
    n_keys : int, optional
        S, as many as the queries if left out. With more, the queries are the *last* T of the S
        positions: what a cache needs, where the first keys are of the past.

    Returns
    -------
    Tensor of bool (T, S)

    Raises
    ------
    InputError
        Fewer keys than queries: the first queries could look nowhere.

    Notes
    -----
    Source: Vaswani et al. (2017), section 3.2.3.

    Examples
    --------
    >>> causal(3).int()
    tensor([[1, 0, 0],
            [1, 1, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    n_keys = n_queries if n_keys is None else n_keys
    if not 1 <= n_queries <= n_keys:
        raise InputError(
            f"{n_queries} queries and {n_keys} keys: give at least one query, and a key to each."
        )
    return torch.ones(n_queries, n_keys, dtype=torch.bool).tril(n_keys - n_queries)


def padding(tokens: Tensor, pad_id: int = 0) -> Tensor:
    """Hide the filler after a short sentence: True where tokens (B, S) holds a word.

    Returns a Tensor of bool (B, 1, 1, S): the same for each head and each query.
    Raises InputError for a sentence of padding alone, which would leave nothing to look at.

    >>> padding(torch.tensor([[5, 7, 0], [4, 0, 0]]))[:, 0, 0]
    tensor([[ True,  True, False],
            [ True, False, False]])
    """
    if tokens.ndim != 2:
        raise ShapeError(f"tokens has shape {tuple(tokens.shape)}: give (sentences, positions), 2 axes.")
    allowed = tokens != pad_id  # (B, S)
    empty = (~allowed.any(-1)).nonzero()
    if len(empty):
        raise InputError(f"sentence {int(empty[0]) + 1} is padding alone: give it one token at least.")
    return allowed[:, None, None]  # (B, 1, 1, S)


def prefix(n: int, n_prefix: int) -> Tensor:
    """Read the first `n_prefix` of n positions both ways, and the rest from left to right: (n, n).

    The mask of a prefix language model; 0 gives the causal mask, n lets everyone see everything.
    Source: Raffel et al. (2020), "Exploring the Limits of Transfer Learning", section 3.2.1.

    >>> prefix(3, 2).int()
    tensor([[1, 1, 0],
            [1, 1, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    if not 0 <= n_prefix <= n:
        raise InputError(f"n_prefix is {n_prefix} of {n} positions: it must be from 0 to {n}.")
    return causal(n) | (torch.arange(n) < n_prefix)  # (n, n)


def combine(*masks: Tensor) -> Tensor:
    """Allow what every mask allows.

    Parameters
    ----------
    masks : Tensors of bool, broadcast together to (..., T, S)
        True where a query may look at a key.

    Raises
    ------
    InputError
        A query is left with no key at all; or a mask does not hold booleans.
    ShapeError
        The masks' sizes do not fit together.

    Notes
    -----
    Today's libraries disagree about an empty row: it gives NaN, zeros, or the average of what is
    hidden. All three conceal a bug, so here it is an error.

    Examples
    --------
    >>> combine(causal(2), torch.tensor([[False, True]]))
    Traceback (most recent call last):
    transformer_lib.shapes.InputError: query 1 may look at no key: give it one True at least.
    """
    if not masks:
        raise InputError("there is no mask to combine: give one at least.")
    for mask in masks:
        if mask.dtype != torch.bool:
            raise InputError(f"a mask holds {mask.dtype}, not booleans: True where the query may look.")
    try:
        allowed = torch.broadcast_tensors(*masks)
    except RuntimeError:
        sizes = " and ".join(str(tuple(mask.shape)) for mask in masks)
        raise ShapeError(f"masks of sizes {sizes} do not fit: make each (queries, keys).") from None
    together = torch.stack(allowed).all(0)  # (..., T, S)
    blind = (~together.any(-1)).nonzero()
    if len(blind):
        *batch, query = (int(i) + 1 for i in blind[0])
        where = f" of sequence {batch[0]}" if batch else ""
        raise InputError(f"query {query}{where} may look at no key: give it one True at least.")
    return together
