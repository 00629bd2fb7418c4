"""Which tokens may be drawn, and how boldly: temperature, top-k and top-p."""

import torch
from torch import Tensor

from transformer_lib.shapes import InputError


def restrict(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """Sharpen or flatten a distribution, and cut off its tail: −∞ for each token that is left out.

    Parameters
    ----------
    logits : Tensor (..., V)
    temperature : float
        Divides the logits, so above 0: below 1 the probable becomes more probable, towards 0 it
        becomes certain, above 1 all become more alike.
    top_k : int, optional
        Keep the k most probable tokens, at least 1; the earlier of two that are equal.
    top_p : float, optional
        Of what is left, keep the smallest set of most probable tokens whose probabilities sum to
        p or more, 0 < p ≤ 1.

    Returns
    -------
    Tensor (..., V)

    Raises
    ------
    InputError
        A setting outside its range.

    Notes
    -----
    Source: Fan, Lewis and Dauphin (2018), "Hierarchical Neural Story Generation", section 5.4 (top-k);
    Holtzman et al. (2020), "The Curious Case of Neural Text Degeneration", section 3.1 (top-p).

    Examples
    --------
    >>> restrict(torch.tensor([1.0, 3.0, 2.0]), temperature=0.5, top_k=2)
    tensor([-inf, 6., 4.])
    """
    check_restriction(temperature, top_k, top_p)
    ranked, order = (logits / temperature).sort(dim=-1, descending=True, stable=True)
    if top_k is not None:
        ranked[..., top_k:] = -torch.inf
    if top_p is not None and top_p < 1:
        p = ranked.softmax(-1)
        ahead = p.cumsum(-1) - p  # the probability of all that rank before
        ranked = ranked.masked_fill(ahead >= top_p, -torch.inf)
    return torch.empty_like(ranked).scatter_(-1, order, ranked)  # each back in its place


def check_restriction(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Raise InputError for a setting outside its range."""
    if not 0 < temperature < torch.inf:
        raise InputError(
            f"temperature is {temperature}: it divides the logits, so give a finite number above 0; "
            "the limit of 0 is `greedy`."
        )
    if top_k is not None and top_k < 1:
        raise InputError(f"top_k is {top_k}: keep one token at least.")
    if top_p is not None and not 0 < top_p <= 1:
        raise InputError(f"top_p is {top_p}: it is a probability to keep, above 0 and at most 1.")
