"""What a graded problem set is: questions with checks, and written questions that a person grades."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from transformer_lib.exercises.registry import Verdict


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that is judged in an answer.

    `judge` gets plain data, or a proxy of the student's function. The inputs of a hidden check, and
    the sentences that may show them, stay with the grader.
    """

    name: str
    points: int
    judge: Callable[[Any], Verdict]
    hidden: bool = True


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question that is answered by binding a name in a code cell."""

    id: str
    title: str
    text: str  # Markdown, with the student's numbers
    answer: str  # the name that the cell binds
    stub: str
    solution: str  # code
    checks: tuple[Check, ...]


@dataclass(frozen=True, kw_only=True)
class Written:
    """A question that is answered in words and graded by a person."""

    id: str
    title: str
    text: str
    points: int
    rubric: tuple[tuple[int, str], ...]
    solution: str


@dataclass(frozen=True, kw_only=True)
class ProblemSet:
    """One student's problem set."""

    name: str
    title: str
    student: str
    text: str
    setup: str  # the first code cell
    questions: tuple[Question | Written, ...]
