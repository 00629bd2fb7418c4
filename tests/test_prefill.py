"""The record of prefill and decode: its counts are right, and it holds what chapter 15 says of it."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from transformer_lib import records
from transformer_lib.pretrained import SMOLLM2

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))

import prefill  # noqa: E402


@pytest.fixture(scope="module")
def record():
    return records.load("prefill")


@pytest.fixture(scope="module")
def decoder():
    torch.manual_seed(0)
    return prefill.Decoder(prefill.TINY).eval()


@pytest.mark.parametrize(("new", "seen"), [(1, 0), (1, 6), (7, 0), (3, 4)])
def test_multiply_adds_are_those_of_every_product_in_a_pass(decoder, new, seen):
    sizes = prefill.TINY
    d, d_kv, n = sizes.d_model, sizes.d_model // sizes.n_heads * sizes.n_kv_heads, seen + new

    counted = prefill.multiply_adds(decoder, new, seen)

    a_token = 2 * d * d + 2 * d * d_kv + 3 * d * sizes.d_ff + 2 * n * d
    assert counted == sizes.n_layers * new * a_token + d * sizes.vocab_size


def test_a_decode_step_of_smollm2_uses_each_weight_of_its_matrices_once(record):
    d, layers = SMOLLM2.d_model, SMOLLM2.n_layers
    norms = d * (2 * layers + 1)

    products = [2 * layers * part["context"] * d for part in record["contexts"]]
    matrices = [
        part["multiply_adds"]["decode"] - x for part, x in zip(record["contexts"], products, strict=True)
    ]

    assert set(matrices) == {record["weights"] - norms}


def test_counted_the_cache_saves_324_times_the_work_at_400_tokens(record):
    counts = record["contexts"][-1]["multiply_adds"]

    assert record["contexts"][-1]["context"] == 400
    assert round(counts["afresh"] / counts["decode"]) == 324


def test_by_the_clock_it_saves_much_less_and_more_with_every_token(record):
    seconds = [part["seconds"] for part in record["contexts"]]
    counts = [part["multiply_adds"] for part in record["contexts"]]

    gains = [part["afresh"] / part["decode"] for part in seconds]

    assert gains == sorted(gains)
    assert all(gain < n["afresh"] / n["decode"] / 5 for gain, n in zip(gains, counts, strict=True))


def test_a_decode_step_fetches_538_megabytes_and_does_little_else(record):
    apart, step = record["decode"], record["contexts"][-1]["seconds"]["decode"]
    seconds = apart["seconds"]

    assert round(apart["bytes"] / 1e6) == 538
    assert seconds["sums"] < seconds["products"] < step
    assert seconds["products"] > step / 2
    assert seconds["calls"] < step / 4


def test_a_step_for_eight_texts_takes_much_less_than_eight_steps(record):
    apart, step = record["decode"], record["contexts"][-1]["seconds"]["decode"]

    assert apart["n_texts"] == 8
    assert apart["seconds"]["texts"] < 3 * step


@pytest.mark.slow
def test_the_benchmark_still_runs():
    done = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "benchmarks" / "prefill.py", "--quick"],
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert "decode" in done.stdout
    assert "wrote" not in done.stdout
