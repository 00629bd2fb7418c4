"""The propositions of chapter 11, on random inputs."""

from functools import reduce

import numpy as np
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import close, few, numbers, table
from torch import nn

from transformer_lib import pocket
from transformer_lib.explorers import ResidualAndNorm
from transformer_lib.steps import layer_norm, residual, self_attention


@st.composite
def tokens(draw):
    """A few tokens (T, n) whose entries are not all equal."""
    rows, n = draw(st.integers(1, 5)), draw(st.integers(2, 7))
    x = draw(table(rows, n))
    assume((np.ptp(x, axis=1) > 0).all())
    return x


@st.composite
def layers(draw):
    """Inputs (N, d), and W^q, W^k, W^v for one layer of attention that keeps the width."""
    n, d = draw(st.integers(2, 6)), draw(st.integers(1, 4))
    return draw(table(n, d)), draw(table(d, d)), draw(table(d, d)), draw(table(d, d))


@few
@given(tokens(), st.integers(1, 40).map(lambda n: n / 4), st.integers(-20, 20))
def test_shifting_and_stretching_a_token_changes_nothing(x, stretch, shift):
    before, after = layer_norm(x), layer_norm(stretch * x + shift)

    np.testing.assert_allclose(after.output, before.output, **close)


@few
@given(tokens())
def test_a_change_of_sign_is_seen(x):
    np.testing.assert_allclose(layer_norm(-x).output, -layer_norm(x).output, **close)


@few
@given(tokens())
def test_every_output_sums_to_0_and_has_the_length_root_n(x):
    output = layer_norm(x).output

    np.testing.assert_allclose(output.sum(axis=1), 0, **close)
    np.testing.assert_allclose(np.linalg.norm(output, axis=1), x.shape[1] ** 0.5, **close)


@few
@given(st.floats(-9, 9), st.floats(-9, 9))
def test_in_two_dimensions_only_two_outputs_are_left(one, other):
    assume(abs(one - other) > 1e-3)

    output = layer_norm([one, other]).output

    np.testing.assert_allclose(output, [1, -1] if one > other else [-1, 1], **close)


@few
@given(tokens(), st.data())
def test_a_token_does_not_move_when_another_is_edited(x, data):
    edited = x.copy()
    edited[-1, 0] += data.draw(st.integers(10, 20))

    before, after = layer_norm(x), layer_norm(edited)

    np.testing.assert_array_equal(after.output[:-1], before.output[:-1])


def test_over_the_batch_a_token_moves_when_another_is_edited():
    table = np.array([[9.0, 3, 3, 1], [18, 6, 6, 2], [1, 5, 1, 5]])
    edited = table.copy()
    edited[1, 0] = 0

    before, after = (layer_norm(t, axis=0).output[0, 0] for t in (table, edited))

    np.testing.assert_allclose([before, after], [-0.048, 1.407], atol=5e-4)


@few
@given(layers())
def test_attention_never_spreads_its_values(layer):
    steps = self_attention(*layer)

    def widest(x):
        return np.linalg.norm(x[:, None] - x, axis=-1).max()

    assert widest(steps.output) <= widest(steps.v) + 1e-9


@few
@given(tokens(), st.lists(numbers, min_size=1, max_size=5))
def test_the_top_of_a_pre_norm_stack_is_the_first_x_plus_all_that_was_said(x, factors):
    said, top = [], x
    for factor in factors:
        assume((np.ptp(top, axis=1) > 0.01).all())
        steps = residual(top, lambda y, factor=factor: factor * y**2, "pre")
        said.append(steps.said)
        top = steps.output

    np.testing.assert_allclose(top, x + sum(said), **close)


def test_the_example_by_hand_is_the_norm_of_both_vectors():
    for x in ([9, 3, 3, 1], [4, 1, 1, 0], [23, 11, 11, 7], [100, 10, 10, -20]):
        np.testing.assert_allclose(layer_norm(x).output, pocket.arrays(pocket.normed.output), **close)


def test_the_unbiased_std_is_3_464_and_torchs_default():
    x = torch.tensor([9.0, 3, 3, 1])

    np.testing.assert_allclose([x.std(), x.std(correction=0)], [12**0.5, 3], rtol=1e-6)
    np.testing.assert_allclose(nn.LayerNorm(4)(x).detach(), layer_norm(x).output, atol=1e-5)


def test_what_the_explorer_shows_at_24_layers():
    post_24, pre_24, none_24 = np.array(ResidualAndNorm(depth=24).numbers()["gradient"])

    assert max(np.ptp(np.log10(post_24)), np.ptp(np.log10(pre_24))) < 1
    assert 6000 < none_24[0] < 6500


def test_without_residuals_the_explorers_tokens_are_alike_after_four_layers():
    post, pre, _ = np.array(ResidualAndNorm(residual=False).numbers()["apart"])

    assert max(post[3], pre[3]) < 1e-3 < min(post[2], pre[2])


def test_large_weights_keep_tokens_apart_without_residuals():
    x, one = np.random.default_rng(0).normal(size=(8, 16)), np.eye(16)

    output = reduce(lambda y, _: self_attention(y, 8 * one, 8 * one, one).output, range(12), x)

    assert np.linalg.norm(output - output.mean(axis=0)) > 0.9 * np.linalg.norm(output)


def test_three_tokens_become_alike_at_a_quarter_and_at_five_eighths_a_layer():
    weights = np.full((3, 3), 0.25) + 0.25 * np.eye(3)
    a = np.array([[4.0, 0], [0, 1], [1, 3]])

    def gap(x):
        return np.linalg.norm(x[0] - x[1]) / np.linalg.norm(x.mean(axis=0))

    alone, added = np.linalg.matrix_power(weights, 3) @ a, np.linalg.matrix_power(np.eye(3) + weights, 3) @ a

    np.testing.assert_allclose([gap(alone) / gap(a), gap(added) / gap(a)], [1 / 64, 125 / 512])
