"""Positions in NumPy: equal to torch, turned as they must, and by distance alone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_lib import pocket, positions
from transformer_lib.attention import MultiHeadAttention
from transformer_lib.shapes import InputError, ShapeError
from transformer_lib.steps import (
    alibi,
    alibi_slopes,
    attention,
    causal,
    merge_heads,
    project,
    rope,
    rotation,
    sinusoidal,
    softmax,
    split_heads,
)

T, S, N_HEADS, D_HEAD = 5, 7, 3, 4
D_MODEL = N_HEADS * D_HEAD
QUARTER = np.pi / 2

seeds = st.integers(0, 2**32 - 1)
law = settings(max_examples=50)


def rand(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("layout", ["interleaved", "concatenated"])
@pytest.mark.parametrize("form", ["power", "exp-log"])
@pytest.mark.parametrize("base", [10_000.0, 100.0])
def test_sinusoids_equal_torch(layout, form, base):
    ours = sinusoidal(11, 6, layout=layout, form=form, base=base)

    theirs = positions.sinusoidal(11, 6, layout=layout, form=form, base=base)

    np.testing.assert_allclose(ours, theirs, atol=1e-7)


def test_the_table_by_hand():
    table = sinusoidal(4, 4)

    np.testing.assert_array_equal(table[0], [0, 1, 0, 1])
    np.testing.assert_allclose(table[3], [np.sin(3), np.cos(3), np.sin(0.03), np.cos(0.03)], rtol=1e-14)


def test_both_forms_are_the_same():
    np.testing.assert_allclose(
        sinusoidal(50, 8, form="power"), sinusoidal(50, 8, form="exp-log"), rtol=0, atol=1e-13
    )


def test_both_layouts_hold_the_same_columns_in_another_order():
    concatenated = sinusoidal(7, 6, layout="concatenated")

    np.testing.assert_array_equal(sinusoidal(7, 6)[:, [0, 2, 4, 1, 3, 5]], concatenated)


@law
@given(st.integers(0, 500), st.integers(-20, 500), st.sampled_from([2, 6, 16]))
def test_one_rotation_leads_from_each_position_to_the_kth_after_it(position, k, d_model):
    table = sinusoidal(1001, d_model)
    k = max(k, -position)

    turned = rotation(k, d_model) @ table[position]

    np.testing.assert_allclose(turned, table[position + k], atol=1e-12)


@law
@given(st.integers(-99, 99), st.integers(-99, 99))
def test_rotations_add_up_and_keep_lengths(j, k):
    one, other = rotation(j, 6), rotation(k, 6)

    np.testing.assert_allclose(one @ other, rotation(j + k, 6), atol=1e-12)
    np.testing.assert_allclose(one @ one.T, np.eye(6), atol=1e-12)


def test_the_rotation_equals_torch():
    np.testing.assert_allclose(rotation(3, 6, base=50), positions.rotation(3, 6, 50), atol=1e-7)


def test_the_rotation_of_a_pair_by_hand():
    cos, sin = np.cos(3), np.sin(3)

    np.testing.assert_allclose(rotation(3, 2), [[cos, sin], [-sin, cos]], rtol=1e-15)


@law
@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_the_dot_product_of_two_encodings_depends_on_their_distance_alone(i, j, shift):
    table = sinusoidal(200, 8)

    assert table[i] @ table[j] == pytest.approx(table[i + shift] @ table[j + shift], abs=1e-12)


@pytest.mark.parametrize("start", [0, 3])
def test_rope_equals_torch(start):
    x = rand(2, N_HEADS, T, D_HEAD)

    theirs = positions.Rotary(D_HEAD, base=100.0)(torch.tensor(x), start)

    np.testing.assert_allclose(rope(x, start, base=100.0), theirs, rtol=1e-12, atol=1e-15)


def test_the_usual_base_of_rope_is_that_of_the_sinusoids():
    x = rand(T, D_HEAD)

    theirs = positions.Rotary(D_HEAD)(torch.tensor(x))

    np.testing.assert_allclose(rope(x), theirs, rtol=1e-12, atol=1e-15)


@law
@given(seeds, st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_rotated_scores_depend_on_the_distance_alone(seed, i, j, shift):
    q, k = rand(2, 6, seed=seed)

    here, there = rope(q, i) @ rope(k, j), rope(q, i + shift) @ rope(k, j + shift)

    assert here == pytest.approx(there, abs=1e-9)


@law
@given(seeds, st.integers(-99, 99))
def test_turning_keeps_every_length(seed, start):
    x = rand(T, 6, seed=seed)

    turned = rope(x, start)

    np.testing.assert_allclose(np.linalg.norm(turned, axis=-1), np.linalg.norm(x, axis=-1), rtol=1e-12)


def test_position_zero_is_left_alone():
    x = rand(T, 6)

    np.testing.assert_array_equal(rope(x)[0], x[0])
    np.testing.assert_array_equal(rope(x, [0] * T), x)


def test_rows_may_stand_anywhere():
    x = rand(3, 6)

    scattered = rope(x, [4, 0, 2])

    alone = [rope(x[0], 4), rope(x[1], 0), rope(x[2], 2)]
    np.testing.assert_allclose(scattered, alone, rtol=1e-15)
    np.testing.assert_allclose(rope(x, 5), rope(x, [5, 6, 7]), rtol=1e-15)


def test_at_a_quarter_turn_a_position_the_scores_are_5_5_minus_5_minus_5():
    q, keys = rope([1, 2], angle=QUARTER), rope([[3, 1]] * 4, angle=QUARTER)

    np.testing.assert_allclose(keys @ q, [5, 5, -5, -5], rtol=1e-14)
    np.testing.assert_allclose(keys @ q, pocket.arrays(pocket.rope_scores), rtol=1e-14)


def test_the_same_distance_the_other_way_gives_another_score():
    queries, k = rope([[1, 2]] * 4, angle=QUARTER), rope([3, 1], angle=QUARTER)

    np.testing.assert_allclose(queries @ k, [5, -5, -5, 5], rtol=1e-14)


def test_the_angle_turns_every_pair():
    turned = rope([1, 0, 0, 1], 1, angle=QUARTER)

    np.testing.assert_allclose(turned, [0, 1, -1, 0], atol=1e-15)


@pytest.mark.parametrize("n_heads", range(1, 18))
def test_the_slopes_equal_torch(n_heads):
    np.testing.assert_allclose(alibi_slopes(n_heads), positions.alibi_slopes(n_heads), rtol=1e-6)


def test_the_slopes_of_eight_heads_are_halves_of_one_another():
    np.testing.assert_array_equal(alibi_slopes(8), 0.5 ** np.arange(1, 9))


@pytest.mark.parametrize(("n_queries", "n_keys"), [(5, 5), (3, 7), (1, 4)])
def test_alibi_equals_torch(n_queries, n_keys):
    theirs = positions.alibi(positions.alibi_slopes(3), n_queries, n_keys)

    np.testing.assert_allclose(alibi(3, n_queries, n_keys), theirs, rtol=1e-6)


@law
@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 8), st.integers(0, 8))
def test_alibi_depends_on_the_distance_alone(i, j, other, distance):
    bias = alibi(3, 17, 17)

    assert (bias[:, i, i + distance] == bias[:, other + distance, other]).all()
    assert np.unique(np.diagonal(bias, j, 1, 2), axis=1).shape == (3, 1)


def test_alibi_takes_nothing_from_a_position_s_own_score():
    own = np.diagonal(alibi(3, 5, 5), axis1=1, axis2=2)

    assert (own == 0).all()
    assert not np.signbit(own).any()


def in_torch(order):
    torch.manual_seed(0)
    attend = MultiHeadAttention(D_MODEL, N_HEADS, bias=False, order=order).double().eval()
    return attend, [w.weight for w in (attend.w_q, attend.w_k, attend.w_v)]


def test_attention_to_rotated_keys_equals_the_course_s_own_in_torch():
    x, (attend, matrices) = rand(T, D_MODEL), in_torch("rotary")
    q, k, v = (split_heads(project(x, w), N_HEADS) for w in matrices)

    theirs = attend(torch.tensor(x)[None], causal=True)[0].detach()

    output = attention(rope(q), rope(k), v, causal(T)).output
    ours = project(merge_heads(output), attend.w_o.weight)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_attention_with_alibi_added_to_its_scores_equals_the_course_s_own_in_torch():
    x, (attend, matrices) = rand(T, D_MODEL), in_torch("alibi")
    q, k, v = (split_heads(project(x, w), N_HEADS) for w in matrices)

    theirs = attend(torch.tensor(x)[None], causal=True)[0].detach()

    weights = softmax(attention(q, k, v, causal(T)).scores + alibi(N_HEADS, T, T))
    ours = project(merge_heads(weights @ v), attend.w_o.weight)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


ODD = "the width is 5: sines and cosines come in pairs, so make it even."


REFUSED = {
    "odd width of sinusoids": (lambda: sinusoidal(3, 5), InputError, ODD),
    "odd width of a rotation": (lambda: rotation(3, 5), InputError, ODD),
    "odd width of rope": (lambda: rope([1, 2, 3, 4, 5]), InputError, ODD),
    "no width": (
        lambda: sinusoidal(3, 0),
        InputError,
        "the width is 0: sines and cosines come in pairs, so make it even.",
    ),
    "layout unknown": (
        lambda: sinusoidal(3, 4, layout="sines first"),
        InputError,
        "layout is 'sines first': it must be 'interleaved' or 'concatenated'.",
    ),
    "form unknown": (
        lambda: sinusoidal(3, 4, form="log"),
        InputError,
        "form is 'log': it must be 'power' or 'exp-log'.",
    ),
    "base 0": (
        lambda: sinusoidal(3, 4, base=0),
        InputError,
        "base is 0: it must be a finite number above 0.",
    ),
    "text": (
        lambda: rope("x"),
        InputError,
        "x is text, not numbers: give a list or an array of numbers.",
    ),
    "too few positions": (
        lambda: rope([[1, 2]] * 3, [0, 1]),
        ShapeError,
        "positions has length 2 and x has 3 rows: give one position a row.",
    ),
    "too many positions": (
        lambda: rope([1, 2], [0, 1]),
        ShapeError,
        "positions has length 2 and x has 1 rows: give one position a row.",
    ),
    "positions of text": (
        lambda: rope([1, 2], "first"),
        InputError,
        "positions is text, not numbers: give a list or an array of numbers.",
    ),
    "several angles": (
        lambda: rope([1, 2], angle=[1, 2]),
        ShapeError,
        "angle has 1 axis (shape (2,)), but 0 are needed: reshape it.",
    ),
    "no head": (lambda: alibi_slopes(0), InputError, "n_heads is 0: give one head at least."),
    "more queries than keys": (
        lambda: alibi(3, 2, 1),
        InputError,
        "2 queries and 1 keys: give at least one query, and a key to each.",
    ),
    "no query": (
        lambda: alibi(3, 0, 1),
        InputError,
        "0 queries and 1 keys: give at least one query, and a key to each.",
    ),
}


@pytest.mark.parametrize(("call", "error", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_refused_in_one_sentence(call, error, sentence):
    with pytest.raises(error) as refusal:
        call()

    assert str(refusal.value) == sentence
