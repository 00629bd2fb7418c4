"""What chapter 2 claims of a soft look-up."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from transformer_lib import pocket
from transformer_lib.steps import attention, project, softmax

Q_1 = pocket.arrays(pocket.by_hand.q)[:1]
K, V = pocket.arrays(pocket.by_hand.k), pocket.arrays(pocket.by_hand.v)

entries = st.floats(-4, 4, allow_subnormal=False)
whole = st.integers(-4, 4).map(float)
factors = st.floats(0.1, 5)


@st.composite
def look_ups(draw, elements=entries):
    """One query, and keys and values of other widths than each other."""
    n_pairs, d_k, d_v = draw(st.integers(2, 6)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    sizes = ((1, d_k), (n_pairs, d_k), (n_pairs, d_v))
    return tuple(draw(arrays(np.float64, size, elements=elements)) for size in sizes)


def by_hand(q, k, v):
    return attention(q, k, v, scaled=False, base=2)


@given(look_ups(), st.data())
def test_in_no_direction_does_the_result_lie_beyond_all_values(triple, data):
    q, k, v = triple
    direction = data.draw(arrays(np.float64, v.shape[1], elements=entries))

    result = by_hand(q, k, v).output[0] @ direction

    reach = v @ direction
    assert reach.min() - 1e-9 <= result <= reach.max() + 1e-9


@given(look_ups())
def test_every_pair_has_a_positive_weight_and_the_weights_add_up_to_one(triple):
    weights = by_hand(*triple).weights

    assert (weights > 0).all()
    np.testing.assert_allclose(weights.sum(), 1)


@given(look_ups(), factors)
def test_a_query_c_times_as_long_gives_the_weights_of_temperature_one_over_c(triple, c):
    q, k, v = triple

    longer = by_hand(c * q, k, v).weights

    np.testing.assert_allclose(longer, softmax(q @ k.T, base=2, temperature=1 / c), atol=1e-12)


@given(look_ups(elements=whole), st.integers(0, 20))
def test_the_best_key_has_at_least_the_weight_that_its_lead_promises(triple, c):
    q, k, v = triple
    *others, second, best = np.sort((q @ k.T)[0])

    largest = by_hand(c * q, k, v).weights.max()

    others_at_most = (len(others) + 1) * 2.0 ** (-c * (best - second))
    assert largest >= 1 / (1 + others_at_most) - 1e-12


@given(look_ups(elements=whole))
def test_a_very_long_query_finds_the_value_of_the_one_best_key(triple):
    q, k, v = triple
    scores = (q @ k.T)[0]
    assume((scores == scores.max()).sum() == 1)

    result = by_hand(100 * q, k, v).output[0]

    np.testing.assert_allclose(result, v[scores.argmax()], atol=1e-9)


@given(look_ups(), st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_does_not_matter(triple, random):
    q, k, v = triple
    order = random.sample(range(len(k)), len(k))

    shuffled = by_hand(q, k[order], v[order]).output

    np.testing.assert_allclose(shuffled, by_hand(q, k, v).output, atol=1e-9)


@given(look_ups(), st.data())
def test_without_tanh_the_weights_of_an_additive_score_do_not_depend_on_the_query(triple, data):
    q, k, _ = triple
    w_1 = data.draw(arrays(np.float64, (3, q.shape[1]), elements=entries))
    w_2 = data.draw(arrays(np.float64, (3, k.shape[1]), elements=entries))
    v_a = data.draw(arrays(np.float64, 3, elements=entries))

    scores = (project(q, w_1) + project(k, w_2)) @ v_a

    np.testing.assert_allclose(softmax(scores), softmax(project(k, w_2) @ v_a), atol=1e-9)


@pytest.mark.parametrize(
    ("query", "weights", "result"),
    [
        pytest.param((0, -1), (0.05, 0.8, 0.1, 0.05), (0.2, 1.7), id="the query of position 1"),
        pytest.param((1, 0), (0.04, 0.64, 0.16, 0.16), (0.48, 1.68), id="a decoder's query"),
        pytest.param((0, -2), np.array([1, 256, 4, 1]) / 262, np.array([6, 516]) / 262, id="twice as long"),
        pytest.param((0, 0), (0.25, 0.25, 0.25, 0.25), (0.75, 0.75), id="no query at all"),
    ],
)
def test_the_look_ups_that_the_chapter_does_by_hand(query, weights, result):
    steps = by_hand([query], K, V)

    np.testing.assert_allclose(steps.weights[0], weights)
    np.testing.assert_allclose(steps.output[0], result)


def test_the_pairs_of_the_database_come_from_the_four_inputs():
    q, k, v = (project(pocket.a, w) for w in (pocket.w_q, pocket.w_k, pocket.w_v))

    np.testing.assert_array_equal(q[0], [0, -1])
    np.testing.assert_array_equal(k, [[-2, 2], [2, -2], [0, 1], [0, 2]])
    np.testing.assert_array_equal(v, [[0, -2], [0, 2], [1, 1], [2, 2]])


def test_other_weights_can_give_the_same_result():
    without_v3 = np.array([0.075, 0.825, 0, 0.1])

    np.testing.assert_allclose(without_v3 @ V, by_hand(Q_1, K, V).output[0])


def test_position_1_attends_most_to_the_input_that_is_least_like_it():
    similarity = pocket.a @ pocket.a[0]

    weights = by_hand(Q_1, K, V).weights[0]

    assert similarity.argmin() == weights.argmax() == 1


def test_summing_the_keys_instead_of_the_values_leaves_the_hull():
    outwards = np.array([1, -1])  # the edge from v₁ to v₄ has x − y = 2 and 0: all values have at most 2

    result = by_hand(Q_1, K, K).output[0]

    np.testing.assert_allclose(result, [1.5, -1.3])
    assert result @ outwards > (V @ outwards).max()
