"""Each student's own numbers: the same on every machine, exact on paper, and equally hard.

All draws come from SHA-256 of (set, seed, student). NumPy's generators may change their streams from
one version to the next; a hash may not.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple, TypeVar

import numpy as np

from transformer_lib import pocket
from transformer_lib.exercises.mistake_bank import Wrong, wrong_turns
from transformer_lib.shapes import Array, InputError

T = TypeVar("T")
TRIES = 100_000  # of a rejection; a few hundred are needed
GAP = 2e-3  # between any two answers, so that three decimals tell which one was given


class Draw:
    """A stream of choices that is the same for the same words, on every machine.

    Capitals of a student's id, and spaces around it, do not count.

    >>> Draw("by_hand", 2026, "ada").integers(-2, 2, 2, 2)
    array([[ 2., -1.],
           [-1.,  1.]])
    >>> Draw("by_hand", 2026, "ada").choose("abc") == Draw("by_hand", 2026, " Ada ").choose("abc")
    True
    """

    def __init__(self, name: str, seed: int, student: str) -> None:
        self._key = f"{name}\n{seed}\n{student.strip().casefold()}"
        self._words = self._stream()

    def _stream(self) -> Iterator[int]:
        count = 0
        while True:
            block = hashlib.sha256(f"{self._key}\n{count}".encode()).digest()
            yield from (int.from_bytes(block[at : at + 4], "big") for at in range(0, 32, 4))
            count += 1

    def choose(self, options: Sequence[T]) -> T:
        """One of the options, each as likely: a word beyond the last whole round is drawn again."""
        rounds = 2**32 - 2**32 % len(options)
        return options[next(word for word in self._words if word < rounds) % len(options)]

    def several(self, options: Sequence[T], count: int) -> list[T]:
        """As many different options, in an order of the student's own."""
        rest = list(options)
        return [rest.pop(self.choose(range(len(rest)))) for _ in range(count)]

    def integers(self, low: int, high: int, *shape: int) -> Array:
        """Whole numbers from low to high, both included, as an array of floats."""
        options = range(low, high + 1)
        return np.array([self.choose(options) for _ in range(prod(shape))], dtype=float).reshape(shape)

    def hundredths(self, *shape: int) -> Array:
        """Numbers from −1.5 to 1.5 in hundredths, for functions: they saturate no softmax."""
        return self.integers(-150, 150, *shape) / 100

    def until(self, make: Callable[["Draw"], T | None]) -> T:
        """The first of the things made from this stream that is not None."""
        for _ in range(TRIES):
            made = make(self)
            if made is not None:
                return made
        raise InputError(f"no numbers fit after {TRIES:,} tries: the conditions are too strict.")


# ---- One head whose attention is exact on paper.

Vector = tuple[int, ...]
Rows = tuple[Vector, ...]

_VECTORS = tuple(v for v in product(range(-2, 3), repeat=2) if any(v) and abs(v[0]) + abs(v[1]) <= 3)
# One negative entry, not symmetric and not singular, so that no reading of W is free of a cost.
_MATRICES = tuple(
    ((a, b), (c, d))
    for a, b, c, d in product(range(-1, 3), repeat=4)
    if b != c and a * d != b * c and sum(x < 0 for x in (a, b, c, d)) == 1
)
# Answers of the mistake bank that differ in row 1; one of them, the mask inverted, is the right one.
_BY_HAND, _SCALED = 22, 17


class HeadNumbers(NamedTuple):
    """Four inputs (4, 2) and one head's matrices (2, 2), as the lecture writes them: q = W^q a."""

    a: Array
    w_q: Array
    w_k: Array
    w_v: Array

    def exact(self, allowed: Any = None) -> pocket.ExactSteps:
        """Every step by hand, as fractions: base 2, not scaled."""
        a, *matrices = (pocket.exact(table.astype(int).tolist()) for table in self)
        q, k, v = (pocket.project(a, w) for w in matrices)
        return pocket.attention(q, k, v, allowed)


def inputs(draw: Draw) -> Rows:
    """Four different vectors with two negative entries among their eight."""

    def make(draw: Draw) -> Rows | None:
        a = tuple(draw.several(_VECTORS, 4))
        return a if sum(x < 0 for vector in a for x in vector) == 2 else None

    return draw.until(make)


def exact_head(draw: Draw, a: Rows | None = None) -> HeadNumbers:
    """One head in which row 1 has four different weights, fractions of at most 31.

    Equally hard for all: two negative entries in a, one in each matrix, scores of row 1 that differ
    and lie at most 4 apart. Every wrong turn of the mistake bank gives an answer of its own.
    """

    def make(draw: Draw) -> HeadNumbers | None:
        given = a or inputs(draw)
        w = [draw.choose(_MATRICES) for _ in range(3)]
        if not _easy_scores(_project(given, w[0]), _project(given, w[1])):
            return None
        numbers = HeadNumbers(*(np.array(x, dtype=float) for x in (given, *w)))
        return numbers if _all_told_apart(numbers) else None

    return draw.until(make)


def _project(a: Rows, w: Rows) -> Rows:
    return tuple(tuple(row[0] * x + row[1] * y for row in w) for x, y in a)


def _easy_scores(q: Rows, k: Rows) -> bool:
    scores = [[x * u + y * v for u, v in k] for x, y in q]
    first, third, swapped = scores[0], scores[2][:3], [row[0] for row in scores]
    if len(set(first)) < 4 or max(first) - min(first) > 4 or len(set(third)) < 2:
        return False
    if first[0] == max(first) or len({x - y for x, y in zip(first, swapped, strict=True)}) == 1:
        return False  # the hard maximum, or query and key swapped, would not show
    small = max(third) - min(third) <= 4 and all(abs(x) <= 9 for row in scores for x in row)
    return small and all(sum(row) for row in scores)  # a bank's wrong turn divides by the sum


def _all_told_apart(x: HeadNumbers) -> bool:
    by_hand = _answers(wrong_turns(*x, base=2, scaled=False), lambda wrong: wrong.output[0])
    return by_hand == _BY_HAND and _answers(wrong_turns(*x), lambda wrong: wrong.weights[0]) == _SCALED


def _answers(turns: dict[str, Wrong], view: Callable[[Wrong], Any]) -> int:
    """Count the answers that lie apart from each other; 0 if two are close and not the same."""
    seen = np.array([view(wrong) for wrong in turns.values()])
    apart = abs(seen[:, None] - seen[None]).max(axis=-1)
    if ((apart > 1e-9) & (apart < GAP)).any():
        return 0
    return len({tuple(row) for row in (apart < GAP)})


# ---- Four numbers whose LayerNorm is exact.


def _exact_norms() -> tuple[Vector, ...]:
    """All x of four different whole numbers with mean 1 to 6 and an odd standard deviation, 5 to 13."""
    squares = {4 * std * std for std in range(5, 14, 2)}
    apart = [(*d, -sum(d)) for d in product(range(-23, 24), repeat=3)]
    exact = [d for d in apart if sum(x * x for x in d) in squares and len(set(d)) == 4]
    return tuple(tuple(mean + x for x in d) for mean in range(1, 7) for d in exact)


EXACT_NORMS = _exact_norms()
