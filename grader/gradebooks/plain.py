"""Plain CSV of a class, for any program: no cell of it can be taken for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from grader.classbook import Entry
from grader.marking import Result

FIXED = ("student", "name", "email", "status", "score", "points", "waiting", "late", "remarks")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def grades_csv(entries: Iterable[Entry], questions: Sequence[str]) -> str:
    """Write a line for each student, with a column for each question.

    `points` are those of what is graded; `waiting` those of written questions that nobody has read.
    """
    return as_csv([[*FIXED, *questions], *(_line(entry, questions) for entry in entries)])


def as_csv(rows: Iterable[Sequence[Any]]) -> str:
    """Write rows for a spreadsheet, which needs the mark to read UTF-8."""
    written = io.StringIO()
    csv.writer(written).writerows([[safe(cell) for cell in row] for row in rows])
    return "\ufeff" + written.getvalue()


def safe(cell: Any) -> str:
    """Write a cell so that no spreadsheet computes it.

    >>> safe("=1+1"), safe(-1), safe(None)
    ("'=1+1", '-1', '')
    """
    if cell is None:
        return ""
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.lstrip(" \n").startswith(FORMULA) else text


def _line(entry: Entry, questions: Sequence[str]) -> list[Any]:
    person, result = entry.person, entry.result
    who = [person.student, person.name, person.email, entry.status]
    if result is None:
        return [*who, None, None, None, entry.late, None, *[None] * len(questions)]
    scores = [entry.questions[question]["score"] for question in questions]
    numbers = [result["score"], result["points"], entry.waiting]
    return [*who, *numbers, entry.late, _remarks(result), *scores]


def _remarks(result: Result) -> str:
    return " ".join(result["notes"])
