"""Problem set 1, chapters 0 to 6: self-attention by hand, with numbers of the student's own."""

from fractions import Fraction
from typing import Any

import numpy as np

from assignments.checks import numbers_check
from assignments.numbers import Draw, HeadNumbers, exact_head
from assignments.problem_set import ProblemSet, Question, Written
from assignments.writing import listed, matrix, vector, vectors
from transformer_lib import pocket
from transformer_lib.exercises.mistake_bank import mistakes_for
from transformer_lib.exercises.registry import Mistake
from transformer_lib.steps import causal, self_attention, softmax
from transformer_lib.style import sub

NAME = "by_hand"
ROUNDED = 6e-4  # three decimals


def make(student: str, seed: int) -> ProblemSet:
    """Make a student's set: one head whose row 1 is exact in base 2."""
    x = exact_head(Draw(NAME, seed, student))
    return ProblemSet(
        name=NAME,
        title="Problem set 1: self-attention by hand",
        student=student,
        text=_opening(x),
        setup=_SETUP,
        questions=(
            _scores(x),
            _weights(x),
            _output(x),
            _masked(x),
            _columns(x),
            _scaled(x),
            _similarity(x),
        ),
    )


_SETUP = """from transformer_lib.exercises.open_checks import form"""


def _opening(x: HeadNumbers) -> str:
    a = ", ".join(f"$a_{i} = {vector(a)}$" for i, a in enumerate(x.a, 1))
    w = ", \\quad ".join(f"W^{name} = {matrix(w)}" for name, w in zip("qkv", x[1:], strict=True))
    return f"""These numbers are yours alone.
Work on paper: every result by hand is a whole number or a fraction.

Four inputs: {a}.

$${w}.$$

A query is $q = W^q a$, a key $k = W^k a$, a value $v = W^v a$.
By hand, softmax has base 2 and scores are not scaled, as in chapters 2 to 5.
Write fractions as text, such as `"3/4"`."""


def _scores(x: HeadNumbers) -> Question:
    steps, raw = x.exact(), self_attention(*x, base=2, scaled=False)
    transposed = [self_attention(x.a, *w, x.w_v, scaled=False).scores[0] for w in _turned(x)]
    mistakes = (
        Mistake("q and k swapped", "That is k₁·qⱼ: position 1 asks, so it is q₁·kⱼ.", raw.scores[:, 0]),
        Mistake("a for q and k", "That is a₁·aⱼ: make the query with W^q, the keys with W^k.", x.a @ x.a[0]),
        Mistake("W^q not transposed", "That reads W^q by its columns: take its rows.", transposed[0]),
        Mistake("W^k not transposed", "That reads W^k by its columns: take its rows.", transposed[1]),
        Mistake("queries for keys", "That is q₁·qⱼ: make the keys with W^k.", raw.q @ raw.q[0]),
        Mistake("k₁ left out", "Position 1 scores its own key too: give four numbers.", raw.scores[0, 1:]),
        Mistake("scaled by √d_k", "That divides by √2; by hand scores stay.", raw.scores[0] / np.sqrt(2)),
        Mistake("weights for scores", "Those are the weights: stop before the softmax.", raw.weights[0]),
    )
    right = steps.scores[0]
    return Question(
        id="scores",
        title="Four scores",
        text="Position 1 asks. Give its four scores $\\alpha_{1,1}$ to $\\alpha_{1,4}$.",
        answer="scores",
        stub="scores = [..., ..., ..., ...]",
        solution=f"# query {vector(steps.q[0])}; keys {vectors(steps.k)}\nscores = {listed(right)}",
        open_check="form(scores, 4)",
        checks=(numbers_check("scores", 3, right, "q₁ meets all four keys, its own too.", mistakes),),
    )


def _turned(x: HeadNumbers) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    return (x.w_q.T, x.w_k), (x.w_q, x.w_k.T)


