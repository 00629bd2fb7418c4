"""Exercises of chapter 6: the variance of a raw score, softmax's slopes, back through attention."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from transformer_lib.exercises.backward import MISTAKES as GRADIENT_MISTAKES
from transformer_lib.exercises.backward import (
    NOTHING,
    NUDGE,
    by_nudging,
    gradients,
    judge_gradients,
    named,
    not_a_function,
    row_by_row,
)
from transformer_lib.exercises.judging import call, gives_nothing, judge_function, judge_numbers, read, same
from transformer_lib.exercises.registry import Exercise, Mistake, Verdict, register
from transformer_lib.shapes import Array
from transformer_lib.steps import softmax, softmax_jacobian
from transformer_lib.style import fmt, short

# 6.1 ----------------------------------------------------------------------------------------------


def raw_score(d_k: float, mu: float, sigma: float) -> tuple[float, float]:
    """Mean and variance of q·k, all entries independent with mean μ and standard deviation σ."""
    return d_k * mu**2, d_k * (sigma**4 + 2 * sigma**2 * mu**2)


def _moments(mean: Callable[..., float], variance: Callable[..., float]) -> Callable[..., Any]:
    """A wrong formula for each half, from the right mean, the right variance and d_k, μ, σ."""

    def wrong(d_k: float, mu: float, sigma: float) -> tuple[float, float]:
        m, v = raw_score(d_k, mu, sigma)
        return mean(m, d_k, mu, sigma), variance(v, d_k, mu, sigma)

    return wrong


def _kept(x: float, *_: float) -> float:
    return x


_variance = (
    Mistake(
        "mu left out",
        "That variance holds for μ = 0 only: E[x²] is σ² + μ², so μ enters the variance as well.",
        _moments(_kept, lambda v, d, mu, s: d * s**4),
    ),
    Mistake(
        "square of the mean not taken off",
        "That is d_k times E[x²y²]; a variance is the mean of the square minus the square of the mean.",
        _moments(_kept, lambda v, d, mu, s: d * (s**2 + mu**2) ** 2),
    ),
    Mistake(
        "one mixed term",
        "One mixed term σ²μ² is missing: (σ² + μ²)² has two of them.",
        _moments(_kept, lambda v, d, mu, s: d * (s**4 + s**2 * mu**2)),
    ),
    Mistake(
        "sigma for its square",
        "That takes σ for the variance of an entry; σ is its standard deviation, and the variance is σ².",
        _moments(_kept, lambda v, d, mu, s: d * (s**2 + 2 * s * mu**2)),
    ),
    Mistake(
        "variance of one factor",
        "That sums the variance of the entries of q alone; each term is a product of two entries.",
        _moments(_kept, lambda v, d, mu, s: d * s**2),
    ),
    Mistake(
        "spreads added",
        "That adds up standard deviations, which gives d_k²; for independent terms the variances add.",
        _moments(_kept, lambda v, d, mu, s: d * v),
    ),
    Mistake(
        "one product",
        "Those are the mean and the variance of one product; the score adds d_k of them.",
        _moments(lambda m, d, mu, s: mu**2, lambda v, d, mu, s: v / d),
    ),
    Mistake(
        "variance not summed",
        "That is the variance of one product; the score adds d_k of them.",
        _moments(_kept, lambda v, d, mu, s: v / d),
    ),
    Mistake(
        "standard deviation for variance",
        "Your second number is the standard deviation; give the variance, its square.",
        _moments(_kept, lambda v, d, mu, s: v**0.5),
    ),
    Mistake(
        "mean left out",
        "The variance is right, but the mean is 0 only when μ is.",
        _moments(lambda m, d, mu, s: 0, _kept),
    ),
    Mistake(
        "mean of one factor",
        "The variance is right; the mean of a product of independent numbers is μ times μ.",
        _moments(lambda m, d, mu, s: d * mu, _kept),
    ),
    Mistake(
        "mean not summed",
        "The variance is right; the mean is that of one product, and the score adds d_k of them.",
        _moments(lambda m, d, mu, s: mu**2, _kept),
    ),
    Mistake(
        "scaled score",
        "That is the scaled score, after the division by √d_k; the question is about the raw one.",
        _moments(lambda m, d, mu, s: m / d**0.5, lambda v, d, mu, s: v / d),
    ),
    Mistake(
        "order swapped",
        "Right numbers in the other order: give the mean first, then the variance.",
        lambda d_k, mu, sigma: raw_score(d_k, mu, sigma)[::-1],
    ),
)
register(
    Exercise(
        id="6.1",
        title="Any mean, any spread",
        difficulty=2,
        minutes=10,
        judge=judge_function(
            raw_score,
            ((4, 0, 1), (3, 0.5, 2), (10, -1, 0.5), (1, 2, 1.5)),
            "With μ = 0 and σ = 1 it is Proposition 6.1; a mean away from 0 adds to the spread.",
            _variance,
        ),
        reference=raw_score,
        equivalents={
            "list": lambda d_k, mu, sigma: [d_k * mu * mu, d_k * ((sigma**2 + mu**2) ** 2 - mu**4)],
            "array": lambda d_k, mu, sigma: np.array(raw_score(d_k, mu, sigma)),
            "float32": lambda d_k, mu, sigma: np.array(raw_score(d_k, mu, sigma), dtype=np.float32),
        },
        mistakes=_variance,
    )
)


# 6.2 ----------------------------------------------------------------------------------------------

_N = 4000  # pairs; the spread of so many is within 8% of the theory, five times over
_SETTINGS = ((4, 0.0, 1.0), (16, 0.5, 1.0), (9, -1.0, 2.0))
_RELATIVE, _ABSOLUTE = 0.08, 0.05


def spreads(d_k: int, mu: float, sigma: float, n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Draw n queries and n keys; the standard deviation of their raw and of their scaled scores."""
    q, k = _draw(d_k, mu, sigma, n, rng)
    raw = (q * k).sum(axis=1)
    return raw.std(), (raw / np.sqrt(d_k)).std()


