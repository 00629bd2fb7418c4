"""Problem set 2, chapters 7 to 9: heads, positions and masks, by hand and in NumPy."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from assignments.checks import example_check, function_check, numbers_check
from assignments.numbers import Draw
from assignments.problem_set import ProblemSet, Question
from assignments.sets.multi_head import causal_attention, two_heads, visible_mask
from assignments.writing import in_full, listed, vector
from transformer_lib import pocket
from transformer_lib.exercises import EXERCISES
from transformer_lib.exercises.registry import Mistake
from transformer_lib.shapes import Array
from transformer_lib.steps import split_heads

NAME = "multi_head"
SIZES = (
    (256, 4),
    (256, 8),
    (384, 6),
    (512, 4),
    (512, 8),
    (640, 10),
    (768, 6),
    (768, 12),
    (1024, 8),
    (1024, 16),
)


def make(student: str, seed: int) -> ProblemSet:
    """Make a student's set: two heads over the same inputs, sizes and cases of the student's own."""
    draw = Draw(NAME, seed, student)
    heads = two_heads.draw_heads(draw)
    return ProblemSet(
        name=NAME,
        title="Problem set 2: heads, positions, masks",
        student=student,
        text=two_heads.opening(*heads),
        setup=_SETUP,
        questions=(
            two_heads.concat(*heads),
            two_heads.mixed(draw, *heads),
            _counts(draw),
            _split(draw),
            _turned(draw),
            _causal(draw),
            visible_mask.question(draw),
        ),
    )


_SETUP = """import numpy as np