def _weights(x: HeadNumbers) -> Question:
    right = x.exact().weights[0]
    powers = 2.0 ** self_attention(*x, scaled=False).scores[0]
    mistakes = (
        Mistake("powers not divided", "Those are the powers of 2: divide each by their sum.", powers),
        Mistake("ratios not divided", "Those ratios are right: divide by their sum.", powers / powers.min()),
        Mistake(
            "three weights",
            "That leaves position 1 out of its own attention: give four weights.",
            powers[1:] / powers[1:].sum(),
        ),
        *mistakes_for(lambda wrong: wrong.weights[0], *x, base=2, scaled=False),
    )
    return Question(
        id="weights",
        title="Four weights",
        text="Give the four weights $\\alpha'_{1,1}$ to $\\alpha'_{1,4}$, exactly.",
        answer="weights",
        stub="weights = [..., ..., ..., ...]",
        solution=f"weights = {listed(right)}",
        open_check="form(weights, 4)",
        checks=(numbers_check("weights", 4, right, "They add up to 1, and no two are alike.", mistakes),),
    )


def _output(x: HeadNumbers) -> Question:
    steps, v = x.exact(), self_attention(*x, scaled=False).v
    powers = 2.0 ** self_attention(*x, scaled=False).scores[0]
    mistakes = (
        Mistake("plain mean", "That is the mean of the values: weigh each by its α′₁,ⱼ.", v.mean(axis=0)),
        Mistake("plain sum", "That adds the values up: weigh each by its α′₁,ⱼ first.", v.sum(axis=0)),
        Mistake("powers for weights", "That weighs by the powers of 2: divide by their sum.", powers @ v),
        *mistakes_for(lambda wrong: wrong.output[0], *x, base=2, scaled=False),
    )
    return Question(
        id="output",
        title="One output",
        text="Give $b_1$, exactly.",
        answer="b_1",
        stub="b_1 = [..., ...]",
        solution=f"# values {vectors(steps.v)}\nb_1 = {listed(steps.output[0])}",
        open_check="form(b_1, 2)",
        checks=(
            numbers_check("b_1", 4, steps.output[0], "Four values, mixed as the weights say.", mistakes),
        ),
    )


def _masked(x: HeadNumbers) -> Question:
    steps = x.exact(pocket.CAUSAL)
    free, e = self_attention(*x, base=2, scaled=False), self_attention(*x, causal(4), scaled=False)
    behind = free.weights[2, :3] @ free.v[:3]
    inverted = softmax(free.scores[2, 2:], base=2) @ free.v[2:]
    strict = softmax(free.scores[2, :2], base=2) @ free.v[:2]
    as_zero = softmax([*free.scores[2, :3], 0], base=2) @ free.v
    wrong = "position 3 may look at positions 1, 2 and 3."
    mistakes = (
        Mistake("no mask", f"That lets position 3 look at position 4: {wrong}", free.output[2]),
        Mistake("hidden after softmax", "Hide before the softmax: these weights sum to less than 1.", behind),
        Mistake("mask inverted", f"That hides what comes before: {wrong}", inverted),
        Mistake("self hidden", f"That hides position 3 from itself: {wrong}", strict),
        Mistake(
            "0 for −∞", "That gives the hidden key the score 0, which takes a share: leave it out.", as_zero
        ),
        Mistake("base e for 2", "That is softmax in base e: by hand it is base 2.", e.output[2]),
        Mistake("the first row", "That is row 1: here position 3 asks.", free.output[0]),
    )
    return Question(
        id="mask",
        title="Without the future",
        text="Now no position may look at a later one. Give $b_3$ under this mask, exactly, in base 2.",
        answer="b_3",
        stub="b_3 = [..., ...]",
        solution=f"# weights {listed(steps.weights[2][:3])}\nb_3 = {listed(steps.output[2])}",
        open_check="form(b_3, 2)",
        checks=(numbers_check("b_3", 4, steps.output[2], "Three keys share the whole weight.", mistakes),),
    )


