"""Exercises of chapter 1: steps that wait, path length, multiply-adds, and dilated convolutions."""

import math
from collections.abc import Callable

import numpy as np

from transformer_lib.exercises.judging import judge_function, judge_numbers
from transformer_lib.exercises.registry import Exercise, Mistake, register

RNN, CNN, ATTENTION = [8, 1, 7], [1, 4, 4], [1, 1, 1]  # 8 positions, kernel 5
TABLE = [RNN, CNN, ATTENTION]

_table = (
    Mistake(
        "kernel 3 for 5",
        "That is the CNN with kernel 3; with kernel 5 a layer carries x₁ two positions, not one.",
        [RNN, [1, 7, 7], ATTENTION],
    ),
    Mistake(
        "some output for output 8",
        "After 2 layers an output in the middle has seen both ends; output 8 has not seen x₁ yet.",
        [RNN, [1, 2, 2], ATTENTION],
    ),
    Mistake(
        "rounded down",
        "Three layers carry x₁ six positions, to output 7: round up, since the rest needs a layer too.",
        [RNN, [1, 3, 3], ATTENTION],
    ),
    Mistake(
        "states counted as path",
        "In the RNN's path you count the states; count the steps between them, from h₁ to h₈.",
        [[8, 1, 8], CNN, ATTENTION],
    ),
    Mistake(
        "path counted as states",
        "In the RNN's waiting steps you count those between the states; the first state is a step too.",
        [[7, 1, 7], CNN, ATTENTION],
    ),
    Mistake(
        "layers of the RNN",
        "You stack RNN layers as if they were windows; one layer carries x₁ all the way to the end.",
        [[8, 7, 7], CNN, ATTENTION],
    ),
    Mistake(
        "attention one query after the other",
        "You let attention's queries wait for one another; none of them needs another's result.",
        [RNN, CNN, [8, 1, 1]],
    ),
    Mistake(
        "the window slides",
        "You let the CNN's windows wait for one another; none of them needs another's result.",
        [RNN, [8, 4, 4], ATTENTION],
    ),
    Mistake(
        "ticks of the stack",
        "Your CNN counts the ticks of the whole stack; the first number asks for one layer.",
        [RNN, [4, 4, 4], ATTENTION],
    ),
    Mistake(
        "rows in another order",
        "Those are the right rows in the wrong order: RNN, CNN, self-attention.",
        [ATTENTION, CNN, RNN],
    ),
    Mistake(
        "rows and columns swapped",
        "That is the table turned over: give one row a network, one column a question.",
        [list(column) for column in zip(*TABLE, strict=True)],
    ),
)
register(
    Exercise(
        id="1.1",
        title="Fill in the table",
        difficulty=1,
        minutes=5,
        judge=judge_numbers(TABLE, "A wider window shortens the CNN's path; only attention's is 1.", _table),
        reference=TABLE,
        equivalents={
            "tuples": tuple(tuple(row) for row in TABLE),
            "array": np.array(TABLE),
            "floats": np.array(TABLE, dtype=np.float32),
            "text": [[str(entry) for entry in row] for row in TABLE],
        },
        mistakes=_table,
    )
)


