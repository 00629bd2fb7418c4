"""Graded problem sets: each student gets own numbers, and the key that goes with them.

`SETS` maps a set's name to what makes it for a student and a seed; the command `assign` writes the
notebooks. The sets of the book stay open; these are for credit.
"""

from collections.abc import Callable

from assignments.problem_set import Check, ProblemSet, Question, Written
from assignments.sets import build_transformer, by_hand, multi_head, train_and_look_inside

SETS: dict[str, Callable[[str, int], ProblemSet]] = {
    one.NAME: one.make for one in (by_hand, multi_head, build_transformer, train_and_look_inside)
}

__all__ = ["SETS", "Check", "ProblemSet", "Question", "Written"]
