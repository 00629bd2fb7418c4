"""Two ways to check an answer: its numbers, or what a function gives for hidden inputs."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np

from assignments.problem_set import Check
from transformer_lib.exercises.judging import TOLERANCE, judge_function, judge_numbers
from transformer_lib.exercises.registry import Mistake, Verdict

Cases = Sequence[tuple[Any, ...]]


def numbers_check(
    name: str,
    points: int,
    right: Any,
    praise: str,
    mistakes: Iterable[Mistake] = (),
    tolerance: float = TOLERANCE,
) -> Check:
    """Check numbers. Mistakes that give the right answer, or an earlier one's, with these are left out."""
    known = told_apart(right, mistakes, 3 * tolerance)
    judge = judge_numbers(right, praise, known, tolerance)
    return Check(name=name, points=points, judge=judge, mistakes=known)


def function_check(
    name: str,
    points: int,
    reference: Callable[..., Any],
    cases: Cases,
    praise: str,
    mistakes: Iterable[Mistake] = (),
    *,
    tolerance: float = TOLERANCE,
    hidden: bool = True,
) -> Check:
    """Check a function against the right one on these cases."""
    known = tuple(mistakes)

    @cache
    def judge() -> Callable[[Any], Verdict]:
        """Run the mistakes on the cases, once, when the first answer comes."""
        return judge_function(reference, cases, praise, known, tolerance, first_fault_decides=True)

    return Check(
        name=name, points=points, judge=lambda answer: judge()(answer), hidden=hidden, mistakes=known
    )


def example_check(
    points: int, reference: Callable[..., Any], case: tuple[Any, ...], tolerance: float = TOLERANCE
) -> Check:
    """Check the example that the notebook shows: its result is no secret."""
    praise = "The example is right."
    return function_check("the example", points, reference, [case], praise, tolerance=tolerance, hidden=False)


def told_apart(right: Any, mistakes: Iterable[Mistake], gap: float) -> tuple[Mistake, ...]:
    """Leave out the mistakes that an answer would not show, and those that no answer tells apart."""
    seen, known = [_floats(right)], []
    for mistake in mistakes:
        given = _floats(mistake.answer)
        if not any(one.shape == given.shape and abs(one - given).max() <= gap for one in seen):
            seen.append(given)
            known.append(mistake)
    return tuple(known)


def _floats(answer: Any) -> Any:
    return np.array(answer, dtype=float)
