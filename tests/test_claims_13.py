"""The claims of chapter 13: the loss and its slope, what a bag of words can tell, and what was recorded."""

import math
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import few

from transformer_lib import data, records
from transformer_lib.config import ORIGINAL, TransformerConfig
from transformer_lib.exercises import chapter_13
from transformer_lib.models import Transformer
from transformer_lib.training import seeded, token_losses

V = 7
logits = st.lists(st.integers(-40, 40).map(lambda n: n / 10), min_size=V, max_size=V)
smoothings = st.sampled_from([0.0, 0.1, 0.3])
tokens = st.integers(1, V - 1)


def smoothed(token, epsilon, n_tokens=V):
    target = torch.full((n_tokens,), epsilon / n_tokens, dtype=torch.float64)
    target[token] += 1 - epsilon
    return target


def loss_of(z, token, epsilon):
    return token_losses(z.unsqueeze(0), torch.tensor([token]), epsilon).sum()


def model(**family):
    sizes = {"source_vocab_size": 9, "target_vocab_size": V, "d_model": 16, "n_heads": 2, "d_ff": 20}
    with seeded(13):
        return Transformer(TransformerConfig(family=replace(ORIGINAL, **family), n_layers=2, **sizes)).eval()


# ---- The loss


def test_by_hand_a_half_a_quarter_and_an_eighth_give_two_ln_2():
    p = torch.tensor([[1 / 4, 1 / 2, 1 / 8, 1 / 8], [1 / 4] * 4, [1 / 4, 1 / 4, 3 / 8, 1 / 8]])

    loss = token_losses(p.log(), torch.tensor([1, 2, 3])).mean()

    assert loss.item() == pytest.approx(2 * math.log(2))


@few
@given(logits, tokens, st.sampled_from([0.1, 0.3]))
def test_no_probabilities_bring_a_smoothed_loss_below_the_entropy_of_its_target(z, token, epsilon):
    target = smoothed(token, epsilon)

    loss = loss_of(torch.tensor(z, dtype=torch.float64), token, epsilon)

    assert loss >= -(target * target.log()).sum() - 1e-9


@few
@given(tokens, st.sampled_from([0.1, 0.3]))
def test_the_floor_is_reached_where_the_probabilities_are_the_target(token, epsilon):
    target = smoothed(token, epsilon)

    loss = loss_of(target.log(), token, epsilon)

    assert loss.item() == pytest.approx(-(target * target.log()).sum().item())


def test_with_34_tokens_and_a_tenth_spread_the_floor_is_0_658():
    target = smoothed(3, 0.1, n_tokens=34)

    assert -(target * target.log()).sum().item() == pytest.approx(0.658, abs=1e-4)
    assert len(data.number_words(4, 2).target_vocabulary) == 34


@few
@given(logits, tokens, smoothings)
def test_the_slope_of_the_loss_is_p_minus_the_target(z, token, epsilon):
    z = torch.tensor(z, dtype=torch.float64, requires_grad=True)

    (slope,) = torch.autograd.grad(loss_of(z, token, epsilon), z)

    expected = z.softmax(-1).detach() - smoothed(token, epsilon)
    np.testing.assert_allclose(slope, expected, rtol=0, atol=1e-9)


# ---- What a table would pay that has counted the English words, and sees none of the German


def cost_of_a_table(sees):
    """Give the least smoothed loss of a table that knows how often each word follows the last `sees`."""
    words = data.number_words()
    counts = defaultdict(lambda: np.zeros(34))
    for row, weight in zip(words.train.target.tolist(), words.weights.tolist(), strict=True):
        text = [token for token in row if token]
        for i in range(1, len(text)):
            counts[tuple(text[max(0, i - sees) : i])][text[i]] += weight
    table = np.array(list(counts.values()))
    often = table.sum(1)
    target = 0.9 * table / often[:, None] + 0.1 / 34
    return -(target * np.log(target)).sum(1) @ often / often.sum()


