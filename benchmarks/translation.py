"""German to English number words: how the network learns, and what becomes of it when a part is missing.

    python benchmarks/translation.py            # about five minutes on one thread; writes the record
    python benchmarks/translation.py --quick    # seconds, to see that it runs; writes nothing

Four things are recorded. One training, looked at again and again: what it writes for a few numbers,
and where it looks as it writes. Its mistakes, from three seeds, and whether a beam search makes fewer.
How often the numbers are drawn. And short runs with one thing changed, from the same three seeds.
"""

import platform
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any

import torch
import torch.nn.functional as F
from recording import record
from torch import Generator, Tensor

from transformer_lib import data, tasks
from transformer_lib.attention import watch
from transformer_lib.blocks import DecoderBlock
from transformer_lib.config import ORIGINAL, Family, TransformerConfig
from transformer_lib.data import END, START, Pairs, english, german, pad
from transformer_lib.decoding import beam, greedy
from transformer_lib.models import Transformer
from transformer_lib.next_token import NextToken
from transformer_lib.tasks import exact_match
from transformer_lib.training import linear_decay, seeded, train, translation_loss

COMMAND = "python benchmarks/translation.py"

EVERY = 20  # steps from one measurement to the next
LONGEST = 9  # tokens written at most: the longest translation below 10,000 has eight words and the end
TOLD = 6  # mistakes told of one moment
TOLD_NUMBER = 2348  # held out; what a changed run writes for it is told
COUNTED = 97  # in training; how often it is drawn is told
BEAM = 4  # candidates of a beam search
WORDS = data.number_words()


@dataclass(frozen=True, kw_only=True)
class Run:
    """One way to train; what is left out is as the chapter has it."""

    family: Family = ORIGINAL
    n_layers: int = 1
    causal: bool = True
    smoothing: float = 0.1
    peak: float = 3e-3
    warmup: int = 50


