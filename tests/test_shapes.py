"""Bad input is told in one sentence, with the sizes and the cure."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from transformer_lib.shapes import InputError, ShapeError, as_array, check_attention_shapes, check_projection


class Unwilling:
    def __float__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value",
    [[1, 2], (1.0, 2.0), np.array([1, 2], np.float32), [Fraction(1), Fraction(2)], torch.tensor([1.0, 2.0])],
    ids=["list", "tuple", "float32", "fractions", "torch"],
)
def test_numbers_of_any_kind_become_floats(value):
    array = as_array("q", value, 1)

    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, [1.0, 2.0])


def test_a_tensor_that_carries_a_gradient_is_read_too():
    np.testing.assert_array_equal(as_array("q", torch.ones(3, requires_grad=True), 1), [1, 1, 1])


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("hello", "q is text, not numbers"),
        (None, "q is None, not numbers"),
        (print, "q is a function, not numbers"),
        (["a", "b"], "q holds something that is not a number"),
        ([True, False], "q holds something that is not a number"),
        ([None, 1], "q holds something that is not a number"),
        ([[1, 2], [3]], "q has rows of different lengths"),
        ([1j, 2], "q holds something that is not a number"),
        ([np.datetime64("2017-06-12")], "q holds something that is not a number"),
        ([float, int], "q holds something that is not a number"),
        ([Unwilling()], "q holds something that is not a number"),
        ([], "q is empty"),
        ([1, float("nan")], r"q holds nan at index \(1,\)"),
        ([float("inf"), 1], r"q holds inf at index \(0,\)"),
        ([float("-inf"), 1], r"q holds -inf at index \(0,\)"),
        ([10**400], "q holds a number too large for a float"),
        ({1: 2}, "q holds something that is not a number"),
        ((x for x in [1]), "q holds something that is not a number"),
    ],
)
def test_what_is_not_finite_numbers_is_refused_by_name(value, sentence):
    with pytest.raises(InputError, match=sentence):
        as_array("q", value, 1)


def test_minus_infinity_may_stand_for_a_hidden_position():
    assert as_array("x", [0.0, -np.inf], 1, hidden=True)[1] == -np.inf


def test_plus_infinity_is_never_a_score():
    with pytest.raises(InputError, match="holds inf"):
        as_array("x", [0.0, np.inf], 1, hidden=True)


@pytest.mark.parametrize(
    ("ndim", "sentence"),
    [
        (2, "a has 1 axis .shape .3,.., but 2 are needed: give one row a position"),
        ((2, 3), "a has 1 axis .shape .3,.., but 2 or 3 are needed"),
    ],
)
def test_a_wrong_number_of_axes_names_what_is_needed(ndim, sentence):
    with pytest.raises(ShapeError, match=sentence):
        as_array("a", [1, 2, 3], ndim)


def test_queries_and_keys_must_have_the_same_width():
    with pytest.raises(ShapeError, match=r"q has width 4 and k has width 3 .*project both to the same d_k"):
        check_attention_shapes(np.ones((5, 4)), np.ones((7, 3)), np.ones((7, 6)))


def test_every_key_needs_its_value():
    with pytest.raises(ShapeError, match="k has 7 rows and v has 6"):
        check_attention_shapes(np.ones((5, 4)), np.ones((7, 4)), np.ones((6, 4)))


def test_a_matrix_that_would_fit_transposed_is_told_so():
    with pytest.raises(ShapeError, match="W transposed would fit"):
        check_projection("a", np.ones((5, 4)), "W", np.ones((4, 3)))


def test_in_a_notebook_an_error_is_one_line():
    error = ShapeError("q has width 4 and k has width 3.")

    assert error._render_traceback_() == ["ShapeError: q has width 4 and k has width 3."]
