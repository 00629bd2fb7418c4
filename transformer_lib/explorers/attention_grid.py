"""Chapter 4: all four outputs at once, as a grid of weights."""

from typing import Any

import numpy as np
import traitlets

from transformer_lib import plots, pocket, style
from transformer_lib.explorers.base import Explorer
from transformer_lib.explorers.traits import numbers_like
from transformer_lib.shapes import Array
from transformer_lib.steps import AttentionSteps, self_attention


class AttentionGrid(Explorer):
    """Every α_{i,j} or α′_{i,j} in a grid; the chosen cell's arithmetic is written out.

    >>> [round(x, 3) for x in AttentionGrid().numbers()["weights"][1]]
    [0.39, 0.024, 0.195, 0.39]
    """

    script = "attention_grid"
    a = numbers_like(pocket.a)
    w_q = numbers_like(pocket.w_q)
    w_k = numbers_like(pocket.w_k)
    w_v = numbers_like(pocket.w_v)
    base = traitlets.Enum(["2", "e"], default_value="2").tag(sync=True)
    show = traitlets.Enum(["scores", "weights"], default_value="weights").tag(sync=True)
    # Query i and key j, counted from 1.
    cell = traitlets.List(traitlets.Int(min=1, max=4), [1, 2], minlen=2, maxlen=2).tag(sync=True)

    def numbers(self) -> dict[str, Any]:
        return {name: array.tolist() for name, array in self._steps()._asdict().items()}

    def twin(self) -> plots.Figure:
        steps, (i, j) = self._steps(), self.cell
        raw = self.show == "scores"
        seen = steps.scores if raw else steps.weights
        there, back = (style.short(seen[m - 1, n - 1]) for m, n in ((i, j), (j, i)))
        me, you, verb = style.sub("a", i), style.sub("a", j), "scores" if raw else "looks at"
        title = f"{me} {verb} {you} with {there}, {you} {verb} {me} with {back}"
        if i == j:
            title = f"{me} {verb} itself with {there}: its own key is one among the four"
        elif there != back:
            title += ": the table is not symmetric"
        queries, keys = _labels("q", steps.q), _labels("k", steps.k, gap="\n")
        if raw:
            return plots.scores_grid(seen, title, queries=queries, keys=keys)
        return plots.weights_grid(seen, title, queries=queries, keys=keys, outputs=_labels("b", steps.output))

    def _steps(self) -> AttentionSteps:
        base = np.e if self.base == "e" else 2.0
        return self_attention(self.a, self.w_q, self.w_k, self.w_v, scaled=False, base=base)


def _labels(letter: str, vectors: Array, gap: str = " ") -> list[str]:
    return [
        f"{style.sub(letter, i)}{gap}({', '.join(map(style.short, x))})" for i, x in enumerate(vectors, 1)
    ]