CHANGES: dict[str, Run] = {
    "as it is": Run(),
    "no positions": Run(family=replace(ORIGINAL, positions="none")),
    "no mask": Run(causal=False),
    "no residual": Run(family=replace(ORIGINAL, residual=False)),
    "3 layers": Run(n_layers=3),
    "3 layers, no residual": Run(n_layers=3, family=replace(ORIGINAL, residual=False)),
    "no smoothing": Run(smoothing=0.0),
    "no warm-up": Run(warmup=1),
    "rate 0.02": Run(peak=0.02),
    "rate 0.02, no warm-up": Run(peak=0.02, warmup=1),
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much to run."""

    seeds: tuple[int, ...] = (0, 1, 2)
    steps: int = 500
    traced: tuple[int, ...] = (0, 20, 40, 60, 80, 100, 160, 320, 500)
    mistaken: tuple[int, ...] = (100, 200, 500)
    numbers: tuple[int, ...] = (97, 48, 18, 30, 308, 1700, 2348, 54_321)
    short: int = 200  # steps of a run with something changed
    changes: Mapping[str, Run] = field(default_factory=lambda: CHANGES)
    exam: tuple[int, int, int] = (20_000, 2_000, 100_000)  # an exercise: to train on, held out, below


QUICK = Plan(
    seeds=(0,),
    steps=20,
    traced=(0, 20),
    mistaken=(20,),
    short=2,
    changes={name: CHANGES[name] for name in ("as it is", "no mask")},
    exam=(6, 4, 10),
)


def pairs(numbers: list[int]) -> Pairs:
    """Say the numbers in both languages."""
    return Pairs(
        pad([WORDS.source_vocabulary.encode(german(n)) for n in numbers]),
        pad([[START, *WORDS.target_vocabulary.encode(english(n)), END] for n in numbers]),
    )


def translate(model: Transformer, source: Tensor) -> list[list[str]]:
    """Write a translation of each row, greedily."""
    start = torch.full((len(source), 1), START)
    written = greedy(NextToken(model, source), start, n_new=LONGEST, end=END)
    return [WORDS.target_vocabulary.decode(row) for row in written]


@torch.inference_mode()
def look(model: Transformer, number: int) -> dict[str, Any]:
    """Give what is written for a number and, for each word of it, how much each German word is looked at.

    The weights are those of the last cross-attention, averaged over the heads; a last row belongs to
    the end, if the model came to one.
    """
    source = pairs([number]).source
    start = torch.full((1, 1), START)
    written = greedy(NextToken(model, source), start, n_new=LONGEST, end=END)
    with watch(model) as parts:
        model(source, written[:, :-1])
    weights = [part.weights for name, part in parts.items() if "cross" in name][-1]
    assert weights is not None
    return {
        "written": [WORDS.target_vocabulary.tokens[i] for i in written[0, 1:].tolist()],
        "weights": [[round(x, 2) for x in row] for row in weights[0].mean(0).tolist()],
    }


def mistakes(model: Transformer) -> dict[str, Any]:
    """Count the held-out numbers that come out wrong, and tell the first few."""
    numbers = WORDS.numbers[len(WORDS.train.source) :].tolist()
    written = translate(model, WORDS.held_out.source)
    wrong = [(n, " ".join(words)) for n, words in zip(numbers, written, strict=True) if words != english(n)]
    return {"count": len(wrong), "some": sorted(wrong)[:TOLD]}


@torch.inference_mode()
def search(model: Transformer, given: Pairs) -> dict[str, Any]:
    """Compare a beam search with writing greedily: the share that is right, and how many are written anew."""
    n_new = given.target.shape[1] - 1
    start = torch.full((len(given.source), 1), START)
    wide = beam(NextToken(model, given.source), start, n_new, BEAM, end=END)
    plain = greedy(NextToken(model, given.source), start, n_new, end=END)
    wide, plain = (F.pad(rows, (0, n_new + 1 - rows.shape[1])) for rows in (wide, plain))  # (N, T)
    right = (wide == given.target).all(-1).double().mean().item()
    return {"exact": round(right, 4), "other": int((wide != plain).any(-1).sum())}


def draws(seed: int, steps: int) -> dict[str, int]:
    """Count what a training draws: the batches, the different numbers in them, and one number's turns."""
    drawn = data.batches(WORDS.train, 64, Generator().manual_seed(seed), WORDS.weights)
    sources = Counter(tuple(filter(None, row)) for one in islice(drawn, steps) for row in one.source.tolist())
    told = tuple(WORDS.source_vocabulary.encode(german(COUNTED)))
    return {"batches": steps, "different": len(sources), f"of_{COUNTED}": sources[told]}


def follow(seed: int, plan: Plan) -> dict[str, Any]:
    """Train as the chapter does, and look at the model on the way."""
    task = tasks.translation(seed=seed, steps=plan.steps)
    model = task.model
    assert isinstance(model, Transformer)
    moments: list[dict[str, Any]] = []

    def measure(model: Any) -> float:
        assert isinstance(model, Transformer)
        step = EVERY * len(moments)
        moment: dict[str, Any] = {"step": step, "exact": round(exact_match(model, WORDS.held_out), 4)}
        if step in plan.mistaken:
            moment["mistakes"] = mistakes(model)
        if step in plan.traced:
            moment["numbers"] = [look(model, number) for number in plan.numbers]
        moments.append(moment)
        return moment["exact"]

    measure(model.eval())
    history = task.train(measure=measure, every=EVERY)
    for moment in moments[1:]:
        moment["loss"] = round(history.loss[moment["step"] - 1], 3)
    five = torch.randint(10_000, 100_000, (1000,), generator=Generator().manual_seed(0)).tolist()
    five_digits = round(exact_match(model, pairs(five)), 3)
    wide = {"five_digits": search(model, pairs(five)), "held_out": search(model, WORDS.held_out)}
    print(f"seed {seed}: {history.score:.4f}, of five digits {five_digits}, with a beam {wide}", flush=True)
    return {"seed": seed, "moments": moments, "five_digits": five_digits, "beam": wide}


def change(run: Run, seed: int, steps: int) -> dict[str, Any]:
    """Train with something changed: the last loss, exact match (held out; of all), and what it writes."""
    sizes = {"source_vocab_size": len(WORDS.source_vocabulary)}
    sizes |= {"target_vocab_size": len(WORDS.target_vocabulary)}
    with seeded(seed):
        model = Transformer(TransformerConfig(n_layers=run.n_layers, family=run.family, **sizes))
    for part in model.modules():
        if isinstance(part, DecoderBlock):
            part.causal = run.causal
    generator = Generator().manual_seed(seed)
    history = train(
        model,
        data.batches(WORDS.train, 64, generator, WORDS.weights),
        partial(translation_loss, label_smoothing=run.smoothing),
        steps=steps,
        schedule=lambda step: linear_decay(step, peak=run.peak, warmup=min(run.warmup, steps), steps=steps),
    )
    exact, n = exact_match(model, WORDS.held_out), len(WORDS.numbers)
    seen, n_seen = exact_match(model, WORDS.train), len(WORDS.train.source)
    return {
        "seed": seed,
        "loss": round(sum(history.loss[-20:]) / len(history.loss[-20:]), 3),
        "exact": round(exact, 4),
        "exact_of_all": round((exact * (n - n_seen) + seen * n_seen) / n, 4),
        "median_p": round(median_probability(model), 3),
        "written": " ".join(translate(model, pairs([TOLD_NUMBER]).source)[0]),
    }


@torch.inference_mode()
def median_probability(model: Transformer) -> float:
    """Give the probability of the right next word of held-out targets, the median over all words."""
    source, target = WORDS.held_out
    p = model(source, target[:, :-1]).softmax(-1)
    right = p.gather(-1, target[:, 1:].unsqueeze(-1)).squeeze(-1)  # (N, T)
    return right[target[:, 1:] != 0].median().item()


def run(plan: Plan) -> dict[str, Any]:
    """Train everything; give the record."""
    torch.set_num_threads(1)
    trainings = [follow(seed, plan) for seed in plan.seeds]
    traced = [moment for moment in trainings[0]["moments"] if "numbers" in moment]
    trace = {
        "numbers": plan.numbers,
        "german": [german(n) for n in plan.numbers],
        "english": [english(n) for n in plan.numbers],
        "steps": [moment["step"] for moment in traced],
        "exact": [moment["exact"] for moment in traced],
        "written": [[one["written"] for one in moment["numbers"]] for moment in traced],
        "weights": [[one["weights"] for one in moment.pop("numbers")] for moment in traced],
    }
    for training in trainings[1:]:
        for moment in training["moments"]:
            moment.pop("numbers", None)
    changes = {}
    for name, one in plan.changes.items():
        changes[name] = [change(one, seed, plan.short) for seed in plan.seeds]
        print(f"{name:<22} exact match {[result['exact'] for result in changes[name]]}", flush=True)
    return {
        "about": "German to English number words: learning, mistakes, and runs with one thing changed.",
        "command": COMMAND,
        "machine": "2 cores, one thread used, no GPU",
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "seeds": plan.seeds,
        "settings": {"steps": plan.steps, "steps_of_changes": plan.short, "held_out": 2000, "beam": BEAM},
        "draws": draws(plan.seeds[0], plan.steps),
        "in_training": [n in WORDS.numbers[: len(WORDS.train.source)].tolist() for n in plan.numbers],
        "trace": trace,
        "trainings": trainings,
        "changes": changes,
        "held_out": WORDS.numbers[len(WORDS.train.source) :].tolist(),
        "exam": data.number_words(*plan.exam).numbers[plan.exam[0] :].tolist(),
    }


def main() -> None:
    """Run from the command line."""
    record("translation", "German to English number words.", lambda: run(Plan()), lambda: run(QUICK))


if __name__ == "__main__":
    main()
