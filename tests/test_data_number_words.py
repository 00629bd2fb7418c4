"""Number words: certain truth in both languages, an honest split, and each length as often."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from transformer_lib.data import END, START, balanced, english, german, number_words
from transformer_lib.shapes import InputError

law = settings(max_examples=30)

SIMPLE = {num2words(n, lang=lang): n for n in (*range(20), *range(20, 100, 10)) for lang in ("de", "en")}
SIMPLE["ein"] = 1


def value(words, hundred, thousand):
    """Read a number from its words: by the rules of both languages, and by none of the library's code."""
    total = part = 0
    for word in words:
        if word == thousand:
            total, part = total + 1000 * part, 0
        else:
            part = 100 * part if word == hundred else part + SIMPLE.get(word, 0)
    return total + part


def test_every_german_number_splits_with_nothing_left_over():
    numbers = range(10_000)

    assert ["".join(german(n)) for n in numbers] == [num2words(n, lang="de") for n in numbers]
    assert [value(german(n), "hundert", "tausend") for n in numbers] == list(numbers)


def test_every_english_number_says_what_it_means():
    assert [value(english(n), "hundred", "thousand") for n in range(10_000)] == list(range(10_000))


@law
@given(st.integers(10_000, 999_999))
def test_larger_numbers_split_too(n):
    assert "".join(german(n)) == num2words(n, lang="de")
    assert " ".join(english(n)) == num2words(n).replace("-", " ").replace(",", "")


@pytest.mark.parametrize(
    ("n", "de", "en"),
    [
        (0, "null", "zero"),
        (1, "eins", "one"),
        (17, "siebzehn", "seventeen"),
        (97, "sieben und neunzig", "ninety seven"),
        (101, "ein hundert eins", "one hundred and one"),
        (1100, "ein tausend ein hundert", "one thousand one hundred"),
        (4321, "vier tausend drei hundert ein und zwanzig", "four thousand three hundred and twenty one"),
    ],
)
def test_numbers_are_said_as_in_the_book(n, de, en):
    assert (" ".join(german(n)), " ".join(english(n))) == (de, en)


def test_a_pair_says_the_same_number_in_both_languages():
    task = number_words(n_train=50, n_held_out=30, below=100_000, seed=5)

    read = [
        (task.source_vocabulary.decode(source), task.target_vocabulary.decode(target))
        for pairs in (task.train, task.held_out)
        for source, target in zip(*pairs, strict=True)
    ]

    assert read == [(german(n), english(n)) for n in task.numbers.tolist()]
    assert (task.train.target[:, 0] == START).all()
    assert ((task.train.target == END).sum(1) == 1).all()


def test_no_number_is_both_learned_and_held_out():
    task = number_words(n_train=80, n_held_out=20, below=100, seed=1)

    assert sorted(task.numbers.tolist()) == list(range(100))
    assert (len(task.train.source), len(task.held_out.source)) == (80, 20)


def test_the_task_of_the_book_is_every_number_below_10_000():
    task = number_words()

    assert (len(task.train.source), len(task.held_out.source)) == (8000, 2000)
    assert sorted(task.numbers.tolist()) == list(range(10_000))
    assert torch.equal(task.numbers[:50], number_words(50, 1, seed=0).numbers[:50])


def test_two_numbers_of_a_million_are_a_task():
    assert len(number_words(n_train=1, n_held_out=1, below=1_000_000).numbers) == 2


def test_the_seed_decides_the_split_and_the_vocabularies_stay():
    one, same, other = (number_words(8, 5, seed=seed) for seed in (1, 1, 2))

    assert torch.equal(one.numbers, same.numbers)
    assert not torch.equal(one.numbers, other.numbers)
    assert one.source_vocabulary.ids == other.source_vocabulary.ids
    assert (len(one.source_vocabulary), len(one.target_vocabulary)) == (35, 34)


def test_each_length_comes_equally_often_and_round_numbers_as_often_as_others():
    numbers = torch.arange(10_000)
    lengths = torch.tensor([len(str(n)) for n in range(10_000)])
    is_round = torch.tensor([n >= 100 and n % 100 == 0 for n in range(10_000)])

    weights = balanced(numbers)

    sums = [
        weights[(lengths == n) & (is_round == r)].sum().item() for n in (1, 2, 3, 4) for r in (False, True)
    ]
    assert sums == pytest.approx([1, 0, 1, 0, 1, 1, 1, 1], abs=1e-3)


def test_the_weights_belong_to_the_pairs_to_train_on():
    task = number_words(n_train=60, n_held_out=40, below=1000)

    assert torch.equal(task.weights, balanced(task.numbers[:60]))


@pytest.mark.parametrize(
    ("use", "sentence"),
    [
        (lambda: number_words(8, 3, below=10), "8 numbers to train on and 3 held out, of 10"),
        (lambda: number_words(0, 3, below=10), "give at least 1 of each, and 10 together at most"),
        (lambda: number_words(below=10**7), "below is 10000000: number words are read up to a million"),
        (lambda: german(-1), "the number is -1: number words are read from 0 to 999999"),
        (lambda: english(10**6), "the number is 1000000"),
    ],
    ids=["too many", "none", "too large", "negative", "a million"],
)
def test_numbers_that_cannot_be_said_are_told(use, sentence):
    with pytest.raises(InputError, match=sentence):
        use()
