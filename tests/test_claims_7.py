"""The propositions of chapter 7, on random inputs of random sizes."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import close, few, table

from transformer_lib import pocket
from transformer_lib.attention import MultiHeadAttention
from transformer_lib.steps import (
    attention,
    heads_of,
    merge_heads,
    multi_head,
    project,
    self_attention,
    softmax,
    split_heads,
)


@st.composite
def layers(draw):
    """Inputs (N, d_model), heads of one size with d_k ≠ d_v, and W^O (d_out, n_heads · d_v)."""
    n, d_model, d_k, d_v, d_out = draw(st.permutations(range(1, 7)))[:5]
    n_heads = draw(st.integers(1, 4))
    triple = st.tuples(table(d_k, d_model), table(d_k, d_model), table(d_v, d_model))
    heads = draw(st.lists(triple, min_size=n_heads, max_size=n_heads))
    return draw(table(n, d_model)), heads, draw(table(d_out, n_heads * d_v))


@st.composite
def tables(draw, positions=1):
    """A table (N, n_heads · d_head) and its number of heads, two at least."""
    n_heads, d_head = draw(st.integers(2, 4)), draw(st.integers(1, 3))
    return draw(table(draw(st.integers(positions, 5)), n_heads * d_head)), n_heads


def heads_by_hand():
    return [tuple(map(pocket.arrays, head)) for head in (pocket.HEAD_1, pocket.HEAD_2)]


# 7.1 · One row has 1 to give


@few
@given(table(3, 5), st.permutations(range(5)))
def test_two_weights_of_one_row_sum_to_one_at_most(scores, order):
    weights = softmax(scores)

    assert np.all(weights[:, order[0]] + weights[:, order[1]] <= 1 + 1e-12)


def test_position_4_wants_more_than_one_row_has():
    head_1, head_2 = pocket.by_hand.weights[3], pocket.head_2.weights[3]

    assert head_1[3] + head_2[1] == Fraction(8, 11) + Fraction(16, 25) > 1
    assert 1 - head_1[3] == Fraction(6, 22)


# By hand


def test_head_2_by_hand():
    assert pocket.head_2.weights[0] == tuple(Fraction(x, 13) for x in (8, 2, 2, 1))
    assert pocket.head_2.weights[3] == tuple(Fraction(x, 25) for x in (1, 16, 4, 4))
    assert pocket.concat[3] == (Fraction(18, 11), Fraction(18, 11), Fraction(3, 5), Fraction(27, 25))


def test_w_o_that_adds_the_heads_up_gives_123_over_55_and_747_over_275():
    concat = pocket.concat[3]

    assert (concat[0] + concat[2], concat[1] + concat[3]) == (Fraction(123, 55), Fraction(747, 275))


# 7.2 · A sum over heads


@few
@given(layers())
def test_concat_then_w_o_is_the_sum_of_what_each_head_adds(layer):
    a, heads, w_o = layer

    whole = multi_head(a, heads, w_o)

    parts = np.split(w_o, len(heads), axis=1)
    added = [self_attention(a, *head).output @ part.T for head, part in zip(heads, parts, strict=True)]
    np.testing.assert_allclose(sum(added), whole.output, **close)


@few
@given(layers())
def test_a_head_whose_columns_are_zero_can_be_taken_out_with_them(layer):
    a, heads, w_o = layer
    more = [*heads, heads[0]]
    wider = np.hstack([w_o, np.zeros((len(w_o), w_o.shape[1] // len(heads)))])

    with_it, without_it = multi_head(a, more, wider), multi_head(a, heads, w_o)

    np.testing.assert_allclose(with_it.output, without_it.output, **close)


@few
@given(layers())
def test_two_equal_heads_do_no_more_than_one(layer):
    a, heads, w_o = layer
    one, two = np.hsplit(np.hstack([w_o, w_o[:, ::-1]]), 2)
    twice = multi_head(a, heads + heads, np.hstack([one, two]))

    once = multi_head(a, heads, one + two)

    np.testing.assert_allclose(twice.output, once.output, **close)


@few
@given(layers())
def test_heads_may_stand_in_any_order_if_their_columns_go_along(layer):
    a, heads, w_o = layer
    turned = np.hstack(np.split(w_o, len(heads), axis=1)[::-1])

    np.testing.assert_allclose(
        multi_head(a, heads[::-1], turned).output, multi_head(a, heads, w_o).output, **close
    )


# 7.3 · Cut the matrix or cut the result


@few
@given(tables(), st.data())
def test_cutting_the_rows_of_w_or_cutting_the_result_is_the_same(columns, data):
    w, n_heads = columns[0].T, columns[1]
    a = data.draw(table(3, w.shape[1]))

    cut_after = split_heads(project(a, w), n_heads)

    np.testing.assert_allclose(
        cut_after, [project(a, head[0]) for head in heads_of(w, w, w, n_heads)], **close
    )


# The scramble


@few
@given(tables())
def test_a_head_gets_its_share_of_every_position(table):
    x, n_heads = table

    split = split_heads(x, n_heads)

    np.testing.assert_array_equal(np.concatenate(split, axis=1), x)
    np.testing.assert_array_equal(merge_heads(split), x)


@few
@given(tables())
def test_the_scramble_has_the_right_shape_and_survives_the_round_trip(table):
    x, n_heads = table

    scrambled = x.reshape(n_heads, len(x), -1)

    assert scrambled.shape == split_heads(x, n_heads).shape
    np.testing.assert_array_equal(scrambled.reshape(len(x), -1), x)


@few
@given(tables(positions=2))
def test_in_the_scramble_head_1_does_not_see_the_last_position(table):
    x, n_heads = table
    changed = x.copy()
    changed[-1] += 1

    before, after = x.reshape(n_heads, len(x), -1), changed.reshape(n_heads, len(x), -1)

    np.testing.assert_array_equal(before[0], after[0])
    assert np.all(split_heads(changed, n_heads)[:, -1] != split_heads(x, n_heads)[:, -1])


def test_the_scramble_moves_b_1_of_head_1_to_minus_2_over_9_and_8_over_9():
    q, k, v = (pocket.a @ np.vstack(both).T for both in zip(*heads_by_hand(), strict=True))

    wrong = attention(*(x.reshape(2, 4, 2) for x in (q, k, v)), scaled=False, base=2)

    np.testing.assert_allclose(wrong.weights.sum(axis=-1), 1)
    np.testing.assert_allclose(wrong.output[0, 0], [-2 / 9, 8 / 9])


# 7.4 · The number of heads does not count


@few
@given(st.integers(1, 4), st.integers(1, 5))
def test_the_number_of_weights_does_not_depend_on_the_number_of_heads(d_head, n_heads):
    d_model = n_heads * d_head

    layer = MultiHeadAttention(d_model, n_heads, bias=False)

    assert sum(w.numel() for w in layer.parameters()) == 4 * d_model**2


# Exercise 7.4


@few
@given(table(5, 5))
def test_in_one_head_the_smaller_of_two_weights_is_at_most_a_half(w_q):
    weights = self_attention(np.eye(5), 10 * w_q, np.eye(5), np.eye(5)).weights

    assert min(weights[2, 0], weights[2, 1]) <= 0.5
