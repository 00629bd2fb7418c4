"""From sentences of many lengths to tensors: padded, drawn at random, and no wider than needed."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor
from torch.nn.utils.rnn import pad_sequence

from transformer_lib.data.vocabulary import PAD
from transformer_lib.shapes import InputError, ShapeError


class Pairs(NamedTuple):
    """Sentences and their translations, row by row."""

    source: Tensor  # (N, S), padded at the end
    target: Tensor  # (N, T), padded at the end; START first and END last


def pad(sentences: Sequence[Sequence[int]]) -> Tensor:
    """Fill lists of ids up to the longest with 0: (sentences, positions).

    Raises InputError where there is no sentence, or an empty one.

    >>> pad([[5, 7], [4]])
    tensor([[5, 7],
            [4, 0]])
    """
    if not sentences:
        raise InputError("there is no sentence to pad: give one at least.")
    for i, sentence in enumerate(sentences):
        if not len(sentence):
            raise InputError(f"sentence {i + 1} of {len(sentences)} is empty: give it one token at least.")
    rows = [torch.tensor(sentence) for sentence in sentences]
    return pad_sequence(rows, batch_first=True, padding_value=PAD)  # (N, T)


def trimmed(tokens: Tensor) -> Tensor:
    """Drop the columns of tokens (B, T) that are padding in every row.

    >>> trimmed(torch.tensor([[5, 7, 0], [4, 0, 0]]))
    tensor([[5, 7],
            [4, 0]])
    """
    return tokens[:, (tokens != PAD).any(0)]


def batches(pairs: Pairs, size: int, generator: Generator, weights: Tensor | None = None) -> Iterator[Pairs]:
    """Draw batches without end, each trimmed; a pair may come again.

    Parameters
    ----------
    pairs : Pairs of N rows
    size : int
        Rows of a batch.
    generator : torch.Generator
        Decides what is drawn, and moves on.
    weights : Tensor (N,), optional
        How often each pair comes, in proportion; all alike if left out.

    Raises
    ------
    InputError
        At the call, not at the first batch: a size below 1, or weights that cannot be drawn from.
    ShapeError
        Sources, targets and weights are not equally many.

    Examples
    --------
    >>> pairs = Pairs(pad([[5, 7], [4]]), pad([[1, 2], [1, 2]]))
    >>> stream = batches(pairs, 3, torch.Generator().manual_seed(0), torch.tensor([0.0, 1.0]))
    >>> next(stream).source
    tensor([[4],
            [4],
            [4]])
    """
    n = len(pairs.source)
    weights = torch.ones(n) if weights is None else weights
    if size < 1:
        raise InputError(f"size is {size}: a batch needs one row at least.")
    if len(pairs.target) != n or weights.shape != (n,):
        raise ShapeError(
            f"there are {n} sources, {len(pairs.target)} targets and weights of shape "
            f"{tuple(weights.shape)}: give each source one target and one weight."
        )
    if not (weights >= 0).all() or not 0 < weights.sum() < torch.inf:
        raise InputError("weights must be finite, 0 or more, and not all 0: they say how often a pair comes.")
    return _draw(pairs, size, generator, weights)


def _draw(pairs: Pairs, size: int, generator: Generator, weights: Tensor) -> Iterator[Pairs]:
    while True:
        rows = torch.multinomial(weights, size, replacement=True, generator=generator)
        yield Pairs(trimmed(pairs.source[rows]), trimmed(pairs.target[rows]))
