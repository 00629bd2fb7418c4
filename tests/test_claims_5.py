"""The propositions of chapter 5, on random inputs of random sizes."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from transformer_lib import pocket
from transformer_lib.steps import attention, attention_columns, project, self_attention, softmax

NUMBERS = st.floats(-2, 2, allow_subnormal=False)


def arrays(*shape):
    return hnp.arrays(np.float64, shape, elements=NUMBERS)


@st.composite
def layers(draw):
    """Inputs and three matrices; N, d_model, d_k and d_v all differ."""
    n, d_model, d_k, d_v = draw(st.permutations(range(1, 7)))[:4]
    return draw(
        st.tuples(arrays(n, d_model), arrays(d_k, d_model), arrays(d_k, d_model), arrays(d_v, d_model))
    )


@st.composite
def score_tables(draw):
    """Scores of more or fewer queries than keys."""
    queries, keys = draw(st.permutations(range(1, 7)))[:2]
    return draw(arrays(queries, keys))


QUICK = settings(max_examples=60)


@QUICK
@given(layers())
def test_a_row_of_a_times_w_transposed_is_w_times_that_vector(layer):
    a, w_q, _, _ = layer

    stacked = project(a, w_q)

    np.testing.assert_allclose(stacked, [w_q @ vector for vector in a], atol=1e-12)


@QUICK
@given(layers())
def test_the_column_form_is_the_transpose_of_the_row_form_at_every_step(layer):
    a, *matrices = layer

    rows = self_attention(a, *matrices, scaled=False)
    columns = attention_columns(a.T, *matrices)

    np.testing.assert_allclose(columns.A, rows.scores.T, atol=1e-12)
    np.testing.assert_allclose(columns.A_prime, rows.weights.T, atol=1e-12)
    np.testing.assert_allclose(columns.O, rows.output.T, atol=1e-12)


@QUICK
@given(layers(), st.data())
def test_entry_j_i_of_a_is_the_score_of_query_i_and_key_j(layer, data):
    a, w_q, w_k, w_v = layer
    i, j = (data.draw(st.integers(0, len(a) - 1)) for _ in range(2))

    A = attention_columns(a.T, w_q, w_k, w_v).A

    np.testing.assert_allclose(A[j, i], (w_q @ a[i]) @ (w_k @ a[j]), atol=1e-12)


@QUICK
@given(layers())
def test_the_scores_have_a_row_a_query_and_a_column_a_key(layer):
    a, w_q, w_k, w_v = layer
    q, k, v = project(a[:1], w_q), project(a, w_k), project(a, w_v)

    steps = attention(q, k, v)

    assert steps.scores.shape == (1, len(a))
    assert steps.output.shape == (1, len(w_v))


@QUICK
@given(score_tables())
def test_over_the_queries_the_weights_of_each_key_sum_to_one(scores):
    wrong = softmax(scores, axis=0)

    np.testing.assert_allclose(wrong.sum(axis=0), 1)
    np.testing.assert_allclose(wrong.sum(axis=1).mean(), scores.shape[1] / scores.shape[0])


@QUICK
@given(score_tables())
def test_over_the_queries_some_row_misses_one_when_queries_and_keys_differ_in_number(scores):
    wrong = softmax(scores, axis=0)

    assert not np.allclose(wrong.sum(axis=1), 1)


@QUICK
@given(st.integers(1, 6), NUMBERS)
def test_equal_scores_in_a_square_table_hide_the_wrong_axis(n, score):
    scores = np.full((n, n), score)

    np.testing.assert_allclose(softmax(scores, axis=0), softmax(scores, axis=1))


def test_on_the_pocket_example_every_row_of_the_wrong_axis_misses_one():
    wrong = softmax(pocket.arrays(pocket.by_hand.scores), axis=0, base=2)

    assert np.all(np.abs(wrong.sum(axis=1) - 1) > 0.05)


def test_the_wrong_axis_moves_b_1_to_131_over_1649_and_10549_over_8245():
    powers = [[Fraction(2) ** int(score) for score in row] for row in pocket.by_hand.scores]
    wrong = [power / sum(column) for power, column in zip(powers[0], zip(*powers, strict=True), strict=True)]
    b_1 = [
        sum(w * x for w, x in zip(wrong, column, strict=True))
        for column in zip(*pocket.by_hand.v, strict=True)
    ]

    assert wrong == [Fraction(1, 25), Fraction(16, 25), Fraction(1, 17), Fraction(1, 97)]
    assert b_1 == [Fraction(131, 1649), Fraction(6, 5) + Fraction(131, 1649)]
