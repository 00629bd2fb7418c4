"""One token after another: always the most probable, or drawn at random."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from transformer_lib.data.vocabulary import PAD
from transformer_lib.decoding.logits import NextLogits, ask, check_start
from transformer_lib.decoding.restrict import check_restriction, restrict


@torch.no_grad()
def greedy(next_token: NextLogits, tokens: Tensor, n_new: int, end: int | None = None) -> Tensor:
    """Take the most probable token, again and again.

    Parameters
    ----------
    next_token : callable
        Tokens (B, T) to logits (B, V).
    tokens : Tensor (B, T)
        What the texts begin with, one token at least.
    n_new : int
        Tokens to add at most, 0 or more.
    end : int, optional
        The token after which a text has ended; one among the first tokens does not count.

    Returns
    -------
    Tensor (B, T + n), with n = n_new unless all rows end before.

    Raises
    ------
    InputError
        n_new is negative, tokens are not whole numbers, or the logits leave nothing to choose.
    ShapeError
        tokens or logits have another shape.

    Examples
    --------
    >>> bigrams = torch.tensor([[0.0, 0, 0], [0, 0, 9], [9, 0, 0]])  # 1 is followed by 2, 2 by 0
    >>> greedy(lambda tokens: bigrams[tokens[:, -1]], torch.tensor([[1]]), 2)
    tensor([[1, 2, 0]])
    """
    return _write(next_token, tokens, n_new, end, lambda logits: logits.argmax(-1))


@torch.no_grad()
def sample(
    next_token: NextLogits,
    tokens: Tensor,
    n_new: int,
    *,
    generator: Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    end: int | None = None,
) -> Tensor:
    """Draw each token from the model's distribution, or from the part of it that `restrict` leaves.

    `generator` decides the draws, and moves on; the rest is as in `greedy` and `restrict`.

    >>> bigrams = torch.tensor([[0.0, 0, 0], [0, 0, 9], [9, 0, 0]])
    >>> rng = torch.Generator().manual_seed(0)
    >>> sample(lambda tokens: bigrams[tokens[:, -1]], torch.tensor([[1]]), 2, generator=rng, top_k=1)
    tensor([[1, 2, 0]])
    """
    check_restriction(temperature, top_k, top_p)

    def draw(logits: Tensor) -> Tensor:
        p = restrict(logits, temperature, top_k, top_p).softmax(-1)  # (B, V)
        return torch.multinomial(p, 1, generator=generator).squeeze(1)  # (B,)

    return _write(next_token, tokens, n_new, end, draw)


def _write(
    next_token: NextLogits, tokens: Tensor, n_new: int, end: int | None, choose: Callable[[Tensor], Tensor]
) -> Tensor:
    """Add one chosen token after another to each row of tokens (B, T), until all have ended."""
    check_start(tokens, n_new)
    ended = torch.zeros_like(tokens[:, 0], dtype=torch.bool)
    for _ in range(n_new):
        new = choose(ask(next_token, tokens)).masked_fill(ended, PAD)  # (B,)
        tokens = torch.cat([tokens, new.unsqueeze(1)], 1)  # (B, T + 1)
        if end is not None:
            ended |= new == end
        if ended.all():
            break
    return tokens
