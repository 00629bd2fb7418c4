"""Exercises of chapter 8: sinusoids, their rotation, positions in a batch, RoPE and ALiBi."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transformer_lib.exercises import encoders
from transformer_lib.exercises.encoders import is_right, judge_is_right
from transformer_lib.exercises.judging import ROUNDED, judge_function, read, same
from transformer_lib.exercises.registry import Exercise, Mistake, Verdict, register
from transformer_lib.shapes import Array
from transformer_lib.steps import alibi, alibi_slopes, rope, rotation, sinusoidal, softmax
from transformer_lib.steps.positions import frequencies

# 8.1 ----------------------------------------------------------------------------------------------

_POS = np.arange(4)
_TABLE = sinusoidal(4, 4, base=100)
_SINES_FIRST = [0, 2, 1, 3]


def _waves(angle: NDArray[Any]) -> Array:
    """Sine and cosine in turn, of angles (4, 4) that differ from entry to entry."""
    return np.where(np.arange(4) % 2, np.cos(angle), np.sin(angle))


_ANGLE = np.outer(_POS, [1, 1, 0.1, 0.1])
_table = (
    Mistake(
        "base 10,000",
        "That is the chapter's table, with the base 10000; with base 100 the second hand is faster.",
        sinusoidal(4, 4),
    ),
    Mistake(
        "m for 2m",
        "That has the exponent m/4; the exponent is 2m/4, with m the number of the dial.",
        sinusoidal(4, 4, base=10),
    ),
    Mistake(
        "a frequency for each entry",
        "That gives each entry a frequency of its own; a sine and its cosine are one hand and share one.",
        _waves(_POS[:, None] / 100.0 ** (np.arange(4) / 4)),
    ),
    Mistake(
        "twice the entry in the exponent",
        "That doubles the number of the entry; 2m is the number of the sine's entry, 0 or 2, and the cosine "
        "beside it has the same.",
        _waves(_POS[:, None] / 100.0 ** (2 * np.arange(4) / 4)),
    ),
    Mistake(
        "frequency upside down",
        "That multiplies by 10 where it should divide: the second hand is the slow one.",
        _waves(np.outer(_POS, [1, 1, 10, 10])),
    ),
    Mistake(
        "degrees",
        "That takes the angles for degrees; they are in radians, and so is what np.sin wants.",
        _waves(np.radians(_ANGLE)),
    ),
    Mistake(
        "cosine first",
        "That has each cosine before its sine; here the sine is the first entry of a dial.",
        _TABLE[:, [1, 0, 3, 2]],
    ),
    Mistake(
        "positions from 1",
        "Those are positions 1 to 4; the first one is position 0.",
        sinusoidal(5, 4, base=100)[1:],
    ),
    Mistake("angles", "Those are the angles; take the sine and the cosine of each.", _ANGLE),
    Mistake(
        "sines alone",
        "That takes the sine twice; the second entry of a dial is the cosine of the same angle.",
        np.sin(_ANGLE),
    ),
    Mistake(
        "a position a column",
        "That has a position in each column; here each row is a position.",
        _TABLE.T,
    ),
    Mistake("two decimals", "Two decimals are too few here: give three.", _TABLE.round(2)),
)
_TWO_DECIMALS = 0.0101  # cut off or rounded


def _judge_table(answer: Any) -> Verdict:
    given = read("your table", answer, range(5))
    if isinstance(given, Verdict):
        return given
    if given.shape != (4, 4):
        return Verdict("wrong", f"Your table has shape {given.shape}; give 4 rows of 4 numbers, (4, 4).")
    if same(given, _TABLE, ROUNDED):
        return Verdict("right", "That is the interleaved layout, sin and cos in turn, as in the paper.")
    if same(given, _TABLE[:, _SINES_FIRST], ROUNDED):
        return Verdict("right", "That is the concatenated layout, all sines first, as in much code.")
    for mistake in _table:
        if same(given, mistake.answer, ROUNDED) or same(given, mistake.answer[:, _SINES_FIRST], ROUNDED):
            return Verdict("wrong", mistake.sentence, mistake.name)
    gaps = [np.abs(given - layout) for layout in (_TABLE, _TABLE[:, _SINES_FIRST])]
    off = min((gap > ROUNDED for gap in gaps), key=np.sum)  # the layout that is nearer
    if same(given, given.round(2)) and min(gap.max() for gap in gaps) < _TWO_DECIMALS:
        return Verdict("wrong", _table[-1].sentence, _table[-1].name)
    columns = [str(int(column) + 1) for column in np.flatnonzero(off.any(axis=0))]
    where = f"column{'s' * (len(columns) > 1)} {', '.join(columns)}"
    return Verdict("wrong", f"Your table is off in {where}: look at how a column is made.")


register(
    Exercise(
        id="8.1",
        title="A table with another base",
        difficulty=1,
        minutes=6,
        judge=_judge_table,
        reference=_TABLE,
        equivalents={
            "concatenated": _TABLE[:, _SINES_FIRST],
            "rounded": _TABLE.round(3).tolist(),
            "concatenated and rounded": tuple(map(tuple, _TABLE[:, _SINES_FIRST].round(3))),
            "float32": _TABLE.astype(np.float32),
        },
        mistakes=_table,
    )
)

# 8.2 ----------------------------------------------------------------------------------------------


def exp_log(d_model: int, base: float) -> Array:
    """The frequencies without a power."""
    return np.exp(-np.arange(0, d_model, 2) / d_model * np.log(base))


def _exponents(d_model: int, base: float) -> Array:
    return -np.arange(0, d_model, 2) / d_model * np.log(base)


_exp_log = (
    Mistake(
        "minus left out",
        "Those grow; the exponent has a minus, so that each hand is slower than the one before.",
        lambda d_model, base: np.exp(-_exponents(d_model, base)),
    ),
    Mistake(
        "logarithm to base 10",
        "That takes the logarithm to base 10; exp undoes the natural one, np.log.",
        lambda d_model, base: np.exp(_exponents(d_model, base) / np.log(10)),
    ),
    Mistake(
        "logarithm to base 2",
        "That takes the logarithm to base 2; exp undoes the natural one, np.log.",
        lambda d_model, base: np.exp(_exponents(d_model, base) / np.log(2)),
    ),
    Mistake(
        "m for 2m",
        "That has m/d in the exponent; it is 2m/d, so count 0, 2, 4, ….",
        lambda d_model, base: np.exp(_exponents(d_model, base) / 2),
    ),
    Mistake(
        "dials from 1",
        "That begins with m = 1; the first dial is m = 0, so the first frequency is 1.",
        lambda d_model, base: np.exp(-np.arange(2, d_model + 2, 2) / d_model * np.log(base)),
    ),
    Mistake(
        "doubled twice",
        "That has 4m/d in the exponent: np.arange(0, d_model, 2) is 2m already.",
        lambda d_model, base: np.exp(_exponents(d_model, base) * 2),
    ),
    Mistake(
        "10,000 for base",
        "That takes 10000 whatever base is; use the argument.",
        lambda d_model, base: exp_log(d_model, 10_000.0),
    ),
    Mistake(
        "divided by d/2 − 1",
        "That ends at exactly 1/base, as in the library the paper's authors published; the paper divides "
        "by d_model/2, and so ends a little above.",
        lambda d_model, base: np.exp(-np.arange(d_model // 2) / (d_model / 2 - 1) * np.log(base)),
    ),
    Mistake(
        "one for each entry",
        "That is one frequency for each entry; a sine and its cosine share one, so give d_model / 2.",
        lambda d_model, base: np.exp(-np.arange(d_model) / d_model * np.log(base)),
    ),
    Mistake(
        "exp left out",
        "Those are the exponents; raise e to them with np.exp.",
        _exponents,
    ),
)
register(
    Exercise(
        id="8.2",
        title="The exp-log form",
        difficulty=2,
        minutes=6,
        judge=judge_function(
            exp_log,
            [(8, 10_000.0), (6, 100.0), (4, 7.0), (10, 500.0)],
            "The two forms are one number written twice, for every base and width.",
            _exp_log,
        ),
        reference=exp_log,
        equivalents={
            "power": lambda d_model, base: base ** (-np.arange(0, d_model, 2) / d_model),
            "list": lambda d_model, base: [
                np.exp(-2 * m / d_model * np.log(base)) for m in range(d_model // 2)
            ],
            "one over": lambda d_model, base: 1 / np.exp(np.arange(0, d_model, 2) * np.log(base) / d_model),
            "the library's": frequencies,
            "float32": lambda d_model, base: exp_log(d_model, base).astype(np.float32),
        },
        mistakes=_exp_log,
    )
)

# 8.3 ----------------------------------------------------------------------------------------------


def shift(k: float, w: Any) -> Array:
    """R_k for the concatenated layout."""
    return _quarters(k * np.asarray(w), 1, -1)


def _quarters(angle: Array, upper: int, lower: int) -> Array:
    cos, sin = np.diag(np.cos(angle)), np.diag(np.sin(angle))
    return np.block([[cos, upper * sin], [lower * sin, cos]])


def _blocks(k: float, w: Array) -> Array:
    """R_k for the interleaved layout."""
    back = np.argsort([*range(0, 2 * len(w), 2), *range(1, 2 * len(w), 2)])
    return shift(k, w)[back][:, back]


_shift = (
    Mistake(
        "the interleaved layout",
        "That is R_k for sin and cos in turn; here all sines come first, so the four quarters are diagonal.",
        _blocks,
    ),
    Mistake(
        "turned back",
        "That leads k positions back: the minus belongs to the lower half, which makes the cosines.",
        lambda k, w: _quarters(k * w, -1, 1),
    ),
    Mistake(
        "no minus",
        "Both sines have a plus; in the theorem for the cosine one term is subtracted.",
        lambda k, w: _quarters(k * w, 1, 1),
    ),
    Mistake(
        "k left out",
        "That leads one position on whatever k is: the angle of a dial is k times its frequency.",
        lambda k, w: shift(1, w),
    ),
    Mistake(
        "frequencies left out",
        "That turns all dials by k radians: each has its own frequency, so multiply k by w.",
        lambda k, w: shift(k, np.ones(len(w))),
    ),
    Mistake(
        "the encoding for the matrix",
        "That is the vector PE(k); give the matrix that leads from PE(pos) to PE(pos + k).",
        lambda k, w: np.concatenate([np.sin(k * w), np.cos(k * w)]),
    ),
    *(
        Mistake(
            name,
            "A quarter is a matrix, since each dial turns by itself: put its cosines or sines on a diagonal.",
            lambda k, w, quarter=quarter, join=join: join(
                [
                    [quarter(np.cos(k * w)), quarter(np.sin(k * w))],
                    [-quarter(np.sin(k * w)), quarter(np.cos(k * w))],
                ]
            ),
        )
        for name, join, quarter in (
            ("no diagonal, two rows", np.block, np.asarray),
            ("no diagonal, stacked", np.array, np.asarray),
            ("no diagonal, equal rows", np.block, lambda x: np.tile(x, (len(x), 1))),
            ("no diagonal, equal columns", np.block, lambda x: np.tile(x[:, None], len(x))),
        )
    ),
)
register(
    Exercise(
        id="8.3",
        title="R_k in the other layout",
        difficulty=2,
        minutes=10,
        judge=judge_function(
            shift,
            [
                (2, np.array([1.0, 0.1])),
                (3, np.array([1.0, 0.2, 0.04])),
                (-5, np.array([0.7, 0.3])),
                (1, frequencies(8, 10_000.0)),
            ],
            "It holds for every pos, because no pos is in it.",
            _shift,
        ),
        reference=shift,
        equivalents={
            "by the library": lambda k, w: _reordered(k, w),
            "as a list": lambda k, w: shift(k, w).tolist(),
            "float32": lambda k, w: shift(k, w).astype(np.float32),
        },
        mistakes=_shift,
    )
)


def _reordered(k: float, w: Array) -> Array:
    """Each pair from the library's rotation of one dial, put where the layout wants it."""
    d = 2 * len(w)
    turn = np.zeros((d, d))
    for m, speed in enumerate(w):
        turn[np.ix_([m, m + len(w)], [m, m + len(w)])] = rotation(k * speed, 2)
    return turn


