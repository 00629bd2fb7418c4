"""Exercises of chapter 11: LayerNorm by hand, what it cannot see, both blocks, collapse, slopes."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from transformer_lib import pocket
from transformer_lib.exercises.judging import call, judge_function, judge_numbers, same
from transformer_lib.exercises.registry import Exercise, Mistake, Verdict, register
from transformer_lib.shapes import Array
from transformer_lib.steps import layer_norm, layer_norm_jacobian, residual

# 11.1 ---------------------------------------------------------------------------------------------

_X = np.array([12.0, 2, -4, -6])  # differences 11, 1, −5, −7; std 7
_FROM_MEAN = _X - _X.mean()
_SEVENTHS = [Fraction(11, 7), Fraction(1, 7), Fraction(-5, 7), Fraction(-1)]

_by_hand = (
    Mistake(
        "unbiased std",
        "That divides the sum of squares by n − 1 = 3; LayerNorm divides by n = 4, so the std is 7.",
        _FROM_MEAN / _X.std(ddof=1),
    ),
    Mistake(
        "not divided",
        "Those are the differences from the mean; now divide them by their standard deviation.",
        _FROM_MEAN,
    ),
    Mistake(
        "divided by the variance",
        "That divides by the variance, 49; take its root first.",
        _FROM_MEAN / 49,
    ),
    Mistake(
        "divided by the length",
        "That divides by the root of the sum of squares, 14; take the mean of the squares, not their sum.",
        _FROM_MEAN / 14,
    ),
    Mistake(
        "mean not subtracted",
        "That divides the entries themselves by the std; subtract the mean first.",
        _X / 7,
    ),
    Mistake(
        "RMSNorm",
        "That leaves the mean in and divides by the root of the mean square, which is RMSNorm.",
        _X / np.sqrt(np.square(_X).mean()),
    ),
    Mistake(
        "stretched from 0 to 1",
        "That maps the smallest entry to 0 and the largest to 1; LayerNorm uses mean and std.",
        (_X + 6) / 18,
    ),
    Mistake(
        "rounded to two decimals",
        "That is right when rounded: give it exactly, as fractions like '1/3'.",
        [1.57, 0.14, -0.71, -1],
    ),
)
register(
    Exercise(
        id="11.1",
        title="LayerNorm by hand",
        difficulty=1,
        minutes=5,
        judge=judge_numbers(_SEVENTHS, "The mean is 1 and the std is 7.", _by_hand),
        reference=_SEVENTHS,
        equivalents={
            "text": ["11/7", "1/7", "-5/7", "-1"],
            "floats": [11 / 7, 1 / 7, -5 / 7, -1.0],
            "float32": np.array([11 / 7, 1 / 7, -5 / 7, -1], dtype=np.float32),
            "the library's": layer_norm(_X).output,
        },
        mistakes=_by_hand,
    )
)

# 11.2 ---------------------------------------------------------------------------------------------

_same = (
    Mistake(
        "shifted alone",
        "That adds 91 to each entry, so its second number is not 10: stretch first, then shift.",
        [100, 94, 94, 92],
    ),
    Mistake(
        "stretched alone",
        "That multiplies each entry by 100/9, so its second number is not 10: a shift is needed too.",
        [Fraction(100), Fraction(100, 3), Fraction(100, 3), Fraction(100, 9)],
    ),
    Mistake(
        "third entry forgotten",
        "Entries 2 and 3 of (9, 3, 3, 1) are equal, and stretch and shift keep them equal.",
        [100, 10, -5, -20],
    ),
    Mistake(
        "last gap not stretched",
        "From 3 to 1 it is 2 down, and every gap grows by the same factor as that from 9 to 3.",
        [100, 10, 10, 8],
    ),
    Mistake(
        "gap ratio inverted",
        "The gap from 9 to 3 is 6 and that from 3 to 1 is 2, a third of it: 90 becomes 30.",
        [100, 10, 10, -260],
    ),
    Mistake(
        "the normalised vector",
        "That is what comes out of the norm; the question is what goes in.",
        pocket.normed.output,
    ),
    Mistake("the given vector", "That is the vector given; the new one begins 100, 10.", [9, 3, 3, 1]),
)
register(
    Exercise(
        id="11.2",
        title="The same after the norm",
        difficulty=2,
        minutes=6,
        judge=judge_numbers(
            [100, 10, 10, -20], "It is 15 times (9, 3, 3, 1), less 35, and no other vector will do.", _same
        ),
        reference=[100, 10, 10, -20],
        equivalents={
            "tuple": (100.0, 10.0, 10.0, -20.0),
            "made": 15 * np.array([9, 3, 3, 1]) - 35,
            "float32": np.array([100, 10, 10, -20], dtype=np.float32),
        },
        mistakes=_same,
    )
)

# 11.3 ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """A part of a block with a name that can be printed."""

    name: str
    matrix: Array
    function: Callable[[Array, Array], Array]

    def __call__(self, x: Any) -> Array:
        return self.function(np.asarray(x, dtype=np.float64), self.matrix)

    def __repr__(self) -> str:
        return self.name


def _mix(x: Array, matrix: Array) -> Array:
    return np.tanh(matrix[: len(x), : len(x)] @ x)


def _work(x: Array, matrix: Array) -> Array:
    return np.maximum(x @ matrix[: x.shape[1], : x.shape[1]], 0) + 0.5


_RNG = np.random.default_rng(11)
_ATTEND = _Part("attend", _RNG.normal(size=(6, 6)), _mix)
_THINK = _Part("think", _RNG.normal(size=(6, 6)), _work)
_CASES = tuple(
    (3 * _RNG.normal(size=shape).round(2) + 1, _ATTEND, _THINK, order)
    for shape in ((3, 5), (4, 6))
    for order in ("post", "pre")
)


def block(x: Any, attend: Any, think: Any, order: str) -> Array:
    """The two residuals of an encoder block, in either order."""
    for part in (attend, think):
        x = layer_norm(x + part(x)).output if order == "post" else x + part(layer_norm(x).output)
    return x


def _norm(x: Any) -> Array:
    return layer_norm(x).output


def _by(post: Callable[[Any, Any], Any], pre: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A block from what each order does with one part."""

    def made(x: Any, attend: Any, think: Any, order: str) -> Any:
        step = post if order == "post" else pre
        return step(step(x, attend), think)

    return made


