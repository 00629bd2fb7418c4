"""Open checks: what a problem set's notebook says of a form or an example, whatever it is given."""

import numpy as np
import pytest

from transformer_lib.exercises.open_checks import example, form, names

UNTRIED = [None, ..., [..., ...], [[1, ...], [2, 3]]]


@pytest.mark.parametrize("answer", UNTRIED)
def test_a_stub_is_not_tried_yet(answer):
    assert form(answer, 2).startswith("Not tried yet")


@pytest.mark.parametrize("answer", [[1, 2], ["1/2", 3], np.ones(2), (0.5, 1)])
def test_a_form_that_fits_is_told_without_a_judgement(answer):
    assert form(answer, 2) == "The form fits: 2 numbers. Whether they are right is judged when you hand in."


@pytest.mark.parametrize(
    ("answer", "said"),
    [([1], "shape (1,)"), ("text", "is text"), ([[1], [1, 2]], "different lengths"), ([1, np.nan], "nan")],
)
def test_a_form_that_is_off_is_told(answer, said):
    assert said in form(answer, 2)


def test_a_dictionary_is_told_what_is_missing_and_what_does_not_fit():
    assert "the names a, b" in names([], a=(1,), b=(1,))
    assert "'b' is missing" in names({"a": [1]}, a=(1,), b=(1,))
    assert "'a' has shape (2,), not (1,)" in names({"a": [1, 2]}, a=(1,))
    assert names({"a": ...}, a=(1,)).startswith("Not tried yet")
    assert names({"a": [1]}, a=(1,)).startswith("The form fits: 1 name.")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: 2 * x, "Right for this example"),
        (lambda x: x, "Not yet. Your result for 3 is 3.000"),
        (lambda x: None, "Not tried yet"),
        (lambda x: 1 / 0, "raises ZeroDivisionError"),
        (7, "Give the function itself"),
        (..., "Not tried yet"),
    ],
)
def test_an_example_is_tried(function, said):
    assert said in example(function, [3], 6)


def test_a_sentence_is_shown_without_quotes():
    assert repr(form([1], 1)) == str(form([1], 1))