# 8.4 ----------------------------------------------------------------------------------------------


def _on_words(encode: Any) -> int:
    x = np.tile(np.random.default_rng(0).normal(size=6), (3, 5, 1))
    marks = encode(x) - x
    apart = all(np.abs(marks[0, i] - marks[0, j]).max() > 1e-6 for i in range(5) for j in range(i))
    return int(apart and np.ptp(marks, axis=0).max() < 1e-9)


register(
    Exercise(
        id="8.4",
        title="Catch the batch bug",
        difficulty=2,
        minutes=10,
        judge=judge_is_right,
        reference=is_right,
        equivalents={
            "other sizes, 0 or 1": _on_words,
            "exactly": lambda encode: (
                (x := encode(np.ones((3, 2, 2))))[0].tolist() == x[2].tolist() and (x[0, 0] != x[0, 1]).any()
            ),
        },
        mistakes=encoders.MISTAKES,
    )
)

# 8.5 ----------------------------------------------------------------------------------------------


def turned(x: Array, pos: float, w: Any) -> Array:
    """RoPE of one vector, pairs (0, 1), (2, 3), …."""
    return _turn(x, pos * np.asarray(w))


def _turn(x: Array, angle: Array, sign: int = 1) -> Array:
    cos, sin = np.cos(angle), sign * np.sin(angle)
    even, odd = x[0::2], x[1::2]
    return np.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1).reshape(len(x))


