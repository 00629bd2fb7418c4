"""Moodle: the offline grading worksheet of an assignment, with its column Grade to fill in."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from grader.gradebooks.filling import Gradebook
from grader.gradebooks.people import Match, keys
from grader.gradebooks.table import read_table

NEEDED = ("Identifier", "Grade")
IDS = ("Email address", "ID number", "Username")
TIMES = ("%A, %d %B %Y, %I:%M %p", "%d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%d %B %Y, %H:%M")


def read_moodle(path: Path) -> Gradebook:
    """Read the worksheet.

    Raises
    ------
    ValueError
        It is none, or does not say whose the rows are; the sentence lists the columns.
    """
    table = read_table(path)
    found = keys(table, IDS, [("Full name",)])
    grade, most = table.column("Grade"), table.column("Maximum grade")
    if not found or grade is None or table.column("Identifier") is None:
        raise ValueError(
            f"{path} is no grading worksheet of Moodle's in English, which has the columns "
            f"{', '.join(NEEDED)} and Full name or Email address; it has {', '.join(table.columns)}."
        )
    rows = tuple(row for row in range(1, len(table.rows)) if any(table.rows[row]))
    possible = {row: "" if most is None else table.cell(row, most) for row in rows}
    return Gradebook(lms="moodle", table=table, column=grade, rows=rows, keys=found, most=possible)


def lateness(book: Gradebook, found: Match, due: datetime | None) -> Iterator[tuple[str, str]]:
    """Give each late student with how it is known: by the time if there is one due, else by the status.

    A time that says no zone is one of this machine's zone, in the worksheet as in `due`.
    """
    status, modified = (book.table.column(name) for name in ("Status", "Last modified (submission)"))
    for row, student in found.students.items():
        said = "" if status is None else book.table.cell(row, status)
        time = None if modified is None else moment(book.table.cell(row, modified))
        if due is not None and time is not None:
            if time.astimezone() > due.astimezone():
                yield student, f"handed in {time:%Y-%m-%d %H:%M}, due {due:%Y-%m-%d %H:%M}"
        elif late := re.search(r"\d.* late\b", said):
            yield student, f"Moodle says: {late[0]}"


def moment(text: str) -> datetime | None:
    """Read a time as Moodle writes it in English, or as ISO 8601.

    >>> moment("Monday, 30 November 2026, 11:59 PM")
    datetime.datetime(2026, 11, 30, 23, 59)
    """
    for form in TIMES:
        try:
            return datetime.strptime(text, form)  # whose spaces are any, also Moodle's narrow ones
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