def _post(x: Any, f: Any) -> Any:
    return _norm(x + f(x))


def _pre(x: Any, f: Any) -> Any:
    return x + f(_norm(x))


def _both_from_x(x: Any, attend: Any, think: Any, order: str) -> Any:
    if order == "post":
        return _norm(_norm(x + attend(x)) + think(x))
    return x + attend(_norm(x)) + think(_norm(x))


def _one_residual(x: Any, attend: Any, think: Any, order: str) -> Any:
    if order == "post":
        return _norm(x + think(_norm(attend(x))))
    return x + think(_norm(attend(_norm(x))))


def _final_norm(x: Any, attend: Any, think: Any, order: str) -> Any:
    output = block(x, attend, think, order)
    return output if order == "post" else _norm(output)


def _second_adds_the_first_x(x: Any, attend: Any, think: Any, order: str) -> Any:
    if order == "post":
        return _norm(x + think(_norm(x + attend(x))))
    return x + think(_norm(x + attend(_norm(x))))


def _attention_only(x: Any, attend: Any, think: Any, order: str) -> Any:
    return _post(x, attend) if order == "post" else _pre(x, attend)


def _post_once(x: Any, attend: Any, think: Any, order: str) -> Any:
    y = x + attend(x)
    return _norm(y + think(y)) if order == "post" else block(x, attend, think, order)


def _pre_once(x: Any, attend: Any, think: Any, order: str) -> Any:
    y = x + attend(_norm(x))
    return y + think(y) if order == "pre" else block(x, attend, think, order)


