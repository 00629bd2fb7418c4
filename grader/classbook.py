"""A class after grading: each student with the result, what waits for a person, and whether it was late."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from grader.gradebooks.people import Person
from grader.marking import Result


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One student; without a result nothing was handed in."""

    person: Person
    result: Result | None = None
    late: str = ""  # how it is known, or nothing

    @property
    def student(self) -> str:
        """The student as files are named."""
        return self.person.student

    @property
    def status(self) -> str:
        """The result's status, or that there is none."""
        return self.result["status"] if self.result else "nothing handed in"

    @property
    def graded(self) -> bool:
        """Whether there is a score to hand on."""
        return self.status == "graded"

    @property
    def questions(self) -> Mapping[str, dict[str, Any]]:
        """Each question's score, points and checks."""
        return self.result["questions"] if self.result else {}

    @property
    def total(self) -> float:
        """The points of all questions, also of those that wait."""
        return sum(question["points"] for question in self.questions.values())

    @property
    def waiting(self) -> float:
        """The points of written questions that nobody has read."""
        return sum(one["points"] for one in self.questions.values() if one["score"] is None)


def entries(
    people: Mapping[str, Person], results: Iterable[Result], late: Mapping[str, str]
) -> tuple[Entry, ...]:
    """Gather the class, in the order of the students' ids."""
    by_student = {result["student"]: result for result in results}
    return tuple(
        Entry(person=person, result=by_student.get(student), late=late.get(student, ""))
        for student, person in sorted(people.items())
    )
