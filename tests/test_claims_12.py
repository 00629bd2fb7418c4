"""The claims of chapter 12, encoder–decoder and cross-attention, on random inputs and by hand."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from transformer_lib import pocket
from transformer_lib.attention import watch
from transformer_lib.config import TransformerConfig
from transformer_lib.models import Transformer
from transformer_lib.shapes import ShapeError
from transformer_lib.steps import (
    attention,
    cross_attention,
    decoder_block,
    encoder_block,
    layer_norm,
    residual,
    self_attention,
)

# All sizes differ, so that a swapped axis cannot pass by luck.
T, S, D_MODEL, D_K, D_V, D_FF = 3, 5, 4, 2, 6, 7
PADS = 2
NUMBERS = st.floats(-3, 3, allow_subnormal=False).map(lambda x: round(x, 2))

states = arrays(float, (T, D_MODEL), elements=NUMBERS)
memories = arrays(float, (S, D_MODEL), elements=NUMBERS)
fillers = arrays(float, (PADS, D_MODEL), elements=NUMBERS)
orders = st.permutations(range(S))

RNG = np.random.default_rng(12)
W = tuple(RNG.normal(size=(n, D_MODEL)) for n in (D_K, D_K, D_V))
HEADS = ([tuple(RNG.normal(size=(D_MODEL, D_MODEL)) for _ in range(3))], None)
OTHER_HEADS = ([tuple(RNG.normal(size=(D_MODEL, D_MODEL)) for _ in range(3))], None)
LAYERS = RNG.normal(size=(D_FF, D_MODEL)), RNG.normal(size=(D_MODEL, D_FF))

BY_HAND = {"scaled": False, "base": 2}
DECODER = np.array([[1, -1], [0, -1], [-1, 1], [1, 0]])
POCKET = pocket.w_q, pocket.w_k, pocket.w_v


def norm(x):
    return layer_norm(x, eps=1e-5)


# ---- By hand


def test_the_decoders_query_gives_one_sixteen_four_four_over_25():
    assert pocket.cross.weights[0] == tuple(Fraction(n, 25) for n in (1, 16, 4, 4))
    assert pocket.cross.output[0] == (Fraction(12, 25), Fraction(42, 25))


@pytest.mark.parametrize(
    ("i", "b"),
    [(0, (0.48, 1.68)), (1, (0.2, 1.7)), (2, (0.48, -0.72)), (3, (1.25, 1.25))],
    ids=["d₁", "d₂", "d₃", "d₄"],
)
def test_the_decoder_position_gets_what_the_page_says(i, b):
    run = cross_attention(DECODER, pocket.a, *POCKET, **BY_HAND)

    np.testing.assert_allclose(run.output[i], b)


def test_the_query_of_chapter_3_gets_the_answer_of_chapter_3_again():
    run = cross_attention(DECODER[1:2], pocket.a, *POCKET, **BY_HAND)

    np.testing.assert_allclose(run.output[0], pocket.arrays(pocket.by_hand.output)[0])


def test_scaled_and_in_base_e_the_result_by_hand_is_nearly_the_same():
    run = cross_attention(DECODER[:1], pocket.a, *POCKET)

    np.testing.assert_allclose(run.output[0], [0.472, 1.690], atol=5e-4)


def test_the_paper_has_18_attentions():
    sizes = TransformerConfig(source_vocab_size=3, target_vocab_size=3, d_model=16, n_heads=8, n_layers=6)

    with watch(Transformer(sizes)) as attentions:
        count = len(attentions)

    assert count == 18


# ---- Proposition 12.1


@given(states, memories)
def test_there_is_one_output_for_each_query_and_a_weight_for_each_key(x, memory):
    run = cross_attention(x, memory, *W)

    assert run.weights.shape == (T, S)
    assert run.output.shape == (T, D_V)


@given(states, memories)
def test_no_output_leaves_the_range_of_the_memorys_values(x, memory):
    run = cross_attention(x, memory, *W)

    assert (run.output <= run.v.max(axis=0) + 1e-9).all()
    assert (run.output >= run.v.min(axis=0) - 1e-9).all()


@given(states)
def test_cross_attention_to_itself_is_self_attention(x):
    np.testing.assert_array_equal(cross_attention(x, x, *W).output, self_attention(x, *W).output)


# ---- Proposition 12.2


@given(states, memories, orders)
def test_the_order_of_the_memory_does_not_matter(x, memory, order):
    before, after = cross_attention(x, memory, *W), cross_attention(x, memory[order], *W)

    np.testing.assert_allclose(after.output, before.output, atol=1e-9)
    np.testing.assert_allclose(after.weights, before.weights[:, order], atol=1e-9)


# ---- Proposition 12.3


@given(memories, fillers)
def test_padding_changes_no_real_position_of_the_source(a, padding):
    allowed = np.arange(S + PADS) < S

    alone = encoder_block(a, HEADS, LAYERS, norms=(norm, norm))
    padded = encoder_block(np.vstack([a, padding]), HEADS, LAYERS, norms=(norm, norm), allowed=allowed)

    np.testing.assert_allclose(padded.output[:S], alone.output, atol=1e-9)


@given(states, memories, fillers)
def test_padding_of_the_source_changes_nothing_in_the_decoder(x, memory, padding):
    norms, longer = (norm, norm, norm), np.vstack([memory, padding])
    allowed = np.arange(S + PADS) < S

    alone = decoder_block(x, memory, HEADS, OTHER_HEADS, LAYERS, norms=norms)
    padded = decoder_block(x, longer, HEADS, OTHER_HEADS, LAYERS, norms=norms, memory_allowed=allowed)

    np.testing.assert_allclose(padded.output, alone.output, atol=1e-9)


@given(states, memories, fillers)
def test_padding_behind_the_target_needs_no_mask_but_the_causal_one(x, memory, padding):
    norms = (norm, norm, norm)

    alone = decoder_block(x, memory, HEADS, OTHER_HEADS, LAYERS, norms=norms)
    padded = decoder_block(np.vstack([x, padding]), memory, HEADS, OTHER_HEADS, LAYERS, norms=norms)

    np.testing.assert_allclose(padded.output[:T], alone.output, atol=1e-9)


def test_a_key_of_zeros_is_not_hidden():
    run = attention([[1.0, 2.0]], [[3.0, 1.0], [0.0, 0.0]], [[1.0], [0.0]])

    assert run.weights[0, 1] > 0.01


# ---- Who sends what


@given(states, memories, st.integers(1, T))
def test_keys_and_values_stay_while_the_target_grows(x, memory, t):
    shorter, longer = cross_attention(x[:t], memory, *W), cross_attention(x, memory, *W)

    np.testing.assert_array_equal(shorter.k, longer.k)
    np.testing.assert_array_equal(shorter.v, longer.v)
    np.testing.assert_allclose(shorter.output, longer.output[:t], atol=1e-12)


# ---- The mistake


def test_a_swap_gives_an_output_for_each_source_position():
    swapped = cross_attention(pocket.a, DECODER[:3], *POCKET, **BY_HAND)

    assert swapped.weights.shape == (4, 3)
    with pytest.raises(ShapeError, match="make both the same"):
        residual(DECODER[:3], lambda _: swapped)


@pytest.mark.parametrize(("n_target", "n_source"), [(1, 4), (3, 1)], ids=["T is 1", "S is 1"])
def test_where_one_length_is_1_numpy_repeats_the_row_and_says_nothing(n_target, n_source):
    x, memory = DECODER[:n_target], np.asarray(pocket.a)[:n_source]

    swapped = cross_attention(memory, x, *POCKET, **BY_HAND)

    assert len(x + swapped.output) == max(n_target, n_source)


def test_where_lengths_agree_a_swap_is_off_in_every_number():
    right = cross_attention(DECODER, pocket.a, *POCKET, **BY_HAND)
    wrong = cross_attention(pocket.a, DECODER, *POCKET, **BY_HAND)

    assert right.output.shape == wrong.output.shape
    assert np.abs(right.output - wrong.output).min() > 0.1


# ---- The whole model


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    sizes = TransformerConfig(
        source_vocab_size=9, target_vocab_size=7, d_model=8, n_heads=2, d_ff=16, n_layers=2
    )
    return Transformer(sizes).eval().requires_grad_(False)


SOURCE, TARGET = torch.tensor([[3, 5, 4, 8]]), torch.tensor([[1, 2, 6]])


def test_the_six_attentions_have_three_shapes(model):
    with watch(model) as attentions:
        model(SOURCE, TARGET)

    shapes = [tuple(part.weights.shape[2:]) for part in attentions.values()]

    assert shapes == [(4, 4), (4, 4), (3, 3), (3, 4), (3, 3), (3, 4)]


def test_hidden_padding_moves_no_logit_and_seen_padding_does(model):
    padded = torch.tensor([[3, 5, 4, 8, 0, 0, 0]])

    logits = model(SOURCE, TARGET)

    torch.testing.assert_close(model(padded, TARGET), logits)
    assert (model.decode(TARGET, model.encode(padded)) - logits).abs().max() > 0.05


@pytest.mark.parametrize("source", [[0, 0, 0, 3, 5, 4, 8], [3, 5, 0, 0, 4, 8]], ids=["in front", "between"])
def test_fillers_that_move_words_move_logits_though_they_are_hidden(model, source):
    logits = model(SOURCE, TARGET)

    assert (model(torch.tensor([source]), TARGET) - logits).abs().max() > 1


def test_every_decoder_block_reads_the_encoders_last_block(model):
    seen = []
    hooks = [
        block.cross_attention.register_forward_pre_hook(lambda _, given: seen.append(given[1]))
        for block in model.decoder
    ]

    memory = model.encode(SOURCE)
    model.decode(TARGET, memory)
    for hook in hooks:
        hook.remove()

    assert [given is memory for given in seen] == [True, True]


def test_no_number_of_the_encoder_depends_on_the_target(model):
    with watch(model) as attentions:
        model(SOURCE, TARGET)
        before = attentions["encoder.1.attention"].weights
        model(SOURCE, TARGET.flip(1))

    assert torch.equal(before, attentions["encoder.1.attention"].weights)


# ---- The attention of 2014


@given(states, memories)
def test_without_tanh_the_state_that_asks_does_not_matter(s, h):
    v = RNG.normal(size=D_MODEL)

    scores = (s[:, None] + h) @ v
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)

    np.testing.assert_allclose(weights, weights[:1].repeat(T, axis=0), atol=1e-9)
