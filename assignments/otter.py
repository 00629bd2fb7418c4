"""One variant of a problem set as a source for `otter assign`, for courses that grade with otter.

Otter gives every student the same notebook and runs its tests in the student's own interpreter, so
both the numbers of each student's own and the sandbox of `grade` are lost.
"""

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from assignments import SETS
from assignments.notebook import KERNEL, answer_opening
from assignments.problem_set import ProblemSet, Question, Written

VARIANT = "everyone"
FAILED = "This is not the answer asked for."
_CONFIG = """# ASSIGNMENT CONFIG
name: {name}
init_cell: true
export_cell: false
generate:
    show_stdout: false
    show_hidden: false
requirements:
    - transformer-lib
tests:
    ok_format: false"""
_TEST = '''""" # BEGIN TEST CONFIG
points: {points}
hidden: true
""" # END TEST CONFIG
def test_{number}({answer}):
    from assignments.otter import expect

    expect("{set}", {seed}, "{question}", {at}, {answer})

test_{number}({answer})'''


def expect(name: str, seed: int, question: str, at: int, answer: object) -> None:
    """Raise AssertionError unless a check is passed; the sentence is that of a known mistake, or fixed."""
    made = SETS[name](VARIANT, seed)
    asked = next(one for one in made.coded if one.id == question)
    verdict = asked.checks[at].judge(answer)
    assert verdict.status == "right", verdict.sentence if verdict.mistake else FAILED


def source_notebook(name: str, seed: int) -> NotebookNode:
    """Give the source: `otter assign` makes the student's notebook and an autograder from it."""
    made = SETS[name](VARIANT, seed)
    cells = [new_raw_cell(_CONFIG.format(name=name)), new_markdown_cell(f"# {made.title}\n\n{made.text}")]
    cells.append(new_code_cell(made.setup))
    for number, question in made.numbered():
        cells += (
            _written(number, question)
            if isinstance(question, Written)
            else _coded(number, question, made, seed)
        )
    for at, cell in enumerate(cells):
        cell["id"] = f"cell-{at}"
    source = new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})
    nbformat.validate(source)
    return source


def _coded(number: int, question: Question, made: ProblemSet, seed: int) -> list[NotebookNode]:
    opening = answer_opening(number, question)
    code = (
        f"{opening}\n# BEGIN SOLUTION NO PROMPT\n{question.solution}\n# END SOLUTION\n"
        f'""" # BEGIN PROMPT\n{question.stub}\n""" # END PROMPT'
    )
    tests = [
        new_code_cell(
            _TEST.format(
                points=check.points,
                number=at,
                answer=question.answer,
                set=made.name,
                seed=seed,
                question=question.id,
                at=at,
            )
        )
        for at, check in enumerate(question.checks)
    ]
    return [
        new_raw_cell(f"# BEGIN QUESTION\nname: {question.id}\npoints: {question.points}"),
        _text(number, question),
        new_raw_cell("# BEGIN SOLUTION"),
        new_code_cell(code),
        new_raw_cell("# END SOLUTION"),
        new_raw_cell("# BEGIN TESTS"),
        *tests,
        new_raw_cell("# END TESTS"),
        new_raw_cell("# END QUESTION"),
        new_code_cell(f"# Open check\n{question.open_check}"),
    ]


def _written(number: int, question: Written) -> list[NotebookNode]:
    return [
        new_raw_cell(f"# BEGIN QUESTION\nname: {question.id}\nmanual: true\npoints: {question.points}"),
        _text(number, question),
        new_raw_cell("# BEGIN PROMPT"),
        new_markdown_cell("*Write your answer here.*"),
        new_raw_cell("# END PROMPT"),
        new_raw_cell("# BEGIN SOLUTION"),
        new_markdown_cell(question.solution),
        new_raw_cell("# END SOLUTION"),
        new_raw_cell("# END QUESTION"),
    ]


def _text(number: int, question: Question | Written) -> NotebookNode:
    return new_markdown_cell(f"## Question {number} · {question.title}\n\n{question.text}")