def _halves(x: Array, pos: float, w: Array) -> Array:
    """The other usual pairing: entry 0 with entry d/2, entry 1 with the one after it."""
    cos, sin = np.cos(pos * w), np.sin(pos * w)
    first, second = np.split(x, 2)
    return np.concatenate([first * cos - second * sin, first * sin + second * cos])


def _overwritten(x: Array, pos: float, w: Array) -> Array:
    cos, sin = np.cos(pos * w), np.sin(pos * w)
    x[0::2] = x[0::2] * cos - x[1::2] * sin
    x[1::2] = x[0::2] * sin + x[1::2] * cos
    return x


def _reflected(x: Array, pos: float, w: Array) -> Array:
    cos, sin = np.cos(pos * w), np.sin(pos * w)
    even, odd = x[0::2], x[1::2]
    return np.stack([even * cos + odd * sin, even * sin - odd * cos], axis=-1).reshape(len(x))


def _added(x: Array, pos: float, w: Array) -> Array:
    return x + np.stack([np.sin(pos * w), np.cos(pos * w)], axis=-1).reshape(len(x))


_turned = (
    Mistake(
        "clockwise",
        "That turns clockwise, so ahead and behind change places; for anticlockwise the minus is in the "
        "first line.",
        lambda x, pos, w: _turn(x, pos * w, sign=-1),
    ),
    Mistake(
        "overwritten",
        "The second line uses first entries that the first line has overwritten: keep the old ones.",
        _overwritten,
    ),
    Mistake(
        "added",
        "That adds a sinusoidal encoding; RoPE adds nothing, it turns each pair.",
        _added,
    ),
    Mistake(
        "position left out",
        "That turns by w whatever the position is: the angle is pos * w.",
        lambda x, pos, w: _turn(x, 1 * w),
    ),
    Mistake(
        "one frequency for all pairs",
        "That turns all pairs by w[0]: each pair has its own frequency.",
        lambda x, pos, w: _turn(x, pos * w[0]),
    ),
    Mistake(
        "mirrored",
        "That mirrors the pairs, so scores depend on i + j: the two lines need one minus, in the first.",
        _reflected,
    ),
    Mistake(
        "cosine alone",
        "That shrinks each entry by the cosine; a turn mixes the two entries of a pair, by the sine.",
        lambda x, pos, w: x * np.repeat(np.cos(pos * w), 2),
    ),
    Mistake(
        "degrees",
        "That takes the angle for degrees; pos * w is in radians already.",
        lambda x, pos, w: _turn(x, np.radians(pos * w)),
    ),
)
_VECTORS = np.random.default_rng(85).normal(size=(3, 6)).round(2)
_TURN_CASES = [
    (np.array([1.0, 2.0]), 3, np.array([np.pi / 2])),
    (_VECTORS[0, :4], 2, np.array([1.0, 0.3])),
    (_VECTORS[1], 7, np.array([0.9, 0.2, 0.05])),
    (_VECTORS[2], 1, np.array([0.9, 0.2, 0.05])),
    (_VECTORS[2], 0, np.array([0.9, 0.2, 0.05])),
]
_judge_pairs = judge_function(
    turned, _TURN_CASES, "Turned so, of the positions a score sees only the signed distance.", _turned
)
_judge_halves = judge_function(
    _halves,
    _TURN_CASES,
    "You paired entry 0 with entry d/2, as the usual Llama code does: the same with entries reordered.",
)


