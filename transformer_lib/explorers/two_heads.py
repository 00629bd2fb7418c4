"""Chapter 7: two heads side by side, and how W^O mixes what they bring."""

from typing import Any

import numpy as np
import traitlets

from transformer_lib import pocket, style
from transformer_lib.explorers.base import Explorer
from transformer_lib.explorers.traits import numbers_like
from transformer_lib.plots.card import Figure
from transformer_lib.plots.two_heads import two_heads
from transformer_lib.steps import multi_head, project


class TwoHeads(Explorer):
    """Two heads ask in their own ways; their outputs stand side by side and W^O mixes them.

    >>> numbers = TwoHeads().numbers()
    >>> [round(x, 3) for x in numbers["concat"]]
    [1.636, 1.636, 0.6, 1.08]
    >>> [round(x, 3) for x in TwoHeads(head_1=False).numbers()["output"]]
    [0.6, 1.08]
    """

    script = "two_heads"
    query = traitlets.Int(4, min=1, max=4).tag(sync=True)  # the position that asks
    head_1 = traitlets.Bool(True).tag(sync=True)  # a head that is off leaves 0 in its place
    head_2 = traitlets.Bool(True).tag(sync=True)
    w_o = numbers_like([[1, 0, 1, 0], [0, 1, 0, 1]])  # adds the heads up
    a = numbers_like(pocket.a)
    # (W^q, W^k, W^v) of each head.
    heads = numbers_like([[pocket.arrays(w) for w in head] for head in (pocket.HEAD_1, pocket.HEAD_2)])

    def numbers(self) -> dict[str, Any]:
        """Compute both heads; `parts` are Wᴼ₁b¹ and Wᴼ₂b², which add up to the output."""
        runs = multi_head(self.a, self.heads, scaled=False, base=2).heads
        w_o, on = np.array(self.w_o), (self.head_1, self.head_2)
        kept = [run.output[self.query - 1] * is_on for run, is_on in zip(runs, on, strict=True)]
        parts = [project([b], w)[0] for b, w in zip(kept, np.hsplit(w_o, 2), strict=True)]
        concat = np.concatenate(kept)
        return {
            "weights": [run.weights.tolist() for run in runs],
            "values": [run.v.tolist() for run in runs],
            "outputs": [run.output.tolist() for run in runs],
            "concat": concat.tolist(),
            "parts": [part.tolist() for part in parts],
            "output": project([concat], w_o)[0].tolist(),
        }

    def twin(self) -> Figure:
        n = self.numbers()
        return two_heads(
            n["weights"],
            n["concat"],
            n["output"],
            query=self.query,
            title=self._finding(n),
            on=(self.head_1, self.head_2),
        )

    def _finding(self, n: dict[str, Any]) -> str:
        on, b = [self.head_1, self.head_2], style.sub("b", self.query)
        output = f"{b} = ({', '.join(map(style.short, n['output']))})"
        if not any(on):
            return f"Both heads are off: {output}"
        if not all(on):
            return f"Head {on.index(False) + 1} is off: {output} is what the other head brings"
        rows = [weights[self.query - 1] for weights in n["weights"]]
        even = [str(m) for m, row in enumerate(rows, start=1) if np.ptp(row) < 1e-9]
        if even:
            return f"At position {self.query} all four inputs get 0.25 in head {' and head '.join(even)}"
        seen = [style.sub("a", int(np.argmax(row)) + 1) for row in rows]
        most = [style.short(max(row)) for row in rows]
        if seen[0] == seen[1]:
            return f"At position {self.query} both heads look most at {seen[0]}: {most[0]} and {most[1]}"
        looks = f"head 1 looks most at {seen[0]} ({most[0]}), head 2 at {seen[1]} ({most[1]})"
        too_much = sum(map(max, rows)) > 1 + 1e-9
        return f"At position {self.query} {looks}" + ": one softmax cannot do both" * too_much
