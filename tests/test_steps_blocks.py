"""Residual connection and blocks in NumPy: equal to torch, and whole chains by hand."""

from dataclasses import replace
from functools import partial, reduce

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from transformer_lib import blocks
from transformer_lib.config import LLAMA, ORIGINAL
from transformer_lib.shapes import InputError, ShapeError
from transformer_lib.steps import (
    causal,
    decoder_block,
    encoder_block,
    feed_forward,
    heads_of,
    layer_norm,
    multi_head,
    residual,
    rms_norm,
)

B, T, S, N_HEADS, D_MODEL, D_FF = 2, 5, 7, 3, 12, 11
PLAIN = replace(ORIGINAL, bias=False)

seeds = st.integers(0, 2**32 - 1)
law = settings(max_examples=30)
orders = pytest.mark.parametrize("order", ["post", "pre"])


def rand(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs.detach(), rtol=1e-8, atol=1e-11)


def shaken(module):
    """The module in float64, with every number random: also the scales and shifts, which begin as 1 and 0."""
    generator = torch.Generator().manual_seed(0)
    module = module.double().eval()
    for weight in module.parameters():
        weight.data = torch.randn(weight.shape, generator=generator, dtype=torch.float64) / 2
    return module


def heads(attend):
    """(heads, w_o) of a torch module of ours."""
    return heads_of(attend.w_q.weight, attend.w_k.weight, attend.w_v.weight, N_HEADS), attend.w_o.weight


def norm_of(part):
    norm = part.norm
    return partial(layer_norm, scale=norm.scale, shift=norm.shift, eps=norm.eps)


def layers(network):
    return network.widen.weight, network.narrow.weight


@orders
@pytest.mark.parametrize("add", [True, False], ids=["residual", "no residual"])
def test_the_encoder_block_equals_the_course_s_own_in_torch(order, add):
    theirs = shaken(
        blocks.EncoderBlock(D_MODEL, N_HEADS, D_FF, replace(PLAIN, norm_order=order, residual=add))
    )
    x, norms = rand(T, D_MODEL), (theirs.attention_residual, theirs.feed_forward_residual)

    ours = encoder_block(
        x,
        heads(theirs.attention),
        layers(theirs.feed_forward),
        order=order,
        allowed=causal(T),
        norms=[norm_of(part) for part in norms],
        add=add,
    )

    close(ours.output, theirs(torch.tensor(x)[None], causal=True)[0])


@orders
@pytest.mark.parametrize("add", [True, False], ids=["residual", "no residual"])
def test_the_decoder_block_equals_the_course_s_own_in_torch(order, add):
    theirs = shaken(
        blocks.DecoderBlock(D_MODEL, N_HEADS, D_FF, replace(PLAIN, norm_order=order, residual=add))
    )
    x, memory, seen = rand(T, D_MODEL), rand(S, D_MODEL, seed=1), rand(1, S, seed=2) > -1
    norms = theirs.attention_residual, theirs.cross_residual, theirs.feed_forward_residual

    ours = decoder_block(
        x,
        memory,
        heads(theirs.attention),
        heads(theirs.cross_attention),
        layers(theirs.feed_forward),
        order=order,
        memory_allowed=seen,
        norms=[norm_of(part) for part in norms],
        add=add,
    )

    batch = (torch.tensor(y)[None] for y in (x, memory))
    close(ours.output, theirs(*batch, memory_allowed=torch.tensor(seen))[0])
    assert not seen.all()


def test_a_block_of_a_modern_family_equals_the_course_s_own_in_torch():
    theirs = shaken(blocks.EncoderBlock(D_MODEL, N_HEADS, D_FF, replace(LLAMA, positions="none")))
    x, network = rand(B, T, D_MODEL), theirs.feed_forward
    norms = [
        partial(rms_norm, scale=part.norm.scale, eps=part.norm.eps)
        for part in (theirs.attention_residual, theirs.feed_forward_residual)
    ]

    ours = encoder_block(
        x,
        heads(theirs.attention),
        (*layers(network), None, None, "swiglu", network.gate.weight),
        order="pre",
        norms=norms,
    )

    close(ours.output, theirs(torch.tensor(x)))


