"""Two tasks without a language: carry on a repetition, recall one value from noise.

Both are drawn afresh for each batch, so nothing can be learned by heart. Ids begin at 1, since
the encoder hides token 0.
"""

import math
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from transformer_lib.shapes import InputError

N_VALUES, N_NOISE = 16, 16
RECALL_VOCAB_SIZE = 1 + N_VALUES + N_NOISE  # 0 is padding, then the values, then the noise


class Repeated(NamedTuple):
    """Sequences that repeat themselves: from position `period` on, each token can be known."""

    tokens: Tensor  # (n, length), ids from 1 to vocab_size − 1
    period: int


class Recall(NamedTuple):
    """Noise with one value in each row; the last position must name it."""

    tokens: Tensor  # (n, length): 1 to 16 are values, 17 to 32 noise
    values: Tensor  # (n,), the value's class from 0 to 15: its token less 1
    distances: Tensor  # (n,), positions from the value to the end, 1 to length − 1


def repeated(
    n: int, length: int, vocab_size: int, generator: Generator, period: int | None = None
) -> Repeated:
    """Draw random sequences that repeat with one period: what induction heads learn from.

    Random tokens leave nothing to predict but the repetition, and a period that changes from batch to
    batch lets no head do it by distance: it must find the token's last place and look one further.

    Parameters
    ----------
    n, length : int
        Sequences and their length, at least 2.
    vocab_size : int
        At least 2; token 0 never comes.
    generator : torch.Generator
        Decides period and tokens.
    period : int, optional
        From 1 to length − 1; drawn from length/4 to length/2, both included, if left out.

    Raises
    ------
    InputError
        A size or a period outside these ranges.

    Notes
    -----
    Measure accuracy from the second time round: position t ≥ period − 1 predicts token t + 1.
    Source: Olsson et al. (2022), "In-context Learning and Induction Heads".

    Examples
    --------
    >>> repeated(1, 7, 9, torch.Generator().manual_seed(0), period=3).tokens
    tensor([[5, 8, 6, 5, 8, 6, 5]])
    """
    if n < 1 or length < 2 or vocab_size < 2:
        raise InputError(
            f"n is {n}, length {length} and vocab_size {vocab_size}: "
            "give one sequence at least, and 2 positions and ids or more."
        )
    if period is None:
        low, high = math.ceil(length / 4), length // 2
        period = int(torch.randint(low, high + 1, (), generator=generator))
    if not 1 <= period < length:
        raise InputError(f"period is {period} of {length} positions: it must be from 1 to {length - 1}.")
    once = torch.randint(1, vocab_size, (n, period), generator=generator)
    return Repeated(once.repeat(1, math.ceil(length / period))[:, :length], period)


def recall(n: int, length: int, generator: Generator) -> Recall:
    """Hide one of 16 values in noise, anywhere but at the end: n sequences of that length.

    A guess is right once in 16. The vocabulary has RECALL_VOCAB_SIZE = 33 ids.
    Raises InputError unless n is at least 1 and length at least 2.

    >>> batch = recall(3, 5, torch.Generator().manual_seed(0))
    >>> batch.tokens[0], batch.values[0], batch.distances[0]
    (tensor([11, 32, 22, 17, 20]), tensor(10), tensor(4))
    """
    if n < 1 or length < 2:
        raise InputError(f"n is {n} and length {length}: give one sequence at least, of 2 positions or more.")
    tokens = torch.randint(1 + N_VALUES, RECALL_VOCAB_SIZE, (n, length), generator=generator)
    places = torch.randint(0, length - 1, (n,), generator=generator)
    values = torch.randint(0, N_VALUES, (n,), generator=generator)
    tokens[torch.arange(n), places] = 1 + values
    return Recall(tokens, values, length - 1 - places)
