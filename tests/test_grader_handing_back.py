"""After grading, the same command hands grades on in every form, and grades nothing again."""

import csv
import io
import json

import pytest
from gradebooks import CANVAS, MOODLE, PEOPLE, entry
from grader_corpus.case import SET, cell, honest_cells, notebook
from grading import needs_sandbox

from grader import command
from grader.classbook import Entry
from grader.command import main
from grader.gradebooks.people import Person
from grader.gradebooks.plain import FIXED, grades_csv

pytestmark = needs_sandbox

WHOLE = notebook([cell(SET.setup), *honest_cells().values()])
FILES = {"ada.ipynb": WHOLE, "bob_LATE_1_2_work.ipynb": WHOLE, "eve.ipynb": b"%PDF"}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class that has been graded once, with nothing but grades."""
    folder = tmp_path_factory.mktemp("class")
    (folder / "submissions").mkdir()
    for name, content in FILES.items():
        (folder / "submissions" / name).write_bytes(content)
    record = {
        "set": "small_set:make",
        "seed": 0,
        "students": {name: vars(one) for name, one in PEOPLE.items()},
    }
    (folder / "assignment.json").write_text(json.dumps(record))
    assert run(folder) == 0
    return folder


def run(folder, *options):
    words = [str(folder / "submissions"), "--assignment", str(folder), "--out", str(folder / "grades")]
    return main([*words, "--jobs", "1", *options])


@pytest.fixture
def class_(graded, monkeypatch):
    """The class, with a grader that can grade nothing."""
    monkeypatch.setattr(command, "one_by_one", lambda jobs: iter(jobs and ["a job is left"]))
    yield graded
    (graded / "grades" / "written.csv").unlink(missing_ok=True)


@pytest.fixture
def export(graded):
    def write(text):
        path = graded / "EXPORT.csv"
        path.write_bytes(text.encode())
        return str(path)

    return write


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_plain_table_holds_the_whole_class(class_):
    run(class_)

    ada, bob, eve, zoe = rows(class_ / "grades" / "grades.csv")
    assert list(ada)[: len(FIXED)] == list(FIXED)
    assert (ada["score"], ada["points"], ada["waiting"], ada["softmax"], ada["why"]) == (
        "8",
        "8",
        "3",
        "2",
        "",
    )
    assert bob["late"] == "marked late by Canvas"
    assert (eve["status"], eve["score"]) == ("unreadable", "0")
    assert (zoe["status"], zoe["score"]) == ("nothing handed in", "")


def test_every_gradebook_is_filled_in_from_the_results_that_are_stored(class_, export, capsys):
    canvas = export(CANVAS)
    (class_ / "WORKSHEET.csv").write_text(MOODLE + "Participant 4,Zoe,zoe@example.org,1 day late,,11.00,-,\n")

    code = run(class_, "--canvas", canvas, "--moodle", str(class_ / "WORKSHEET.csv"), "--gradescope")

    said = capsys.readouterr().out
    assert code == 0
    assert "3 of 3 were graded before." in said
    assert "canvas.csv: Grades in column 'A small set (11)': 2, rows found by SIS Login ID." in said
    assert "canvas.csv: Handed in but not graded, left as they are (1): eve (unreadable)." in said
    assert "Late, with no points taken (1): bob (Moodle says: 2 hours late)." in said
    assert ',7,8,"55.50"' in (class_ / "grades" / "canvas.csv").read_text("utf-8")
    assert ",Submitted,8,11.00," in (class_ / "grades" / "moodle.csv").read_text("utf-8")
    assert json.loads((class_ / "grades" / "gradescope" / "ada.json").read_text())["score"] == 8


def test_who_has_no_row_is_kept(class_, export):
    run(class_, "--canvas", export(CANVAS.replace("BOB", "robert")))

    assert [
        (one["gradebook"], one["student"], one["score"]) for one in rows(class_ / "grades/unmatched.csv")
    ] == [("canvas", "bob", "7")]


def test_written_points_go_into_the_scores_the_page_and_the_gradebook(class_, export):
    (class_ / "grades" / "written.csv").write_text("student,name,why\nada,Ada,2.5\n")

    run(class_, "--canvas", export(CANVAS))

    ada, bob, *_ = rows(class_ / "grades" / "grades.csv")
    assert (ada["score"], ada["points"], ada["why"]) == ("10.5", "11", "2.5")
    assert (bob["points"], bob["waiting"]) == ("8", "3")
    assert "2.5 of 3 points" in (class_ / "grades" / "feedback" / "ada.html").read_text("utf-8")
    assert ',7,10.5,"55.50"' in (class_ / "grades" / "canvas.csv").read_text("utf-8")


def test_written_points_of_a_student_who_is_not_there_are_spoken_of(class_, tmp_path, capsys):
    points = tmp_path / "POINTS.csv"
    points.write_text("student,why\nzoe,2\n")

    run(class_, "--written", str(points))

    assert "Points for written questions, but nothing handed in (1): zoe." in capsys.readouterr().out
    assert points.read_text() == "student,why\nzoe,2\n"


def test_the_report_holds_what_is_said(class_, export):
    run(class_, "--canvas", export(CANVAS))

    report = (class_ / "grades" / "report.html").read_text("utf-8")
    assert "eve, unreadable: This file is not a notebook" in report
    assert "rows found by SIS Login ID" in report


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--canvas", "nowhere.csv"], "nowhere.csv cannot be read"),
        (["--canvas", "EXPORT.csv", "--column", "Essay"], "name one with --column"),
        (["--moodle", "EXPORT.csv"], "no grading worksheet of Moodle's"),
        (["--due", "2026-11-30T23:59"], "--due needs the times of a worksheet"),
        (["--written", "POINTS.csv"], "'mallory' is no student of this assignment"),
        (["--canvas", "grades/canvas.csv"], "would be written over itself"),
    ],
)
def test_what_cannot_be_handed_on_is_said_before_anything_is_written(
    class_, export, monkeypatch, capsys, options, said
):
    export(CANVAS)
    (class_ / "POINTS.csv").write_text("student,why\nmallory,2\n")
    (class_ / "grades" / "canvas.csv").write_text(CANVAS)
    monkeypatch.chdir(class_)
    before = (class_ / "grades" / "grades.json").stat().st_mtime_ns

    assert run(class_, *options) == 2
    assert said in capsys.readouterr().err
    assert (class_ / "grades" / "grades.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("due", ["30.11.2026", "2026-11-30", "soon"])
def test_a_day_without_a_time_is_not_taken_for_midnight(class_, capsys, due):
    with pytest.raises(SystemExit):
        run(class_, "--due", due)

    assert "is no day and time: write it as 2026-11-30T23:59" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1"])
def test_no_spreadsheet_computes_a_name(name):
    of_class = [Entry(person=Person("ada", "ada", name, name))]

    _, (_, shown, address, *_) = csv.reader(io.StringIO(grades_csv(of_class, ["why"]), newline=""))

    assert shown == address == f"'{name}"


def test_numbers_stay_numbers():
    assert "ada,Ada Lovelace,ada@example.org,graded,4,8,3,,," in grades_csv([entry("ada")], ["why"])