def cut(attend):
    """(heads, w_o) of an nn.MultiheadAttention."""
    return heads_of(*np.split(attend.in_proj_weight.detach().numpy(), 3), N_HEADS), attend.out_proj.weight


@orders
def test_the_encoder_block_equals_torch(order):
    theirs = shaken(
        nn.TransformerEncoderLayer(
            D_MODEL, N_HEADS, D_FF, dropout=0, batch_first=True, norm_first=order == "pre", bias=False
        )
    )
    x, norms = rand(T, D_MODEL), (theirs.norm1, theirs.norm2)

    ours = encoder_block(
        x,
        cut(theirs.self_attn),
        (theirs.linear1.weight, theirs.linear2.weight),
        order=order,
        norms=[partial(layer_norm, scale=norm.weight, eps=norm.eps) for norm in norms],
    )

    close(ours.output, theirs(torch.tensor(x)[None])[0])


@orders
def test_the_decoder_block_equals_torch(order):
    theirs = shaken(
        nn.TransformerDecoderLayer(
            D_MODEL, N_HEADS, D_FF, dropout=0, batch_first=True, norm_first=order == "pre", bias=False
        )
    )
    x, memory = rand(T, D_MODEL), rand(S, D_MODEL, seed=1)
    norms = theirs.norm1, theirs.norm2, theirs.norm3

    ours = decoder_block(
        x,
        memory,
        cut(theirs.self_attn),
        cut(theirs.multihead_attn),
        (theirs.linear1.weight, theirs.linear2.weight),
        order=order,
        norms=[partial(layer_norm, scale=norm.weight, eps=norm.eps) for norm in norms],
    )

    hidden = ~torch.tensor(causal(T))  # there, True hides
    close(ours.output, theirs(*(torch.tensor(y)[None] for y in (x, memory)), tgt_mask=hidden)[0])


def test_the_three_orders_by_hand():
    x, double = np.array([9.0, 3, 3, 1]), lambda y: 2 * y
    normed = np.array([5 / 3, -1 / 3, -1 / 3, -1])

    post, pre, none = (residual(x, double, order) for order in ("post", "pre", "none"))

    np.testing.assert_allclose(none.output, [27, 9, 9, 3])
    np.testing.assert_allclose(pre.output, x + 2 * normed)
    np.testing.assert_allclose(post.output, normed)
    np.testing.assert_array_equal(post.output, residual(x, double).output)


def test_every_step_of_a_residual_connection_is_kept():
    x, matrices = rand(T, 3), (rand(4, 3, seed=1), rand(3, 4, seed=2))

    def network(y):
        return feed_forward(y, *matrices)

    pre, post, none = (residual(x, network, order) for order in ("pre", "post", "none"))

    np.testing.assert_array_equal(pre.heard, layer_norm(x).output)
    np.testing.assert_array_equal(pre.norm.output, pre.heard)
    np.testing.assert_array_equal(pre.sublayer.hidden, network(pre.heard).hidden)
    np.testing.assert_array_equal(pre.said, pre.sublayer.output)
    np.testing.assert_array_equal(pre.total, x + pre.said)
    np.testing.assert_array_equal(pre.output, pre.total)
    np.testing.assert_array_equal(post.heard, x)
    np.testing.assert_array_equal(post.x, x)
    np.testing.assert_array_equal(post.norm.output, post.output)
    np.testing.assert_array_equal(post.norm.mean, layer_norm(post.total).mean)
    assert none.norm is None


def test_without_adding_only_the_sublayer_is_left():
    x = rand(T, 3)

    steps = residual(x, lambda y: 2 * y, "none", add=False)

    np.testing.assert_array_equal(steps.output, 2 * x)


def test_another_norm_may_stand_in_its_place():
    steps = residual([9, 3, 3, 1], lambda y: 0 * y, norm=rms_norm)

    np.testing.assert_allclose(steps.output, [1.8, 0.6, 0.6, 0.2])
    assert steps.norm.rms == [5]


