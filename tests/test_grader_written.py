"""Written questions: a table is offered, filled in by a person, checked, and added to the results."""

import pytest
from gradebooks import PEOPLE, SET, absent, entry, graded

from grader.classbook import Entry
from grader.feedback import markdown
from grader.gradebooks.people import Person
from grader.written import offer, read_points, with_points

CLASS = (entry("ada"), entry("bob"), entry("eve", status="unreadable"), absent("zoe"))
TEMPLATE = "\ufeffstudent,name,why\r\nada,Ada Lovelace,\r\nbob,Bob Æ. Řehoř,\r\n"


@pytest.fixture
def table(tmp_path):
    return tmp_path / "written.csv"


def points(table, text, encoding="utf-8"):
    table.write_bytes(text.encode(encoding))
    return read_points(table, SET, PEOPLE)


def test_a_table_is_offered_with_a_line_for_each_who_has_handed_in(table):
    said = offer(table, CLASS, SET)

    assert table.read_bytes().decode() == TEMPLATE
    assert said == []


def test_a_table_without_points_follows_the_class(table):
    offer(table, CLASS[:1], SET)

    offer(table, CLASS, SET)

    assert table.read_bytes().decode() == TEMPLATE


@pytest.mark.parametrize(
    "text",
    ["student,name,why\nada,Ada,2\n", "student,why\nada,\n", "student;name;why\nada;;?\n"],
    ids=["points", "other columns", "a remark"],
)
def test_a_table_that_somebody_has_worked_on_is_never_written_over(table, text):
    table.write_text(text)

    said = offer(table, CLASS, SET)

    assert table.read_text() == text
    assert said == [f"{table} has no line for bob: add one for each."]


def test_a_table_as_it_is_offered_gives_no_points(table):
    assert points(table, TEMPLATE) == {"ada": {}, "bob": {}}


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("student,name,why\nada,Ada,2.5\n,,\nbob,Bob,0\n", "utf-8"),
        ("student;name;why\r\nada;Ada;2,5\r\nbob;Bób;0\r\n", "cp1252"),
        ("why\tstudent\n2.50\tada\n0\tbob\n", "utf-16"),
    ],
)
def test_points_are_read_as_spreadsheets_write_them(table, text, encoding):
    assert points(table, text, encoding) == {"ada": {"why": 2.5}, "bob": {"why": 0}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("student,why\nmallory,1\n", "row 2: 'mallory' is no student of this assignment"),
        ("student,why\nada,1\nada,2\n", "row 3: 'ada' stands there twice"),
        ("student,why,total\nada,1,1\n", "of why; 'total' is none of them"),
        ("student,why,why\nada,1,1\n", "'why' is none of them, or there twice"),
        ("name,why\nada,1\n", "the column student is missing"),
        ("student,why\nada,4\n", "row 2: '4' for why, which has 0 to 3. Nothing was written."),
        ("student,why\nada,-1\n", "'-1' for why, which has 0 to 3"),
        ("student,why\nada,good\n", "'good' for why"),
        ("student,why\nada,nan\n", "'nan' for why"),
        ("", "is empty"),
    ],
)
def test_points_that_cannot_be_are_refused_in_a_sentence(table, text, said):
    with pytest.raises(ValueError, match=said):
        points(table, text)


def test_a_student_whose_name_a_spreadsheet_would_compute_gets_points(table):
    odd = Entry(person=Person("=1"), result=graded("=1"))
    offer(table, [odd], SET)
    table.write_text(table.read_text("utf-8").rstrip() + "2\n")

    assert read_points(table, SET, ["=1"]) == {"=1": {"why": 2}}
    assert offer(table, [odd], SET) == []


def test_points_are_added_to_the_score():
    before = graded("ada", 4)

    after = with_points(before, {"why": 2.5})

    assert (before["score"], before["points"], before["questions"]["why"]["score"]) == (4, 8, None)
    assert (after["score"], after["points"], after["questions"]["why"]["score"]) == (6.5, 11, 2.5)


def test_without_points_a_result_stays_the_same():
    assert with_points(graded("ada"), {}) == graded("ada")


def test_no_points_for_an_answer_are_not_the_same_as_an_answer_that_waits():
    assert with_points(graded("ada", 4), {"why": 0})["points"] == 11


def test_the_students_page_shows_the_points():
    page = markdown(with_points(graded("ada", 4), {"why": 2.0}), SET)

    assert "**6 of 11 points** from the checks and your instructor." in page
    assert "Your instructor has read this one: 2 of 3 points." in page
