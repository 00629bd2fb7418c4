"""otter-grader and nbgrader on the same submissions, each with its own runtime and no sandbox."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from attention_set import ANSWERS, CODE, SETUP, STUBS

PACKAGES = ["otter-grader==7.0.0", "nbgrader==0.9.6", "ipykernel", "numpy"]


def environment(folder: Path) -> Path:
    """Make an environment with both, and give its folder of programs."""
    programs = folder / "bin"
    if not (programs / "nbgrader").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return programs


def time_otter(programs: Path, work: Path, submissions: list[Mapping[str, str]]) -> float:
    """Grade with `otter run`, and give the seconds that all of them took."""
    tests = work / "tests"
    tests.mkdir(parents=True)
    for question, checks in CODE.items():
        (tests / f"{question}.py").write_text(f"OK_FORMAT = True\ntest = {_otter_test(question, checks)!r}\n")
    _run([programs / "otter", "generate", "-t", tests, "-o", work / "autograder.zip"], work)
    for number, answers in enumerate(submissions):
        _notebook(work / f"{number}.ipynb", [_code(code) for code in (SETUP, *answers.values())])
    start = time.perf_counter()
    for number in range(len(submissions)):
        out = work / f"out{number}"
        out.mkdir()
        _run([programs / "otter", "run", "-a", "autograder.zip", "-o", out, f"{number}.ipynb"], work)
    return time.perf_counter() - start


def time_nbgrader(programs: Path, work: Path, submissions: list[Mapping[str, str]]) -> float:
    """Grade with `nbgrader autograde`, all in one call, and give its seconds."""
    _notebook(work / "source" / "set" / "set.ipynb", list(_nbgrader_cells(ANSWERS, stub=True)))
    _run([programs / "nbgrader", "generate_assignment", "set", "--create"], work)
    for number, answers in enumerate(submissions):
        _notebook(
            work / "submitted" / f"s{number}" / "set" / "set.ipynb",
            list(_nbgrader_cells(answers, stub=False)),
        )
    start = time.perf_counter()
    _run([programs / "nbgrader", "autograde", "set", "--create"], work)
    return time.perf_counter() - start


def _run(command: list[object], folder: Path) -> None:
    words = [str(part) for part in command]
    path = os.pathsep.join([str(Path(words[0]).parent), os.environ["PATH"]])  # nbgrader calls alembic
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": path})
    if done.returncode:
        raise RuntimeError(f"{command[0]} fails: {done.stdout[-800:]}{done.stderr[-800:]}")


def _otter_test(question: str, checks: list[str]) -> dict[str, object]:
    cases = [
        {"code": "\n".join(f">>> {line}" for line in check.split("\n")), "hidden": True} for check in checks
    ]
    suite = {"cases": cases, "scored": True, "setup": "", "teardown": "", "type": "doctest"}
    return {"name": question, "points": [1] * len(cases), "suites": [suite]}


def _nbgrader_cells(answers: Mapping[str, str], *, stub: bool) -> Iterator[dict[str, object]]:
    yield _code(SETUP)
    for question, answer in answers.items():
        marked = f"### BEGIN SOLUTION\n{answer}\n### END SOLUTION" if stub else answer
        yield _code(marked, question, solution=True, points=0)
        for number, check in enumerate(CODE[question]):
            yield _code(check, f"{question}-{number}", solution=False, points=1)


def _code(source: str, grade_id: str = "", *, solution: bool = False, points: int = 0) -> dict[str, object]:
    marks = {
        "grade_id": grade_id,
        "grade": not solution,
        "solution": solution,
        "locked": not solution,
        "task": False,
        "schema_version": 3,
        **({} if solution else {"points": points}),
    }
    metadata = {"nbgrader": marks} if grade_id else {}
    return {
        "cell_type": "code",
        "source": source,
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


def _notebook(path: Path, cells: list[dict[str, object]]) -> None:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}
    path.write_text(json.dumps(whole), "utf-8")


def variants(number: int) -> list[Mapping[str, str]]:
    """Give so many submissions: of ten, eight are right, one is the stub, one raises."""
    raising = ANSWERS | {"softmax": "def softmax(x):\n    raise ValueError(x)"}
    kinds = [ANSWERS] * 8 + [STUBS, raising]
    return [kinds[at % 10] for at in range(number)]
