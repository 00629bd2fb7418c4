"""Softmax and its Jacobian: equal to torch, to finite differences and to the numbers by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_lib import pocket
from transformer_lib.shapes import InputError, ShapeError
from transformer_lib.steps import softmax, softmax_jacobian

T, S = 5, 7

seeds = st.integers(0, 2**32 - 1)
law = settings(max_examples=50)


def scores(seed=0, *shape):
    return np.random.default_rng(seed).normal(size=shape or (T, S)) * 3


def finite_differences(function, x, step=1e-6):
    """Column j: what function does when entry j of x moves."""
    moves = np.eye(len(x)) * step
    return np.stack([(function(x + move) - function(x - move)) / (2 * step) for move in moves], axis=-1)


def test_softmax_equals_torch():
    x = scores()

    np.testing.assert_allclose(softmax(x), torch.softmax(torch.tensor(x), -1), rtol=1e-12)
    np.testing.assert_allclose(softmax(x, axis=0), torch.softmax(torch.tensor(x), 0), rtol=1e-12)


@pytest.mark.parametrize("n_axes", [1, 2, 3, 4])
def test_the_last_axis_sums_to_one_whatever_the_number_of_axes(n_axes):
    x = scores(0, *(2, 3, 5, 7)[-n_axes:])

    np.testing.assert_allclose(softmax(x).sum(axis=-1), 1, rtol=1e-12)


def test_the_base_is_the_number_raised_to_the_score():
    np.testing.assert_allclose(softmax([0, 1, 2], base=2), [1 / 7, 2 / 7, 4 / 7], rtol=1e-14)
    np.testing.assert_allclose(softmax([0, 1], base=10), [1 / 11, 10 / 11], rtol=1e-14)
    np.testing.assert_allclose(softmax([0, 1], base=0.5), [2 / 3, 1 / 3], rtol=1e-14)


def test_the_temperature_divides_the_scores():
    np.testing.assert_allclose(softmax([0, 4], base=2, temperature=2), [1 / 5, 4 / 5], rtol=1e-14)


def test_a_hidden_score_gets_exactly_no_weight():
    assert softmax([0.0, -np.inf])[1] == 0.0


@law
@given(seeds, st.floats(-1e3, 1e3))
def test_adding_a_number_to_all_scores_changes_nothing(seed, number):
    x = scores(seed)

    np.testing.assert_allclose(softmax(x + number), softmax(x), rtol=1e-9)


def test_large_scores_do_not_overflow():
    np.testing.assert_array_equal(softmax([0.0, 1e5, -1e5]), [0, 1, 0])


def test_the_jacobian_by_hand():
    weights = [1 / 2, 1 / 4, 1 / 8, 1 / 8]

    jacobian = softmax_jacobian(weights)

    np.testing.assert_array_equal(np.diag(jacobian), [0.25, 0.1875, 0.109375, 0.109375])
    np.testing.assert_array_equal(jacobian[0, 1:], [-0.125, -0.0625, -0.0625])
    np.testing.assert_array_equal(jacobian[1:3, 3], [-0.03125, -0.015625])
    np.testing.assert_array_equal(jacobian, pocket.arrays(pocket.eighths_jacobian))


@law
@given(seeds)
def test_the_jacobian_is_what_finite_differences_find(seed):
    x = scores(seed, S)

    found = finite_differences(softmax, x)

    np.testing.assert_allclose(softmax_jacobian(softmax(x)), found, atol=1e-8)


def test_the_jacobian_equals_torch():
    x = scores(0, S)

    theirs = torch.autograd.functional.jacobian(lambda y: torch.softmax(y, -1), torch.tensor(x))

    np.testing.assert_allclose(softmax_jacobian(softmax(x)), theirs, rtol=1e-12, atol=1e-15)


def test_in_base_two_at_temperature_three_the_jacobian_is_ln_2_over_3_times_as_large():
    x = scores(0, S)

    found = finite_differences(lambda y: softmax(y, base=2, temperature=3), x)

    ours = softmax_jacobian(softmax(x, base=2, temperature=3)) * np.log(2) / 3
    np.testing.assert_allclose(ours, found, atol=1e-8)


@law
@given(seeds)
def test_the_jacobian_is_symmetric_and_its_rows_sum_to_zero(seed):
    jacobian = softmax_jacobian(softmax(scores(seed)))

    np.testing.assert_allclose(jacobian, jacobian.swapaxes(-2, -1), rtol=1e-12)
    np.testing.assert_allclose(jacobian.sum(axis=-1), 0, atol=1e-14)
    assert abs(jacobian).max() <= 1 / 4


def test_many_rows_go_through_as_one_by_one():
    weights = softmax(scores(0, 2, 3, T, S))

    together = softmax_jacobian(weights)

    assert together.shape == (2, 3, T, S, S)
    np.testing.assert_array_equal(together[1, 2, 4], softmax_jacobian(weights[1, 2, 4]))
    np.testing.assert_array_equal(together[1], softmax_jacobian(weights[1]))


def test_a_saturated_softmax_lets_no_gradient_through():
    assert abs(softmax_jacobian(softmax([0.0, 50.0, 0.0]))).max() < 1e-20
    assert abs(softmax_jacobian(softmax([0.0, 1.0, 0.0]))).max() > 0.2


NO_KEY = "x has only −∞ along the softmax axis: that query may look at no key."


REFUSED = {
    "empty": (lambda: softmax([]), InputError, "x is empty (shape (0,)): give at least one entry."),
    "text": (
        lambda: softmax("0 1 2"),
        InputError,
        "x is text, not numbers: give a list or an array of numbers.",
    ),
    "ragged": (
        lambda: softmax([[0, 1], [2]]),
        InputError,
        "x has rows of different lengths: make all rows equally long.",
    ),
    "nan": (
        lambda: softmax([np.nan, 1]),
        InputError,
        "x holds nan at index (0,): every entry must be a finite number.",
    ),
    "infinity": (
        lambda: softmax([1, np.inf]),
        InputError,
        "x holds inf at index (1,): every entry must be a finite number.",
    ),
    "all hidden": (lambda: softmax([-np.inf, -np.inf]), InputError, NO_KEY),
    "one row all hidden": (lambda: softmax([[0, 1], [-np.inf, -np.inf]]), InputError, NO_KEY),
    "no axis": (
        lambda: softmax(1.0),
        ShapeError,
        "x has 0 axes (shape ()), but 1 or 2 or 3 or 4 are needed: give one vector, a flat list of numbers.",
    ),
    "base 0": (lambda: softmax([1], base=0), InputError, "base is 0: it must be a finite number above 0."),
    "base of text": (
        lambda: softmax([1], base="2"),
        InputError,
        "base is '2': it must be a finite number above 0.",
    ),
    "base infinite": (
        lambda: softmax([1], base=np.inf),
        InputError,
        "base is inf: it must be a finite number above 0.",
    ),
    "temperature below 0": (
        lambda: softmax([1], temperature=-1),
        InputError,
        "temperature is -1: it must be a finite number above 0.",
    ),
    "scores for weights": (
        lambda: softmax_jacobian([0, 1, 2.5]),
        InputError,
        "weights sums to 3.5, not to 1: give the softmax of the scores.",
    ),
    "one row that sums to more": (
        lambda: softmax_jacobian([[0.5, 0.5], [0.25, 0.25], [1.0, 0.9]]),
        InputError,
        "weights sums to 1.9, not to 1: give the softmax of the scores.",
    ),
    "one row that sums to less": (
        lambda: softmax_jacobian([[0.5, 0.5], [0.05, 0.05], [0.9, 0.9]]),
        InputError,
        "weights sums to 0.1, not to 1: give the softmax of the scores.",
    ),
    "a weight below 0": (
        lambda: softmax_jacobian([-0.5, 1.5]),
        InputError,
        "weights holds -0.5: give the softmax of the scores, none below 0.",
    ),
    "weights of text": (
        lambda: softmax_jacobian("weights"),
        InputError,
        "weights is text, not numbers: give a list or an array of numbers.",
    ),
}


@pytest.mark.parametrize(("call", "error", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_refused_in_one_sentence(call, error, sentence):
    with pytest.raises(error) as refusal:
        call()

    assert str(refusal.value) == sentence
