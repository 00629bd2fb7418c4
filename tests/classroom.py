"""Students, sets and answers for the tests of the problem sets."""

from functools import cache

from assignments import SETS

SEED = 2026
STUDENTS = [f"student-{n}" for n in range(25)]
UNTRAINED = [name for name in SETS if name != "train_and_look_inside"]


@cache
def made(name, student="ada", seed=SEED):
    return SETS[name](student, seed)


def solved(made):
    """Run the key's solutions, but not a training; the answers by name."""
    namespace = {}
    exec(made.setup, namespace)
    for question in made.coded:
        if question.id != "train":
            exec(question.solution, namespace)
    return namespace


def verdicts(made, answers):
    """Judge every check of a set, but that of a training, by question and check."""
    return {
        (question.id, check.name): check.judge(answers[question.answer])
        for question in made.coded
        for check in question.checks
        if question.id != "train"
    }


def known(made):
    """Every known mistake with the check that names it."""
    return [
        (question.id, check, mistake)
        for question in made.coded
        for check in question.checks
        for mistake in check.mistakes
        if mistake.answer is not None
    ]
