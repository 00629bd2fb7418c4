"""Induction: who learns to carry on a repetition, where its heads look, and what each head is worth.

    python benchmarks/induction.py            # about four minutes on one thread; writes the record
    python benchmarks/induction.py --quick    # seconds, to see that it runs; writes nothing

The network is attention alone, with one layer or with two, and sees random tokens that repeat. Two
layers train until they are good enough; one layer, the control, goes on four times as long. Both are
then given a period that training never had, and heads are switched off, one at a time and a whole
layer at a time, by setting their columns of W^O to 0. Where the heads look is measured for two periods:
a head that went by the distance would look as far back in both.
"""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from recording import record
from torch import Generator, Tensor

from transformer_lib import data, tasks
from transformer_lib.attention import MultiHeadAttention, watch
from transformer_lib.models import Decoder

COMMAND = "python benchmarks/induction.py"

EVERY = 50  # steps from one score to the next
LENGTH, PERIOD, VOCAB_SIZE = 48, 20, 33  # of the sequences the heads are watched on
OTHER_PERIOD = 26  # the heads are watched on this one too
PERIODS = (24, 40)  # training has those from 16 to 32


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much to run."""

    seeds: tuple[int, ...] = (0, 1, 2)
    steps: int = 500  # of two layers, at most
    control: int = 2000  # of one layer, always all of them


QUICK = Plan(seeds=(0,), steps=2, control=2)


@contextmanager
def off(model: Decoder, layer: int, heads: list[int]) -> Iterator[None]:
    """Switch heads off: their columns of W^O are 0 inside."""
    attention = model.get_submodule(f"blocks.{layer}.attention")
    assert isinstance(attention, MultiHeadAttention)
    weight = attention.w_o.weight.data  # (d_model, n_heads · d_head), a slice of columns a head
    kept = weight.clone()
    weight.unflatten(1, (attention.n_heads, -1))[:, heads] = 0
    yield
    weight.copy_(kept)


@torch.inference_mode()
def distances(model: Decoder, period: int = PERIOD) -> list[Tensor]:
    """Give for each layer the mean weight (heads, period + 1) that a head has at each distance back."""
    tokens = data.repeated(64, LENGTH, VOCAB_SIZE, Generator().manual_seed(3), period).tokens
    with watch(model) as parts:
        model(tokens)
    return [
        torch.stack(
            [
                part.weights.diagonal(-back, 2, 3)[..., period - back :].mean((0, 2))
                for back in range(period + 1)
            ],
            1,
        )
        for part in parts.values()
        if part.weights is not None
    ]


@torch.inference_mode()
def by_period(model: Decoder) -> list[float]:
    """Say how often it is right from the second round on, for each of PERIODS."""
    right = []
    for period in PERIODS:
        tokens = data.repeated(256, 64, VOCAB_SIZE, Generator().manual_seed(4), period).tokens
        guessed = model(tokens)[:, period:-1].argmax(-1)
        right.append(round((guessed == tokens[:, period + 1 :]).double().mean().item(), 3))
    return right


def look(model: Decoder, score: Any) -> dict[str, Any]:
    """Say how much each head looks one back and behind its token's last place, and what it is worth."""
    n_heads = model.config.n_heads
    looks, others = distances(model), distances(model, OTHER_PERIOD)
    with off(model, 0, list(range(n_heads))):
        alone = distances(model)[-1]  # (heads, PERIOD + 1): the last layer, while the first is off
    without = []
    for layer in range(len(model.blocks)):
        row = []
        for heads in [[h] for h in range(n_heads)] + [list(range(n_heads))]:
            with off(model, layer, heads):
                row.append(round(score(model), 3))
        without.append(row)
    return {
        "one_back": [_rounded(layer[:, 1]) for layer in looks],
        "after_last_place": [_rounded(layer[:, PERIOD - 1]) for layer in looks],
        "other_period": {
            "after_last_place": [_rounded(layer[:, OTHER_PERIOD - 1]) for layer in others],
            "as_far_as_before": [_rounded(layer[:, PERIOD - 1]) for layer in others],
        },
        "after_last_place_without_layer_1": _rounded(alone[:, PERIOD - 1]),
        "without_head": [row[:-1] for row in without],
        "without_layer": [row[-1] for row in without],
    }


def _rounded(weights: Tensor) -> list[float]:
    return [round(x, 2) for x in weights.tolist()]


def learn(n_layers: int, seed: int, plan: Plan) -> dict[str, Any]:
    """Train one network from one seed, and look inside."""
    task = tasks.induction(seed=seed, steps=plan.steps if n_layers == 2 else plan.control, n_layers=n_layers)
    assert isinstance(task.model, Decoder)
    history = task.train(every=EVERY, bar=task.bar if n_layers == 2 else None)
    scores = {step: round(score, 3) for step, score in history.scores.items()}
    print(f"{n_layers} layers, seed {seed}: {history.score:.3f} after {history.step} steps", flush=True)
    return {
        "seed": seed,
        "scores": scores,
        "by_period": by_period(task.model),
        **look(task.model, task.measure),
    }


def run(plan: Plan) -> dict[str, Any]:
    """Train everything; give the record."""
    torch.set_num_threads(1)
    return {
        "about": "Carrying on a repetition with attention alone: two layers, and one as the control.",
        "command": COMMAND,
        "machine": "2 cores, one thread used, no GPU",
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "seeds": plan.seeds,
        "periods": PERIODS,
        "score": tasks.induction().score,
        "watched_on": {"length": LENGTH, "period": PERIOD, "other_period": OTHER_PERIOD},
        "two_layers": [learn(2, seed, plan) for seed in plan.seeds],
        "one_layer": [learn(1, seed, plan) for seed in plan.seeds],
    }


def main() -> None:
    """Run from the command line."""
    record(
        "induction", "Carrying on a repetition with attention alone.", lambda: run(Plan()), lambda: run(QUICK)
    )


if __name__ == "__main__":
    main()
