"""Masks: who may look at whom, and that nobody is left without a key."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import law
from torch import nn

from transformer_lib.masks import causal, combine, padding, prefix
from transformer_lib.shapes import InputError, ShapeError

B, T, S = 2, 3, 5
sizes = st.integers(1, 9)


def some_mask(*size, seed):
    return torch.rand(size, generator=torch.Generator().manual_seed(seed)) < 0.5


@given(sizes)
@law
def test_the_causal_mask_is_the_one_of_torch(n):
    theirs = nn.Transformer.generate_square_subsequent_mask(n)  # 0 where a query may look, else −∞

    assert torch.equal(causal(n), theirs == 0)


@given(sizes, sizes)
@law
def test_with_a_past_the_queries_are_the_last_positions(n_past, n):
    assert torch.equal(causal(n, n_past + n), causal(n_past + n)[-n:])


@given(sizes)
@law
def test_with_as_many_keys_as_queries_there_is_no_past(n):
    assert torch.equal(causal(n, n), causal(n))


@pytest.mark.parametrize(("n_queries", "n_keys"), [(0, 0), (0, 3), (-1, None), (3, 2), (1, 0)])
def test_each_query_needs_a_key(n_queries, n_keys):
    sentence = "^-?[0-9] queries and -?[0-9] keys: give at least one query, and a key to each.$"
    with pytest.raises(InputError, match=sentence):
        causal(n_queries, n_keys)


def test_padding_is_hidden_from_every_head_and_every_query():
    allowed = padding(torch.tensor([[5, 7, 0], [4, 0, 0]]))

    assert allowed.shape == (B, 1, 1, 3)
    assert allowed.flatten(1).tolist() == [[True, True, False], [True, False, False]]


def test_any_token_may_serve_as_padding():
    allowed = padding(torch.tensor([[0, 1, 1]]), pad_id=1)

    assert allowed.flatten().tolist() == [True, False, False]


@pytest.mark.parametrize(("rows", "number"), [([[0, 0], [3, 0]], 1), ([[3, 0], [0, 0]], 2)])
def test_a_sentence_of_padding_alone_is_named(rows, number):
    with pytest.raises(InputError, match=rf"^sentence {number} is padding alone: give it one token at least"):
        padding(torch.tensor(rows))


def test_one_sentence_is_a_batch_of_one():
    with pytest.raises(ShapeError, match=r"^tokens has shape \(3,\): give \(sentences, positions\), 2 axes"):
        padding(torch.tensor([5, 7, 0]))


@given(sizes)
@law
def test_a_prefix_of_nothing_is_causal_and_a_prefix_of_everything_hides_nothing(n):
    assert torch.equal(prefix(n, 0), causal(n))
    assert prefix(n, n).all()


@given(sizes, sizes)
@law
def test_every_position_sees_the_prefix_and_the_prefix_nothing_else(n_prefix, n_rest):
    allowed = prefix(n_prefix + n_rest, n_prefix)

    assert allowed[:, :n_prefix].all()
    assert not allowed[:n_prefix, n_prefix:].any()
    assert torch.equal(allowed[n_prefix:], causal(n_prefix + n_rest)[n_prefix:])


@pytest.mark.parametrize("n_prefix", [-1, 4])
def test_a_prefix_is_a_part_of_the_sequence(n_prefix):
    sentence = f"^n_prefix is {n_prefix} of 3 positions: it must be from 0 to 3"
    with pytest.raises(InputError, match=sentence):
        prefix(3, n_prefix)


@given(st.integers(0, 2**31))
@law
def test_together_masks_allow_what_each_allows(seed):
    one, two = some_mask(B, 1, 1, S, seed=seed), some_mask(T, S, seed=seed + 1)
    one[..., 0] = two[..., 0] = True

    together = combine(one, two)

    assert together.shape == (B, 1, T, S)
    assert torch.equal(together, one & two)
    assert torch.equal(combine(two, one), together)


def test_one_mask_is_combined_into_itself():
    assert torch.equal(combine(causal(T, S)), causal(T, S))


def test_the_query_that_may_look_nowhere_is_named():
    allowed = causal(T, S)
    allowed[1] = False

    with pytest.raises(InputError, match=r"^query 2 may look at no key: give it one True at least"):
        combine(allowed)


def test_its_sequence_is_named_too():
    allowed = torch.ones(B, 1, T, S, dtype=torch.bool)
    allowed[1, :, 2] = False

    with pytest.raises(InputError, match=r"^query 3 of sequence 2 may look at no key"):
        combine(allowed)


def test_masks_that_are_harmless_alone_may_hide_everything_together():
    with pytest.raises(InputError, match=r"^query 1 of sequence 1 may look at no key"):
        combine(causal(3), padding(torch.tensor([[0, 4, 4]])))


@pytest.mark.parametrize(
    ("given_masks", "error", "sentence"),
    [
        ([], InputError, "^there is no mask to combine: give one at least"),
        ([causal(2), causal(2).int()], InputError, r"^a mask holds torch.int32, not booleans"),
        ([causal(2).float()], InputError, r"^a mask holds torch.float32, not booleans"),
        ([causal(2), causal(3)], ShapeError, r"^masks of sizes \(2, 2\) and \(3, 3\) do not fit"),
    ],
    ids=["none", "whole numbers", "floats", "sizes"],
)
def test_what_is_no_mask_is_refused(given_masks, error, sentence):
    with pytest.raises(error, match=sentence):
        combine(*given_masks)
