"""Softmax over blocks: however the keys are cut, attention comes out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_lib import pocket
from transformer_lib.shapes import InputError, ShapeError
from transformer_lib.steps import attention, causal, merge, online_softmax, partial_softmax, softmax

T, S, D_V = 5, 7, 3

seeds = st.integers(0, 2**32 - 1)
bases = st.sampled_from([np.e, 2, 10])
law = settings(max_examples=50)


def scores_and_values(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(T, S)) * 9, rng.normal(size=(S, D_V))


def blocks(scores, v, cuts):
    return list(zip(np.split(scores, cuts, axis=-1), np.split(v, cuts, axis=-2), strict=True))


@law
@given(seeds, st.sets(st.integers(1, S - 1)), bases)
def test_softmax_over_blocks_equals_softmax_however_the_keys_are_cut(seed, cuts, base):
    scores, v = scores_and_values(seed)

    known = online_softmax(blocks(scores, v, sorted(cuts)), base)

    assert len(known) == len(cuts) + 1
    np.testing.assert_allclose(known[-1].output, softmax(scores, base=base) @ v, rtol=1e-9, atol=1e-12)


@law
@given(seeds, st.sets(st.integers(1, S - 1)))
def test_each_partial_result_is_attention_to_the_keys_so_far(seed, cuts):
    scores, v = scores_and_values(seed)
    ends = [*sorted(cuts), S]

    known = online_softmax(blocks(scores, v, sorted(cuts)))

    so_far = [softmax(scores[:, :end]) @ v[:end] for end in ends]
    np.testing.assert_allclose([part.output for part in known], so_far, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal([part.top for part in known], [scores[:, :e].max(-1) for e in ends])


@law
@given(seeds, st.sampled_from(range(1, S)))
def test_hidden_keys_may_fill_whole_blocks(seed, cut):
    q, k, v = (np.random.default_rng(seed).normal(size=(S, d)) for d in (4, 4, D_V))
    steps = attention(q, k, v, causal(S))

    known = online_softmax(blocks(steps.scores, v, [cut]))

    np.testing.assert_allclose(known[-1].output, steps.output, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(known[0].total[:1], 1)


@law
@given(seeds)
def test_parts_merge_in_any_order_and_any_grouping(seed):
    scores, v = scores_and_values(seed)
    one, two, three = (partial_softmax(*block) for block in blocks(scores, v, [2, 4]))

    left, right, back = merge(merge(one, two), three), merge(one, merge(two, three)), merge(two, one)

    np.testing.assert_allclose(left.weighted, right.weighted, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(left.total, right.total, rtol=1e-9)
    np.testing.assert_array_equal(back.weighted, merge(one, two).weighted)


def test_a_batch_goes_through_as_one_by_one():
    scores, v = (np.stack([x, -x]) for x in scores_and_values())

    together = online_softmax(blocks(scores, v, [3]))[-1]

    alone = online_softmax(blocks(scores[1], v[1], [3]))[-1]
    np.testing.assert_allclose(together.output[1], alone.output, rtol=1e-12)


def test_b1_by_hand_in_two_blocks():
    scores, v = (pocket.arrays(x) for x in (pocket.by_hand.scores[:1], pocket.by_hand.v))

    first, both = online_softmax(blocks(scores, v, [2]), base=2)

    np.testing.assert_allclose([first.top[0], first.total[0]], [2, 17 / 16], rtol=1e-15)
    np.testing.assert_allclose([both.top[0], both.total[0]], [2, 20 / 16], rtol=1e-15)
    np.testing.assert_allclose(both.weighted, [[1 / 4, 34 / 16]], rtol=1e-14)
    np.testing.assert_allclose(both.output, [[0.2, 1.7]], rtol=1e-14)


def test_large_scores_do_not_overflow():
    known = online_softmax([([[1e5]], [[1.0]]), ([[2e5]], [[3.0]])])

    assert known[-1].output == [[3.0]]
    assert known[-1].total == [1.0]


def test_a_query_that_has_seen_nothing_yet_knows_nothing_yet():
    known = online_softmax([([[-np.inf, -np.inf]], [[5.0], [7.0]]), ([[0.0]], [[3.0]])])

    assert known[0].top == [-np.inf]
    assert known[0].total == [0.0]
    assert known[0].output == [[0.0]]
    assert known[1].output == [[3.0]]


def test_the_natural_base_is_e():
    assert partial_softmax([[0.0, 1.0]], [[1.0], [1.0]]).total == pytest.approx(1 + np.exp(-1))


PART = partial_softmax([[0, 1]], [[1], [2]], base=2)


REFUSED = {
    "a score without value": (
        lambda: partial_softmax([[[0, 1, 2]]], [[[1], [2]]]),
        ShapeError,
        "scores has 3 columns and v has 2 rows: every score needs its value.",
    ),
    "scores of one axis": (
        lambda: partial_softmax([0, 1], [[1], [2]]),
        ShapeError,
        "scores has 1 axis (shape (2,)), but 2 or 3 or 4 are needed: "
        "give one row a position, a list of lists.",
    ),
    "values of one axis": (
        lambda: partial_softmax([[0, 1]], [1, 2]),
        ShapeError,
        "v has 1 axis (shape (2,)), but 2 or 3 or 4 are needed: give one row a position, a list of lists.",
    ),
    "base below 0": (
        lambda: partial_softmax([[0, 1]], [[1], [2]], base=-2),
        InputError,
        "base is -2: it must be a finite number above 0.",
    ),
    "base 1": (
        lambda: partial_softmax([[0, 1]], [[1], [2]], base=1),
        InputError,
        "base is 1: it must be above 1, so that the largest score has the largest power.",
    ),
    "other queries": (
        lambda: merge(PART, partial_softmax([[0], [1]], [[1]], base=2)),
        ShapeError,
        "the parts have outputs of shapes (1, 1) and (2, 1): take the same queries, and values of one width.",
    ),
    "other bases": (
        lambda: merge(PART, partial_softmax([[0]], [[1]])),
        InputError,
        "the parts have bases 2 and 2.72: take one base for all.",
    ),
    "no block": (
        lambda: online_softmax([]),
        InputError,
        "there is no block: give at least one pair (scores, values).",
    ),
    "a blind query": (
        lambda: online_softmax([([[0], [-np.inf]], [[1]]), ([[1], [-np.inf]], [[1]])]),
        InputError,
        "query 2 has only scores of −∞: that query may look at no key.",
    ),
}


@pytest.mark.parametrize(("call", "error", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_refused_in_one_sentence(call, error, sentence):
    with pytest.raises(error) as refusal:
        call()

    assert str(refusal.value) == sentence
