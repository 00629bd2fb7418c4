"""Exercise 6.4, the gradients of attention: by finite differences, the wrong turns, and the judge."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from transformer_lib.exercises.judging import call, gives_nothing, read, same
from transformer_lib.exercises.registry import Mistake, Verdict
from transformer_lib.shapes import Array
from transformer_lib.steps import attention, attention_gradients, softmax_jacobian

NUDGE = 1e-5  # the step of a finite difference, to each side
NOTHING = "Your function gives nothing for one of the cases: does it end with return?"


def not_a_function(answer: Any) -> Verdict:
    """Say that a function was asked for."""
    kind = type(answer).__name__
    return Verdict("wrong", f"Give the function itself, without calling it; this is of type {kind}.")


def named(mistake: Mistake) -> Verdict:
    """Give a known mistake as a verdict."""
    return Verdict("wrong", mistake.sentence, mistake.name)


_Three = tuple[Array, Array, Array]


def _case(seed: int, t: int, s: int, d_k: int, d_v: int) -> tuple[Array, ...]:
    """q, k, v and ∂L/∂b."""
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(size=shape) for shape in ((t, d_k), (s, d_k), (s, d_v), (t, d_v)))


# The first has as many queries as keys, so that a missing transpose runs.
_CASES = (_case(6, 3, 3, 4, 2), _case(7, 2, 5, 3, 4))


def by_nudging(q: Array, k: Array, v: Array, d_b: Array) -> _Three:
    """∂L/∂q, ∂L/∂k and ∂L/∂v by finite differences, for L = the sum of ∂L/∂b times b."""

    def slope(which: int, at: int) -> float:
        sides = []
        for step in (NUDGE, -NUDGE):
            arrays = [x.copy() for x in (q, k, v)]
            arrays[which].flat[at] += step
            sides.append(float((attention(*arrays).output * d_b).sum()))
        return (sides[0] - sides[1]) / (2 * NUDGE)

    found = [
        np.array([slope(which, at) for at in range(x.size)]).reshape(x.shape)
        for which, x in enumerate((q, k, v))
    ]
    return found[0], found[1], found[2]


def gradients(q: Any, k: Any, v: Any, d_b: Any) -> tuple[Any, Any, Any]:
    """∂L/∂q, ∂L/∂k and ∂L/∂v of scaled attention, from ∂L/∂b."""
    back = attention_gradients(q, k, v, d_b)
    return back.q, back.k, back.v


def _back(
    scores: Callable[[Array, Array], Array] = lambda w, g: w * (g - (w * g).sum(axis=1, keepdims=True)),
    factor: Callable[[int], float] = lambda d_k: d_k**-0.5,
    pack: Callable[[Array, Array, Array, Array, Array, Array], Any] = (
        lambda raw, w, q, k, v, d_b: (raw @ k, raw.T @ q, w.T @ d_b)
    ),
) -> Callable[..., Any]:
    """The way back with one turn taken wrongly."""

    def wrong(q: Array, k: Array, v: Array, d_b: Array) -> Any:
        weights = attention(q, k, v).weights
        raw = factor(q.shape[1]) * scores(weights, d_b @ v.T)
        return pack(raw, weights, q, k, v, d_b)

    return wrong


def _unscaled(q: Array, k: Array, v: Array, d_b: Array) -> Any:
    back = attention_gradients(q, k, v, d_b, scaled=False)
    return back.q, back.k, back.v


MISTAKES = (
    Mistake(
        "factor left out",
        "∂L/∂v is right, the others are √d_k times too large: the division belongs to the way back too.",
        _back(factor=lambda d_k: 1.0),
    ),
    Mistake(
        "d_k for √d_k",
        "∂L/∂v is right; for the others the way back divides by √d_k, and yours divides by d_k.",
        _back(factor=lambda d_k: 1 / d_k),
    ),
    Mistake(
        "not scaled at all",
        "Those are the gradients of attention without scaling; divide the scores by √d_k before the softmax.",
        _unscaled,
    ),
    Mistake(
        "softmax left out",
        "∂L/∂v is right; on the way to q and k you go past the softmax: multiply by its Jacobian.",
        _back(scores=lambda w, g: g),
    ),
    Mistake(
        "mean not taken off",
        "∂L/∂v is right; the softmax gives α′(g − mean of g), and the mean, weighed by α′, is missing.",
        _back(scores=lambda w, g: w * g),
    ),
    Mistake(
        "plain mean",
        "∂L/∂v is right; the mean that the softmax takes off is weighed by α′, not the plain one.",
        _back(scores=lambda w, g: w * (g - g.mean(axis=1, keepdims=True))),
    ),
    Mistake(
        "diagonal of the Jacobian only",
        "∂L/∂v is right; you use the diagonal of the Jacobian alone, and each weight answers to all scores.",
        _back(scores=lambda w, g: w * (1 - w) * g),
    ),
    Mistake(
        "mean over the queries",
        "∂L/∂v is right; the mean runs over the keys of one query, and yours over the queries.",
        _back(scores=lambda w, g: w * (g - (w * g).sum(axis=0))),
    ),
    Mistake(
        "weights not transposed",
        "∂L/∂q and ∂L/∂k are right; value j collects from column j of the weights: transpose them.",
        _back(pack=lambda raw, w, q, k, v, d_b: (raw @ k, raw.T @ q, w @ d_b)),
    ),
    Mistake(
        "scores not transposed",
        "∂L/∂q and ∂L/∂v are right; key j collects from column j of the scores: transpose them.",
        _back(pack=lambda raw, w, q, k, v, d_b: (raw @ k, raw @ q, w.T @ d_b)),
    ),
    Mistake(
        "factor on v too",
        "∂L/∂q and ∂L/∂k are right; the values never meet √d_k, so ∂L/∂v has no such factor.",
        _back(pack=lambda raw, w, q, k, v, d_b: (raw @ k, raw.T @ q, w.T @ d_b / np.sqrt(q.shape[1]))),
    ),
    Mistake(
        "q and k changed places",
        "Right arrays in another order: give ∂L/∂q first, then ∂L/∂k, then ∂L/∂v.",
        _back(pack=lambda raw, w, q, k, v, d_b: (raw.T @ q, raw @ k, w.T @ d_b)),
    ),
    Mistake(
        "sign turned",
        "All signs are turned: give the gradient itself; a training step goes against it, later.",
        _back(pack=lambda raw, w, q, k, v, d_b: (-raw @ k, -raw.T @ q, -w.T @ d_b)),
    ),
)
_NAMES = ("∂L/∂q", "∂L/∂k", "∂L/∂v")
_TARGETS = [by_nudging(*case) for case in _CASES]
_WRONG = [(mistake, [call(mistake.answer, *case)[0] for case in _CASES]) for mistake in MISTAKES]


def judge_gradients(answer: Any) -> Verdict:
    """Compare a function's three arrays with finite differences, and name what went wrong."""
    if not callable(answer):
        return not_a_function(answer)
    outcomes = [call(answer, *case) for case in _CASES]
    if all(value is None and problem is None for value, problem in outcomes):
        return gives_nothing(answer)
    for at, (value, problem) in enumerate(outcomes):
        given = problem or _three(value)
        if isinstance(given, Verdict):
            return given
        if not _alike(given, _TARGETS[at]):
            return _what_is_off(given, at)
    return Verdict("right", "All three agree with small nudges of every entry.")


