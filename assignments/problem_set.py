"""What a graded problem set is: questions that code answers, questions that a person reads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

from transformer_lib.exercises.registry import Mistake, Verdict
from transformer_lib.shapes import InputError

Judge = Callable[[Any], Verdict]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that is judged in an answer: all of its points or none.

    `judge` takes plain data, or a proxy of the student's function that gives plain data.
    `mistakes` are the wrong answers it names; their sentences hold no inputs.
    """

    name: str
    points: int
    judge: Judge
    hidden: bool = True  # its inputs, and sentences that may show them, stay with the grader
    mistakes: tuple[Mistake, ...] = ()

    def __post_init__(self) -> None:
        _need(bool(self.name), "a check has no name: say in a few words what it looks at.")
        _need(self.points >= 1, f"check {self.name!r} has {self.points} points: give 1 or more.")


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question that code answers: the value or the function that a cell binds to a name.

    `open_check` is code for the student's notebook: it looks at the form of an answer, or tries one
    example, and holds nothing of the solution and of the hidden checks.
    """

    id: str
    title: str
    text: str  # Markdown, with the student's numbers
    answer: str  # the name that the cell binds
    stub: str
    solution: str
    checks: tuple[Check, ...]
    open_check: str = ""

    def __post_init__(self) -> None:
        _need_id(self.id)
        _need(
            self.answer.isidentifier() and not iskeyword(self.answer),
            f"question {self.id} binds {self.answer!r}: give a Python name.",
        )
        _need(bool(self.checks), f"question {self.id} has no check: nothing could be graded.")
        names = [check.name for check in self.checks]
        _need(len(names) == len(set(names)), f"question {self.id} has a check twice, of {', '.join(names)}.")
        for part in (self.stub, self.solution, self.open_check):
            _compile(self.id, part)

    @property
    def points(self) -> int:
        """The points of all checks together."""
        return sum(check.points for check in self.checks)


@dataclass(frozen=True, kw_only=True)
class Written:
    """A question that a person grades, by a rubric of (points, what they are for)."""

    id: str
    title: str
    text: str
    points: int
    rubric: tuple[tuple[int, str], ...]
    solution: str

    def __post_init__(self) -> None:
        _need_id(self.id)
        total = sum(points for points, _ in self.rubric)
        _need(
            total == self.points,
            f"question {self.id} has {self.points} points and its rubric {total}: make them equal.",
        )


@dataclass(frozen=True, kw_only=True)
class ProblemSet:
    """One student's problem set; the same set, seed and student give the same one."""

    name: str
    title: str
    student: str
    text: str
    setup: str  # the first code cell
    questions: tuple[Question | Written, ...]

    def __post_init__(self) -> None:
        ids = [question.id for question in self.questions]
        _need(len(ids) == len(set(ids)), f"{self.name} has an id twice, of {', '.join(ids)}.")
        names = [question.answer for question in self.coded]
        _need(len(names) == len(set(names)), f"{self.name} binds a name twice, of {', '.join(names)}.")
        _compile("the setup", self.setup)

    @property
    def points(self) -> int:
        """The points of all questions together, the written ones too."""
        return sum(question.points for question in self.questions)

    @property
    def coded(self) -> tuple[Question, ...]:
        """The questions that code answers."""
        return tuple(question for question in self.questions if isinstance(question, Question))

    @property
    def written(self) -> tuple[Written, ...]:
        """The questions that a person grades."""
        return tuple(question for question in self.questions if isinstance(question, Written))

    def numbered(self) -> Iterator[tuple[int, Question | Written]]:
        """Give each question with its number, from 1."""
        return enumerate(self.questions, 1)


def _need(good: bool, otherwise: str) -> None:
    if not good:
        raise InputError(otherwise)


def _need_id(id: str) -> None:
    plain = id.replace("-", "").isalnum() and id.isascii() and id == id.lower()
    _need(plain, f"{id!r} is no question id: use small letters, digits and hyphens, as in 'b-1'.")


def _compile(where: str, code: str) -> None:
    try:
        compile(code, f"<{where}>", "exec")
    except SyntaxError as error:
        raise InputError(f"the code of {where} is no Python, line {error.lineno}: {error.msg}.") from None
