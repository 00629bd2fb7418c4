"""Blocks: equal to torch's layers, in both orders of the norm, and what a residual adds."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
import twins
from hypothesis import given
from hypothesis import strategies as st
from tiny import (
    D_MODEL,
    N_HEADS,
    N_KV_HEADS,
    SIZES,
    B,
    S,
    T,
    families,
    has_right_gradients,
    law,
    rand,
    shaken,
)

from transformer_lib import masks
from transformer_lib.blocks import ACTIVATIONS, DecoderBlock, EncoderBlock, FeedForward, Residual
from transformer_lib.cache import KVCache
from transformer_lib.config import GPT2, LLAMA, ORIGINAL
from transformer_lib.norms import RMSNorm

D_FF = SIZES["d_ff"]
X, MEMORY = rand(B, T, D_MODEL), rand(B, S, D_MODEL, seed=1)
WORDS = masks.padding(torch.tensor([[4, 4, 4, 4, 4], [4, 4, 4, 0, 0]]))
SOURCE_WORDS = masks.padding(torch.tensor([[4, 4, 4, 4, 4, 4, 4], [4, 4, 4, 4, 4, 0, 0]]))

orders = pytest.mark.parametrize(
    "family",
    [
        replace(ORIGINAL, eps=0.1),
        replace(ORIGINAL, norm_order="pre", eps=0.1),
        replace(ORIGINAL, feed_forward="gelu"),
        GPT2,
    ],
    ids=["post-norm", "pre-norm", "gelu", "gpt2"],
)


def encoder_block(family=ORIGINAL, **more):
    return shaken(EncoderBlock(D_MODEL, N_HEADS, D_FF, family, **more))


def decoder_block(family=ORIGINAL, **more):
    return shaken(DecoderBlock(D_MODEL, N_HEADS, D_FF, family, **more))


@orders
@pytest.mark.parametrize("causal", [False, True])
def test_an_encoder_block_equals_the_layer_of_torch(family, causal):
    block = encoder_block(family)
    hidden = ~masks.causal(T) if causal else None

    theirs = twins.encoder_layer(block)(X, hidden, src_key_padding_mask=~WORDS[:, 0, 0])

    torch.testing.assert_close(block(X, WORDS, causal=causal), theirs)


@orders
def test_a_decoder_block_equals_the_layer_of_torch(family):
    block = decoder_block(family)

    theirs = twins.decoder_layer(block)(
        X,
        MEMORY,
        ~masks.causal(T),
        tgt_key_padding_mask=~WORDS[:, 0, 0],
        memory_key_padding_mask=~SOURCE_WORDS[:, 0, 0],
    )

    torch.testing.assert_close(block(X, MEMORY, WORDS, SOURCE_WORDS), theirs)


@orders
def test_in_training_an_encoder_block_drops_what_torch_drops(family):
    block, x = encoder_block(family, dropout=0.5).train(), X[:1]
    theirs = twins.encoder_layer(block)

    torch.manual_seed(0)
    ours = block(x)
    torch.manual_seed(0)
    expected = theirs(x)

    torch.testing.assert_close(ours, expected)
    assert not torch.allclose(ours, block.eval()(x))


@orders
def test_in_training_a_decoder_block_drops_what_torch_drops(family):
    block, x, memory = decoder_block(family, dropout=0.5).train(), X[:1], MEMORY[:1]
    theirs = twins.decoder_layer(block)

    torch.manual_seed(0)
    ours = block(x, memory)
    torch.manual_seed(0)
    expected = theirs(x, memory, ~masks.causal(T))

    torch.testing.assert_close(ours, expected)
    assert not torch.allclose(ours, block.eval()(x, memory))


def test_a_decoder_block_that_may_look_ahead_is_the_layer_of_torch_without_a_mask():
    block = decoder_block()

    block.causal = False

    torch.testing.assert_close(block(X, MEMORY), twins.decoder_layer(block)(X, MEMORY))


@pytest.mark.parametrize("activation", ["relu", "gelu", "gelu_tanh"])
@pytest.mark.parametrize("bias", [True, False])
def test_a_feed_forward_network_is_two_layers_and_a_bend(activation, bias):
    network = shaken(FeedForward(D_MODEL, D_FF, activation, bias=bias))
    bend = {"relu": F.relu, "gelu": F.gelu, "gelu_tanh": torch.nn.GELU("tanh")}[activation]
    widen, narrow = network.widen, network.narrow

    expected = F.linear(bend(F.linear(X, widen.weight, widen.bias)), narrow.weight, narrow.bias)

    torch.testing.assert_close(network(X), expected)
    assert (widen.bias is not None) == (narrow.bias is not None) == bias
    assert network.gate is None


@pytest.mark.parametrize("bias", [True, False])
def test_swiglu_multiplies_a_bent_layer_by_a_straight_one(bias):
    network = shaken(FeedForward(D_MODEL, D_FF, "swiglu", bias=bias))

    gate, wide = network.gate(X), network.widen(X)

    torch.testing.assert_close(network(X), network.narrow(gate * gate.sigmoid() * wide))
    assert (network.gate.bias is not None) == bias


def test_a_feed_forward_network_bends_with_relu_and_has_a_bias_if_nothing_is_said():
    network = FeedForward(D_MODEL, D_FF)

    assert network.bend is ACTIVATIONS["relu"]
    assert network.widen.bias is not None
    assert network.dropout.p == 0


def test_relu_saves_room_only_where_no_gradient_needs_it():
    x = X.clone()

    assert torch.equal(ACTIVATIONS["relu"](x), X.clamp(min=0))
    assert torch.equal(x, X)
    with torch.no_grad():
        assert ACTIVATIONS["relu"](x) is x


@given(st.integers(0, 2**31))
@law
def test_a_feed_forward_network_treats_each_position_alike(seed):
    network, x = shaken(FeedForward(D_MODEL, D_FF)), rand(B, T, D_MODEL, seed=seed)
    order = torch.randperm(T, generator=torch.Generator().manual_seed(seed))

    torch.testing.assert_close(network(x[:, order]), network(x)[:, order])


def test_a_sublayer_that_says_nothing_leaves_the_input():
    pre, post = (shaken(Residual(D_MODEL, family)) for family in (GPT2, ORIGINAL))

    assert torch.equal(pre(X, torch.zeros_like), X)
    assert torch.equal(post(X, torch.zeros_like), post.norm(X))


def test_without_residual_only_the_sublayer_is_left():
    pre, post = (shaken(Residual(D_MODEL, replace(family, residual=False))) for family in (GPT2, ORIGINAL))

    assert torch.equal(pre(X, torch.sin), pre.norm(X).sin())
    assert torch.equal(post(X, torch.sin), post.norm(X.sin()))


@pytest.mark.parametrize("family", [GPT2, ORIGINAL], ids=["pre-norm", "post-norm"])
def test_the_residual_itself_is_never_dropped(family):
    residual = shaken(Residual(D_MODEL, replace(family, norm="rms"), dropout=0.9)).train()
    x = X.clone()
    residual.norm = torch.nn.Identity()

    said = residual(x, torch.ones_like) - x

    assert {round(entry, 6) for entry in said.flatten().tolist()} == {0, 10}


def test_a_residual_is_of_2017_and_drops_nothing_if_nothing_is_said():
    residual = Residual(D_MODEL)

    assert not residual.norm_first
    assert residual.dropout.p == 0


def test_a_block_without_width_is_attention_alone():
    block = shaken(EncoderBlock(D_MODEL, N_HEADS, 0, GPT2))

    expected = X + block.attention(block.attention_residual.norm(X), causal=True)

    torch.testing.assert_close(block(X, causal=True), expected)
    assert block.feed_forward is None
    assert block.feed_forward_residual is None


def test_a_block_of_llama_is_built_as_its_family_says():
    block = encoder_block(replace(LLAMA, rope_base=100.0), n_kv_heads=N_KV_HEADS, dropout=0.5)

    assert block.attention.n_kv_heads == N_KV_HEADS
    assert block.attention.turn.frequency[1].item() == pytest.approx(100 ** (-1 / 2))
    assert block.attention.dropout == block.feed_forward.dropout.p == 0.5
    assert isinstance(block.attention_residual.norm, RMSNorm)
    assert not any("bias" in name or "shift" in name for name, _ in block.named_parameters())


def test_a_decoder_block_drops_weights_of_both_its_attentions():
    block = decoder_block(dropout=0.5)

    assert block.attention.dropout == block.cross_attention.dropout == 0.5


def test_blocks_are_of_2017_and_drop_nothing_if_nothing_is_said():
    one, two = EncoderBlock(D_MODEL, N_HEADS, D_FF), DecoderBlock(D_MODEL, N_HEADS, D_FF)

    assert one.attention.dropout == two.attention.dropout == two.cross_attention.dropout == 0
    assert one.attention.n_kv_heads == two.attention.n_kv_heads == N_HEADS
    assert not one.attention_residual.norm_first
    assert not two.attention_residual.norm_first


@given(st.integers(0, 2**31))
@law
def test_a_permuted_input_gives_the_permuted_output(seed):
    block, x = encoder_block(), rand(B, T, D_MODEL, seed=seed)
    order = torch.randperm(T, generator=torch.Generator().manual_seed(seed))

    torch.testing.assert_close(block(x[:, order]), block(x)[:, order])


@pytest.mark.parametrize("positions", ["rotary", "alibi"])
def test_with_positions_in_attention_the_order_counts(positions):
    block, order = encoder_block(replace(ORIGINAL, positions=positions)), [1, 0, 2, 3, 4]

    assert not torch.allclose(block(X[:, order]), block(X)[:, order], atol=1e-3)


@pytest.mark.parametrize("family", **families)
def test_cross_attention_knows_no_positions(family):
    block = decoder_block(family)
    order = torch.randperm(S, generator=torch.Generator().manual_seed(0))

    torch.testing.assert_close(block(X, MEMORY[:, order]), block(X, MEMORY))
    assert (block.cross_attention.w_q.bias is not None) == family.bias


@pytest.mark.parametrize("family", **families)
def test_a_decoder_block_step_by_step_equals_the_whole(family):
    block, caches = decoder_block(family), (KVCache(), KVCache())

    pieces = [block(x, MEMORY, None, SOURCE_WORDS, caches) for x in X.split([1, 3, 1], 1)]

    torch.testing.assert_close(torch.cat(pieces, 1), block(X, MEMORY, None, SOURCE_WORDS))
    assert [len(cache) for cache in caches] == [T, S]


@pytest.mark.parametrize("family", **families)
def test_an_encoder_block_step_by_step_equals_the_whole(family):
    block, cache = encoder_block(family), KVCache()

    pieces = [block(x, causal=True, cache=cache) for x in X.split([1, 3, 1], 1)]

    torch.testing.assert_close(torch.cat(pieces, 1), block(X, causal=True))


@pytest.mark.parametrize("family", **families)
def test_gradients_are_those_of_finite_differences(family):
    x, memory = X.clone().requires_grad_(), MEMORY.clone().requires_grad_()

    assert has_right_gradients(encoder_block(family), x, WORDS)
    assert has_right_gradients(decoder_block(family), x, memory, None, SOURCE_WORDS)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_feed_forward_gradients_are_those_of_finite_differences(activation):
    network = shaken(FeedForward(D_MODEL, D_FF, activation))

    assert has_right_gradients(network, X.clone().requires_grad_())
