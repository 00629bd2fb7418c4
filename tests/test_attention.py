"""Attention in torch: equal to torch's own, by hand where torch has no equal, and watched."""

import copy

import pytest
import torch
import torch.nn.functional as F
import twins
from hypothesis import given
from hypothesis import strategies as st
from tiny import D_HEAD, D_MODEL, N_HEADS, N_KV_HEADS, PAST, B, S, T, attention, explicit, hiding, law, rand

from transformer_lib import masks, positions
from transformer_lib.attention import MultiHeadAttention, scaled_dot_product, watch
from transformer_lib.cache import KVCache
from transformer_lib.shapes import InputError, ShapeError

X, MEMORY = rand(B, T, D_MODEL), rand(B, S, D_MODEL, seed=1)
SOURCE_WORDS = masks.padding(torch.tensor([[4, 4, 4, 4, 4, 4, 4], [4, 4, 4, 4, 4, 0, 0]]))

seeds = st.integers(0, 2**31)


def heads(attend, x):
    """The heads' queries, keys and values of x."""
    return [attend.split_heads(w(x)) for w in (attend.w_q, attend.w_k, attend.w_v)]


def joined(attend, b):
    """What the module makes of the heads' outputs b (B, H, T, d_head)."""
    return attend.w_o(b.transpose(1, 2).flatten(2))


@given(seeds, st.booleans())
@law
def test_scaled_dot_product_equals_torch(seed, masked):
    q, k, v = (rand(B, N_HEADS, *size, seed=seed + i) for i, size in enumerate([(T, 4), (S, 4), (S, 3)]))
    allowed = masks.causal(T, S) if masked else None

    output, weights = scaled_dot_product(q, k, v, allowed)

    torch.testing.assert_close(output, F.scaled_dot_product_attention(q, k, v, allowed))
    torch.testing.assert_close(weights.sum(-1), torch.ones(B, N_HEADS, T, dtype=torch.float64))


def test_a_bias_is_added_to_the_scores():
    q, k, v, bias = rand(B, T, 4), rand(B, S, 4), rand(B, S, 3), rand(T, S, seed=1)

    output, _ = scaled_dot_product(q, k, v, bias=bias)

    torch.testing.assert_close(output, F.scaled_dot_product_attention(q, k, v, bias))


@pytest.mark.parametrize(**hiding)
def test_self_attention_equals_torch(options, allowed):
    attend = attention()
    hidden = ~allowed.expand(B, N_HEADS, T, T).flatten(0, 1)

    theirs, weights = twins.attention(attend)(X, X, X, attn_mask=hidden, average_attn_weights=False)

    torch.testing.assert_close(attend(X, **options), theirs)
    torch.testing.assert_close(explicit(attend, X, **options)[1], weights)


def test_cross_attention_equals_torch():
    attend, hidden = attention(), ~SOURCE_WORDS[:, 0, 0]

    theirs, weights = twins.attention(attend)(
        X, MEMORY, MEMORY, key_padding_mask=hidden, average_attn_weights=False
    )

    torch.testing.assert_close(attend(X, MEMORY, SOURCE_WORDS), theirs)
    torch.testing.assert_close(explicit(attend, X, MEMORY, SOURCE_WORDS)[1], weights)


@pytest.mark.parametrize("causal", [False, True])
def test_in_training_the_same_weights_are_dropped_as_in_torch(causal):
    attend, x = attention(dropout=0.5).train(), X[:1]
    theirs, hidden = twins.attention(attend), ~PAST if causal else None

    torch.manual_seed(0)
    ours = attend(x, causal=causal)
    torch.manual_seed(0)
    expected, _ = theirs(x, x, x, attn_mask=hidden, need_weights=False)

    torch.testing.assert_close(ours, expected)
    assert not torch.allclose(ours, attend.eval()(x, causal=causal))


@pytest.mark.parametrize("causal", [False, True])
def test_outside_training_nothing_is_dropped(causal):
    attend, other = attention(dropout=0.5), attention(dropout=0.0)

    assert torch.equal(attend(X, causal=causal), other(X, causal=causal))
    assert MultiHeadAttention(D_MODEL, N_HEADS).dropout == 0


@given(seeds)
@law
def test_as_many_key_heads_as_query_heads_is_multi_head(seed):
    plain, grouped = attention(), attention(n_kv_heads=N_HEADS)
    x = rand(B, T, D_MODEL, seed=seed)

    assert torch.equal(grouped(x), plain(x))


@given(seeds)
@law
def test_grouped_queries_are_heads_that_share_keys_and_values(seed):
    grouped, x = attention(n_kv_heads=N_KV_HEADS), rand(B, T, D_MODEL, seed=seed)
    repeated = {
        name: value.unflatten(0, (N_KV_HEADS, D_HEAD)).repeat_interleave(2, 0).flatten(0, 1)
        for name, value in grouped.state_dict().items()
        if name[:3] in ("w_k", "w_v")
    }

    multi_head = attention()
    multi_head.load_state_dict(grouped.state_dict() | repeated)

    torch.testing.assert_close(grouped(x, causal=True), multi_head(x, causal=True))


