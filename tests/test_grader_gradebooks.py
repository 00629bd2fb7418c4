"""Canvas's gradebook and Moodle's worksheet: one column is filled in, and nobody is left out unsaid."""

import difflib
import re
from datetime import datetime

import pytest
from gradebooks import CANVAS, MOODLE, PEOPLE, SET, absent, entry

from grader.gradebooks.canvas import marked_late, read_canvas
from grader.gradebooks.filling import fill, sentences
from grader.gradebooks.moodle import lateness, moment, read_moodle
from grader.gradebooks.people import Person

TITLES = (SET.title, SET.name)
CLASS = (entry("ada", 4), entry("bob", 2), entry("eve", 1))


@pytest.fixture
def canvas(tmp_path):
    def read(text=CANVAS, column=None, encoding="utf-8"):
        path = tmp_path / "EXPORT.csv"
        path.write_bytes(text.encode(encoding))
        return read_canvas(path, TITLES, column)

    return read


@pytest.fixture
def moodle(tmp_path):
    def read(text=MOODLE):
        path = tmp_path / "WORKSHEET.csv"
        path.write_bytes(text.encode())
        return read_moodle(path)

    return read


def filled(book, of_class=CLASS, people=PEOPLE, overwrite=False):
    """Fill a gradebook; the sentences on it, without the file's name."""
    found = book.match(people)
    outcome = fill(book, found, of_class, overwrite=overwrite)
    placed = {*outcome.placed, *found.doubled}
    missing = [one.student for one in of_class if one.result and one.student not in placed]
    return [line.partition(": ")[2] for line in sentences(book, found, outcome, missing)]


def changed(before: str, book, encoding="utf-8"):
    """The lines that filling has changed, as they are now."""
    after = bytes(book.table).decode(encoding)
    lines = difflib.ndiff(before.splitlines(True), after.splitlines(True))
    return [line[2:].rstrip("\r\n") for line in lines if line.startswith("+ ")]


def test_the_sets_column_is_filled_in_and_nothing_else(canvas):
    book = canvas()

    filled(book)

    assert changed(CANVAS, book) == [
        '"Lovelace, Ada",901,u1,ada,"A, ""x""",7,4,"55.50"',
        '"Řehoř, Bob Æ.",902,u2,BOB,A,EX,"2",55.5',
        '"Stone, Eve",903,u3,eve,A,,1,',
    ]


def test_a_gradebook_that_holds_these_grades_stays_the_same_to_the_byte(canvas):
    book = canvas()
    filled(book)
    once = bytes(book.table).decode()

    again = canvas(once)
    filled(again)

    assert bytes(again.table) == once.encode()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_encoding_is_kept(canvas, encoding):
    book = canvas(encoding=encoding)

    filled(book)

    assert len(changed(CANVAS, book, encoding)) == 3


def test_a_file_of_windows_stays_one(canvas):
    text = CANVAS.replace("Ř", "Ö").replace("ř", "ö").replace(",", ";")
    book = canvas(text, encoding="cp1252")

    filled(book)

    assert len(changed(text, book, "cp1252")) == 3


def test_all_who_are_not_filled_in_are_named(canvas):
    of_class = (*CLASS[:2], entry("eve", status="unreadable"), absent("zoe"))

    said = filled(canvas(CANVAS.replace("u1,ada", "u1,lovelace")), of_class)

    assert said == [
        "Grades in column 'A small set (11)': 1, rows found by SIS Login ID.",
        "Without the points of written questions, which wait (1): bob.",
        "Rows without a submission, left as they are (2): Lovelace, Ada; Stone, Zoe.",
        "Handed in but not graded, left as they are (1): eve (unreadable).",
        "No row, kept in unmatched.csv (1): ada.",
    ]


def test_another_grade_is_kept_and_spoken_of(canvas):
    text = CANVAS.replace("A,EX,", "A,EX,1.5").replace('1.5"",', "1.5,")
    book = canvas(text)

    said = filled(book)

    assert (
        "Another grade stands there and was kept; --overwrite replaces it (1): bob has 1.5, graded 2." in said
    )
    assert "u2,BOB,A,EX,1.5,55.5" in bytes(book.table).decode()


def test_another_grade_is_replaced_where_that_is_asked(canvas):
    book = canvas(CANVAS.replace('EX,""', "EX,1.5"))

    filled(book, overwrite=True)

    assert "u2,BOB,A,EX,2,55.5" in bytes(book.table).decode()


