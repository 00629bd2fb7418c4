"""Written questions: a table to fill in while reading, and its points, added to the results."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from assignments.problem_set import ProblemSet, Written
from grader.classbook import Entry
from grader.gradebooks.filling import number
from grader.gradebooks.plain import as_csv, safe
from grader.gradebooks.table import Table, read_table
from grader.marking import Result
from grader.store import write

Points = dict[str, dict[str, float]]  # by student and question


def template(entries: Iterable[Entry], problem_set: ProblemSet) -> str:
    """Write the table to fill in: a line for each student who has handed in, a column for each question."""
    questions = [question.id for question in problem_set.written]
    lines = [[entry.student, entry.person.name, *[""] * len(questions)] for entry in entries if entry.graded]
    return as_csv([["student", "name", *questions], *lines])


def offer(path: Path, entries: Sequence[Entry], problem_set: ProblemSet) -> list[str]:
    """Write the table where there is none with points; of one that has some, say who is not in it."""
    if not problem_set.written:
        return []
    known: set[str] = set()
    if path.exists():
        table = read_table(path)
        if _filled_in(table):
            at = table.columns.index("student")
            known = {table.cell(row, at) for row in range(1, len(table.rows))}
    if not known:
        write(path, template(entries, problem_set))
        return []
    absent = [entry.student for entry in entries if entry.graded and safe(entry.student) not in known]
    return [f"{path} has no line for {', '.join(absent)}: add one for each."] if absent else []


def read_points(path: Path, problem_set: ProblemSet, students: Iterable[str]) -> Points:
    """Read the table; an empty cell waits.

    Raises
    ------
    ValueError
        A student or a question is unknown or stands there twice, or the points are none that can be had.
    """
    table = read_table(path)
    questions = _questions(path, table, problem_set)
    known, points = {safe(student): student for student in students}, Points()
    at = table.columns.index("student")
    for row in range(1, len(table.rows)):
        written = table.cell(row, at)
        student = known.get(written, written)
        given = {question: table.cell(row, column) for question, column in questions.items()}
        if not student and not any(given.values()):
            continue
        if written not in known or student in points:
            why = "stands there twice" if student in points else "is no student of this assignment"
            raise ValueError(f"{path}, row {row + 1}: {student!r} {why}. Nothing was written.")
        points[student] = {
            question: _points(f"{path}, row {row + 1}", question, text, problem_set)
            for question, text in given.items()
            if text
        }
    return points


def with_points(result: Result, points: Mapping[str, float]) -> Result:
    """Give the result with the points of its written questions."""
    questions: dict[str, dict[str, Any]] = {
        name: question | ({"score": _short(points[name])} if name in points else {})
        for name, question in result["questions"].items()
    }
    done = [question for question in questions.values() if question["score"] is not None]
    score, most = (sum(question[key] for question in done) for key in ("score", "points"))
    return result | {"questions": questions, "score": _short(score), "points": most}


def _questions(path: Path, table: Table, problem_set: ProblemSet) -> dict[str, int]:
    """Find the column of each written question; any other column but the name is a mistake."""
    known = [question.id for question in problem_set.written]
    named = [name for name in table.columns if name not in ("", "student", "name")]
    wrong = [name for name in named if name not in known or named.count(name) > 1]
    if "student" not in table.columns or wrong:
        what = f"{wrong[0]!r} is none of them, or there twice" if wrong else "the column student is missing"
        raise ValueError(
            f"{path} needs the column student, and of {', '.join(known) or 'no question'}; {what}."
        )
    return {name: table.columns.index(name) for name in named}


def _points(where: str, question: str, text: str, problem_set: ProblemSet) -> float:
    most = next(
        one.points for one in problem_set.questions if isinstance(one, Written) and one.id == question
    )
    points = number(text)
    if points is None or not 0 <= points <= most:
        raise ValueError(f"{where}: {text!r} for {question}, which has 0 to {most}. Nothing was written.")
    return points


def _filled_in(table: Table) -> bool:
    """Whether somebody has put anything into the table, or made it into another."""
    if table.columns[:2] != ["student", "name"]:
        return True
    rows, columns = range(1, len(table.rows)), range(2, len(table.columns))
    return any(table.cell(row, column) for row in rows for column in columns)


def _short(points: float) -> float:
    return int(points) if points == int(points) else round(points, 2)
