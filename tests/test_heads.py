"""Heads: the hidden token guessed, the sentence named, padding left out of the mean."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import D_MODEL, VOCAB, B, T, encoder, has_right_gradients, ids, law_of_models, rand, shaken
from torch.nn.utils.rnn import pad_sequence

from transformer_lib.config import BERT, LLAMA
from transformer_lib.heads import Classifier, MaskedLanguageModel, mean_pooled
from transformer_lib.norms import RMSNorm
from transformer_lib.shapes import InputError

N_CLASSES = 3
TOKENS = ids(B, T)
SEGMENTS = torch.tensor([[0, 0, 1, 1, 1]]).expand(B, T)

# The heads, each on a small BERT; their equality with BERT's own is in test_huggingface.
HEADS = {
    "masked language model": lambda: shaken(MaskedLanguageModel(encoder(BERT))),
    "first token": lambda: shaken(Classifier(encoder(BERT), N_CLASSES)),
    "mean": lambda: shaken(Classifier(encoder(BERT), N_CLASSES, "mean")),
}
heads = pytest.mark.parametrize("make", HEADS.values(), ids=HEADS.keys())


@given(st.lists(st.integers(1, 9), min_size=2, max_size=5))
@law_of_models
def test_the_mean_leaves_padding_out(lengths):
    sentences = [ids(1, n, seed=n)[0] for n in lengths]
    tokens = pad_sequence(sentences, batch_first=True)
    x = rand(*tokens.shape, D_MODEL)

    alone = torch.stack([row[:n].mean(0) for row, n in zip(x, lengths, strict=True)])

    torch.testing.assert_close(mean_pooled(x, tokens), alone)


def test_the_mean_keeps_the_type_of_the_vectors():
    assert mean_pooled(rand(B, T, D_MODEL).half(), TOKENS).dtype == torch.float16


@pytest.mark.parametrize("pooling", ["first", "mean"])
@given(st.lists(st.integers(1, 9), min_size=2, max_size=5))
@law_of_models
def test_padding_never_matters_to_a_classifier(pooling, lengths):
    model = shaken(Classifier(encoder(BERT), N_CLASSES, pooling))
    sentences = [ids(1, n, seed=n)[0] for n in lengths]

    together = model(pad_sequence(sentences, batch_first=True))

    torch.testing.assert_close(together, torch.cat([model(sentence[None]) for sentence in sentences]))


@heads
def test_segments_reach_the_encoder(make):
    model = make()

    torch.testing.assert_close(model(TOKENS, torch.zeros_like(TOKENS)), model(TOKENS))
    assert not torch.allclose(model(TOKENS, SEGMENTS), model(TOKENS), atol=1e-3)


@heads
def test_gradients_are_those_of_finite_differences(make):
    assert has_right_gradients(make(), TOKENS, SEGMENTS)


def test_guessing_reads_the_matrix_that_embeds():
    model = MaskedLanguageModel(encoder(BERT))

    assert model.unembed.weight is model.encoder.embedding.tokens.weight
    assert model.unembed.bias.tolist() == [0.0] * VOCAB
    assert isinstance(MaskedLanguageModel(encoder(LLAMA)).norm, RMSNorm)


def test_the_first_token_is_pooled_and_the_mean_is_not():
    first, mean = (
        Classifier(encoder(BERT, dropout=0.5), N_CLASSES, pooling) for pooling in ("first", "mean")
    )

    assert first.pooler.weight.shape == (D_MODEL, D_MODEL)
    assert mean.pooler is None
    assert first.dropout.p == mean.dropout.p == 0.5


@pytest.mark.parametrize("n_classes", [1, 0])
def test_to_classify_there_must_be_two_classes(n_classes):
    with pytest.raises(InputError, match=rf"^n_classes is {n_classes}: to classify, give at least 2"):
        Classifier(encoder(BERT), n_classes)


def test_two_classes_are_enough():
    assert shaken(Classifier(encoder(BERT), 2))(TOKENS).shape == (B, 2)
