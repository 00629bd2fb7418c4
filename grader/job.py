"""One submission to grade, as it is sent to another process or another machine."""

import hashlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import assignments
import grader
from assignments import SETS
from assignments.problem_set import ProblemSet
from grader.choosing import by_name
from grader.limits import Limits
from grader.marking import Result, mark, result
from grader.submission import Submission
from transformer_lib import exercises


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A problem set and the number that its students' own numbers come from."""

    set: str  # a name in SETS, or module:function
    seed: int

    def problem_set(self, student: str) -> ProblemSet:
        """Make a student's problem set, as `assign` made it."""
        return maker(self.set)(student, self.seed)


@dataclass(frozen=True, kw_only=True)
class Job:
    """Everything that grading one submission needs."""

    submission: Submission
    assignment: Assignment
    sandbox: str
    limits: Limits

    @property
    def key(self) -> str:
        """Name the result: another submission, assignment, limit or grader gives another name."""
        whole = (self.submission, self.assignment, self.limits, fingerprint())
        return hashlib.sha256(repr(whole).encode("utf-8", "backslashreplace")).hexdigest()


def grade(job: Job) -> Result:
    """Grade one submission. A failure of the grader itself is a status too: no batch ends with it."""
    problem_set = job.assignment.problem_set(job.submission.student)
    try:
        return mark(job.submission, problem_set, by_name(job.sandbox), job.limits)
    except Exception as error:
        note = f"The grader failed ({type(error).__name__}), not the submission: grade it again."
        return result(job.submission, problem_set, "not graded", {}, [note])


def maker(name: str) -> Callable[[str, int], ProblemSet]:
    """Find a problem set by its name, or by module:function for a set of your own.

    Raises
    ------
    ValueError
        There is no such set.
    """
    if name in SETS:
        return SETS[name]
    module, _, function = name.partition(":")
    try:
        return getattr(importlib.import_module(module), function or "make")
    except (ImportError, AttributeError, ValueError):
        known = ", ".join(SETS)
        raise ValueError(
            f"There is no problem set {name!r}: give one of {known} or module:function."
        ) from None


@cache
def fingerprint() -> str:
    """Sum up the code that decides a grade, so that a changed check grades anew."""
    packages = (assignments, grader, exercises)
    files = [path for package in packages for path in sorted(_folder(package).rglob("*.py"))]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


def _folder(package: object) -> Path:
    return Path(getattr(package, "__file__", None) or "").parent
