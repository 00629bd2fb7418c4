"""Exercises of chapter 2: the hard limit, queries and keys, the hull of the values, additive scores."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from transformer_lib import pocket
from transformer_lib.exercises.judging import (
    call,
    gives_nothing,
    judge_function,
    judge_numbers,
    read,
    same,
    show,
)
from transformer_lib.exercises.registry import Exercise, Mistake, Verdict, register
from transformer_lib.shapes import Array
from transformer_lib.steps import project, softmax
from transformer_lib.style import fmt, vector

# 2.1: q₂ = (0, 1) has two best keys, so a hard look-up would have to toss a coin.
HALVES = [Fraction(1, 2), 0, 0, Fraction(1, 2)]
_SCORES_OF_Q2 = pocket.arrays(pocket.by_hand.scores[1])  # 2, −2, 1, 2

_limit = (
    Mistake(
        "first of the tie",
        "That takes the first of two equal scores; softmax gives equal scores equal weights, whatever r is.",
        [1, 0, 0, 0],
    ),
    Mistake(
        "last of the tie",
        "That takes the last of two equal scores; softmax gives equal scores equal weights, whatever r is.",
        [0, 0, 0, 1],
    ),
    Mistake(
        "r towards 0",
        "That is the other limit, for r towards 0, where every score is 0; here r grows.",
        [Fraction(1, 4)] * 4,
    ),
    Mistake(
        "no limit taken",
        "Those are the weights for r = 1; multiply the query by larger and larger numbers.",
        pocket.by_hand.weights[1],
    ),
    Mistake(
        "base e at r = 1",
        "Those are the weights for r = 1 in base e; multiply the query by larger and larger numbers.",
        softmax(_SCORES_OF_Q2),
    ),
    Mistake(
        "stopped at r = 8",
        "Those are the weights for r = 8, close to the limit; say where they go.",
        softmax(8 * _SCORES_OF_Q2, base=2),
    ),
    Mistake(
        "not divided",
        "Weights add up to 1, and these do not: divide them by their sum.",
        [1, 0, 0, 1],
    ),
    Mistake(
        "the query of the chapter",
        "That is the limit for q₁ = (0, −1); here q₂ = (0, 1) asks, so compute its scores first.",
        [0, 1, 0, 0],
    ),
    Mistake(
        "every positive score",
        "That shares the weight among all positive scores; what counts is how far a score is below the best.",
        [Fraction(1, 3), 0, Fraction(1, 3), Fraction(1, 3)],
    ),
)
register(
    Exercise(
        id="2.1",
        title="Two best keys",
        difficulty=1,
        minutes=4,
        judge=judge_numbers(
            HALVES, "Equal scores stay equal, so the hard limit is a share for each of the best.", _limit
        ),
        reference=HALVES,
        equivalents={
            "text": ["1/2", "0", "0", "1/2"],
            "floats": (0.5, 0.0, 0.0, 0.5),
            "softmax at r = 50": softmax(50 * _SCORES_OF_Q2, base=2),
            "float32": np.array([0.5, 0, 0, 0.5], dtype=np.float32),
        },
        mistakes=_limit,
    )
)


# 2.2: other inputs than the chapter's, through the same matrices.
INPUTS = np.array([[1.0, 2.0], [3.0, 0.0], [-1.0, 1.0], [0.0, -2.0]])


def _stacked(query: Array, keys: Array) -> Array:
    return np.vstack([query, keys])


_W_Q, _W_K, _W_V = pocket.w_q, pocket.w_k, pocket.w_v
_Q_AND_K = _stacked(project(INPUTS[0], _W_Q), project(INPUTS, _W_K))
_projected = (
    Mistake(
        "W^q transposed",
        "The keys are right, but q₁ is (W^q)ᵀ a₁: each entry of q₁ is one row of W^q times a₁.",
        _stacked(project(INPUTS[0], _W_Q.T), project(INPUTS, _W_K)),
    ),
    Mistake(
        "W^k transposed",
        "q₁ is right, but the keys are (W^k)ᵀ a: each entry of a key is one row of W^k times a.",
        _stacked(project(INPUTS[0], _W_Q), project(INPUTS, _W_K.T)),
    ),
    Mistake(
        "both transposed",
        "That is Wᵀ a for both matrices: each entry is one row of W times a, not one column.",
        _stacked(project(INPUTS[0], _W_Q.T), project(INPUTS, _W_K.T)),
    ),
    Mistake(
        "q and k swapped",
        "That is what you get when W^k makes the query and W^q the keys: swap the two matrices.",
        _stacked(project(INPUTS[0], _W_K), project(INPUTS, _W_Q)),
    ),
    Mistake(
        "a as q",
        "The keys are right, but the first row is a₁ itself: the query is W^q a₁.",
        _stacked(INPUTS[0], project(INPUTS, _W_K)),
    ),
    Mistake(
        "a as k",
        "q₁ is right, but the other rows are the inputs themselves: each key is W^k a.",
        _stacked(project(INPUTS[0], _W_Q), INPUTS),
    ),
    Mistake(
        "W^q for all",
        "That uses W^q for the keys as well; the keys have a matrix of their own.",
        _stacked(project(INPUTS[0], _W_Q), project(INPUTS, _W_Q)),
    ),
    Mistake(
        "W^v for W^k",
        "q₁ is right, but those are values: make the keys with W^k.",
        _stacked(project(INPUTS[0], _W_Q), project(INPUTS, _W_V)),
    ),
    Mistake(
        "query last",
        "The five vectors are right, in another order: put q₁ first, then the four keys.",
        np.vstack([project(INPUTS, _W_K), project(INPUTS[0], _W_Q)]),
    ),
)
register(
    Exercise(
        id="2.2",
        title="One query, four keys",
        difficulty=1,
        minutes=6,
        judge=judge_numbers(
            _Q_AND_K, "W^q is used once, for the one that asks, and W^k four times.", _projected
        ),
        reference=_Q_AND_K,
        equivalents={
            "integers": [[int(x) for x in row] for row in _Q_AND_K],
            "tuples": tuple(tuple(row) for row in _Q_AND_K),
            "float32": _Q_AND_K.astype(np.float32),
        },
        mistakes=_projected,
    )
)


# 2.3: which points can a soft look-up among three values give?
def weights_for(point: Any, values: Any) -> Any:
    """Give the three weights that mix `values` to `point`, or None when one would be negative."""
    weights = _solve(point, values)
    return weights if weights.min() >= -1e-9 else None


def _solve(point: Any, values: Any) -> Any:
    return np.linalg.solve(np.vstack([np.transpose(values), np.ones(3)]), [*point, 1])


def _without_the_sum(point: Any, values: Any) -> Any:
    return np.linalg.pinv(np.transpose(values)) @ np.asarray(point)


def _without_the_sum_refusing(point: Any, values: Any) -> Any:
    weights = _without_the_sum(point, values)
    return weights if weights.min() >= -1e-9 else None


def _clipped(point: Any, values: Any) -> Any:
    weights = np.maximum(_solve(point, values), 0)
    return weights / weights.sum()


def _edge_refused(point: Any, values: Any) -> Any:
    weights = _solve(point, values)
    return weights if weights.min() > 1e-9 else None


def _box(point: Any, values: Any) -> Any:
    inside = np.all((np.min(values, axis=0) <= point) & (point <= np.max(values, axis=0)))
    return _solve(point, values) if inside else None


def _nearest(point: Any, values: Any) -> Any:
    return np.eye(3)[np.linalg.norm(np.subtract(values, point), axis=1).argmin()]


_POCKET_TRIANGLE = pocket.arrays(pocket.by_hand.v)[[0, 1, 3]]  # v₁, v₂, v₄: the corners of the hull
_OTHER_TRIANGLE = np.array([[3.0, 1.0], [7.0, 2.0], [4.0, 6.0]])
_POINTS = (
    (np.array([1.0, 1.0]), _POCKET_TRIANGLE),
    (np.array([0.2, 1.7]), _POCKET_TRIANGLE),
    (np.array([0.0, 0.0]), _POCKET_TRIANGLE),  # on an edge
    (np.array([2.0, 2.0]), _POCKET_TRIANGLE),  # a corner
    (np.array([1.5, -1.3]), _POCKET_TRIANGLE),  # inside the box, outside the triangle
    (np.array([-1.0, 0.5]), _POCKET_TRIANGLE),
    (np.array([4.5, 3.0]), _OTHER_TRIANGLE),
    (np.array([6.0, 5.0]), _OTHER_TRIANGLE),  # inside the box, outside the triangle
    (np.array([0.0, 0.0]), _OTHER_TRIANGLE),
)
_hull = (
    Mistake(
        "negative weights",
        "For points outside, one of your weights is negative, which softmax never gives: return None there.",
        _solve,
    ),
    Mistake(
        "bounding box",
        "That accepts every point between the extreme coordinates; the hull is smaller than that box.",
        _box,
    ),
    Mistake(
        "clipped",
        "Setting a negative weight to 0 moves the mix to another point: return None there.",
        _clipped,
    ),
    Mistake(
        "edge refused",
        "That refuses the edges and corners, where a weight is 0: refuse negative weights only, below −1e-9.",
        _edge_refused,
    ),
    Mistake(
        "sum and sign forgotten",
        "Your weights mix to the point, but some are negative and their sum is not 1: add both conditions.",
        _without_the_sum,
    ),
    Mistake(
        "sum forgotten",
        "Your weights mix to the point but do not add up to 1: make the sum a third equation.",
        _without_the_sum_refusing,
    ),
    Mistake(
        "divided by the sum afterwards",
        "Dividing by the sum afterwards moves the mix away: make the sum a third equation instead.",
        lambda point, values: _without_the_sum(point, values) / _without_the_sum(point, values).sum(),
    ),
    Mistake(
        "the point used as a query",
        "That takes the point as a query; here it is the result, and the weights are what you look for.",
        lambda point, values: softmax(np.asarray(values) @ np.asarray(point)),
    ),
    Mistake(
        "equal weights",
        "That gives a third to each value, whatever the point is; the weights depend on the point.",
        lambda point, values: np.full(3, 1 / 3),
    ),
    Mistake(
        "nearest value",
        "That is a hard look-up: it gives the value nearest to the point, not the point.",
        _nearest,
    ),
)


def _answer_at(function: Callable[..., Any], case: tuple[Any, ...]) -> Array | Verdict | None:
    """The weights, or None for "cannot be reached"; or the verdict on what is neither."""
    value, problem = call(function, *case)
    if problem is not None or value is None or value is ...:
        return problem
    return read("your result", value, 1)


def _same(one: Array | Verdict | None, other: Array | Verdict | None) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return same(one, other)
    return type(one) is type(other)


def _fault(weights: Array | None, right: Array | None, case: tuple[Any, ...]) -> str:
    """One sentence on one case that is not right."""
    point, values = case
    asked = f"the point {vector(point, 1)} among the values {', '.join(vector(v, 0) for v in values)}"
    if weights is None:
        return f"You give None for {asked}, but there are weights that reach it."
    if weights.shape != (3,):
        return f"Your result for {show(case)} has shape {weights.shape}: give three weights, one a value."
    if right is None:
        return f"You give weights for {asked}, but no mix of these values gets there: return None."
    if abs(weights.sum() - 1) > 1e-6:
        return f"Your weights for {asked} add up to {fmt(weights.sum(), 3)}, not to 1."
    mix = weights @ np.array(values)
    return f"Your weights for {asked} mix to {vector(mix)}, which is another point."


_RIGHT = [weights_for(*case) for case in _POINTS]
_WRONG = [(mistake, [_answer_at(mistake.answer, case) for case in _POINTS]) for mistake in _hull]


def _judge_hull(answer: Any) -> Verdict:
    if not callable(answer):
        return Verdict(
            "wrong", f"Give the function itself, without calling it; this is of type {type(answer).__name__}."
        )
    given = [_answer_at(answer, case) for case in _POINTS]
    if all(weights is None for weights in given):
        return gives_nothing(answer)
    for mistake, wrong in _WRONG:
        if all(map(_same, given, wrong)):
            return Verdict("wrong", mistake.sentence, mistake.name)
    for weights, right, case in zip(given, _RIGHT, _POINTS, strict=True):
        if isinstance(weights, Verdict):
            return weights
        if not _same(weights, right):
            return Verdict("wrong", _fault(weights, right, case))
    return Verdict("right", "No weight is negative and their sum is 1: that is all the hull is.")


def _by_areas(point: Any, values: Any) -> Any:
    """The same weights as ratios of areas, without linear algebra."""

    def area(a: Any, b: Any, c: Any) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    one, two, three = values
    parts = [area(point, two, three), area(one, point, three), area(one, two, point)]
    weights = [part / area(one, two, three) for part in parts]
    return None if min(weights) < 0 else weights


register(
    Exercise(
        id="2.3",
        title="What can be reached",
        difficulty=2,
        minutes=10,
        judge=_judge_hull,
        reference=weights_for,
        equivalents={
            "list": lambda point, values: None if (w := weights_for(point, values)) is None else w.tolist(),
            "ratios of areas": _by_areas,
        },
        mistakes=_hull,
    )
)


# 2.4: the additive score, with widths that differ from each other and from the number of keys.
def additive_scores(q: Any, k: Any, w_1: Any, w_2: Any, v_a: Any) -> Any:
    """v_aᵀ tanh(W₁ q + W₂ k_j), one score a key."""
    return np.tanh(w_1 @ q + k @ w_2.T) @ v_a


def _additive_case(n_keys: int, d_q: int, d_k: int, d_hidden: int, seed: int) -> tuple[Array, ...]:
    """Inputs of size 1 or so, where tanh bends but is not saturated; tenths, so that they print short."""
    rng = np.random.default_rng(seed)
    sizes = ((d_q,), (n_keys, d_k), (d_hidden, d_q), (d_hidden, d_k), (d_hidden,))
    return tuple(rng.integers(1, 10, size) * rng.choice([-1, 1], size) / 10 for size in sizes)


_KEYS_TO_SCORE = (
    _additive_case(n_keys=4, d_q=2, d_k=2, d_hidden=3, seed=7),
    _additive_case(n_keys=6, d_q=3, d_k=3, d_hidden=5, seed=2),
    _additive_case(n_keys=5, d_q=4, d_k=2, d_hidden=3, seed=3),
)
_additive = (
    Mistake(
        "tanh forgotten",
        "That leaves out tanh; then q adds the same number to every score, and no weight depends on q.",
        lambda q, k, w_1, w_2, v_a: (w_1 @ q + k @ w_2.T) @ v_a,
    ),
    Mistake(
        "W_1 and W_2 swapped",
        "That is what you get when W₂ multiplies the query and W₁ the keys: swap the two matrices.",
        lambda q, k, w_1, w_2, v_a: np.tanh(w_2 @ q + k @ w_1.T) @ v_a,
    ),
    Mistake(
        "product instead of sum",
        "That multiplies W₁q and W₂k entry by entry; the additive score adds them.",
        lambda q, k, w_1, w_2, v_a: np.tanh((w_1 @ q) * (k @ w_2.T)) @ v_a,
    ),
    Mistake(
        "difference instead of sum",
        "That subtracts W₂k from W₁q; the additive score adds them.",
        lambda q, k, w_1, w_2, v_a: np.tanh(w_1 @ q - k @ w_2.T) @ v_a,
    ),
    Mistake(
        "tanh after v_a",
        "That takes tanh of the finished number; take it of the vector W₁q + W₂k, before v_a.",
        lambda q, k, w_1, w_2, v_a: np.tanh((w_1 @ q + k @ w_2.T) @ v_a),
    ),
    Mistake(
        "tanh of each part",
        "That takes tanh of W₁q and of W₂k and then adds; add first, then take tanh once.",
        lambda q, k, w_1, w_2, v_a: (np.tanh(w_1 @ q) + np.tanh(k @ w_2.T)) @ v_a,
    ),
    Mistake(
        "v_a forgotten",
        "That adds up the entries of tanh(W₁q + W₂k); weigh them with v_a.",
        lambda q, k, w_1, w_2, v_a: np.tanh(w_1 @ q + k @ w_2.T).sum(axis=-1),
    ),
    Mistake(
        "dot score",
        "That is the dot score q·k; the additive score does not multiply q by k.",
        lambda q, k, w_1, w_2, v_a: k @ q,
    ),
    Mistake(
        "dot of the projections",
        "That is the dot product of W₁q and W₂k; the additive score adds the two vectors.",
        lambda q, k, w_1, w_2, v_a: (k @ w_2.T) @ (w_1 @ q),
    ),
    Mistake(
        "softmax taken",
        "Those are the weights in base e; the question is for the scores, before the softmax.",
        lambda q, k, w_1, w_2, v_a: softmax(additive_scores(q, k, w_1, w_2, v_a)),
    ),
    Mistake(
        "softmax taken in base 2",
        "Those are the weights in base 2; the question is for the scores, before the softmax.",
        lambda q, k, w_1, w_2, v_a: softmax(additive_scores(q, k, w_1, w_2, v_a), base=2),
    ),
)
register(
    Exercise(
        id="2.4",
        title="The additive score",
        difficulty=2,
        minutes=8,
        judge=judge_function(
            additive_scores,
            _KEYS_TO_SCORE,
            "Any number of keys, and the widths of q and k may differ.",
            _additive,
        ),
        reference=additive_scores,
        equivalents={
            "a list, key by key": lambda q, k, w_1, w_2, v_a: [
                float(v_a @ np.tanh(w_1 @ q + w_2 @ key)) for key in k
            ],
            "side by side": lambda q, k, w_1, w_2, v_a: [
                v_a @ np.tanh(np.hstack([w_1, w_2]) @ np.hstack([q, key])) for key in k
            ],
        },
        mistakes=_additive,
    )
)
