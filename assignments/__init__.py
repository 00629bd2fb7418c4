"""Graded problem sets, with numbers of each student's own."""

from collections.abc import Callable

from assignments.problem_set import ProblemSet

SETS: dict[str, Callable[[str, int], ProblemSet]] = {}
