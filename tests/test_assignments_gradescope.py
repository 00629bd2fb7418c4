"""Gradescope's autograder: a zip that holds all it needs, and what runs in the container."""

import ast
import io
import json
import subprocess
import sys
import zipfile

import pytest

from assignments.gradescope import autograder_zip, container
from assignments.gradescope.container import NotGradedError, main, notebook, results, whose

RECORD = {
    "set": "by_hand",
    "seed": 7,
    "students": {
        "ada": {"id": "ada", "name": "Ada", "email": "Ada@example.org"},
        "Zoe": {"id": "Zoë", "name": "", "email": ""},
    },
}
GRADE = {
    "score": 3,
    "points": 5,
    "notes": ["Code cell 4 raises NameError."],
    "questions": {
        "scores": {
            "score": 3,
            "points": 5,
            "checks": [
                {"name": "all", "score": 3, "points": 3, "status": "right", "sentence": "Yes."},
                {"name": "more", "score": 0, "points": 2, "status": "wrong numbers", "sentence": "No."},
            ],
        },
        "why": {"score": None, "points": 4, "checks": []},
    },
}


MODULES = {"markdown_it": "markdown_it_py"}  # the package of a module of another name


@pytest.fixture
def archive():
    return zipfile.ZipFile(io.BytesIO(autograder_zip(json.dumps(RECORD).encode())))


def test_the_zip_is_the_same_each_time():
    assert autograder_zip(b"{}") == autograder_zip(b"{}")


def test_the_zip_holds_scripts_that_can_be_run(archive):
    modes = {name: archive.getinfo(name).external_attr >> 16 for name in ("setup.sh", "run_autograder")}

    assert modes == {"setup.sh": 0o100755, "run_autograder": 0o100755}
    assert archive.namelist() == sorted(archive.namelist())
    assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("script", ["setup.sh", "run_autograder"])
def test_scripts_are_bash_that_parses(archive, script):
    checked = subprocess.run(["bash", "-n"], input=archive.read(script), capture_output=True, check=False)

    assert checked.stderr == b""


ALONE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from assignments import SETS
made = [make("ada", 7) for make in SETS.values()]
for one in made:
    exec(one.setup, {})
ours = [name for name in sys.modules if name.split(".")[0] in ("assignments", "transformer_lib")]
files = [getattr(sys.modules[name], "__file__", None) or "" for name in ours]
print(json.dumps([[one.points for one in made], [file for file in files if sys.argv[1] not in file]]))
"""


def test_the_packages_in_the_zip_make_the_sets_by_themselves(archive, tmp_path):
    archive.extractall(tmp_path)
    course = str(tmp_path / "course")

    ran = subprocess.run(
        [sys.executable, "-c", ALONE, course], capture_output=True, text=True, cwd=tmp_path, check=True
    )

    assert json.loads(ran.stdout) == [[26, 26, 29, 35], []]


def imported(folder):
    """What the files of a folder import, by the first part of the name."""
    nodes = [node for path in folder.rglob("*.py") for node in ast.walk(ast.parse(path.read_text("utf-8")))]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.split(".")[0] for name in plain | named} - sys.stdlib_module_names


def test_all_that_grading_imports_is_installed_in_the_container(archive, tmp_path):
    archive.extractall(tmp_path)
    course = tmp_path / "course"
    needed = archive.read("requirements.txt").decode().split()

    installed = {line.partition("==")[0].lower().replace("-", "_") for line in needed}
    found = {
        MODULES.get(name, name) for part in ("assignments", "grader") for name in imported(course / part)
    }

    assert found - {"assignments", "grader", "transformer_lib", "distributed"} <= installed


def test_the_zip_holds_no_key(archive):
    assert not [name for name in archive.namelist() if name.endswith(".ipynb") or "keys" in name]


@pytest.mark.parametrize(
    ("user", "student"),
    [
        ({"email": "ada@EXAMPLE.org"}, "ada"),
        ({"email": "x@y", "sid": "Zoë"}, "Zoe"),
        ({"email": "zoe"}, "Zoe"),
    ],
)
def test_the_student_is_known_by_the_roster(user, student):
    assert whose({"users": [user]}, RECORD["students"]) == student


@pytest.mark.parametrize(
    "metadata", [{}, {"users": []}, {"users": [{"email": ""}]}, {"users": [{"email": "x@y"}]}]
)
def test_a_stranger_is_not_graded(metadata):
    with pytest.raises(NotGradedError, match="not in the roster"):
        whose(metadata, RECORD["students"])


@pytest.mark.parametrize("names", [[], ["a.ipynb", "b.ipynb"]])
def test_one_notebook_is_asked_for(tmp_path, names):
    for name in names:
        (tmp_path / name).touch()

    with pytest.raises(NotGradedError, match=f"there are {len(names)} files"):
        notebook(tmp_path)


def test_a_grade_becomes_one_test_a_check():
    written = results(GRADE)

    assert written["score"] == 3
    assert written["output"] == "Code cell 4 raises NameError."
    assert [
        (test["name"], test["score"], test["max_score"], test["output"]) for test in written["tests"]
    ] == [
        ("scores · all", 3, 3, "Yes."),
        ("scores · more", 0, 2, "No."),
    ]


def test_a_written_question_is_a_test_once_it_is_read():
    read = GRADE | {"questions": {"why": {"score": 2.5, "points": 4, "checks": []}}}

    assert results(read)["tests"] == [
        {"name": "why", "score": 2.5, "max_score": 4, "visibility": "visible"},
    ]


def container_home(folder, email):
    (folder / "source/assignment").mkdir(parents=True)
    (folder / "submission").mkdir()
    (folder / "source/assignment/assignment.json").write_text(json.dumps(RECORD))
    (folder / "submission_metadata.json").write_text(json.dumps({"users": [{"email": email}]}))
    (folder / "submission/mine.ipynb").write_text("{}")
    return folder


def read_results(home):
    return json.loads((home / "results/results.json").read_text("utf-8"))


def test_a_submission_is_graded_under_the_rosters_name(tmp_path, monkeypatch):
    home, seen = container_home(tmp_path, "ada@example.org"), []

    def grade(folder, record, out, sandbox):
        seen.append(([path.name for path in folder.iterdir()], sandbox))
        out.mkdir()
        (out / "grades.json").write_text(json.dumps([GRADE]))

    monkeypatch.setattr(container, "_grade", grade)
    main(home)

    assert seen == [(["ada.ipynb"], "bubblewrap")]
    assert read_results(home)["score"] == 3


def test_without_any_sandbox_nothing_is_graded(tmp_path, monkeypatch):
    home = container_home(tmp_path, "ada@example.org")
    monkeypatch.setattr(container, "_grade", lambda *given: None)

    main(home)

    assert read_results(home)["score"] == 0
    assert "could not start" in read_results(home)["output"]


def test_a_strangers_results_say_what_to_do(tmp_path):
    home = container_home(tmp_path, "x@y")

    main(home)

    assert "Tell your instructor" in read_results(home)["output"]
