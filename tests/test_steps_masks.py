"""Masks in NumPy: those of torch, and those one draws by hand."""

import numpy as np
import pytest

from transformer_lib import masks, pocket
from transformer_lib.shapes import InputError
from transformer_lib.steps import causal, prefix


@pytest.mark.parametrize(("n_queries", "n_keys"), [(5, None), (5, 5), (3, 7), (1, 4), (1, 1)])
def test_causal_equals_torch(n_queries, n_keys):
    np.testing.assert_array_equal(causal(n_queries, n_keys), masks.causal(n_queries, n_keys))


@pytest.mark.parametrize("n_prefix", range(6))
def test_prefix_equals_torch(n_prefix):
    np.testing.assert_array_equal(prefix(5, n_prefix), masks.prefix(5, n_prefix))


def test_the_causal_mask_of_the_pocket_example():
    assert causal(4).tolist() == [list(row) for row in pocket.CAUSAL]
    assert causal(4).dtype == bool


def test_with_more_keys_the_queries_are_the_last_positions():
    np.testing.assert_array_equal(causal(2, 5), causal(5)[3:])


def test_a_prefix_of_nothing_is_causal_and_a_prefix_of_all_hides_nothing():
    np.testing.assert_array_equal(prefix(5, 0), causal(5))
    assert prefix(5, 5).all()


def test_the_prefix_reads_itself_both_ways_and_nothing_later():
    np.testing.assert_array_equal(prefix(3, 2), [[True, True, False], [True, True, False], [True] * 3])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: causal(3, 2), "3 queries and 2 keys: give at least one query, and a key to each."),
        (lambda: causal(0), "0 queries and 0 keys: give at least one query, and a key to each."),
        (lambda: prefix(3, 4), "n_prefix is 4 of 3 positions: it must be from 0 to 3."),
        (lambda: prefix(3, -1), "n_prefix is -1 of 3 positions: it must be from 0 to 3."),
    ],
    ids=["too few keys", "no query", "too long", "negative"],
)
def test_bad_input_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(InputError) as refusal:
        call()

    assert str(refusal.value) == sentence
