"""A problem set of five questions, for tests of the grader: numbers, functions, a class."""

import hashlib

import numpy as np

from assignments.problem_set import Check, ProblemSet, Question, Written
from transformer_lib.exercises.judging import judge_function, judge_numbers
from transformer_lib.exercises.registry import Mistake, Verdict

SECRET = 271.828182  # an input of hidden checks: it must never be seen in feedback


def scores(q, k):
    return q @ k.T / np.sqrt(q.shape[-1])


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cases(*, seed, secret):
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(2, 4)), rng.normal(size=(3, 4)) + secret)]


def judge_counter(counter_class):
    counter = counter_class(3)
    steps = [counter.step(), counter.step()]
    right = steps == [3, 6] and counter.total == 6
    return Verdict("right", "Each step adds.") if right else Verdict("wrong", "The steps do not add up.")


def make(student: str, seed: int) -> ProblemSet:
    own = int(hashlib.sha256(f"small {seed} {student}".encode()).hexdigest()[:4], 16)
    wrong = Mistake("unscaled", "The scores are not divided by √d_k.", lambda q, k: q @ k.T)
    return ProblemSet(
        name="small_set:make",
        title="A small set",
        student=student,
        text="Five questions.",
        setup="import numpy as np",
        questions=(
            Question(
                id="total",
                title="A sum",
                text=f"Add 1 to {own}.",
                answer="total",
                stub="total = ...",
                solution=f"total = {own + 1}",
                checks=(Check(name="sum", points=1, judge=judge_numbers(own + 1, "That is the sum.")),),
            ),
            Question(
                id="scores",
                title="Scores",
                text="Scaled dot products.",
                answer="scores",
                stub="def scores(q, k):\n    ...",
                solution="def scores(q, k):\n    return q @ k.T / np.sqrt(q.shape[-1])",
                checks=(
                    Check(
                        name="a small case",
                        points=1,
                        judge=judge_function(scores, cases(seed=1, secret=0), "Right.", [wrong]),
                        hidden=False,
                    ),
                    Check(
                        name="other inputs",
                        points=2,
                        judge=judge_function(scores, cases(seed=2, secret=SECRET), "Right.", [wrong]),
                    ),
                ),
            ),
            Question(
                id="softmax",
                title="Softmax",
                text="Over the last axis.",
                answer="softmax",
                stub="def softmax(x):\n    ...",
                solution="def softmax(x):\n    e = np.exp(x - x.max(-1, keepdims=True))\n"
                "    return e / e.sum(-1, keepdims=True)",
                checks=(
                    Check(
                        name="large scores",
                        points=2,
                        judge=judge_function(softmax, [(np.array([[SECRET, 1000.0]]),)], "It is stable."),
                    ),
                ),
            ),
            Question(
                id="counter",
                title="A class",
                text="Counts in steps.",
                answer="Counter",
                stub="class Counter:\n    ...",
                solution="class Counter:\n    def __init__(self, n):\n        self.n, self.total = n, 0\n"
                "    def step(self):\n        self.total += self.n\n        return self.total",
                checks=(Check(name="steps", points=2, judge=judge_counter),),
            ),
            Written(
                id="why",
                title="Why",
                text="Why divide?",
                points=3,
                rubric=((3, "the variance of a sum"),),
                solution="The variance grows with the width.",
            ),
        ),
    )
