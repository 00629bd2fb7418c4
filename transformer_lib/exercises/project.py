"""The final project: an assignment for each student, and a check of the numbers a report gives.

The same id gives the same assignment on every machine: all choices come from a hash of the id.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from transformer_lib.exercises.judging import read
from transformer_lib.exercises.registry import Verdict
from transformer_lib.shapes import InputError

VOCABULARY = {"German": 35, "English": 34}  # tokens, the three marks included
STEPS = 800  # of training, at least
SMOOTHING = 0.1  # of the labels, as in `training.translation_loss`
BAR = 0.95  # exact match on the numbers held out

_SIZES = ((32, 2), (32, 4), (48, 2), (48, 4), (64, 4), (64, 8))  # d_model, heads
_ABLATIONS = {
    "no positions": 'family: positions="none"',
    "no residual connections": "family: residual=False",
    "a single head": "n_heads=1",
    "the other norm order": "family: norm_order",
    "untied embeddings": "family: tied=False",
}
_MODULI = (7, 11, 13)  # foreign to 10, so that no digit is missing from the training numbers


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """What one student builds, trains and compares."""

    student: str
    source: str  # the language to translate from
    below: int  # numbers run from 0 to below − 1
    modulus: int
    remainder: int  # n is held out if n % modulus == remainder
    d_model: int  # d_ff is four times as much
    n_heads: int
    n_layers: int  # on each side
    norm_order: str
    ablation: str  # what the second model does without
    seed: int

    @property
    def target(self) -> str:
        """The language to translate into."""
        return next(language for language in VOCABULARY if language != self.source)

    @property
    def held_out(self) -> list[int]:
        """The numbers the models must never see in training."""
        return list(range(self.remainder, self.below, self.modulus))

    def __repr__(self) -> str:
        lines = {
            "task": f"{self.source} to {self.target}, numbers from 0 to {self.below - 1:,}",
            "held out": f"{len(self.held_out):,} numbers n with n % {self.modulus} == {self.remainder}",
            "model": f"d_model {self.d_model}, {self.n_heads} heads, {self.n_layers} + {self.n_layers} "
            f"layers, d_ff {4 * self.d_model}, {self.norm_order}-norm",
            "ablation": f"{self.ablation} ({_ABLATIONS[self.ablation]})",
            "seed": str(self.seed),
        }
        told = (f"  {name:<9} {line}" for name, line in lines.items())
        return "\n".join([f"Project of {self.student}", *told])


def project(student_id: str) -> Assignment:
    """Give a student's assignment: the same for the same id, on every machine.

    Capitals, and spaces around it, do not count. Raises InputError for an id that is not text.

    >>> project("ada") == project(" Ada ")
    True
    """
    if not isinstance(student_id, str) or not student_id.strip():
        raise InputError("the student id is empty or not text: give your id in quotes, such as 'ada'.")
    student = student_id.strip().casefold()
    rest = int(hashlib.sha256(f"final project of {student}".encode()).hexdigest(), 16)

    def choose(options: Sequence[Any]) -> Any:
        nonlocal rest
        rest, at = divmod(rest, len(options))
        return options[at]

    d_model, n_heads = choose(_SIZES)
    modulus = choose(_MODULI)
    return Assignment(
        student=student,
        source=choose(("German", "English")),
        below=choose((5_000, 8_000, 10_000)),
        modulus=modulus,
        remainder=choose(range(1, modulus)),  # 0 itself is always seen: no other number has its word
        d_model=d_model,
        n_heads=n_heads,
        n_layers=choose((1, 2)),
        norm_order=choose(("post", "pre")),
        ablation=choose(tuple(_ABLATIONS)),
        seed=choose(range(1000)),
    )


def count_weights(assigned: Assignment, *, ablated: bool = False) -> int:
    """Count the weights of the assigned model, or of the ablated one, by formula."""
    changed = ablated and assigned.ablation
    pre = (assigned.norm_order == "pre") != (changed == "the other norm order")
    d, source, target = assigned.d_model, VOCABULARY[assigned.source], VOCABULARY[assigned.target]
    attention, norm, feed_forward = 4 * (d * d + d), 2 * d, (d + 1) * 4 * d + (4 * d + 1) * d
    layer = 3 * attention + 2 * feed_forward + 5 * norm  # of the encoder and of the decoder
    embeddings = (source + target * (2 if changed == "untied embeddings" else 1)) * d
    return assigned.n_layers * layer + embeddings + 2 * norm * pre


@dataclass(frozen=True)
class Review:
    """One line for each number of a report: whether it can be, and why not."""

    lines: Mapping[str, Verdict]

    @property
    def complete(self) -> bool:
        """Whether every line is right."""
        return all(verdict.status == "right" for verdict in self.lines.values())

    def __repr__(self) -> str:
        marks = {"right": "✓", "wrong": "✗", "not tried yet": "·"}
        told = (f"{marks[line.status]} {name}: {line.sentence}" for name, line in self.lines.items())
        return "\n".join(told)


def review(student_id: str, report: Any) -> Review:
    """Check a report's numbers: their form, and whether this assignment can give them. Never raises.

    It cannot see whether they were measured: that is what the report's text and code are for.
    A report is a dict: `parameters`, `ablated_parameters`, `held_out` (the list of numbers), `losses`
    (one a step: `history.loss`), `exact_match`, `ablated_exact_match` (shares from 0 to 1), `weights`
    (T, S), one map of one sentence: one head, or the mean of the heads, of a layer.

    >>> review("ada", {"exact_match": 1.2}).lines["exact_match"]
    Not yet. a share lies between 0 and 1.
    """
    try:
        assigned = project(student_id)
    except InputError as error:
        return Review({"student": Verdict("wrong", str(error))})
    if not isinstance(report, Mapping):
        return Review({"report": Verdict("wrong", "Give a dict of names and numbers.")})
    return Review({name: _line(look, assigned, report.get(name)) for name, look in _LINES.items()})


def _line(look: Callable[[Assignment, Any], Verdict], assigned: Assignment, given: Any) -> Verdict:
    missing = given is None or given is ...
    return Verdict("not tried yet", "not in the report yet.") if missing else look(assigned, given)


def _count(*, ablated: bool) -> Callable[[Assignment, Any], Verdict]:
    def look(assigned: Assignment, given: Any) -> Verdict:
        count = read("the count", given, 0)
        if isinstance(count, Verdict):
            return count
        if count == count_weights(assigned, ablated=ablated):
            return Verdict("right", "as your sizes give.")
        if count == count_weights(assigned, ablated=not ablated):
            return Verdict("wrong", "that is the other model's.")
        return Verdict("wrong", "your sizes give another number; a tied matrix counts once.")

    return look


def _held_out(assigned: Assignment, given: Any) -> Verdict:
    numbers = read("the list", list(given) if isinstance(given, set) else given, 1)
    if isinstance(numbers, Verdict):
        return numbers
    given_set, right = set(numbers.tolist()), set(assigned.held_out)
    extra, missing = len(given_set - right), len(right - given_set)
    if extra or missing:
        return Verdict("wrong", f"{extra:,} of these are not yours, and {missing:,} of yours are missing.")
    if len(numbers) > len(right):
        return Verdict("wrong", "these are your numbers, but some come twice.")
    return Verdict("right", f"the {len(right):,} numbers assigned to you.")


def _share(assigned: Assignment, given: Any) -> Verdict:
    share = read("the share", given, 0)
    if isinstance(share, Verdict):
        return share
    n = len(assigned.held_out)
    if not 0 <= share <= 1:
        return Verdict("wrong", "a share lies between 0 and 1.")
    if abs(share * n - round(float(share) * n)) > 1e-3:
        return Verdict("wrong", f"no whole number out of {n:,} gives that share: leave it unrounded.")
    return Verdict("right", f"{round(float(share) * n):,} of {n:,}.")


def _losses(assigned: Assignment, given: Any) -> Verdict:
    if type(given).__name__ == "History":  # to import the class would load torch
        return Verdict("wrong", "this is the whole history: give history.loss, one number a step.")
    losses = read("the list of losses", given, 1)
    if isinstance(losses, Verdict):
        return losses
    guess, floor = math.log(VOCABULARY[assigned.target]), smoothed_floor(VOCABULARY[assigned.target])
    if len(losses) < STEPS:
        return Verdict("wrong", f"{len(losses)} losses: train {STEPS} steps or more, and give one a step.")
    if not 0.8 * guess < losses[0] < 3 * guess:
        return Verdict("wrong", f"the first is {losses[0]:.2f}; an untrained model guesses: {guess:.2f}.")
    last = losses[-20:].mean()
    if last < 0.98 * floor:
        return Verdict("wrong", f"{last:.2f} is below {floor:.2f}, the least that smoothed labels allow.")
    if last > losses[0] / 2:
        return Verdict("wrong", f"from {losses[0]:.2f} to {last:.2f}: the model has hardly learned.")
    return Verdict("right", f"from {losses[0]:.2f} to {last:.2f}; the floor is {floor:.2f}.")


def smoothed_floor(vocab_size: int) -> float:
    """Give the least loss that labels smoothed by 0.1 allow: their entropy.

    >>> round(smoothed_floor(34), 3)
    0.658
    """
    share = SMOOTHING / vocab_size
    peak = 1 - SMOOTHING + share
    return -peak * math.log(peak) - (vocab_size - 1) * share * math.log(share)


def _map(assigned: Assignment, given: Any) -> Verdict:
    weights = read("the map", given, range(65))
    if isinstance(weights, Verdict):
        return weights
    if weights.ndim != 2:
        cure = "of (1, heads, T, S) take weights[0].mean(0), the mean of the heads"
        return Verdict("wrong", f"one map has 2 axes, (T, S), and this has {weights.ndim}: {cure}.")
    if (weights < 0).any() or not np.allclose(weights.sum(axis=-1), 1, rtol=0, atol=1e-3):
        return Verdict("wrong", "each row, a query's weights, must be 0 or more and sum to 1.")
    return Verdict("right", f"{weights.shape[0]} queries, {weights.shape[1]} keys, each row sums to 1.")


_LINES: dict[str, Callable[[Assignment, Any], Verdict]] = {
    "parameters": _count(ablated=False),
    "ablated_parameters": _count(ablated=True),
    "held_out": _held_out,
    "losses": _losses,
    "exact_match": _share,
    "ablated_exact_match": _share,
    "weights": _map,
}
