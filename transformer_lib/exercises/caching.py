"""Exercise 15.2, writing with a cache: a layer that counts what it is asked, wrong turns, the judge."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from transformer_lib.exercises.judging import call, gives_nothing, read, same
from transformer_lib.exercises.registry import Mistake, Verdict
from transformer_lib.shapes import Array
from transformer_lib.steps import attention, rope
from transformer_lib.style import sub

_RNG = np.random.default_rng(15)


def named(mistake: Mistake) -> Verdict:
    """Give a known mistake as a verdict."""
    return Verdict("wrong", mistake.sentence, mistake.name)


def no_function(answer: Any) -> Verdict:
    """Say that a function was asked for."""
    kind = type(answer).__name__
    return Verdict("wrong", f"Give the function itself, without calling it; this is of type {kind}.")


def alike(one: Any, other: Any) -> bool:
    """Whether both are numbers, and the same."""
    return isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and same(one, other)


_TEXTS = (_RNG.normal(size=(5, 3)).round(2), _RNG.normal(size=(3, 3)).round(2), np.array([[1.0, -2, 0.5]]))
_W_Q, _W_K, _W_V = (_RNG.normal(size=(rows, 3)).round(2) for rows in (2, 2, 4))  # d_v ≠ d_k
_WIDTH = len(_W_V)

Project = Callable[[Any, Any], tuple[Array, Array, Array]]
Attend = Callable[[Any, Any, Any], Array]


@dataclass
class _Meter:
    """One causal layer with RoPE, that counts what is asked of it."""

    projections: int = 0
    scores: int = 0

    def project(self, row: Any, position: Any) -> tuple[Array, Array, Array]:
        a = np.asarray(row, dtype=float)
        if a.shape != (3,):
            raise ValueError(f"project takes one row of 3 numbers, and this has shape {a.shape}")
        self.projections += 1
        q, k = (rope(w @ a, float(position)) for w in (_W_Q, _W_K))
        return q, k, _W_V @ a

    def attend(self, q: Any, keys: Any, values: Any) -> Array:
        if len(keys) == 0 or len(keys) != len(values):
            raise ValueError(f"attend got {len(keys)} keys and {len(values)} values")
        self.scores += len(keys)
        return attention(np.asarray(q)[None], np.array(keys), np.array(values)).output[0]


def write(a: Any, project: Project, attend: Attend) -> list[Array]:
    """Every output from its own row, with the keys and values of the rows before kept."""
    keys, values, outputs = [], [], []
    for position, row in enumerate(a):
        q, k, v = project(row, position)
        keys.append(k)
        values.append(v)
        outputs.append(attend(q, keys, values))
    return outputs


def _all_again(a: Any, project: Project, attend: Attend) -> list[Array]:
    outputs: list[Array] = []
    for t in range(1, len(a) + 1):
        q, k, v = zip(*(project(row, j) for j, row in enumerate(a[:t])), strict=True)
        outputs.append([attend(q[i], k[: i + 1], v[: i + 1]) for i in range(t)][-1])
    return outputs


def _keys_again(a: Any, project: Project, attend: Attend) -> list[Array]:
    outputs = []
    for t in range(1, len(a) + 1):
        q, k, v = zip(*(project(row, j) for j, row in enumerate(a[:t])), strict=True)
        outputs.append(attend(q[-1], k, v))
    return outputs


def _all_projected(a: Any, project: Project) -> list[tuple[Array, ...]]:
    return list(zip(*(project(row, j) for j, row in enumerate(a)), strict=True))


def _looks_ahead(a: Any, project: Project, attend: Attend) -> list[Array]:
    q, k, v = _all_projected(a, project)
    return [attend(one, k, v) for one in q]


def _itself_alone(a: Any, project: Project, attend: Attend) -> list[Array]:
    q, k, v = _all_projected(a, project)
    return [attend(q[t], k[t : t + 1], v[t : t + 1]) for t in range(len(a))]


def _before_alone(a: Any, project: Project, attend: Attend) -> list[Array]:
    q, k, v = _all_projected(a, project)
    return [attend(q[t], k[: max(t, 1)], v[: max(t, 1)]) for t in range(len(a))]


def _newest_value(a: Any, project: Project, attend: Attend) -> list[Array]:
    q, k, v = _all_projected(a, project)
    return [attend(q[t], k[: t + 1], [v[t]] * (t + 1)) for t in range(len(a))]


def _keys_for_values(a: Any, project: Project, attend: Attend) -> list[Array]:
    q, k, _ = _all_projected(a, project)
    return [attend(q[t], k[: t + 1], k[: t + 1]) for t in range(len(a))]


WRITE = (
    Mistake(
        "everything again",
        "The outputs are right, but each step computes all earlier rows again: keep keys and values.",
        _all_again,
    ),
    Mistake(
        "keys made again",
        "The outputs are right, but each step projects the earlier rows again: keep their keys and values.",
        _keys_again,
    ),
    Mistake(
        "position forgotten",
        "That projects every row at position 0: the cache is right, and word order is gone.",
        lambda a, project, attend: write(a, lambda row, _: project(row, 0), attend),
    ),
    Mistake(
        "looks ahead",
        "That lets every query ask all keys; those of later rows have not arrived yet.",
        _looks_ahead,
    ),
    Mistake(
        "nothing kept",
        "That lets each query ask its own key alone; the earlier ones are to be kept.",
        _itself_alone,
    ),
    Mistake(
        "own key left out",
        "That attends before the new key is in the list; a position may look at itself.",
        _before_alone,
    ),
    Mistake(
        "values not kept",
        "That keeps the keys and uses the newest value for all of them: keep the values too.",
        _newest_value,
    ),
    Mistake("keys as values", "That sums the keys; hand `attend` the values third.", _keys_for_values),
)

_Written = tuple[Array | Verdict | None, int, int]  # the outputs, and what was counted


def _written(answer: Callable[..., Any], a: Array) -> _Written:
    meter = _Meter()
    # Functions in a list: `call` copies its arguments, and copies of bound methods count apart.
    value, problem = call(answer, a, lambda *x: meter.project(*x), lambda *x: meter.attend(*x))
    outputs = problem if value is None or value is ... else read("your result", value, (0, 1, 2, 3))
    return outputs, meter.projections, meter.scores


_WRITTEN = [_written(write, a) for a in _TEXTS]


def judge_write(answer: Any) -> Verdict:
    """Judge the outputs, and how many projections and scores they took."""
    if not callable(answer):
        return no_function(answer)
    given = [_written(answer, a) for a in _TEXTS]
    if all(outputs is None for outputs, *_ in given):
        return gives_nothing(answer)
    fits = [
        all(alike(x[0], y[0]) for x, y in zip(given, of, strict=True))
        and [x[1:] for x in given] == [y[1:] for y in of]
        for of in (_WRITTEN, *([_written(one.answer, a) for a in _TEXTS] for one in WRITE))
    ]
    if fits[0]:
        return Verdict("right", "Five rows take 5 projections and 15 scores, and no output has changed.")
    if any(fits):
        return named(WRITE[fits.index(True) - 1])
    at = next((n for n, x in enumerate(given) if not alike(x[0], _WRITTEN[n][0])), None)
    if at is None:
        (_, projections, scores), (_, fewest, few) = given[0], _WRITTEN[0]
        return Verdict(
            "wrong",
            f"The outputs are right, but five rows take {projections} projections and {scores} scores "
            f"instead of {fewest} and {few}.",
        )
    return _off(given[at][0], _WRITTEN[at][0], len(_TEXTS[at]))


def _off(outputs: Array | Verdict | None, right: Any, n: int) -> Verdict:
    if isinstance(outputs, Verdict):
        return outputs
    if outputs is None:
        return Verdict("wrong", "Your function gives nothing for one of the inputs: does it end with return?")
    if outputs.shape != right.shape:
        return Verdict(
            "wrong",
            f"Your result has shape {outputs.shape}: give a list of {n} outputs of {_WIDTH} numbers each.",
        )
    first = next(t for t in range(n) if not same(outputs[t], right[t]))
    return Verdict(
        "wrong", f"Output {first + 1} of {n} is off: which keys should {sub('q', first + 1)} be asking?"
    )


def _slices(a: Any, project: Project, attend: Attend) -> Array:
    q, k, v = (np.array(x) for x in _all_projected(a, project))
    return np.array([attend(q[t], k[: t + 1], v[: t + 1]) for t in range(len(a))])


def _newest_first(a: Any, project: Project, attend: Attend) -> list[list[float]]:
    keys: list[Array] = []
    values: list[Array] = []
    outputs = []
    for position, row in enumerate(a, start=1):  # only distances count
        q, k, v = project(row, position)
        keys, values = [k, *keys], [v, *values]
        outputs.append(attend(q, keys, values).tolist())
    return outputs


OTHER_WAYS = {"projected first, then cut": _slices, "newest first, counted from 1": _newest_first}
