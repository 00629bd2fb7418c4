"""Chapter 3: the exact path from a₁ to b₁, the lecture's picture with live numbers."""

from typing import Any

import numpy as np
import traitlets

from transformer_lib import plots, pocket, steps, style
from transformer_lib.explorers.base import Explorer
from transformer_lib.explorers.traits import numbers_like


class A1ToB1(Explorer):
    """One position's path through attention, step by step; every input can be changed.

    >>> numbers = A1ToB1().numbers()
    >>> numbers["scores"]
    [-2.0, 2.0, -1.0, -2.0]
    >>> [round(x, 3) for x in numbers["output"]]
    [0.2, 1.7]
    """

    script = "a1_to_b1"
    a = numbers_like(pocket.a)
    w_q = numbers_like(pocket.w_q)
    w_k = numbers_like(pocket.w_k)
    w_v = numbers_like(pocket.w_v)
    query = traitlets.Int(1, min=1, max=4).tag(sync=True)
    base = traitlets.Enum(["2", "e"], default_value="2").tag(sync=True)
    look_at_self = traitlets.Bool(True).tag(sync=True)
    step = traitlets.Int(6, min=0, max=6).tag(sync=True)

    def numbers(self) -> dict[str, Any]:
        asks = self.query - 1
        found = steps.attention(
            steps.project([self.a[asks]], self.w_q),
            steps.project(self.a, self.w_k),
            steps.project(self.a, self.w_v),
            allowed=[[self.look_at_self or j != asks for j in range(len(self.a))]],
            scaled=False,
            base=2 if self.base == "2" else np.e,
        )
        return {
            "q": found.q[0].tolist(),
            "k": found.k.tolist(),
            "v": found.v.tolist(),
            "scores": found.scores[0].tolist(),
            "weights": found.weights[0].tolist(),
            "output": found.output[0].tolist(),
        }

    def twin(self) -> plots.Figure:
        numbers = self.numbers()
        top = int(np.argmax(numbers["weights"]))
        output = ", ".join(style.short(x) for x in numbers["output"])
        weight = f"{style.sub('α′', self.query, top + 1)} = {style.fmt(numbers['weights'][top])}"
        title = f"{style.sub('b', self.query)} = ({output}): the largest weight is {weight}"
        return plots.lecture(a=self.a, **numbers, query=self.query, title=title, base=self.base)
