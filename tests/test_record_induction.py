"""The induction record holds what chapter 16 says of it, and is what its script gives."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from transformer_lib import records

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))

import induction  # noqa: E402


@pytest.fixture(scope="module")
def recorded():
    return records.load("induction")


def last_scores(runs):
    return [list(run["scores"].values())[-1] for run in runs]


def test_two_layers_learned_it_from_every_seed(recorded):
    assert [run["seed"] for run in recorded["two_layers"]] == recorded["seeds"]
    assert min(last_scores(recorded["two_layers"])) >= 0.95


def test_one_layer_did_not_in_four_times_as_many_steps(recorded):
    at_500 = [run["scores"]["500"] for run in recorded["one_layer"]]

    assert [list(run["scores"])[-1] for run in recorded["one_layer"]] == ["2000"] * 3
    assert max(at_500) < 0.2
    assert max(last_scores(recorded["one_layer"])) < 0.4


def test_with_a_period_it_never_had_one_layer_is_back_near_a_guess(recorded):
    unseen = {name: [run["by_period"][1] for run in recorded[name]] for name in ("one_layer", "two_layers")}

    assert recorded["periods"] == [24, 40]
    assert max(unseen["one_layer"]) < 0.1
    assert min(unseen["two_layers"]) > 0.25


def test_the_heads_of_two_layers_look_one_back_and_behind_the_last_place(recorded):
    back = [max(run["one_back"][0]) for run in recorded["two_layers"]]
    behind = [max(run["after_last_place"][1]) for run in recorded["two_layers"]]

    assert min(back) > 0.5
    assert min(behind) > 0.5


def test_with_another_period_they_look_at_another_distance(recorded):
    other = [run["other_period"] for run in recorded["two_layers"]]

    assert recorded["watched_on"]["other_period"] - recorded["watched_on"]["period"] == 6
    assert min(max(run["after_last_place"][1]) for run in other) > 0.5
    assert max(max(run["as_far_as_before"][1]) for run in other) < 0.1


def test_three_of_the_four_heads_of_layer_2_look_alike(recorded):
    behind = [sorted(run["after_last_place"][1]) for run in recorded["two_layers"]]

    assert min(layer[1] for layer in behind) > 0.5
    assert max(layer[0] for layer in behind) < 0.3


def test_without_layer_1_no_head_of_layer_2_finds_the_place(recorded):
    assert max(max(run["after_last_place_without_layer_1"]) for run in recorded["two_layers"]) < 0.1


def test_the_head_missed_most_costs_10_to_30_points_in_layer_1_and_about_10_in_layer_2(recorded):
    whole = last_scores(recorded["two_layers"])
    worst = [[min(layer) for layer in run["without_head"]] for run in recorded["two_layers"]]
    costs = [[score - one for one in layers] for score, layers in zip(whole, worst, strict=True)]

    assert all(0.09 < layer_1 < 0.305 and 0.08 < layer_2 < 0.14 for layer_1, layer_2 in costs)


def test_one_layer_still_rose_at_the_end_and_never_jumped(recorded):
    for run in recorded["one_layer"]:
        scores = list(run["scores"].values())
        steps = [after - before for before, after in pairwise(scores)]

        assert scores[-1] > run["scores"]["1500"] + 0.03
        assert max(steps) < 0.05


def test_two_layers_fall_to_about_half_at_a_period_they_never_had(recorded):
    assert all(0.35 < run["by_period"][1] < 0.6 for run in recorded["two_layers"])


def test_no_single_head_was_indispensable_and_each_layer_was(recorded):
    runs = recorded["two_layers"]

    assert min(min(min(layer) for layer in run["without_head"]) for run in runs) > 0.5
    assert max(max(run["without_layer"]) for run in runs) < 0.2


@pytest.fixture(scope="module")
def quick():
    """What the script gives for its smallest plan."""
    before = torch.get_num_threads()
    yield induction.run(induction.QUICK)
    torch.set_num_threads(before)


def form(value):
    """The keys of dictionaries and the lengths of lists, without the numbers."""
    if isinstance(value, dict):
        return {key: form(entry) for key, entry in value.items() if key != "scores"}
    if isinstance(value, list):
        return [form(entry) for entry in value]
    return type(value)


@pytest.mark.parametrize("name", ["two_layers", "one_layer"])
def test_a_run_of_the_record_has_the_form_that_the_script_gives(recorded, quick, name):
    (made,) = quick[name]

    assert [form(run) for run in recorded[name]] == [form(made)] * 3


def test_the_record_was_made_by_this_script_with_these_settings(recorded, quick):
    changed = {"seeds", "versions", "two_layers", "one_layer"}

    assert recorded.keys() == quick.keys()
    assert {key: recorded[key] for key in recorded.keys() - changed} == {
        "about": quick["about"],
        "command": induction.COMMAND,
        "machine": quick["machine"],
        "periods": list(induction.PERIODS),
        "score": quick["score"],
        "watched_on": quick["watched_on"],
    }
    assert tuple(recorded["seeds"]) == induction.Plan().seeds


def test_scores_were_taken_every_50_steps_up_to_the_last_that_the_plan_allows(recorded):
    steps = [list(run["scores"]) for run in recorded["one_layer"] + recorded["two_layers"]]

    assert steps == [[str(50 * k) for k in range(1, len(taken) + 1)] for taken in steps]
    assert {taken[-1] for taken in steps[:3]} == {str(induction.Plan().control)} == {"2000"}
    assert max(len(taken) for taken in steps[3:]) <= induction.Plan().steps / induction.EVERY


@pytest.mark.slow
def test_the_benchmark_still_runs():
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "induction.py", "--quick"],
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert "1 layers, seed 0" in done.stdout
    assert "wrote" not in done.stdout