@pytest.mark.slow
def test_a_table_pays_2_87_for_frequencies_and_2_11_with_the_word_before():
    costs = [cost_of_a_table(sees) for sees in (0, 1, 9)]

    assert costs == pytest.approx([2.868, 2.113, 1.92], abs=0.005)


# ---- Without positions


@few
@given(st.lists(st.integers(1, 8), min_size=2, max_size=6), st.data())
def test_without_positions_a_reordered_source_gives_the_same_logits(source, draw):
    other = draw.draw(st.permutations(source))
    network, target = model(positions="none"), torch.tensor([[1, 4, 3]])

    with torch.no_grad():
        before, after = network(torch.tensor([source]), target), network(torch.tensor([other]), target)

    np.testing.assert_allclose(after, before, rtol=0, atol=1e-4)


def test_with_positions_a_reordered_source_gives_other_logits():
    network, target = model(), torch.tensor([[1, 4, 3]])

    with torch.no_grad():
        before, after = network(torch.tensor([[3, 5, 4]]), target), network(torch.tensor([[4, 5, 3]]), target)

    assert (after - before).abs().max() > 0.01


def test_the_german_for_ten_thousand_numbers_makes_3652_bags():
    share = chapter_13.best_share([data.german(n) for n in range(10_000)])

    assert share == 0.3652


def test_two_thousand_three_hundred_and_forty_eight_shares_its_bag():
    assert sorted(data.german(2348)) == sorted(data.german(3248))


# ---- The checker's number words


def test_the_checker_says_numbers_as_the_data_do():
    numbers = [*range(1200), *range(1200, 100_000, 997)]

    assert [chapter_13.german(n) for n in numbers] == [data.german(n) for n in numbers]
    assert [chapter_13.english(n) for n in numbers] == [data.english(n) for n in numbers]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("exam", "sizes"), [("held_out", ()), ("exam", (20_000, 2_000, 100_000))], ids=["13.4", "13.1"]
)
def test_the_checkers_exams_are_what_the_data_hold_out(exam, sizes):
    words = data.number_words(*sizes)

    assert list(chapter_13.exam(exam)) == words.numbers[len(words.train.source) :].tolist()


# ---- What was recorded, as the chapter tells it


@pytest.fixture(scope="module")
def record():
    return records.load("translation")


def exact(record, name):
    return [run["exact"] for run in record["changes"][name]]


def test_every_training_reaches_the_bar(record):
    last = [run["moments"][-1]["exact"] for run in record["trainings"]]

    assert [run["seed"] for run in record["trainings"]] == record["seeds"] == [0, 1, 2]
    assert min(last) >= 0.995


def test_five_digits_come_out_right_at_most_once_in_seven(record):
    assert max(run["five_digits"] for run in record["trainings"]) < 1 / 7


def test_without_positions_no_more_is_right_than_a_bag_allows(record):
    shares = [run["exact_of_all"] for run in record["changes"]["no positions"]]

    assert 0.34 < min(shares) <= max(shares) < 0.3652
    assert shares[0] == pytest.approx(0.35, abs=0.005)


def test_on_the_held_out_alone_a_bag_allows_far_more():
    words = data.number_words()
    share = chapter_13.best_share([data.german(n) for n in words.numbers[len(words.train.source) :].tolist()])

    assert share == pytest.approx(0.7665, abs=0.001)


def test_a_beam_of_four_mends_one_held_out_number_and_next_to_none_of_five_digits(record):
    searched = {
        exam: [run["beam"][exam] for run in record["trainings"]] for exam in ("five_digits", "held_out")
    }
    last = [run["moments"][-1]["exact"] for run in record["trainings"]]

    assert [found["exact"] for found in searched["five_digits"]] == [0.135, 0.08, 0.017]
    assert [found["other"] for found in searched["five_digits"]] == [114, 29, 201]
    assert [found["other"] for found in searched["held_out"]] == [0, 1, 0]
    assert last[1] == 0.9995  # one mistake: 10 is written "and ten"
    assert searched["held_out"][1]["exact"] == 1


