"""One variant as otter-assign's source; `otter assign` itself is run where otter is installed."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from classroom import SEED, SETS, solved

from assignments.notebook import as_text
from assignments.otter import VARIANT, expect, source_notebook

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", SETS)
def test_the_source_is_valid_and_the_same_each_time(name):
    text = as_text(source_notebook(name, SEED))

    nbformat.validate(nbformat.reads(text, as_version=4))
    assert text == as_text(source_notebook(name, SEED))


@pytest.mark.parametrize("name", SETS)
def test_what_is_begun_is_ended(name):
    raw = [
        cell["source"].splitlines()[0]
        for cell in source_notebook(name, SEED)["cells"]
        if cell["cell_type"] == "raw"
    ]

    counts = [
        (raw.count(f"# BEGIN {what}"), raw.count(f"# END {what}"))
        for what in ("QUESTION", "SOLUTION", "TESTS")
    ]

    assert all(begun == ended > 0 for begun, ended in counts)


def test_a_test_passes_the_key_and_names_a_mistake():
    made = SETS["by_hand"](VARIANT, SEED)
    mistake = made.coded[0].checks[0].mistakes[0]

    expect("by_hand", SEED, "scores", 0, solved(made)["scores"])
    with pytest.raises(AssertionError, match="position 1 asks"):
        expect("by_hand", SEED, "scores", 0, mistake.answer)


def test_a_test_tells_nothing_of_other_wrong_answers():
    with pytest.raises(AssertionError, match="This is not the answer asked for"):
        expect("by_hand", SEED, "scores", 0, [90, 91, 92, 93])


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("otter") is None, reason="otter-grader is not installed")
@pytest.mark.parametrize("name", ["by_hand", "multi_head", "build_transformer"])
def test_otter_assign_accepts_the_source(tmp_path, name):
    source = tmp_path / f"{name}.ipynb"
    source.write_text(as_text(source_notebook(name, SEED)), "utf-8")
    program = shutil.which("otter", path=Path(sys.executable).parent)

    command = [program, "assign", str(source), str(tmp_path / "out")]
    subprocess.run(command, check=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})

    student = (tmp_path / "out/student" / f"{name}.ipynb").read_text("utf-8")
    assert "expect(" not in student
    assert list((tmp_path / "out/autograder").glob("*.zip"))
