"""One submission of the corpus: a notebook, described by how it differs from the honest one."""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import small_set

STUDENT = "ada"
SET = small_set.make(STUDENT, seed=0)
CANARY = Path(gettempdir(), "grader_canary")  # a folder that hostile cells try to change
DETACHED = "54321"  # the argument of every process that hostile cells leave behind

HONEST = {question.id: question.solution for question in SET.questions[:4]}  # type: ignore[union-attr]
ALL, NOTHING = 8, 0
POINTS = {"total": 1, "scores": 3, "softmax": 2, "counter": 2}


@dataclass(frozen=True)
class Case:
    """`score` is what the honest parts deserve; `says` maps a question to the status of its last check."""

    name: str
    content: bytes
    score: int
    says: dict[str, str]
    status: str = "graded"
    note: str = ""


def notebook(cells: list[dict[str, Any]], **metadata: Any) -> bytes:
    kernel = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    course = {"course": {"set": SET.name, "student": STUDENT}}
    whole = {"cells": cells, "metadata": {**kernel, **course, **metadata}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole).encode()


def cell(source: str, question: str | None = None) -> dict[str, Any]:
    metadata = {"course": {"set": SET.name, "question": question}} if question else {}
    return {"cell_type": "code", "source": source.splitlines(True), "metadata": metadata, "outputs": []}


def honest_cells(**changed: str) -> dict[str, dict[str, Any]]:
    """The cells of a notebook by question; a keyword replaces the code of one."""
    sources = HONEST | changed
    titles = {question.id: question.title for question in SET.questions}
    return {
        name: cell(f"# Question {number} · {titles[name]}\n{source}", name)
        for number, (name, source) in enumerate(sources.items(), 1)
    }


def case(
    name: str,
    score: int | None = None,
    *,
    first: str = "",
    last: str = "",
    says: str = "",
    note: str = "",
    **changed: str,
) -> Case:
    """Change the code of one question, or put a cell before or after all; the rest stays honest.

    What is changed scores nothing unless a score is given.
    """
    cells = [cell(SET.setup), *([cell(first)] if first else []), *honest_cells(**changed).values()]
    content = notebook([*cells, *([cell(last)] if last else [])])
    deserved = ALL - sum(POINTS[question] for question in changed)
    statuses = dict.fromkeys(changed, says) if says else {}
    return Case(name, content, deserved if score is None else score, statuses, note=note)
