"""Chapter 14's claims: what a prefix lets a row and a stack see, and which guesses it leaves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformer_lib import pocket
from transformer_lib.steps import attention, causal, prefix, self_attention

lengths = st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
seeds = st.integers(0, 2**32 - 1)


def reached(allowed, n_layers):
    """Which inputs each output of a stack depends on, at most."""
    step = allowed.astype(int)
    return np.linalg.matrix_power(step, n_layers) > 0


@given(lengths)
def test_row_i_sees_the_first_max_of_i_and_the_prefix(sizes):
    n, n_prefix = sizes

    seen = prefix(n, n_prefix)

    np.testing.assert_array_equal(seen, np.arange(n) < np.maximum(np.arange(1, n + 1), n_prefix)[:, None])


@given(st.integers(1, 9))
def test_a_prefix_of_0_or_1_is_the_causal_mask_and_one_of_n_hides_nothing(n):
    np.testing.assert_array_equal(prefix(n, 0), causal(n))
    np.testing.assert_array_equal(prefix(n, 1), causal(n))
    assert prefix(n, n).all()


@given(lengths, seeds)
def test_rows_from_the_prefixs_end_on_give_what_they_give_under_the_causal_mask(sizes, seed):
    n, n_prefix = sizes
    q, k, v = np.random.default_rng(seed).normal(size=(3, n, 3))
    start = max(n_prefix, 1) - 1

    both_ways, left = (attention(q, k, v, look).output for look in (prefix(n, n_prefix), causal(n)))

    np.testing.assert_allclose(both_ways[start:], left[start:], atol=1e-12)


@given(lengths, st.integers(1, 5))
def test_a_stack_sees_no_more_than_one_layer(sizes, n_layers):
    allowed = prefix(*sizes)

    np.testing.assert_array_equal(reached(allowed, n_layers), allowed)


@given(lengths, seeds)
def test_what_a_stack_may_not_see_changes_no_output(sizes, seed):
    n, n_prefix = sizes
    rng = np.random.default_rng(seed)
    a, change = rng.normal(size=(2, n, 3))
    w = rng.normal(size=(3, 3, 3))
    i = rng.integers(n)
    last = max(i + 1, n_prefix)
    changed = np.vstack([a[:last], (a + change)[last:]])

    before, after = (twice(x, w, prefix(n, n_prefix))[i] for x in (a, changed))

    np.testing.assert_allclose(before, after, atol=1e-9)


def twice(a, w, allowed):
    """Two layers of self-attention, each with its residual."""
    middle = a + self_attention(a, *w, allowed=allowed).output
    return middle + self_attention(middle, *w, allowed=allowed).output


@given(st.integers(3, 9))
def test_everyone_but_oneself_sees_oneself_in_the_second_layer(n):
    others = ~np.eye(n, dtype=bool)

    assert not reached(others, 1).diagonal().any()
    assert reached(others, 2).diagonal().all()
    assert reached(others | np.eye(n, dtype=bool), 1).diagonal().all(), "with the residual, in the first"


@given(lengths.filter(lambda sizes: sizes[1] >= 1))
def test_n_minus_p_positions_guess_the_next_word_without_seeing_it(sizes):
    n, n_prefix = sizes

    sees_the_next = prefix(n, n_prefix)[np.arange(n - 1), np.arange(1, n)]

    assert (~sees_the_next).sum() == n - n_prefix


@pytest.mark.parametrize(
    ("n_prefix", "outputs"),
    [
        (4, ["1/5 17/10", "40/41 10/41", "5/4 5/4", "18/11 18/11"]),
        (3, ["2/19 32/19", "8/25 -22/25", "1/2 1/2", "18/11 18/11"]),
        (1, ["0 -2", "0 -30/17", "1/2 1/2", "18/11 18/11"]),
    ],
    ids=["everyone", "prefix of 3", "causal"],
)
def test_the_pocket_outputs_under_three_masks(n_prefix, outputs):
    hand = pocket.self_attention(pocket.HEAD_1, prefix(4, n_prefix).tolist())

    assert [f"{x} {y}" for x, y in hand.output] == outputs


def test_the_exercises_outputs_are_those_of_the_second_head():
    looks = [prefix(4, n_prefix).tolist() for n_prefix in (4, 3, 1)]

    outputs = [pocket.self_attention(pocket.HEAD_2, look).output[1] for look in looks]

    assert [f"{x} {y}" for x, y in outputs] == ["3/17 23/17", "1/3 7/9", "3/5 3/5"]