def _judge_turned(answer: Any) -> Verdict:
    verdict = _judge_pairs(answer)
    if verdict.status != "wrong" or verdict.mistake or not callable(answer):
        return verdict
    other = _judge_halves(answer)
    return other if other.status == "right" else verdict


def _complex(x: Array, pos: float, w: Array) -> Array:
    z = (x[0::2] + 1j * x[1::2]) * np.exp(1j * pos * w)
    return np.stack([z.real, z.imag], axis=-1).ravel()


def _one_by_one(x: Array, pos: float, w: Array) -> list[float]:
    result: list[float] = []
    for pair, speed in enumerate(w):
        result += rope(x[2 * pair : 2 * pair + 2], pos, angle=speed).tolist()
    return result


register(
    Exercise(
        id="8.5",
        title="Write RoPE",
        difficulty=3,
        minutes=12,
        judge=_judge_turned,
        reference=turned,
        equivalents={
            "complex numbers": _complex,
            "a list, by the library": _one_by_one,
            "halves": _halves,
            "float32": lambda x, pos, w: turned(x, pos, w).astype(np.float32),
        },
        mistakes=_turned,
    )
)

# 8.6 ----------------------------------------------------------------------------------------------


def alibi_weights(q: Array, k: Array) -> Array:
    """Attention weights of H heads with ALiBi, looking both ways."""
    return softmax(_raw(q, k) / _root(q) - _charge(q))