def _sample_norm(x: Any) -> Any:
    return (x - x.mean(-1, keepdims=True)) / x.std(-1, ddof=1, keepdims=True)


def _writes(x: Any, attend: Any, think: Any, order: str) -> Any:
    x += attend(x) if order == "post" else attend(_norm(x))
    x = _norm(x) if order == "post" else x
    return _post(x, think) if order == "post" else _pre(x, think)


_columns = partial(layer_norm, axis=0)
_blocks = (
    Mistake(
        "orders swapped",
        "The two orders are swapped: in post-norm the norm comes after the sum.",
        _by(_pre, _post),
    ),
    Mistake(
        "always post",
        "It is post-norm whatever the order says; in pre-norm each part gets the norm of x.",
        _by(_post, _post),
    ),
    Mistake(
        "always pre", "It is pre-norm whatever the order says; post-norm norms the sum.", _by(_pre, _pre)
    ),
    Mistake(
        "the sum starts from the norm",
        "In pre-norm you add to the norm of x; add to x itself, which is never normalised.",
        _by(_post, lambda x, f: _norm(x) + f(_norm(x))),
    ),
    Mistake(
        "only the answer normed",
        "In post-norm you norm what the part says and then add x; norm the sum of both.",
        _by(lambda x, f: x + _norm(f(x)), _pre),
    ),
    Mistake(
        "no residual",
        "Nothing is added: each part's x has to be added to what the part says.",
        _by(lambda x, f: _norm(f(x)), lambda x, f: f(_norm(x))),
    ),
    Mistake(
        "no norm",
        "There is no norm in it; that is x + f(x), twice.",
        _by(lambda x, f: x + f(x), lambda x, f: x + f(x)),
    ),
    Mistake(
        "think starts from x",
        "The second part starts from the first x; let it start from what the first residual gave.",
        _both_from_x,
    ),
    Mistake(
        "one residual around both",
        "One sum goes around both parts; each part has a residual connection of its own.",
        _one_residual,
    ),
    Mistake(
        "batch axis",
        "That normalises each column over the tokens; LayerNorm runs over each token's own entries.",
        _by(lambda x, f: _columns(x + f(x)).output, lambda x, f: x + f(_columns(x).output)),
    ),
    Mistake(
        "parts swapped",
        "The feed-forward network comes first there; an encoder block attends first, then thinks.",
        lambda x, attend, think, order: block(x, think, attend, order),
    ),
    Mistake(
        "final norm",
        "In pre-norm you norm the block's output too; that norm stands once, at the end of the stack.",
        _final_norm,
    ),
    Mistake(
        "pre: the answer normed",
        "In pre-norm you norm what the part says; norm what it gets: x + f(LN(x)).",
        _by(_post, lambda x, f: x + _norm(f(x))),
    ),
    Mistake(
        "pre: one norm",
        "In pre-norm the second part gets a token without a norm; each part has a norm of its own.",
        _pre_once,
    ),
    Mistake(
        "post: one norm",
        "In post-norm there is one norm, at the end; norm after each of the two sums.",
        _post_once,
    ),
    Mistake(
        "think added to the first x",
        "The second sum adds the first x again; add what the first residual gave.",
        _second_adds_the_first_x,
    ),
    Mistake(
        "attention only",
        "That ends after attention; the feed-forward network comes next, with its own residual.",
        _attention_only,
    ),
    Mistake(
        "unbiased std",
        "That is your own norm, whose std divides by n − 1; LayerNorm's divides by n.",
        _by(lambda x, f: _sample_norm(x + f(x)), lambda x, f: x + f(_sample_norm(x))),
    ),
)
_written = Mistake(
    "writes into x",
    "The numbers are right, but the x that was handed in is changed: write x = x + …, not x += ….",
    _writes,
)
_judge_block = judge_function(
    block, _CASES, "Post-norm norms the sum; pre-norm norms only what a part gets.", _blocks
)