from transformer_lib.exercises.open_checks import example, form"""


def _counts(draw: Draw) -> Question:
    d, h = draw.choose(SIZES)
    n = d // h
    right = [n * d, 4 * d * d, 4 * d * d, 4 * d * d + 4 * d]

    def off(name: str, sentence: str, **changed: int) -> Mistake:
        return Mistake(name, sentence, [changed.get(f"_{i}", count) for i, count in enumerate(right, 1)])

    mistakes = (
        off("d_head by d_head", "First: a head reads the whole input, not its share.", _1=n * n),
        off("all heads at once", "First: that is W^q of all heads; one head makes d_head numbers.", _1=d * d),
        off("W^O forgotten", "Second: W^O counts too.", _2=3 * d * d),
        off("one head's three", "Second: that is one head; count all, and W^O.", _2=3 * n * d),
        off("more heads, more weights", "Third: twice the heads, each half as wide.", _3=8 * d * d),
        off("half as wide", "Third: there are twice as many of them.", _3=2 * d * d),
        off("one bias a matrix", "Last: a bias has one number for each that comes out.", _4=4 * d * d + 4),
        off("bias of W^O forgotten", "Last: W^O has a bias as well.", _4=4 * d * d + 3 * d),
        off("biases left out", "Last: that is the count without biases.", _4=4 * d * d),
    )
    return Question(
        id="counts",
        title="Count the weights",
        text=f"A layer has d_model = {d} and {h} heads that share the width. Count the numbers that training "
        "can change, and give four:\n\n* in $W^q$ of one head;\n* in the whole layer, $W^O$ included;\n"
        f"* in the whole layer, if {2 * h} heads share the width;\n"
        f"* in the layer with {h} heads, if each matrix has a bias.",
        answer="counts",
        stub="counts = [..., ..., ..., ...]",
        solution=f"counts = {right}",
        open_check="form(counts, 4)",
        checks=(numbers_check("counts", 4, right, "Heads share the width.", mistakes),),
    )


def queries(x: Any, w_q: Any, n_heads: int) -> Array:
    """Project x (N, d_model) by the whole W^q and cut the queries into heads: (n_heads, N, d_head)."""
    return split_heads(x @ w_q.T, n_heads)


def _split_wrongly(cut: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, w_q, n_heads: cut(x @ w_q.T, n_heads)


def _split(draw: Draw) -> Question:
    cases = [
        (draw.hundredths(n, d), draw.hundredths(d, d), h) for n, d, h in ((5, 6, 3), (4, 12, 2), (7, 8, 4))
    ]
    shown = (np.arange(8.0).reshape(2, 4), np.eye(4), 2)
    mistakes = (
        Mistake("W^q not transposed", "In rows, W a is a @ W.T.", lambda x, w, h: split_heads(x @ w, h)),
        Mistake(
            "W^q left out", "Those are the inputs: project them first.", lambda x, w, h: split_heads(x, h)
        ),
        *(
            Mistake(m.name.removeprefix("split: "), _sentence(m.sentence), _split_wrongly(m.answer[0]))
            for m in EXERCISES["7.2"].mistakes
            if m.name.startswith("split: ")
        ),
    )
    return Question(
        id="split",
        title="Queries of all heads",
        text="`queries(x, w_q, n_heads)` takes inputs (N, d_model) and the whole $W^q$, (d_model, "
        "d_model): its "
        "first d_head rows are head 1's, and so on.\nReturn the queries of each head, an array (n_heads, "
        "N, d_head).",
        answer="queries",
        stub="def queries(x, w_q, n_heads):\n    ...",
        solution="def queries(x, w_q, n_heads):\n    q = x @ w_q.T  # (N, d_model)\n"
        "    return q.reshape(len(q), n_heads, -1).swapaxes(0, 1)",
        open_check=f"example(queries, (np.arange(8.0).reshape(2, 4), np.eye(4), 2), "
        f"{listed(queries(*shown))})",
        checks=(
            example_check(1, queries, shown),
            function_check("other sizes", 3, queries, cases, "Cut first, then swap.", mistakes),
        ),
    )


def _sentence(text: str) -> str:
    text = text.removeprefix("split: ")
    return text[0].upper() + text[1:]


def _turned(draw: Draw) -> Question:
    q, k = draw.until(lambda draw: _unlike(draw.integers(-3, 3, 2), draw.integers(-3, 3, 2)))
    exact_q, exact_k = (tuple(Fraction(int(x)) for x in one) for one in (q, k))
    turns = [pocket.quarter_turns(exact_k, n) for n in range(4)]
    right = [int(sum(x * y for x, y in zip(exact_q, turned, strict=True))) for turned in turns]
    mistakes = (
        Mistake(
            "the other way", "That turns clockwise, or the query for the key.", [right[-n] for n in range(4)]
        ),
        Mistake("not turned", "That leaves the key as it is at every distance.", [right[0]] * 4),
        Mistake("half a turn", "That turns by 180° a position: here it is 90°.", [right[0], right[2]] * 2),
        Mistake(
            "from distance 1", "The first distance is 0: nothing is turned there.", right[1:] + right[:1]
        ),
    )
    return Question(
        id="rope",
        title="Turned by position",
        text=f"RoPE at 90° a position, anticlockwise. A query is $q = {vector(q)}$, a key $k = "
        f"{vector(k)}$.\n"
        "The key stands 0, 1, 2 and 3 positions after the query. Give the four scores.",
        answer="turned",
        stub="turned = [..., ..., ..., ...]",
        solution=f"# the key: {', '.join(vector(turned) for turned in turns)}\nturned = {right}",
        open_check="form(turned, 4)",
        checks=(numbers_check("scores", 3, right, "Two positions more turn the sign.", mistakes),),
    )


def _unlike(q: Array, k: Array) -> tuple[Array, Array] | None:
    """Both entries of both count, and a quarter turn never gives the score of no turn."""
    along, across = q @ k, q[0] * k[1] - q[1] * k[0]
    return (q, k) if q.all() and k.all() and along and across and abs(along) != abs(across) else None


def _causal(draw: Draw) -> Question:
    solved = causal_attention.causal_attention
    shown = (np.eye(2), np.array([[1.0, 0], [0, 1], [1, 1]]), np.array([[2.0], [4], [8]]))
    cases = causal_attention.cases(draw, (3, 3, 4, 2), (2, 5, 3, 4), (1, 4, 2, 2))
    huge = [causal_attention.huge_future(draw)]
    return Question(
        id="causal",
        title="The last queries",
        text="`causal_attention(q, k, v)` takes queries (T, d_k), keys (S, d_k) and values (S, d_v), T "
        "at most S.\n"
        "The queries are the *last* T of the S positions; each looks at itself and at what came before.\n"
        "Return the outputs (T, d_v): scaled, base e. A hidden key must not matter, however large its "
        "score is.",
        answer="causal_attention",
        stub="def causal_attention(q, k, v):\n    ...",
        solution="""def causal_attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[1])
    scores[~np.tri(len(q), len(k), len(k) - len(q), dtype=bool)] = -np.inf
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True) @ v""",
        open_check="example(causal_attention, (np.eye(2), np.array([[1.0, 0], [0, 1], [1, 1]]), "
        f"np.array([[2.0], [4], [8]])), {in_full(solved(*shown))})",
        checks=(
            example_check(1, solved, shown),
            function_check("other sizes", 3, solved, cases, "T and S may differ.", causal_attention.MISTAKES),
            function_check(
                "a huge hidden score", 1, solved, huge, "Hidden is hidden.", causal_attention.HUGE_MISTAKES
            ),
        ),
    )