def small(seed=0, d_model=4):
    """Matrices of one block: (heads, w_o) twice, and the layers with their biases."""

    def two_heads(seed):
        triples = [tuple(rand(2, d_model, seed=seed + 10 * i + j) for j in range(3)) for i in range(2)]
        return triples, rand(d_model, 4, seed=seed + 50)

    network = rand(7, d_model, seed=seed + 1), rand(d_model, 7, seed=seed + 2), rand(7, seed=seed + 3)
    return two_heads(seed), two_heads(seed + 100), network


def test_an_encoder_block_keeps_what_its_sublayers_compute():
    own, _, network = small()
    x = rand(T, 4)

    steps = encoder_block(x, own, network, order="pre", scaled=False, base=2)

    attended = multi_head(layer_norm(x).output, *own, scaled=False, base=2)
    np.testing.assert_array_equal(steps.attention.sublayer.heads[1].weights, attended.heads[1].weights)
    np.testing.assert_array_equal(steps.attention.total, x + attended.output)
    np.testing.assert_array_equal(steps.feed_forward.x, steps.attention.output)
    np.testing.assert_array_equal(
        steps.feed_forward.sublayer.hidden, feed_forward(steps.feed_forward.heard, *network).hidden
    )
    np.testing.assert_array_equal(steps.output, steps.feed_forward.output)


def test_a_decoder_block_keeps_what_its_sublayers_compute():
    own, cross, network = small()
    x, memory = rand(T, 4), rand(S, 4, seed=1)

    steps = decoder_block(x, memory, own, cross, network, scaled=False, base=2)

    attended = multi_head(x, *own, causal(T), scaled=False, base=2)
    crossed = multi_head(steps.cross_attention.x, *cross, memory=memory, scaled=False, base=2)
    np.testing.assert_array_equal(steps.attention.said, attended.output)
    np.testing.assert_array_equal(steps.cross_attention.x, steps.attention.output)
    np.testing.assert_array_equal(steps.cross_attention.said, crossed.output)
    np.testing.assert_array_equal(steps.cross_attention.sublayer.heads[1].k, crossed.heads[1].k)
    np.testing.assert_array_equal(steps.feed_forward.x, steps.cross_attention.output)
    np.testing.assert_array_equal(steps.output, steps.feed_forward.output)


@law
@given(seeds)
def test_a_permuted_input_gives_the_permuted_output(seed):
    own, _, network = small()
    x, order = rand(T, 4, seed=seed), np.random.default_rng(seed).permutation(T)

    permuted = encoder_block(x[order], own, network).output

    np.testing.assert_allclose(permuted, encoder_block(x, own, network).output[order], rtol=1e-7, atol=1e-9)


def test_a_decoder_block_never_looks_ahead():
    own, cross, network = small()
    x, memory = rand(T, 4), rand(S, 4, seed=1)
    changed = x.copy()
    changed[-1] = 7, -3, 5, 1

    before, after = (decoder_block(y, memory, own, cross, network).output for y in (x, changed))

    np.testing.assert_array_equal(before[:-1], after[:-1])
    assert not np.allclose(before[-1], after[-1])


def test_a_decoder_block_looks_ahead_where_it_is_allowed_to():
    own, cross, network = small()
    x, memory, everywhere = rand(T, 4), rand(S, 4, seed=1), np.ones((T, T), bool)
    changed = x.copy()
    changed[-1] = 7, -3, 5, 1

    before, after = (
        decoder_block(y, memory, own, cross, network, allowed=everywhere).output for y in (x, changed)
    )

    assert not np.allclose(before[0], after[0])


def test_a_hidden_position_of_the_memory_has_no_effect_at_all():
    own, cross, network = small()
    x, memory, seen = rand(T, 4), rand(S, 4, seed=1), np.arange(S) < 5
    changed = memory.copy()
    changed[5:] += 100.0

    before, after = (
        decoder_block(x, m, own, cross, network, memory_allowed=seen).output for m in (memory, changed)
    )

    np.testing.assert_array_equal(before, after)


