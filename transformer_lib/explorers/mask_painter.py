"""Chapter 9: who may look at whom, painted; all rows at once, or one by one."""

from typing import Any

import numpy as np
import traitlets

from transformer_lib import plots, pocket, style
from transformer_lib.explorers.base import Explorer
from transformer_lib.steps import attention, softmax

_Q, _K, _V = (pocket.arrays(x) for x in pocket.by_hand[:3])


class MaskPainter(Explorer):
    """A mask to paint, its weights and outputs, and the row that generating computes at step t.

    A row that may look at nobody has no weights: an empty list.

    >>> [round(x, 3) for x in MaskPainter().numbers()["weights"][1]]
    [0.941, 0.059, 0.0, 0.0]
    >>> round(MaskPainter(when="after").numbers()["sums"][1], 4) == round(17 / 41, 4)
    True
    """

    script = "mask_painter"
    # allowed[i][j]: query i + 1 may look at key j + 1.
    allowed = traitlets.List(
        traitlets.List(traitlets.Bool(), minlen=4, maxlen=4),
        [list(row) for row in pocket.CAUSAL],
        minlen=4,
        maxlen=4,
    ).tag(sync=True)
    when = traitlets.Enum(["before", "after"], default_value="before").tag(sync=True)  # softmax
    t = traitlets.Int(3, min=1, max=4).tag(sync=True)  # the row in view, and the step of generating

    def numbers(self) -> dict[str, Any]:
        """Compute all rows at once, and row t as generating does: from the keys up to t alone."""
        raw, allowed, before = _Q @ _K.T, np.array(self.allowed), self.when == "before"
        weights = [self._weights(row, look) for row, look in zip(raw, allowed, strict=True)]
        step = attention(_Q[self.t - 1 : self.t], _K[: self.t], _V[: self.t], scaled=False, base=2)
        return {
            "scores": np.where(allowed | (not before), raw, -np.inf).tolist(),
            "weights": weights,
            "sums": [float(sum(row)) for row in weights],
            "output": [(np.array(row) @ _V).tolist() if row else [] for row in weights],
            "step_scores": step.scores[0].tolist(),
            "step_weights": step.weights[0].tolist(),
            "step_output": step.output[0].tolist(),
        }

    def _weights(self, scores: Any, look: Any) -> list[float]:
        if self.when == "after":
            return (softmax(scores, base=2) * look).tolist()
        return softmax(np.where(look, scores, -np.inf), base=2).tolist() if look.any() else []

    def twin(self) -> plots.Figure:
        n = self.numbers()
        outputs = [
            f"{style.sub('b', i)} ({', '.join(map(style.short, b))})" if b else f"{style.sub('b', i)} none"
            for i, b in enumerate(n["output"], 1)
        ]
        if self.when == "after":
            outputs = [f"Σ {style.short(s)}  {b}" for s, b in zip(n["sums"], outputs, strict=True)]
        return plots.weights_grid(
            [row or [0.0] * 4 for row in n["weights"]],
            self._finding(n),
            queries=[style.sub("q", i) for i in range(1, 5)],
            keys=[style.sub("k", j) for j in range(1, 5)],
            allowed=self.allowed,
            outputs=outputs,
        )

    def _finding(self, n: dict[str, Any]) -> str:
        t, row = self.t, n["weights"][self.t - 1]
        blind = [str(i) for i, one in enumerate(self.allowed, 1) if not any(one)]
        if blind and self.when == "before":
            return f"Row {blind[0]} may look at nobody, so it has no weights"
        if n["sums"][t - 1] < 1 - 1e-9:
            return f"Hidden after softmax, row {t} sums to {style.short(n['sums'][t - 1])}, not to 1"
        step = [*n["step_weights"], *[0.0] * (4 - t)]
        same = "the same numbers as" if np.allclose(row, step, rtol=0, atol=1e-9) else "other numbers than"
        return f"Step {t} of generating one by one gives {same} row {t} of the grid"
