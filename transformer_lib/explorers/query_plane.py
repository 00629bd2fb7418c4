"""Chapter 2: a query among four keys, and the result among their four values."""

from typing import Any

import numpy as np
import traitlets

from transformer_lib import plots, pocket, style
from transformer_lib.explorers.base import Explorer
from transformer_lib.explorers.traits import Number, numbers_like
from transformer_lib.steps import softmax
from transformer_lib.style import sub


class QueryPlane(Explorer):
    """Move a query over the plane: the scores of four keys weigh their values, attention's soft look-up.

    >>> lookup = QueryPlane().numbers()
    >>> [round(x, 2) for x in lookup["weights"]], [round(x, 2) for x in lookup["output"]]
    ([0.05, 0.8, 0.1, 0.05], [0.2, 1.7])
    """

    script = "query_plane"
    q = numbers_like([0, -1])
    k = numbers_like(pocket.arrays(pocket.by_hand.k))
    v = numbers_like(pocket.arrays(pocket.by_hand.v))
    base = traitlets.Enum(["2", "e"], default_value="2").tag(sync=True)
    temperature = Number(1.0, min=0.05, max=5).tag(sync=True)

    def numbers(self) -> dict[str, Any]:
        """Compute the look-up; `distance` is from the output to the nearest value."""
        q, k, v = (np.array(x, dtype=np.float64) for x in (self.q, self.k, self.v))
        scores = k @ q
        weights = softmax(scores, base=np.e if self.base == "e" else 2, temperature=self.temperature)
        output = weights @ v
        return {
            "scores": scores.tolist(),
            "weights": weights.tolist(),
            "output": output.tolist(),
            "distance": float(np.hypot(*(v - output).T).min()),
        }

    def twin(self) -> plots.Figure:
        n = self.numbers()
        best = [sub("k", j + 1) for j, w in enumerate(n["weights"]) if w > max(n["weights"]) - 1e-9]
        b = ", ".join(style.short(x) for x in n["output"])
        return plots.plane.look_up(
            self.q,
            self.k,
            self.v,
            n["weights"],
            f"q matches {', '.join(best)} best, and the result b = ({b}) lies in the hull of the values",
        )
