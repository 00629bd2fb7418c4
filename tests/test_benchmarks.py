"""The speed benchmarks run, compare like with like, and their record is whole. No clock is asserted."""

import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.append(str(BENCHMARKS))

import layers  # noqa: E402
import memory  # noqa: E402
import tables  # noqa: E402
from turns import FEWEST_ROUNDS, least  # noqa: E402

SMALL = layers.Shape(2, 5, 12, 4)
WAYS = {"forward", "forward and backward", "inference mode"}


@pytest.fixture(scope="module")
def record():
    return json.loads((BENCHMARKS / "speed.json").read_text("utf-8"))


@pytest.mark.parametrize("make", layers.PAIRS.values(), ids=layers.PAIRS)
def test_both_sides_of_a_comparison_have_equally_many_parameters(make):
    ours, theirs = make(SMALL).n_parameters

    assert ours == theirs


@pytest.mark.parametrize("make", layers.PAIRS.values(), ids=layers.PAIRS)
def test_both_sides_of_a_comparison_give_outputs_of_one_shape(make):
    ours, theirs = (call() for call in make(SMALL).calls)

    assert ours.shape == theirs.shape


def test_whoever_is_timed_takes_turns():
    turns = []

    least([lambda: turns.append("a"), lambda: turns.append("b")], seconds=0)
    changes = "".join(now for now, before in zip(turns, [None, *turns], strict=False) if now != before)

    assert changes == "ab" * (1 + FEWEST_ROUNDS)  # the first are to warm up


@pytest.mark.parametrize(("megabytes", "p"), [([3, 6, 12], 1), ([3, 12, 48], 2), ([3, 3, 3], 0)])
def test_the_exponent_of_growth_is_the_slope_of_the_logarithms(megabytes, p):
    assert memory.exponent([5, 10, 20], megabytes) == p


@pytest.mark.slow
def test_a_longer_pass_takes_more_memory():
    short, long = memory.peaks("fused, causal", [512, 4096])

    assert 0 < short < long


@pytest.mark.slow
def test_the_whole_benchmark_still_runs():
    done = subprocess.run(
        [sys.executable, "-W", "error", BENCHMARKS / "speed.py", "--quick"],
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr
    assert "# Speed and memory" in done.stdout
    assert "wrote" not in done.stdout


def test_the_record_compares_everything_at_six_shapes_in_three_ways(record):
    compared = [
        set(row["ratios"][name])
        for times, name in product(record["times"].values(), layers.PAIRS)
        for row in times["layers"]
    ]

    assert compared == [WAYS] * (2 * 4 * 6)


def test_the_record_was_made_at_the_shapes_of_the_script(record):
    shapes = [layers.Shape(**row["shape"]) for row in record["times"]["2"]["layers"]]

    assert tuple(shapes) == layers.SHAPES


def test_the_record_weighs_every_pass_up_to_8192_positions(record):
    passes = record["memory"]["passes"]

    assert record["memory"]["lengths"] == [1024, 2048, 4096, 8192]
    assert passes.keys() == memory.PASSES.keys()
    assert all(len(row["megabytes"]) == 4 for row in passes.values())


def test_in_the_record_memory_grows_linearly_without_weights_and_quadratically_with_them(record):
    p = {name: row["exponent"] for name, row in record["memory"]["passes"].items()}

    assert p["fused, causal"] < 1.1
    assert p["fused, padding hidden"] < 1.1
    assert p["explicit, causal"] > 1.7


def test_the_page_of_tables_is_that_of_the_record(record):
    assert tables.report(record) == (BENCHMARKS / "speed.md").read_text("utf-8")


def test_the_readme_shows_the_table_of_the_record(record):
    glance = tables.report(record).split("## At a glance\n\n")[1].split("\n\n## ")[0]

    assert glance.split("\n\n")[1] in (BENCHMARKS.parent / "README.md").read_text("utf-8")