def _judge_both(answer: Any) -> Verdict:
    """Judge the numbers; then see whether the caller's x is still what it was."""
    verdict = _judge_block(answer)
    if verdict.status != "right":
        return verdict
    for x, *rest in _CASES:
        mine = x.copy()
        call(lambda *_, mine=mine, rest=rest: answer(mine, *rest))
        if not same(mine, x):
            return Verdict("wrong", _written.sentence, _written.name)
    return verdict


def _by_the_library(x: Any, attend: Any, think: Any, order: Any) -> Any:
    return residual(residual(x, attend, order).output, think, order).output


def _spelled_out(x: Any, attend: Any, think: Any, order: str) -> Any:
    def norm(t: Any) -> Any:
        return (t - t.mean(-1, keepdims=True)) / t.std(-1, keepdims=True)

    if order == "pre":
        x = x + attend(norm(x))
        return x + think(norm(x))
    x = norm(x + attend(x))
    return norm(x + think(x))


register(
    Exercise(
        id="11.3",
        title="Both blocks",
        difficulty=2,
        minutes=10,
        judge=_judge_both,
        reference=block,
        equivalents={
            "by the library": _by_the_library,
            "spelled out": _spelled_out,
            "as lists": lambda *case: block(*case).tolist(),
            "float32": lambda x, *rest: block(x.astype(np.float32), *rest).astype(np.float64),
        },
        mistakes=(*_blocks, _written),
    )
)

# 11.4 ---------------------------------------------------------------------------------------------

_factors = (
    Mistake(
        "one layer",
        "Those are the factors of one layer; three layers multiply three of them.",
        ["1/4", "5/8"],
    ),
    Mistake(
        "three times one layer",
        "The factors of the layers multiply: take the third power, not three times.",
        ["3/4", "15/8"],
    ),
    Mistake(
        "mean token forgotten",
        "With the sum the mean token doubles in each layer, and the gap is taken relative to it.",
        ["1/64", "125/64"],
    ),
    Mistake(
        "own weight as the factor",
        "½ is a position's own weight; in b₁ − b₂ the ¼ that goes across is subtracted.",
        ["1/8", "27/64"],
    ),
    Mistake(
        "own weight, mean forgotten",
        "½ is a position's own weight: in b₁ − b₂ the ¼ across is subtracted, and the sum doubles the mean.",
        ["1/8", "27/8"],
    ),
    Mistake(
        "swapped",
        "Those are the two factors in the other order: first without residuals.",
        ["125/512", "1/64"],
    ),
    Mistake(
        "inverse",
        "That says how many times smaller the gap has become; give what it is multiplied by.",
        ["64", "512/125"],
    ),
    Mistake(
        "added once",
        "That adds the tokens once, after three layers; here each layer adds its own.",
        ["1/64", "65/128"],
    ),
    Mistake(
        "added once, mean forgotten",
        "That adds the tokens once, after three layers; here each layer adds its own, and the mean grows.",
        ["1/64", "65/64"],
    ),
)
register(
    Exercise(
        id="11.4",
        title="How fast tokens become alike",
        difficulty=2,
        minutes=8,
        judge=judge_numbers(
            ["1/64", "125/512"], "A layer leaves ¼ of the gap, and with the sum ⅝ of it.", _factors
        ),
        reference=["1/64", "125/512"],
        equivalents={
            "fractions": [Fraction(1, 64), Fraction(125, 512)],
            "floats": (0.25**3, 0.625**3),
            "array": np.array([0.25, 0.625]) ** 3,
        },
        mistakes=_factors,
    )
)

# 11.5 ---------------------------------------------------------------------------------------------


def slopes(x: Any) -> Array:
    """∂yᵢ/∂xⱼ of y = LN(x): its three terms, over the std."""
    x = np.asarray(x, dtype=np.float64)
    n, std = len(x), x.std()
    y = (x - x.mean()) / std
    return (np.eye(n) - 1 / n - np.outer(y, y) / n) / std