def path_length(kind: str, n: int, kernel: int) -> float:
    """Count the steps from input 1 to output n."""
    if kind == "rnn":
        return n - 1
    if kind == "cnn":
        return math.ceil((n - 1) / ((kernel - 1) // 2))
    return 1


def _path(**other: Callable[[int, int], float]) -> Callable[[str, int, int], float]:
    """A path length that is wrong for the kinds given."""

    def wrong(kind: str, n: int, kernel: int) -> float:
        return other[kind](n, kernel) if kind in other else path_length(kind, n, kernel)

    return wrong


_PATHS = (
    ("rnn", 8, 3),
    ("cnn", 8, 3),
    ("attention", 8, 3),
    ("rnn", 13, 5),
    ("cnn", 8, 5),
    ("cnn", 13, 5),
    ("cnn", 12, 7),
    ("cnn", 2, 7),
    ("attention", 30, 5),
)
_paths = (
    Mistake(
        "states counted as path",
        "For the RNN you count the n states; from h₁ to hₙ there is one step fewer.",
        _path(rnn=lambda n, kernel: n),
    ),
    Mistake(
        "kernel left out",
        "For the CNN that is right with kernel 3 alone; a wider window carries further in each layer.",
        _path(cnn=lambda n, kernel: n - 1),
    ),
    Mistake(
        "some output for the last",
        "For the CNN that is when an output in the middle has seen both ends; "
        "information moves half a window a layer, (kernel − 1)/2.",
        _path(cnn=lambda n, kernel: math.ceil((n - 1) / (kernel - 1))),
    ),
    Mistake(
        "divided by the kernel",
        "For the CNN you move a whole kernel a layer; from its centre a window reaches (kernel − 1)/2 away.",
        _path(cnn=lambda n, kernel: math.ceil((n - 1) / kernel)),
    ),
    Mistake(
        "half the kernel, centre included",
        "For the CNN you move (kernel + 1)/2 positions a layer; that counts the centre, which is not a move.",
        _path(cnn=lambda n, kernel: math.ceil((n - 1) / ((kernel + 1) // 2))),
    ),
    Mistake(
        "rounded down",
        "For the CNN you round down; what is left over needs one more layer.",
        _path(cnn=lambda n, kernel: (n - 1) // ((kernel - 1) // 2)),
    ),
    Mistake(
        "not rounded",
        "For the CNN you get a fraction of a layer; round it up.",
        _path(cnn=lambda n, kernel: (n - 1) / ((kernel - 1) / 2)),
    ),
    Mistake(
        "n for n − 1",
        "For the CNN you cross n positions; from input 1 to output n there are n − 1.",
        _path(cnn=lambda n, kernel: math.ceil(n / ((kernel - 1) // 2))),
    ),
    Mistake(
        "logarithm",
        "For the CNN that is the paper's log to base k, which holds for dilated windows; these are plain.",
        _path(cnn=lambda n, kernel: math.ceil(math.log(n, kernel))),
    ),
    Mistake(
        "attention step by step",
        "For attention you cross the positions one by one; each input is one step away.",
        _path(attention=lambda n, kernel: n - 1),
    ),
    Mistake(
        "attention without a step",
        "For attention you count no step; the look itself is one.",
        _path(attention=lambda n, kernel: 0),
    ),
)
register(
    Exercise(
        id="1.2",
        title="Path length as a function",
        difficulty=2,
        minutes=8,
        judge=judge_function(
            path_length,
            _PATHS,
            "The RNN's path grows with n, the CNN's with n over k, attention's not.",
            _paths,
        ),
        reference=path_length,
        equivalents={
            "whole numbers alone": _path(cnn=lambda n, kernel: -(-2 * (n - 1) // (kernel - 1))),
            "NumPy": _path(cnn=lambda n, kernel: np.ceil(2 * (n - 1) / (kernel - 1))),
            "counted": _path(cnn=lambda n, kernel: len(range(1, n, (kernel - 1) // 2))),
        },
        mistakes=_paths,
    )
)


def multiply_adds(n: int, d: int) -> list[int]:
    """Count for the RNN layer, for attention's two products, and the first n at which these cost more."""
    return [2 * n * d * d, 2 * n * n * d, d + 1]


_counts = (
    Mistake(
        "one matrix of the RNN",
        "Your RNN multiplies by one matrix a position; it has two, W for the state and U for the input.",
        lambda n, d: [n * d * d, 2 * n * n * d, d + 1],
    ),
    Mistake(
        "one matrix, its own crossover",
        "Your RNN multiplies by one matrix a position, and so your crossover is early; it has two, W and U.",
        lambda n, d: [n * d * d, 2 * n * n * d, d // 2 + 1],
    ),
    Mistake(
        "one product of attention",
        "You count one product of attention; there are two, the scores and the weighted sums.",
        lambda n, d: [2 * n * d * d, n * n * d, d + 1],
    ),
    Mistake(
        "one product, its own crossover",
        "You count one product of attention, and so your crossover is late; there are two, scores and sums.",
        lambda n, d: [2 * n * d * d, n * n * d, 2 * d + 1],
    ),
    Mistake(
        "multiplications and additions apart",
        "You count a multiplication and its addition as two; a multiply-add is one.",
        lambda n, d: [4 * n * d * d, 4 * n * n * d, d + 1],
    ),
    Mistake(
        "order swapped",
        "Those are the right counts in the wrong order: the RNN comes first.",
        lambda n, d: [2 * n * n * d, 2 * n * d * d, d + 1],
    ),
    Mistake(
        "itself left out",
        "You count pairs of two different positions; each looks at itself too, so there are n·n pairs.",
        lambda n, d: [2 * n * d * d, 2 * n * (n - 1) * d, d + 1],
    ),
    Mistake(
        "the ratio for the crossover",
        "Your third number is the ratio n/d; you are asked for a number of positions, from d alone.",
        lambda n, d: [2 * n * d * d, 2 * n * n * d, n / d],
    ),
    Mistake(
        "the first state left out",
        "You leave out W h₀ because h₀ is 0; the layer multiplies there too, so count it.",
        lambda n, d: [(2 * n - 1) * d * d, 2 * n * n * d, d + 1],
    ),
    Mistake(
        "equal taken for more",
        "At n = d the two cost the same; you are asked where attention first costs more.",
        lambda n, d: [2 * n * d * d, 2 * n * n * d, d],
    ),
    Mistake(
        "projections counted",
        "You count the projections to q, k and v too; here it is the two products alone.",
        lambda n, d: [2 * n * d * d, 2 * n * n * d + 3 * n * d * d, 1],
    ),
    Mistake(
        "one position of the RNN",
        "You count one position of the RNN; the layer makes n of them.",
        lambda n, d: [2 * d * d, 2 * n * n * d, d + 1],
    ),
)
register(
    Exercise(
        id="1.3",
        title="Count the multiply-adds",
        difficulty=2,
        minutes=10,
        judge=judge_function(
            multiply_adds,
            [(8, 2), (4, 6), (5, 3), (7, 64), (100, 10), (1, 1)],
            "The ratio is n/d exactly, so the two cost the same at n = d.",
            _counts,
        ),
        reference=multiply_adds,
        equivalents={
            "tuple": lambda n, d: tuple(multiply_adds(n, d)),
            "array": lambda n, d: np.array(multiply_adds(n, d)),
            "searched": lambda n, d: [
                2 * n * d**2,
                2 * n**2 * d,
                next(m for m in range(1, 1000) if 2 * m * m * d > 2 * m * d * d),
            ],
        },
        mistakes=_counts,
    )
)


def layers_needed(n: int, kernel: int) -> int:
    """Count layers until the last output sees n positions; the dilation doubles from 1."""
    return _until(lambda layers: 1 + (kernel - 1) * (2**layers - 1) >= n)


def _until(enough: Callable[[int], bool]) -> int:
    layers = 0
    while not enough(layers):
        layers += 1
    return layers


_dilated = (
    Mistake(
        "no dilation",
        "That is a plain stack, which gains kernel − 1 positions a layer; here the gain doubles each time.",
        lambda n, kernel: math.ceil((n - 1) / (kernel - 1)),
    ),
    Mistake(
        "dilation multiplied by the kernel",
        "That is right when each dilation is the kernel times the one before; here it is twice.",
        lambda n, kernel: _until(lambda layers: kernel**layers >= n),
    ),
    Mistake(
        "dilation grows by one",
        "That takes the dilations 1, 2, 3, 4; they double: 1, 2, 4, 8.",
        lambda n, kernel: _until(lambda layers: 1 + (kernel - 1) * layers * (layers + 1) // 2 >= n),
    ),
    Mistake(
        "own position left out",
        "You leave out the output's own position, which it sees without any layer: the field starts at 1.",
        lambda n, kernel: 0 if n == 1 else _until(lambda layers: (kernel - 1) * (2**layers - 1) >= n),
    ),
    Mistake(
        "more than n",
        "You ask for more than n positions; n of them are enough.",
        lambda n, kernel: _until(lambda layers: 1 + (kernel - 1) * (2**layers - 1) > n),
    ),
    Mistake(
        "last layer alone",
        "You count the span of the last layer's window alone; the layers below it add theirs.",
        lambda n, kernel: 0 if n == 1 else 1 + _until(lambda last: 1 + (kernel - 1) * 2**last >= n),
    ),
    Mistake(
        "dilation starts at 2",
        "Your first dilation is 2; it is 1, a plain window.",
        lambda n, kernel: _until(lambda layers: 1 + (kernel - 1) * (2 ** (layers + 1) - 2) >= n),
    ),
    Mistake(
        "one layer too many",
        "You give one layer more than needed: start from no layer, whose field is 1.",
        lambda n, kernel: layers_needed(n, kernel) + 1,
    ),
)
register(
    Exercise(
        id="1.4",
        title="A convolution that skips",
        difficulty=3,
        minutes=15,
        judge=judge_function(
            layers_needed,
            [(1, 2), (7, 3), (8, 3), (8, 2), (9, 2), (13, 4), (100, 5), (128, 2), (1000, 3)],
            "The field is 1 + (k − 1)(2ᴸ − 1), so the layers grow with the logarithm of n.",
            _dilated,
        ),
        reference=layers_needed,
        equivalents={
            "logarithm": lambda n, kernel: math.ceil(math.log2((n - 1) / (kernel - 1) + 1)),
            "bits": lambda n, kernel: (-(-(n - 1) // (kernel - 1))).bit_length(),
            "float": lambda n, kernel: float(layers_needed(n, kernel)),
        },
        mistakes=_dilated,
    )
)
