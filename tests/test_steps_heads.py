"""Several heads: equal to torch, to one head at a time, and to the numbers by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from transformer_lib import pocket
from transformer_lib.attention import MultiHeadAttention
from transformer_lib.shapes import InputError, ShapeError
from transformer_lib.steps import (
    attention,
    causal,
    cross_attention,
    heads_of,
    merge_heads,
    multi_head,
    project,
    self_attention,
    split_heads,
)

T, S, N_HEADS, D_HEAD = 5, 7, 3, 4
D_MODEL = N_HEADS * D_HEAD

seeds = st.integers(0, 2**32 - 1)
law = settings(max_examples=50)


def rand(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def triple(seed, d_k=2, d_v=6, d_model=3):
    return tuple(rand(d, d_model, seed=seed + i) for i, d in enumerate((d_k, d_k, d_v)))


def in_numpy(attend):
    """The matrices of a torch module, whole."""
    return [w.weight.detach().numpy() for w in (attend.w_q, attend.w_k, attend.w_v, attend.w_o)]


@pytest.fixture
def attend():
    torch.manual_seed(0)
    return MultiHeadAttention(D_MODEL, N_HEADS, bias=False).double().eval()


def test_multi_head_equals_the_course_s_own_in_torch(attend):
    x = rand(T, D_MODEL)
    *whole, w_o = in_numpy(attend)

    theirs = attend(torch.tensor(x)[None], causal=True)[0].detach()

    ours = multi_head(x, heads_of(*whole, N_HEADS), w_o, causal(T))
    np.testing.assert_allclose(ours.output, theirs, rtol=1e-9, atol=1e-12)


def test_cross_attention_with_several_heads_equals_the_course_s_own_in_torch(attend):
    x, memory = rand(T, D_MODEL), rand(S, D_MODEL, seed=1)
    *whole, w_o = in_numpy(attend)
    allowed = causal(T, S)

    theirs = attend(*(torch.tensor(y)[None] for y in (x, memory)), torch.tensor(allowed))[0].detach()

    ours = multi_head(x, heads_of(*whole, N_HEADS), w_o, allowed, memory=memory)
    np.testing.assert_allclose(ours.output, theirs, rtol=1e-9, atol=1e-12)


def test_multi_head_equals_torch():
    x, memory = rand(T, D_MODEL), rand(S, D_MODEL, seed=1)
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(D_MODEL, N_HEADS, bias=False, batch_first=True, dtype=torch.float64)
    whole = np.split(theirs.in_proj_weight.detach().numpy(), 3)

    output, weights = theirs(
        *(torch.tensor(y)[None] for y in (x, memory, memory)), average_attn_weights=False
    )

    ours = multi_head(x, heads_of(*whole, N_HEADS), theirs.out_proj.weight, memory=memory)
    np.testing.assert_allclose(ours.output, output[0].detach(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        [head.weights for head in ours.heads], weights[0].detach(), rtol=1e-9, atol=1e-12
    )


def test_heads_that_share_keys_and_values_are_grouped_queries():
    torch.manual_seed(0)
    grouped = MultiHeadAttention(12, 6, 2, bias=False).double().eval()
    w_q, w_k, w_v, w_o = in_numpy(grouped)
    queries, keys, values = np.split(w_q, 6), np.split(w_k, 2), np.split(w_v, 2)
    heads = [(queries[i], keys[i // 3], values[i // 3]) for i in range(6)]
    x = rand(T, 12)

    ours = multi_head(x, heads, w_o)

    np.testing.assert_allclose(ours.output, grouped(torch.tensor(x)[None])[0].detach(), rtol=1e-9, atol=1e-12)


def test_one_head_without_a_mixing_matrix_is_self_attention():
    a, head = rand(T, 3), triple(1)

    np.testing.assert_array_equal(multi_head(a, [head]).output, self_attention(a, *head).output)


def test_with_a_memory_it_is_cross_attention():
    a, memory, head = rand(T, 3), rand(S, 3, seed=1), triple(1)

    both = multi_head(a, [head], memory=memory, scaled=False)

    np.testing.assert_array_equal(both.output, cross_attention(a, memory, *head, scaled=False).output)


@law
@given(seeds)
def test_concat_times_w_o_is_the_sum_of_one_map_a_head(seed):
    a, one, two, w_o = rand(T, 3, seed=seed), triple(seed), triple(seed + 9), rand(8, 12, seed=seed)

    both = multi_head(a, [one, two], w_o)

    parts = [head.output @ part.T for head, part in zip(both.heads, np.split(w_o, 2, axis=1), strict=True)]
    np.testing.assert_allclose(both.output, sum(parts), rtol=1e-9, atol=1e-12)
    assert both.concat.shape == (T, 12)


def test_the_heads_of_the_pocket_example_by_hand():
    heads = [tuple(map(pocket.arrays, head)) for head in (pocket.HEAD_1, pocket.HEAD_2)]

    both = multi_head(pocket.a, heads, scaled=False, base=2)

    np.testing.assert_allclose(both.concat, pocket.arrays(pocket.concat), rtol=1e-12)
    np.testing.assert_array_equal(both.output, both.concat)
    np.testing.assert_allclose(both.heads[1].weights, pocket.arrays(pocket.head_2.weights), rtol=1e-12)


def test_cutting_the_matrix_or_cutting_the_projection_is_the_same():
    x, whole = rand(T, 5), rand(D_MODEL, 5, seed=1)

    cut_after = split_heads(project(x, whole), N_HEADS)
    cut_before = [project(x, w_q) for w_q, _, _ in heads_of(whole, whole, whole, N_HEADS)]

    np.testing.assert_allclose(cut_after, cut_before, rtol=1e-12)


def test_each_whole_matrix_goes_to_its_own_place():
    w_q, w_k, w_v = rand(6, 5), rand(6, 5, seed=1), rand(9, 5, seed=2)

    heads = heads_of(w_q, w_k, w_v, 3)

    assert len(heads) == 3
    np.testing.assert_array_equal(np.concatenate([head[0] for head in heads]), w_q)
    np.testing.assert_array_equal(np.concatenate([head[1] for head in heads]), w_k)
    np.testing.assert_array_equal(heads[1][2], w_v[3:6])


def test_split_heads_equals_the_course_s_own_in_torch(attend):
    x = rand(2, T, D_MODEL)

    np.testing.assert_array_equal(split_heads(x, N_HEADS), attend.split_heads(torch.tensor(x)))


@law
@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5), st.integers(1, 3))
def test_merging_undoes_splitting(n, n_heads, d_head, batch):
    x = rand(batch, n, n_heads * d_head)

    np.testing.assert_array_equal(merge_heads(split_heads(x, n_heads)), x)
    np.testing.assert_array_equal(merge_heads(split_heads(x[0], n_heads)), x[0])


def test_a_head_gets_its_share_of_every_position():
    x = rand(T, D_MODEL)

    np.testing.assert_array_equal(split_heads(x, N_HEADS)[1], x[:, 4:8])


def test_reshaping_alone_scrambles_positions_and_heads():
    x = rand(T, D_MODEL)

    scrambled = x.reshape(N_HEADS, T, D_HEAD)

    assert scrambled.shape == split_heads(x, N_HEADS).shape
    assert not np.allclose(scrambled, split_heads(x, N_HEADS))


def test_all_heads_at_once_are_the_heads_one_by_one():
    x = rand(T, D_MODEL)
    whole = [rand(D_MODEL, D_MODEL, seed=seed) for seed in (1, 2, 3)]

    at_once = attention(*(split_heads(project(x, w), N_HEADS) for w in whole))

    one_by_one = multi_head(x, heads_of(*whole, N_HEADS))
    np.testing.assert_allclose(merge_heads(at_once.output), one_by_one.concat, rtol=1e-9, atol=1e-12)


HEAD = ([[1, 0]], [[1, 0]], [[2, 0]])


REFUSED = {
    "no head": (
        lambda: multi_head([[1]], []),
        InputError,
        "heads is empty: give at least one triple (w_q, w_k, w_v).",
    ),
    "a pair for a triple": (
        lambda: multi_head([[1, 2]], [HEAD, HEAD[:2]]),
        InputError,
        "head 2 has 2 matrices: give three, (w_q, w_k, w_v).",
    ),
    "w_o too wide": (
        lambda: multi_head([[1, 2]], [HEAD, HEAD], [[1, 2, 3]]),
        ShapeError,
        "w_o has 3 columns and each vector of concat has 2 entries (shapes (1, 3) and (1, 2)): "
        "in q = W a they must be equal.",
    ),
    "w_o of one axis": (
        lambda: multi_head([[1, 2]], [HEAD], [1]),
        ShapeError,
        "w_o has 1 axis (shape (1,)), but 2 are needed: give one row a position, a list of lists.",
    ),
    "w_q does not divide": (
        lambda: heads_of(*[np.ones((5, 3))] * 3, n_heads=2),
        ShapeError,
        "w_q has 5 rows and there are 2 heads: make the first a multiple of the second.",
    ),
    "w_k does not divide": (
        lambda: heads_of(np.ones((4, 3)), np.ones((3, 3)), np.ones((4, 3)), n_heads=2),
        ShapeError,
        "w_k has 3 rows and there are 2 heads: make the first a multiple of the second.",
    ),
    "w_v does not divide": (
        lambda: heads_of(np.ones((4, 3)), np.ones((4, 3)), np.ones((1, 3)), n_heads=2),
        ShapeError,
        "w_v has 1 rows and there are 2 heads: make the first a multiple of the second.",
    ),
    "w_q of one axis": (
        lambda: heads_of([1], [1], [1], n_heads=1),
        ShapeError,
        "w_q has 1 axis (shape (1,)), but 2 are needed: give one row a position, a list of lists.",
    ),
    "x does not divide": (
        lambda: split_heads([[[1, 2, 3], [4, 5, 6]]], 2),
        ShapeError,
        "each vector of x has 3 entries and there are 2 heads: make the first a multiple of the second.",
    ),
    "no heads": (
        lambda: split_heads([[1, 2]], 0),
        ShapeError,
        "each vector of x has 2 entries and there are 0 heads: make the first a multiple of the second.",
    ),
    "x of one axis": (
        lambda: split_heads([1, 2], 2),
        ShapeError,
        "x has 1 axis (shape (2,)), but 2 or 3 are needed: give one row a position, a list of lists.",
    ),
    "heads missing": (
        lambda: merge_heads([[1, 2]]),
        ShapeError,
        "x has 2 axes (shape (1, 2)), but 3 or 4 are needed: reshape it.",
    ),
}


@pytest.mark.parametrize(("call", "error", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_refused_in_one_sentence(call, error, sentence):
    with pytest.raises(error) as refusal:
        call()

    assert str(refusal.value) == sentence
