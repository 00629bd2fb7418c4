"""LayerNorm and RMSNorm in NumPy: equal to torch, and blind to what they must not see."""

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_lib import norms, pocket
from transformer_lib.shapes import InputError, ShapeError
from transformer_lib.steps import layer_norm, layer_norm_jacobian, rms_norm

B, T, D = 2, 5, 7

seeds = st.integers(0, 2**32 - 1)
law = settings(max_examples=50)


def rand(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def in_torch(norm, scale, **more):
    norm = norm.double()
    norm.load_state_dict({"scale": torch.tensor(scale), **{k: torch.tensor(v) for k, v in more.items()}})
    return lambda x: norm(torch.tensor(x)).detach()


def test_layer_norm_equals_torch():
    x, scale, shift = rand(B, T, D) * 3 + 2, rand(D, seed=1), rand(D, seed=2)

    theirs = F.layer_norm(torch.tensor(x), (D,), torch.tensor(scale), torch.tensor(shift))

    np.testing.assert_allclose(layer_norm(x, scale, shift, eps=1e-5).output, theirs, rtol=1e-12)


def test_layer_norm_equals_the_course_s_own_in_torch():
    x, scale, shift = rand(B, T, D), rand(D, seed=1), rand(D, seed=2)
    theirs = in_torch(norms.LayerNorm(D, eps=0.1), scale, shift=shift)

    np.testing.assert_allclose(layer_norm(x, scale, shift, eps=0.1).output, theirs(x), rtol=1e-12)


def test_rms_norm_equals_torch():
    x, scale = rand(B, T, D), rand(D, seed=1)

    theirs = F.rms_norm(torch.tensor(x), (D,), torch.tensor(scale), eps=0.1)

    np.testing.assert_allclose(rms_norm(x, scale, eps=0.1).output, theirs, rtol=1e-12)


def test_rms_norm_equals_the_course_s_own_in_torch():
    x, scale = rand(B, T, D), rand(D, seed=1)
    theirs = in_torch(norms.RMSNorm(D, eps=1e-6), scale)

    np.testing.assert_allclose(rms_norm(x, scale, eps=1e-6).output, theirs(x), rtol=1e-12)


def test_layer_norm_by_hand():
    steps = layer_norm([9, 3, 3, 1])

    assert steps.mean == [4]
    assert steps.std == [3]
    np.testing.assert_allclose(steps.output, [5 / 3, -1 / 3, -1 / 3, -1], rtol=1e-15)
    np.testing.assert_allclose(steps.output, pocket.arrays(pocket.normed.output), rtol=1e-15)


def test_the_standard_deviation_is_divided_by_n():
    assert layer_norm([9, 3, 3, 1]).std == pytest.approx(3)
    assert np.std([9, 3, 3, 1], ddof=1) == pytest.approx(3.464, abs=5e-4)


def test_rms_norm_by_hand():
    steps = rms_norm([9, 3, 3, 1], scale=[1, 2, 3, 4])

    assert steps.rms == [5]
    np.testing.assert_allclose(steps.normalised, [1.8, 0.6, 0.6, 0.2], rtol=1e-15)
    np.testing.assert_allclose(steps.output, [1.8, 1.2, 1.8, 0.8], rtol=1e-15)


def test_in_two_dimensions_only_one_and_minus_one_are_left():
    np.testing.assert_allclose(layer_norm([[0.2, 1.7], [5, -3]]).output, [[-1, 1], [1, -1]], rtol=1e-14)


def test_scale_and_shift_come_after_the_normalising():
    steps = layer_norm([9, 3, 3, 1], scale=[3, 6, 9, 2], shift=[1, 0, 0, 5])

    np.testing.assert_allclose(steps.normalised, [5 / 3, -1 / 3, -1 / 3, -1], rtol=1e-15)
    np.testing.assert_allclose(steps.output, [6, -2, -3, 3], rtol=1e-14)


@law
@given(seeds)
def test_every_vector_has_mean_0_and_standard_deviation_1(seed):
    output = layer_norm(rand(B, T, D, seed=seed)).output

    np.testing.assert_allclose(output.mean(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(output.std(axis=-1), 1, rtol=1e-12)


@law
@given(seeds, st.floats(-100, 100))
def test_adding_a_number_to_all_entries_changes_nothing(seed, number):
    x = rand(T, D, seed=seed)

    np.testing.assert_allclose(layer_norm(x + number).output, layer_norm(x).output, rtol=0, atol=1e-9)


@law
@given(seeds, st.floats(0.01, 100))
@pytest.mark.parametrize("norm", [layer_norm, rms_norm])
def test_multiplying_all_entries_by_a_number_above_0_changes_nothing(norm, seed, number):
    x = rand(T, D, seed=seed)

    np.testing.assert_allclose(norm(x * number).output, norm(x).output, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(norm(-x).output, -norm(x).output, rtol=1e-12)


@pytest.mark.parametrize("norm", [layer_norm, rms_norm])
def test_the_heads_of_a_batch_go_through_too(norm):
    x = rand(B, 3, T, D)

    np.testing.assert_array_equal(norm(x).output[1], norm(x[1]).output)


@law
@given(seeds)
@pytest.mark.parametrize("norm", [layer_norm, rms_norm])
def test_no_token_hears_another(norm, seed):
    x = rand(B, T, D, seed=seed)

    np.testing.assert_allclose(norm(x).output[1, 3], norm(x[1, 3]).output, rtol=1e-12)


def test_over_the_batch_it_would_hear_the_other_sentences():
    x = rand(B + 1, T, D)

    over_the_batch = layer_norm(x, axis=0)

    assert over_the_batch.mean.shape == (1, T, D)
    np.testing.assert_allclose(over_the_batch.output.mean(axis=0), 0, atol=1e-12)
    assert not np.allclose(over_the_batch.output, layer_norm(x).output)


def test_eps_tames_a_vector_of_equal_entries():
    steps = layer_norm([[3, 3, 3], [1, 2, 6]], shift=[7, 8, 9], eps=1e-5)

    np.testing.assert_array_equal(steps.output[0], [7, 8, 9])
    assert steps.std[0] == 0
    np.testing.assert_array_equal(rms_norm([0, 0], eps=1e-5).output, [0, 0])


@pytest.mark.parametrize("norm", [layer_norm, rms_norm])
def test_eps_is_added_under_the_root_and_to_nothing_else(norm):
    x = np.array([2.0, -2.0])  # mean 0, variance and mean square 4

    steps = norm(x, eps=5.0)

    np.testing.assert_allclose(steps.output, [2 / 3, -2 / 3], rtol=1e-15)
    assert steps[-3] == [2]  # std or rms: of x alone


def finite_differences(function, x, step=1e-6):
    moves = np.eye(len(x)) * step
    return np.stack([(function(x + move) - function(x - move)) / (2 * step) for move in moves], axis=-1)


@law
@given(seeds, st.sampled_from([0.0, 0.5]))
def test_the_jacobian_is_what_finite_differences_find(seed, eps):
    x = rand(D, seed=seed)

    found = finite_differences(lambda y: layer_norm(y, eps=eps).output, x)

    np.testing.assert_allclose(layer_norm_jacobian(x, eps), found, rtol=1e-5, atol=1e-7)


@law
@given(seeds)
def test_the_jacobian_forgets_the_mean_and_the_length(seed):
    x = rand(D, seed=seed)

    jacobian = layer_norm_jacobian(x)

    np.testing.assert_allclose(jacobian @ np.ones(D), 0, atol=1e-10)
    np.testing.assert_allclose(jacobian @ x, 0, atol=1e-10)


def test_the_jacobian_equals_torch():
    x = rand(D)

    theirs = torch.autograd.functional.jacobian(partial(F.layer_norm, normalized_shape=(D,)), torch.tensor(x))

    np.testing.assert_allclose(layer_norm_jacobian(x, eps=1e-5), theirs, rtol=1e-9, atol=1e-12)


def test_many_jacobians_go_through_as_one_by_one():
    x = rand(B, T, D)

    together = layer_norm_jacobian(x)

    assert together.shape == (B, T, D, D)
    np.testing.assert_allclose(together[1, 3], layer_norm_jacobian(x[1, 3]), rtol=1e-12, atol=1e-15)


REFUSED = {
    "equal entries in a row": (
        lambda: layer_norm([[1, 2], [3, 3]]),
        InputError,
        "vector 2 of x cannot be normalised: its entries are all equal, so its standard deviation "
        "is 0. Give eps above 0, such as 1e-5.",
    ),
    "equal entries": (
        lambda: layer_norm([0.1, 0.1, 0.1]),
        InputError,
        "x cannot be normalised: its entries are all equal, so its standard deviation is 0. "
        "Give eps above 0, such as 1e-5.",
    ),
    "equal entries in a column": (
        lambda: layer_norm([[1, 2, 3], [4, 2, 5]], axis=0),
        InputError,
        "vector 2 of x cannot be normalised: its entries are all equal, so its standard deviation "
        "is 0. Give eps above 0, such as 1e-5.",
    ),
    "zeros in a row": (
        lambda: rms_norm([[1, -1], [2, 3], [0, 0]]),
        InputError,
        "vector 3 of x cannot be normalised: its entries are all 0. Give eps above 0, such as 1e-5.",
    ),
    "eps below 0": (lambda: layer_norm([1, 2], eps=-1), InputError, "eps is -1: it must be at least 0."),
    "eps nan": (lambda: rms_norm([1, 2], eps=np.nan), InputError, "eps is nan: it must be at least 0."),
    "scale too long": (
        lambda: layer_norm([1, 2], scale=[1, 2, 3]),
        ShapeError,
        "scale has length 3 and must have length 2: one number an entry.",
    ),
    "shift too short": (
        lambda: layer_norm([1, 2], shift=[1]),
        ShapeError,
        "shift has length 1 and must have length 2: one number an entry.",
    ),
    "scale of two axes": (
        lambda: rms_norm([1, 2], scale=[[1, 2]]),
        ShapeError,
        "scale has 2 axes (shape (1, 2)), but 1 is needed: give one vector, a flat list of numbers.",
    ),
    "text": (
        lambda: layer_norm("x"),
        InputError,
        "x is text, not numbers: give a list or an array of numbers.",
    ),
    "nothing": (
        lambda: rms_norm(None),
        InputError,
        "x is None, not numbers: give a list or an array of numbers.",
    ),
}


@pytest.mark.parametrize(("call", "error", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_refused_in_one_sentence(call, error, sentence):
    with pytest.raises(error) as refusal:
        call()

    assert str(refusal.value) == sentence
