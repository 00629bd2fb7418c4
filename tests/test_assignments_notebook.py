"""What students get: a valid notebook that runs unsolved and holds nothing of the key."""

import io
import tokenize
from pathlib import Path

import nbformat
import pytest
from classroom import SETS, made
from nbclient import NotebookClient

import assignments
from assignments.notebook import answer_opening, as_text, key_notebook, student_notebook

STUDENTS = ["ada", "student-1"]
LONG = 20  # characters: shorter lines, such as `return x`, say nothing


def sources(notebook):
    return "\n".join(cell["source"] for cell in notebook["cells"])


def lines(code):
    return {line.strip() for line in code.splitlines() if len(line.strip()) >= LONG}


def code_of_the_judges():
    """All lines of the package that are code and hold no text of a question."""
    found = set()
    for path in Path(assignments.__file__).parent.rglob("*.py"):
        text = path.read_text("utf-8")
        strings = {
            number
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.STRING
            for number in range(token.start[0], token.end[0] + 1)
        }
        kept = [line for number, line in enumerate(text.splitlines(), 1) if number not in strings]
        found |= lines("\n".join(kept))
    return {line for line in found if not line.startswith(("from ", "import "))}


def secrets(one):
    """Solutions, sentences of mistakes and rubrics, but not what the notebook is meant to show."""
    shown = {one.setup, *(q.stub for q in one.coded), *(q.open_check for q in one.coded)}
    solutions = set().union(*(lines(q.solution) for q in one.questions))
    sentences = {m.sentence for q in one.coded for check in q.checks for m in check.mistakes}
    rubrics = {what for q in one.written for _, what in q.rubric}
    return (solutions | sentences | rubrics) - set().union(*map(lines, shown))


@pytest.mark.parametrize("student", STUDENTS)
@pytest.mark.parametrize("name", SETS)
def test_a_students_notebook_holds_no_solution_and_no_hidden_check(name, student):
    one = made(name, student)
    stored = sources(student_notebook(one))

    leaked = {secret for secret in secrets(one) | code_of_the_judges() if secret in stored}

    assert leaked == set()
    assert len(secrets(one)) > 20


@pytest.mark.parametrize("name", SETS)
def test_the_key_holds_every_solution_and_rubric(name):
    one = made(name)
    stored = sources(key_notebook(one))

    assert all(question.solution in stored for question in one.questions)
    assert all(what in stored for question in one.written for _, what in question.rubric)


@pytest.mark.parametrize("make", [student_notebook, key_notebook])
@pytest.mark.parametrize("name", SETS)
def test_notebooks_are_valid_and_the_same_each_time(name, make):
    text = as_text(make(made(name)))

    nbformat.validate(nbformat.reads(text, as_version=4))
    assert text == as_text(make(SETS[name]("ada", 2026)))


@pytest.mark.parametrize("name", SETS)
def test_cell_ids_are_those_of_the_questions(name):
    one = made(name)
    ids = [cell["id"] for cell in student_notebook(one)["cells"]]

    assert ids[:3] == ["opening", "on-colab", "setup"]
    assert [id for id in ids if id in {q.id for q in one.questions}] == [q.id for q in one.questions]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", SETS)
def test_on_colab_its_first_code_installs_the_library(name):
    cells = student_notebook(made(name))["cells"]
    first = next(cell for cell in cells if cell["cell_type"] == "code")

    assert first["source"].startswith('import sys\n\nif "google.colab" in sys.modules:')
    assert 'check_call([*pip, "--no-deps", course])' in first["source"]


@pytest.mark.parametrize("name", SETS)
def test_an_answer_cell_is_found_by_its_metadata_and_by_its_first_line(name):
    one = made(name)
    cells = {cell["id"]: cell for cell in student_notebook(one)["cells"]}

    for number, question in one.numbered():
        cell = cells[question.id]
        assert cell["metadata"]["course"] == {"set": name, "question": question.id}
        assert answer_opening(number, question).removeprefix("# ") in cell["source"].splitlines()[0]


@pytest.mark.parametrize("name", SETS)
def test_the_notebook_says_whose_it_is(name):
    assert student_notebook(made(name))["metadata"]["course"] == {"set": name, "student": "ada"}


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Jupyter's own
@pytest.mark.parametrize("name", SETS)
def test_the_notebook_runs_top_to_bottom_unsolved(name):
    notebook = student_notebook(made(name))

    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()

    checks = [cell for cell in notebook["cells"] if cell["id"].endswith("-check")]
    said = ["".join(cell["outputs"][0]["data"]["text/plain"]) for cell in checks]
    assert len(said) == len(made(name).coded)
    assert all(sentence.startswith("Not tried yet") for sentence in said)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", SETS)
def test_the_solved_notebook_passes_its_open_checks(name):
    solved = {cell["id"]: cell for cell in key_notebook(made(name))["cells"]}
    notebook = student_notebook(made(name))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = solved.get(cell["id"], cell)["source"]

    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()

    checks = [cell for cell in notebook["cells"] if cell["id"].endswith("-check")]
    said = ["".join(cell["outputs"][0]["data"]["text/plain"]) for cell in checks]
    assert all(sentence.startswith(("The form fits", "Right for this example")) for sentence in said)
