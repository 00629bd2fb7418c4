"""The claims of chapter 6, scaled dot-product attention: exact where they can be, measured where not."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from transformer_lib import pocket
from transformer_lib.exercises import backward, chapter_6
from transformer_lib.steps import attention, attention_gradients, self_attention, softmax, softmax_jacobian

NUMBERS = st.floats(-6, 6, allow_subnormal=False)
scores = arrays(float, st.integers(1, 6), elements=NUMBERS)
seeds = st.integers(0, 2**32 - 1)
QUICK = settings(max_examples=60)


def nudged(x, step=1e-5):
    """The slopes of the weights by finite differences, column j for score j."""
    rows = step * np.eye(len(x))
    return np.stack([(softmax(x + row) - softmax(x - row)) / (2 * step) for row in rows], axis=1)


def raw_scores(d_k, n=4000, keys=8):
    rng = np.random.default_rng(6)
    q, k = rng.normal(size=(n, 1, d_k)), rng.normal(size=(n, keys, d_k))
    return (q * k).sum(axis=-1)


def slope(x):
    return np.linalg.norm(softmax_jacobian(softmax(x)), axis=(1, 2))


# ---- Proposition 6.1


@QUICK
@given(st.integers(1, 10))
def test_the_variance_of_a_score_of_coins_is_exactly_d_k(d_k):
    values = [sum(coins) for coins in product([-1, 1], repeat=d_k)]  # products of coins are coins

    assert sum(values) == 0
    assert Fraction(sum(value**2 for value in values), len(values)) == d_k


@QUICK
@given(st.integers(1, 3), st.lists(st.integers(-3, 3), min_size=2, max_size=3))
def test_the_variance_in_general_is_exact_for_every_way_to_draw_the_entries(d_k, faces):
    mean = Fraction(sum(faces), len(faces))
    variance = Fraction(sum(x**2 for x in faces), len(faces)) - mean**2
    draws = product(faces, repeat=2 * d_k)
    values = [sum(x * y for x, y in zip(one[:d_k], one[d_k:], strict=True)) for one in draws]

    found = Fraction(sum(values), len(values))
    spread = Fraction(sum(value**2 for value in values), len(values)) - found**2

    assert found == d_k * mean**2
    assert spread == d_k * (variance**2 + 2 * variance * mean**2)


@QUICK
@given(st.integers(1, 500), st.floats(-3, 3), st.floats(0.1, 3))
def test_the_formula_of_the_exercise_is_the_proposition_at_mean_0_and_spread_1(d_k, mu, sigma):
    mean, variance = chapter_6.raw_score(d_k, mu, sigma)

    assert chapter_6.raw_score(d_k, 0, 1) == (0, d_k)
    assert (mean, variance) == pytest.approx((d_k * mu**2, d_k * ((sigma**2 + mu**2) ** 2 - mu**4)))


@pytest.mark.parametrize("d_k", [4, 16, 64, 256])
def test_only_the_root_brings_the_spread_to_1(d_k):
    raw = raw_scores(d_k)

    assert raw.std() == pytest.approx(np.sqrt(d_k), rel=0.03)
    assert (raw / np.sqrt(d_k)).std() == pytest.approx(1, rel=0.03)
    assert (raw / d_k).std() == pytest.approx(1 / np.sqrt(d_k), rel=0.03)


# ---- Propositions 6.2 and 6.3


@given(scores)
def test_the_jacobian_is_what_small_nudges_do(x):
    np.testing.assert_allclose(softmax_jacobian(softmax(x)), nudged(x), rtol=0, atol=1e-8)


@given(scores)
def test_every_row_and_column_of_the_jacobian_sums_to_0(x):
    table = softmax_jacobian(softmax(x))

    np.testing.assert_allclose(table.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(table.sum(axis=1), 0, atol=1e-12)


@given(scores, st.floats(1, 20))
def test_no_slope_is_larger_than_what_the_largest_weight_leaves_for_the_others(x, sharper):
    weights = softmax(sharper * x)

    left = 1 - weights.max()

    assert np.abs(softmax_jacobian(weights)).max() <= left + 1e-12


@given(scores, st.integers(0, 2**32 - 1))
def test_what_training_sends_back_to_a_score_is_at_most_what_is_left_times_the_range(x, seed):
    weights, g = softmax(3 * x), np.random.default_rng(seed).normal(size=len(x))

    back = softmax_jacobian(weights) @ g

    assert np.abs(back).max() <= (1 - weights.max()) * np.ptp(g) + 1e-12


def test_the_hand_example_in_fractions():
    assert pocket.eighths == (Fraction(1, 2), Fraction(1, 4), Fraction(1, 8), Fraction(1, 8))
    diagonal = [pocket.eighths_jacobian[i][i] for i in range(4)]
    assert diagonal == [Fraction(1, 4), Fraction(3, 16), Fraction(7, 64), Fraction(7, 64)]
    beside = [pocket.eighths_jacobian[i][j] for i, j in ((0, 1), (0, 2), (1, 2), (2, 3))]
    assert beside == [Fraction(-1, 8), Fraction(-1, 16), Fraction(-1, 32), Fraction(-1, 64)]


def test_four_times_the_scores_turns_a_ratio_of_2_into_16():
    sharp = softmax([8, 4, 0, 0], base=2)

    np.testing.assert_allclose(sharp * 274, [256, 16, 1, 1])
    assert softmax_jacobian(sharp).max().round(4) == 0.0614


@pytest.mark.parametrize(("lead", "steep"), [(0, 0.25), (2, 0.105), (8, 0.0003)])
def test_the_slope_of_two_keys_falls_with_the_lead(lead, steep):
    weight = softmax([lead, 0])[0]

    assert weight * (1 - weight) == pytest.approx(steep, abs=5e-4)


# ---- What was measured


@pytest.mark.parametrize(
    ("d_k", "largest", "steepness"),
    [(4, 0.527, 0.341), (16, 0.749, 0.254), (64, 0.876, 0.151), (256, 0.938, 0.082)],
)
def test_without_scaling_longer_vectors_saturate_the_softmax(d_k, largest, steepness):
    raw = raw_scores(d_k)

    assert softmax(raw).max(axis=1).mean() == pytest.approx(largest, abs=0.012)
    assert slope(raw).mean() == pytest.approx(steepness, abs=0.01)


@pytest.mark.parametrize("d_k", [4, 16, 64, 256])
def test_with_scaling_nothing_depends_on_the_width(d_k):
    scaled = raw_scores(d_k) / np.sqrt(d_k)

    assert softmax(scaled).max(axis=1).mean() == pytest.approx(0.352, abs=0.015)
    assert slope(scaled).mean() == pytest.approx(0.363, abs=0.01)


def test_at_256_most_queries_are_deaf_without_scaling_and_none_with_it():
    raw = raw_scores(256)

    deaf, heard = ((softmax(x).max(axis=1) > 0.99).mean() for x in (raw, raw / 16))

    assert 0.6 < deaf < 0.7
    assert heard == 0
    assert np.median(slope(raw)) < 0.003


def test_at_the_raw_score_scaling_lowers_the_mean_slope_and_lifts_the_middle_one():
    raw = raw_scores(256)

    without, at_the_raw_score = slope(raw), slope(raw / 16) / 16

    assert at_the_raw_score.mean() == pytest.approx(0.023, abs=0.001)
    assert at_the_raw_score.mean() < without.mean() / 3
    assert np.median(at_the_raw_score) == pytest.approx(0.023, abs=0.001)
    assert np.median(at_the_raw_score) > 5 * np.median(without)


def test_nearly_half_of_all_pairs_of_raw_scores_at_64_lie_more_than_8_apart():
    raw = raw_scores(64)

    apart = np.abs(raw[:, :, None] - raw[:, None, :])[:, *np.triu_indices(8, 1)]

    assert (apart > 8).mean() == pytest.approx(0.48, abs=0.02)


# ---- √d_model, lengths, and Proposition 6.4


def test_the_wrong_root_is_unseen_at_2_and_2_and_seen_at_d_k_1():
    both = self_attention(pocket.a, pocket.w_q, pocket.w_k, pocket.w_v)
    thin = self_attention(pocket.a, pocket.w_q[:1], pocket.w_k[:1], pocket.w_v)
    wrong = softmax(thin.scores[2] / np.sqrt(2))

    assert both.q.shape[1] == pocket.a.shape[1]
    np.testing.assert_array_equal(thin.scores[2], [-2, 2, 0, 0])
    assert (thin.weights[2, 1].round(3), wrong[1].round(3)) == (0.776, 0.647)


def test_a_longer_query_still_has_larger_scores_so_nothing_is_normalised():
    steps = self_attention(pocket.a, pocket.w_q, pocket.w_k, pocket.w_v)

    np.testing.assert_allclose(steps.scores[3], 2 * steps.scores[2])
    assert steps.weights[2:, 3].round(3).tolist() == [0.505, 0.735]


@QUICK
@given(seeds, st.integers(1, 6))
def test_scaled_attention_is_raw_attention_with_a_smaller_matrix(seed, d_k):
    rng = np.random.default_rng(seed)
    a, (w_q, w_k, w_v) = rng.normal(size=(5, 3)), rng.normal(size=(3, d_k, 3))

    scaled = self_attention(a, w_q, w_k, w_v)
    raw = self_attention(a, w_q / np.sqrt(d_k), w_k, w_v, scaled=False)

    np.testing.assert_allclose(scaled.output, raw.output, atol=1e-12)


def test_on_paper_b_1_is_0_192_and_1_712():
    powers = np.exp(np.array([-2, 2, -1, -2]) / np.sqrt(2))

    np.testing.assert_array_equal(powers.round(3), [0.243, 4.113, 0.493, 0.243])
    b_1 = powers / powers.sum() @ pocket.arrays(pocket.by_hand.v)
    np.testing.assert_array_equal(b_1.round(3), [0.192, 1.712])


# ---- Exercises


@QUICK
@given(seeds)
def test_the_gradients_of_the_exercise_are_what_small_nudges_of_every_entry_do(seed):
    rng = np.random.default_rng(seed)
    q, k, v, d_b = (rng.normal(size=shape) for shape in ((2, 4), (3, 4), (3, 5), (2, 5)))

    back = attention_gradients(q, k, v, d_b)

    by_nudging = backward.by_nudging(q, k, v, d_b)
    np.testing.assert_allclose(back.q, by_nudging[0], atol=1e-7)
    np.testing.assert_allclose(back.k, by_nudging[1], atol=1e-7)
    np.testing.assert_allclose(back.v, by_nudging[2], atol=1e-7)


def test_a_saturated_softmax_sends_nothing_back_to_q_but_all_to_v():
    q, k, v = np.array([[100.0, 0]]), np.array([[1.0, 0], [-1.0, 0]]), np.array([[1.0], [2.0]])

    back = attention_gradients(q, k, v, np.ones((1, 1)))

    assert np.abs(back.q).max() < 1e-12
    np.testing.assert_allclose(back.v, attention(q, k, v).weights.T)


def test_an_embedding_and_a_position_have_squared_lengths_512_and_256():
    rng, angles = np.random.default_rng(6), np.linspace(0, 40, 256)
    stored = rng.normal(scale=512**-0.5, size=(2000, 512))

    squared = (stored**2).sum(axis=1).mean()
    position = np.concatenate([np.sin(angles), np.cos(angles)])

    assert squared == pytest.approx(1, rel=0.01)
    assert 512 * squared == pytest.approx(512, rel=0.01)
    assert position @ position == pytest.approx(256)
