"""Whole models: equal to nn.Transformer, blind to the future and to padding, with right gradients."""

import copy
import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
import twins
from hypothesis import given
from hypothesis import strategies as st
from tiny import (
    D_MODEL,
    FAMILIES,
    SOURCE_VOCAB,
    VOCAB,
    B,
    S,
    T,
    decoder,
    encoder,
    families,
    has_right_gradients,
    ids,
    law_of_models,
    transformer,
)
from torch.nn.utils.rnn import pad_sequence

from transformer_lib import masks
from transformer_lib.attention import MultiHeadAttention, watch
from transformer_lib.config import BERT, GPT2, LLAMA, ORIGINAL, DecoderConfig
from transformer_lib.models import Decoder, unpadded
from transformer_lib.norms import LayerNorm, RMSNorm
from transformer_lib.shapes import InputError, ShapeError

SOURCE, TARGET = ids(B, S, SOURCE_VOCAB), ids(B, T, seed=1)
PADDED = SOURCE.clone()
PADDED[1, -3:] = 0

# One model of each kind, with the tokens it takes.
KINDS = {
    "transformer": lambda family: (transformer(family), (SOURCE, TARGET)),
    "encoder": lambda family: (encoder(family), (TARGET,)),
    "decoder": lambda family: (decoder(family), (TARGET,)),
}
kinds = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())


@pytest.mark.parametrize("norm_order", ["post", "pre"])
@pytest.mark.parametrize("source", [SOURCE, PADDED], ids=["full", "padded"])
def test_a_transformer_equals_the_one_of_torch(norm_order, source):
    model = transformer(replace(ORIGINAL, norm_order=norm_order))
    hidden = source == 0

    vectors = twins.transformer(model)(
        model.source_embedding(source),
        model.target_embedding(TARGET),
        tgt_mask=~masks.causal(T),
        src_key_padding_mask=hidden,
        memory_key_padding_mask=hidden,
    )

    torch.testing.assert_close(model(source, TARGET), model.unembed(vectors))


@pytest.mark.parametrize("family", **families)
@given(st.integers(1, T - 1), st.integers(0, 2**31))
@law_of_models
def test_a_decoder_is_blind_to_the_future_to_the_last_bit(family, n, seed):
    model, changed = decoder(family), TARGET.clone()
    changed[:, n:] = ids(B, T - n, seed=seed)

    assert torch.equal(model(changed)[:, :n], model(TARGET)[:, :n])


@pytest.mark.parametrize("family", **families)
@given(st.integers(1, T - 1), st.integers(0, 2**31))
@law_of_models
def test_a_transformer_is_blind_to_the_future_of_its_target(family, n, seed):
    model, changed = transformer(family), TARGET.clone()
    changed[:, n:] = ids(B, T - n, seed=seed)

    assert torch.equal(model(SOURCE, changed)[:, :n], model(SOURCE, TARGET)[:, :n])


@pytest.mark.parametrize("family", **families)
def test_looking_back_matters(family):
    changed = TARGET.clone()
    changed[:, 0] = 3 - changed[:, 0].clamp(1, 2)

    assert not torch.allclose(decoder(family)(changed)[:, -1], decoder(family)(TARGET)[:, -1], atol=1e-3)


@pytest.mark.parametrize("family", **families)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=5))
@law_of_models
def test_padding_never_matters_to_an_encoder(family, lengths):
    model, sentences = encoder(family), [ids(1, n, seed=n)[0] for n in lengths]

    together = model(pad_sequence(sentences, batch_first=True))
    alone = [model(sentence[None])[0] for sentence in sentences]

    torch.testing.assert_close([row[:n] for row, n in zip(together, lengths, strict=True)], alone)


@pytest.mark.parametrize("family", **families)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=2, max_size=5))
@law_of_models
def test_padding_never_matters_to_a_transformer(family, lengths):
    model = transformer(family)
    sources = [ids(1, n, SOURCE_VOCAB, seed=n)[0] for n, _ in lengths]
    targets = [ids(1, n, seed=n)[0] for _, n in lengths]

    together = model(pad_sequence(sources, batch_first=True), pad_sequence(targets, batch_first=True))
    alone = [model(source[None], target[None])[0] for source, target in zip(sources, targets, strict=True)]

    torch.testing.assert_close([row[:n] for row, (_, n) in zip(together, lengths, strict=True)], alone)