def _three(value: Any) -> list[Array] | Verdict:
    """Read a result as three arrays, or say why it is not."""
    if value is None or value is ...:
        return Verdict("wrong", NOTHING)
    if not isinstance(value, tuple | list) and not (isinstance(value, np.ndarray) and value.ndim):
        return Verdict("wrong", f"Your function returns type {type(value).__name__}: return three arrays.")
    if len(value) != 3:
        return Verdict("wrong", f"Your function returns {len(value)} of them: return ∂L/∂q, ∂L/∂k and ∂L/∂v.")
    arrays = []
    for name, part in zip(_NAMES, value, strict=True):
        array = read(name, part, range(5))
        if isinstance(array, Verdict):
            return array
        arrays.append(array)
    return arrays


def _what_is_off(given: Sequence[Array], at: int) -> Verdict:
    for mistake, values in _WRONG:
        if values[at] is not None and _alike(given, values[at]):
            return named(mistake)
    right = [same(one, target) for one, target in zip(given, _TARGETS[at], strict=True)]
    which = right.index(False)
    name, one, target = _NAMES[which], given[which], _TARGETS[at][which]
    if one.shape != target.shape:
        return Verdict("wrong", f"{name} has shape {one.shape}; its array has {target.shape}.")
    good = [other for other, fine in zip(_NAMES, right, strict=True) if fine]
    rest = f", while {' and '.join(good)} {'is' if len(good) == 1 else 'are'} right" if good else ""
    return Verdict("wrong", f"{name} differs from what small nudges give{rest}.")


def _alike(given: Sequence[Array], target: Sequence[Array]) -> bool:
    return all(same(one, other) for one, other in zip(given, target, strict=True))


def row_by_row(q: Any, k: Any, v: Any, d_b: Any) -> list[Any]:
    """Another right way: each row of ∂L/∂α′ times that row's own Jacobian."""
    weights = attention(q, k, v).weights
    table = np.stack([softmax_jacobian(row) @ (v @ g) for row, g in zip(weights, d_b, strict=True)])
    table = table / len(q[0]) ** 0.5
    return [(table @ k).tolist(), np.einsum("ij,id->jd", table, q), weights.T @ d_b]