def _columns(x: HeadNumbers) -> Question:
    steps = self_attention(*x, base=2, scaled=False)
    right = steps.scores.T.astype(int).tolist()
    mistakes = (
        Mistake(
            "rows for columns",
            "That is the paper's form, QKᵀ: in the lecture's a column belongs to a query.",
            steps.scores,
        ),
        Mistake("scaled by √d_k", "That divides by √2; here A = KᵀQ as it is.", steps.scores.T / np.sqrt(2)),
        Mistake("weights for scores", "That is A′: leave the softmax out.", steps.weights.T),
        Mistake("q for k", "That is QᵀQ: the keys stand on the left.", steps.q @ steps.q.T),
        Mistake("k for q", "That is KᵀK: the queries stand on the right.", steps.k @ steps.k.T),
        Mistake("a for q and k", "That is IᵀI: project by W^q and W^k first.", x.a @ x.a.T),
    )
    return Question(
        id="columns",
        title="The lecture's form",
        text="In the lecture's form the vectors are columns: $I = [a_1 \\ldots a_4]$, $Q = W^q I$, $K = "
        "W^k I$."
        "\nGive the whole table $A = K^\\mathsf{T} Q$, a list of its four rows.",
        answer="A",
        stub="A = [\n    [..., ..., ..., ...],\n    [..., ..., ..., ...],\n"
        "    [..., ..., ..., ...],\n    [..., ..., ..., ...],\n]",
        solution=f"A = {right}",
        open_check="form(A, 4, 4)",
        checks=(numbers_check("A", 3, right, "Entry (j, i) is the score of query i with key j.", mistakes),),
    )


def _scaled(x: HeadNumbers) -> Question:
    right = self_attention(*x).weights[0]
    check = numbers_check(
        "scaled weights",
        3,
        right,
        "That is what a Transformer computes.",
        mistakes_for(lambda wrong: wrong.weights[0], *x),
        tolerance=ROUNDED,
    )
    return Question(
        id="scaled",
        title="What a Transformer does",
        text="Now scaled and in base e: divide the scores by $\\sqrt{d_k}$, here $\\sqrt 2$, and take "
        "the softmax."
        "\nGive the four weights of position 1 to three decimals. A calculator, or Python, is allowed.",
        answer="scaled_weights",
        stub="scaled_weights = [..., ..., ..., ...]",
        solution=f"scaled_weights = {[round(float(weight), 3) for weight in right]}",
        open_check="form(scaled_weights, 4)",
        checks=(check,),
    )


def _similarity(x: HeadNumbers) -> Written:
    weights, alike = x.exact().weights[0], x.a @ x.a[0]
    most = max(range(4), key=lambda j: weights[j])
    dots = ", ".join(f"{Fraction(int(dot))}" for dot in alike)
    return Written(
        id="similarity",
        title="Does position 1 look at what is like it?",
        text="Which position does $a_1$ give most weight to, and which input has the largest dot product "
        "with $a_1$?"
        "\nExplain in four to eight sentences, with your numbers, why the two questions are different ones, "
        "and what $W^q$ and $W^k$ have to do with it.",
        points=5,
        rubric=(
            (1, "names the position with the largest α′₁,ⱼ and gives its weight"),
            (1, "gives the four dot products a₁·aⱼ, and the position with the largest"),
            (2, "says that a score compares W^q a₁ with W^k aⱼ, not a₁ with aⱼ"),
            (1, "says that W^q and W^k are learned, so what counts as a match is learned too"),
        ),
        solution=f"Most weight goes to position {most + 1}: {sub('α′', 1, most + 1)} = {weights[most]}. "
        f"The dot products a₁·aⱼ are {dots}. "
        "The score is (W^q a₁)·(W^k aⱼ): both vectors are projected first, by two matrices that differ, "
        "and training decides what they compare.",
    )
