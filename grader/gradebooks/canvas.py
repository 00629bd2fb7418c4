"""Canvas: the CSV that its Gradebook exports, with the assignment's column to fill in."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.gradebooks.filling import Gradebook
from grader.gradebooks.people import Key, keys
from grader.gradebooks.table import Table, read_table

IDS = ("SIS Login ID", "SIS User ID", "ID")
NAMES = (("Student",), ("LastName", "FirstName"))
ABOUT_STUDENTS = {*IDS, "Student", "LastName", "FirstName", "Section", "Integration ID", "Root Account"}
POINTS, TEST_STUDENTS = "points possible", {"student, test", "test student", "test, student"}
LATE = re.compile(r"[^_/]+_LATE_\d+_\d+_")  # lovelaceada_LATE_123_456_ada.ipynb


def read_canvas(path: Path, titles: Sequence[str], column: str | None = None) -> Gradebook:
    """Read the export; the column is the one named, or else the one that begins with a title.

    Raises
    ------
    ValueError
        No export of Canvas's, or no one column; the sentence lists the columns.
    """
    table = read_table(path)
    found = keys(table, IDS, NAMES)
    if table.column("ID") is None or not found[-1].is_name:
        raise ValueError(
            f"{path} is no export of Canvas's gradebook, which has the columns Student and ID; "
            f"it has {_listed(table.columns)}."
        )
    rows = range(1, len(table.rows))
    points = next((row for row in rows if table.cell(row, 0).casefold() == POINTS), None)
    chosen = choose(table, list(_fillable(table, points)), titles, column)
    possible = "" if points is None else table.cell(points, chosen)
    students = tuple(row for row in rows if row != points and _is_student(table, row, found))
    return Gradebook(
        lms="canvas",
        table=table,
        column=chosen,
        rows=students,
        keys=found,
        most=dict.fromkeys(students, possible),
    )


def marked_late(path: str) -> str:
    """Say so if Canvas has marked a file as late, by the name that it gives the file.

    >>> marked_late("submissions.zip/lovelaceada_LATE_123_456_ada.ipynb")
    'marked late by Canvas'
    """
    return "marked late by Canvas" if any(map(LATE.match, path.split("/"))) else ""


def choose(table: Table, candidates: Sequence[int], titles: Sequence[str], asked: str | None) -> int:
    """Choose the one column that is meant."""
    columns = {at: table.columns[at] for at in candidates}
    if asked is None:
        tests = [lambda name: any(_plain(name).startswith(_plain(title)) for title in titles)]
        meant = "begins with " + " or ".join(map(repr, titles))
    else:
        tests = [
            lambda name: name == asked,
            lambda name: re.sub(r" \(\d+\)$", "", name) == asked,
            lambda name: name.casefold().startswith(asked.casefold()),
        ]
        meant = f"is {asked!r} or begins so"
    hits = next(filter(None, ([at for at, name in columns.items() if test(name)] for test in tests)), [])
    if len(hits) == 1:
        return hits[0]
    raise ValueError(
        f"{table.name} has {'more than one' if hits else 'no'} column that {meant}: "
        f"name one with --column. It has {_listed([columns[at] for at in hits or columns])}."
    )


def _fillable(table: Table, points: int | None) -> Iterator[int]:
    for at, name in enumerate(table.columns):
        read_only = points is not None and "read only" in table.cell(points, at)
        if name and name not in ABOUT_STUDENTS and not read_only:
            yield at


def _is_student(table: Table, row: int, found: Sequence[Key]) -> bool:
    """Tell a student's row from those on posting policies and the test student."""
    values = [key.value(table, row) for key in found]
    return any(values) and values[-1].casefold() not in TEST_STUDENTS


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(repr(column) for column in columns if column) or "none to fill in"
