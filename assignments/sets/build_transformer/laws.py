"""Checks of a law: what must hold of a function whatever numbers it gives."""

from typing import Any

import numpy as np

from assignments.problem_set import Check
from transformer_lib.exercises.judging import call, gives_nothing, read, same
from transformer_lib.exercises.registry import Mistake, Verdict

AHEAD = Mistake("looks ahead", "An output moves when a later input changes: nothing may look ahead.", None)
DEAF = Mistake(
    "deaf", "No output moves when the last input changes: each position looks at itself too.", None
)


def looks_back_alone(points: int, case: tuple[Any, ...]) -> Check:
    """Check that no output of a function moves when a later row of its first argument changes.

    Judged to the same tolerance as numbers; the last output must move.
    """
    x, *rest = case

    def judge(answer: Any) -> Verdict:
        if not callable(answer):
            return Verdict("wrong", "Give the function itself, without calling it.")
        before = _rows(answer, x, rest)
        if isinstance(before, Verdict):
            return before
        for t in range(1, len(x)):
            changed = np.array(x)
            changed[t:] = changed[t:][:, ::-1] + 1
            after = _rows(answer, changed, rest)
            if isinstance(after, Verdict):
                return after
            if not same(before[:t], after[:t], 1e-5):
                return Verdict("wrong", AHEAD.sentence, AHEAD.name)
            if same(before[-1], after[-1], 1e-5):
                return Verdict("wrong", DEAF.sentence, DEAF.name)
        return Verdict("right", "No output sees a later input.")

    return Check(name="no output sees a later input", points=points, judge=judge)


def _rows(answer: Any, x: Any, rest: list[Any]) -> Any:
    value, problem = call(answer, x, *rest)
    if problem is not None:
        return problem
    if value is None or value is ...:
        return gives_nothing(answer)
    rows = read("your result", value, 2)
    if not isinstance(rows, Verdict) and len(rows) != len(x):
        return Verdict("wrong", f"Your result has {len(rows)} rows: give one for each position.")
    return rows