@pytest.mark.parametrize("same", ["2", "2.0", "2.00", '"2"'])
def test_the_same_grade_is_left_as_it_is_written(canvas, same):
    book = canvas(CANVAS.replace('EX,""', f"EX,{same}"))

    said = filled(book)

    assert f"EX,{same}," in bytes(book.table).decode()
    assert not [line for line in said if "Another grade" in line]


def test_an_excuse_stays(canvas):
    said = filled(canvas(), CLASS)
    kept = filled(canvas(column="Homework"), CLASS)

    assert not [line for line in said if "bob has" in line]
    assert [line for line in kept if "bob has EX, graded" in line]


def test_two_rows_of_one_student_are_not_filled_in(canvas):
    text = CANVAS + '"Lovelace, Ada",905,u5,ada,B,,,\r\n'
    book = canvas(text)

    said = filled(book)

    assert "More than one row, none filled in (1): ada." in said
    assert not [line for line in changed(text, book) if "ada" in line]


def test_points_possible_of_its_own_scale_the_grades(canvas):
    book = canvas(CANVAS.replace("10,11,(read", "10,100,(read"))

    said = filled(book)

    assert "Scaled to the points that the file says are possible (1): from 11 to 100." in said
    assert 'u1,ada,"A, ""x""",7,36.36,' in bytes(book.table).decode()  # 4 of 11


def test_the_points_of_the_checks_alone_scale_nothing(canvas):
    book = canvas(CANVAS.replace("10,11,(read", "10,8,(read"))

    filled(book)

    assert ",7,4," in bytes(book.table).decode()


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("Homework (10)", 5),
        ("Homework", 5),
        ("home", 5),
        ("A small set", 6),
        (None, 6),
    ],
)
def test_a_column_is_found_by_its_name(canvas, column, found):
    assert canvas(column=column).column == found


def test_a_name_in_full_is_surer_than_one_that_begins_so(canvas):
    text = CANVAS.replace("A small set (11)", "Homework 1 (11)").replace("Homework (10)", "Homework 10 (10)")

    assert canvas(text, "Homework 1").column == 6


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (
            "Essay",
            r"no column that is 'Essay' or begins so: name one with --column. It has 'Homework \(10\)'",
        ),
        ("Section", "no column that is 'Section'"),
        ("Final Score", "no column that is 'Final Score'"),
    ],
)
def test_a_column_that_cannot_be_filled_in_is_refused_with_those_that_can(canvas, column, said):
    with pytest.raises(ValueError, match=said):
        canvas(column=column)


def test_two_columns_that_could_be_meant_are_listed(canvas):
    text = CANVAS.replace("Homework (10)", "A small set again (10)")

    with pytest.raises(ValueError, match=r"more than one column .* 'A small set again \(10\)', 'A small set"):
        canvas(text)


@pytest.mark.parametrize("text", [MOODLE, "name,grade\nada,1\n"])
def test_a_file_that_is_no_gradebook_is_refused(canvas, text):
    with pytest.raises(ValueError, match="no export of Canvas's gradebook"):
        canvas(text)


def test_a_row_that_breaks_off_is_refused_before_anything_is_graded(canvas):
    with pytest.raises(ValueError, match="row 9: 3 fields, and the first row has 8"):
        canvas(CANVAS + '"Stone, Max",905,u5\r\n')


FIRST_LAST = re.sub(
    r'^"(\w+), ([^"]+)"|^(    Points Possible|)(?=,)',
    r'"\1\3","\2"',
    CANVAS.replace("Student,ID", "LastName,FirstName,ID"),
    flags=re.MULTILINE,
)


@pytest.mark.parametrize(
    ("text", "by"),
    [
        (CANVAS.replace("SIS Login ID", "Integration ID"), "Student"),
        (FIRST_LAST, "SIS Login ID"),
        (FIRST_LAST.replace("SIS Login ID", "Integration ID"), "LastName and FirstName"),
    ],
    ids=["names", "logins and two names", "two names"],
)
def test_rows_are_found_by_what_there_is(canvas, text, by):
    book = canvas(text)

    found = book.match({name: PEOPLE[name] for name in ("ada", "eve", "zoe")})

    assert found.title == by
    assert sorted(found.students.values()) == ["ada", "eve", "zoe"]


