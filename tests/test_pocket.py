"""Every number of the pocket example, as it stands in the chapters."""

from fractions import Fraction as F
from operator import mul

import numpy as np
import pytest

from transformer_lib import pocket
from transformer_lib.shapes import InputError
from transformer_lib.steps import (
    attention,
    feed_forward,
    layer_norm,
    multi_head,
    self_attention,
    softmax,
    softmax_jacobian,
)

SCORES = [[-2, 2, -1, -2], [2, -2, 1, 2], [0, 0, 1, 2], [0, 0, 2, 4]]
WEIGHTS = [
    [F(1, 20), F(16, 20), F(2, 20), F(1, 20)],
    [F(16, 41), F(1, 41), F(8, 41), F(16, 41)],
    [F(1, 8), F(1, 8), F(2, 8), F(4, 8)],
    [F(1, 22), F(1, 22), F(4, 22), F(16, 22)],
]
OUTPUT = [(F(1, 5), F(17, 10)), (F(40, 41), F(10, 41)), (F(5, 4), F(5, 4)), (F(18, 11), F(18, 11))]


def rows(matrix):
    return [list(row) for row in matrix]


def test_queries_keys_and_values():
    assert rows(pocket.by_hand.q) == [[0, -1], [0, 1], [1, 1], [2, 2]]
    assert rows(pocket.by_hand.k) == [[-2, 2], [2, -2], [0, 1], [0, 2]]
    assert rows(pocket.by_hand.v) == [[0, -2], [0, 2], [1, 1], [2, 2]]


def test_scores_weights_and_outputs_by_hand():
    assert rows(pocket.by_hand.scores) == SCORES
    assert rows(pocket.by_hand.weights) == WEIGHTS
    assert list(pocket.by_hand.output) == OUTPUT


def test_the_library_gives_the_numbers_by_hand():
    steps = self_attention(pocket.a, pocket.w_q, pocket.w_k, pocket.w_v, scaled=False, base=2)

    for name in ("q", "k", "v", "scores", "weights", "output"):
        exact = pocket.arrays(getattr(pocket.by_hand, name))
        np.testing.assert_allclose(getattr(steps, name), exact, rtol=0, atol=1e-12)


def test_the_true_attention_is_the_one_by_hand_to_two_digits():
    true = self_attention(pocket.a, pocket.w_q, pocket.w_k, pocket.w_v)

    expected_weights = [
        [0.048, 0.808, 0.097, 0.048],
        [0.392, 0.023, 0.193, 0.392],
        [0.123, 0.123, 0.249, 0.505],
        [0.043, 0.043, 0.179, 0.735],
    ]
    expected_output = [[0.192, 1.712], [0.977, 0.240], [1.260, 1.260], [1.648, 1.648]]
    np.testing.assert_allclose(true.weights, expected_weights, atol=5.1e-4)
    np.testing.assert_allclose(true.output, expected_output, atol=5.1e-4)
    assert np.abs(true.weights - pocket.arrays(pocket.by_hand.weights)).max() == pytest.approx(
        0.0077, abs=5e-5
    )


def test_b1_is_near_v2_and_within_the_bound():
    distance = np.linalg.norm(pocket.arrays(pocket.by_hand.output)[0] - pocket.arrays(pocket.by_hand.v)[1])

    assert distance == pytest.approx(0.361, abs=5e-4)
    assert distance <= (1 - 0.8) * 4


def test_unscaled_base_e_brings_b1_nearer_still():
    steps = self_attention(pocket.a, pocket.w_q, pocket.w_k, pocket.w_v, scaled=False)

    assert steps.weights[0, 1] == pytest.approx(0.9205, abs=5e-5)
    np.testing.assert_allclose(steps.output[0], [0.080, 1.887], atol=5.1e-4)


def test_causal_by_hand():
    assert rows(pocket.causal.weights)[1:3] == [[F(16, 17), F(1, 17), 0, 0], [F(1, 4), F(1, 4), F(1, 2), 0]]
    assert pocket.causal.output[2] == (F(1, 2), F(1, 2))


def test_without_its_own_key_the_first_row_is_16_2_1_over_19():
    assert rows(pocket.self_left_out.weights)[0] == [0, F(16, 19), F(2, 19), F(1, 19)]


def test_leaving_out_one_key_only_renormalises():
    full = pocket.by_hand.weights[0]

    assert pocket.self_left_out.weights[0][1:] == tuple(weight / (1 - full[0]) for weight in full[1:])


def test_the_second_head():
    assert list(pocket.head_2.scores[0]) == [1, -1, -1, -2]
    assert list(pocket.head_2.weights[0]) == [F(8, 13), F(2, 13), F(2, 13), F(1, 13)]
    assert list(pocket.head_2.scores[3]) == [-2, 2, 0, 0]
    assert list(pocket.head_2.weights[3]) == [F(1, 25), F(16, 25), F(4, 25), F(4, 25)]
    assert pocket.head_2.output[3] == (F(3, 5), F(27, 25))


def test_two_heads_side_by_side():
    heads = [tuple(map(pocket.arrays, head)) for head in (pocket.HEAD_1, pocket.HEAD_2)]

    both = multi_head(pocket.a, heads, scaled=False, base=2)

    np.testing.assert_allclose(both.concat, pocket.arrays(pocket.concat), rtol=1e-12)
    assert pocket.concat[3] == (F(18, 11), F(18, 11), F(3, 5), F(27, 25))


