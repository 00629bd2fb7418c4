"""A problem set as notebooks: the student's, with stubs, and the key, with solutions and rubrics."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from assignments.problem_set import ProblemSet, Question, Written

CHAPTER = Path(__file__).parents[1] / "notebooks" / "00_start_here.ipynb"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def student_notebook(made: ProblemSet) -> NotebookNode:
    """Give the notebook a student gets: no solution, no hidden check, and it runs unsolved.

    Each answer cell begins with a line such as `# Question 2 · Four weights`, so that it is found
    when its metadata is lost. Cell ids are fixed: the same set gives the same bytes.
    """
    cells = [_opening(made), _cell(new_code_cell(on_colab()), "on-colab")]
    cells.append(_cell(new_code_cell(made.setup), "setup"))
    for number, question in made.numbered():
        cells += _asked(number, question, made)
    return _notebook(cells, made)


def key_notebook(made: ProblemSet) -> NotebookNode:
    """Give the answer key: what is asked, a solution, the points of each check, the rubrics."""
    cells = [_opening(made), _cell(new_code_cell(made.setup), "setup")]
    for number, question in made.numbered():
        cells.append(_text(number, question))
        cells += _solved(number, question, made)
    return _notebook(cells, made)


@cache
def on_colab() -> str:
    """Give the code that installs the library on Colab, and elsewhere does nothing: a chapter's own."""
    (code,) = (cell.source for cell in nbformat.read(CHAPTER, 4).cells if cell.id == "on-colab")
    return code


def as_text(notebook: NotebookNode) -> str:
    """Write a notebook as the bytes that are stored: valid, and the same each time."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def answer_opening(number: int, question: Question | Written) -> str:
    """Give the first line of an answer cell."""
    return f"# Question {number} · {question.title}"


def answer_cell(number: int, question: Question, code: str, made: ProblemSet) -> NotebookNode:
    """Give the cell of an answer, a stub or a solution."""
    return _marked(new_code_cell(f"{answer_opening(number, question)}\n{code}"), question.id, made)


def _opening(made: ProblemSet) -> NotebookNode:
    coded = "\n\n".join(
        (
            f"# {made.title}",
            f"For **{made.student}** · {made.points} points",
            made.text,
            "Answer in the cells that say so, and keep their first line. The cell below an answer looks "
            "at its "
            "form, or tries an example; it does not grade. When you hand in, other inputs are tried.\n"
            "Before that, restart the kernel and run all cells.",
        )
    )
    return _cell(new_markdown_cell(coded), "opening")


def _asked(number: int, question: Question | Written, made: ProblemSet) -> Iterator[NotebookNode]:
    yield _text(number, question)
    if isinstance(question, Written):
        blank = f"*Question {number} · {question.title}: write your answer here.*"
        yield _marked(new_markdown_cell(blank), question.id, made)
        return
    yield answer_cell(number, question, question.stub, made)
    if question.open_check:
        yield _cell(new_code_cell(f"# Open check\n{question.open_check}"), f"{question.id}-check")


def _solved(number: int, question: Question | Written, made: ProblemSet) -> Iterator[NotebookNode]:
    if isinstance(question, Written):
        lines = [f"* {points}: {what}" for points, what in question.rubric]
        rubric = "\n".join(["**Rubric**", "", *lines, "", "**A good answer**", "", question.solution])
        yield _cell(new_markdown_cell(rubric), f"{question.id}-rubric")
        return
    yield answer_cell(number, question, question.solution, made)
    rows = [f"| {check.name} | {check.points} | {_known(check.mistakes)} |" for check in question.checks]
    table = "\n".join(["| Check | Points | Mistakes it names |", "|---|---|---|", *rows])
    yield _cell(new_markdown_cell(table), f"{question.id}-points")


def _known(mistakes: tuple) -> str:
    return "; ".join(mistake.name for mistake in mistakes) or "–"


def _text(number: int, question: Question | Written) -> NotebookNode:
    points = f"{question.points} point{'s' * (question.points > 1)}"
    if isinstance(question, Written):
        points += ", read by a person"
    text = f"## Question {number} · {question.title}\n\n{points}\n\n{question.text}"
    return _cell(new_markdown_cell(text), f"{question.id}-text")


def _marked(cell: NotebookNode, cell_id: str, made: ProblemSet) -> NotebookNode:
    cell.metadata["course"] = {"set": made.name, "question": cell_id}
    return _cell(cell, cell_id)


def _cell(cell: NotebookNode, cell_id: str) -> NotebookNode:
    cell["id"] = cell_id
    return cell


def _notebook(cells: list[NotebookNode], made: ProblemSet) -> NotebookNode:
    metadata = {
        "course": {"set": made.name, "student": made.student},
        "kernelspec": KERNEL,
        "language_info": {"name": "python"},
    }
    return new_notebook(cells=cells, metadata=metadata, nbformat_minor=5)
