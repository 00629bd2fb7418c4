"""Exercise 8.4: ways to add positions to a batch, right ones and buggy ones, and how to judge who tells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transformer_lib.exercises.judging import call, gives_nothing, show
from transformer_lib.exercises.layers import truth
from transformer_lib.exercises.registry import Mistake, Verdict
from transformer_lib.shapes import Array, ShapeError
from transformer_lib.steps import sinusoidal

Places = NDArray[np.int_]


@dataclass(frozen=True)
class Encoder:
    """A way to add positions to a batch: where each vector stands, and the marks (n, d_model) of places."""

    name: str
    places: Callable[[int, int], Places]  # (B, N) whole numbers from two sizes
    marks: Callable[[int, int], Array]

    def __call__(self, x: Any) -> Array:
        """Add its mark to each vector of x (B, N, d_model)."""
        x = np.asarray(x, dtype=np.float64)
        if x.ndim != 3 or 0 in x.shape:
            raise ShapeError(f"x has shape {x.shape}: give a batch, (B, N, d_model)")
        B, N, d_model = x.shape
        places = self.places(B, N)  # (B, N)
        return x + self.marks(int(places.max()) + 1, d_model)[places]

    def __repr__(self) -> str:
        return self.name


def _learned(n: int, d_model: int) -> Array:
    return np.random.default_rng(8).normal(size=(n, d_model)) * 0.5


def _concatenated(n: int, d_model: int) -> Array:
    return sinusoidal(n, d_model, layout="concatenated")


def _along_the_sequence(B: int, N: int) -> Places:
    return np.tile(np.arange(N), (B, 1))


def _along_the_batch(B: int, N: int) -> Places:
    return np.tile(np.arange(B)[:, None], (1, N))


def _through_all(B: int, N: int) -> Places:
    return np.arange(B * N).reshape(B, N)


def _nowhere(B: int, N: int) -> Places:
    return np.zeros((B, N), dtype=int)


SOUND = (
    Encoder("sinusoids", _along_the_sequence, sinusoidal),
    Encoder("sinusoids in the other layout", _along_the_sequence, _concatenated),
    Encoder("a learned table", _along_the_sequence, _learned),
)
BUGGY = (
    Encoder("sinusoids counted along the batch", _along_the_batch, sinusoidal),
    Encoder("a learned table counted along the batch", _along_the_batch, _learned),
    Encoder("position 0 for all", _nowhere, sinusoidal),
    Encoder("positions that count on from one sequence to the next", _through_all, sinusoidal),
)


_ENCODERS = SOUND + BUGGY
_RIGHT = [True] * len(SOUND) + [False] * len(BUGGY)


def _parts(encode: Any) -> tuple[bool, bool]:
    x = encode(np.zeros((2, 2, 4)))
    return bool(np.allclose(x[0], x[1])), not np.allclose(x[0, 0], x[0, 1])


def is_right(encode: Any) -> bool:
    """Whether positions count along each sequence, and along nothing else."""
    return all(_parts(encode))


def _is_the_papers(encode: Any) -> bool:
    return bool(np.allclose(encode(np.zeros((2, 3, 4))), sinusoidal(3, 4)))


MISTAKES = (
    Mistake(
        "says yes to everything",
        "It says True to every encoder, even to one with position 0 for all: compare the numbers.",
        lambda encode: encode(np.zeros((2, 2, 4))).shape == (2, 2, 4),
    ),
    Mistake(
        "says no to everything",
        "It says False to every encoder, to plain sinusoids too: is your input one sequence twice?",
        lambda encode: False,
    ),
    Mistake(
        "positions alone",
        "It looks at the positions of a sequence alone, and so misses positions that count on through the "
        "batch: compare two sequences as well.",
        lambda encode: _parts(encode)[1],
    ),
    Mistake(
        "batch alone",
        "It compares the two sequences alone, and so lets pass an encoder with position 0 for all: compare "
        "two positions as well.",
        lambda encode: _parts(encode)[0],
    ),
    Mistake(
        "one of the two",
        "It is content with one of the two; both must hold, so join them by `and`.",
        lambda encode: any(_parts(encode)),
    ),
    Mistake(
        "True and False swapped",
        "It says True to the buggy ones and False to the right ones: turn it round.",
        lambda encode: not is_right(encode),
    ),
    Mistake(
        "the paper's table only",
        "It wants the paper's own numbers, and so refuses a learned table: compare results with each other.",
        _is_the_papers,
    ),
    Mistake(
        "batch and positions swapped",
        "It wants equal positions and different sequences: x[0] and x[1] are sequences, x[0, 0] and x[0, 1] "
        "positions of one.",
        lambda encode: not any(_parts(encode)),
    ),
)


def judge_is_right(answer: Any) -> Verdict:
    """Try the reader's function on every encoder, and name the mistake that says the same."""
    if not callable(answer):
        return Verdict(
            "wrong", f"Give the function itself, without calling it; this is of type {type(answer).__name__}."
        )
    outcomes = [call(answer, encode) for encode in _ENCODERS]
    if all(value is None and problem is None for value, problem in outcomes):
        return gives_nothing(answer)
    given: list[bool] = []
    for encode, (value, problem) in zip(_ENCODERS, outcomes, strict=True):
        said = problem or truth(value, show((encode,)))
        if isinstance(said, Verdict):
            return said
        given.append(said)
    return _compare(given)


def _compare(given: Sequence[bool]) -> Verdict:
    if given == _RIGHT:
        return Verdict("right", "It needs two sequences and two positions, and no encoder's own numbers.")
    for mistake in MISTAKES:
        if given == [bool(mistake.answer(encode)) for encode in _ENCODERS]:
            return Verdict("wrong", mistake.sentence, mistake.name)
    at = next(n for n, right in enumerate(_RIGHT) if given[n] != right)
    return Verdict("wrong", f"It says {given[at]} to {_ENCODERS[at]}; there it should say {_RIGHT[at]}.")
