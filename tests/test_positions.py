"""Positions: sinusoids that turn, rotary pairs and ALiBi that know distances alone, learned vectors."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import N_HEADS, B, S, T, law, rand

from transformer_lib.positions import (
    LearnedPositions,
    Rotary,
    SinusoidalPositions,
    alibi,
    alibi_slopes,
    rotation,
    sinusoidal,
)
from transformer_lib.shapes import InputError

D = 6
TABLE = 64  # positions the table of sinusoids holds before it grows

places = st.integers(0, 99)
bases = st.sampled_from([10.0, 100.0, 10_000.0])


@given(places, st.integers(0, D // 2 - 1), bases)
@law
def test_each_entry_is_the_formula_of_the_paper(pos, i, base):
    angle = pos / base ** (2 * i / D)

    table = sinusoidal(pos + 1, D, base=base)

    assert table.shape == (pos + 1, D)
    assert table[pos, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
    assert table[pos, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


@pytest.mark.parametrize("form", ["power", "exp-log"])
def test_the_base_is_ten_thousand(form):
    table = sinusoidal(2, 4, form=form)

    assert table[1].tolist() == pytest.approx([0.841471, 0.540302, 0.0099998, 0.99995], abs=1e-6)


def test_both_forms_are_the_same_numbers():
    powers, logarithms = sinusoidal(S, D, base=100.0), sinusoidal(S, D, form="exp-log", base=100.0)

    torch.testing.assert_close(powers, logarithms, rtol=0, atol=1e-6)


def test_the_layouts_differ_by_the_order_of_their_columns():
    interleaved, concatenated = sinusoidal(S, D), sinusoidal(S, D, layout="concatenated")

    assert torch.equal(concatenated, interleaved[:, [0, 2, 4, 1, 3, 5]])


@given(places, st.integers(-50, 50), bases)
@law
def test_a_step_of_k_is_one_rotation_wherever_it_starts(pos, k, base):
    pos += max(0, -k)
    table = sinusoidal(pos + abs(k) + 1, D, base=base)

    torch.testing.assert_close(table[pos + k], rotation(k, D, base) @ table[pos], rtol=0, atol=1e-5)


def test_the_rotation_has_the_base_of_the_paper():
    table = sinusoidal(S, D)

    torch.testing.assert_close(table[4], rotation(3, D) @ table[1], rtol=0, atol=1e-6)


@given(places, places, places)
@law
def test_two_encodings_overlap_by_their_distance_alone(pos, distance, shift):
    table = sinusoidal(pos + distance + shift + 1, D).double()

    here = table[pos] @ table[pos + distance]
    there = table[pos + shift] @ table[pos + distance + shift]

    torch.testing.assert_close(here, there, rtol=0, atol=1e-5)


@pytest.mark.parametrize("width", [5, 1, 0])
@pytest.mark.parametrize("make", [lambda d: sinusoidal(3, d), lambda d: rotation(3, d), Rotary])
def test_sines_and_cosines_need_an_even_width(make, width):
    with pytest.raises(InputError, match=rf"^the width is {width}: sines and cosines come in pairs, so make"):
        make(width)


@pytest.mark.parametrize("base", [0, -1.0, math.inf, math.nan])
def test_the_base_is_above_nothing(base):
    with pytest.raises(InputError, match=rf"^base is {base}: it must be a finite number above 0\.$"):
        sinusoidal(3, D, base=base)


@pytest.mark.parametrize(
    ("name", "choices"), [("layout", "'interleaved' or 'concat"), ("form", "'power' or 'exp")]
)
def test_a_choice_that_does_not_exist_is_refused(name, choices):
    with pytest.raises(InputError, match=rf"^{name} is 'other': it must be {choices}"):
        sinusoidal(3, D, **{name: "other"})


@pytest.mark.parametrize("n", [3, TABLE, TABLE + 1, 3 * TABLE])
def test_the_table_of_sinusoids_grows_with_the_sequence(n):
    table = SinusoidalPositions(D)

    assert torch.equal(table(n), sinusoidal(n, D))
    assert torch.equal(table(2, start=n - 2), sinusoidal(n, D)[-2:])
    assert torch.equal(table(5, start=n), sinusoidal(n + 5, D)[-5:])


def test_the_table_of_sinusoids_holds_as_many_positions_as_one_more_step_needs():
    table = SinusoidalPositions(D)

    assert len(table(1, start=TABLE - 1)) == 1
    assert len(table.table) == TABLE
    assert len(table(1, start=TABLE)) == 1
    assert len(table.table) == 2 * (TABLE + 1)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_table_of_sinusoids_keeps_the_type_of_the_model(dtype):
    table = SinusoidalPositions(D).to(dtype)

    assert table(3).dtype == dtype
    assert table(2 * TABLE).dtype == dtype


def test_tables_are_real_also_in_a_model_that_waits_for_its_weights():
    x, expected = rand(T, D), sinusoidal(T, D)

    with torch.device("meta"):
        turned, table, slopes = Rotary(D)(x), SinusoidalPositions(D)(T), alibi_slopes(N_HEADS)

    assert torch.equal(table, expected)
    assert torch.equal(turned, Rotary(D)(x))
    assert torch.equal(slopes, alibi_slopes(N_HEADS))


def test_a_table_is_no_part_of_what_a_model_saves():
    assert not SinusoidalPositions(D).state_dict()
    assert not Rotary(D).state_dict()


def test_learned_positions_are_rows_of_one_matrix():
    learned = LearnedPositions(S, D)

    assert torch.equal(learned(T), learned.weight[:T])
    assert torch.equal(learned(S - 2, start=2), learned.weight[2:])


@pytest.mark.parametrize(("n", "start"), [(S + 1, 0), (1, S), (3, S - 2)])
def test_what_was_not_learned_is_refused(n, start):
    sentence = f"^the sequence has {n + start} positions and the model learned {S}: cut it, or make max_len"
    with pytest.raises(InputError, match=sentence):
        LearnedPositions(S, D)(n, start)


@given(places, places, places, st.integers(0, 2**31))
@law
def test_rotated_scores_depend_on_the_distance_alone(here, distance, shift, seed):
    turn, q, k = Rotary(D), rand(B, 1, D, seed=seed), rand(B, 1, D, seed=seed + 1)

    score = turn(q, here + distance) @ turn(k, here).mT
    shifted = turn(q, here + distance + shift) @ turn(k, here + shift).mT

    torch.testing.assert_close(score, shifted, rtol=0, atol=1e-10)


def test_a_pair_is_a_complex_number_multiplied_by_one_on_the_unit_circle():
    x, base = rand(B, N_HEADS, T, D), 100.0
    frequency = torch.tensor([1.0, base ** (-1 / 3), base ** (-2 / 3)], dtype=torch.float64)
    phase = torch.polar(torch.ones(T, D // 2).double(), torch.arange(T)[:, None] * frequency)

    turned = torch.view_as_real(torch.view_as_complex(x.unflatten(-1, (-1, 2))) * phase).flatten(-2)

    torch.testing.assert_close(Rotary(D, base)(x), turned)


@pytest.mark.parametrize("base", [0.5, 1.0, 10_000.0])
def test_one_pair_alone_turns_by_one_radian_a_position_whatever_the_base(base):
    x = torch.tensor([[1.0, 0.0], [1.0, 0.0]])

    turned = Rotary(2, base)(x)

    torch.testing.assert_close(turned[1], torch.tensor([math.cos(1), math.sin(1)]))


def test_the_first_position_is_not_turned():
    x = rand(B, 1, D).float()

    assert torch.equal(Rotary(D)(x), x)


def test_rotary_frequencies_have_the_base_of_the_paper():
    x = rand(1, T, D)

    assert torch.equal(Rotary(D)(x), Rotary(D, 10_000.0)(x))
    assert not torch.equal(Rotary(D)(x), Rotary(D, 10_001.0)(x))


@given(st.integers(0, 3 * TABLE), st.integers(1, 9))
@law
def test_a_piece_is_turned_as_it_is_within_the_whole(start, n):
    x = rand(B, start + n, D)

    assert torch.equal(Rotary(D)(x[:, start:], start), Rotary(D)(x)[:, start:])


def test_the_rotary_table_is_made_anew_only_when_it_is_too_short():
    turn = Rotary(D)
    turn(rand(T, D))
    first = turn.cos

    turn(rand(2, D), start=2 * T - 2)
    again = turn.cos
    turn(rand(1, D), start=2 * T)

    assert again is first
    assert len(first) == 2 * T
    assert len(turn.cos) == len(turn.sin) == 2 * (2 * T + 1)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float32])
def test_rotary_tables_follow_the_type_of_the_input(dtype):
    turn, x = Rotary(D), rand(B, T, D)

    turned = turn(x.to(dtype))

    assert turned.dtype == dtype
    torch.testing.assert_close(turned, turn(x).to(dtype), rtol=0, atol=4 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("n", [T, 2 * TABLE])
def test_tables_made_while_generating_serve_in_training(n):
    turn, table = Rotary(D), SinusoidalPositions(D).double()
    x = rand(n, D).requires_grad_()

    with torch.inference_mode():
        turn(x)
        table(n)
    (turn(x) * table(n)).sum().backward()

    assert x.grad is not None


@pytest.mark.parametrize(
    ("n_heads", "slopes"),
    [
        (1, [2**-8]),
        (2, [2**-4, 2**-8]),
        (8, [2**-i for i in range(1, 9)]),
        (3, [2**-4, 2**-8, 2**-2]),
        (6, [2**-2, 2**-4, 2**-6, 2**-8, 2**-1, 2**-3]),
    ],
)
def test_slopes_are_those_of_the_paper(n_heads, slopes):
    assert alibi_slopes(n_heads).tolist() == slopes


@given(st.integers(1, 9), st.integers(0, 9), st.integers(1, 9))
@law
def test_alibi_depends_on_the_distance_alone(n_queries, n_past, shift):
    slopes, n_keys = alibi_slopes(N_HEADS), n_past + n_queries

    here = alibi(slopes, n_queries, n_keys)
    there = alibi(slopes, n_queries, n_keys + shift)[..., shift:]

    assert here.shape == (N_HEADS, n_queries, n_keys)
    assert torch.equal(here, there)


def test_alibi_takes_the_slope_for_each_step_away_to_either_side():
    lowered = alibi(torch.tensor([0.5, 2.0]), 2, 3)

    assert lowered.tolist() == [
        [[-0.5, 0.0, -0.5], [-1.0, -0.5, 0.0]],
        [[-2.0, 0.0, -2.0], [-4.0, -2.0, 0.0]],
    ]
    assert not lowered[:, 0, 1].signbit().any()


def test_alibi_stands_where_the_slopes_are():
    lowered = alibi(alibi_slopes(N_HEADS).to("meta"), T, S)

    assert lowered.is_meta
