"""Vocabularies, batches, and the tasks without a language."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_lib.data import (
    END,
    PAD,
    RECALL_VOCAB_SIZE,
    START,
    Pairs,
    Vocabulary,
    batches,
    pad,
    recall,
    repeated,
    trimmed,
)
from transformer_lib.shapes import InputError, ShapeError

law = settings(max_examples=30)
seeds = st.integers(0, 2**32 - 1)
sentences = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=6), min_size=1, max_size=5)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


# ---- Vocabulary, padding, batches


@law
@given(st.lists(st.sampled_from(["und", "sieben", "neunzig"])))
def test_decoding_undoes_encoding(words):
    vocabulary = Vocabulary(["und", "sieben", "neunzig"])

    assert vocabulary.decode([START, *vocabulary.encode(words), END, PAD]) == words


def test_decoding_stops_at_the_first_end_and_takes_tensors():
    vocabulary = Vocabulary("ab")

    assert vocabulary.decode(torch.tensor([START, 3, PAD, 4, END, 4])) == ["a", "b"]


def test_every_vocabulary_has_the_same_three_marks():
    vocabulary = Vocabulary("ab")

    assert vocabulary.encode(["<pad>", "<start>", "<end>", "a"]) == [PAD, START, END, 3]


@pytest.mark.parametrize(
    ("use", "sentence"),
    [
        (lambda: Vocabulary("aba"), "the vocabulary holds 'a' twice: give each token once"),
        (lambda: Vocabulary("ab").encode("abc"), "'c' is not among the vocabulary's 5 tokens"),
        (lambda: Vocabulary("ab").decode([3, 5]), "id 5 is not in the vocabulary: its ids run from 0 to 4"),
        (lambda: Vocabulary("ab").decode([-1]), "id -1 is not in the vocabulary"),
        (lambda: pad([]), "there is no sentence to pad: give one at least"),
        (lambda: pad([[3], []]), "sentence 2 of 2 is empty: give it one token at least"),
    ],
    ids=["twice", "unknown token", "unknown id", "negative id", "no sentence", "empty sentence"],
)
def test_what_cannot_be_encoded_is_told(use, sentence):
    with pytest.raises(InputError, match=sentence):
        use()


@law
@given(sentences, st.integers(0, 3))
def test_padding_adds_zeros_and_trimming_removes_them(rows, more):
    padded = pad(rows)

    wider = torch.nn.functional.pad(padded, (0, more))

    assert [row[row != PAD].tolist() for row in padded] == rows
    assert padded.shape == (len(rows), max(len(row) for row in rows))
    assert torch.equal(trimmed(wider), padded)


def pairs_of(n):
    """Sentence i is i times token i, and so is its translation, between START and END."""
    rows = range(1, n + 1)
    return Pairs(pad([[i] * i for i in rows]), pad([[START, *[i] * i, END] for i in rows]))


def test_a_batch_holds_pairs_and_no_empty_column():
    pairs = pairs_of(7)

    drawn = list(itertools.islice(batches(pairs, 3, rng()), 50))

    assert all(batch.source.shape == (3, batch.source.max()) for batch in drawn)
    assert all(batch.target.shape == (3, batch.source.max() + 2) for batch in drawn)
    assert all(torch.equal(batch.source[:, 0], batch.target[:, 1]) for batch in drawn)
    assert {int(batch.source[0, 0]) for batch in drawn} == set(range(1, 8))


def test_weights_say_how_often_a_pair_comes():
    weights = torch.tensor([0.0, 1.0, 3.0])

    batch = next(batches(pairs_of(3), 4000, rng(), weights))

    often = torch.bincount(batch.source[:, 0], minlength=4) / 4000
    torch.testing.assert_close(often, torch.tensor([0, 0, 0.25, 0.75]), atol=0.03, rtol=0)


def test_a_batch_may_hold_one_pair():
    assert len(next(batches(pairs_of(3), 1, rng(), 0.1 * torch.ones(3))).source) == 1


def test_one_seed_gives_the_same_batches():
    one, two = batches(pairs_of(7), 5, rng(3)), batches(pairs_of(7), 5, rng(3))

    assert [next(one).source.tolist() for _ in "123"] == [next(two).source.tolist() for _ in "123"]


@pytest.mark.parametrize(
    ("size", "weights", "kind", "sentence"),
    [
        (0, None, InputError, "size is 0: a batch needs one row at least"),
        (2, torch.ones(4), ShapeError, r"3 sources, 3 targets and weights of shape \(4,\)"),
        (2, torch.zeros(3), InputError, "weights must be finite, 0 or more, and not all 0"),
        (2, torch.tensor([1.0, -1, 1]), InputError, "weights must be finite"),
        (2, torch.tensor([1.0, torch.nan, 1]), InputError, "weights must be finite"),
        (2, torch.tensor([1.0, torch.inf, 1]), InputError, "weights must be finite"),
    ],
    ids=["no row", "too many", "all 0", "negative", "NaN", "infinite"],
)
def test_batches_that_cannot_be_drawn_are_told_at_once(size, weights, kind, sentence):
    with pytest.raises(kind, match=sentence):
        batches(pairs_of(3), size, rng(), weights)


# ---- Repeated sequences, recall


@law
@given(seeds, st.integers(2, 40), st.none() | st.integers(1, 39))
def test_a_repeated_sequence_repeats(seed, length, period):
    period = None if period is None else min(period, length - 1)

    tokens, found = repeated(3, length, 11, rng(seed), period)

    assert tokens.shape == (3, length)
    assert torch.equal(tokens[:, found:], tokens[:, :-found])
    assert ((tokens >= 1) & (tokens < 11)).all()
    assert found == period or (period is None and length / 4 <= found <= length / 2)


def test_every_period_and_every_token_comes():
    generator = rng()

    drawn = [repeated(2, 16, 5, generator) for _ in range(200)]

    assert {batch.period for batch in drawn} == {4, 5, 6, 7, 8}
    assert set(torch.cat([batch.tokens for batch in drawn]).unique().tolist()) == {1, 2, 3, 4}


def test_a_repeated_sequence_cannot_be_known_before_it_repeats():
    tokens = repeated(20_000, 8, 5, rng(), period=4).tokens

    together = torch.bincount(4 * (tokens[:, 0] - 1) + tokens[:, 3] - 1, minlength=16) / 20_000

    torch.testing.assert_close(together, torch.full((16,), 1 / 16), atol=0.01, rtol=0)


@law
@given(seeds, st.integers(2, 40))
def test_each_row_hides_one_value_where_it_says(seed, length):
    tokens, values, distances = recall(5, length, rng(seed))

    is_value = (tokens >= 1) & (tokens <= 16)
    assert tokens.shape == (5, length)
    assert (is_value.sum(1) == 1).all()
    assert torch.equal(tokens[is_value], values + 1)
    assert torch.equal(is_value.int().argmax(1), length - 1 - distances)
    assert (distances >= 1).all()  # never the position that answers
    assert ((tokens > 16) | is_value).all()
    assert tokens.max() < RECALL_VOCAB_SIZE


def test_every_value_comes_at_every_place_and_every_noise_too():
    tokens, values, distances = recall(4000, 6, rng())

    assert tokens.unique().tolist() == list(range(1, RECALL_VOCAB_SIZE))
    assert torch.bincount(16 * (distances - 1) + values, minlength=5 * 16).min() > 10


def test_the_smallest_sequences_can_be_drawn():
    assert repeated(1, 2, 2, rng()).tokens.tolist() == [[1, 1]]
    assert recall(1, 2, rng()).distances.tolist() == [1]


@pytest.mark.parametrize(
    "draw", [lambda g: repeated(5, 300, 9, g), lambda g: recall(5, 300, g)], ids=["repeated", "recall"]
)
def test_one_seed_gives_the_same_sequences(draw):
    one, same, other = draw(rng(1)), draw(rng(1)), draw(rng(2))

    assert all(torch.equal(torch.as_tensor(a), torch.as_tensor(b)) for a, b in zip(one, same, strict=True))
    assert not torch.equal(one.tokens, other.tokens)


@pytest.mark.parametrize(
    ("use", "sentence"),
    [
        (lambda: repeated(0, 8, 5, rng()), "n is 0, length 8 and vocab_size 5"),
        (lambda: repeated(1, 8, 1, rng()), "2 positions and ids or more"),
        (lambda: repeated(1, 8, 5, rng(), period=8), "period is 8 of 8 positions: it must be from 1 to 7"),
        (lambda: repeated(1, 8, 5, rng(), period=0), "period is 0"),
        (lambda: recall(3, 1, rng()), "n is 3 and length 1: give one sequence at least, of 2 positions"),
    ],
    ids=["no sequence", "one id", "long period", "no period", "no room"],
)
def test_sequences_that_cannot_be_drawn_are_told(use, sentence):
    with pytest.raises(InputError, match=sentence):
        use()