def test_layer_norm_by_hand():
    assert pocket.normed.mean == 4
    assert pocket.normed.std == 3
    assert pocket.normed.output == (F(5, 3), F(-1, 3), F(-1, 3), F(-1))
    np.testing.assert_allclose(
        layer_norm([9, 3, 3, 1]).output, pocket.arrays(pocket.normed.output), rtol=1e-15
    )


def test_layer_norm_by_hand_refuses_a_root_that_is_no_fraction():
    with pytest.raises(InputError, match="the variance is 2/3, not the square of a fraction"):
        pocket.layer_norm(pocket.exact([(1, 2, 3)])[0])


def test_in_two_dimensions_layer_norm_leaves_only_1_and_minus_1():
    assert pocket.layer_norm(pocket.by_hand.output[0]).output == (-1, 1)


def test_the_feed_forward_network_by_hand():
    assert pocket.fed_forward.wide == (F(-3, 2), F(3, 2), F(19, 10), F(17, 5))
    assert pocket.fed_forward.hidden == (0, F(3, 2), F(19, 10), F(17, 5))
    assert pocket.fed_forward.output == (F(-3, 2), 3)


def test_the_library_gives_the_feed_forward_network_by_hand():
    w_1, w_2 = pocket.arrays(pocket.W_1), pocket.arrays(pocket.W_2)

    steps = feed_forward(pocket.arrays(pocket.by_hand.output[0]), w_1, w_2)

    np.testing.assert_allclose(steps.wide, pocket.arrays(pocket.fed_forward.wide), rtol=1e-12)
    np.testing.assert_allclose(steps.hidden, pocket.arrays(pocket.fed_forward.hidden), rtol=1e-12)
    np.testing.assert_allclose(steps.output, pocket.arrays(pocket.fed_forward.output), rtol=1e-12)


def test_the_jacobian_by_hand():
    diagonal = [pocket.eighths_jacobian[i][i] for i in range(4)]

    assert pocket.eighths == (F(1, 2), F(1, 4), F(1, 8), F(1, 8))
    assert diagonal == [F(1, 4), F(3, 16), F(7, 64), F(7, 64)]
    assert pocket.eighths_jacobian[0][1:] == (F(-1, 8), F(-1, 16), F(-1, 16))
    assert pocket.eighths_jacobian[1][2:] == (F(-1, 32), F(-1, 32))
    assert pocket.eighths_jacobian[2][3] == F(-1, 64)


def test_the_library_gives_the_jacobian_by_hand():
    weights = softmax(pocket.arrays(pocket.EIGHTHS), base=2)

    np.testing.assert_allclose(softmax_jacobian(weights), pocket.arrays(pocket.eighths_jacobian), rtol=1e-12)


def test_rotary_scores_by_hand():
    assert pocket.rope_scores == (5, 5, -5, -5)
    assert pocket.quarter_turns(pocket.ROPE_KEY, 1) == (-1, 3)
    assert pocket.quarter_turns(pocket.ROPE_KEY, -1) == (1, -3)


def test_rotary_scores_depend_on_the_distance_alone():
    query, key = (pocket.quarter_turns(x, 2) for x in (pocket.ROPE_QUERY, pocket.ROPE_KEY))

    shifted = tuple(sum(map(mul, query, pocket.quarter_turns(key, n))) for n in range(4))

    assert shifted == pocket.rope_scores


def test_cross_attention_by_hand():
    assert list(pocket.cross.scores[0]) == [-2, 2, 0, 0]
    assert list(pocket.cross.weights[0]) == [F(4, 100), F(64, 100), F(16, 100), F(16, 100)]
    assert pocket.cross.output[0] == (F(12, 25), F(42, 25))


def test_the_query_of_a1_gives_b1_again():
    again = pocket.attention(pocket.exact([(0, -1)]), pocket.by_hand.k, pocket.by_hand.v)

    assert again.output[0] == pocket.by_hand.output[0]


@pytest.mark.parametrize(
    ("variant", "mask"),
    [(pocket.causal, pocket.CAUSAL), (pocket.self_left_out, pocket.SELF_LEFT_OUT)],
    ids=["causal", "self left out"],
)
def test_the_library_gives_the_masked_variants_too(variant, mask):
    q, k, v = (pocket.arrays(x) for x in (pocket.by_hand.q, pocket.by_hand.k, pocket.by_hand.v))

    steps = attention(q, k, v, np.array(mask), scaled=False, base=2)

    np.testing.assert_allclose(steps.weights, pocket.arrays(variant.weights), rtol=0, atol=1e-12)
    np.testing.assert_allclose(steps.output, pocket.arrays(variant.output), rtol=0, atol=1e-12)


def test_the_inputs_are_opposite_yet_a1_attends_most_to_a2():
    assert rows(pocket.A)[0] == [-x for x in pocket.A[1]]
    assert max(pocket.by_hand.weights[0]) == pocket.by_hand.weights[0][1] == F(4, 5)


@pytest.mark.parametrize("w", pocket.HEAD_1, ids=pocket.Head._fields)
def test_no_matrix_is_symmetric_so_a_missing_transpose_shows(w):
    assert w[0][1] != w[1][0]
