"""The gradients of attention by hand: equal to torch's, and to finite differences."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_lib.attention import scaled_dot_product
from transformer_lib.shapes import InputError, ShapeError
from transformer_lib.steps import attention, attention_gradients, causal, softmax_jacobian

T, S, D_K, D_V = 5, 7, 4, 6

seeds = st.integers(0, 2**32 - 1)
law = settings(max_examples=50)


def inputs(seed=0):
    """q, k, v and the gradient of the output."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in ((T, D_K), (S, D_K), (S, D_V), (T, D_V))]


@law
@given(seeds, st.sampled_from([np.ones((T, S), bool), causal(T, S)]))
def test_the_gradients_equal_torch(seed, allowed):
    *arrays, upstream = inputs(seed)
    q, k, v = (torch.tensor(x, requires_grad=True) for x in arrays)

    scaled_dot_product(q, k, v, torch.tensor(allowed))[0].backward(torch.tensor(upstream))

    ours = attention_gradients(*arrays, upstream, allowed)
    np.testing.assert_allclose(ours.q, q.grad, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.k, k.grad, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.v, v.grad, rtol=1e-9, atol=1e-12)


@law
@given(seeds, st.booleans())
def test_a_small_step_changes_the_loss_by_gradient_times_step(seed, scaled):
    q, k, v, upstream = inputs(seed)
    d_q, d_k, d_v, _ = inputs(seed + 1)
    small = 1e-5

    def loss(size):
        return (
            attention(q + size * d_q, k + size * d_k, v + size * d_v, scaled=scaled).output * upstream
        ).sum()

    found = (loss(small) - loss(-small)) / (2 * small)

    back = attention_gradients(q, k, v, upstream, scaled=scaled)
    said = (back.q * d_q).sum() + (back.k * d_k).sum() + (back.v * d_v).sum()
    assert said == pytest.approx(found, rel=1e-4, abs=1e-6)


@law
@given(seeds)
def test_the_gradient_of_a_row_of_scores_is_the_jacobian_times_that_of_the_weights(seed):
    q, k, v, upstream = inputs(seed)

    back = attention_gradients(q, k, v, upstream)

    jacobian = softmax_jacobian(attention(q, k, v).weights)
    by_jacobian = (jacobian @ back.weights[..., None])[..., 0]
    np.testing.assert_allclose(back.scores, by_jacobian, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(back.scores.sum(axis=-1), 0, atol=1e-12)


def test_a_hidden_pair_gets_no_gradient():
    q, k, v, upstream = inputs()

    back = attention_gradients(q, k, v, upstream, causal(T, S))

    assert (back.scores[~causal(T, S)] == 0).all()


def test_the_gradients_by_hand():
    back = attention_gradients([[1, 0]], [[0, 0], [0, 2]], [[1, 0], [3, 0]], [[1, 0]], scaled=False)

    np.testing.assert_array_equal(back.weights, [[1, 3]])
    np.testing.assert_array_equal(back.scores, [[-0.5, 0.5]])
    np.testing.assert_array_equal(back.q, [[0, 1]])
    np.testing.assert_array_equal(back.k, [[-0.5, 0], [0.5, 0]])
    np.testing.assert_array_equal(back.v, [[0.5, 0], [0.5, 0]])


@pytest.mark.parametrize(
    ("place", "value", "error", "sentence"),
    [
        (
            3,
            [[1, 2]],
            ShapeError,
            "∂L/∂b has shape (1, 2) and the output has (5, 6): make them the same.",
        ),
        (3, "b", InputError, "∂L/∂b is text, not numbers: give a list or an array of numbers."),
        (0, "q", InputError, "q is text, not numbers: give a list or an array of numbers."),
        (1, "k", InputError, "k is text, not numbers: give a list or an array of numbers."),
        (2, "v", InputError, "v is text, not numbers: give a list or an array of numbers."),
        (
            0,
            np.ones((2, T, D_K)),
            ShapeError,
            "q has 3 axes (shape (2, 5, 4)), but 2 are needed: give one row a position, a list of lists.",
        ),
    ],
    ids=["other shape", "text for b", "text for q", "text for k", "text for v", "a batch"],
)
def test_bad_input_is_refused_in_one_sentence(place, value, error, sentence):
    given = inputs()
    given[place] = value

    with pytest.raises(error) as refusal:
        attention_gradients(*given)

    assert str(refusal.value) == sentence