def test_what_stands_under_padding_has_no_effect_to_the_last_bit():
    model = transformer()
    before = model(PADDED, TARGET)

    with torch.no_grad():
        model.source_embedding.tokens.weight[0] += 100.0

    assert torch.equal(model(PADDED, TARGET), before)


def test_a_given_mask_takes_the_place_of_the_padding_mask():
    model, tokens = encoder(BERT), PADDED
    everything = torch.ones(1, 1, 1, S, dtype=torch.bool)

    torch.testing.assert_close(model(tokens, allowed=masks.padding(tokens)), model(tokens))
    assert not torch.allclose(model(tokens, allowed=everything), model(tokens), atol=1e-3)


def test_a_given_mask_takes_the_place_of_the_causal_mask():
    model = decoder()

    torch.testing.assert_close(model(TARGET, masks.causal(T)), model(TARGET))
    assert not torch.allclose(model(TARGET, masks.prefix(T, 3)), model(TARGET), atol=1e-3)


def test_the_first_segment_is_meant_if_none_is_named():
    model, first = encoder(BERT), torch.zeros_like(TARGET)

    torch.testing.assert_close(model(TARGET, first), model(TARGET))
    assert not torch.allclose(model(TARGET, first + 1), model(TARGET), atol=1e-3)


@given(st.permutations(range(T)))
@law_of_models
def test_without_positions_an_encoder_sees_a_bag_of_words(order):
    model = encoder(FAMILIES["no positions"])

    torch.testing.assert_close(model(TARGET[:, order]), model(TARGET)[:, order])


@pytest.mark.parametrize("family", [ORIGINAL, BERT, LLAMA, FAMILIES["alibi"]], ids=lambda f: f.positions)
def test_with_positions_the_order_counts(family):
    model, order = encoder(family), [1, 0, 2, 3, 4]

    assert not torch.allclose(model(TARGET[:, order]), model(TARGET)[:, order], atol=1e-3)


@kinds
@pytest.mark.parametrize("family", [ORIGINAL, GPT2, LLAMA], ids=["original", "gpt2", "llama"])
def test_gradients_are_those_of_finite_differences(make, family):
    model, tokens = make(family)

    assert has_right_gradients(model, *tokens)


@kinds
@pytest.mark.parametrize("family", **families)
def test_every_parameter_is_trained(make, family):
    model, tokens = make(family)

    model(*tokens).square().sum().backward()
    idle = {name for name, parameter in model.named_parameters() if parameter.grad is None}

    assert not idle


@kinds
def test_a_copy_gives_the_same_and_so_does_a_loaded_state(make):
    (model, tokens), (other, _) = make(LLAMA), make(LLAMA)
    torch.nn.init.zeros_(next(other.parameters()))
    with watch(model):
        expected = model(*tokens)

    other.load_state_dict(model.state_dict())

    torch.testing.assert_close(other(*tokens), expected)
    torch.testing.assert_close(copy.deepcopy(model)(*tokens), expected)


@kinds
@pytest.mark.parametrize("family", **families)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_models_work_in_every_precision(make, family, dtype):
    model, tokens = make(family)
    expected = model(*tokens)

    output = model.to(dtype)(*tokens)

    assert output.dtype == dtype
    assert (output.double() - expected).abs().mean() < 0.05 * expected.abs().mean()


def test_one_matrix_reads_tokens_in_and_scores_them_if_the_family_ties_the_two():
    tied, apart = decoder(), decoder(replace(GPT2, tied=False))

    assert tied.unembed.weight is tied.embedding.tokens.weight
    assert apart.unembed.weight is not apart.embedding.tokens.weight
    assert "unembed.weight" not in dict(tied.named_parameters())


def test_a_transformer_ties_its_scores_to_the_words_of_the_target():
    model = transformer()

    assert model.unembed.weight is model.target_embedding.tokens.weight
    assert model.unembed.weight.shape == (VOCAB, D_MODEL)
    assert model.unembed.bias is None