def test_without_a_mask_the_loss_is_that_of_a_good_model_and_nothing_is_right(record):
    losses = [[run["loss"] for run in record["changes"][name]] for name in ("no mask", "as it is")]

    assert max(losses[0]) < max(losses[1])
    assert max(exact(record, "no mask")) <= 0.01


def test_without_residuals_one_layer_learns_and_three_layers_do_not(record):
    assert min(exact(record, "no residual")) > 0.8
    assert max(exact(record, "3 layers, no residual")) == 0 < 0.99 < min(exact(record, "3 layers"))


def test_at_the_chapters_rate_neither_smoothing_nor_warm_up_changes_the_score(record):
    names = ("as it is", "no smoothing", "no warm-up")

    assert min(min(exact(record, name)) for name in names) > 0.985


def test_without_residuals_three_layers_know_no_more_than_the_word_before(record):
    losses = [run["loss"] for run in record["changes"]["3 layers, no residual"]]

    assert losses == pytest.approx([cost_of_a_table(sees=1)] * 3, abs=0.05)


def test_one_large_rate_without_warm_up_ends_with_how_often_each_word_comes(record):
    losses = [run["loss"] for run in record["changes"]["rate 0.02, no warm-up"]]

    assert max(losses) == pytest.approx(cost_of_a_table(sees=0), abs=0.01)


@pytest.mark.slow
def test_at_step_20_the_loss_is_that_of_frequencies_and_at_40_no_english_word_explains_it(record):
    loss = {at["step"]: at["loss"] for at in record["trainings"][0]["moments"][1:]}

    assert loss[20] > cost_of_a_table(sees=1)
    assert loss[40] < 0.75 * cost_of_a_table(sees=9)


def test_of_the_8000_numbers_more_than_3000_are_never_drawn(record):
    assert record["draws"] == {"batches": 500, "different": 4634, "of_97": 75}


def test_at_a_large_rate_warm_up_decides(record):
    assert max(exact(record, "rate 0.02, no warm-up")) < 0.01 < 0.5 < min(exact(record, "rate 0.02"))


def test_smoothing_leaves_a_tenth_of_the_probability_to_others(record):
    median = [record["changes"][name][0]["median_p"] for name in ("as it is", "no smoothing")]

    assert median == pytest.approx([0.9, 0.998], abs=0.005)


def test_the_trace_shows_what_the_chapter_tells_readers_to_look_for(record):
    trace = record["trace"]
    written = {
        step: dict(zip(trace["numbers"], row, strict=True))
        for step, row in zip(trace["steps"], trace["written"], strict=True)
    }

    assert written[20][97] == ["<end>"]
    assert written[40][97] == ["seven", "<end>"]
    assert written[60][97] == ["ninety", "seven", "<end>"]
    assert all(set(written[step][30]) - {"<end>"} == {"thirty"} for step in (80, 100, 160, 320, 500))
    assert [len(written[step][30]) > 4 for step in (80, 100, 160, 320, 500)] == [True] * 4 + [False]
    assert written[80][54_321][:3] == ["fifty", "four", "thousand"]
    assert [" ".join(written[step][54_321][:-1]) for step in (160, 500)] == [
        "four thousand and twenty one"
    ] * 2
    share = dict(zip(trace["steps"], trace["exact"], strict=True))
    assert share[60] < 0.4
    assert (share[80], share[320]) == (0.863, 0.994)
    assert record["in_training"] == [True] + [False] * 7


def test_each_map_of_the_trace_has_a_row_for_each_word_written_and_rows_that_sum_to_1(record):
    trace = record["trace"]
    maps = [
        (np.array(weights), len(written), len(german))
        for rows, texts in zip(trace["weights"], trace["written"], strict=True)
        for weights, written, german in zip(rows, texts, trace["german"], strict=True)
    ]

    assert all(weights.shape == (rows, columns) for weights, rows, columns in maps)
    assert all(abs(weights.sum(axis=1) - 1).max() < 0.05 for weights, _, _ in maps)
