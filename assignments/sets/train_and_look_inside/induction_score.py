"""How much of an induction head a map is: one number, and the ways to count it wrong."""

from typing import Any

import numpy as np

from assignments.checks import example_check, function_check
from assignments.numbers import Draw
from assignments.problem_set import Question
from transformer_lib.exercises.registry import Mistake


def induction_score(weights: Any, period: int) -> float:
    """Mean weight that a position gives to what followed its token one period ago."""
    weights = np.asarray(weights)
    rows = np.arange(period, len(weights))
    return float(weights[rows, rows - period + 1].mean())


def _shifted(by: int) -> Any:
    return lambda w, p: float(np.mean([w[i, i - p + by] for i in range(p, len(w))]))


_SCORE = (
    Mistake("the same token", "That is the token itself, a period ago: take the one after it.", _shifted(0)),
    Mistake(
        "the previous token",
        "That is the weight on the previous position.",
        lambda w, p: float(np.mean([w[i, i - 1] for i in range(p, len(w))])),
    ),
    Mistake("two after", "That is one too far: the next token after the match.", _shifted(2)),
    Mistake(
        "rows for columns",
        "The first index is the query's.",
        lambda w, p: float(np.mean([w[i - p + 1, i] for i in range(p, len(w))])),
    ),
    Mistake(
        "divided by all rows",
        "That divides by all positions: the first period has nothing to find, so leave it out.",
        lambda w, p: induction_score(w, p) * (len(w) - p) / len(w),
    ),
    Mistake(
        "sum for mean",
        "That is the sum: take the mean.",
        lambda w, p: induction_score(w, p) * (len(w) - p),
    ),
    Mistake(
        "first match alone",
        "That looks at one position: take the mean of all that have a match.",
        lambda w, p: float(w[p, 1]),
    ),
)


def question(draw: Draw) -> Question:
    """Ask for the function, on maps of the student's own."""

    def table(n: int) -> Any:
        powers = np.tri(n) * draw.integers(1, 9, n, n)
        return powers / powers.sum(axis=1, keepdims=True)

    cases = [(table(9), 3), (table(7), 4), (table(12), 5)]
    table_shown = [[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.2, 0.3, 0.5, 0], [0.1, 0.6, 0.2, 0.1]]
    shown = (np.array(table_shown), 2)
    return Question(
        id="induction-score",
        title="How much of an induction head?",
        text="`induction_score(weights, period)` takes a causal map (N, N), one row a query, of a "
        "sequence that repeats "
        "with this period.\nEach position from the second period on has a match one period ago. Return "
        "the mean weight "
        "that these positions give to the token right *after* their match.",
        answer="induction_score",
        stub="def induction_score(weights, period):\n    ...",
        solution="def induction_score(weights, period):\n    rows = np.arange(period, len(weights))\n"
        "    return weights[rows, rows - period + 1].mean()",
        open_check=f"rows = {table_shown}\n"
        f"example(induction_score, (np.array(rows), 2), {round(induction_score(*shown), 6)})",
        checks=(
            example_check(1, induction_score, shown),
            function_check(
                "other maps", 3, induction_score, cases, "One number says what a head does.", _SCORE
            ),
        ),
    )