def test_rotary_attention_turns_queries_and_keys_but_not_values():
    attend, turn = attention(order="rotary", rope_base=100.0), positions.Rotary(D_HEAD, 100.0)
    q, k, v = heads(attend, X)

    b = F.scaled_dot_product_attention(turn(q), turn(k), v, is_causal=True)

    torch.testing.assert_close(attend(X, causal=True), joined(attend, b))


def test_the_rotary_base_is_ten_thousand_if_left_out():
    attend, other = attention(order="rotary"), attention(order="rotary", rope_base=10_000.0)

    assert torch.equal(attend(X), other(X))
    assert not torch.equal(attend(X), attention(order="rotary", rope_base=10_001.0)(X))


def test_alibi_lowers_the_scores_by_slope_times_distance():
    attend = attention(order="alibi")
    q, k, v = heads(attend, X)
    steps = (torch.arange(T)[:, None] - torch.arange(T)).abs()
    slopes = torch.tensor([2**-2, 2**-4, 2**-6, 2**-8, 2**-1, 2**-3], dtype=torch.float64)

    b = F.scaled_dot_product_attention(q, k, v, -slopes[:, None, None] * steps)

    torch.testing.assert_close(attend(X), joined(attend, b))


def test_watching_names_each_attention_and_ends_with_the_block():
    model = torch.nn.ModuleDict({"first": attention(), "then": torch.nn.Sequential(attention())})

    with watch(model) as watched:
        model["first"](X)
        model["then"](X)
    kept = watched["then.0"].weights
    model["then"](X + 1)

    assert list(watched) == ["first", "then.0"]
    assert watched["first"].weights.shape == (B, N_HEADS, T, T)
    assert watched["then.0"].weights is kept


def test_outside_the_block_no_weights_are_kept():
    attend = attention()

    attend(X)

    assert attend.weights is None
    assert attend.watched is False


def test_watching_ends_when_something_fails():
    attend = attention()

    with pytest.raises(ShapeError), watch(attend):
        attend(X[0])

    assert attend.watched is False


def test_a_watched_attention_can_be_copied():
    attend = attention()
    explicit(attend, X)

    assert torch.equal(copy.deepcopy(attend)(X), attend(X))


def test_heads_are_cut_from_the_width_one_after_the_other():
    split = attention().split_heads(X)

    assert split.shape == (B, N_HEADS, T, D_HEAD)
    assert torch.equal(split[:, 2], X[:, :, 2 * D_HEAD : 3 * D_HEAD])


def test_what_is_saved_does_not_depend_on_the_kind_of_positions():
    plain, rotary, alibi = attention(), attention(order="rotary"), attention(order="alibi")

    assert plain.state_dict().keys() == rotary.state_dict().keys() == alibi.state_dict().keys()
    assert not any("bias" in name for name in attention(bias=False).state_dict())


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda attend: attend(X[0]),
            ShapeError,
            r"^x_q has shape \(5, 24\): give \(batch, positions, 24\), because d_model is 24, and one",
        ),
        (lambda attend: attend(X[..., :-1]), ShapeError, r"^x_q has shape \(2, 5, 23\)"),
        (lambda attend: attend(X[:, :0]), ShapeError, r"^x_q has shape \(2, 0, 24\)"),
        (lambda attend: attend(X, MEMORY[0]), ShapeError, r"^x_kv has shape \(7, 24\)"),
        (lambda attend: attend(X, MEMORY[..., 1:]), ShapeError, r"^x_kv has shape \(2, 7, 23\)"),
        (
            lambda attend: attend(X, MEMORY[:1]),
            ShapeError,
            "^x_q holds 2 sequences and x_kv 1: give each its own partner",
        ),
        (
            lambda attend: attend(X, None, masks.causal(S)),
            ShapeError,
            r"^allowed has shape \(7, 7\): it must broadcast to \(batch, heads, queries, keys\), "
            r"here \(2, 6, 5, 5\)",
        ),
        (lambda attend: attend(X, None, PAST.double()), InputError, "^a mask holds torch.float64, not bool"),
        (lambda attend: attend(X, None, ~PAST), InputError, "^query 5 may look at no key"),
        (lambda attend: attend(X, None, ~PAST, causal=True), InputError, "^query 1 may look at no key"),
        (lambda attend: attend(MEMORY, X, causal=True), InputError, "^7 queries and 5 keys"),
        (lambda attend: MultiHeadAttention(24, 5), InputError, "^d_model is 24 and n_heads is 5"),
        (lambda attend: MultiHeadAttention(24, 6, 4), InputError, "^n_heads is 6 and n_kv_heads is 4"),
        (lambda attend: MultiHeadAttention(6, 2, order="rotary"), InputError, "^the width is 3: sines and"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call(attention())


def test_a_cache_of_another_batch_is_refused():
    attend, cache = attention(), KVCache()
    attend(X, cache=cache)

    with pytest.raises(ShapeError, match=r"^the cache holds 2 sequences and 1 are given"):
        attend(X[:1], cache=cache)
