"""Problem set 4, chapters 13 to 16: train a model, count what it costs, and look at what it does."""

from typing import Any

import numpy as np

from assignments.checks import numbers_check
from assignments.numbers import Draw
from assignments.problem_set import ProblemSet, Question, Written
from assignments.sets.train_and_look_inside import costs, induction_score, skip_induction, trained
from assignments.sets.train_and_look_inside.skip_induction import Sizes
from assignments.writing import listed, vector
from transformer_lib.exercises.registry import Mistake

NAME = "train_and_look_inside"


def make(student: str, seed: int) -> ProblemSet:
    """Make a student's set: a vocabulary, a skip, sizes and numbers of the student's own."""
    draw = Draw(NAME, seed, student)
    vocab_size, sizes = draw.choose(range(14, 19)), skip_induction.draw_sizes(draw)
    first_seed = draw.choose(range(1000))
    return ProblemSet(
        name=NAME,
        title="Problem set 4: train and look inside",
        student=student,
        text=_OPENING,
        setup=_SETUP.format(vocab_size=vocab_size),
        questions=(
            costs.weights(draw),
            costs.cache(draw),
            _train(draw, vocab_size, first_seed),
            induction_score.question(draw),
            _by_hand(draw, sizes),
            _adds(draw),
            _EXPLANATION,
        ),
    )


_OPENING = """Sizes, vocabulary and numbers are yours alone.
Training takes a few seconds on one core; the whole notebook must run in less than a minute."""

_SETUP = """from dataclasses import replace
from itertools import count

import numpy as np
import torch
from torch import Generator, nn

from transformer_lib import data
from transformer_lib.config import GPT2, DecoderConfig
from transformer_lib.exercises.open_checks import example, form, names
from transformer_lib.models import Decoder
from transformer_lib.training import next_token_loss, steady, train

FAMILY = replace(GPT2, positions="rotary", rope_base=1000.0, tied=False)
CONFIG = DecoderConfig(vocab_size={vocab_size}, d_model=32, n_heads=1, d_ff=0, n_layers=2, family=FAMILY)"""


def _train(draw: Draw, vocab_size: int, first_seed: int) -> Question:
    return Question(
        id="train",
        title="Weights that carry on",
        text=f"""Train `Decoder(CONFIG)` to carry on sequences that repeat.
`data.repeated(32, 24, {vocab_size}, generator).tokens` draws 32 sequences of length 24.
Each time they repeat with another period.
Half of each sequence cannot be known; in the second half, name at least {trained.BAR:.0%} of the next tokens.

Hand in `weights`: the model's `state_dict()`, each tensor as a NumPy array.
They are run on sequences that nobody has seen, so what counts is in the weights alone.
Twenty seconds on one core are enough.
Begin with `torch.manual_seed`, so that a second run gives the same weights.
Tokens that differ clearly are learned sooner: begin with embeddings drawn from a normal distribution.""",
        answer="weights",
        stub="weights = ...",
        solution=f"""torch.manual_seed({first_seed})
model = Decoder(CONFIG)
nn.init.normal_(model.embedding.tokens.weight)
generator = Generator().manual_seed({first_seed})
batches = (data.repeated(32, 24, {vocab_size}, generator).tokens for _ in count())
train(model, batches, next_token_loss, steps=500, schedule=lambda step: steady(step, peak=8e-3, warmup=50))
weights = {{name: one.detach().numpy() for name, one in model.state_dict().items()}}""",
        open_check="fresh = Decoder(CONFIG).state_dict()\n"
        "names(weights, **{name: tuple(one.shape) for name, one in fresh.items()})",
        checks=(trained.weights_check(8, draw, vocab_size),),
    )


