"""Embedding: one vector a token, and its position added."""

from dataclasses import replace

import pytest
import torch
from tiny import FAMILIES, families, ids, shaken

from transformer_lib.config import GPT2, LLAMA, ORIGINAL
from transformer_lib.embedding import Embedding
from transformer_lib.positions import sinusoidal
from transformer_lib.shapes import InputError, ShapeError

B, T, VOCAB, D, MAX_LEN = 2, 5, 17, 6, 7
TOKENS = ids(B, T, VOCAB)


def embedding(family=ORIGINAL, **more):
    return shaken(Embedding(VOCAB, D, MAX_LEN, family, **more))


def test_the_paper_multiplies_by_the_root_of_the_width_and_adds_sinusoids():
    embed = embedding()

    expected = embed.tokens.weight[TOKENS] * D**0.5 + sinusoidal(T, D)

    torch.testing.assert_close(embed(TOKENS), expected, atol=1e-6, rtol=0)


def test_gpt2_adds_learned_positions():
    embed = embedding(GPT2)

    assert torch.equal(embed(TOKENS), embed.tokens.weight[TOKENS] + embed.positions.weight[:T])


@pytest.mark.parametrize("family", [FAMILIES["llama"], FAMILIES["alibi"], FAMILIES["no positions"]])
def test_the_others_add_nothing(family):
    embed = embedding(family)

    assert torch.equal(embed(TOKENS), embed.tokens.weight[TOKENS])


@pytest.mark.parametrize("family", **families)
def test_a_piece_is_embedded_as_it_is_within_the_whole(family):
    embed = embedding(family)

    assert torch.equal(embed(TOKENS[:, 2:], start=2), embed(TOKENS)[:, 2:])


@pytest.mark.parametrize("family", [ORIGINAL, GPT2], ids=["sinusoidal", "learned"])
def test_the_same_token_differs_from_place_to_place(family):
    first, second = embedding(family)(torch.tensor([[3, 3]]))[0]

    assert not torch.allclose(first, second, atol=1e-3)


def test_entries_are_dropped_in_training_alone():
    embed = embedding(LLAMA, dropout=0.5)

    dropped = embed.train()(TOKENS)

    assert (dropped == 0).any()
    assert not (embed.eval()(TOKENS) == 0).any()
    assert not (embedding(LLAMA).train()(TOKENS) == 0).any()


def test_a_token_is_drawn_with_length_about_one():
    torch.manual_seed(0)

    lengths = Embedding(101, 64, MAX_LEN, ORIGINAL).tokens.weight.norm(dim=1)

    assert 0.9 < lengths.mean() < 1.1


def test_whole_numbers_of_32_bits_are_tokens_too():
    assert torch.equal(embedding()(TOKENS.int()), embedding()(TOKENS))


@pytest.mark.parametrize(
    ("tokens", "error", "sentence"),
    [
        (
            [3, 4],
            ShapeError,
            r"^tokens has shape \(2,\): give \(sentences, positions\), one position at least",
        ),
        ([[]], ShapeError, r"^tokens has shape \(1, 0\): give \(sentences, positions\)"),
        ([[3.0, 4.0]], InputError, r"^tokens holds torch.float32: token ids are whole numbers"),
        ([[True]], InputError, r"^tokens holds torch.bool: token ids are whole numbers"),
        (
            [[3, 17]],
            InputError,
            r"^tokens holds ids from 3 to 17 and the vocabulary has 17: they run from 0 to 16",
        ),
        ([[-1, 4]], InputError, r"^tokens holds ids from -1 to 4 and the vocabulary has 17"),
    ],
    ids=["one sentence", "empty", "floats", "booleans", "too large", "negative"],
)
def test_what_are_no_tokens_is_refused(tokens, error, sentence):
    with pytest.raises(error, match=sentence):
        embedding()(torch.tensor(tokens))


def test_a_sequence_longer_than_what_was_learned_is_refused():
    with pytest.raises(InputError, match=r"^the sequence has 8 positions and the model learned 7"):
        embedding(GPT2)(ids(B, MAX_LEN + 1))


def test_sinusoids_reach_as_far_as_the_sequence():
    assert embedding(replace(ORIGINAL, norm_order="pre"))(ids(B, 99)).shape == (B, 99, D)