def test_blocks_of_a_batch_go_through_as_one_by_one():
    own, cross, network = small()
    x, memory = rand(B, T, 4), rand(B, S, 4, seed=1)

    together = decoder_block(x, memory, own, cross, network).output
    read = encoder_block(memory, own, network).output

    alone = decoder_block(x[1], memory[1], own, cross, network).output
    np.testing.assert_allclose(together[1], alone, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(read[1], encoder_block(memory[1], own, network).output, rtol=1e-9, atol=1e-12)


def spread(x):
    """How far the tokens are from their mean, as a share of their size."""
    return np.linalg.norm(x - x.mean(axis=0)) / np.linalg.norm(x)


def stacked(x, n_layers, own, network, **how):
    """What comes out of n_layers blocks with the same matrices."""
    return reduce(lambda y, _: encoder_block(y, own, network, order="pre", **how).output, range(n_layers), x)


def test_without_residuals_the_tokens_become_one_another():
    own, _, network = small(seed=3, d_model=8)
    x = rand(T, 8)

    kept, lost = stacked(x, 8, own, network), stacked(x, 8, own, network, add=False)

    assert spread(kept) > 0.2
    assert spread(lost) < 1e-9


BLOCK = {"x": [[1, 2]], "own": ([([[1, 0]], [[1, 0]], [[1, 0]])] * 2, None), "layers": ([[1, 0]], [[1], [1]])}
OTHERS = {"memory": [[1, 2]], "cross": BLOCK["own"]}


REFUSED = {
    "order unknown": (
        lambda: residual([1, 2], lambda y: y, "before"),
        InputError,
        "order is 'before': it must be 'post', 'pre' or 'none'.",
    ),
    "sublayer too wide": (
        lambda: residual([1, 2], lambda y: [1, 2, 3]),
        ShapeError,
        "the sublayer answers in shape (3,) to x of shape (2,): "
        "a residual connection adds them, so make both the same.",
    ),
    "norm before of another shape": (
        lambda: residual([[1, 2]], lambda y: y, "pre", lambda y: y[0]),
        ShapeError,
        "the norm answers in shape (2,) to x of shape (1, 2): "
        "a residual connection adds them, so make both the same.",
    ),
    "norm after of another shape": (
        lambda: residual([[1, 2]], lambda y: y, "post", lambda y: y[0]),
        ShapeError,
        "the norm answers in shape (2,) to x of shape (1, 2): "
        "a residual connection adds them, so make both the same.",
    ),
    "sublayer of text": (
        lambda: residual([1, 2], lambda y: "y"),
        InputError,
        "the output of the sublayer is text, not numbers: give a list or an array of numbers.",
    ),
    "x of text": (
        lambda: residual("x", lambda y: y),
        InputError,
        "x is text, not numbers: give a list or an array of numbers.",
    ),
    "own of one": (
        lambda: encoder_block(**{**BLOCK, "own": ([],)}),
        InputError,
        "own holds 1 entries: give 2, (heads, w_o).",
    ),
    "encoder norms of one": (
        lambda: encoder_block(**BLOCK, norms=[layer_norm]),
        InputError,
        "norms holds 1 entries: give 2, one a sublayer.",
    ),
    "decoder own of one": (
        lambda: decoder_block(**{**BLOCK, **OTHERS, "own": ([],)}),
        InputError,
        "own holds 1 entries: give 2, (heads, w_o).",
    ),
    "cross of three": (
        lambda: decoder_block(**{**BLOCK, **OTHERS, "cross": ([], None, None)}),
        InputError,
        "cross holds 3 entries: give 2, (heads, w_o).",
    ),
    "decoder norms of two": (
        lambda: decoder_block(**BLOCK, **OTHERS, norms=[layer_norm] * 2),
        InputError,
        "norms holds 2 entries: give 3, one a sublayer.",
    ),
    "x of one axis": (
        lambda: decoder_block(**{**BLOCK, **OTHERS, "x": [1, 2]}),
        ShapeError,
        "x has 1 axis (shape (2,)), but 2 or 3 are needed: give one row a position, a list of lists.",
    ),
}


@pytest.mark.parametrize(("call", "error", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_refused_in_one_sentence(call, error, sentence):
    with pytest.raises(error) as refusal:
        call()

    assert str(refusal.value) == sentence
