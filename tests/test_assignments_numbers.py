"""Each student's numbers: the same everywhere, exact on paper, equally hard, of one's own."""

from fractions import Fraction

import numpy as np
import pytest

from assignments import numbers
from assignments.numbers import EXACT_NORMS, Draw, exact_head
from transformer_lib import pocket
from transformer_lib.exercises.mistake_bank import mistakes_for
from transformer_lib.shapes import InputError

CLASS = [f"student-{n}" for n in range(60)]


def heads(students):
    return [exact_head(Draw("by_hand", 2026, student)) for student in students]


@pytest.fixture(scope="module")
def some():
    return heads(CLASS)


def test_a_draw_is_the_same_on_every_machine():
    draw = Draw("by_hand", 2026, "ada")

    assert [draw.choose(range(100)) for _ in range(6)] == [59, 56, 66, 23, 95, 7]


def test_a_head_is_the_same_on_every_machine():
    x = exact_head(Draw("by_hand", 2026, "ada"))

    assert [table.astype(int).tolist() for table in x] == [
        [[-1, 1], [-1, 0], [0, 1], [1, 1]],
        [[1, 2], [0, -1]],
        [[0, 2], [-1, 1]],
        [[2, 1], [2, -1]],
    ]


def test_set_seed_and_student_each_change_the_draw():
    words = [("a", 1, "x"), ("b", 1, "x"), ("a", 2, "x"), ("a", 1, "y"), ("a", 11, "x"), ("a1", 1, "x")]

    drawn = {tuple(Draw(*word).integers(0, 9, 12)) for word in words}

    assert len(drawn) == len(words)


def test_choices_are_equally_likely():
    draw = Draw("a", 1, "x")

    counts = np.bincount([draw.choose(range(6)) for _ in range(6000)], minlength=6)

    assert abs(counts - 1000).max() < 150  # 5 standard deviations


def test_several_gives_different_options():
    assert sorted(Draw("a", 1, "x").several("abcd", 4)) == list("abcd")


def test_conditions_that_never_hold_are_told(monkeypatch):
    monkeypatch.setattr(numbers, "TRIES", 10)

    with pytest.raises(InputError, match="no numbers fit after 10 tries"):
        Draw("a", 1, "x").until(lambda draw: None)


def denominators(x):
    steps = x.exact(pocket.CAUSAL), x.exact()
    return [weight.denominator for weight in (*steps[1].weights[0], *steps[0].weights[2])]


def is_exact_and_fair(x):
    first, weights = x.exact().scores[0], x.exact().weights[0]
    return (
        max(denominators(x)) <= 33
        and len(set(weights)) == 4
        and max(first) - min(first) in (3, 4)
        and (x.a < 0).sum() == 2
        and [(w < 0).sum() for w in x[1:]] == [1, 1, 1]
        and not any((w == w.T).all() for w in x[1:])
        and sum(weights) == Fraction(1)
    )


def named(x):
    """How many mistakes of the bank are told apart: of b_1 by hand, and of the scaled weights."""
    by_hand = mistakes_for(lambda wrong: wrong.output[0], *x, base=2, scaled=False)
    scaled = mistakes_for(lambda wrong: wrong.weights[0], *x)
    return len(by_hand), len(scaled)


def test_rows_are_exact_and_equally_hard(some):
    assert all(is_exact_and_fair(x) for x in some)


def test_every_wrong_turn_gives_an_answer_of_its_own(some):
    assert {named(x) for x in some} == {(21, 16)}


@pytest.mark.slow
def test_a_thousand_students_get_numbers_of_their_own():
    everyone = heads(f"student-{n}" for n in range(1000))

    different = {tuple(table.tobytes() for table in x) for x in everyone}
    rows = {tuple(x.exact().output[0]) + tuple(x.exact().weights[0]) for x in everyone}

    assert all(is_exact_and_fair(x) for x in everyone)
    assert {named(x) for x in everyone} == {(21, 16)}
    assert len(different) == 1000
    assert len(rows) > 850


@pytest.mark.parametrize("at", range(0, len(EXACT_NORMS), 150))
def test_norms_on_paper_are_exact(at):
    steps = pocket.layer_norm(pocket.exact([EXACT_NORMS[at]])[0])

    assert steps.std in (5, 7, 9, 11, 13)
    assert 1 <= steps.mean <= 6