def _by_hand(draw: Draw, s: Sizes) -> Question:
    n, d = len(s.alphabet), s.width
    first, second, _ = (s.size(block) for block in s.blocks)
    return Question(
        id="skip-induction",
        title="A head that skips",
        text=f"""Set two layers by hand that carry on at a distance.
At a letter, they bring the letter that stood **{s.skip} places after** the same letter earlier in the text.

Texts have {s.places} places: first {s.skip} times `^`, then the letters {", ".join(s.alphabet)}.
A position's vector has {d} entries, in this order: {" | ".join(s.blocks)}.
The letter's block has {n}, in the order above; for `^` all are 0.
The place's block has {s.places}; the slot has {n}, and is empty at first.
Attention is causal, with raw scores and base 2, as in chapter 16.

* Layer 1 scores with `back_q` and `back_k` and mixes the letters.
  `w_o`, ({d}, {n}), writes what comes out into the vector.
* Layer 2 scores with `w_q` and `w_k`, and mixes what `w_v`, ({n}, {d}), reads.

Give the six matrices. Where all earlier places agree on a letter, it must come out above 0.5.""",
        answer="heads",
        stub="heads = {\n" + "".join(f'    "{name}": ...,\n' for name in skip_induction.NAMES) + "}",
        solution=f"""{", ".join(s.blocks)} = np.split(np.eye({d}), [{first}, {first + second}])
heads = {{
    "back_q": 10 * np.eye({s.places}, k={s.skip}) @ place,
    "back_k": place,
    "w_o": slot.T,
    "w_q": 10 * letter,
    "w_k": slot,
    "w_v": letter,
}}""",
        open_check=f"names({{name: heads[name] for name in ('w_o', 'w_v')}}, w_o=({d}, {n}), w_v=({n}, {d}))",
        checks=(skip_induction.matrices_check(6, draw, s),),
    )


_LONG = ((3, 4), (-4, 3), (6, -8), (0, -4), (-2, 0), (0, 1), (8, 6), (-5, 0))


def _adds(draw: Draw) -> Question:
    """Largest weight and largest part never belong to one position."""

    def make(draw: Draw) -> tuple[Any, Any] | None:
        shares, values = (
            np.array(draw.several((8, 4, 3, 1), 4)) / 16,
            np.array(draw.several(_LONG, 4), dtype=float),
        )
        parts = shares * np.linalg.norm(values, axis=1)
        return (shares, values) if parts.argmax() != shares.argmax() and len(set(parts)) == 4 else None

    shares, values = draw.until(make)
    long = np.linalg.norm(values, axis=1)
    right = shares * long
    mistakes = (
        Mistake("the weights", "Those are the weights: multiply by the lengths.", shares),
        Mistake("the lengths", "Those are the lengths: multiply by the weights.", long),
        Mistake(
            "entries added up", "A length is the root of the sum of squares.", shares * values.sum(axis=1)
        ),
        Mistake(
            "sizes added up", "A length is the root of the sum of squares.", shares * abs(values).sum(axis=1)
        ),
        Mistake("no root", "The square root is missing.", shares * long**2),
        Mistake("shares of the sum", "Those are shares: give the lengths themselves.", right / right.sum()),
    )
    return Question(
        id="adds",
        title="What adds most",
        text=f"A query has the weights {vector(shares * 16)}, each over 16, and the values are "
        f"{', '.join(map(vector, values))}.\nGive the length of what each position adds, $|\\alpha'_j "
        "v_j|$, exactly.",
        answer="added",
        stub="added = [..., ..., ..., ...]",
        solution=f"added = {listed(right)}",
        open_check="form(added, 4)",
        checks=(numbers_check("lengths", 3, right, "The largest weight does not add most.", mistakes),),
    )


_EXPLANATION = Written(
    id="explanation",
    title="What does a map explain?",
    text="Someone shows the map of one head of your trained model and says: *the model names this token "
    "because it looks "
    "at that one.*\nIn six to ten sentences, say what the map shows and what it does not, and describe "
    "one experiment on "
    "your model that could refute the claim. Use two numbers that you measured.",
    points=6,
    rubric=(
        (1, "the map shows weights: where values are taken from, in one layer"),
        (
            2,
            "names two things it does not show, such as the values' lengths, W^O, other heads, the "
            "residual path",
        ),
        (
            2,
            "describes an experiment that changes the model or its input and says which outcome would refute",
        ),
        (1, "uses two measured numbers"),
    ),
    solution="A map says from where a head takes, not what it takes nor whether later layers use it. A "
    "large weight on a "
    "short value adds little, and layer 1 may have moved the information before. An experiment: put the "
    "uniform map in "
    "place of layer 1's, or change the token that is looked at, and measure the share named right again. "
    "If it stays, "
    "the claim is refuted.",
)