def test_a_name_that_two_students_have_is_nobodys(canvas):
    people = {name: Person(name, name, "Ada Lovelace") for name in ("a1", "a2")}

    assert canvas().match(people).students == {}


def test_a_name_does_not_count_against_an_id(canvas):
    """Another Eve Stone, who is not in Canvas, does not get the row of her namesake."""
    people = PEOPLE | {"eve": Person("eve2", "eve2", "Eve Stone")}

    assert "eve2" not in canvas().match(people).students.values()


def test_an_id_of_one_student_and_a_name_of_another_are_told(canvas):
    said = filled(canvas(CANVAS.replace("u3,eve", "u3,x").replace("u4,zoe", "u4,eve")))

    assert "The id of one student and the name of another, not filled in (1): Stone, Zoe." in said
    assert "No row, kept in unmatched.csv (1): eve." in said


def test_ids_that_are_alike_by_chance_do_not_count_against_names(canvas):
    """Canvas's own number of Zoe's row is, by chance, Ada's number at the institution."""
    ids = range(904, 908)
    people = {f"s{n}": Person(f"s{n}", str(n), one.name) for n, one in zip(ids, PEOPLE.values(), strict=True)}

    found = canvas().match(people)

    assert found.title == "Student"
    assert list(found.students.values()) == ["s904", "s905", "s906", "s907"]


def test_without_a_roster_the_names_that_canvas_gives_to_files_are_known(canvas):
    found = canvas().match({"lovelaceada": Person("lovelaceada"), "stoneeve": Person("stoneeve")})

    assert sorted(found.students.values()) == ["lovelaceada", "stoneeve"]


def test_a_worksheet_is_filled_in_and_nothing_else(moodle):
    book = moodle()

    said = filled(book, CLASS[:2])

    assert [line.split(",")[4] for line in changed(MOODLE, book)] == ["4", "2"]
    assert said[0] == "Grades in column 'Grade': 2, rows found by Email address."
    assert "Rows without a submission, left as they are (1): Eve." in said


def test_a_worksheet_with_decimal_commas_gets_them(moodle):
    book = moodle(MOODLE.replace("11.00", '"100,00"'))

    said = filled(book, CLASS[:1])

    assert ',Submitted,"36,36","100,00",' in bytes(book.table).decode()
    assert "Scaled to the points that the file says are possible (1): from 11 to 100." in said


@pytest.mark.parametrize("text", [CANVAS, MOODLE.replace("Grade,", "Note,")])
def test_a_file_that_is_no_worksheet_is_refused(moodle, text):
    with pytest.raises(ValueError, match="no grading worksheet of Moodle's in English"):
        moodle(text)


def late(book, due):
    return dict(lateness(book, book.match(PEOPLE), due))


def test_moodles_own_word_says_who_is_late(moodle):
    assert late(moodle(), None) == {"bob": "Moodle says: 2 hours late"}


@pytest.mark.parametrize(
    ("due", "who"),
    [
        (datetime(2026, 11, 30, 23, 58), ["bob"]),
        (datetime(2026, 11, 30, 23, 57), ["ada", "bob"]),
        (datetime(2026, 12, 1, 2, 0), []),
    ],
)
def test_a_time_that_is_due_is_compared_with_the_worksheets(moodle, due, who):
    assert sorted(late(moodle(), due)) == who


def test_a_time_that_names_its_zone_is_the_same_moment(moodle):
    due = datetime(2026, 11, 30, 23, 57)

    assert late(moodle(), due.astimezone()).keys() == late(moodle(), due).keys() == {"ada", "bob"}


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("Monday, 30 November 2026, 11:58\u202fPM", datetime(2026, 11, 30, 23, 58)),
        ("30 November 2026, 23:58", datetime(2026, 11, 30, 23, 58)),
        ("2026-11-30 23:58", datetime(2026, 11, 30, 23, 58)),
        ("-", None),
        ("lunes, 30 de noviembre de 2026", None),
    ],
)
def test_a_time_is_read_as_moodle_writes_it(text, time):
    assert moment(text) == time


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("lovelaceada_LATE_1_2_x.ipynb", "marked late by Canvas"),
        ("class.zip/lovelaceada_LATE_1_2_x.ipynb", "marked late by Canvas"),
        ("lovelaceada_1_2_my_LATE_3_4_x.ipynb", ""),
        ("ada.ipynb", ""),
    ],
)
def test_canvas_says_in_the_files_name_who_is_late(path, said):
    assert marked_late(path) == said
