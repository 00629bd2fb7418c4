"""Chapter 0: three scores become three weights."""

from typing import Any

import numpy as np
import traitlets

from transformer_lib import plots
from transformer_lib.explorers.base import Explorer
from transformer_lib.explorers.traits import Number, numbers_like
from transformer_lib.steps import softmax


class SoftmaxBars(Explorer):
    """Three scores on sliders, their softmax weights as bars; base and temperature to choose.

    >>> [round(x, 3) for x in SoftmaxBars().numbers()["weights"]]
    [0.143, 0.286, 0.571]
    """

    script = "softmax_bars"
    scores = numbers_like([0, 1, 2])
    base = traitlets.Enum(["2", "e", "10"], default_value="2").tag(sync=True)
    temperature = Number(1.0, min=0.1, max=5).tag(sync=True)

    def numbers(self) -> dict[str, Any]:
        base = np.e if self.base == "e" else float(self.base)
        weights = softmax(self.scores, base=base, temperature=self.temperature)
        return {"scores": list(self.scores), "weights": weights.tolist()}

    def twin(self) -> plots.Figure:
        return plots.bars(
            self.numbers()["weights"],
            labels=[f"score {x:g}" for x in self.scores],
            title=f"Softmax in base {self.base}: more score, more weight, and the sum is 1",
        )
