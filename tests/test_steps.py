"""Attention in NumPy: equal to an independent implementation, and the laws it obeys."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from transformer_lib.shapes import InputError, ShapeError
from transformer_lib.steps import (
    attention,
    attention_columns,
    multi_head,
    project,
    self_attention,
    softmax,
)

# All sizes differ, so that a swapped axis cannot pass by luck.
T, S, D_K, D_V, D_MODEL = 5, 7, 4, 6, 3

seeds = st.integers(0, 2**32 - 1)


def qkv(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(T, D_K)), rng.normal(size=(S, D_K)), rng.normal(size=(S, D_V))


def matrices(seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, D_MODEL)) for n in (D_K, D_K, D_V)]


def inputs(seed=0, n=T):
    return np.random.default_rng(seed + 1).normal(size=(n, D_MODEL))


def causal(n):
    return np.tri(n, dtype=bool)


def test_softmax_equals_torch():
    x = np.random.default_rng(0).normal(size=(T, S)) * 5

    np.testing.assert_allclose(softmax(x), torch.softmax(torch.tensor(x), -1), rtol=1e-12)
    np.testing.assert_allclose(softmax(x, axis=0), torch.softmax(torch.tensor(x), 0), rtol=1e-12)


def test_attention_equals_torch():
    q, k, v = qkv()

    theirs = F.scaled_dot_product_attention(*(torch.tensor(x)[None] for x in (q, k, v)))

    np.testing.assert_allclose(attention(q, k, v).output, theirs[0], rtol=1e-12)


def test_masked_attention_equals_torch():
    q, k, v = qkv()
    allowed = np.random.default_rng(1).random((T, S)) < 0.6
    allowed[:, 0] = True

    theirs = F.scaled_dot_product_attention(
        *(torch.tensor(x)[None] for x in (q, k, v)), attn_mask=torch.tensor(allowed)
    )

    np.testing.assert_allclose(attention(q, k, v, allowed).output, theirs[0], rtol=1e-12)


def test_batches_go_through_as_one_by_one():
    q, k, v = (np.stack([x, 2 * x]) for x in qkv())

    both = attention(q, k, v).output

    np.testing.assert_allclose(both[1], attention(q[1], k[1], v[1]).output, rtol=1e-14)


@given(seeds)
def test_every_row_of_weights_sums_to_one(seed):
    weights = attention(*qkv(seed)).weights

    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-12)


@given(seeds)
def test_every_output_lies_in_the_convex_hull_of_the_values(seed):
    q, k, v = qkv(seed)
    direction = np.random.default_rng(seed).normal(size=D_V)

    reach = attention(q, k, v).output @ direction

    assert (reach <= (v @ direction).max() + 1e-9).all()
    assert (reach >= (v @ direction).min() - 1e-9).all()


@given(seeds)
def test_the_order_of_key_value_pairs_does_not_matter(seed):
    q, k, v = qkv(seed)
    order = np.random.default_rng(seed).permutation(S)

    np.testing.assert_allclose(
        attention(q, k[order], v[order]).output, attention(q, k, v).output, rtol=1e-9, atol=1e-12
    )


@given(seeds)
def test_a_permuted_input_gives_the_permuted_output(seed):
    a, w = inputs(seed), matrices(seed)
    order = np.random.default_rng(seed).permutation(T)

    np.testing.assert_allclose(
        self_attention(a[order], *w).output, self_attention(a, *w).output[order], rtol=1e-9, atol=1e-12
    )


@given(seeds)
def test_the_larger_the_weight_the_closer_the_output(seed):
    q, k, v = qkv(seed)
    steps = attention(q, k, v)

    distance = np.linalg.norm(steps.output[0] - v[2])
    farthest = np.linalg.norm(v - v[2], axis=-1).max()

    assert distance <= (1 - steps.weights[0, 2]) * farthest + 1e-9


def test_a_hidden_position_has_no_effect_at_all():
    q, k, v = qkv()
    allowed = np.ones((T, S), bool)
    allowed[:, -1] = False
    changed = v.copy()
    changed[-1] += 100.0

    before, after = attention(q, k, v, allowed), attention(q, k, changed, allowed)

    np.testing.assert_array_equal(before.output, after.output)


def test_a_later_input_changes_no_earlier_output_under_a_causal_mask():
    a, w = inputs(), matrices()
    changed = a.copy()
    changed[-1] += 100.0

    before, after = self_attention(a, *w, causal(T)), self_attention(changed, *w, causal(T))

    np.testing.assert_array_equal(before.output[:-1], after.output[:-1])


@given(seeds)
def test_leaving_out_a_key_renormalises_the_other_weights(seed):
    q, k, v = qkv(seed)
    full = attention(q, k, v).weights
    allowed = np.ones((T, S), bool)
    allowed[:, 0] = False

    left = attention(q, k, v, allowed).weights

    np.testing.assert_allclose(left[:, 1:], full[:, 1:] / (1 - full[:, :1]), rtol=1e-9)


@given(seeds, st.integers(1, 6), st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
def test_columns_are_rows_turned_over(seed, n, d_model, d_k, d_v):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n, d_model))
    w = [rng.normal(size=(d, d_model)) for d in (d_k, d_k, d_v)]

    rows, columns = self_attention(a, *w, scaled=False), attention_columns(a.T, *w)

    np.testing.assert_allclose(columns.A, rows.scores.T, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(columns.A_prime, rows.weights.T, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(columns.O, rows.output.T, rtol=1e-9, atol=1e-12)


def test_scaling_divides_by_the_root_of_the_width_of_the_keys():
    q, k, v = qkv()

    np.testing.assert_allclose(
        attention(q, k, v).scores * 2, attention(q, k, v, scaled=False).scores, rtol=1e-14
    )


def test_one_head_without_a_mixing_matrix_is_self_attention():
    a, w = inputs(), matrices()

    np.testing.assert_array_equal(multi_head(a, [w]).output, self_attention(a, *w).output)


def test_mixing_the_heads_is_a_sum_of_one_map_a_head():
    a, one, two = inputs(), matrices(1), matrices(2)
    w_o = np.random.default_rng(3).normal(size=(D_MODEL, 2 * D_V))

    both = multi_head(a, [one, two], w_o)

    parts = [head.output @ part.T for head, part in zip(both.heads, np.split(w_o, 2, axis=1), strict=True)]
    np.testing.assert_allclose(both.output, sum(parts), rtol=1e-9)
    assert both.concat.shape == (T, 2 * D_V)


def test_a_projection_multiplies_from_the_left_as_in_the_lecture():
    a, w = inputs(), matrices()[0]

    np.testing.assert_allclose(project(a, w)[2], w @ a[2], rtol=1e-14)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: softmax([]), InputError, "x is empty"),
        (lambda: softmax("0 1 2"), InputError, "x is text"),
        (lambda: softmax([[0, 1], [2]]), InputError, "rows of different lengths"),
        (lambda: softmax([np.nan, 1]), InputError, "x holds nan"),
        (lambda: softmax([np.inf, 1]), InputError, "x holds inf"),
        (lambda: softmax([-np.inf, -np.inf]), InputError, "may look at no key"),
        (lambda: softmax([1, 2], base=0), InputError, "base is 0: it must be a finite number above 0"),
        (lambda: softmax([1, 2], base="2"), InputError, "base is '2'"),
        (lambda: softmax([1, 2], temperature=-1), InputError, "temperature is -1"),
        (lambda: project([[1, 2, 3]], [[1, 0]]), ShapeError, "W has 2 columns and each vector of a has 3"),
        (lambda: attention([[1, 2]], [[1, 2, 3]], [[1]]), ShapeError, "q has width 2 and k has width 3"),
        (lambda: attention([[1, 2]], [[1, 2]], [[1], [2]]), ShapeError, "k has 1 rows and v has 2"),
        (lambda: attention([1, 2], [[1, 2]], [[1]]), ShapeError, "q has 1 axis"),
        (lambda: attention([[1]], [[1]], [[1]], [[1]]), InputError, "allowed holds int64, not booleans"),
        (lambda: attention([[1]], [[1]], [[1]], [[True, True]]), ShapeError, r"allowed has shape \(1, 2\)"),
        (lambda: attention([[1]], [[1]], [[1]], [[False]]), InputError, "no True in the row of query 1"),
        (lambda: multi_head([[1]], []), InputError, "heads is empty"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


def test_the_query_that_may_look_nowhere_is_named():
    q, k, v = qkv()
    allowed = np.ones((T, S), bool)
    allowed[3] = False

    with pytest.raises(InputError, match="no True in the row of query 4"):
        attention(q, k, v, allowed)


def test_the_base_is_the_number_raised_to_the_score():
    np.testing.assert_allclose(softmax([0, 1, 2], base=2), [1 / 7, 2 / 7, 4 / 7], rtol=1e-14)
    np.testing.assert_allclose(softmax([0, 1], base=10), [1 / 11, 10 / 11], rtol=1e-14)


def test_the_temperature_divides_the_scores():
    np.testing.assert_allclose(softmax([0, 4], base=2, temperature=2), [1 / 5, 4 / 5], rtol=1e-14)


def test_a_hidden_score_gets_exactly_no_weight():
    assert softmax([0.0, -np.inf])[1] == 0.0
