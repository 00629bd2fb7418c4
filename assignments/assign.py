"""The command `assign`: a problem set for each student of a roster, and what grades it.

    assign by_hand --roster ROSTER.csv --seed 2026 --out fall

writes into fall/

    by_hand/STUDENT.ipynb    to give to each student
    keys/STUDENT.ipynb       the answer key, with points and rubrics; keys/keys.json for programs
    assignment.json          set, seed and students: `grade --assignment fall` reads it
    gradescope.zip           the autograder for Gradescope
    otter/by_hand.ipynb      one variant as a source for `otter assign`

The same set, roster and seed give the same files, to the byte. Keep the seed, the keys, the zip and
otter's source to yourself: from the seed anyone makes the keys.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assignments import SETS
from assignments.gradescope import autograder_zip
from assignments.notebook import as_text, key_notebook, student_notebook
from assignments.otter import source_notebook
from assignments.problem_set import ProblemSet, Question
from assignments.roster import Student, read_roster
from transformer_lib import __version__
from transformer_lib.shapes import InputError

Files = dict[str, bytes]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; give 0, or 2 when nothing could be written."""
    options = _parser().parse_args(arguments)
    out = options.out or Path(f"{options.set}-{options.seed}")
    try:
        students = read_roster(options.roster)
        _write(out, files(options.set, students, options.seed))
    except (InputError, OSError) as problem:
        print(f"assign: {problem}", file=sys.stderr)
        return 2
    print(f"{len(students)} notebooks are in {out / options.set}, their keys in {out / 'keys'}.")
    return 0


def files(name: str, students: Sequence[Student], seed: int) -> Files:
    """Give every file of an assignment, by its path.

    A student's numbers hang on the file's name, which is all that the grader is sure of.
    """
    made = {student.file_name: SETS[name](student.file_name, seed) for student in students}
    record = _record(name, students, seed)
    found: Files = {}
    for student, one in made.items():
        found[f"{name}/{student}.ipynb"] = as_text(student_notebook(one)).encode()
        found[f"keys/{student}.ipynb"] = as_text(key_notebook(one)).encode()
    found["keys/keys.json"] = _json({student: _key(one) for student, one in made.items()})
    found["assignment.json"] = _json(record)
    found["gradescope.zip"] = autograder_zip(_json(record))
    found[f"otter/{name}.ipynb"] = as_text(source_notebook(name, seed)).encode()
    return found


def _record(name: str, students: Sequence[Student], seed: int) -> dict[str, Any]:
    """Say what was assigned to whom: enough to make every problem set again."""
    known = {one.file_name: {"id": one.id, "name": one.name, "email": one.email} for one in students}
    roster = hashlib.sha256(_json(known)).hexdigest()
    return {"set": name, "seed": seed, "version": __version__, "roster": roster, "students": known}


def _key(made: ProblemSet) -> dict[str, Any]:
    return {question.id: _answer(question) for question in made.questions}


def _answer(question: Any) -> dict[str, Any]:
    if isinstance(question, Question):
        checks = [{"name": check.name, "points": check.points} for check in question.checks]
        return {"answer": question.answer, "solution": question.solution, "checks": checks}
    rubric = [{"points": points, "for": what} for points, what in question.rubric]
    return {"solution": question.solution, "rubric": rubric}


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _write(out: Path, found: Files) -> None:
    """Write all files; a folder that holds another assignment is left as it is."""
    record = out / "assignment.json"
    if record.exists() and record.read_bytes() != found["assignment.json"]:
        raise InputError(f"{out} holds another assignment: give another folder with --out.")
    for name, content in found.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _parser() -> argparse.ArgumentParser:
    about = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        "assign",
        description=about[0].removeprefix("The command `assign`: ").capitalize(),
        epilog=about[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("set", choices=SETS, help="which problem set")
    add(
        "--roster",
        required=True,
        type=Path,
        help="CSV in UTF-8: a column `student`, and `name`, `email` if any",
    )
    add("--seed", required=True, type=int, help="a number of your own; another one gives other numbers")
    add("--out", type=Path, metavar="DIR", help="where to write (default SET-SEED)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