@pytest.mark.parametrize("family", **families)
def test_a_new_model_guesses_about_as_badly_as_chance(family):
    torch.manual_seed(0)
    vocab_size = 257
    tokens, model = ids(8, 33, vocab_size), Decoder(DecoderConfig(vocab_size=vocab_size, family=family))

    loss = F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())

    assert abs(loss.item() - math.log(vocab_size)) < 1


def test_matrices_start_as_glorot_and_bengio_drew_them_and_biases_at_nothing():
    torch.manual_seed(0)
    model = Decoder(DecoderConfig(vocab_size=VOCAB, d_model=64, d_ff=256))
    widen = model.blocks[0].feed_forward.widen

    bound = math.sqrt(6 / (64 + 256))

    assert 0.99 * bound < widen.weight.abs().max() <= bound
    assert not widen.bias.any()
    assert model.unembed.weight.std().item() == pytest.approx(1 / 8, rel=0.05)


@pytest.mark.parametrize("norm_order", ["post", "pre"])
def test_the_stack_ends_with_a_norm_if_the_sum_has_none(norm_order):
    model = decoder(replace(LLAMA, norm_order=norm_order))

    assert isinstance(model.norm, RMSNorm) == (norm_order == "pre")


@pytest.mark.parametrize("norm_order", ["post", "pre"])
def test_an_encoder_begins_with_a_norm_if_the_blocks_end_with_one(norm_order):
    model = encoder(replace(BERT, norm_order=norm_order))

    assert isinstance(model.embedding_norm, LayerNorm) == (norm_order == "post")
    assert isinstance(model.norm, LayerNorm) == (norm_order == "pre")


def test_dropout_reaches_every_part():
    translator, reader, writer = transformer(dropout=0.5), encoder(BERT, dropout=0.5), decoder(dropout=0.5)
    parts = [part for model in (translator, reader, writer) for part in model.modules()]

    rates = {part.p for part in parts if isinstance(part, torch.nn.Dropout)}
    watched = {part.dropout for part in parts if isinstance(part, MultiHeadAttention)}

    assert rates == {0.5, 0.0}  # the encoder drops after its norm, and not within the embedding
    assert reader.embedding.dropout.p == 0
    assert watched == {0.5}


def test_the_last_position_alone_is_scored_as_within_the_whole():
    writer, translator = decoder(), transformer()
    memory, allowed = translator.encode(PADDED), unpadded(PADDED)

    torch.testing.assert_close(writer(TARGET, last=True), writer(TARGET)[:, -1:])
    torch.testing.assert_close(
        translator.decode(TARGET, memory, allowed, last=True), translator(PADDED, TARGET)[:, -1:]
    )


def test_a_batch_without_padding_needs_no_mask():
    assert unpadded(SOURCE) is None
    assert torch.equal(unpadded(PADDED), masks.padding(PADDED))


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: transformer()(SOURCE, TARGET[:1]),
            ShapeError,
            r"^source holds 2 sentences and target 1: give each its translation",
        ),
        (lambda: transformer()(PADDED * 0, TARGET), InputError, r"^sentence 1 is padding alone"),
        (lambda: encoder()(PADDED * 0), InputError, r"^sentence 1 is padding alone"),
        (lambda: encoder()(SOURCE[:, :0]), ShapeError, r"^tokens has shape \(2, 0\)"),
        (lambda: transformer()(SOURCE[:, :0], TARGET), ShapeError, r"^tokens has shape \(2, 0\)"),
        (lambda: transformer()(SOURCE, TARGET + 99), InputError, r"^tokens holds ids from 1\d\d to 1\d\d"),
        (lambda: transformer()(SOURCE + 13, TARGET), InputError, r"and the vocabulary has 13: they run"),
        (lambda: encoder()(SOURCE.float()), InputError, r"^tokens holds torch.float32"),
        (lambda: decoder()(TARGET[0]), ShapeError, r"^tokens has shape \(5,\)"),
        (
            lambda: decoder()(ids(B, 20)),
            InputError,
            r"^the sequence has 20 positions and the model",
        ),
        (lambda: decoder()(TARGET, masks.causal(S)), ShapeError, r"^allowed has shape \(7, 7\)"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()
