"""In Gradescope's container: find whose notebook it is, grade it, and write results.json.

The student is known by Gradescope's own metadata and the roster, never by what the notebook says.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HOME = Path("/autograder")
# The second is another user of the container, with limits: for containers that allow no namespaces.
# A `grade` that does not know it grades nothing, and the student is told so.
SANDBOXES = ("bubblewrap", "user")
GRADE = "from grader.command import main; raise SystemExit(main())"


class NotGradedError(Exception):
    """Why there is no grade, in a sentence for the student."""


def main(home: Path = HOME) -> None:
    """Write results.json, whatever happens."""
    try:
        results = graded(home)
    except NotGradedError as problem:
        results = {"score": 0, "output": str(problem)}
    target = home / "results" / "results.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(results, indent=1, ensure_ascii=False), "utf-8")


def graded(home: Path) -> dict[str, Any]:
    """Grade the notebook of this container."""
    record = json.loads((home / "source/assignment/assignment.json").read_text("utf-8"))
    metadata = json.loads((home / "submission_metadata.json").read_text("utf-8"))
    student = whose(metadata, record["students"])
    folder = home / "one"
    folder.mkdir(exist_ok=True)
    (folder / f"{student}.ipynb").write_bytes(notebook(home / "submission").read_bytes())
    out = home / "graded"
    for sandbox in SANDBOXES:
        _grade(folder, record, out, sandbox)
        if (out / "grades.json").exists():
            return results(json.loads((out / "grades.json").read_text("utf-8"))[0])
    raise NotGradedError("The autograder could not start. Your notebook is stored; tell your instructor.")


def _grade(folder: Path, record: dict[str, Any], out: Path, sandbox: str) -> None:
    """Run `grade`, which writes grades.json, or nothing where this sandbox is not possible."""
    command = [sys.executable, "-c", GRADE, str(folder), "--set", record["set"]]
    command += ["--seed", str(record["seed"]), "--out", str(out), "--jobs", "1", "--sandbox", sandbox]
    subprocess.run(command, check=False)


def whose(metadata: dict[str, Any], students: dict[str, dict[str, str]]) -> str:
    """Give the student of a submission, by address or id; of a group, the first who is in the roster."""
    for user in metadata.get("users", []):
        known = {str(user.get(field, "")).strip().casefold() for field in ("email", "sid")} - {""}
        for student, entry in students.items():
            if known & {entry["email"].casefold(), entry["id"].casefold(), student.casefold()}:
                return student
    raise NotGradedError(
        "Your address is not in the roster of this assignment, so your numbers are not known. "
        "Tell your instructor; your notebook is stored."
    )


def notebook(folder: Path) -> Path:
    """Give the one notebook that was handed in."""
    found = sorted(path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    if len(found) != 1:
        raise NotGradedError(f"Hand in one notebook: there are {len(found)} files that end in .ipynb.")
    return found[0]


def results(grade: dict[str, Any]) -> dict[str, Any]:
    """Write a grade as Gradescope reads it: one test a check, with its sentence.

    A written question is one test too, once somebody has read it.
    """
    tests = [
        {
            "name": f"{question} · {check['name']}",
            "score": check["score"],
            "max_score": check["points"],
            "output": check["sentence"],
            "visibility": "visible",
        }
        for question, entry in grade["questions"].items()
        for check in entry["checks"]
    ]
    tests += [
        {"name": question, "score": entry["score"], "max_score": entry["points"], "visibility": "visible"}
        for question, entry in grade["questions"].items()
        if not entry["checks"] and entry["score"] is not None
    ]
    return {"score": grade["score"], "output": "\n".join(grade["notes"]), "tests": tests}


if __name__ == "__main__":
    main()
