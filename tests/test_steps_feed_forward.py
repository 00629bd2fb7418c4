"""The feed-forward network in NumPy: equal to torch, by hand, and each token by itself."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_lib import pocket
from transformer_lib.blocks import FeedForward
from transformer_lib.shapes import InputError, ShapeError
from transformer_lib.steps import feed_forward, gelu, gelu_tanh, relu, silu

B, T, D_MODEL, D_FF, D_OUT = 2, 5, 3, 7, 4

seeds = st.integers(0, 2**32 - 1)
law = settings(max_examples=50)


def rand(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def matrices(seed=0):
    return rand(D_FF, D_MODEL, seed=seed + 1), rand(D_OUT, D_FF, seed=seed + 2)


def in_torch(activation, bias):
    torch.manual_seed(0)
    return FeedForward(D_MODEL, D_FF, activation, bias=bias).double().eval()


@pytest.mark.parametrize("activation", ["relu", "gelu", "gelu_tanh"])
def test_the_network_equals_the_course_s_own_in_torch(activation):
    theirs, x = in_torch(activation, bias=True), rand(B, T, D_MODEL)
    w_1, w_2 = theirs.widen.weight, theirs.narrow.weight

    ours = feed_forward(x, w_1, w_2, theirs.widen.bias, theirs.narrow.bias, activation)

    np.testing.assert_allclose(ours.output, theirs(torch.tensor(x)).detach(), rtol=1e-9, atol=1e-12)


def test_the_gated_network_equals_the_course_s_own_in_torch():
    theirs, x = in_torch("swiglu", bias=False), rand(B, T, D_MODEL)
    w_1, w_2, w_gate = theirs.widen.weight, theirs.narrow.weight, theirs.gate.weight

    ours = feed_forward(x, w_1, w_2, activation="swiglu", w_gate=w_gate)

    np.testing.assert_allclose(ours.output, theirs(torch.tensor(x)).detach(), rtol=1e-9, atol=1e-12)


def test_the_gate_multiplies_the_wide_layer():
    x, (w_1, w_2) = rand(T, D_MODEL), matrices()
    w_gate, b_1, b_2 = rand(D_FF, D_MODEL, seed=5), rand(D_FF, seed=6), rand(D_OUT, seed=7)

    steps = feed_forward(x, w_1, w_2, b_1, b_2, "swiglu", w_gate)

    np.testing.assert_allclose(steps.wide, x @ w_1.T + b_1, rtol=1e-12)
    np.testing.assert_allclose(steps.gate, silu(x @ w_gate.T), rtol=1e-12)
    np.testing.assert_allclose(steps.hidden, steps.gate * steps.wide, rtol=1e-12)
    np.testing.assert_allclose(steps.output, steps.hidden @ w_2.T + b_2, rtol=1e-12)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (relu, F.relu),
        (gelu, F.gelu),
        (gelu_tanh, lambda x: F.gelu(x, approximate="tanh")),
        (silu, F.silu),
    ],
    ids=["relu", "gelu", "gelu_tanh", "silu"],
)
def test_every_activation_equals_torch(ours, theirs):
    x = np.linspace(-8, 8, 161).reshape(7, 23)

    np.testing.assert_allclose(ours(x), theirs(torch.tensor(x)), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("activation", [relu, gelu, gelu_tanh, silu])
def test_every_activation_keeps_0_and_large_numbers_and_takes_any_shape(activation):
    assert activation(0) == 0
    assert activation([30.0]) == pytest.approx([30.0])
    np.testing.assert_allclose(activation(-1000.0), 0, atol=1e-12)
    assert activation(np.ones((1, 2, 3, 5))).shape == (1, 2, 3, 5)


def test_the_tanh_form_comes_within_half_a_thousandth():
    x = np.linspace(-8, 8, 1601)

    assert abs(gelu_tanh(x) - gelu(x)).max() < 0.0005


def test_the_network_by_hand():
    steps = feed_forward([0.2, 1.7], pocket.arrays(pocket.W_1), pocket.arrays(pocket.W_2))

    np.testing.assert_allclose(steps.wide, [-1.5, 1.5, 1.9, 3.4], rtol=1e-15)
    np.testing.assert_allclose(steps.hidden, [0, 1.5, 1.9, 3.4], rtol=1e-15)
    np.testing.assert_allclose(steps.output, [-1.5, 3.0], rtol=1e-14)
    assert steps.gate is None


@law
@given(seeds)
def test_the_network_acts_on_each_token_by_itself(seed):
    x, (w_1, w_2) = rand(B, T, D_MODEL, seed=seed), matrices(seed)
    changed = x.copy()
    changed[1, 2] += 100.0

    before, after = feed_forward(x, w_1, w_2).output, feed_forward(changed, w_1, w_2).output

    np.testing.assert_allclose(before[1, 3], feed_forward(x[1, 3], w_1, w_2).output, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(np.delete(after[1], 2, axis=0), np.delete(before[1], 2, axis=0))


def test_the_heads_of_a_batch_go_through_too():
    x, (w_1, w_2) = rand(B, 2, T, D_MODEL), matrices(0)

    together = feed_forward(x, w_1, w_2).output

    np.testing.assert_allclose(together[1], feed_forward(x[1], w_1, w_2).output, rtol=1e-12)


@law
@given(seeds)
def test_the_network_is_a_convolution_with_a_kernel_of_one(seed):
    x, (w_1, w_2), b_1 = rand(T, D_MODEL, seed=seed), matrices(seed), rand(D_FF, seed=seed)

    wide = F.conv1d(torch.tensor(x.T)[None], torch.tensor(w_1)[..., None], torch.tensor(b_1))
    theirs = F.conv1d(wide.relu(), torch.tensor(w_2)[..., None])[0].T

    np.testing.assert_allclose(feed_forward(x, w_1, w_2, b_1).output, theirs, rtol=1e-9, atol=1e-12)


@law
@given(seeds, st.floats(0.1, 100))
def test_relu_without_biases_stretches_with_its_input(seed, number):
    x, (w_1, w_2) = rand(T, D_MODEL, seed=seed), matrices(seed)

    stretched = feed_forward(number * x, w_1, w_2).output

    np.testing.assert_allclose(stretched, number * feed_forward(x, w_1, w_2).output, rtol=1e-9, atol=1e-9)


REFUSED = {
    "activation unknown": (
        {"activation": "sigmoid"},
        InputError,
        "activation is 'sigmoid': it must be one of relu, gelu, gelu_tanh, swiglu.",
    ),
    "gate missing": (
        {"activation": "swiglu"},
        InputError,
        "activation is 'swiglu': give w_gate with 'swiglu', and only with it.",
    ),
    "gate without swiglu": (
        {"w_gate": np.ones((D_FF, D_MODEL))},
        InputError,
        "activation is 'relu': give w_gate with 'swiglu', and only with it.",
    ),
    "gate too short": (
        {"activation": "swiglu", "w_gate": np.ones((1, D_MODEL))},
        ShapeError,
        "w_gate has 1 rows and w_1 has 7: the gate multiplies the wide layer entry by entry, "
        "so make both (d_ff, d_model).",
    ),
    "gate too narrow": (
        {"activation": "swiglu", "w_gate": np.ones((D_FF, 2))},
        ShapeError,
        "w_gate has 2 columns and each vector of x has 3 entries (shapes (7, 2) and (3,)): "
        "in q = W a they must be equal.",
    ),
    "b_1 too short": (
        {"b_1": [1, 2]},
        ShapeError,
        "b_1 has length 2 and must have length 7: one number an entry.",
    ),
    "b_2 too short": (
        {"b_2": [1, 2]},
        ShapeError,
        "b_2 has length 2 and must have length 4: one number an entry.",
    ),
    "w_1 too narrow": (
        {"w_1": np.ones((D_FF, 2))},
        ShapeError,
        "w_1 has 2 columns and each vector of x has 3 entries (shapes (7, 2) and (3,)): "
        "in q = W a they must be equal.",
    ),
    "w_2 too narrow": (
        {"w_2": np.ones((D_OUT, 2))},
        ShapeError,
        "w_2 has 2 columns and each vector of the hidden layer has 7 entries (shapes (4, 2) and (7,)): "
        "in q = W a they must be equal.",
    ),
    "w_1 of one axis": (
        {"w_1": [1]},
        ShapeError,
        "w_1 has 1 axis (shape (1,)), but 2 are needed: give one row a position, a list of lists.",
    ),
    "text": (
        {"x": "text"},
        InputError,
        "x is text, not numbers: give a list or an array of numbers.",
    ),
}


@pytest.mark.parametrize(("how", "error", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_refused_in_one_sentence(how, error, sentence):
    good = {"x": [1, 2, 3], "w_1": np.ones((D_FF, D_MODEL)), "w_2": np.ones((D_OUT, D_FF))}

    with pytest.raises(error) as refusal:
        feed_forward(**{**good, **how})

    assert str(refusal.value) == sentence


@pytest.mark.parametrize("activation", [relu, gelu, gelu_tanh, silu])
def test_an_activation_of_text_is_refused(activation):
    with pytest.raises(InputError) as refusal:
        activation("x")

    assert str(refusal.value) == "x is text, not numbers: give a list or an array of numbers."
