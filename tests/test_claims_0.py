"""The propositions of chapter 0, on random scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from transformer_lib.steps import softmax

scores = arrays(np.float64, st.integers(1, 7), elements=st.floats(-30, 30))
bases = st.sampled_from([2.0, np.e, 10.0])


@given(scores, bases)
def test_weights_are_positive_and_sum_to_one(x, base):
    weights = softmax(x, base=base)

    assert (weights > 0).all()
    assert weights.sum() == pytest.approx(1)


@given(scores, bases, st.floats(-1000, 1000))
def test_a_shift_changes_nothing(x, base, shift):
    shifted = softmax(x + shift, base=base)

    np.testing.assert_allclose(shifted, softmax(x, base=base), rtol=1e-9)


@given(scores, bases)
def test_the_ratio_of_two_weights_is_the_base_to_the_difference_of_their_scores(x, base):
    weights = softmax(x, base=base)

    np.testing.assert_allclose(weights[0] / weights[-1], base ** (x[0] - x[-1]), rtol=1e-9)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=6))
def test_cold_the_largest_scores_share_everything(x):
    top = np.array(x) == max(x)

    cold = softmax(x, temperature=1e-3)

    np.testing.assert_allclose(cold, top / top.sum(), atol=1e-12)


@given(scores)
def test_hot_everyone_gets_the_same(x):
    hot = softmax(x, temperature=1e9)

    np.testing.assert_allclose(hot, 1 / len(x), rtol=1e-6)


@given(scores)
def test_base_two_is_base_e_at_temperature_one_over_ln_two(x):
    by_hand = softmax(x, base=2)

    np.testing.assert_allclose(by_hand, softmax(x, temperature=1 / np.log(2)), rtol=1e-9)
