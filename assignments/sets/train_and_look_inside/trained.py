"""A model that the student trains and hands in as weights: the grader runs them itself.

No function can stand in for them. The sizes are fixed, the sequences hidden, and the score is what
the student's own numbers give in the library's model.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from assignments.numbers import Draw
from assignments.problem_set import Check
from transformer_lib.config import GPT2, DecoderConfig
from transformer_lib.exercises.judging import read
from transformer_lib.exercises.registry import Mistake, Verdict
from transformer_lib.models import Decoder
from transformer_lib.shapes import Array

BAR, LENGTH, WIDTH = 0.85, 24, 32
FAMILY = replace(GPT2, positions="rotary", rope_base=1000.0, tied=False)

ANOTHER_MODEL = Mistake(
    "another model",
    "Names or shapes are not those of `Decoder(CONFIG)`: give its state_dict, as arrays, as it is.",
    {"weight": np.eye(2)},
)
UNTRAINED = Mistake(
    "untrained",
    "These weights guess like untrained ones: take them from the model after training.",
    None,
)
BELOW = Mistake("below the bar", "These weights have begun to carry on, and stay below the bar.", None)


def config(vocab_size: int) -> DecoderConfig:
    """Two layers of attention alone, one head each: the smallest model that learns induction."""
    return DecoderConfig(vocab_size=vocab_size, d_model=WIDTH, n_heads=1, d_ff=0, n_layers=2, family=FAMILY)


def hidden_tokens(draw: Draw, vocab_size: int, count: int = 48) -> Array:
    """Draw sequences (count, LENGTH) that repeat with a period from a quarter to half of the length."""
    rows = []
    for _ in range(count):
        period = draw.choose(range(LENGTH // 4, LENGTH // 2 + 1))
        once = draw.integers(1, vocab_size - 1, period)
        rows.append(np.resize(once, LENGTH))
    return np.array(rows, dtype=int)


def score(weights: Mapping[str, Any], vocab_size: int, tokens: Array) -> float:
    """Give the share of tokens named right in second halves, where each can be known."""
    model = Decoder(config(vocab_size)).eval()
    model.load_state_dict({name: torch.tensor(np.asarray(one)).float() for name, one in weights.items()})
    with torch.inference_mode():
        guessed = model(torch.tensor(tokens))[:, LENGTH // 2 : -1].argmax(-1).numpy()
    return float((guessed == tokens[:, LENGTH // 2 + 1 :]).mean())


def shapes(vocab_size: int) -> dict[str, tuple[int, ...]]:
    """Give the names and shapes of the model's weights."""
    return {name: tuple(one.shape) for name, one in Decoder(config(vocab_size)).state_dict().items()}


def weights_check(points: int, draw: Draw, vocab_size: int) -> Check:
    """Check that the weights handed in reach the bar on sequences nobody has seen."""
    tokens = hidden_tokens(draw, vocab_size)

    def judge(answer: Any) -> Verdict:
        given = _weights(answer, vocab_size)
        if isinstance(given, Verdict):
            return given
        reached = score(given, vocab_size, tokens)
        if reached >= BAR:
            return Verdict("right", "Your own weights carry on sequences that they never saw.")
        short = UNTRAINED if reached < 0.4 else BELOW
        return Verdict("wrong", short.sentence, short.name)

    name = "the weights carry on"
    return Check(name=name, points=points, judge=judge, mistakes=(ANOTHER_MODEL, UNTRAINED, BELOW))


def _weights(answer: Any, vocab_size: int) -> dict[str, Array] | Verdict:
    wanted = shapes(vocab_size)
    if not isinstance(answer, Mapping) or set(answer) != set(wanted):
        return Verdict("wrong", ANOTHER_MODEL.sentence, ANOTHER_MODEL.name)
    given = {}
    for name, shape in wanted.items():
        table = read(name, answer[name], range(1, 3))
        if isinstance(table, Verdict):
            return table
        if table.shape != shape:
            return Verdict("wrong", ANOTHER_MODEL.sentence, ANOTHER_MODEL.name)
        given[name] = table
    return given
