"""Rosters as spreadsheets and LMSs export them; a bad one is refused, and its line is named."""

import pytest

from assignments.roster import Student, read_roster, safe
from transformer_lib.shapes import InputError

ADA, ZOE = Student("ada", "Ada Lovelace"), Student("zoë", "Zoë Ångström")
LINES = "student,name\nada,Ada Lovelace\nzoë,Zoë Ångström\n"


def roster(folder, content):
    path = folder / "roster.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        LINES,
        b"\xef\xbb\xbf" + LINES.encode(),
        LINES.replace(",", ";"),
        LINES.replace(",", "\t"),
        LINES.replace("\n", "\r\n"),
        LINES.replace("student,name", " Student ,NAME"),
        LINES + "\n\n",
        'student,name\n"ada","Ada Lovelace"\n"zoë","Zoë Ångström"',
        LINES.replace("ë", "e\u0308").replace("Å", "A\u030a").replace("ö", "o\u0308"),
    ],
    ids=["plain", "BOM", "semicolons", "tabs", "Windows", "capitals", "blank lines", "quotes", "combining"],
)
def test_a_roster_is_read_however_it_was_exported(tmp_path, content):
    assert read_roster(roster(tmp_path, content)) == [ADA, ZOE]


def test_a_gradebook_of_canvas_is_a_roster_without_its_points_and_its_test_student(tmp_path):
    path = roster(
        tmp_path,
        "Student,ID,SIS User ID,SIS Login ID,Section,By hand (12)\n"
        ",,,,,Manual Posting\n"
        "    Points Possible,,,,,26\n"
        '"Lovelace, Ada",17,u17,ada,A,\n'
        '"Ångström, Zoë",18,u18,zoë,A,\n'
        '"Student, Test",99,,5f3c,A,\n',
    )

    assert read_roster(path) == [ADA, ZOE]


def test_an_address_is_read_where_there_is_one(tmp_path):
    path = roster(tmp_path, 'Name,SID,Email\n"Lovelace, Ada",7,ada@example.org\n')

    assert read_roster(path) == [Student("7", "Lovelace, Ada", "ada@example.org")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("student,name\n", "names no student"),
        ("number,name\n1,Ada\n", "line 1: no column of ids"),
        ("student,name\nada,Ada\nbob\n", "line 3: 1 fields, and the first line has 2"),
        ("student,name\nada,Lovelace, Ada\n", "line 2: 3 fields"),
        ("student,name\nada,Ada\n ,Bob\n", "line 3: the student is empty"),
        ("student\nada\nbob\nAda\n", "line 4: 'Ada' stands in line 2 too"),
        ("student\nzoë\nzoe\n", "line 3: 'zoe' and 'zoë' of line 2 would both be zoe.ipynb"),
        ("student\na/b\na b\n", "would both be a-b.ipynb"),
        ('student\n"ada\n', "line 2: "),
        ("student,name\nada,Ada\nzoë,Zoë\n".encode("latin-1"), r"line 3: byte 0xeb is not UTF-8"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value[-40:],
)
def test_a_bad_roster_is_refused_and_its_line_named(tmp_path, content, said):
    with pytest.raises(InputError, match=said):
        read_roster(roster(tmp_path, content))


def test_a_missing_roster_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_roster(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("student_id", "name"),
    [
        ("ada", "ada"),
        ("../../etc/passwd", "etc-passwd"),
        ("Zoë Ångström", "Zoe-Angstrom"),
        ("CON", "student-CON"),
        (".hidden", "hidden"),
        ("学生", "student"),
        ("a" * 300, "a" * 80),
    ],
)
def test_an_id_becomes_a_safe_file_name(student_id, name):
    assert safe(student_id) == name