def _raw(q: Array, k: Array) -> Array:
    return q @ k.swapaxes(-2, -1)


def _root(q: Array) -> float:
    return float(np.sqrt(q.shape[-1]))


def _apart(q: Array) -> Array:
    """How far ahead each key stands, (N, N)."""
    place = np.arange(q.shape[1])
    return place - place[:, None]


def _charge(q: Array, slopes: NDArray[Any] | None = None) -> Array:
    slopes = alibi_slopes(len(q)) if slopes is None else slopes
    return slopes[:, None, None] * np.abs(_apart(q))


def _with(slopes: Callable[[int], NDArray[Any]]) -> Callable[[Array, Array], Array]:
    return lambda q, k: softmax(_raw(q, k) / _root(q) - _charge(q, slopes(len(q))))


_alibi = (
    Mistake(
        "a reward for distance",
        "That adds to the scores of far keys; the charge is subtracted.",
        lambda q, k: softmax(_raw(q, k) / _root(q) + _charge(q)),
    ),
    Mistake(
        "charge scaled too",
        "That divides the charge by √d_head as well; divide q·k first, then take the charge off.",
        lambda q, k: softmax((_raw(q, k) - _charge(q)) / _root(q)),
    ),
    Mistake(
        "not scaled",
        "The raw q·k is missing its division by √d_head; only the charge stays undivided.",
        lambda q, k: softmax(_raw(q, k) - _charge(q)),
    ),
    Mistake(
        "d_head for √d_head",
        "That divides by d_head; divide by its square root.",
        lambda q, k: softmax(_raw(q, k) / _root(q) ** 2 - _charge(q)),
    ),
    Mistake(
        "keys behind rewarded",
        "That charges keys ahead and rewards keys behind: take the absolute distance, |i − j|.",
        lambda q, k: softmax(_raw(q, k) / _root(q) - alibi_slopes(len(q))[:, None, None] * _apart(q)),
    ),
    Mistake(
        "keys ahead rewarded",
        "That charges keys behind and rewards keys ahead: take the absolute distance, |i − j|.",
        lambda q, k: softmax(_raw(q, k) / _root(q) + alibi_slopes(len(q))[:, None, None] * _apart(q)),
    ),
    Mistake(
        "after the softmax",
        "That takes the charge off the weights, so the rows do not sum to 1: take it off the scores.",
        lambda q, k: softmax(_raw(q, k) / _root(q)) - _charge(q),
    ),
    Mistake(
        "no charge",
        "That is attention without ALiBi: take slope times distance off the scores.",
        lambda q, k: softmax(_raw(q, k) / _root(q)),
    ),
    Mistake(
        "one slope for all heads",
        "That gives every head the slope of the first; head h has 2 to the power −8h/H.",
        _with(lambda n: np.full(n, 2.0 ** (-8 / n))),
    ),
    Mistake(
        "heads counted from 0",
        "That begins with the slope 1; the heads count from 1, so the first slope is 2 to the power −8/H.",
        _with(lambda n: 2.0 ** (-8 / n * np.arange(n))),
    ),
    Mistake(
        "halved from head to head",
        "That takes 1/2, 1/4, … whatever H is, which fits 8 heads; divide 8 by H.",
        _with(lambda n: 0.5 ** np.arange(1, n + 1)),
    ),
    Mistake(
        "slope 1",
        "That charges 1 for each step in every head: multiply the distance by the head's slope.",
        _with(np.ones),
    ),
    Mistake(
        "softmax over the queries",
        "That takes the softmax down each column; it runs over the keys, the last axis.",
        lambda q, k: softmax(_raw(q, k) / _root(q) - _charge(q), axis=-2),
    ),
    Mistake(
        "scores for weights",
        "Those are the scores with their charge; take the softmax of each row.",
        lambda q, k: _raw(q, k) / _root(q) - _charge(q),
    ),
)


