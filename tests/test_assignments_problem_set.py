"""A problem set that could not be graded is refused when it is made, in a clear sentence."""

import pytest

from assignments.problem_set import Check, ProblemSet, Question, Written
from transformer_lib.exercises.registry import Verdict
from transformer_lib.shapes import InputError

CHECK = Check(name="all", points=2, judge=lambda answer: Verdict("right", "Yes."))


def question(**changed):
    given = {
        "id": "one",
        "title": "One",
        "text": "Give 1.",
        "answer": "x",
        "stub": "x = ...",
        "solution": "x = 1",
        "checks": (CHECK,),
    }
    return Question(**(given | changed))


def written(**changed):
    given = {"id": "two", "title": "Two", "text": "Say why.", "points": 3, "solution": "Because."}
    return Written(**(given | {"rubric": ((1, "this"), (2, "that"))} | changed))


def problem_set(*questions, setup=""):
    return ProblemSet(name="s", title="S", student="ada", text="", setup=setup, questions=questions)


def test_points_are_added_up():
    one = problem_set(question(), written())

    assert (one.points, [q.id for q in one.coded], [q.id for q in one.written]) == (5, ["one"], ["two"])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Check(name="", points=1, judge=CHECK.judge), "has no name"),
        (lambda: Check(name="a", points=0, judge=CHECK.judge), "'a' has 0 points"),
        (lambda: question(id="One!"), "'One!' is no question id"),
        (lambda: question(answer="b 1"), "binds 'b 1'"),
        (lambda: question(answer="lambda"), "binds 'lambda'"),
        (lambda: question(checks=()), "has no check"),
        (lambda: question(checks=(CHECK, CHECK)), "has a check twice"),
        (lambda: question(solution="x ="), "is no Python, line 1"),
        (lambda: written(points=4), "has 4 points and its rubric 3"),
        (lambda: problem_set(question(), question()), "has an id twice"),
        (lambda: problem_set(question(), question(id="b")), "binds a name twice"),
        (lambda: problem_set(setup="import"), "the setup is no Python"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_could_not_be_graded_is_refused(make, said):
    with pytest.raises(InputError, match=said):
        make()
