"""Beam search: several candidates at a time, so that a poor first token can lead to a good text."""

from typing import NamedTuple

import torch
from torch import Tensor

from transformer_lib.data.vocabulary import PAD
from transformer_lib.decoding.logits import NextLogits, ask, check_start
from transformer_lib.shapes import InputError


class Beams(NamedTuple):
    """The survivors of a beam search, the best of each row first."""

    tokens: Tensor  # (B, width, T + n); fewer than `width` where there are no more
    log_p: Tensor  # (B, width), log-probability of the new tokens; −∞ for a text that cannot be
    n_new: Tensor  # (B, width), how many tokens are new, the end counted and padding not


@torch.no_grad()
def beam(
    next_token: NextLogits,
    tokens: Tensor,
    n_new: int,
    width: int,
    *,
    end: int | None = None,
    length_penalty: float = 0.0,
) -> Tensor:
    """Search for the most probable text as a whole and give the best found, (B, T + n).

    With width 1 it is `greedy`; all else is as in `beams`.

    >>> bigrams = torch.tensor([[0.0, -9, -9], [-9, 0.1, 0], [0, -9, -9]])  # after 1, 1 leads by a hair
    >>> follow = lambda tokens: bigrams[tokens[:, -1]]
    >>> beam(follow, torch.tensor([[1]]), 2, width=1), beam(follow, torch.tensor([[1]]), 2, width=2)
    (tensor([[1, 1, 1]]), tensor([[1, 2, 0]]))
    """
    return beams(next_token, tokens, n_new, width, end=end, length_penalty=length_penalty).tokens[:, 0]


@torch.no_grad()
def beams(
    next_token: NextLogits,
    tokens: Tensor,
    n_new: int,
    width: int,
    *,
    end: int | None = None,
    length_penalty: float = 0.0,
) -> Beams:
    """Extend every candidate by every token, keep the `width` best of each row, and again.

    A candidate that has ended keeps its place for as long as its rank is good enough.

    Parameters
    ----------
    next_token : callable
        Tokens (rows, T) to logits (rows, V). If it remembers anything row by row, such as a cache, it
        needs a method `select(rows)` to reorder that: `NextToken` has one.
    tokens, n_new, end
        As in `greedy`.
    width : int
        Candidates a row, at least 1; with as many as there are texts, the search is exhaustive.
    length_penalty : float
        Candidates rank by log p / ((5 + n) / 6)^penalty, where n counts the new tokens: 0 compares
        probabilities, a penalty above 0 favours longer texts.

    Raises
    ------
    InputError
        width is below 1, length_penalty is not finite, or what `greedy` raises.

    Notes
    -----
    Source: Sutskever, Vinyals and Le (2014), "Sequence to Sequence Learning with Neural Networks",
    section 3.2; Wu et al. (2016), "Google's Neural Machine Translation System", equation 14 (length
    penalty). Vaswani et al. (2017), section 6.1, take width 4 and penalty 0.6.

    Examples
    --------
    >>> bigrams = torch.tensor([[0.0, -9, -9], [-9, 0.1, 0], [0, -9, -9]])
    >>> beams(lambda tokens: bigrams[tokens[:, -1]], torch.tensor([[1]]), 1, width=2).log_p.exp()
    tensor([[0.5249, 0.4750]], dtype=torch.float64)
    """
    check_start(tokens, n_new)
    _check_search(width, length_penalty)
    log_p = torch.zeros_like(tokens[:, :1], dtype=torch.float64)  # (B, w), and w is 1 to begin with
    length, ended = log_p.long(), log_p.bool()
    for _ in range(n_new):
        if ended.all():
            break
        total = log_p.unsqueeze(-1) + _continuations(next_token, tokens, ended)  # (B, w, V)
        length = length + ~ended
        rank = total / ((5 + length) / 6).unsqueeze(-1) ** length_penalty
        best = rank.flatten(1).sort(descending=True, stable=True).indices[:, :width]  # (B, w')
        parent, new = best // total.shape[-1], best % total.shape[-1]
        tokens = torch.cat([_survivors(next_token, tokens, parent), new.reshape(-1, 1)], 1)  # (B·w', T + 1)
        log_p, length = total.flatten(1).gather(1, best), length.gather(1, parent)
        ended = ended.gather(1, parent)
        if end is not None:
            ended |= new == end
    return Beams(tokens.unflatten(0, log_p.shape), log_p, length)


def _continuations(next_token: NextLogits, tokens: Tensor, ended: Tensor) -> Tensor:
    """Log-probability of each next token, (B, w, V); a text that has ended goes on with padding alone."""
    logits = ask(next_token, tokens).double()  # in float32 the sums of two texts tie too easily
    log_p = logits.log_softmax(-1).unflatten(0, ended.shape)
    silence = torch.full_like(log_p[0, 0], -torch.inf)  # (V,)
    silence[PAD] = 0.0
    return torch.where(ended.unsqueeze(-1), silence, log_p)


def _survivors(next_token: NextLogits, tokens: Tensor, parent: Tensor) -> Tensor:
    """Keep the candidates of tokens (B·w, T) that `parent` (B, w') names, in next_token's memory too."""
    first = torch.arange(0, len(tokens), len(tokens) // len(parent), device=tokens.device)  # (B,)
    rows = (first.unsqueeze(1) + parent).flatten()  # (B·w',)
    select = getattr(next_token, "select", None)
    if select is not None:
        select(rows)
    return tokens[rows]


def _check_search(width: int, length_penalty: float) -> None:
    if width < 1:
        raise InputError(f"width is {width}: keep one candidate at least.")
    if not abs(length_penalty) < torch.inf:
        raise InputError(f"length_penalty is {length_penalty}: give a finite number, 0 for none.")
