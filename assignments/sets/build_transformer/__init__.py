"""Problem set 3, chapters 10 to 12: layer norm, feed-forward, encoder and decoder block."""

from functools import partial
from typing import Any

import numpy as np

from assignments.checks import example_check, function_check, numbers_check
from assignments.numbers import EXACT_NORMS, Draw
from assignments.problem_set import ProblemSet, Question
from assignments.sets.build_transformer import blocks, parts
from assignments.sets.build_transformer.laws import looks_back_alone
from assignments.writing import in_full, listed, vector
from transformer_lib import pocket
from transformer_lib.exercises.registry import Mistake

NAME = "build_transformer"


def make(student: str, seed: int) -> ProblemSet:
    """Make a student's set: one norm order, post or pre, and hidden cases of the student's own."""
    draw = Draw(NAME, seed, student)
    order = draw.choose(("post", "pre"))
    return ProblemSet(
        name=NAME,
        title="Problem set 3: build the Transformer",
        student=student,
        text=_OPENING[order],
        setup=_SETUP,
        questions=(
            _by_hand(draw),
            _layer_norm(draw),
            _feed_forward(draw),
            _encoder(draw, order),
            _decoder(draw, order),
        ),
    )


_SETUP = """import numpy as np
import torch
from torch import nn

from transformer_lib.exercises.open_checks import example, form"""

_HOW = """
In code, rows are positions and matrices multiply from the left, so $W a$ is `a @ W.T`.
Functions get NumPy arrays and give an array or a tensor.
Where a question names neither NumPy nor PyTorch, use either.
Write the parts yourself: that is what these questions are for."""

_OPENING = {
    "post": "You build the blocks of 2017: **post-norm**, so each sublayer is norm(x + f(x))." + _HOW,
    "pre": "You build the blocks of GPT-2: **pre-norm**, so each sublayer is x + f(norm(x))."
    " No norm follows the last sum." + _HOW,
}


def _by_hand(draw: Draw) -> Question:
    numbers = draw.choose(EXACT_NORMS)
    steps = pocket.layer_norm(pocket.exact([numbers])[0])
    scale, shift = draw.several((-1, 1, 2, 3), 4), draw.several((-2, -1, 1, 2), 4)
    right = [g * y + b for g, y, b in zip(scale, steps.output, shift, strict=True)]
    x, g, b, y = (np.array(row, dtype=float) for row in (numbers, scale, shift, steps.output))
    from_mean = x - x.mean()
    mistakes = (
        Mistake("no scale", "The scale is missing.", y + b),
        Mistake("no shift", "The shift is missing.", g * y),
        Mistake("shift before scale", "That shifts first: scale first, then shift.", g * (y + b)),
        Mistake("sides exchanged", "Scale and shift are exchanged.", b * y + g),
        Mistake("unbiased std", "That divides by n − 1: take n.", g * from_mean / x.std(ddof=1) + b),
        Mistake("not divided", "Divide the differences from the mean by their std.", g * from_mean + b),
        Mistake("divided by the variance", "Take the root of the variance.", g * from_mean / x.var() + b),
        Mistake("divided by the length", "The mean of the squares, not their sum.", g * y / 2 + b),
        Mistake("mean not subtracted", "Subtract the mean first.", g * x / x.std() + b),
        Mistake("RMSNorm", "That leaves the mean in.", g * x / np.sqrt(np.square(x).mean()) + b),
    )
    return Question(
        id="norm-by-hand",
        title="LayerNorm on paper",
        text=f"Normalise $x = {vector(x)}$ without $\\varepsilon$, scale it entry by entry by ${vector(g)}$ "
        f"and shift it by ${vector(b)}$.\n"
        'Give four exact numbers; write fractions as text, such as `"3/4"`.',
        answer="normed",
        stub="normed = [..., ..., ..., ...]",
        solution=f"# mean {steps.mean}, std {steps.std}\nnormed = {listed(right)}",
        open_check="form(normed, 4)",
        checks=(numbers_check("four entries", 3, right, "Normalised, scaled, shifted.", mistakes),),
    )


def _layer_norm(draw: Draw) -> Question:
    cases = [
        (draw.hundredths(*shape, d) * 3, draw.hundredths(d), draw.hundredths(d), 1e-5)
        for *shape, d in ((3, 4), (4, 4), (2, 3, 6))
    ]
    flat = [(np.full((2, 4), 3.0), draw.hundredths(4), draw.hundredths(4), 1e-5)]
    coarse = [(draw.hundredths(3, 5), draw.hundredths(5), draw.hundredths(5), 0.5)]
    shown = (np.array([[9.0, 3, 3, 1]]), np.ones(4), np.zeros(4), 0.0)
    return Question(
        id="layer-norm",
        title="LayerNorm as a module",
        text="In PyTorch, fill in `LayerNorm`, without `nn.LayerNorm` and `F.layer_norm`. Its parameters "
        "are `scale` "
        "and `shift`, and `eps` is added to the variance, under the root.\n"
        "`run_norm` sets the parameters and runs it; leave it as it is. x is (..., d_model).",
        answer="run_norm",
        stub=parts.NORM_STUB,
        solution=parts.NORM_SOLUTION,
        open_check="example(run_norm, (np.array([[9.0, 3, 3, 1]]), np.ones(4), np.zeros(4), 0.0), "
        f"{in_full(parts.layer_norm(*shown).round(4))})",
        checks=(
            example_check(1, parts.layer_norm, shown, tolerance=1e-3),
            function_check(
                "other sizes",
                3,
                parts.layer_norm,
                cases,
                "Each token by itself.",
                parts.NORM_MISTAKES,
                tolerance=1e-5,
            ),
            function_check(
                "eps", 1, parts.layer_norm, flat + coarse, "Equal entries give the shift.", parts.EPS_MISTAKES
            ),
        ),
    )


