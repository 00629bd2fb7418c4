"""Gradescope: a result as the results.json that its autograder writes, by the same function."""

from assignments.gradescope.container import results
from grader.marking import Result
from grader.store import as_json


def results_json(result: Result) -> str:
    """Write a result as Gradescope reads it."""
    return as_json(results(result))
