"""The propositions of chapter 10, on random inputs."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from strategies import close, few, table

from transformer_lib import pocket
from transformer_lib.blocks import EncoderBlock, FeedForward
from transformer_lib.steps import feed_forward, self_attention

bends = pytest.mark.parametrize("activation", ["relu", "gelu", "gelu_tanh"])
W_1, W_2 = pocket.arrays(pocket.W_1), pocket.arrays(pocket.W_2)


@st.composite
def a_network(draw):
    """Tokens x (N, d_model) and W₁, W₂, c₁, c₂ with a d_ff of its own."""
    n, d, d_ff = (draw(st.integers(low, high)) for low, high in ((2, 6), (1, 4), (1, 7)))
    return [draw(table(*shape)) for shape in ((n, d), (d_ff, d), (d, d_ff), (d_ff,), (d,))]


# Proposition 10.1


@bends
@few
@given(network=a_network(), data=st.data())
def test_changing_one_token_changes_no_other_output(activation, network, data):
    x, *weights = network
    at = data.draw(st.integers(0, len(x) - 1))
    changed = x.copy()
    changed[at] += 3.0

    before, after = (feed_forward(y, *weights, activation=activation).output for y in (x, changed))

    others = np.arange(len(x)) != at
    np.testing.assert_array_equal(after[others], before[others])


@few
@given(a_network(), st.data())
def test_a_token_gives_alone_what_it_gives_in_company(network, data):
    x, *weights = network
    at = data.draw(st.integers(0, len(x) - 1))

    alone, together = feed_forward(x[at], *weights).output, feed_forward(x, *weights).output

    np.testing.assert_allclose(alone, together[at], **close)


@few
@given(a_network(), st.data())
def test_permuting_the_tokens_permutes_the_outputs_alike(network, data):
    x, *weights = network
    order = data.draw(st.permutations(range(len(x))))

    before, after = feed_forward(x, *weights).output, feed_forward(x[order], *weights).output

    np.testing.assert_allclose(after, before[order], **close)


@few
@given(a_network(), st.data())
def test_equal_tokens_have_equal_outputs_wherever_they_stand(network, data):
    x, *weights = network
    i, j = (data.draw(st.integers(0, len(x) - 1)) for _ in range(2))
    x[j] = x[i]

    output = feed_forward(x, *weights).output

    np.testing.assert_allclose(output[i], output[j], **close)


@few
@given(a_network(), st.data())
def test_a_gated_network_treats_each_token_alone_too(network, data):
    x, w_1, w_2, *_ = network
    w_gate = data.draw(table(*w_1.shape))
    gated = {"activation": "swiglu", "w_gate": w_gate}

    together = feed_forward(x, w_1, w_2, **gated).output
    alone = [feed_forward(token, w_1, w_2, **gated).output for token in x]

    np.testing.assert_allclose(together, alone, **close)


def test_a_changed_token_reaches_every_output_of_attention():
    x = np.array([[0.2, 1.7], [1, 0.2], [1.25, 1.25], [-1, 0.5]])
    changed = x + np.eye(4, 2)[[1, 0, 1, 1]]  # (1, 0) more at position 2 alone
    changed[[0, 2, 3]] = x[[0, 2, 3]]

    before, after = (self_attention(y, pocket.w_q, pocket.w_k, pocket.w_v).output for y in (x, changed))

    assert (np.abs(after - before).max(axis=1) > 1e-3).all()


# Proposition 10.2


@few
@given(a_network())
def test_the_network_is_two_convolutions_with_a_window_of_one(network):
    x, w_1, w_2, c_1, c_2 = network
    as_kernel = [torch.tensor(w)[:, :, None] for w in (w_1, w_2)]

    hidden = F.conv1d(torch.tensor(x.T), as_kernel[0], torch.tensor(c_1)).relu()
    y = F.conv1d(hidden, as_kernel[1], torch.tensor(c_2))

    np.testing.assert_allclose(y.numpy().T, feed_forward(x, w_1, w_2, c_1, c_2).output, **close)


# Proposition 10.3


@few
@given(a_network())
def test_without_a_bend_two_layers_are_one(network):
    x, w_1, w_2, c_1, c_2 = network

    two_layers = (x @ w_1.T + c_1) @ w_2.T + c_2

    np.testing.assert_allclose(two_layers, x @ (w_2 @ w_1).T + (w_2 @ c_1 + c_2), **close)


@few
@given(table(5, 2))
def test_without_its_bend_the_pocket_network_gives_entries_that_sum_to_0(x):
    straight = x @ W_1.T @ W_2.T

    np.testing.assert_allclose(straight.sum(axis=1), 0, **close)


def test_with_its_bend_the_pocket_network_leaves_that_line():
    y = feed_forward([0.2, 1.7], W_1, W_2).output

    np.testing.assert_allclose(y, [-1.5, 3.0], **close)
    np.testing.assert_allclose(W_2 @ W_1 @ [0.2, 1.7], [-3.0, 3.0], **close)


@few
@given(a_network())
def test_the_output_is_the_sum_of_the_columns_of_w_2_as_strong_as_their_units(network):
    x, w_1, w_2, *_ = network

    steps = feed_forward(x, w_1, w_2)
    columns = sum(np.outer(steps.hidden[:, unit], w_2[:, unit]) for unit in range(len(w_1)))

    np.testing.assert_allclose(columns, steps.output, **close)


@few
@given(table(6, 2))
def test_two_units_give_the_distance_of_two_numbers(pairs):
    output = feed_forward(pairs, [[1, -1], [-1, 1]], [[1, 1]]).output

    np.testing.assert_allclose(output[:, 0], np.abs(pairs[:, 0] - pairs[:, 1]), **close)


@few
@given(table(6, 2))
def test_three_units_give_the_larger_of_two_numbers(pairs):
    output = feed_forward(pairs, [[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]).output

    np.testing.assert_allclose(output[:, 0], pairs.max(axis=1), **close)


# Where the weights are


def count(module):
    return sum(p.numel() for p in module.parameters() if p.ndim == 2)  # matrices, no biases, no norms


@pytest.mark.parametrize(("d_model", "heads"), [(12, 3), (64, 4), (96, 8)])
def test_two_thirds_of_a_block_are_in_the_network_when_it_is_four_times_as_wide(d_model, heads):
    block = EncoderBlock(d_model, heads, 4 * d_model)

    assert count(block.attention) == 4 * d_model**2
    assert 3 * count(block.feed_forward) == 2 * count(block)


def test_a_gated_network_two_thirds_as_wide_has_as_many_weights():
    assert count(FeedForward(96, 256, "swiglu")) == count(FeedForward(96, 384))


def test_the_original_block_has_as_many_parameters_as_the_chapter_says():
    block = EncoderBlock(512, 8, 2048)
    sizes = [
        sum(p.numel() for p in part.parameters()) for part in (block.attention, FeedForward(512, 2048), block)
    ]

    assert sizes == [1_050_624, 2_099_712, 3_152_384]
