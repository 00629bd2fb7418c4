"""The graded problem sets: each key is right, each known mistake is named, numbers differ."""

import numpy as np
import pytest
from classroom import SEED, STUDENTS, UNTRAINED, known, made, solved, verdicts

from assignments import SETS

FEW = STUDENTS[:3]


def statuses(made):
    return {verdict.status for verdict in verdicts(made, solved(made)).values()}


def misnamed(made):
    """Known mistakes that are not rejected by their name."""
    return [
        (question, check.name, mistake.name)
        for question, check, mistake in known(made)
        if check.judge(mistake.answer).mistake != mistake.name
    ]


@pytest.mark.parametrize("student", FEW)
@pytest.mark.parametrize("name", SETS)
def test_the_key_passes_every_check(name, student):
    assert statuses(made(name, student)) == {"right"}


@pytest.mark.parametrize("name", SETS)
def test_every_known_mistake_is_rejected_and_named(name):
    assert misnamed(made(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("student", STUDENTS)
@pytest.mark.parametrize("name", SETS)
def test_every_students_key_is_right_and_mistakes_are_named(name, student):
    one = made(name, student)

    assert (statuses(one), misnamed(one)) == ({"right"}, [])


@pytest.mark.parametrize("name", SETS)
def test_an_unsolved_notebook_passes_no_check(name):
    one = made(name)
    namespace = {}
    exec("\n\n".join([one.setup, *(question.stub for question in one.coded)]), namespace)

    judged = {verdict.status for verdict in verdicts(one, namespace).values()}

    assert "right" not in judged


@pytest.mark.parametrize("name", SETS)
def test_a_neighbours_numbers_are_not_right(name):
    mine, theirs = made(name, "student-0"), solved(made(name, "student-1"))

    judged = verdicts(mine, theirs)

    values = [
        verdict.status
        for (question, _), verdict in judged.items()
        if not callable(theirs[_answer(mine, question)])
    ]
    assert "right" not in values


def _answer(made, question):
    return next(one.answer for one in made.coded if one.id == question)


@pytest.mark.parametrize("name", SETS)
def test_the_same_student_and_seed_give_the_same_set(name):
    one, again = SETS[name]("ada", SEED), SETS[name](" Ada ", SEED)

    assert [q.solution for q in one.questions] == [q.solution for q in again.questions]
    assert [q.text for q in one.questions] == [q.text for q in again.questions]


@pytest.mark.parametrize("name", SETS)
def test_another_seed_gives_other_numbers(name):
    one, other = made(name), made(name, seed=SEED + 1)

    assert [q.solution for q in one.questions] != [q.solution for q in other.questions]


@pytest.mark.parametrize("name", SETS)
def test_points_and_questions_are_the_same_for_all(name):
    shapes = {tuple((q.id, q.title, q.points) for q in made(name, student).questions) for student in FEW}

    assert len(shapes) == 1


@pytest.mark.parametrize("name", SETS)
def test_a_set_has_four_to_seven_questions_and_twenty_to_forty_points(name):
    one = made(name)

    assert 4 <= len(one.questions) <= 7
    assert 20 <= one.points <= 40


def test_two_sets_have_a_question_that_a_person_reads():
    written = [name for name in SETS if made(name).written]

    assert len(written) == 2


@pytest.mark.parametrize("name", SETS)
def test_every_question_names_several_mistakes(name):
    counts = {q.id: sum(len(check.mistakes) for check in q.checks) for q in made(name).coded}

    assert min(counts.values()) >= 3


@pytest.mark.parametrize("name", SETS)
def test_sentences_of_mistakes_and_praise_hold_no_hidden_input(name):
    """Told of hidden checks, so they must be the same whatever the inputs are."""
    mine, theirs = made(name, "student-0"), made(name, "student-1")

    def sentences(one):
        return {(question, mistake.name): mistake.sentence for question, _, mistake in known(one)}

    shared = sentences(mine).keys() & sentences(theirs).keys()
    differ = {key for key in shared if sentences(mine)[key] != sentences(theirs)[key]}

    assert {name for _, name in differ} <= {"the other norm order", "one place back"}  # the task itself


@pytest.mark.parametrize("name", UNTRAINED)
@pytest.mark.parametrize(
    "rubbish", ["seven", [], [[1], [1, 2]], {"a": 1}, float("nan"), np.ones((9, 9, 9)), int]
)
def test_rubbish_gets_a_verdict_and_no_exception(name, rubbish):
    checks = [check for question in made(name).coded for check in question.checks]

    assert {check.judge(rubbish).status for check in checks} == {"wrong"}
