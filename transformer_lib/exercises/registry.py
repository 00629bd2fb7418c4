"""What an exercise is, and how an answer gets its one sentence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

Status = Literal["right", "wrong", "not tried yet"]


@dataclass(frozen=True)
class Verdict:
    """What a checker says: a status and one sentence; `mistake` is the name of a known mistake."""

    status: Status
    sentence: str
    mistake: str | None = None

    def __repr__(self) -> str:
        opening = {"right": "Right. ", "wrong": "Not yet. ", "not tried yet": "Not tried yet. "}
        return opening[self.status] + self.sentence


@dataclass(frozen=True)
class Mistake:
    """A wrong answer worth naming: `answer` is what it gives, `sentence` what the checker says."""

    name: str
    sentence: str
    answer: Any


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise of the book.

    `judge` takes any answer and gives a verdict; `reference` is a right answer, `equivalents` are
    other right ones by name (another type, another way), `mistakes` the wrong ones that it names.
    """

    id: str  # chapter.number, as in the heading: "3.2"
    title: str
    difficulty: int  # 1 to 3: ●, ●●, ●●●
    minutes: int
    judge: Callable[[Any], Verdict]
    reference: Any
    equivalents: Mapping[str, Any] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()


EXERCISES: dict[str, Exercise] = {}


def register(exercise: Exercise) -> Exercise:
    """Add an exercise to the book; an id can be taken once."""
    if exercise.id in EXERCISES:
        raise ValueError(f"exercise {exercise.id} is registered twice")
    EXERCISES[exercise.id] = exercise
    return exercise


def check(exercise_id: str, answer: Any) -> Verdict:
    """Say whether an answer is right, in one sentence; a known mistake is named. Never raises.

    Parameters
    ----------
    exercise_id : str
        As in the exercise's heading, "0.1".
    answer : anything
        Numbers or a function, as the exercise asks. `None` and `...` mean not tried yet.

    Examples
    --------
    >>> check("0.1", ["1/7", "2/7", "4/7"])
    Right. The powers are 1, 2 and 4, and their sum is 7.
    >>> check("0.1", ...)
    Not tried yet. Replace the ... with your answer and run the cell again.
    """
    exercise = EXERCISES.get(str(exercise_id))
    if exercise is None:
        return Verdict("wrong", _unknown(str(exercise_id)))
    if answer is None or answer is ...:
        return Verdict("not tried yet", "Replace the ... with your answer and run the cell again.")
    return exercise.judge(answer)


def _unknown(exercise_id: str) -> str:
    near = get_close_matches(exercise_id, EXERCISES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f", from {min(EXERCISES)!r} to {max(EXERCISES)!r}."
    return f"There is no exercise {exercise_id!r}: use the number in the heading{hint}"
