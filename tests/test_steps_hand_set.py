"""Heads set by hand: each looks where its name says, and two carry on a repetition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import close, few

from transformer_lib.shapes import InputError
from transformer_lib.steps import embed_letters, hand_set, induction_by_hand, look_by_hand, read_letters

texts = st.text("act", min_size=1, max_size=7).map(lambda letters: "^" + letters)


@few
@given(texts, st.integers(0, 12))
def test_the_previous_head_gives_the_place_before_its_power_of_two(text, sharpness):
    x = embed_letters(text, "act")

    weights = look_by_hand(x, hand_set("previous", 3, len(text), sharpness)).weights

    expected = [2.0**sharpness / (2**sharpness + i) for i in range(1, len(text))]
    np.testing.assert_allclose(np.diagonal(weights, -1), expected, **close)


@few
@given(texts)
def test_the_same_letter_head_looks_at_its_own_letter_alike_wherever_it_stands(text):
    weights = look_by_hand(embed_letters(text, "act"), hand_set("same", 3, len(text), 30)).weights[1:]

    expected = np.array([[one == other for other in text] for one in text])[1:] * np.tri(len(text))[1:]
    np.testing.assert_allclose(weights, expected / expected.sum(1, keepdims=True), atol=1e-6)


@few
@given(texts, st.integers(0, 12))
def test_the_uniform_head_looks_at_all_that_came_alike_however_sharp(text, sharpness):
    weights = look_by_hand(embed_letters(text, "act"), hand_set("uniform", 3, len(text), sharpness)).weights

    n = len(text)
    np.testing.assert_allclose(weights, np.tri(n) / np.arange(1, n + 1)[:, None], **close)


@few
@given(texts)
def test_the_mark_has_no_letter_so_its_value_is_nothing(text):
    steps = look_by_hand(embed_letters(text, "act"), hand_set("first", 3, len(text)))

    np.testing.assert_array_equal(steps.v[0], 0)
    assert (steps.weights[1:, 0] > 0.99).all()
    assert (np.abs(steps.output).sum(1) < 0.01).all()


@few
@given(st.permutations("acdt"), st.integers(1, 4))
def test_the_induction_head_carries_on_whatever_is_repeated(letters, again):
    once = "".join(letters)
    text = "^" + once + once[:again]

    output = induction_by_hand(text, "acdt").second.output

    assert read_letters(output, "acdt")[5:] == list((once * 2)[1 : again + 1])


@few
@given(st.permutations("acdt"))
def test_where_all_letters_are_new_it_rests_on_the_mark(letters):
    steps = induction_by_hand("^" + "".join(letters), "acdt").second

    assert (steps.weights[:, 0] > 0.88).all()
    assert read_letters(steps.output, "acdt") == [""] * 5


def test_a_match_scores_the_sharpness_and_place_1_half_of_it():
    scores = induction_by_hand("^catca", "act", 8).second.scores[5]

    np.testing.assert_allclose(scores, [4, 0, 0, 8, 0, 0], atol=0.1)


def test_the_second_layer_reads_letter_place_and_the_slot_that_the_first_has_filled():
    steps = induction_by_hand("^ca", "act")

    np.testing.assert_array_equal(steps.x[:, :6], embed_letters("^ca", "act")[:, :6])
    np.testing.assert_array_equal(steps.x[:, 6:], steps.first.output)


def test_without_its_first_layer_it_finds_nothing():
    assert read_letters(induction_by_hand("^catca", "act", first=False).second.output, "act") == [""] * 6


@pytest.mark.parametrize(("text", "message"), [("", "text is ''"), ("^b", "give letters of 'act'")])
def test_a_text_that_cannot_be_written_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        embed_letters(text, "act")


def test_a_head_that_is_not_in_the_gallery_is_refused():
    with pytest.raises(InputError, match="it must be one of previous"):
        hand_set("next", 3, 6)
