"""The claims of chapter 3, from a₁ to b₁, on random inputs and with the chapter's own numbers."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from transformer_lib import pocket
from transformer_lib.shapes import Array
from transformer_lib.steps import attention, project, self_attention, softmax

FINITE = st.floats(-20, 20, allow_subnormal=False)
N, D_K, D_V = 5, 2, 3  # all different, so that a swapped axis cannot pass by luck

queries = arrays(float, (1, D_K), elements=FINITE)
keys = arrays(float, (N, D_K), elements=FINITE)
values = arrays(float, (N, D_V), elements=FINITE)
scores = arrays(float, N, elements=st.floats(-8, 8, allow_subnormal=False))
positions = st.integers(0, N - 1)


def distances_to(v: Array, j: int) -> Array:
    return np.linalg.norm(v - v[j], axis=1)


def mixture_without(weights: Array, v: Array, j: int) -> Array:
    others = np.delete(weights, j)
    return others / others.sum() @ np.delete(v, j, axis=0)


# ---- Proposition 3.1


@given(queries, keys, values, positions)
def test_b_is_within_the_bound_of_every_value(q, k, v, j):
    steps = attention(q, k, v)

    distance = np.linalg.norm(steps.output[0] - v[j])
    bound = (1 - steps.weights[0, j]) * distances_to(v, j).max()

    assert distance <= bound + 1e-9


@given(scores, values, positions)
def test_b_lies_on_the_line_from_the_mixture_of_the_others_to_the_value(alpha, v, j):
    weights = softmax(alpha)

    on_the_line = weights[j] * v[j] + (1 - weights[j]) * mixture_without(weights, v, j)

    np.testing.assert_allclose(weights @ v, on_the_line, rtol=0, atol=1e-9)


@given(scores, values, positions, st.floats(0.1, 10))
def test_raising_one_score_alone_brings_b_nearer_to_its_value(alpha, v, j, by):
    raised = alpha + by * (np.arange(N) == j)

    before, after = softmax(alpha) @ v, softmax(raised) @ v

    assert np.linalg.norm(after - v[j]) <= np.linalg.norm(before - v[j]) + 1e-9


@given(scores, positions, arrays(float, D_V, elements=FINITE), arrays(float, D_V, elements=FINITE))
def test_the_bound_is_reached_when_all_other_values_are_one_point(alpha, j, favourite, other):
    weights = softmax(alpha)
    v = np.where((np.arange(N) == j)[:, None], favourite, other)

    distance = np.linalg.norm(weights @ v - v[j])

    assert distance == pytest.approx((1 - weights[j]) * distances_to(v, j).max(), abs=1e-9)


def test_a_larger_weight_with_other_ratios_can_still_leave_b_farther_away():
    v, v_2 = pocket.arrays(pocket.by_hand.v), np.array([0, 2])
    small, large = softmax([0, 5, 4, 0], base=2), softmax([2, 4, 0, 0], base=2)

    near, far = np.linalg.norm(small @ v - v_2), np.linalg.norm(large @ v - v_2)

    assert small[1] < large[1]
    assert near < far


# ---- Proposition 3.2


@given(queries, keys, values, positions)
def test_leaving_out_a_key_only_renormalises_the_other_weights(q, k, v, j):
    left_out = np.arange(N) != j
    with_all, without = attention(q, k / 10, v), attention(q, k / 10, v, allowed=[left_out])

    expected = with_all.weights[0] * left_out / with_all.weights[0, left_out].sum()

    np.testing.assert_allclose(without.weights[0], expected, rtol=1e-9, atol=1e-12)


def test_without_k_1_the_shares_are_16_2_and_1_nineteenths():
    assert pocket.self_left_out.weights[0] == (0, Fraction(16, 19), Fraction(2, 19), Fraction(1, 19))
    assert pocket.self_left_out.output[0] == (Fraction(4, 19), Fraction(36, 19))


# ---- Proposition 3.3


@given(queries, keys, values, arrays(float, D_K, elements=FINITE))
def test_adding_one_vector_to_every_key_changes_no_weight(q, k, v, shift):
    before, after = attention(q, k, v), attention(q, k + shift, v)

    np.testing.assert_allclose(before.weights, after.weights, rtol=0, atol=1e-9)


def test_adding_one_vector_to_every_query_can_change_the_weights():
    q, k, v = (pocket.arrays(rows) for rows in pocket.by_hand[:3])

    before, after = attention(q, k, v), attention(q + np.array([1, 0]), k, v)

    assert not np.allclose(before.weights[0], after.weights[0], atol=0.1)


# ---- The chapter's other numbers


def test_the_hand_result_is_the_scaled_one_to_one_decimal():
    hand, true = pocket.by_hand, self_attention(pocket.a, pocket.w_q, pocket.w_k, pocket.w_v)

    gap = np.abs(true.weights[0] - pocket.arrays(hand.weights[0])).max()

    assert round(float(gap), 4) == 0.0077
    np.testing.assert_array_equal(true.output[0].round(1), pocket.arrays(hand.output[0]))


def test_unscaled_base_e_gives_position_2_more_and_brings_b_1_nearer():
    steps = self_attention(pocket.a, pocket.w_q, pocket.w_k, pocket.w_v, scaled=False)

    distance = np.linalg.norm(steps.output[0] - [0, 2])

    assert steps.weights[0, 1].round(4) == 0.9205
    assert distance.round(3) == 0.138


def test_the_score_is_neither_symmetric_nor_the_similarity_of_the_inputs():
    alpha = pocket.arrays(pocket.by_hand.scores)

    inputs = pocket.a @ pocket.a.T

    assert (alpha[0, 2], alpha[2, 0]) == (-1, 0)
    assert inputs[0].argmin() == alpha[0].argmax() == 1


def test_b_1_is_none_of_the_values():
    assert pocket.by_hand.output[0] not in pocket.by_hand.v


def test_with_k_for_q_the_weights_still_sum_to_1_but_b_1_is_another():
    q, k, v = (project(pocket.a, w) for w in (pocket.w_q, pocket.w_k, pocket.w_v))

    swapped = attention(k[:1], q, v, scaled=False, base=2)

    np.testing.assert_allclose(swapped.weights[0], [0.04, 0.64, 0.16, 0.16])
    np.testing.assert_allclose(swapped.output[0], [0.48, 1.68])
