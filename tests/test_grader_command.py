"""The command `grade`: it goes on where it was, and says in one sentence what keeps it from grading."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from grader_corpus.case import CANARY, SET, cell, honest_cells, notebook
from grading import needs_sandbox

from grader import command
from grader.command import main

ROOT = Path(__file__).parents[1]
WHOLE = notebook([cell(SET.setup), *honest_cells().values()])
SLOW = notebook([cell("while True: pass"), cell(SET.setup), *honest_cells().values()])


@pytest.fixture
def class_(tmp_path):
    folder = tmp_path / "submissions"
    folder.mkdir()
    for student in ("ada", "bob", "eve"):
        (folder / f"{student}.ipynb").write_bytes(WHOLE)
    return folder


@pytest.fixture
def grade(class_, tmp_path):
    def run(*options, submissions=class_):
        return main([str(submissions), "--out", str(tmp_path / "grades"), "--jobs", "1", *options])

    return run


@pytest.fixture
def grades(tmp_path):
    def read():
        return json.loads((tmp_path / "grades" / "grades.json").read_text("utf-8"))

    return read


OURS = ("--set", "small_set:make")


@needs_sandbox
def test_a_class_gets_its_grades_and_its_pages(grade, grades, tmp_path):
    code = grade(*OURS)

    assert code == 0
    assert [(one["student"], one["score"]) for one in grades()] == [("ada", 8), ("bob", 7), ("eve", 7)]
    assert {path.name for path in (tmp_path / "grades" / "feedback").iterdir()} == {
        f"{student}.{kind}" for student in ("ada", "bob", "eve") for kind in ("md", "html")
    }


@needs_sandbox
def test_what_is_graded_is_not_graded_again(grade, grades, monkeypatch, capsys):
    grade(*OURS)
    before = grades()
    monkeypatch.setattr(command, "one_by_one", lambda jobs: iter(jobs and ["a job is left"]))

    grade(*OURS)

    assert grades() == before
    assert "3 of 3 were graded before." in capsys.readouterr().out


@needs_sandbox
def test_only_what_has_changed_is_graded_again(grade, class_, capsys):
    grade(*OURS)
    (class_ / "bob.ipynb").write_bytes(WHOLE.replace(b"np.exp", b"np.exp2"))

    grade(*OURS)

    assert "2 of 3 were graded before." in capsys.readouterr().out


@needs_sandbox
def test_a_result_that_is_damaged_is_made_again(grade, grades, tmp_path):
    grade(*OURS)
    before = grades()
    damaged = next((tmp_path / "grades" / "results").iterdir())
    damaged.write_text(damaged.read_text("utf-8")[:40])

    grade(*OURS)

    assert grades() == before


@needs_sandbox
@pytest.mark.slow
def test_an_interrupted_batch_goes_on_and_leaves_no_process(class_, tmp_path, grade, capsys):
    (class_ / "zoe.ipynb").write_bytes(SLOW)
    words = [
        str(class_),
        "--out",
        str(tmp_path / "grades"),
        *OURS,
        "--jobs",
        "2",
        "--seconds",
        "600",
        "--total",
        "900",
    ]
    start = "import sys; from grader.command import main; sys.exit(main(sys.argv[1:]))"
    process = subprocess.Popen(
        [sys.executable, "-c", start, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
    )
    done = tmp_path / "grades" / "results"
    while not (done.is_dir() and len(list(done.glob("*.json"))) == 3):
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)  # returns when the last process that holds the pipe has ended

    (class_ / "zoe.ipynb").unlink()
    grade(*OURS, "--seconds", "600", "--total", "900")

    assert "3 of 3 were graded before." in capsys.readouterr().out


@needs_sandbox
def test_a_stray_or_broken_file_is_spoken_of_and_the_rest_is_graded(grade, grades, class_, capsys):
    (class_ / "bob.ipynb").write_bytes(b"%PDF")
    (class_ / "eve").mkdir()
    (class_ / "eve" / "two.ipynb").write_bytes(WHOLE)

    grade(*OURS)

    assert [one["status"] for one in grades()] == ["graded", "unreadable", "unreadable"]
    said = capsys.readouterr().out
    assert "bob: This file is not a notebook" in said
    assert "eve: There are 2 notebooks" in said


@needs_sandbox
def test_the_folder_of_assign_gives_set_seed_and_students(grade, grades, class_, tmp_path, capsys):
    made = tmp_path / "made"
    made.mkdir()
    students = {name: {"id": name, "name": "", "email": ""} for name in ("ada", "zoe")}
    record = {"set": "small_set:make", "seed": 5, "students": students}
    (made / "assignment.json").write_text(json.dumps(record))

    code = grade("--assignment", str(made))

    assert code == 1
    assert [(one["student"], one["score"]) for one in grades()] == [("ada", 7)]
    said = capsys.readouterr().out
    assert "bob.ipynb belongs to no student of the roster" in said
    assert "1 students have handed in nothing: zoe." in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Name the problem set with --set"),
        (["--set", "no_such_set"], "There is no problem set 'no_such_set'"),
        (["--set", "json:no_such_function"], "There is no problem set"),
        (["--set", ""], "There is no problem set"),
        (["--assignment", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_begin_says_why(grade, capsys, options, said):
    assert grade(*options) == 2
    assert said in capsys.readouterr().err


def test_an_empty_folder_is_spoken_of(grade, tmp_path, capsys):
    (tmp_path / "empty").mkdir()

    assert grade(*OURS, submissions=tmp_path / "empty") == 2
    assert "holds no submission: expected STUDENT.ipynb" in capsys.readouterr().err


def test_a_folder_that_is_none_is_spoken_of(grade, capsys):
    assert grade(*OURS, submissions=CANARY / "nowhere") == 2
    assert "is no folder and no zip" in capsys.readouterr().err


def test_an_interruption_says_how_to_go_on(grade, monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "run", interrupted)

    assert grade(*OURS) == 130
    assert "Run the same command to go on" in capsys.readouterr().err
