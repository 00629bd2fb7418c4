"""Exercises of chapter 10: one token by hand, a 1×1 convolution, each token alone, a budget, a maximum."""

from fractions import Fraction
from typing import Any

import numpy as np

from transformer_lib import pocket
from transformer_lib.exercises.judging import judge_function, judge_numbers, read
from transformer_lib.exercises.layers import Layer, judge_law
from transformer_lib.exercises.registry import Exercise, Mistake, Verdict, register
from transformer_lib.shapes import Array
from transformer_lib.steps import feed_forward, relu, self_attention
from transformer_lib.style import short

_W_1, _W_2 = pocket.arrays(pocket.W_1), pocket.arrays(pocket.W_2)


def _named(mistake: Mistake) -> Verdict:
    return Verdict("wrong", mistake.sentence, mistake.name)


# 10.1 ---------------------------------------------------------------------------------------------

_by_hand = (
    Mistake(
        "no ReLU",
        "That is what you get without ReLU: put 0 for −3 and −2 before W₂.",
        [6, -6],
    ),
    Mistake(
        "ReLU at the end",
        "That cuts the output too; ReLU stands between W₁ and W₂ and nowhere else.",
        [4, 0],
    ),
    Mistake(
        "ReLU on the token",
        "That cuts the token before W₁; ReLU comes after it.",
        [4, -2],
    ),
    Mistake(
        "minus signs dropped",
        "That turns −3 into 3 and −2 into 2; ReLU puts 0 for both.",
        [2, 4],
    ),
    Mistake(
        "the wrong side cut",
        "That keeps what is below 0 and cuts the rest; ReLU is the other way round.",
        [2, -5],
    ),
    Mistake(
        "hidden units for the output",
        "Those are the hidden units; multiply them by W₂.",
        [3, 0, 1, 0],
    ),
    Mistake("W₁x for the output", "That is W₁x; ReLU and W₂ are still to come.", [3, -3, 1, -2]),
    Mistake(
        "the token added",
        "That adds the token itself; such a sum comes in chapter 11, and the network alone makes none.",
        [6, -2],
    ),
    Mistake(
        "entries swapped",
        "That is the output of (−1, 2): the first entry meets the first number of each row.",
        [-3, 6],
    ),
)
register(
    Exercise(
        id="10.1",
        title="Another token",
        difficulty=1,
        minutes=5,
        judge=judge_numbers([4, -1], "Units 2 and 4 are off: units 1 and 3 say it all.", _by_hand),
        reference=[4, -1],
        equivalents={
            "tuple": (4.0, -1.0),
            "fractions": [Fraction(4), "-1"],
            "float32": np.array([4, -1], dtype=np.float32),
            "the library's": feed_forward([2, -1], _W_1, _W_2).output,
        },
        mistakes=_by_hand,
    )
)


# 10.2 ---------------------------------------------------------------------------------------------

_slid: set[int] = set()  # the entries a token of what an answer slides a window over


def _conv(x: Any, kernel: Any) -> Array:
    """Slide a window over the columns of x (d_in, N): what torch's conv1d does, with 0 around x."""
    x, kernel = np.asarray(x, dtype=np.float64), np.asarray(kernel, dtype=np.float64)
    if x.ndim != 2 or kernel.ndim != 3:
        raise ValueError(
            f"conv takes x with 2 axes and a kernel with 3; these have {x.ndim} and {kernel.ndim}"
        )
    if len(x) != kernel.shape[1]:
        raise ValueError(
            f"x has {len(x)} rows and the kernel takes {kernel.shape[1]}: x stands as (d_in, N) "
            "and the kernel as (d_out, d_in, width)"
        )
    width, n = kernel.shape[2], x.shape[1]
    _slid.add(len(x))
    before = (width - 1) // 2
    padded = np.pad(x, ((0, 0), (before, width - 1 - before)))
    products = [kernel[:, :, t] @ padded[:, t : t + n] for t in range(width)]
    return np.sum(products, axis=0)


def ffn_by_conv(x: Any, w_1: Any, w_2: Any, conv: Any) -> Array:
    """The feed-forward network as two convolutions with a window of one position."""
    hidden = np.maximum(conv(x.T, w_1[:, :, None]), 0)
    return conv(hidden, w_2[:, :, None]).T


