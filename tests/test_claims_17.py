"""The bug museum: each bug is a bug, passes a careless test, and needs no fewer numbers than said."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from strategies import close, few

from transformer_lib import plots, pocket
from transformer_lib.exercises import EXERCISES, check, encoders
from transformer_lib.exercises.mistake_bank import wrong_turns
from transformer_lib.exercises.museum import buggy, right
from transformer_lib.shapes import InputError
from transformer_lib.steps import attention, causal, self_attention, softmax

numbers = st.integers(-40, 40).map(lambda n: n / 8)

# An ordinary input of each exhibit, on which its two versions differ.
TELLING = {
    "add_positions": (np.arange(24.0).reshape(2, 3, 4),),
    "head_weights": (np.sin(np.arange(15 * 4)).reshape(15, 4), 2),
    "split_heads": (np.arange(12.0).reshape(3, 4), 2),
    "causal_weights": (np.sin(np.arange(9)).reshape(3, 3),),
    "hide_padding": (np.array([-10_000.0, -10_001.0, 3.0]), 2),
    "decoder_weights": (np.array([0, 5, 7]),),
    "layer_norm": (np.array([9.0, 3.0, 3.0, 1.0]),),
    "query_weights": (np.sin(np.arange(9)).reshape(3, 3),),
    "copycat_score": (np.array([3, 5, 5, 8]),),
    "masked_weights": (np.array([1.0, 2.0, 3.0]), np.array([True, False, True])),
    "after_one_step": (np.array([1.0, 2.0, 3.0]),),
    "is_causal": (np.full((3, 3), 1 / 3),),
}

# What a careless test would try, and see nothing.
CARELESS = {
    "one vector": ("add_positions", np.ones((1, 1, 4))),
    "one head": ("head_weights", np.arange(12.0).reshape(3, 4), 1),
    "zeros, in heads": ("head_weights", np.zeros((3, 4)), 2),
    "one position, in heads": ("head_weights", np.arange(4.0).reshape(1, 4), 2),
    "one head to cut": ("split_heads", np.arange(12.0).reshape(3, 4), 1),
    "zeros to cut": ("split_heads", np.zeros((3, 4)), 2),
    "one vector to cut": ("split_heads", np.arange(4.0).reshape(1, 4), 2),
    "one position under a mask": ("causal_weights", np.array([[3.0]])),
    "saturated scores under a mask": ("causal_weights", 1000 * np.eye(3)),
    "ordinary scores": ("hide_padding", np.array([1.0, 2.0, 3.0]), 2),
    "no padding": ("hide_padding", np.array([1.0, 2.0, 3.0]), 3),
    "padding behind": ("decoder_weights", np.array([5, 7, 0])),
    "zeros to normalise": ("layer_norm", np.zeros(4)),
    "a square of zeros": ("query_weights", np.zeros((3, 3))),
    "one query and one key": ("query_weights", np.array([[3.0]])),
    "a text of one word": ("copycat_score", np.array([5, 5, 5])),
    "nothing hidden": ("masked_weights", np.array([1.0, 2.0]), np.array([True, True])),
    "one layer": ("after_one_step", np.array([2.0])),
    "zero gradients": ("after_one_step", np.zeros(3)),
    "a causal table": ("is_causal", np.tri(3) / [[1], [2], [3]]),
    "a table of one": ("is_causal", np.array([[1.0]])),
}


def both(name, *arguments):
    """Run both versions; a refusal counts as a result."""
    return tuple(outcome(version, name, arguments) for version in (right, buggy))


def outcome(version, name, arguments):
    try:
        return np.asarray(getattr(version, name)(*arguments), dtype=float)
    except InputError as error:
        return str(error)


def table(rows, columns):
    return arrays(np.float64, (rows, columns), elements=numbers)


# ---- The museum


@pytest.mark.parametrize("name", TELLING)
def test_each_bug_is_a_bug(name):
    sound, wrong = both(name, *TELLING[name])

    assert isinstance(sound, str) or np.abs(sound - wrong).max() > 0.01


@pytest.mark.parametrize("name", sorted(TELLING.keys() - {"decoder_weights"}))
def test_each_bug_gives_the_right_shape(name):
    sound, wrong = both(name, *TELLING[name])

    assert sound.shape == wrong.shape


@pytest.mark.parametrize("case", CARELESS.values(), ids=CARELESS)
def test_a_careless_input_exposes_nothing(case):
    sound, wrong = both(*case)

    np.testing.assert_allclose(wrong, sound, **close)


def test_every_exhibit_has_a_careless_input():
    assert {name for name, *_ in CARELESS.values()} == TELLING.keys()


@pytest.mark.parametrize("number", [f"17.{k}" for k in range(1, 13)])
def test_every_reference_is_as_small_as_can_be(number):
    verdict = check(number, EXERCISES[number].reference)

    assert "no fewer will do" in verdict.sentence


def test_a_larger_input_is_told_how_few_numbers_would_do():
    assert "That took 12 numbers; 4 would do." in check("17.3", (np.arange(12).reshape(3, 4), 2)).sentence


@pytest.mark.parametrize("number", ["17.2", "17.3", "17.5", "17.10"])
def test_a_pair_with_one_part_open_is_not_tried_yet(number):
    verdict = check(number, (..., 1))

    assert verdict.status == "not tried yet"


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        *((number, [[1, 0], [0, 0]]) for number in ("17.2", "17.3", "17.5")),
        ("17.10", [0, 0]),
        *((number, 7) for number in ("17.2", "17.3", "17.5", "17.10")),
    ],
)
def test_one_thing_in_place_of_two_is_told_which_two(number, answer):
    assert "Give two things in round brackets: (" in check(number, answer).sentence


@pytest.mark.parametrize("number", [f"17.{k}" for k in range(1, 13)])
def test_no_exercise_asks_for_several_shapes(number):
    assert " or 2 or 3" not in check(number, 0).sentence


@pytest.mark.parametrize(
    ("number", "answer", "told"),
    [
        ("17.2", ([[1, 2, 3, 4], [5, 6, 7, 8]], 2), "Scores so large"),
        ("17.2", ([[100, 0], [0, 0]], 2), "Scores so large"),
        ("17.5", ([0, 10_000], 1), "Hidden scores all become −10,000"),
        ("17.7", [0, 0], "Two or more equal entries"),
        ("17.7", [0, 0.001], "beside the ε"),
    ],
)
def test_an_input_that_exposes_nothing_is_told_why(number, answer, told):
    assert told in check(number, answer).sentence


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ([[0, 0], [0, 0]], "Row 1 has nobody to look at but itself."),
        ([[100, 0], [0, 0]], "Row 2 may look back at position 1."),
        ([[5, 0, 9], [0, 0, 0], [0, 0, 9]], "Row 1 has nobody to look at but itself."),
        ([[9, 0, 0], [0, 0, 9], [0, 0, 9]], "Row 2 may not look ahead at position 3."),
    ],
)
def test_the_causal_law_is_told_for_the_place_where_the_two_part(scores, told):
    assert told in check("17.4", scores).sentence


# ---- No fewer numbers will do, exhibit by exhibit.


@few
@given(arrays(np.float64, (1, 1, 2), elements=numbers))
def test_positions_in_a_batch_need_four_numbers(x):
    sound, wrong = both("add_positions", x)

    np.testing.assert_array_equal(sound, wrong)


@few
@given(array_shapes(min_dims=2, max_dims=2, max_side=3), st.integers(1, 3), st.data())
def test_heads_need_two_vectors_of_two_entries(shape, n_heads, data):
    assume(shape[0] * shape[1] < 4 and shape[1] % n_heads == 0)
    x = data.draw(arrays(np.float64, shape, elements=numbers))

    parted = both("split_heads", x, n_heads), both("head_weights", x, n_heads)

    np.testing.assert_array_equal(*parted[0])
    np.testing.assert_allclose(*parted[1], **close)


@few
@given(table(1, 1))
def test_a_causal_mask_and_its_test_need_two_positions(x):
    masked, judged = both("causal_weights", x), both("is_causal", x)

    np.testing.assert_array_equal(*masked)
    np.testing.assert_array_equal(*judged)


@few
@given(table(1, 1), st.integers(0, 9))
def test_an_axis_a_mask_and_a_step_need_two_numbers(x, gradient):
    axis, late = both("query_weights", x), both("masked_weights", x[0], np.array([True]))

    np.testing.assert_array_equal(*axis)
    np.testing.assert_array_equal(*late)
    np.testing.assert_array_equal(*both("after_one_step", [gradient]))


# ---- The laws that the exercises state: they hold for the right versions.


@few
@given(table(3, 2), table(3, 4))
def test_a_right_head_does_not_care_what_stands_beside_it(own, others):
    alone = right.head_weights(own, 1)[0]

    beside = right.head_weights(np.hstack([own, others]), 3)[0]

    np.testing.assert_allclose(beside, alone, **close)


@few
@given(arrays(np.float64, st.integers(2, 8), elements=numbers))
def test_a_right_norm_has_mean_square_1_and_the_unbiased_one_less(x):
    assume(np.ptp(x) > 1)

    sound, wrong = both("layer_norm", x)

    np.testing.assert_allclose(np.mean(sound**2), 1, rtol=0, atol=1e-3)
    np.testing.assert_allclose(np.mean(wrong**2), (len(x) - 1) / len(x), rtol=0, atol=1e-3)


@few
@given(st.lists(st.integers(0, 9), min_size=2, max_size=9))
def test_a_copycat_without_the_shift_is_always_right(tokens):
    sound, wrong = both("copycat_score", tokens)

    assert wrong == 1
    assert (sound == 1) == (len(set(tokens)) == 1)


@few
@given(st.lists(numbers, min_size=2, max_size=6))
def test_a_shared_layer_takes_all_steps(gradients):
    sound, wrong = both("after_one_step", gradients)

    np.testing.assert_allclose(sound, 1 - 0.1 * np.array(gradients), **close)
    np.testing.assert_allclose(wrong, 1 - 0.1 * sum(gradients), **close)


@few
@given(st.integers(1, 5).flatmap(lambda n: table(n, n)))
def test_the_vacuous_test_says_true_to_everything(weights):
    assert buggy.is_causal(weights)
    assert right.is_causal(weights) == (not np.triu(weights, 1).any())


@few
@given(arrays(np.float64, (2, 3, 4), elements=numbers))
def test_the_batch_bug_is_the_one_of_chapter_8(x):
    sound, wrong = both("add_positions", x)

    np.testing.assert_array_equal(sound, encoders.SOUND[0](x))
    np.testing.assert_array_equal(wrong, encoders.BUGGY[0](x))


# ---- Propositions 17.1 and 17.2


@few
@given(table(4, 3), st.floats(0.1, 9), st.floats(0.1, 9), st.sampled_from([0, 1]))
def test_with_scores_of_zero_every_scale_base_and_axis_gives_the_mean(v, scale, base, axis):
    scores = np.zeros((4, 4)) / scale

    output = softmax(scores, axis=axis, base=base) @ v

    np.testing.assert_allclose(output, np.tile(v.mean(axis=0), (4, 1)), **close)


@few
@given(table(1, 2), table(1, 2), table(1, 3), st.sampled_from([None, causal(1), causal(1).T]))
def test_one_position_gives_its_value_whatever_scale_base_and_mask(q, k, v, allowed):
    for_each = [attention(q, k, v, allowed, scaled=s, base=b) for s in (True, False) for b in (2, np.e)]

    np.testing.assert_allclose([steps.output for steps in for_each], [v] * 4, **close)


# ---- What each test catches


def test_all_wrong_turns_have_the_right_shape_and_rows_that_mostly_sum_to_1():
    turns = wrong_turns(pocket.a, pocket.w_q, pocket.w_k, pocket.w_v)

    assert {(turn.weights.shape, turn.output.shape) for turn in turns.values()} == {((4, 4), (4, 2))}
    assert sum(not np.allclose(turn.weights.sum(axis=1), 1) for turn in turns.values()) == 5


def test_with_one_matrix_for_all_two_wrong_turns_are_not_seen():
    one = (pocket.w_q,) * 3
    good = self_attention(pocket.a, *one)
    all_turns = wrong_turns(pocket.a, pocket.w_q, pocket.w_k, pocket.w_v)

    seen = {
        name
        for name, turn in wrong_turns(pocket.a, *one).items()
        if not np.allclose(turn.output, good.output)
    }

    assert all_turns.keys() - seen == {"q and k swapped", "K used as V"}


def test_the_figure_draws_each_count_to_scale():
    figure = plots.caught({"shapes": 0, "by hand": 21}, 21, "A title")

    widths = [bar.get_width() for bar in figure.axes[0].patches]

    assert widths == [21, 21, 0, 21]
    assert "shapes: 0; by hand: 21" in figure.alt
