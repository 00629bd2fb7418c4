"""What a student has handed in: the code cells of a notebook, read as data, whatever state it is in."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from assignments.problem_set import ProblemSet, Question

LARGEST = 20 * 2**20  # bytes of a notebook
MOST_CELLS = 2000
OTHER_STUDENT = "This notebook was made for another student, with other numbers."
HEADING = re.compile(r"\s*#\s*Question\s+(\d+)\s*·")


class UnreadableError(Exception):
    """A file that is no notebook: the message is for the student."""


@dataclass(frozen=True)
class Cell:
    """A code cell; `question` is the id of the question that it answers, if it says so."""

    number: int  # among the notebook's code cells, from 1
    source: str
    question: str | None = None


@dataclass(frozen=True)
class Submission:
    """One student's cells, ready to run, and what the student should know about them."""

    student: str
    digest: str  # SHA-256 of the file
    cells: tuple[Cell, ...] = ()
    notes: tuple[str, ...] = ()
    unreadable: str = ""  # the sentence that says why there are no cells
    other_set: bool = False


def read(student: str, content: bytes, problem_set: ProblemSet) -> Submission:
    """Read a notebook file; what is wrong with it becomes a sentence, never an error.

    >>> from assignments.problem_set import ProblemSet
    >>> empty = ProblemSet(name="x", title="X", student="ada", text="", setup="", questions=())
    >>> read("ada", b"%PDF-1.7", empty).unreadable
    'This file is not a notebook: save it from Jupyter as .ipynb and hand it in again.'
    """
    digest = hashlib.sha256(content).hexdigest()
    try:
        notebook = _parse(content)
        cells = tuple(_code_cells(notebook, problem_set))
    except UnreadableError as problem:
        return Submission(student, digest, unreadable=str(problem))
    claims = _dict(_dict(notebook.get("metadata")).get("course"))
    cells, doubled = _without_doubles(cells, problem_set)
    return Submission(
        student,
        digest,
        cells,
        notes=(*_about_claims(notebook, claims, student), *doubled),
        other_set=isinstance(claims.get("set"), str) and claims["set"] != problem_set.name,
    )


def _parse(content: bytes) -> dict[str, Any]:
    if len(content) > LARGEST:
        raise UnreadableError(
            "The notebook is larger than 20 MB: clear its outputs, save and hand it in again."
        )
    if not content.strip():
        raise UnreadableError("The file is empty: save the notebook and hand it in again.")
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UnreadableError(
            "The file is not UTF-8 text: save it from Jupyter and hand it in again."
        ) from None
    except (ValueError, RecursionError):
        cut = content.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{")
        why = "The notebook breaks off or is damaged" if cut else "This file is not a notebook"
        raise UnreadableError(f"{why}: save it from Jupyter as .ipynb and hand it in again.") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise UnreadableError(
            "This file holds no cells: open it in a current Jupyter, save and hand it in again."
        )
    return notebook


def _code_cells(notebook: dict[str, Any], problem_set: ProblemSet) -> Iterator[Cell]:
    cells = [cell for cell in notebook["cells"] if _dict(cell).get("cell_type") == "code"]
    if len(cells) > MOST_CELLS:
        raise UnreadableError(f"The notebook has {len(cells):,} code cells; at most {MOST_CELLS:,} are run.")
    for number, cell in enumerate(cells, 1):
        source = cell.get("source", "")
        if isinstance(source, list):
            source = "".join(part for part in source if isinstance(part, str))
        source = source if isinstance(source, str) else ""
        yield Cell(number, source, _question_of(cell, source, problem_set))


def _question_of(cell: dict[str, Any], source: str, problem_set: ProblemSet) -> str | None:
    """Find the question by the cell's metadata, or else by its first line, `# Question 2 · Title`."""
    ids = [question.id for question in problem_set.questions]
    claimed = _dict(_dict(cell.get("metadata")).get("course")).get("question")
    if isinstance(claimed, str) and claimed in ids:
        return claimed
    heading = HEADING.match(source)
    number = int(heading[1][:6]) if heading else 0
    return ids[number - 1] if 0 < number <= len(ids) else None


def _without_doubles(
    cells: tuple[Cell, ...], problem_set: ProblemSet
) -> tuple[tuple[Cell, ...], tuple[str, ...]]:
    """Leave out copies of a question's cell that are still the stub, so that no copy undoes an answer."""
    dropped: set[int] = set()
    notes = []
    for number, question in enumerate(problem_set.questions, 1):
        if not isinstance(question, Question):
            continue
        own = [at for at, cell in enumerate(cells) if cell.question == question.id]
        stubs = [at for at in own if _same_code(cells[at].source, question.stub)]
        if len(own) == 0:
            notes.append(f"The cell of question {number} is missing: its answer is looked for by name.")
        if len(own) > 1:
            notes.append(f"Question {number} has {len(own)} cells: the last one that you changed counts.")
            dropped |= set(stubs if len(stubs) < len(own) else stubs[1:])
    kept = [cell for at, cell in enumerate(cells) if at not in dropped]
    return tuple(kept), tuple(notes)


def _about_claims(notebook: dict[str, Any], claims: dict[str, Any], student: str) -> Iterator[str]:
    """Say what the notebook claims of itself, where that is odd; a claim never decides anything."""
    if "student" in claims and claims["student"] != student:
        yield OTHER_STUDENT
    kernel = _dict(_dict(notebook.get("metadata")).get("kernelspec"))
    language = kernel.get("language", "python")
    if isinstance(language, str) and language.lower() != "python":
        yield "The notebook names a kernel that is not Python: it was run as Python."


def _same_code(source: str, stub: str) -> bool:
    bare = [line for line in source.strip().splitlines() if not HEADING.match(line)]
    return "\n".join(bare).split() == stub.split()


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