def _draw(seed: int, n: int, d_model: int, d_ff: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    shapes = (n, d_model), (d_ff, d_model), (d_model, d_ff)
    return (*(rng.normal(size=shape).round(2) for shape in shapes), _conv)


# All sizes are equal in the last case: there every mistake runs.
_CONV_CASES = (_draw(11, 5, 3, 7), _draw(12, 2, 3, 4), _draw(10, 4, 4, 4))


def _wide_window(w: Any) -> Any:
    return np.repeat(w[:, :, None], 3, axis=2)


_by_conv = (
    Mistake(
        "no ReLU",
        "That leaves out ReLU: cut what is below 0 between the two convolutions.",
        lambda x, w_1, w_2, conv: conv(conv(x.T, w_1[:, :, None]), w_2[:, :, None]).T,
    ),
    Mistake(
        "ReLU at the end",
        "That cuts the output; ReLU stands between the two convolutions.",
        lambda x, w_1, w_2, conv: np.maximum(conv(conv(x.T, w_1[:, :, None]), w_2[:, :, None]), 0).T,
    ),
    Mistake(
        "not turned back",
        "Your result has a token in each column; turn it over at the end, so that each is a row again.",
        lambda x, w_1, w_2, conv: ffn_by_conv(x, w_1, w_2, conv).T,
    ),
    Mistake(
        "tokens for entries",
        "That gives conv the rows as they are, so the matrices mix tokens: conv wants x as (d_model, N).",
        lambda x, w_1, w_2, conv: conv(np.maximum(conv(x, w_1[:, :, None]), 0), w_2[:, :, None]),
    ),
    Mistake(
        "matrices turned over",
        "That turns W₁ and W₂ over; a kernel is (d_out, d_in, width), as W is (d_out, d_in).",
        lambda x, w_1, w_2, conv: ffn_by_conv(x, w_1.T, w_2.T, conv),
    ),
    Mistake(
        "a window of three",
        "That window is three positions wide, so neighbours mix; the last axis of the kernel must be 1.",
        lambda x, w_1, w_2, conv: conv(np.maximum(conv(x.T, _wide_window(w_1)), 0), _wide_window(w_2)).T,
    ),
)
_NOT_BY_CONV = Mistake(
    "not by convolution",
    "Right numbers, but not made with the `conv` handed to you.",
    lambda x, w_1, w_2, conv: feed_forward(x, w_1, w_2).output,
)
_BY_ONE_CONV = Mistake(
    "one convolution",
    "Right numbers, but only one of the two matrices went through `conv`: make two convolutions.",
    lambda x, w_1, w_2, conv: (w_2 @ np.maximum(conv(x.T, w_1[:, :, None]), 0)).T,
)
_judge_numbers_of_conv = judge_function(
    ffn_by_conv,
    _CONV_CASES,
    "A window of one position sees one token, so nothing can mix.",
    _by_conv,
    first_fault_decides=True,
)


def _judge_conv(answer: Any) -> Verdict:
    _slid.clear()
    verdict = _judge_numbers_of_conv(answer)
    if verdict.status != "right":
        return verdict
    if not _slid:
        return _named(_NOT_BY_CONV)
    # W₁ slides over x, W₂ over the hidden units.
    return verdict if _slid >= {3, 7, 4} else _named(_BY_ONE_CONV)


def _token_by_token(x: Any, w_1: Any, w_2: Any, conv: Any) -> list[Any]:
    return [ffn_by_conv(token[None], w_1, w_2, conv)[0] for token in x]


def _reshaped(x: Any, w_1: Any, w_2: Any, conv: Any) -> Any:
    hidden = conv(x.swapaxes(0, 1), w_1.reshape(*w_1.shape, 1))
    return conv(hidden * (hidden > 0), w_2.reshape(*w_2.shape, 1)).swapaxes(0, 1)


register(
    Exercise(
        id="10.2",
        title="The same, as a convolution",
        difficulty=2,
        minutes=8,
        judge=_judge_conv,
        reference=ffn_by_conv,
        equivalents={"token by token": _token_by_token, "by reshape": _reshaped},
        mistakes=(*_by_conv, _NOT_BY_CONV, _BY_ONE_CONV),
    )
)


# 10.3 ---------------------------------------------------------------------------------------------

_RNG = np.random.default_rng(10)
_TOKENS = _RNG.normal(size=(5, 3)).round(2)
_WIDEN, _NARROW = _RNG.normal(size=(7, 3)), _RNG.normal(size=(3, 7))
_W_Q, _W_K, _W_V = (_RNG.normal(size=(3, 3)) for _ in range(3))


def _ffn(x: Array) -> Array:
    """Row by row, so that a row's last digit does not depend on how many rows there are."""
    return np.array([feed_forward(row, _WIDEN, _NARROW).output for row in x]).reshape(len(x), -1)


def _shape_of(x: Array) -> Array:
    centred = x - x.mean(axis=1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)


def _row_before(x: Array) -> Array:
    return np.vstack([np.zeros((1, x.shape[1])), x[:-1]])


_ALONE = (
    Layer("a feed-forward network", _ffn),
    Layer("a layer that doubles each row", lambda x: 2 * x),
    Layer("a layer that sums each row", lambda x: x.sum(axis=1, keepdims=True)),
    Layer("a layer that divides each row by its spread", _shape_of),
    Layer("ReLU", relu),
)
_MIXES = (
    Layer("self-attention", lambda x: self_attention(x, _W_Q, _W_K, _W_V).output),
    Layer("a layer that subtracts the mean of all rows", lambda x: x - x.mean(axis=0)),
    Layer("a running sum from the top", lambda x: x.cumsum(axis=0)),
    Layer("a running sum from the bottom", lambda x: x[::-1].cumsum(axis=0)[::-1]),
    Layer("a layer that gives the row before", _row_before),
    Layer("a feed-forward network after a running sum", lambda x: _ffn(x.cumsum(axis=0))),
)
_LAW = {layer: layer in _ALONE for layer in (*_ALONE, *_MIXES)}


def acts_per_token(layer: Any, x: Any) -> bool:
    """Whether each row of the output is what its own row gives alone."""
    return bool(np.allclose(layer(x), np.vstack([layer(row[None]) for row in x])))


def _nudged(x: Any, at: int) -> Any:
    changed = np.array(x)
    changed[at] += 1
    return changed


def _others_stay(layer: Any, x: Any, at: int) -> bool:
    others = np.arange(len(x)) != at
    return bool(np.allclose(layer(_nudged(x, at))[others], layer(x)[others]))


def _permutes(layer: Any, x: Any) -> bool:
    order = [2, 0, 1, 4, 3][: len(x)]
    return bool(np.allclose(layer(x[order]), layer(x)[order]))


_law = (
    Mistake(
        "later ones missed",
        "It misses a layer in which each row reaches later ones: one row is not enough, try every row.",
        lambda layer, x: _others_stay(layer, x, len(x) - 1),
    ),
    Mistake(
        "earlier ones missed",
        "It misses a layer in which each row reaches earlier ones: one row is not enough, try every row.",
        lambda layer, x: _others_stay(layer, x, 0),
    ),
    Mistake(
        "permutation",
        "That is the law of chapter 4: self-attention obeys it too, and mixes all tokens.",
        _permutes,
    ),
    Mistake(
        "its own row must stay too",
        "That wants the changed token's own row to stay as well; only the other rows must.",
        lambda layer, x: all(np.allclose(layer(_nudged(x, i)), layer(x)) for i in range(len(x))),
    ),
    Mistake(
        "says yes to everything",
        "It says True to every layer, even to a running sum: compare numbers, not shapes.",
        lambda layer, x: layer(x).shape[0] == len(x),
    ),
)


def _in_place(layer: Any, x: Any) -> bool:
    before = layer(x)
    for i in range(len(x)):
        x[i, 0] += 1
        if not np.allclose(np.delete(layer(x), i, axis=0), np.delete(before, i, axis=0)):
            return False
    return True


_IN_PLACE = Mistake(
    "input changed",
    "Your function changes `x` itself: work on `x.copy()`, made anew for each row.",
    _in_place,
)


def _by_nudges(layer: Any, x: Any) -> bool:
    return all(_others_stay(layer, x, i) for i in range(len(x)))


def _by_zeros(layer: Any, x: Any) -> Any:
    rows = range(len(x))
    alone = [layer(np.where(np.arange(len(x))[:, None] == i, x, 0))[i] for i in rows]
    return np.isclose(layer(x), alone).all()


register(
    Exercise(
        id="10.3",
        title="Does it let tokens meet?",
        difficulty=2,
        minutes=8,
        judge=judge_law(
            _LAW,
            _TOKENS,
            "It tells all eleven layers apart: only attention and its kin let tokens meet.",
            _law,
            _IN_PLACE,
        ),
        reference=acts_per_token,
        equivalents={
            "one change after the other": _by_nudges,
            "the others set to 0": _by_zeros,
            "as 0 or 1": lambda layer, x: int(acts_per_token(layer, x)),
        },
        mistakes=(*_law, _IN_PLACE),
    )
)


# 10.4 ---------------------------------------------------------------------------------------------

_D_MODEL, _D_FF = 768, 3072
_BUDGET = (4 * _D_MODEL**2, 2 * _D_MODEL * _D_FF, 2048)
_ATTENTION, _FFN, _GATED = _BUDGET
_PLACES = ("The count of attention", "The count of the FFN", "The d_ff of SwiGLU")
# For each of the three numbers: what a known slip gives.
_SLIPS: tuple[tuple[Mistake, ...], ...] = (
    (
        Mistake(
            "W^O forgotten", "Attention: that counts W^q, W^k and W^v; W^O is a fourth.", 3 * _D_MODEL**2
        ),
        Mistake("one matrix", "Attention: that is one matrix; there are W^q, W^k, W^v and W^O.", _D_MODEL**2),
        Mistake(
            "times the heads",
            "Attention: that counts full matrices for each of 12 heads; the heads share d_model among them.",
            12 * _ATTENTION,
        ),
        Mistake(
            "one head",
            "Attention: that is one head of twelve; count them all.",
            _ATTENTION // 12,
        ),
        Mistake(
            "biases in attention",
            "Attention: that counts biases too; the question is about the matrices alone.",
            _ATTENTION + 4 * _D_MODEL,
        ),
    ),
    (
        Mistake("W₂ forgotten", "FFN: that is one of its two matrices.", _FFN // 2),
        Mistake(
            "as wide as the token",
            "FFN: that takes d_ff = d_model; here the middle is 3,072 wide.",
            2 * _D_MODEL**2,
        ),
        Mistake("d_ff by d_ff", "FFN: no matrix is 3,072 by 3,072; W₁ is 3,072 by 768.", 2 * _D_FF**2),
        Mistake(
            "biases in the FFN",
            "FFN: that counts biases too; the question is about the matrices alone.",
            _FFN + _D_FF + _D_MODEL,
        ),
        Mistake(
            "once for each token",
            "FFN: the weights are stored once, however many tokens pass through them.",
            512 * _FFN,
        ),
    ),
    (
        Mistake(
            "the same width", "SwiGLU: with 3,072 its three matrices hold half as many weights again.", _D_FF
        ),
        Mistake("wider", "SwiGLU: a third matrix needs room, so d_ff must shrink, not grow.", _D_FF * 3 // 2),
        Mistake(
            "divided by three", "SwiGLU: three matrices share what two held: two thirds of 3,072.", _D_FF // 3
        ),
        Mistake("halved", "SwiGLU: that makes room for four matrices; there are three.", _D_FF // 2),
    ),
)


def _judge_budget(answer: Any) -> Verdict:
    given = read("your answer", answer, 1)
    if isinstance(given, Verdict):
        return given
    if given.size != 3:
        return Verdict(
            "wrong", f"Give three numbers: attention, FFN, the d_ff of SwiGLU; this has {given.size}."
        )
    for value, right, place, slips in zip(given, _BUDGET, _PLACES, _SLIPS, strict=True):
        if value == right:
            continue
        for slip in slips:
            if value == slip.answer:
                return _named(slip)
        return Verdict("wrong", f"{place} is not {short(value)}: write down each matrix with its two sizes.")
    return Verdict("right", "Two thirds of the block's weights are in the network that mixes no tokens.")


def _with(place: int, value: int) -> list[int]:
    return [value if n == place else right for n, right in enumerate(_BUDGET)]


register(
    Exercise(
        id="10.4",
        title="Where the weights are",
        difficulty=2,
        minutes=8,
        judge=_judge_budget,
        reference=list(_BUDGET),
        equivalents={
            "as written out": [4 * 768 * 768, 2 * 768 * 3072, 3072 * 2 / 3],
            "array": np.array(_BUDGET),
            "float32": np.array(_BUDGET, dtype=np.float32),
        },
        mistakes=tuple(
            Mistake(slip.name, slip.sentence, _with(place, slip.answer))
            for place, slips in enumerate(_SLIPS)
            for slip in slips
        ),
    )
)


# 10.5 ---------------------------------------------------------------------------------------------

# Pairs on all sides of 0 and of the diagonal, and large ones.
_PAIRS = np.array(
    [(3, 1), (1, 3), (-1, 2), (2, -1), (-3, -1), (-1, -3), (0, -2), (-2, 0), (2, 2), (-40, -41), (50, 7)],
    dtype=np.float64,
)
_LARGER = _PAIRS.max(axis=1)
_maximum = (
    Mistake(
        "right above 0 alone",
        "That is right while the second number is not below 0: ReLU loses it there, so bring it through "
        "by two units.",
        [[[1, -1], [0, 1]], [[1, 1]]],
    ),
    Mistake(
        "the distance",
        "That gives how far the two are apart, as in the text; the larger one is still to be added.",
        [[[1, -1], [-1, 1]], [[1, 1]]],
    ),
    Mistake(
        "twice the maximum",
        "That is twice the larger number: halve W₂.",
        [[[1, 1], [-1, -1], [1, -1], [-1, 1]], [[1, -1, 1, 1]]],
    ),
    Mistake(
        "the minimum",
        "That gives the smaller number: which sign must the unit of the difference have in W₂?",
        [[[-1, 1], [0, 1], [0, -1]], [[-1, 1, -1]]],
    ),
    Mistake(
        "the sum",
        "That gives the sum of the two numbers.",
        [[[1, 1], [-1, -1]], [[1, -1]]],
    ),
    Mistake(
        "the sum of what is above 0",
        "That adds what is above 0 in each number; compare them first, by their difference.",
        [[[1, 0], [0, 1]], [[1, 1]]],
    ),
)
_TURNED = Mistake(
    "W₁ turned over",
    "W₁ lies on its side: it has a row for each hidden unit, and each row has 2 numbers.",
    [[[1, 0, 0], [-1, 1, -1]], [[1, 1, -1]]],
)


def _judge_maximum(answer: Any) -> Verdict:
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        return Verdict("wrong", "Give two matrices, [w_1, w_2], each as a list of rows.")
    w_1, w_2 = (read(name, part, (1, 2)) for name, part in zip(("w_1", "w_2"), answer, strict=True))
    for matrix in (w_1, w_2):
        if isinstance(matrix, Verdict):
            return matrix
    assert not isinstance(w_1, Verdict)
    assert not isinstance(w_2, Verdict)
    w_1, w_2 = np.atleast_2d(w_1), np.atleast_2d(w_2)
    if w_1.shape[1] != 2:
        if len(w_1) == 2:
            return _named(_TURNED)
        return Verdict("wrong", f"w_1 has shape {w_1.shape}: each hidden unit has a row of 2 numbers.")
    if w_2.shape != (1, len(w_1)):
        return Verdict(
            "wrong",
            f"w_2 has shape {w_2.shape} and there are {len(w_1)} hidden units: make it (1, {len(w_1)}).",
        )
    return _compare(w_1, w_2)


def _compare(w_1: Array, w_2: Array) -> Verdict:
    with np.errstate(all="ignore"):
        given = feed_forward(_PAIRS, w_1, w_2).output[:, 0]
    if np.allclose(given, _LARGER, rtol=0, atol=1e-6):
        return Verdict("right", "One unit compares; two bring a number through whole, above 0 and below.")
    for mistake in _maximum:
        if np.allclose(given, feed_forward(_PAIRS, *mistake.answer).output[:, 0], rtol=0, atol=1e-6):
            return _named(mistake)
    at = int(np.argmax(~np.isclose(given, _LARGER, rtol=0, atol=1e-6)))
    pair, wanted = ", ".join(map(short, _PAIRS[at])), short(_LARGER[at])
    value = short(given[at]) if abs(given[at]) < 1e6 else "a huge number"
    return Verdict("wrong", f"For ({pair}) it gives {value}; the larger of the two is {wanted}.")


register(
    Exercise(
        id="10.5",
        title="The larger of two",
        difficulty=3,
        minutes=15,
        judge=_judge_maximum,
        reference=[[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]],
        equivalents={
            "the other way round": [[[-1, 1], [1, 0], [-1, 0]], [[1, 1, -1]]],
            "half of sum and distance": (
                np.array([[1, 1], [-1, -1], [1, -1], [-1, 1]]),
                np.array([0.5, -0.5, 0.5, 0.5]),
            ),
            "scaled units": [[[2, -2], [0, 4], [0, -0.5]], [[0.5, 0.25, -2]]],
        },
        mistakes=(*_maximum, _TURNED),
    )
)
