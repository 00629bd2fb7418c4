"""Chapter 10: one feed-forward network at work in four columns, a token in each."""

from typing import Any

import numpy as np
import traitlets

from transformer_lib import pocket, style
from transformer_lib.explorers.base import Explorer
from transformer_lib.explorers.traits import numbers_like
from transformer_lib.plots.card import Figure
from transformer_lib.plots.shared_ffn import shared_ffn
from transformer_lib.steps import feed_forward, project


class SharedFFN(Explorer):
    """W₁, ReLU and W₂ work on four tokens; a token's number moves one column, a weight moves all.

    >>> numbers = SharedFFN().numbers()
    >>> [[round(x, 3) for x in numbers[name][0]] for name in ("hidden", "output")]
    [[0.0, 1.5, 1.9, 3.4], [-1.5, 3.0]]
    >>> [round(x, 3) for x in SharedFFN(relu=False).numbers()["output"][0]]
    [-3.0, 3.0]
    """

    script = "shared_ffn"
    # One row a token: b₁, two friends on both sides of 0, and b₃.
    x = numbers_like([[0.2, 1.7], [1, 0.2], [1.25, 1.25], [-1, 0.5]])
    w_1 = numbers_like(pocket.arrays(pocket.W_1))
    w_2 = numbers_like(pocket.arrays(pocket.W_2))
    relu = traitlets.Bool(True).tag(sync=True)

    def numbers(self) -> dict[str, Any]:
        """Compute all tokens; `product` is W₂W₁, to which both layers shrink without ReLU."""
        wide, hidden, output, _ = feed_forward(self.x, self.w_1, self.w_2)
        if not self.relu:
            hidden, output = wide, project(wide, self.w_2)
        product = np.array(self.w_2) @ np.array(self.w_1)
        named = {"wide": wide, "hidden": hidden, "output": output, "product": product}
        return {name: numbers.tolist() for name, numbers in named.items()}

    def twin(self) -> Figure:
        n = self.numbers()
        return shared_ffn(
            self.x, self.w_1, self.w_2, n["wide"], n["hidden"], n["output"], title=self._finding(n)
        )

    def _finding(self, n: dict[str, Any]) -> str:
        if not self.relu:
            rows = " and ".join(_plain(row) for row in n["product"])
            return f"Without ReLU the two layers are one matrix, with rows {rows}"
        off = [str(unit + 1) for unit, z in enumerate(n["wide"][0]) if z <= 0]
        units = f"{'unit' if len(off) == 1 else 'units'} {', '.join(off)} off" if off else "no unit off"
        return f"{style.sub('x', 1)} = {_plain(self.x[0])} becomes {_plain(n['output'][0])}, with {units}"


def _plain(vector: list[float]) -> str:
    return f"({', '.join(map(style.short, vector))})"
