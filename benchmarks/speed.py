"""How fast the library is, next to PyTorch and `transformers`, and how much memory it takes.

    python benchmarks/speed.py            # about 15 minutes on two quiet cores; writes speed.json, speed.md
    python benchmarks/speed.py --quick    # under a minute, to see that it runs; writes nothing

All times are ratios, ours divided by theirs, so below 1 we are faster. They are taken in turn within
one run, and the least time of many counts (`turns`). Weights are random, dropout is 0.
"""

import argparse
import json
import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import generation
import layers
import memory
import torch
import transformers
from tables import report
from turns import with_threads

COMMAND = "python benchmarks/speed.py"
HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much to run."""

    threads: tuple[int, ...] = (2, 1)
    shapes: tuple[layers.Shape, ...] = layers.SHAPES
    seconds: float = 3.0  # for each ratio
    text: generation.Size = field(default_factory=generation.Size)
    text_seconds: float = 20.0
    cache_rounds: int = 5
    passes: tuple[str, ...] = tuple(memory.PASSES)
    lengths: tuple[int, ...] = (1024, 2048, 4096, 8192)


QUICK = Plan(
    threads=(1,),
    shapes=(layers.Shape(2, 5, 8, 2),),
    seconds=0.01,
    text=generation.Size(vocabulary=20, width=8, heads=2, layers=1, prompt=2, new=3, contexts=(6,)),
    text_seconds=0.01,
    cache_rounds=1,
    passes=("fused, causal", "explicit, causal"),
    lengths=(512, 1024),
)


def time_layers(plan: Plan, threads: int) -> list[dict[str, Any]]:
    """Compare every pair of networks at every shape."""
    rows = []
    for shape in plan.shapes:
        ratios = {name: layers.compare(make(shape), plan.seconds) for name, make in layers.PAIRS.items()}
        rows.append({"shape": asdict(shape), "ratios": ratios})
        print(f"{threads} threads  {shape}  {ratios}", flush=True)
    return rows


def time_texts(plan: Plan, threads: int) -> dict[str, dict[str, Any]]:
    """Compare our greedy text with `generate`, and a cache with none."""
    rows = {}
    for name, make in generation.FAMILIES.items():
        ours, theirs = make(plan.text)
        rows[name] = {
            "generate": generation.against_generate(ours, theirs, plan.text, plan.text_seconds),
            "cache gain": generation.cache_gain(ours, plan.text, plan.cache_rounds),
        }
        print(f"{threads} threads  {name}  {rows[name]}", flush=True)
    return rows


def weigh(plan: Plan) -> dict[str, dict[str, Any]]:
    """Measure the peak memory of every kind of pass at every length, and how it grows."""
    rows = {}
    for name in plan.passes:
        megabytes = memory.peaks(name, plan.lengths)
        rows[name] = {"megabytes": megabytes, "exponent": memory.exponent(plan.lengths, megabytes)}
        print(f"{name}  {rows[name]}", flush=True)
    return rows


def run(plan: Plan) -> dict[str, Any]:
    """Measure everything; give the record."""
    torch.manual_seed(0)
    times = {}
    for threads in plan.threads:
        with_threads(threads)
        times[str(threads)] = {"layers": time_layers(plan, threads), "texts": time_texts(plan, threads)}
    return {
        "about": "Time as a ratio, ours divided by theirs, by threads; and peak memory by length.",
        "command": COMMAND,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, no GPU",
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
        "settings": {
            "layers": {"vocabulary": layers.VOCABULARY, "layers": layers.N_LAYERS},
            "text": asdict(plan.text),
            "memory": {"width": memory.WIDTH, "heads": memory.HEADS, "layers": memory.LAYERS},
        },
        "times": times,
        "memory": {"lengths": plan.lengths, "passes": weigh(plan)},
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="How fast the library is, and how much memory it takes.")
    parser.add_argument("--quick", action="store_true", help="tiny sizes; writes nothing")
    quick = parser.parse_args().quick
    record = run(QUICK if quick else Plan())
    text = report(record)
    print(text)
    if not quick:
        (HERE / "speed.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")
        (HERE / "speed.md").write_text(text, "utf-8")
        print("wrote speed.json and speed.md")


if __name__ == "__main__":
    main()