def _heads(seed: int, n_heads: int, n: int, d_head: int) -> tuple[Array, Array]:
    q, k = np.random.default_rng(seed).normal(size=(2, n_heads, n, d_head)).round(2)
    return q, k


def _head_by_head(q: Array, k: Array) -> list[Any]:
    H, N, d_head = q.shape
    result = []
    for h in range(H):
        scores = q[h] @ k[h].T / np.sqrt(d_head)
        for i in range(N):
            for j in range(N):
                scores[i, j] -= 2 ** (-8 * (h + 1) / H) * abs(i - j)
        result.append(softmax(scores).tolist())
    return result


register(
    Exercise(
        id="8.6",
        title="Write ALiBi",
        difficulty=3,
        minutes=12,
        judge=judge_function(
            alibi_weights,
            [_heads(861, 4, 5, 3), _heads(862, 2, 3, 6), _heads(863, 8, 4, 2)],
            "The slopes are never trained: each head keeps its own idea of near.",
            _alibi,
        ),
        reference=alibi_weights,
        equivalents={
            "the library's charge": lambda q, k: softmax(
                _raw(q, k) / _root(q) + alibi(len(q), q.shape[1], q.shape[1])
            ),
            "head by head": _head_by_head,
            "float32": lambda q, k: alibi_weights(q, k).astype(np.float32),
        },
        mistakes=_alibi,
    )
)
