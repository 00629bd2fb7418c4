"""Exercises of chapter 3: from a₁ to b₁ with another a₁, without k₁, and how near b₁ comes to v₂."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from transformer_lib import pocket
from transformer_lib.exercises.judging import judge_function, judge_numbers, read
from transformer_lib.exercises.mistake_bank import Wrong, mistakes_for
from transformer_lib.exercises.registry import Exercise, Mistake, Verdict, register
from transformer_lib.shapes import Array
from transformer_lib.steps import project, self_attention, softmax
from transformer_lib.style import fmt

# The pocket example with another first word: row 1 stays exact, with other numbers.
NEW_A = np.array([(-2, 1), *pocket.a[1:]], dtype=float)
STEPS = self_attention(NEW_A, pocket.w_q, pocket.w_k, pocket.w_v, base=2, scaled=False)
OLD = pocket.by_hand

# ---- 3.1 to 3.3: the path of the new a₁


def _scores(a: ArrayLike, w_q: Array = pocket.w_q, w_k: Array = pocket.w_k, i: int = 0) -> Array:
    return project(a, w_k) @ project(a, w_q)[i]


_old_row = "That is the row of the chapter's a₁ = (0, −1); here a₁ is (−2, 1), so q₁, k₁ and v₁ change too."
_alpha = (
    Mistake("the chapter's a₁", _old_row, pocket.arrays(OLD.scores[0])),
    Mistake(
        "old k₁",
        "Scores 2 to 4 are right, but k₁ is still the chapter's: a₁ has changed, and k₁ = W^k a₁ with it.",
        [STEPS.q[0] @ pocket.arrays(OLD.k)[0], *STEPS.scores[0, 1:]],
    ),
    Mistake(
        "old q₁",
        "That is the chapter's query against the keys: a₁ has changed, and q₁ = W^q a₁ with it.",
        STEPS.k @ pocket.arrays(OLD.q)[0],
    ),
    Mistake(
        "k₁ left out",
        "Those are right for k₂, k₃ and k₄; position 1 scores its own key too, so give four numbers.",
        STEPS.scores[0, 1:],
    ),
    Mistake(
        "q and k swapped",
        "That is k₁·qⱼ, query and key swapped: position 1 asks, so it is q₁·kⱼ.",
        STEPS.q @ STEPS.k[0],
    ),
    Mistake(
        "a for q and k",
        "That is a₁·aⱼ, without the matrices: make the query with W^q and the keys with W^k first.",
        NEW_A @ NEW_A[0],
    ),
    Mistake(
        "W^q not transposed",
        "That reads W^q by its columns: the first entry of q₁ comes from its first row.",
        _scores(NEW_A, w_q=pocket.w_q.T),
    ),
    Mistake(
        "W^k not transposed",
        "That reads W^k by its columns: the first entry of a key comes from its first row.",
        _scores(NEW_A, w_k=pocket.w_k.T),
    ),
    Mistake(
        "queries for keys",
        "That is q₁·qⱼ: make the keys with W^k, the query alone with W^q.",
        STEPS.q @ STEPS.q[0],
    ),
    Mistake(
        "scaled by √d_k",
        "Those are divided by √2; the version by hand leaves the scores as they are.",
        STEPS.scores[0] / np.sqrt(2),
    ),
    Mistake(
        "weights for scores",
        "Those are the weights already: give the scores, before the softmax.",
        STEPS.weights[0],
    ),
)
SCORES = [0, -2, -1, -2]
register(
    Exercise(
        id="3.1",
        title="Four scores",
        difficulty=1,
        minutes=5,
        judge=judge_numbers(SCORES, "q₁ is (−2, −1), and it meets all four keys, its own too.", _alpha),
        reference=SCORES,
        equivalents={
            "tuple": tuple(SCORES),
            "fractions": [Fraction(x) for x in SCORES],
            "float32 array": np.array(SCORES, dtype=np.float32),
            "the library's": STEPS.scores[0],
        },
        mistakes=_alpha,
    )
)


def _bank(view: Callable[[Wrong], Any]) -> tuple[Mistake, ...]:
    return mistakes_for(view, NEW_A, pocket.w_q, pocket.w_k, pocket.w_v, base=2, scaled=False)


_powers = 2.0 ** STEPS.scores[0]
_alpha_prime = (
    Mistake("the chapter's a₁", _old_row, pocket.arrays(OLD.weights[0])),
    Mistake(
        "powers not divided",
        "Those are the powers of 2; divide each by their sum, so that the four add up to 1.",
        _powers,
    ),
    Mistake(
        "ratios not divided",
        "Those are the right ratios; divide each by their sum, so that the four add up to 1.",
        4 * _powers,
    ),
    Mistake(
        "three weights",
        "That leaves position 1 out of its own attention; its key counts too, so give four weights.",
        softmax(STEPS.scores[0, 1:], base=2),
    ),
    *_bank(lambda wrong: wrong.weights[0]),
)
WEIGHTS = [Fraction(1, 2), Fraction(1, 8), Fraction(1, 4), Fraction(1, 8)]
register(
    Exercise(
        id="3.2",
        title="Four weights",
        difficulty=1,
        minutes=5,
        judge=judge_numbers(
            WEIGHTS, "The powers stand as 4 : 1 : 2 : 1, and they share out 8.", _alpha_prime
        ),
        reference=WEIGHTS,
        equivalents={
            "text": ["1/2", "1/8", "1/4", "1/8"],
            "floats": [0.5, 0.125, 0.25, 0.125],
            "array": np.array([4, 1, 2, 1]) / 8,
            "the library's": STEPS.weights[0],
        },
        mistakes=_alpha_prime,
    )
)

_b = (
    Mistake("the chapter's a₁", _old_row, pocket.arrays(OLD.output[0])),
    Mistake(
        "old v₁",
        "The weights are right, but v₁ is still the chapter's: a₁ has changed, and v₁ = W^v a₁ with it.",
        STEPS.weights[0] @ np.array([OLD.v[0], *STEPS.v[1:]], dtype=float),
    ),
    Mistake(
        "plain mean",
        "That is the plain mean of the four values: weigh each by its α′₁,ⱼ.",
        STEPS.v.mean(axis=0),
    ),
    Mistake(
        "plain sum",
        "That adds the values up without their weights: multiply each by its α′₁,ⱼ first.",
        STEPS.v.sum(axis=0),
    ),
    Mistake(
        "not added up",
        "Those are the four weighted values; add them up into one vector.",
        STEPS.weights[0][:, None] * STEPS.v,
    ),
    Mistake(
        "powers for weights",
        "That weighs the values by the powers of 2: divide the powers by their sum first.",
        _powers @ STEPS.v,
    ),
    *_bank(lambda wrong: wrong.output[0]),
)
B_1 = [Fraction(-1, 2), Fraction(3, 4)]
register(
    Exercise(
        id="3.3",
        title="One output",
        difficulty=1,
        minutes=5,
        judge=judge_numbers(B_1, "Half of b₁ comes from its own value, v₁ = (−2, 0).", _b),
        reference=B_1,
        equivalents={
            "text": ["-1/2", "3/4"],
            "floats": (-0.5, 0.75),
            "float32 array": np.array([-0.5, 0.75], dtype=np.float32),
            "the library's": STEPS.output[0],
        },
        mistakes=_b,
    )
)

# ---- 3.4: leaving out a key only renormalises


def without_first(weights: Any) -> Any:
    """The weights that are left when key 1 is left out of the softmax."""
    return weights[1:] / (1 - weights[0])


_LEFT_OUT_CASES = tuple(
    (weights,)
    for weights in (
        pocket.arrays(OLD.weights[0]),
        softmax([0, 0, 1, 2], base=2),
        softmax([1.5, -0.3, 0.2, 0.9, -1.1]),
        softmax([-0.7, 0.4, 1.3]),
    )
)
_left_out = (
    Mistake(
        "not renormalised",
        "Those no longer add up to 1: the share that key 1 had must go to the others.",
        lambda weights: weights[1:],
    ),
    Mistake(
        "shared out equally",
        "That gives each the same piece of key 1's share; a softmax keeps the ratios of the others.",
        lambda weights: weights[1:] + weights[0] / (len(weights) - 1),
    ),
    Mistake(
        "multiplied instead",
        "That multiplies by 1 − α′₁,₁ and makes the weights smaller still; divide by it.",
        lambda weights: weights[1:] * (1 - weights[0]),
    ),
    Mistake(
        "divided by α′₁,₁",
        "That divides by the share of key 1; divide by the share of all the others together.",
        lambda weights: weights[1:] / weights[0],
    ),
    Mistake(
        "a zero kept",
        "Right numbers, with a 0 for key 1 in front; give only the weights of the others.",
        lambda weights: np.concatenate([[0], weights[1:] / (1 - weights[0])]),
    ),
    Mistake(
        "last left out",
        "That leaves out the last key; leave out the first.",
        lambda weights: weights[:-1] / (1 - weights[-1]),
    ),
    Mistake(
        "softmax again",
        "That takes a softmax of the weights, in base e; they come out of one already: rescale them.",
        lambda weights: softmax(weights[1:]),
    ),
    Mistake(
        "softmax again in base 2",
        "That takes a softmax of the weights, in base 2; they come out of one already: rescale them.",
        lambda weights: softmax(weights[1:], base=2),
    ),
    Mistake(
        "nothing left out",
        "That gives all the weights back as they were; key 1 must go.",
        lambda weights: weights,
    ),
)
register(
    Exercise(
        id="3.4",
        title="Leave out k₁",
        difficulty=2,
        minutes=8,
        judge=judge_function(
            without_first,
            _LEFT_OUT_CASES,
            "The softmax need not run again, whatever the scores were.",
            _left_out,
        ),
        reference=without_first,
        equivalents={
            "over the sum of the others": lambda weights: weights[1:] / weights[1:].sum(),
            "list": lambda weights: [float(w) / (1 - float(weights[0])) for w in weights[1:]],
            "through the scores": lambda weights: softmax(np.log(weights[1:])),
            "float32": lambda weights: without_first(weights).astype(np.float32),
        },
        mistakes=_left_out,
    )
)

# ---- 3.5 and 3.6: open questions, any valid answer

KEYS, VALUES = pocket.arrays(OLD.k), pocket.arrays(OLD.v)
LARGE, SMALL = 1e6, 1e-9


def _vectors(name: str, answer: Any, shape: tuple[int, ...], wanted: str) -> tuple[Array, Verdict | None]:
    """An answer as numbers, and the verdict that says what keeps them from being used."""
    array = read(name, answer, (1, 2))
    if isinstance(array, Verdict):
        return np.zeros(0), array
    if array.shape != shape:
        return array, Verdict("wrong", f"Your answer has shape {array.shape}: give {wanted}.")
    if np.abs(array).max() > LARGE:
        return array, Verdict("wrong", "Your answer holds a number beyond a million: smaller ones will do.")
    return array, None


def _named(judge: Callable[[Any], Verdict], name: str, answer: Any) -> Mistake:
    """A known mistake of an open question, in the words its judge has for it."""
    return Mistake(name, judge(answer).sentence, answer)


def judge_query(answer: Any) -> Verdict:
    """Right is every q₁ that gives position 2 more than .99 of the weight, in base 2 and unscaled."""
    q, problem = _vectors("your q₁", answer, (2,), "the two entries of q₁, a list such as [0, -1]")
    if q.shape == (4,):
        return Verdict("wrong", "Those are four numbers; q₁ has two, as many as each key.", "four numbers")
    if problem is not None:
        return problem
    scores = KEYS @ q
    weight = softmax(scores, base=2)[1]
    leads = scores[1] - scores[[0, 2, 3]]  # of k₂ over k₁, k₃ and k₄
    if weight > 0.99:
        return Verdict(
            "right", f"α′₁,₂ is {weight:.4f}, because k₂ leads every other key by {leads.min():.3g} or more."
        )
    return _why_too_little(q, leads, weight)


def _why_too_little(q: Array, leads: Array, weight: float) -> Verdict:
    rival, close = (1, 3, 4)[int(leads.argmin())], SMALL * np.abs(q).max()
    if not q.any():
        return Verdict(
            "wrong",
            "With q₁ = (0, 0) every score is 0 and every weight 1/4: give q₁ a direction.",
            "zero query",
        )
    if leads.max() < -close:
        return Verdict(
            "wrong",
            "Position 2 has the smallest score of all: this q₁ points the other way.",
            "points the other way",
        )
    if leads.min() < -close:
        return Verdict(
            "wrong",
            f"Position {rival} scores higher than position 2: in this direction no length of q₁ helps.",
            "another key leads",
        )
    if leads.min() <= close:
        return Verdict(
            "wrong",
            f"Positions 2 and {rival} have the same score, so α′₁,₂ stays below 1/2: turn q₁ a little.",
            "a tie",
        )
    return Verdict(
        "wrong",
        f"The direction is right and q₁ too short: position 2 leads, but α′₁,₂ is only {fmt(weight, 3)}.",
        "right direction, too short",
    )


register(
    Exercise(
        id="3.5",
        title="Nearly all the weight",
        difficulty=2,
        minutes=8,
        judge=judge_query,
        reference=[0, -3],
        equivalents={
            "along k₂": KEYS[1].tolist(),
            "array": np.array([1.0, -3.5]),
            "fractions": (Fraction(-1, 3), Fraction(-7, 2)),
            "far out": [0, -1000],
        },
        mistakes=(
            _named(judge_query, "right direction, too short", [0, -1]),
            _named(judge_query, "points the other way", [0, 3]),
            _named(judge_query, "another key leads", [-2, -1]),
            _named(judge_query, "a tie", [2, 1]),
            _named(judge_query, "zero query", [0, 0]),
            _named(judge_query, "four numbers", [0, 1, 0, 0]),
        ),
    )
)

ROW_1 = pocket.arrays(OLD.weights[0])


def judge_equality(answer: Any) -> Verdict:
    """Right are v₁, v₃ and v₄ for which ‖b₁ − v₂‖ reaches its bound, and the bound is not 0."""
    given, problem = _vectors("your answer", answer, (3, 2), "three vectors, [v_1, v_3, v_4]")
    if given.shape == (4, 2):
        return Verdict(
            "wrong", "Those are four vectors: give v₁, v₃ and v₄; v₂ stays (0, 2).", "four vectors"
        )
    if problem is not None:
        return problem
    apart = given - VALUES[1]  # v_j − v₂
    lengths = np.hypot(*apart.T)
    distance, bound = np.hypot(*(ROW_1[[0, 2, 3]] @ apart)), (1 - ROW_1[1]) * lengths.max()
    if bound < SMALL:
        return Verdict(
            "wrong", "All three lie on v₂, so both sides are 0: let b₁ differ from v₂.", "all on v₂"
        )
    if bound - distance <= SMALL * bound:
        return Verdict("right", f"Both sides are {bound:.3g}: nothing is lost in either step of the proof.")
    return _what_is_lost(lengths, distance, bound)


def _what_is_lost(lengths: Array, distance: float, bound: float) -> Verdict:
    """Which of the proof's two steps is not an equality: directions first, then lengths."""
    sides = f"‖b₁ − v₂‖ is {fmt(distance, 3)} and the bound {fmt(bound, 3)}"
    one_length = np.ptp(lengths) <= SMALL * lengths.max()
    one_direction = ROW_1[[0, 2, 3]] @ lengths - distance <= SMALL * bound
    if lengths.min() <= SMALL:
        return Verdict(
            "wrong", f"{sides}: a value on v₂ does not pull, yet the bound counts its weight.", "one on v₂"
        )
    if one_length:
        return Verdict(
            "wrong",
            f"{sides}: the three are equally far from v₂, but they pull in different directions.",
            "one circle",
        )
    if one_direction:
        return Verdict(
            "wrong",
            f"{sides}: the three pull in one direction, but they are not equally far from v₂.",
            "one ray",
        )
    return Verdict(
        "wrong",
        f"{sides}: the three differ in direction and in distance from v₂, and each costs something.",
        "different in both",
    )


register(
    Exercise(
        id="3.6",
        title="Where the bound is reached",
        difficulty=3,
        minutes=15,
        judge=judge_equality,
        reference=[[3, 1], [3, 1], [3, 1]],
        equivalents={
            "another point": ((-1, 0), (-1, 0), (-1, 0)),
            "array": np.full((3, 2), 0.3),
            "fractions": [[Fraction(1, 3), Fraction(2, 7)]] * 3,
        },
        mistakes=(
            _named(judge_equality, "different in both", VALUES[[0, 2, 3]].tolist()),
            _named(judge_equality, "all on v₂", [[0, 2], [0, 2], [0, 2]]),
            _named(judge_equality, "one circle", [[0, 0], [2, 2], [-2, 2]]),
            _named(judge_equality, "one ray", [[1, 2], [2, 2], [3, 2]]),
            _named(judge_equality, "one on v₂", [[0, -2], [0, 2], [0, 2]]),
            _named(judge_equality, "four vectors", [[3, 1], [0, 2], [3, 1], [3, 1]]),
        ),
    )
)
