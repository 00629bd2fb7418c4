"""What the tests of the grader share."""

import os
import shutil

import pytest
from grader_corpus.case import SET, STUDENT

from grader.batch import in_pool
from grader.choosing import choose
from grader.job import Assignment, Job
from grader.limits import Limits
from grader.sandbox import SandboxError
from grader.submission import read

LIMITS = Limits(seconds=2, patience=6, total=90, files=251)
ASSIGNMENT = Assignment(set=SET.name, seed=0)


def works() -> bool:
    try:
        return choose("bubblewrap", LIMITS) == "bubblewrap"
    except SandboxError as problem:
        print(problem)
        return False


WORKS = shutil.which("bwrap") is not None and works()
needs_sandbox = pytest.mark.skipif(
    not WORKS, reason="bubblewrap does not run here, so no student's code is run: apt install bubblewrap"
)


def job(content: bytes, student: str = STUDENT, **changed) -> Job:
    submission = read(student, content, ASSIGNMENT.problem_set(student))
    return Job(
        **{"submission": submission, "assignment": ASSIGNMENT, "sandbox": "bubblewrap", "limits": LIMITS}
        | changed
    )


def run_all(cases):
    """The results of cases, in their order."""
    jobs = [job(case.content) for case in cases]
    results = {id(job): result for job, result in in_pool(jobs, 2 * (os.cpu_count() or 1))}
    return [results[id(job)] for job in jobs]