def _feed_forward(draw: Draw) -> Question:
    def case(n: int, d: int, d_ff: int) -> tuple[Any, ...]:
        shapes = (n, d), (d_ff, d), (d_ff,), (d, d_ff), (d,)
        return tuple(draw.hundredths(*shape) for shape in shapes)

    shown = (np.array([[0.2, 1.7]]), np.array([[1.0, -1], [-1, 1]]), np.zeros(2), np.eye(2), np.ones(2))
    cases = [case(4, 4, 4), case(3, 2, 7), case(5, 6, 4)]
    return Question(
        id="feed-forward",
        title="Feed-forward network",
        text="`feed_forward(x, w_1, b_1, w_2, b_2)` widens each row of x (N, d_model) by $W_1$ (d_ff, "
        "d_model), adds "
        "$b_1$, takes ReLU, narrows by $W_2$ (d_model, d_ff) and adds $b_2$.",
        answer="feed_forward",
        stub="def feed_forward(x, w_1, b_1, w_2, b_2):\n    ...",
        solution="def feed_forward(x, w_1, b_1, w_2, b_2):\n"
        "    return np.maximum(x @ w_1.T + b_1, 0) @ w_2.T + b_2",
        open_check="example(\n    feed_forward,\n    (np.array([[0.2, 1.7]]), np.array([[1.0, -1], [-1, "
        "1]]), "
        f"np.zeros(2), np.eye(2), np.ones(2)),\n    {in_full(parts.feed_forward(*shown).round(4))},\n)",
        checks=(
            example_check(1, parts.feed_forward, shown, tolerance=1e-3),
            function_check(
                "other sizes", 3, parts.feed_forward, cases, "Row by row.", parts.FFN_MISTAKES, tolerance=1e-4
            ),
        ),
    )


def _encoder(draw: Draw, order: str) -> Question:
    cases = [
        (draw.hundredths(n, d), blocks.draw_weights(draw, blocks.ENCODER, d, d_ff), h)
        for n, d, d_ff, h in ((4, 4, 4, 2), (5, 6, 8, 3), (3, 8, 5, 4))
    ]
    return Question(
        id="encoder-block",
        title="Encoder block",
        text="`encoder_block(x, w, n_heads)` takes x (N, d_model) and a dictionary `w` of matrices: "
        "`w_q`, `w_k`, `w_v`, "
        "`w_o`, each (d_model, d_model), `w_1` (d_ff, d_model) and `w_2` (d_model, d_ff).\n"
        f"Self-attention with n_heads heads, then feed-forward with ReLU; both {order}-norm, without "
        "scale and "
        "shift. There are no biases and no mask.",
        answer="encoder_block",
        stub="def encoder_block(x, w, n_heads):\n    ...",
        solution=parts.block_code(order, "encoder"),
        open_check=parts.BLOCK_EXAMPLE.format(call="encoder_block, (np.eye(2, 4), w, 2)")
        + in_full(blocks.encoder_block(np.eye(2, 4), parts.eyes(blocks.ENCODER), 2, order=order).round(4))
        + ")",
        checks=(
            function_check(
                "other sizes",
                7,
                partial(blocks.encoder_block, order=order),
                cases,
                "Gather, then think.",
                blocks.encoder_mistakes(order),
                tolerance=blocks.TOLERANCE,
            ),
        ),
    )


def _decoder(draw: Draw, order: str) -> Question:
    right = partial(blocks.decoder_block, order=order)
    cases = [
        (
            draw.hundredths(T, d),
            draw.hundredths(S, d),
            blocks.draw_weights(draw, blocks.DECODER, d, d_ff),
            h,
        )
        for T, S, d, d_ff, h in ((4, 4, 4, 4, 2), (3, 5, 6, 7, 2), (5, 2, 6, 4, 3))
    ]
    return Question(
        id="decoder-block",
        title="Decoder block",
        text="`decoder_block(x, memory, w, n_heads)` has three sublayers: self-attention in which no "
        "position looks ahead, "
        "cross-attention to `memory` (S, d_model), feed-forward.\n"
        "`w` holds what the encoder block's does, and `cross_q`, `cross_k`, `cross_v`, `cross_o` for the "
        "second "
        f"sublayer. All three are {order}-norm; the memory is never normalised here.",
        answer="decoder_block",
        stub="def decoder_block(x, memory, w, n_heads):\n    ...",
        solution=parts.block_code(order, "decoder"),
        open_check=parts.BLOCK_EXAMPLE.format(call="decoder_block, (np.eye(2, 4), np.eye(3, 4), w, 2)")
        + in_full(right(np.eye(2, 4), np.eye(3, 4), parts.eyes(blocks.DECODER), 2).round(4))
        + ")",
        checks=(
            function_check(
                "other sizes",
                8,
                right,
                cases,
                "Past, source, thought: that is the decoder.",
                blocks.decoder_mistakes(order),
                tolerance=blocks.TOLERANCE,
            ),
            looks_back_alone(2, cases[1]),
        ),
    )
