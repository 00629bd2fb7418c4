"""Chapter 5: the same computation with one vector a row, and with one vector a column."""

from typing import Any

import traitlets

from transformer_lib import plots, pocket, style
from transformer_lib.explorers.base import Explorer
from transformer_lib.explorers.traits import numbers_like
from transformer_lib.shapes import Array
from transformer_lib.steps import AttentionSteps, self_attention, softmax


class RowsAndColumns(Explorer):
    """Self-attention in the paper's rows and in the lecture's columns, a score traced in both.

    >>> [round(x, 3) for x in RowsAndColumns().numbers()["output"][1]]
    [0.976, 0.244]
    >>> [[round(x, 3) for x in row] for row in RowsAndColumns(form="columns", n=2).numbers()["output"]]
    [[0.0, 0.0], [1.765, -1.765]]
    """

    script = "rows_and_columns"
    form = traitlets.Enum(["rows", "columns"], default_value="rows").tag(sync=True)
    axis = traitlets.Enum(["keys", "queries"], default_value="keys").tag(sync=True)
    n = traitlets.Int(4, min=2, max=4).tag(sync=True)  # positions in use
    a = numbers_like(pocket.a)
    w_q = numbers_like(pocket.w_q)
    w_k = numbers_like(pocket.w_k)
    w_v = numbers_like(pocket.w_v)
    # Query i and key j, counted from 1.
    cell = traitlets.List(traitlets.Int(min=1, max=4), [1, 2], minlen=2, maxlen=2).tag(sync=True)

    def numbers(self) -> dict[str, Any]:
        q, k, v, scores, weights, output = self._steps(self.axis)
        named = {"Q": q, "K": k, "V": v, "scores": scores, "weights": weights, "output": output}
        return {name: (x if self.form == "rows" else x.T).tolist() for name, x in named.items()}

    def twin(self) -> plots.Figure:
        i, j = (min(at, self.n) for at in self.cell)
        steps, title = self._steps(self.axis), self._finding(i, j)
        return plots.convention(steps, title, form=self.form, cell=(i, j), axis=self.axis)

    def _steps(self, axis: str) -> AttentionSteps:
        """One vector a row; over each key's "queries", softmax runs along the wrong axis."""
        right = self_attention(self.a[: self.n], self.w_q, self.w_k, self.w_v, scaled=False, base=2)
        if axis == "keys":
            return right
        weights = softmax(right.scores, axis=0, base=2)
        return right._replace(weights=weights, output=weights @ right.v)

    def _finding(self, i: int, j: int) -> str:
        line, b = self.form.removesuffix("s"), style.sub("b", i)
        now, right = (_vector(self._steps(axis).output[i - 1]) for axis in (self.axis, "keys"))
        if self.axis == "keys":
            score, entry = ("S", (i, j)) if self.form == "rows" else ("A", (j, i))
            return f"In {self.form}: {style.sub('α', i, j)} is entry {entry} of {score}, and {b} = {now}"
        if now == right:
            return f"Softmax over the wrong axis, unseen: {b} is still {now}, by luck"
        return f"Softmax over the wrong axis: the {line}s do not sum to 1, and {b} becomes {now}, not {right}"


def _vector(x: Array) -> str:
    return f"({', '.join(map(style.short, x))})"
