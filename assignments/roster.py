"""Reading ROSTER.csv: who gets a problem set. A roster that cannot be trusted is refused whole."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from transformer_lib.shapes import InputError

CANVAS = "sis_login_id"  # in Canvas's exports `student` is a name
ID_COLUMNS = (CANVAS, "student", "student_id", "studentid", "id", "sid", "login", "username")
NAME_COLUMNS = ("name", "full_name", "student_name", "display_name")
EMAIL_COLUMNS = ("email", "e-mail", "email_address", "mail")
DELIMITERS = (",", ";", "\t")
NOBODY = {"", "points possible", "student, test", "test student", "test, student"}  # rows of Canvas's
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


@dataclass(frozen=True)
class Student:
    """One line of a roster."""

    id: str
    name: str = ""
    email: str = ""

    @property
    def file_name(self) -> str:
        """The id as the name of a file, without an ending."""
        return safe(self.id)


def read_roster(path: Path) -> list[Student]:
    """Read a roster, in its own order.

    A CSV file in UTF-8, with or without a byte-order mark, with commas, semicolons or tabs. Its first
    line names the columns: `student` (or `id`, `sid`, `login`), and if there are any `name` and `email`.
    The gradebook that Canvas exports is a roster too.

    Raises
    ------
    InputError
        No such file, not UTF-8, no column of ids, an empty or a double id, two ids that would give one
        file name. The sentence names the line.
    """
    lines = _decoded(path).splitlines()
    if not any(line.strip() for line in lines):
        raise InputError(f"{path} is empty: give a line of column names, then a line for each student.")
    rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=_delimiter(lines[0]), strict=True)
    try:
        header = [_plain(name) for name in next(rows)]
        students = [
            (rows.line_num, _student(path, rows.line_num, header, row))
            for row in rows
            if any(row) and not _is_nobody(header, row)
        ]
    except csv.Error as error:
        raise InputError(f"{path}, line {rows.line_num}: {error}. Export the roster anew as CSV.") from None
    _check_unique(path, students)
    if not students:
        raise InputError(f"{path} names no student: give a line for each below the column names.")
    return [student for _, student in students]


def safe(student_id: str) -> str:
    """Make a file name of an id: letters without accents, digits, and - _ . alone.

    >>> safe("Zoë Ångström/7"), safe("..")
    ('Zoe-Angstrom-7', 'student')
    """
    plain = unicodedata.normalize("NFKD", student_id).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-.")[:80]
    return f"student-{name}" if name.lower().partition(".")[0] in _RESERVED else name or "student"


def _decoded(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}, line {line}: byte {raw[error.start]:#04x} is not UTF-8. "
            "Save the roster as CSV UTF-8; in Excel that is a file type of its own."
        ) from None


def _delimiter(header: str) -> str:
    return max(DELIMITERS, key=header.count)


def _plain(name: str) -> str:
    return re.sub(r"\s+", "_", name.strip().lower())


def _is_nobody(header: Sequence[str], row: Sequence[str]) -> bool:
    """Tell Canvas's rows on points and policies, and its test student, from students."""
    named = dict(zip(header, row, strict=False)).get("student", "")
    return CANVAS in header and named.strip().casefold() in NOBODY


def _student(path: Path, line: int, header: Sequence[str], row: Sequence[str]) -> Student:
    if len(row) != len(header):
        raise InputError(
            f"{path}, line {line}: {len(row)} fields, and the first line has {len(header)}. "
            "Put a field that holds a delimiter in quotes."
        )
    fields = {
        name: unicodedata.normalize("NFC", field.strip()) for name, field in zip(header, row, strict=True)
    }
    id_column = _first(header, ID_COLUMNS)
    if id_column is None:
        raise InputError(
            f"{path}, line 1: no column of ids. Name one of them `student`; there are {list(header)}."
        )
    if not fields[id_column]:
        raise InputError(f"{path}, line {line}: the {id_column} is empty. Give each student an id.")
    name, email = (fields.get(_first(header, columns) or "", "") for columns in (NAME_COLUMNS, EMAIL_COLUMNS))
    if id_column == CANVAS and not name:
        last, _, first = fields.get("student", "").partition(", ")
        name = f"{first} {last}".strip()
    return Student(fields[id_column], name, email)


def _first(header: Iterable[str], known: Sequence[str]) -> str | None:
    return next((name for name in known if name in header), None)


def _check_unique(path: Path, students: Sequence[tuple[int, Student]]) -> None:
    """Ids are compared as the numbers' hash and the file systems do: capitals do not count."""
    seen: dict[str, tuple[int, Student]] = {}
    for line, student in students:
        before, other = seen.setdefault(student.file_name.casefold(), (line, student))
        if before == line:
            continue
        if other.id.casefold() == student.id.casefold():
            raise InputError(
                f"{path}, line {line}: {student.id!r} stands in line {before} too. Keep one of them."
            )
        raise InputError(
            f"{path}, line {line}: {student.id!r} and {other.id!r} of line {before} would both be "
            f"{student.file_name}.ipynb. Change one id."
        )
