"""Records load by name, say how they were made, and hold what the chapters say of them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from transformer_lib import records
from transformer_lib.shapes import InputError

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def recall():
    return records.load("recall")


def by_length(recall, length):
    return next(part for part in recall["recall"] if part["length"] == length)


def accuracies(recall, length, name):
    return [run["accuracy"] for run in by_length(recall, length)["networks"][name]]


def test_an_unknown_record_is_refused_with_the_list_of_those_that_exist():
    with pytest.raises(InputError, match=r"There is no record 'recal': choose one of .*recall"):
        records.load("recal")


def test_a_name_cannot_lead_out_of_the_folder():
    with pytest.raises(InputError, match="There is no record"):
        records.load("../records/recall")


@pytest.mark.parametrize("name", records.names())
def test_a_record_says_how_it_was_made(name):
    record = records.load(name)

    assert record["command"].startswith("python benchmarks/")
    assert (ROOT / record["command"].split()[1]).is_file()
    assert {"machine", "versions", "seeds"} <= set(record)


def test_every_network_was_tried_from_every_seed_at_every_length(recall):
    tried = [[run["seed"] for run in runs] for part in recall["recall"] for runs in part["networks"].values()]

    assert tried == [recall["seeds"]] * 12


def test_a_record_has_one_accuracy_for_each_bin_of_distances(recall):
    bins = [
        (len(run["by_distance"]), len(part["distances"]))
        for part in recall["recall"]
        for runs in part["networks"].values()
        for run in runs
    ]

    assert all(given == wanted for given, wanted in bins)


def test_attention_recalls_at_every_length(recall):
    worst = min(min(accuracies(recall, part["length"], "attention")) for part in recall["recall"])

    assert worst > 0.99


def test_the_cnn_recalls_inside_its_field_and_guesses_outside_it(recall):
    part = by_length(recall, 32)
    rows = np.array([run["by_distance"] for run in part["networks"]["CNN"]])

    assert part["distances"] == [[1, 8], [9, 16], [17, 31]]
    assert rows[:, :2].min() > 0.99
    np.testing.assert_allclose(rows[:, 2], recall["chance"], atol=0.02)


def test_the_lstm_is_slower_to_learn_not_unable(recall):
    assert min(accuracies(recall, 32, "LSTM")) > 0.99
    assert max(accuracies(recall, 256, "LSTM")) < 0.5


def test_on_a_cpu_attention_is_slower_than_the_fused_lstm_at_length_and_faster_than_the_loop(recall):
    ratio = {name: np.array(values) for name, values in recall["time"]["ratio"].items()}

    assert ratio["attention"][-1] > 4
    assert (ratio["attention"] < ratio["LSTM, step by step"]).all()


@pytest.mark.slow
def test_the_benchmark_still_runs():
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "recall.py", "--quick"],
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert "LSTM, step by step" in done.stdout
    assert "wrote" not in done.stdout
