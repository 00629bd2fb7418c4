"""The command `assign`: all files of an assignment, the same each time, or none."""

import json
from pathlib import Path

import nbformat
import pytest

from assignments import SETS
from assignments.assign import main

ROSTER = "student,name\nada,Ada Lovelace\nZoë,Zoë Ångström\n"


@pytest.fixture
def roster(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_text(ROSTER, "utf-8")
    return path


def run(roster, out, name="by_hand", seed="7"):
    return main([name, "--roster", str(roster), "--seed", seed, "--out", str(out)])


def contents(folder: Path):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("name", SETS)
def test_every_student_gets_a_notebook_and_a_key(roster, tmp_path, name):
    assert run(roster, tmp_path / "out", name) == 0

    assert set(contents(tmp_path / "out")) == {
        f"{name}/ada.ipynb",
        f"{name}/Zoe.ipynb",
        "keys/ada.ipynb",
        "keys/Zoe.ipynb",
        "keys/keys.json",
        "assignment.json",
        "gradescope.zip",
        f"otter/{name}.ipynb",
    }


def test_the_same_seed_gives_the_same_bytes(roster, tmp_path):
    run(roster, tmp_path / "one")
    run(roster, tmp_path / "two")

    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_gives_other_notebooks(roster, tmp_path):
    run(roster, tmp_path / "one")
    run(roster, tmp_path / "two", seed="8")

    notebook = "by_hand/ada.ipynb"
    assert contents(tmp_path / "one")[notebook] != contents(tmp_path / "two")[notebook]


def test_the_record_is_enough_to_make_a_set_again(roster, tmp_path):
    run(roster, tmp_path / "out")
    record = json.loads((tmp_path / "out/assignment.json").read_text("utf-8"))
    key = json.loads((tmp_path / "out/keys/keys.json").read_text("utf-8"))

    again = SETS[record["set"]]("Zoe", record["seed"])

    assert record["students"]["Zoe"] == {"id": "Zoë", "name": "Zoë Ångström", "email": ""}
    assert {q.id: q.solution for q in again.questions} == {
        id: one["solution"] for id, one in key["Zoe"].items()
    }


def test_a_notebooks_claim_is_its_file_name(roster, tmp_path):
    run(roster, tmp_path / "out")

    notebook = nbformat.read(tmp_path / "out/by_hand/Zoe.ipynb", as_version=4)

    assert notebook["metadata"]["course"]["student"] == "Zoe"


def test_a_bad_roster_writes_nothing(roster, tmp_path, capsys):
    roster.write_text(ROSTER + "ada,Again\n", "utf-8")

    assert run(roster, tmp_path / "out") == 2

    assert not (tmp_path / "out").exists()
    assert "line 4: 'ada' stands in line 2 too" in capsys.readouterr().err


def test_another_assignment_is_not_overwritten(roster, tmp_path, capsys):
    run(roster, tmp_path / "out")
    before = contents(tmp_path / "out")

    assert run(roster, tmp_path / "out", seed="8") == 2

    assert contents(tmp_path / "out") == before
    assert "holds another assignment" in capsys.readouterr().err


def test_running_it_again_changes_nothing(roster, tmp_path):
    run(roster, tmp_path / "out")
    before = contents(tmp_path / "out")

    assert run(roster, tmp_path / "out") == 0
    assert contents(tmp_path / "out") == before


def test_help_says_what_is_written_and_what_to_keep(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])

    said = capsys.readouterr().out
    assert "gradescope.zip" in said
    assert "Keep the seed, the keys" in said