def _draw(d_k: int, mu: float, sigma: float, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    return rng.normal(mu, sigma, size=(n, d_k)), rng.normal(mu, sigma, size=(n, d_k))


def _of(summary: Callable[[Array, int, int], Any]) -> Callable[..., Any]:
    """A wrong summary of the right draws."""

    def wrong(d_k: int, mu: float, sigma: float, n: int, rng: np.random.Generator) -> Any:
        q, k = _draw(d_k, mu, sigma, n, rng)
        return summary((q * k).sum(axis=1), d_k, n)

    return wrong


def _with(change: Callable[[float, float], tuple[float, float]]) -> Callable[..., Any]:
    """The right way with another μ and σ."""
    return lambda d_k, mu, sigma, n, rng: spreads(d_k, *change(mu, sigma), n, rng)


def _not_summed(d_k: int, mu: float, sigma: float, n: int, rng: np.random.Generator) -> Any:
    q, k = _draw(d_k, mu, sigma, n, rng)
    return (q * k).std(), (q * k / np.sqrt(d_k)).std()


def _with_itself(d_k: int, mu: float, sigma: float, n: int, rng: np.random.Generator) -> Any:
    q, _ = _draw(d_k, mu, sigma, n, rng)
    raw = (q * q).sum(axis=1)
    return raw.std(), raw.std() / np.sqrt(d_k)


def _theory(d_k: float, mu: float, sigma: float, *_: Any) -> tuple[float, float]:
    spread = raw_score(d_k, mu, sigma)[1] ** 0.5
    return spread, spread / d_k**0.5


_Pair = tuple[float, float]
# Each wrong way with what it gives in theory, from the right raw spread r and d_k, μ, σ.
_SIMULATED: tuple[tuple[Mistake, Callable[[float, float, float, float], _Pair]], ...] = (
    (
        Mistake(
            "variance for standard deviation",
            "Those are variances; the standard deviation is their root, in NumPy .std().",
            _of(lambda raw, d_k, n: (raw.var(), raw.var() / d_k)),
        ),
        lambda r, d, mu, s: (r**2, r**2 / d),
    ),
    (
        Mistake(
            "order swapped",
            "Right numbers in the other order: give the raw spread first, then the scaled one.",
            _of(lambda raw, d_k, n: ((raw / np.sqrt(d_k)).std(), raw.std())),
        ),
        lambda r, d, mu, s: (r / d**0.5, r),
    ),
    (
        Mistake(
            "d_k for √d_k",
            "The raw spread is right; the scaled scores are divided by √d_k, and yours by d_k.",
            _of(lambda raw, d_k, n: (raw.std(), (raw / d_k).std())),
        ),
        lambda r, d, mu, s: (r, r / d),
    ),
    (
        Mistake(
            "not divided",
            "Both are the raw spread; divide the scores by √d_k for the second.",
            _of(lambda raw, d_k, n: (raw.std(), raw.std())),
        ),
        lambda r, d, mu, s: (r, r),
    ),
    (
        Mistake(
            "multiplied",
            "The raw spread is right; for the second, divide the scores by √d_k, do not multiply.",
            _of(lambda raw, d_k, n: (raw.std(), raw.std() * np.sqrt(d_k))),
        ),
        lambda r, d, mu, s: (r, r * d**0.5),
    ),
    (
        Mistake(
            "divided by √n",
            "The raw spread is right; the division is by the root of d_k, the width, and yours is by √n.",
            _of(lambda raw, d_k, n: (raw.std(), raw.std() / np.sqrt(n))),
        ),
        lambda r, d, mu, s: (r, r / _N**0.5),
    ),
    (
        Mistake(
            "mean for standard deviation",
            "Those are the means of the scores; give their standard deviations.",
            _of(lambda raw, d_k, n: (raw.mean(), raw.mean() / np.sqrt(d_k))),
        ),
        lambda r, d, mu, s: (d * mu**2, d**0.5 * mu**2),
    ),
    (
        Mistake(
            "products not summed",
            "That is the spread of the single products; a score is the sum of d_k of them, along axis 1.",
            _not_summed,
        ),
        lambda r, d, mu, s: (r / d**0.5, r / d),
    ),
    (
        Mistake(
            "query with itself",
            "That is q·q; draw the keys anew, so that they know nothing of the queries.",
            _with_itself,
        ),
        lambda r, d, mu, s: (2**0.5 * r, (2 / d) ** 0.5 * r),
    ),
    (
        Mistake(
            "sigma squared",
            "That draws with σ² in place of σ: rng.normal takes the standard deviation.",
            _with(lambda mu, sigma: (mu, sigma**2)),
        ),
        lambda r, d, mu, s: _theory(d, mu, s**2),
    ),
    (
        Mistake(
            "mu left out",
            "That is right for entries around 0; draw them around μ.",
            _with(lambda mu, sigma: (0, sigma)),
        ),
        lambda r, d, mu, s: _theory(d, 0, s),
    ),
    (
        Mistake(
            "sigma left out",
            "That is right for σ = 1; draw the entries with the σ that is given.",
            _with(lambda mu, sigma: (mu, 1)),
        ),
        lambda r, d, mu, s: _theory(d, mu, 1),
    ),
    (
        Mistake(
            "standard normal entries",
            "That draws entries with mean 0 and spread 1; use the μ and σ that are given.",
            _with(lambda mu, sigma: (0, 1)),
        ),
        lambda r, d, mu, s: (d**0.5, 1.0),
    ),
)
_by_formula = Mistake(
    "theory, not measured", "That is the theory, to the last digit: here draw n pairs and measure.", _theory
)


def _judge_spreads(answer: Any) -> Verdict:
    if not callable(answer):
        return not_a_function(answer)
    outcomes = [_run(answer, *setting) for setting in _SETTINGS]
    if all(value is None and problem is None for value, problem in outcomes):
        return gives_nothing(answer)
    given: list[Array] = []
    for value, problem in outcomes:
        if problem is not None:
            return problem
        if value is None or value is ...:
            return Verdict("wrong", NOTHING)
        numbers = read("your result", value, range(5))
        if isinstance(numbers, Verdict):
            return numbers
        if numbers.shape != (2,):
            has = f"has shape {numbers.shape}" if numbers.ndim else "is one number"
            return Verdict("wrong", f"Your result {has}: give two numbers, the raw and the scaled spread.")
        given.append(numbers)
    return _compare_spreads(given)


def _run(answer: Callable[..., Any], *setting: float) -> tuple[Any, Verdict | None]:
    return call(answer, *setting, _N, np.random.default_rng(6))


def _compare_spreads(given: Sequence[Array]) -> Verdict:
    theory = [_theory(*setting) for setting in _SETTINGS]
    if same(given, theory, 1e-9):
        return named(_by_formula)
    if _all_near(given, theory):
        return Verdict("right", "At μ = 0 and σ = 1 dividing by √d_k gives the spread 1, whatever d_k is.")
    for mistake, expected in _SIMULATED:
        if _all_near(given, [expected(_theory(*one)[0], *one) for one in _SETTINGS]):
            return named(mistake)
    at = next(n for n, one in enumerate(given) if not _all_near([one], [theory[n]]))
    d_k, mu, sigma = _SETTINGS[at]
    return Verdict(
        "wrong",
        f"For d_k = {d_k}, μ = {short(mu)}, σ = {short(sigma)} you measure {fmt(given[at][0])} and "
        f"{fmt(given[at][1])}: check that each score is one query times one key, summed over d_k.",
    )


def _all_near(given: Sequence[Array], expected: Sequence[_Pair]) -> bool:
    return bool(np.allclose(given, expected, rtol=_RELATIVE, atol=_ABSOLUTE))


def _keys_first(d_k: int, mu: float, sigma: float, n: int, rng: np.random.Generator) -> list[Any]:
    k, q = mu + sigma * rng.standard_normal((2, n, d_k))
    raw = np.einsum("nd,nd->n", q, k)
    return [np.std(raw), np.std(raw) / d_k**0.5]


def _all_pairs(d_k: int, mu: float, sigma: float, n: int, rng: np.random.Generator) -> Any:
    q, k = _draw(d_k, mu, sigma, n, rng)
    raw = q[:1000] @ k[:1000].T
    return np.array([raw.std(ddof=1), raw.std() / np.sqrt(d_k)], dtype=np.float32)


register(
    Exercise(
        id="6.2",
        title="Measure it",
        difficulty=2,
        minutes=10,
        judge=_judge_spreads,
        reference=spreads,
        equivalents={"keys drawn first": _keys_first, "every query with every key": _all_pairs},
        mistakes=(*(mistake for mistake, _ in _SIMULATED), _by_formula),
    )
)


# 6.3 ----------------------------------------------------------------------------------------------


def _by_differences(scores: Any) -> Array:
    """Nudge each score to both sides and see what the weights do; column j belongs to score j."""
    x = np.asarray(scores, dtype=np.float64)
    nudges = NUDGE * np.eye(len(x))
    return np.stack([(softmax(x + n) - softmax(x - n)) / (2 * NUDGE) for n in nudges], axis=1)


def jacobian(scores: Any) -> Array:
    """How each weight answers to each score, in base e."""
    return softmax_jacobian(softmax(scores))


def _from(make: Callable[[Array], Any], base: float = np.e) -> Callable[[Any], Any]:
    """A wrong table made from the weights."""
    return lambda scores: make(softmax(scores, base=base))


def _slopes_of(weights: Array) -> Array:
    return np.diag(weights) - np.outer(weights, weights)


def _raw_for_weights(scores: Any) -> Array:
    return _slopes_of(np.asarray(scores, dtype=np.float64))


_jacobian = (
    Mistake(
        "own score only",
        "That lets each weight answer to its own score alone; what one gains, all others lose.",
        _from(lambda w: np.diag(w * (1 - w))),
    ),
    Mistake(
        "diagonal as a list",
        "Those are the entries of the diagonal; give the whole square table.",
        _from(lambda w: w * (1 - w)),
    ),
    Mistake("the weights", "Those are the weights; give how each answers to each score.", _from(lambda w: w)),
    Mistake(
        "product missing",
        "That has the weights on the diagonal and 0 beside it; the product α′ᵢ α′ⱼ is still to be taken off.",
        _from(np.diag),
    ),
    Mistake(
        "diagonal missing",
        "Right beside the diagonal; on it the weight itself is missing, α′ᵢ − α′ᵢ².",
        _from(lambda w: -np.outer(w, w)),
    ),
    Mistake(
        "sign turned",
        "Every sign is turned: a weight rises with its own score and falls with the others.",
        _from(lambda w: -_slopes_of(w)),
    ),
    Mistake(
        "minus left out",
        "Right on the diagonal; beside it a weight falls when another score rises, so a minus is missing.",
        _from(lambda w: np.diag(w) + np.outer(w, w) - 2 * np.diag(w * w)),
    ),
    Mistake(
        "square taken off twice",
        "Right beside the diagonal; on the diagonal you take off α′² twice.",
        _from(lambda w: np.diag(w * (1 - w)) - np.outer(w, w)),
    ),
    Mistake(
        "1 everywhere",
        "That is α′ᵢ (1 − α′ⱼ) everywhere; the 1 stands on the diagonal alone.",
        _from(lambda w: np.outer(w, 1 - w)),
    ),
    Mistake(
        "scores for weights",
        "That puts the scores into the rule; take their softmax first.",
        _raw_for_weights,
    ),
    Mistake(
        "base 2 for e", "That uses the weights of base 2; here the base is e.", _from(_slopes_of, base=2)
    ),
    Mistake(
        "base 2 with its ln 2",
        "Those are the slopes in base 2, even with the factor ln 2; here the base is e.",
        _from(lambda w: np.log(2) * _slopes_of(w), base=2),
    ),
    Mistake(
        "divided by √n",
        "That is divided by the root of the number of scores; nothing is divided here.",
        _from(lambda w: _slopes_of(w) / np.sqrt(len(w))),
    ),
)


def _forward_differences(scores: Any) -> Any:
    before, step = softmax(scores), 1e-6
    columns = [(softmax(scores + step * row) - before) / step for row in np.eye(len(scores))]
    return np.array(columns).T


register(
    Exercise(
        id="6.3",
        title="The Jacobian",
        difficulty=2,
        minutes=10,
        judge=judge_function(
            _by_differences,
            (
                (np.log([0.5, 0.25, 0.125, 0.125]),),
                (np.array([0.3, -0.7, 1.1]),),
                (np.array([-0.5, 0.2, 0.9, -1.2, 0.4]),),
            ),
            "It agrees with small nudges of every score.",
            _jacobian,
        ),
        reference=jacobian,
        equivalents={
            "entry by entry": lambda scores: [
                [w * ((i == j) - u) for j, u in enumerate(softmax(scores))]
                for i, w in enumerate(softmax(scores))
            ],
            "by nudging": _forward_differences,
            "float32": lambda scores: jacobian(scores).astype(np.float32),
        },
        mistakes=_jacobian,
    )
)


# 6.4 ----------------------------------------------------------------------------------------------

register(
    Exercise(
        id="6.4",
        title="Back through attention",
        difficulty=3,
        minutes=20,
        judge=judge_gradients,
        reference=gradients,
        equivalents={
            "row by row with the Jacobian": row_by_row,
            "by nudging": by_nudging,
            "float32": lambda *case: [x.astype(np.float32) for x in gradients(*case)],
        },
        mistakes=GRADIENT_MISTAKES,
    )
)


# 6.5 ----------------------------------------------------------------------------------------------

_SQUARES = (1, 512, 256)
# What goes wrong in one of the three, whatever the others are.
_first = (
    Mistake(
        "one entry of the stored one",
        "1/512 is the mean square of one stored entry; add up all 512.",
        Fraction(1, 512),
    ),
    Mistake("variance 1 stored", "That takes stored entries of variance 1; here theirs is 1/512.", 512),
)
_not_squared = "A vector √512 times as long has a squared length 512 times as large."
_second = (
    Mistake("factor not squared", _not_squared, np.sqrt(512)),
    Mistake("factor not squared, two decimals", _not_squared, 22.63),
    Mistake("factor not squared, one decimal", _not_squared, 22.6),
    Mistake("divided", "That divides by √512; the embedding is multiplied by it.", Fraction(1, 512)),
)
_third = (
    Mistake(
        "length of the position", "In the third, 16 is the length; the question asks for its square.", 16
    ),
    Mistake("sine and cosine both 1", "In the third each pair gives sin² + cos² = 1, not 2.", 512),
    Mistake("no cosine", "In the third each pair gives sin² + cos² = 1, not ½.", 128),
)
_lengths = "Those are the lengths; the question asks for their squares."
_embeddings = (
    Mistake("lengths", _lengths, [1, np.sqrt(512), 16]),
    Mistake("lengths, two decimals", _lengths, [1, 22.63, 16]),
    Mistake("lengths, one decimal", _lengths, [1, 22.6, 16]),
    Mistake(
        "one entry",
        "Those are the mean squares of one entry; the vector has 512 entries, so add them up.",
        [Fraction(1, 512), 1, Fraction(1, 2)],
    ),
)
_all_three = judge_numbers(
    list(_SQUARES), "Without the factor the position would drown the word, 256 to 1.", _embeddings
)
_each = [
    judge_numbers(right, "", mistakes)
    for right, mistakes in zip(_SQUARES, (_first, _second, _third), strict=True)
]


def _judge_squares(answer: Any) -> Verdict:
    """Name a mistake in all three numbers, or else the first in one of them."""
    verdict = _all_three(answer)
    three = len(answer) == 3 if isinstance(answer, list | tuple) else getattr(answer, "shape", ()) == (3,)
    if verdict.status == "right" or verdict.mistake or not three:
        return verdict
    alone = [judge(number) for judge, number in zip(_each, answer, strict=True)]
    return next((one for one in alone if one.mistake), verdict)


def _in_place(at: int, mistake: Mistake) -> Mistake:
    """The mistake as an answer of three numbers, the other two right."""
    return replace(mistake, answer=[*_SQUARES[:at], mistake.answer, *_SQUARES[at + 1 :]])


register(
    Exercise(
        id="6.5",
        title="Why embeddings are multiplied",
        difficulty=1,
        minutes=5,
        judge=_judge_squares,
        reference=[1, 512, 256],
        equivalents={
            "tuple": (1.0, 512.0, 256.0),
            "float32": np.array([1, 512, 256], dtype=np.float32),
            "text": ["1", "512", "256"],
        },
        mistakes=(
            *_embeddings,
            *(_in_place(at, one) for at, group in enumerate((_first, _second, _third)) for one in group),
        ),
    )
)
