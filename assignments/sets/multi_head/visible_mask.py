"""Who may look at whom: the causal and the padding mask in one table, and what goes wrong with it."""

from typing import Any

import numpy as np

from assignments.checks import example_check, function_check
from assignments.numbers import Draw
from assignments.problem_set import Question
from assignments.writing import listed
from transformer_lib.exercises.registry import Mistake
from transformer_lib.steps import causal


def visible(tokens: Any) -> Any:
    """Causal, with padding (token 0) hidden; a padded position sees itself alone, so that no row is empty."""
    real = np.asarray(tokens) != 0
    n = len(real)
    return np.where(real[:, None], causal(n) & real, np.eye(n, dtype=bool)).astype(int)


_VISIBLE = (
    Mistake(
        "causal mask left out",
        "Later positions are hidden too.",
        lambda t: _rows(t, np.ones((len(t), len(t)))),
    ),
    Mistake(
        "causal mask inverted", "That hides the past: a row looks back.", lambda t: _rows(t, causal(len(t)).T)
    ),
    Mistake("padding seen", "Padding is a key of weight 0: hide its column.", lambda t: causal(len(t)) * 1),
    Mistake(
        "rows for columns",
        "That clears the rows of padding: as a key, padding is a column.",
        lambda t: causal(len(t)) & _real(t)[:, None] | np.eye(len(t), dtype=bool),
    ),
    Mistake(
        "padding is blind",
        "Padding sees nothing there, and a softmax over nothing gives NaN: let it see itself.",
        lambda t: (causal(len(t)) & _real(t) & _real(t)[:, None]) * 1,
    ),
    Mistake(
        "padding looks back",
        "Padding looks at real positions there: let it see itself alone.",
        lambda t: (causal(len(t)) & _real(t) | np.eye(len(t), dtype=bool)) * 1,
    ),
)


def _real(tokens: Any) -> Any:
    return np.asarray(tokens) != 0


def _rows(tokens: Any, allowed: Any) -> Any:
    real = _real(tokens)
    return np.where(real[:, None], (allowed != 0) & real, np.eye(len(real), dtype=bool)) * 1


def question(draw: Draw) -> Question:
    """Ask for the mask, on sentences padded at either end."""

    def sentence(front: int, words: int, back: int) -> tuple[list[int]]:
        inside = [int(x) for x in draw.integers(1, 9, words)]
        return ([0] * front + inside + [0] * back,)

    cases = [sentence(*sizes) for sizes in ((2, 3, 0), (0, 4, 2), (1, 2, 1), (0, 3, 0))]
    shown = ([7, 4, 0],)
    return Question(
        id="visible",
        title="Who may look at whom",
        text="`visible(tokens)` takes a list of N tokens, 0 is padding. Return an N × N table, 1 where "
        "query i may look "
        "at key j and 0 elsewhere.\nNo position looks at a later one or at padding; a padded position "
        "looks at itself "
        "alone, so that no row is empty.",
        answer="visible",
        stub="def visible(tokens):\n    ...",
        solution="""def visible(tokens):
    real = np.array(tokens) != 0
    allowed = np.tri(len(real), dtype=bool) & real
    return np.where(real[:, None], allowed, np.eye(len(real), dtype=bool)).astype(int)""",
        open_check=f"example(visible, ([7, 4, 0],), {listed(visible(*shown))})",
        checks=(
            example_check(1, visible, shown),
            function_check(
                "other sentences", 2, visible, cases, "Padding may stand at either end.", _VISIBLE
            ),
        ),
    )
