"""Translation with certain truth: German number words to English, a morpheme a token.

German says the units before the tens, siebenundneunzig, and English after, ninety-seven: the shortest
translation in which words must change places. Whatever a network gets wrong, it got wrong itself.
"""

import re
from dataclasses import dataclass

import torch
from num2words import num2words
from torch import Generator, Tensor

from transformer_lib.data.batches import Pairs, pad
from transformer_lib.data.vocabulary import END, START, Vocabulary
from transformer_lib.shapes import InputError

LIMIT = 1_000_000  # "Million" is a noun, with an ending and spaces of its own

# Numbers with a word of their own, and what joins these words.
_SIMPLE = (*range(20), *range(20, 100, 10))
GERMAN = sorted({num2words(n, lang="de") for n in _SIMPLE} | {"ein", "und", "hundert", "tausend"})
ENGLISH = sorted({num2words(n) for n in _SIMPLE} | {"and", "hundred", "thousand"})

# The longest first: dreizehn is one morpheme, not drei and zehn, and eins is not ein with a rest.
_MORPHEME = re.compile("|".join(sorted(GERMAN, key=len, reverse=True)))


@dataclass(frozen=True)
class NumberWords:
    """The task, split: what is held out is never seen in training."""

    numbers: Tensor  # (n_train + n_held_out,), those to train on first
    source_vocabulary: Vocabulary  # German
    target_vocabulary: Vocabulary  # English
    train: Pairs
    held_out: Pairs

    @property
    def weights(self) -> Tensor:
        """How often to draw each training pair, (n_train,): see `balanced`."""
        return balanced(self.numbers[: len(self.train.source)])


def number_words(
    n_train: int = 8000, n_held_out: int = 2000, below: int = 10_000, seed: int = 0
) -> NumberWords:
    """Draw numbers, say them in both languages and hold some out.

    Parameters
    ----------
    n_train, n_held_out : int
        How many, at least 1 each; no number comes twice.
    below : int
        The numbers run from 0 to below − 1; at most a million.
    seed : int
        Decides which numbers are drawn. The vocabularies are the same for every seed and size.

    Raises
    ------
    InputError
        More numbers are asked for than there are below `below`, or none; or `below` is too large.

    Notes
    -----
    The words are num2words' own, its hyphens and commas left out.

    Examples
    --------
    >>> task = number_words(n_train=6, n_held_out=4, below=10)
    >>> task.numbers[:3], task.target_vocabulary.decode(task.train.target[0])
    (tensor([4, 1, 7]), ['four'])
    """
    if below > LIMIT:
        raise InputError(f"below is {below}: number words are read up to a million, so give at most {LIMIT}.")
    if min(n_train, n_held_out) < 1 or n_train + n_held_out > below:
        raise InputError(
            f"{n_train} numbers to train on and {n_held_out} held out, of {below}: "
            f"give at least 1 of each, and {below} together at most."
        )
    drawn = torch.randperm(below, generator=Generator().manual_seed(seed))[: n_train + n_held_out]
    source, target = Vocabulary(GERMAN), Vocabulary(ENGLISH)

    def pairs(numbers: Tensor) -> Pairs:
        return Pairs(
            pad([source.encode(german(n)) for n in numbers.tolist()]),
            pad([[START, *target.encode(english(n)), END] for n in numbers.tolist()]),
        )

    return NumberWords(drawn, source, target, pairs(drawn[:n_train]), pairs(drawn[n_train:]))


def german(n: int) -> list[str]:
    """Say a number below a million in German, morpheme by morpheme.

    >>> german(97)
    ['sieben', 'und', 'neunzig']
    """
    return _MORPHEME.findall(num2words(_checked(n), lang="de"))


def english(n: int) -> list[str]:
    """Say a number below a million in English, word by word.

    >>> english(97), english(1_100)
    (['ninety', 'seven'], ['one', 'thousand', 'one', 'hundred'])
    """
    return re.findall("[a-z]+", num2words(_checked(n)))


def balanced(numbers: Tensor) -> Tensor:
    """Weigh numbers (N,) so that each length comes equally often, and round ones as often as the rest.

    Nine in ten numbers below 10,000 have four digits, and few are round: drawn alike, zweihundert
    would hardly come. A group is a count of digits, halved by whether the number is a multiple of
    100; the weights of a group sum to 1.

    >>> balanced(torch.tensor([7, 8, 200, 345]))
    tensor([0.5000, 0.5000, 1.0000, 1.0000])
    """
    n_digits = torch.tensor([len(str(n)) for n in numbers.tolist()])
    is_round = (numbers >= 100) & (numbers % 100 == 0)
    _, group, n_in_group = torch.unique(2 * n_digits + is_round, return_inverse=True, return_counts=True)
    return 1 / n_in_group[group]


def _checked(n: int) -> int:
    if not 0 <= n < LIMIT:
        raise InputError(f"the number is {n}: number words are read from 0 to {LIMIT - 1}.")
    return n