def _slopes(terms: Callable[[Array, int, float], Array]) -> Callable[[Any], Array]:
    """A wrong table from y, n and the std."""

    def made(x: Any) -> Array:
        x = np.asarray(x, dtype=np.float64)
        return terms(layer_norm(x).output, len(x), float(x.std()))

    return made


_terms = (
    Mistake(
        "the norm as a mere division",
        "That holds if mean and std were fixed numbers; both move when x moves.",
        _slopes(lambda y, n, s: np.eye(n) / s),
    ),
    Mistake(
        "mean fixed",
        "The path through the mean is missing: its slope is 1/n, for every j.",
        _slopes(lambda y, n, s: (np.eye(n) - np.outer(y, y) / n) / s),
    ),
    Mistake(
        "std fixed",
        "The path through the std is missing: it brings − yᵢ yⱼ / n.",
        _slopes(lambda y, n, s: (np.eye(n) - 1 / n) / s),
    ),
    Mistake(
        "not divided by the std",
        "The three terms are there, but the whole has to be divided by the std.",
        _slopes(lambda y, n, s: np.eye(n) - 1 / n - np.outer(y, y) / n),
    ),
    Mistake(
        "divided by the variance",
        "The three terms are there; divide them by the std, not by the variance.",
        _slopes(lambda y, n, s: (np.eye(n) - 1 / n - np.outer(y, y) / n) / s**2),
    ),
    Mistake(
        "std without 1/n",
        "The slope of the std is yⱼ / n: the 1/n is missing in the last term.",
        _slopes(lambda y, n, s: (np.eye(n) - 1 / n - np.outer(y, y)) / s),
    ),
    Mistake(
        "sign of the std's term",
        "A larger std makes y smaller, so the last term has a minus.",
        _slopes(lambda y, n, s: (np.eye(n) - 1 / n + np.outer(y, y) / n) / s),
    ),
    Mistake(
        "differences for y",
        "In the last term stand the normalised y, not the differences from the mean.",
        _slopes(lambda y, n, s: (np.eye(n) - 1 / n - s**2 * np.outer(y, y) / n) / s),
    ),
    Mistake(
        "unbiased std",
        "That has n − 1 under the root; LayerNorm's std divides by n.",
        lambda x: _unbiased(np.asarray(x, dtype=np.float64)),
    ),
    Mistake(
        "unbiased std, with 1/n",
        "The std in it has n − 1 under the root; LayerNorm's std divides by n.",
        lambda x: _unbiased(np.asarray(x, dtype=np.float64), count=len(x)),
    ),
    Mistake(
        "the softmax's slopes",
        "That is the form of the softmax's slopes, diag(y) − y yᵀ; LayerNorm has another.",
        _slopes(lambda y, n, s: np.diag(y) - np.outer(y, y)),
    ),
)


def _unbiased(x: Array, count: int | None = None) -> Array:
    n, std = len(x), x.std(ddof=1)
    y = (x - x.mean()) / std
    return (np.eye(n) - 1 / n - np.outer(y, y) / (count or n - 1)) / std


def _entry_by_entry(x: Any) -> list[list[float]]:
    n, mean = len(x), sum(x) / len(x)
    std = (sum((t - mean) ** 2 for t in x) / n) ** 0.5
    d = [t - mean for t in x]
    return [[((i == j) - 1 / n) / std - d[i] * d[j] / (n * std**3) for j in range(n)] for i in range(n)]


register(
    Exercise(
        id="11.5",
        title="The slope of LayerNorm",
        difficulty=3,
        minutes=15,
        judge=judge_function(
            slopes,
            [(np.array([9.0, 3, 3, 1]),), (np.array([0.5, -2, 1, 0, 4]),), (np.array([2.0, 7, 3]),)],
            "Each row sums to 0, and the table times x is 0: a shift and a stretch change nothing.",
            _terms,
        ),
        reference=slopes,
        equivalents={
            "the library's": layer_norm_jacobian,
            "entry by entry": _entry_by_entry,
            "in place": lambda x: layer_norm_jacobian(np.float64(x)).tolist(),
        },
        mistakes=_terms,
    )
)
