"""A problem set that three graders can grade: three functions in NumPy, five checks.

`make` is the set for our grader; `CODE` are the same five checks as code, which the others run.
"""

import numpy as np

from assignments.problem_set import Check, ProblemSet, Question
from transformer_lib.exercises.judging import judge_function

ANSWERS = {
    "scores": "def scores(q, k):\n    return q @ k.T / np.sqrt(k.shape[-1])",
    "softmax": "def softmax(x):\n    e = np.exp(x - x.max(axis=-1, keepdims=True))\n"
    "    return e / e.sum(axis=-1, keepdims=True)",
    "attention": "def attention(q, k, v):\n    return softmax(scores(q, k)) @ v",
}
STUBS = {
    "scores": "def scores(q, k):\n    ...",
    "softmax": "def softmax(x):\n    ...",
    "attention": "def attention(q, k, v):\n    ...",
}
SETUP = "import numpy as np"

DATA = "rng = np.random.default_rng(7)\nq, k, v = (rng.normal(size=(4, 8)) for _ in range(3))"
CODE = {
    "scores": [
        f"{DATA}\nassert scores(q, k).shape == (4, 4)",
        f"{DATA}\nassert np.allclose(scores(q, k), q @ k.T / np.sqrt(8))",
    ],
    "softmax": [
        f"{DATA}\nassert np.allclose(softmax(q).sum(-1), 1)",
        "x = np.array([[1000.0, 1001.0]])\nassert np.allclose(softmax(x), [[0.26894142, 0.73105858]])",
    ],
    "attention": [
        f"{DATA}\nw = np.exp(q @ k.T / np.sqrt(8))\n"
        "assert np.allclose(attention(q, k, v), w / w.sum(-1, keepdims=True) @ v)"
    ],
}


def make(student: str, seed: int) -> ProblemSet:
    """Make the set; it is the same for every student."""
    right: dict[str, object] = {"np": np}
    exec("\n".join(ANSWERS.values()), right)
    rng = np.random.default_rng(7)
    q, k, v = (rng.normal(size=(4, 8)) for _ in range(3))
    cases = {
        "scores": [[(q[:2], k)], [(q, k)]],
        "softmax": [[(q,)], [(np.array([[1000.0, 1001.0]]),)]],
        "attention": [[(q, k, v)]],
    }
    return ProblemSet(
        name="attention_set:make",
        title="Attention",
        student=student,
        text="Three functions.",
        setup=SETUP,
        questions=tuple(
            Question(
                id=name,
                title=name,
                text=f"Write `{name}`.",
                answer=name,
                stub=STUBS[name],
                solution=ANSWERS[name],
                checks=tuple(
                    Check(name=f"check {n}", points=1, judge=judge_function(right[name], case, "Right."))
                    for n, case in enumerate(cases[name], 1)
                ),
            )
            for name in ANSWERS
        ),
    )
