"""Fill a gradebook's one column: a grade that stands there stays, and whoever is left out is named."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.classbook import Entry
from grader.gradebooks.people import Key, Match, Person, match
from grader.gradebooks.table import Table

EMPTY = ("", "-")


@dataclass(frozen=True, kw_only=True)
class Gradebook:
    """A file of an LMS, and where in it grades and students stand."""

    lms: str  # the filled file's name
    table: Table
    column: int
    rows: tuple[int, ...]  # of students
    keys: tuple[Key, ...]
    most: Mapping[int, str]  # the points possible, as each row's file says

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(self.table.rows[row]) <= self.column:
                raise ValueError(
                    f"{self.table.name}, row {row + 1}: {len(self.table.rows[row])} fields, and the first "
                    f"row has {len(self.table.columns)}. Export the file anew."
                )

    def match(self, people: Mapping[str, Person]) -> Match:
        """Find whose each row is."""
        return match(self.table, self.rows, self.keys, people)

    def label(self, row: int) -> str:
        """Name a row for a person who looks for it."""
        return self.keys[-1].value(self.table, row) or f"row {row + 1}"


@dataclass
class Outcome:
    """What became of each row and each grade."""

    entered: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # another grade stood there
    without: list[str] = field(default_factory=list)  # rows with no submission
    ungraded: list[str] = field(default_factory=list)  # rows whose submission has no grade
    waiting: list[str] = field(default_factory=list)  # entered without the points of written questions
    scaled: set[str] = field(default_factory=set)
    placed: set[str] = field(default_factory=set)  # students with a row of their own


def fill(book: Gradebook, found: Match, entries: Sequence[Entry], *, overwrite: bool) -> Outcome:
    """Put each student's grade into the student's row."""
    of_class = {entry.student: entry for entry in entries}
    outcome = Outcome()
    for row in book.rows:
        student = found.students.get(row)
        entry = of_class.get(student) if student is not None else None
        if row in found.disputed:
            continue
        if entry is None or entry.result is None:
            outcome.without.append(book.label(row))
        elif entry.student not in found.doubled:
            _fill_row(book, row, entry, outcome, overwrite=overwrite)
    return outcome


def _fill_row(book: Gradebook, row: int, entry: Entry, outcome: Outcome, *, overwrite: bool) -> None:
    outcome.placed.add(entry.student)
    if not entry.graded or entry.result is None:
        outcome.ungraded.append(f"{entry.student} ({entry.status})")
        return
    before, grade = book.table.cell(row, book.column), _grade(entry, book.most.get(row, ""), outcome)
    if number(before) != number(grade):
        if before not in EMPTY and not overwrite:
            outcome.kept.append(f"{entry.student} has {before}, graded {grade}")
            return
        book.table.fill(row, book.column, grade)
    outcome.entered.append(entry.student)
    if entry.waiting:
        outcome.waiting.append(entry.student)


def _grade(entry: Entry, possible: str, outcome: Outcome) -> str:
    """Write a score as the gradebook counts it: of its own points, with its own decimal mark."""
    assert entry.result is not None
    score, most = entry.result["score"], number(possible)
    if most and most not in (entry.total, entry.result["points"]):
        score *= most / entry.total
        outcome.scaled.add(f"from {entry.total:g} to {most:g}")
    text = f"{round(score, 2):g}" if score < 1000 else f"{score:.0f}"
    return text.replace(".", ",") if re.search(r"\d,\d+$", possible) else text


def number(text: str) -> float | None:
    """Read a number as gradebooks write it, to two decimals; else give None.

    >>> number("7,50"), number("1,234.5"), number("EX")
    (7.5, 1234.5, None)
    """
    plain = text.replace(",", "") if "." in text else text.replace(",", ".")
    return round(float(plain), 2) if re.fullmatch(r"-?\d+(\.\d*)?", plain) else None


def sentences(book: Gradebook, found: Match, outcome: Outcome, missing: Sequence[str]) -> list[str]:
    """Say what was entered, and name all who were not."""
    column, entered = book.table.columns[book.column], len(outcome.entered)
    said = {
        "Scaled to the points that the file says are possible": sorted(outcome.scaled),
        "Without the points of written questions, which wait": outcome.waiting,
        "Another grade stands there and was kept; --overwrite replaces it": outcome.kept,
        "Rows without a submission, left as they are": outcome.without,
        "Handed in but not graded, left as they are": outcome.ungraded,
        "More than one row, none filled in": found.doubled,
        "The id of one student and the name of another, not filled in": [*map(book.label, found.disputed)],
        "No row, kept in unmatched.csv": missing,
    }
    first = f"Grades in column {column!r}: {entered}, rows found by {found.title}."
    return [f"{book.lms}.csv: {line}" for line in (first, *named(said))]


def named(said: Mapping[str, Sequence[str]]) -> list[str]:
    """Make a sentence of each list that names anybody.

    >>> named({"Late": ["ada", "Turing, Alan"], "Lost": []})
    ['Late (2): ada; Turing, Alan.']
    """
    return [f"{what} ({len(who)}): {'; '.join(who)}." for what, who in said.items() if who]
