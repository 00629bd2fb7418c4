"""Laws of attention: hidden means without effect, distance is all that counts, a cache changes nothing."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import (
    D_MODEL,
    N_KV_HEADS,
    B,
    S,
    T,
    attention,
    explicit,
    has_right_gradients,
    hiding,
    law,
    rand,
    shaken,
)

from transformer_lib import masks
from transformer_lib.attention import MultiHeadAttention
from transformer_lib.cache import KVCache

X, MEMORY = rand(B, T, D_MODEL), rand(B, S, D_MODEL, seed=1)
SOURCE_WORDS = masks.padding(torch.tensor([[4, 4, 4, 4, 4, 4, 4], [4, 4, 4, 4, 4, 0, 0]]))

# Every kind of attention, each on its fused and on its explicit path.
KINDS = {
    "plain": {},
    "no bias": {"bias": False},
    "grouped": {"n_kv_heads": N_KV_HEADS},
    "one head of keys": {"n_kv_heads": 1},
    "rotary": {"order": "rotary"},
    "alibi": {"order": "alibi"},
    "grouped alibi": {"n_kv_heads": N_KV_HEADS, "order": "alibi"},
}
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
paths = pytest.mark.parametrize("watched", [False, True], ids=["fused", "explicit"])


@kinds
@pytest.mark.parametrize(**hiding)
def test_fused_and_explicit_are_equal(kind, options, allowed):
    attend = attention(**kind)

    torch.testing.assert_close(attend(X, **options), explicit(attend, X, **options)[0])


def test_a_single_head_does_not_see_the_future_either():
    attend = shaken(MultiHeadAttention(D_MODEL, 1))

    output, weights = explicit(attend, X, causal=True)

    assert not weights.triu(1).any()
    torch.testing.assert_close(output, attend(X, causal=True))


@kinds
@pytest.mark.parametrize(**hiding)
@paths
def test_what_is_hidden_has_no_effect_to_the_last_bit(kind, options, allowed, watched):
    attend, changed = attention(**kind), X.clone()
    changed[:, -1] += 100.0
    attend.watched = watched
    blind = ~allowed.expand(B, 1, T, T)[:, 0, :, -1]  # the queries that may not look at the last key
    blind[:, -1] = False

    before, after = attend(X, **options), attend(changed, **options)

    assert torch.equal(before[blind], after[blind])


@given(st.integers(1, 9), st.integers(0, 2**31))
@law
@pytest.mark.parametrize("order", ["rotary", "alibi"])
@paths
def test_what_stands_before_and_is_hidden_moves_nothing(order, watched, n_before, seed):
    attend, x = attention(order=order), rand(B, n_before + T, D_MODEL, seed=seed)
    attend.watched = watched
    allowed = torch.ones(n_before + T, n_before + T, dtype=torch.bool)
    allowed[n_before:, :n_before] = False

    later = attend(x, None, allowed, causal=True)[:, n_before:]

    torch.testing.assert_close(later, attend(x[:, n_before:], causal=True))


@kinds
@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.booleans())
@law
def test_with_a_cache_the_pieces_give_what_the_whole_gives(kind, pieces, watched):
    attend, x, cache = attention(**kind), rand(B, sum(pieces), D_MODEL), KVCache()
    attend.watched = watched

    outputs = [attend(piece, causal=True, cache=cache) for piece in x.split(pieces, 1)]

    torch.testing.assert_close(torch.cat(outputs, 1), attend(x, causal=True))


def test_with_a_cache_the_mask_covers_the_past_too():
    attend, cache = attention(), KVCache()
    attend(X[:, :3], causal=True, cache=cache)
    allowed = torch.ones(B, 1, 1, T, dtype=torch.bool)
    allowed[:, :, :, 1] = False

    output = attend(X[:, 3:], None, allowed, causal=True, cache=cache)

    torch.testing.assert_close(output, attend(X, None, allowed, causal=True)[:, 3:])


def test_cross_attention_reads_the_source_once_and_then_from_the_cache():
    attend, cache = attention(), KVCache()

    first = attend(X[:, :2], MEMORY, SOURCE_WORDS, cache=cache)
    second = attend(X[:, 2:], torch.full_like(MEMORY, torch.nan), SOURCE_WORDS, cache=cache)

    assert len(cache) == S
    torch.testing.assert_close(torch.cat([first, second], 1), attend(X, MEMORY, SOURCE_WORDS))


def test_one_query_is_the_last_and_may_look_at_every_key():
    attend = attention()

    assert torch.equal(attend(X[:, :1], MEMORY, causal=True), attend(X[:, :1], MEMORY))


@kinds
@pytest.mark.parametrize(**hiding)
@paths
def test_gradients_are_those_of_finite_differences(kind, options, allowed, watched):
    attend = attention(**kind)
    attend.watched = watched

    assert has_right_gradients(attend, X.clone().requires_grad_(), None, options.get("allowed"))


@kinds
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_attention_works_in_every_precision(kind, dtype):
    attend = attention(**kind)
    expected = attend(X, causal=True)

    attend.to(dtype)
    output, weights = explicit(attend, X.to(dtype), causal=True)

    assert attend(X.to(dtype), causal=True).dtype == output.dtype == weights.dtype == dtype
    torch.testing.assert_close(output.double(), expected, rtol=0.1, atol=0.1)
