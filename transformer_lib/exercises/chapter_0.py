"""Exercises of chapter 0: softmax by hand, without overflow, and at its two limits."""

from fractions import Fraction
from typing import Any

import numpy as np

from transformer_lib.exercises.judging import judge_function, judge_numbers
from transformer_lib.exercises.registry import Exercise, Mistake, register
from transformer_lib.steps import softmax

SEVENTHS = [Fraction(1, 7), Fraction(2, 7), Fraction(4, 7)]

_by_hand = (
    Mistake(
        "powers not divided",
        "Those are the powers 1, 2 and 4; divide each by their sum, so that they add up to 1.",
        [1, 2, 4],
    ),
    Mistake(
        "sum-normalised without powers",
        "That divides the scores by their sum; raise 2 to each score first.",
        [0, Fraction(1, 3), Fraction(2, 3)],
    ),
    Mistake(
        "base e for 2",
        "That is softmax in base e; this exercise asks for base 2, so that the answer is a fraction.",
        softmax([0, 1, 2]),
    ),
    Mistake(
        "reversed",
        "Those are the right weights in reverse: the largest score gets the largest.",
        SEVENTHS[::-1],
    ),
)
register(
    Exercise(
        id="0.1",
        title="Softmax with a pencil",
        difficulty=1,
        minutes=3,
        judge=judge_numbers(SEVENTHS, "The powers are 1, 2 and 4, and their sum is 7.", _by_hand),
        reference=SEVENTHS,
        equivalents={
            "text": ["1/7", "2/7", "4/7"],
            "floats": [1 / 7, 2 / 7, 4 / 7],
            "array": np.array([1, 2, 4]) / 7,
        },
        mistakes=_by_hand,
    )
)


def stable(x: Any) -> Any:
    """Softmax in base e that cannot overflow: the largest score is subtracted first."""
    powers = np.exp(np.asarray(x, dtype=float) - np.max(x))
    return powers / powers.sum()


def _overflowing(x: Any) -> Any:
    powers = np.exp(np.asarray(x, dtype=float))
    return powers / powers.sum()


def _by_the_sum(x: Any) -> Any:
    shifted = np.asarray(x, dtype=float)
    return shifted / shifted.sum()


_STABLE_CASES = (
    ([0.0, 1.0, 2.0],),
    ([1000.0, 1001.0, 1002.0],),
    ([-1000.0, 0.0],),
    ([0.0, 0.0, 3000.0],),
    (np.array([3, 1]),),
)


def _shifted_by(shift: Any) -> Any:
    """A softmax that subtracts something other than the largest score."""

    def wrong(x: Any) -> Any:
        powers = np.exp(np.asarray(x, dtype=float) - shift(np.asarray(x, dtype=float)))
        return powers / powers.sum()

    return wrong


_stable = (
    Mistake(
        "overflow",
        "Right for small scores, but e¹⁰⁰⁰ is infinite in a computer: subtract the largest score first.",
        _overflowing,
    ),
    Mistake(
        "mean subtracted",
        "You subtract the mean: the largest power can still overflow, as for 0, 0 and 3000.",
        _shifted_by(np.mean),
    ),
    Mistake(
        "smallest subtracted",
        "You subtract the smallest score, and the largest power still overflows: subtract the largest.",
        _shifted_by(np.min),
    ),
    Mistake(
        "fixed number subtracted",
        "You subtract the same number from every list: the largest score differs from list to list.",
        _shifted_by(lambda x: 1000.0),
    ),
    Mistake("base 2 for e", "That is softmax in base 2; here the base is e.", lambda x: softmax(x, base=2)),
    Mistake(
        "hard max",
        "That puts all the weight on the largest score; softmax leaves the others a share.",
        lambda x: (np.asarray(x) == np.max(x)).astype(float),
    ),
    Mistake(
        "sum-normalised without exp",
        "That divides the scores by their sum; take e to the power of each score first.",
        _by_the_sum,
    ),
    Mistake(
        "not divided by the sum",
        "Those are the powers after the shift; divide them by their sum, so that they add up to 1.",
        lambda x: np.exp(np.asarray(x, dtype=float) - np.max(x)),
    ),
)
register(
    Exercise(
        id="0.2",
        title="A softmax that cannot overflow",
        difficulty=1,
        minutes=5,
        judge=judge_function(
            stable, _STABLE_CASES, "No overflow at 1000, and a shift changes nothing.", _stable
        ),
        reference=stable,
        equivalents={
            "list": lambda x: stable(x).tolist(),
            "float32": lambda x: stable(x).astype(np.float32),
            "the library's": softmax,
        },
        mistakes=_stable,
    )
)


def limits(scores: Any) -> Any:
    """The weights as the temperature goes to 0, where ties share, and to infinity."""
    top = np.asarray(scores) == np.max(scores)
    return np.stack([top / top.sum(), np.full(len(top), 1 / len(top))])


def _first_takes_all(scores: Any) -> Any:
    return np.stack([np.eye(len(scores))[np.argmax(scores)], limits(scores)[1]])


def _all_largest_get_one(scores: Any) -> Any:
    return np.stack([np.asarray(scores) == np.max(scores), limits(scores)[1]]).astype(float)


_limits = (
    Mistake(
        "cold and hot swapped",
        "Those are the two limits in the other order: cold, towards 0, comes first.",
        lambda scores: limits(scores)[::-1],
    ),
    Mistake(
        "the first of equals takes all",
        "When two scores are the largest together, they share the unit; yours gives it all to one.",
        _first_takes_all,
    ),
    Mistake(
        "each of equals gets a whole unit",
        "When two scores are the largest together, each gets ½; yours gives each 1, and the sum is 2.",
        _all_largest_get_one,
    ),
    Mistake(
        "hot gives zeros",
        "A high temperature does not switch attention off: the weights still sum to 1.",
        lambda scores: limits(scores) * [[1], [0]],
    ),
    Mistake(
        "temperature 1",
        "Those are the weights at temperature 1; let the temperature go all the way.",
        lambda scores: np.stack([softmax(scores), softmax(scores)]),
    ),
)
register(
    Exercise(
        id="0.3",
        title="Cold and hot",
        difficulty=2,
        minutes=8,
        judge=judge_function(
            limits,
            (([0, 1, 2],), ([3.0, -1.0, 3.0, 0.5],), ([-2, -5],)),
            "Cold, the largest share one unit; hot, everyone gets the same.",
            _limits,
        ),
        reference=limits,
        equivalents={
            "lists": lambda scores: limits(scores).tolist(),
            "a tuple of arrays": lambda scores: tuple(limits(scores)),
            "a very low and a very high temperature": lambda scores: [
                softmax(scores, temperature=1e-3),
                softmax(scores, temperature=1e9),
            ],
        },
        mistakes=_limits,
    )
)
