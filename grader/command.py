"""The command `grade`: a folder of submissions in, grades and a page for each student out.

    grade SUBMISSIONS --set by_hand --assignment ASSIGNMENT --out GRADES

Run it again to go on: what has been graded is not graded again.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from grader.batch import Graded, in_pool, on_cluster, one_by_one
from grader.choosing import choose
from grader.found import Found, find
from grader.gradebooks.people import people
from grader.handing_back import hand_back, plan
from grader.job import Assignment, Job, maker
from grader.limits import Limits
from grader.marking import Result
from grader.options import parser
from grader.sandbox import SandboxError
from grader.store import Store
from grader.submission import Submission, UnreadableError, read


def main(arguments: Sequence[str] | None = None) -> int:
    """Grade a folder; give 0 if all is graded, 1 if something is left, 2 if it could not begin."""
    options = parser().parse_args(arguments)
    try:
        return run(options)
    except (SandboxError, ValueError, RuntimeError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command to go on.", file=sys.stderr)
        return 130


def run(options: argparse.Namespace) -> int:
    """Find, grade, write."""
    assignment, students = read_assignment(options)
    maker(assignment.set)
    limits = Limits(seconds=options.seconds, total=options.total)
    found, strays = find(_folder(options.submissions), names_of(students))
    if not found:
        raise ValueError(
            "\n".join([*strays, f"{options.submissions} holds no submission: expected STUDENT.ipynb."])
        )
    planned = plan(options, assignment, people(students, [one.student for one in found]), found)
    sandbox = choose(options.sandbox, limits)
    jobs = [
        Job(submission=submission, assignment=assignment, sandbox=sandbox, limits=limits)
        for submission in _read(found, assignment)
    ]
    results = _grade(jobs, options)
    said = hand_back(planned, [results[job.key] for job in jobs], strays)
    return _report(results, [*strays, *said], bool(strays), missing(students, jobs))


def read_assignment(options: argparse.Namespace) -> tuple[Assignment, dict[str, Any]]:
    """Give the assignment and its students: from the folder that `assign` made, or from the options."""
    if options.assignment is None:
        if options.set is None:
            raise ValueError(
                "Name the problem set with --set, or the folder that assign made with --assignment."
            )
        return Assignment(set=options.set, seed=options.seed or 0), {}
    made = json.loads((Path(options.assignment) / "assignment.json").read_text("utf-8"))
    for name, given in (("set", options.set), ("seed", options.seed)):
        if given is not None and given != made[name]:
            raise ValueError(f"--{name} {given} is not that of {options.assignment}, which is {made[name]}.")
    return Assignment(set=made["set"], seed=made["seed"]), made["students"]


def names_of(students: dict[str, Any]) -> dict[str, str]:
    """Give the names by which a path may name a student; a name of two students names none.

    >>> names_of({"al7": {"id": "al7", "name": "Ada Lovelace", "email": ""}})
    {'al7': 'al7', 'Ada Lovelace': 'al7', 'lovelaceada': 'al7'}
    """
    given = [
        (student, [student, one["id"], one["name"], _as_canvas(one["name"])])
        for student, one in students.items()
    ]
    owners: dict[str, set[str]] = {}
    for student, names in given:
        for name in names:
            owners.setdefault(name, set()).add(student)
    return {name: owner.pop() for name, owner in owners.items() if name and len(owner) == 1}


def _as_canvas(name: str) -> str:
    """Write a name as Canvas does in the names of files: the last name first, in one word."""
    first, _, last = name.rpartition(" ")
    return "".join(letter for letter in (last + first).lower() if letter.isalnum())


def _read(found: Iterable[Found], assignment: Assignment) -> Iterator[Submission]:
    for one in found:
        try:
            yield read(one.student, one.content(), assignment.problem_set(one.student))
        except UnreadableError as problem:
            yield Submission(one.student, digest="", unreadable=str(problem))


def _grade(jobs: Sequence[Job], options: argparse.Namespace) -> dict[str, Result]:
    """Give every result by its job's key; store each as it comes."""
    store = Store(Path(options.out) / "results")
    results = {job.key: done for job in jobs if (done := store.get(job.key)) is not None}
    left = [job for job in jobs if job.key not in results]
    if results:
        print(f"{len(results)} of {len(jobs)} were graded before.")
    for job, result in tqdm(_runner(left, options), total=len(left), unit="submission", disable=None):
        results[job.key] = result
        if result["status"] != "not graded":
            store.put(job.key, result)
    return results


def _runner(jobs: Sequence[Job], options: argparse.Namespace) -> Graded:
    if options.scheduler:
        return on_cluster(jobs, options.scheduler)
    return one_by_one(jobs) if options.jobs == 1 else in_pool(jobs, options.jobs)


def missing(students: Collection[str], jobs: Iterable[Job]) -> list[str]:
    """Give the students who have handed in nothing."""
    return sorted(set(students) - {job.submission.student for job in jobs})


def _report(results: dict[str, Result], said: Iterable[str], stray: bool, missing: Collection[str]) -> int:
    counts: Counter[Any] = Counter(result["status"] for result in results.values())
    print("; ".join(f"{count} {status}" for status, count in sorted(counts.items())) + ".")
    for result in results.values():
        if result["status"] != "graded":
            print(f"{result['student']}: {' '.join(result['notes'])}")
    for sentence in said:
        print(sentence)
    if missing:
        print(f"{len(missing)} students have handed in nothing: {', '.join(missing)}.")
    return 1 if counts["not graded"] or stray else 0


def _folder(name: str) -> Path:
    folder = Path(name)
    if not folder.is_dir() and folder.suffix != ".zip":
        raise ValueError(f"{name} is no folder and no zip: give what holds the submissions.")
    return folder
