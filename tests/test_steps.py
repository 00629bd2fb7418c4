"""Attention in NumPy: equal to an independent implementation, and the laws it obeys."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_lib.attention import scaled_dot_product
from transformer_lib.shapes import InputError, ShapeError
from transformer_lib.steps import (
    attention,
    attention_columns,
    causal,
    cross_attention,
    project,
    self_attention,
)

# All sizes differ, so that a swapped axis cannot pass by luck.
T, S, D_K, D_V, D_MODEL = 5, 7, 4, 6, 3

seeds = st.integers(0, 2**32 - 1)
law = settings(max_examples=50)


def qkv(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(T, D_K)), rng.normal(size=(S, D_K)), rng.normal(size=(S, D_V))


def matrices(seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, D_MODEL)) for n in (D_K, D_K, D_V)]


def inputs(seed=0, n=T):
    return np.random.default_rng(seed + 1).normal(size=(n, D_MODEL))


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


@law
@given(seeds)
def test_every_row_of_weights_sums_to_one(seed):
    weights = attention(*qkv(seed)).weights

    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-12)


@law
@given(seeds)
def test_every_output_lies_in_the_convex_hull_of_the_values(seed):
    q, k, v = qkv(seed)
    direction = np.random.default_rng(seed).normal(size=D_V)

    reach = attention(q, k, v).output @ direction

    assert (reach <= (v @ direction).max() + 1e-9).all()
    assert (reach >= (v @ direction).min() - 1e-9).all()


@law
@given(seeds)
def test_the_order_of_key_value_pairs_does_not_matter(seed):
    q, k, v = qkv(seed)
    order = np.random.default_rng(seed).permutation(S)

    np.testing.assert_allclose(
        attention(q, k[order], v[order]).output, attention(q, k, v).output, rtol=1e-9, atol=1e-12
    )


@law
@given(seeds)
def test_a_permuted_input_gives_the_permuted_output(seed):
    a, w = inputs(seed), matrices(seed)
    order = np.random.default_rng(seed).permutation(T)

    np.testing.assert_allclose(
        self_attention(a[order], *w).output, self_attention(a, *w).output[order], rtol=1e-9, atol=1e-12
    )


@law
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


@law
@given(seeds)
def test_leaving_out_a_key_renormalises_the_other_weights(seed):
    q, k, v = qkv(seed)
    full = attention(q, k, v).weights
    allowed = np.ones((T, S), bool)
    allowed[:, 0] = False

    left = attention(q, k, v, allowed).weights

    np.testing.assert_allclose(left[:, 1:], full[:, 1:] / (1 - full[:, :1]), rtol=1e-9)


@law
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


def test_a_projection_multiplies_from_the_left_as_in_the_lecture():
    a, w = inputs(), matrices()[0]

    np.testing.assert_allclose(project(a, w)[2], w @ a[2], rtol=1e-14)


def test_cross_attention_equals_torch():
    x_q, x_kv, w = inputs(n=T), inputs(1, n=S), matrices()

    q, k, v = (torch.tensor(x @ m.T)[None] for x, m in zip((x_q, x_kv, x_kv), w, strict=True))
    theirs = F.scaled_dot_product_attention(q, k, v)

    np.testing.assert_allclose(cross_attention(x_q, x_kv, *w).output, theirs[0], rtol=1e-12)


def test_attention_equals_the_course_s_own_in_torch():
    q, k, v = qkv()
    allowed = causal(T, S)

    output, weights = scaled_dot_product(*(torch.tensor(x) for x in (q, k, v, allowed)))

    steps = attention(q, k, v, allowed)
    np.testing.assert_allclose(steps.output, output, rtol=1e-12)
    np.testing.assert_allclose(steps.weights, weights, rtol=1e-12)


def test_a_sequence_that_asks_itself_is_self_attention():
    a, w = inputs(), matrices()

    crossed, itself = cross_attention(a, a, *w, causal(T)), self_attention(a, *w, causal(T))

    np.testing.assert_array_equal(crossed.output, itself.output)


@law
@given(seeds)
def test_the_queries_of_cross_attention_do_not_hear_each_other(seed):
    x_q, x_kv, w = inputs(seed, T), inputs(seed + 1, S), matrices(seed)

    together, alone = cross_attention(x_q, x_kv, *w), cross_attention(x_q[2:3], x_kv, *w)

    np.testing.assert_allclose(together.output[2:3], alone.output, rtol=1e-9, atol=1e-12)


def test_every_step_is_kept():
    q, k, v = qkv()

    steps = attention(q, k, v, causal(T, S), base=2)

    np.testing.assert_array_equal(steps.q, q)
    np.testing.assert_array_equal(steps.k, k)
    np.testing.assert_array_equal(steps.v, v)
    np.testing.assert_array_equal(np.isneginf(steps.scores), ~causal(T, S))
    np.testing.assert_allclose(steps.weights @ v, steps.output, rtol=1e-14)


def test_columns_take_the_base_too():
    a, w = inputs(), matrices()

    columns = attention_columns(a.T, *w, base=2)

    np.testing.assert_allclose(columns.O.T, self_attention(a, *w, scaled=False, base=2).output, rtol=1e-9)
    np.testing.assert_allclose(columns.Q.T, project(a, w[0]), rtol=1e-14)
    np.testing.assert_allclose(columns.K.T, project(a, w[1]), rtol=1e-14)
    np.testing.assert_allclose(columns.V.T, project(a, w[2]), rtol=1e-14)


def blind(*shape, query):
    allowed = np.ones(shape, bool)
    allowed[..., query, :] = False
    return allowed


REFUSED = {
    "W too narrow": (
        lambda: project([[1, 2, 3]], [[1, 0]]),
        ShapeError,
        "W has 2 columns and each vector of a has 3 entries (shapes (1, 2) and (1, 3)): "
        "in q = W a they must be equal.",
    ),
    "a of four axes": (
        lambda: project([[[[1, 2]]]], [[1, 0]]),
        ShapeError,
        "a has 4 axes (shape (1, 1, 1, 2)), but 1 or 2 or 3 are needed: "
        "give one vector, a flat list of numbers.",
    ),
    "W of one axis": (
        lambda: project([1, 2], [1, 0]),
        ShapeError,
        "W has 1 axis (shape (2,)), but 2 are needed: give one row a position, a list of lists.",
    ),
    "q and k of two widths": (
        lambda: attention([[1, 2]], [[1, 2, 3]], [[1]]),
        ShapeError,
        "q has width 2 and k has width 3 (shapes (1, 2) and (1, 3)): a dot product needs the same "
        "width, so project both to the same d_k.",
    ),
    "more values than keys": (
        lambda: attention([[1, 2]], [[1, 2]], [[1], [2]]),
        ShapeError,
        "k has 1 rows and v has 2 (shapes (1, 2) and (2, 1)): every key needs its value, so make both "
        "from the same positions.",
    ),
    "q of one axis": (
        lambda: attention([1, 2], [[1, 2]], [[1]]),
        ShapeError,
        "q has 1 axis (shape (2,)), but 2 or 3 or 4 are needed: give one row a position, a list of lists.",
    ),
    "k of text": (
        lambda: attention([[1]], "b", [[1]]),
        InputError,
        "k is text, not numbers: give a list or an array of numbers.",
    ),
    "no v": (
        lambda: attention([[1]], [[1]], None),
        InputError,
        "v is None, not numbers: give a list or an array of numbers.",
    ),
    "a mask of numbers": (
        lambda: attention([[1]], [[1]], [[1]], [[1]]),
        InputError,
        "allowed holds int64, not booleans: True where the query may look.",
    ),
    "a mask too wide": (
        lambda: attention([[1]], [[1]], [[1]], [[True, True]]),
        ShapeError,
        "allowed has shape (1, 2) and the scores have (1, 1): make it (queries, keys).",
    ),
    "a blind query": (
        lambda: attention(*qkv(), blind(T, S, query=3)),
        InputError,
        "allowed has no True in the row of query 4: let it look at one key at least.",
    ),
    "a blind query in a batch": (
        lambda: attention(*(np.stack([x, x]) for x in qkv()), blind(2, T, S, query=1)),
        InputError,
        "allowed has no True in the row of query 2: let it look at one key at least.",
    ),
    "inputs of one axis": (
        lambda: attention_columns([1, 2], [[1]], [[1]], [[1]]),
        ShapeError,
        "I has 1 axis (shape (2,)), but 2 are needed: give one row a position, a list of lists.",
    ),
    "columns of two widths": (
        lambda: attention_columns([[1, 2]], [[1], [2]], [[1]], [[1]]),
        ShapeError,
        "q has width 2 and k has width 1 (shapes (2, 2) and (2, 1)): a dot product needs the same "
        "width, so project both to the same d_k.",
    ),
}


@pytest.mark.parametrize(("call", "error", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_refused_in_one_sentence(call, error, sentence):
    with pytest.raises(error) as refusal:
        call()

    assert str(refusal.value) == sentence
