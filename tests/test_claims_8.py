"""The propositions and numbers of chapter 8, on random inputs."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import close, few, table

from transformer_lib import plots, pocket
from transformer_lib.exercises import check
from transformer_lib.shapes import InputError
from transformer_lib.steps import alibi, project, rope, rotation, self_attention, sinusoidal, softmax
from transformer_lib.steps.positions import frequencies

places = st.integers(0, 60)
distances = st.integers(-60, 60)
widths = st.sampled_from([2, 4, 6, 16])
matrices = (pocket.w_q, pocket.w_k, pocket.w_v)


@st.composite
def a_layer(draw):
    """Inputs a (N, d) and W^q, W^k, W^v with sizes of their own."""
    n, d, d_k, d_v = (draw(st.integers(low, high)) for low, high in ((2, 6), (1, 4), (1, 4), (1, 4)))
    return draw(table(n, d)), draw(table(d_k, d)), draw(table(d_k, d)), draw(table(d_v, d))


# ---- 8.1 Without positions


@few
@given(a_layer(), st.data())
def test_equal_inputs_have_equal_outputs_through_two_layers(layer, data):
    a, w_q, w_k, w_v = layer
    i, j = (data.draw(st.integers(0, len(a) - 1)) for _ in range(2))
    a[j] = a[i]
    second = [data.draw(table(3, len(w_v))) for _ in range(3)]

    output = self_attention(self_attention(a, w_q, w_k, w_v).output, *second).output

    np.testing.assert_allclose(output[i], output[j], **close)


def test_the_dog_that_bites_is_the_dog_that_is_bitten_until_positions_are_added():
    dog, bites, man = pocket.a[[0, 1, 3]]
    one, other = np.array([dog, bites, man]), np.array([man, bites, dog])

    before = self_attention(one, *matrices).output[0] - self_attention(other, *matrices).output[2]
    pe = sinusoidal(3, 2)
    after = self_attention(one + pe, *matrices).output[0] - self_attention(other + pe, *matrices).output[2]

    np.testing.assert_allclose(before, 0, **close)
    assert np.abs(after).max() > 1


# ---- 8.2 and 8.3 Sinusoids


@few
@given(places, distances, widths, st.sampled_from([100.0, 10_000.0]))
def test_one_rotation_leads_k_positions_on_from_every_position(pos, k, d, base):
    k = max(k, -pos)

    turned = rotation(k, d, base=base) @ sinusoidal(pos + 1, d, base=base)[pos]

    np.testing.assert_allclose(turned, sinusoidal(pos + k + 1, d, base=base)[pos + k], **close)


@few
@given(places, places, widths)
def test_the_dot_product_of_two_encodings_is_the_sum_of_the_cosines(pos, k, d):
    pe = sinusoidal(pos + k + 1, d)

    product = pe[pos] @ pe[pos + k]

    assert product == pytest.approx(np.cos(k * frequencies(d, 10_000.0)).sum(), abs=1e-9)


@few
@given(places, widths)
def test_every_encoding_has_the_length_of_half_the_width_under_the_root(pos, d):
    assert np.linalg.norm(sinusoidal(pos + 1, d)[pos]) == pytest.approx(np.sqrt(d / 2))


@few
@given(widths, st.floats(2, 1e6))
def test_half_of_the_dials_turn_by_at_most_one_over_the_root_of_the_base(d, base):
    slow = frequencies(d, base)[(d // 2 + 1) // 2 :]

    assert (slow <= base**-0.5 + 1e-12).all()


@few
@given(table(4, 3), table(5, 3), table(4, 3))
def test_adding_is_concatenating_with_one_matrix_twice(a, w, p):
    side_by_side, twice = np.hstack([a, p]), np.hstack([w, w])

    np.testing.assert_allclose(project(side_by_side, twice), project(a + p, w), **close)


def test_with_sinusoids_added_one_distance_has_several_scores():
    same = np.tile([1.0, 0.0], (4, 1))

    scores = self_attention(same + sinusoidal(4, 2), *matrices, scaled=False).scores

    np.testing.assert_allclose(np.diag(scores, 1), [2.602, 4.997, 0.880], atol=5e-4)


# ---- 8.4 RoPE


@few
@given(table(1, 4), table(1, 4), places, distances, places)
def test_a_rotated_query_and_key_score_by_their_distance_alone(q, k, i, distance, shift):
    here = rope(q, i) @ rope(k, i + distance).T
    there = rope(q, i + shift) @ rope(k, i + shift + distance).T

    np.testing.assert_allclose(here, there, **close)


@few
@given(table(3, 3), table(4, 3), table(4, 3))
def test_rope_keeps_distances_through_all_matrices(a, w_q, w_k):
    same = np.tile(a[0], (5, 1))

    scores = rope(project(same, w_q)) @ rope(project(same, w_k)).T

    np.testing.assert_allclose(scores[1:, 1:], scores[:-1, :-1], **close)


@pytest.mark.parametrize("start", [0, 7])
def test_the_four_rotary_scores_by_hand(start):
    q = rope([1, 2], start, angle=np.pi / 2)
    keys = rope([[3, 1]] * 4, start, angle=np.pi / 2)

    np.testing.assert_allclose(keys @ q, [5, 5, -5, -5], **close)
    assert pocket.rope_scores == (5, 5, -5, -5)


def test_a_rotary_score_tells_ahead_from_behind():
    ahead, behind = (rope([3, 1], place, angle=np.pi / 2) @ [1, 2] for place in (1, -1))

    assert (round(ahead), round(behind)) == (5, -5)


# ---- ALiBi


def test_the_row_with_charges_by_hand():
    scores = pocket.exact([[s - j for j, s in enumerate(pocket.by_hand.scores[0])]])[0]

    weights = pocket.power_of_two_softmax(scores, [True] * 4)

    assert weights == tuple(Fraction(n, 77) for n in (8, 64, 4, 1))


@few
@given(st.integers(1, 7), st.sampled_from([1, 2, 4, 8]))
def test_among_equal_scores_the_nearer_key_gets_more(n, n_heads):
    weights = softmax(alibi(n_heads, n + 1, n + 1))

    assert (np.diff(weights[:, 0]) < 0).all()
    assert (np.diff(weights[:, -1]) > 0).all()


# ---- The bug


@few
@given(table(3, 4), st.integers(2, 4))
def test_positions_along_the_batch_make_a_set_of_each_sequence_and_tear_copies_apart(x, copies):
    batch, pe = np.stack([x] * copies), sinusoidal(50, 4)

    wrong = batch + pe[: len(batch), None]
    marks = wrong - batch

    assert wrong.shape == batch.shape
    np.testing.assert_allclose(marks[:, :1] - marks, 0, **close)
    assert np.abs(wrong[0] - wrong[1]).max() > 0.1


# ---- The figure, and what an exercise says


def test_the_picture_of_encodings_holds_the_table_and_tells_how_fast_its_columns_change():
    figure = plots.encodings(sinusoidal(50, 32), "Fast and slow")

    (image,) = figure.axes[0].images
    np.testing.assert_array_equal(image.get_array(), sinusoidal(50, 32))
    assert image.get_clim() == (-1, 1)
    assert "15 in the first column, 0 in the middle one, 0 in the last" in figure.alt


def test_a_table_beyond_one_is_not_drawn():
    with pytest.raises(InputError, match="stay inside"):
        plots.encodings([[0, 1.5]], "Beyond")


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [0, 2, 1, 3]], ids=["interleaved", "concatenated"])
def test_both_layouts_of_a_table_are_right_and_named(order):
    answer = sinusoidal(4, 4, base=100)[:, order]

    verdict = check("8.1", answer)

    assert verdict.status == "right"
    assert ("interleaved" in verdict.sentence) == (order[1] == 1)


def test_a_mistake_in_the_other_layout_is_named_too():
    assert check("8.1", sinusoidal(4, 4, layout="concatenated")).mistake == "base 10,000"


def test_a_wrong_column_is_told_in_the_readers_layout():
    answer = sinusoidal(4, 4, base=100, layout="concatenated")
    answer[2, 1] += 0.2

    assert "off in column 2" in check("8.1", answer).sentence
