"""Chapter 6: random queries and keys, and what the width of the vectors does to the softmax."""

from functools import lru_cache
from typing import Any

import numpy as np
import traitlets

from transformer_lib.explorers.base import Explorer
from transformer_lib.explorers.draws import normal
from transformer_lib.explorers.traits import Number
from transformer_lib.plots import Figure
from transformer_lib.plots.scaling import digits, scaling
from transformer_lib.shapes import Array
from transformer_lib.steps import softmax, softmax_jacobian
from transformer_lib.style import fmt

SEED = 152  # of 1,500 seeds the one whose means are nearest to those of 100,000 queries
SEQUENCES, TOKENS = 32, 8
REACH = 40  # of the histogram, one bin a unit; its ends hold all that lies beyond


class ScalingScores(Explorer):
    """Scores of random q and k, entries of mean 0: their spread, the largest weight and the slope.

    >>> n = ScalingScores().numbers()
    >>> [[round(x, 2) for x in row] for row in n["compare"]]
    [[8.0, 8.0, 0.88, 0.15], [1.0, 1.0, 0.36, 0.37], [0.12, 0.12, 0.15, 0.33]]
    """

    script = "scaling_scores"
    d_k = traitlets.Int(64, min=1, max=512).tag(sync=True)
    divisor = traitlets.Enum(["none", "sqrt", "d_k"], default_value="none").tag(sync=True)
    sigma = Number(1.0, min=0.5, max=2).tag(sync=True)  # of each entry of q and k
    shift = Number(0.0, min=-99, max=99).tag(sync=True)  # added to every score
    query = traitlets.Int(1, min=1, max=SEQUENCES * TOKENS).tag(sync=True)  # the one shown

    def numbers(self) -> dict[str, Any]:
        """Compute what the page shows; `scores` alone holds the shift, since nothing else feels it.

        `compare` has a row a divisor: standard deviation of the scores, the same in theory, mean
        largest weight, mean Frobenius norm of the softmax's Jacobian. `dots` are the last two of
        each query.
        """
        raw = self.sigma**2 * products(self.d_k)
        by = {"none": 1.0, "sqrt": np.sqrt(self.d_k), "d_k": float(self.d_k)}
        scores = raw / by[self.divisor]
        weights = -np.sort(-softmax(scores), axis=1)
        theory = self.sigma**2 * np.sqrt(self.d_k)
        rows = [[(raw / c).std(), theory / c, *_dots(raw / c).mean(axis=0)] for c in by.values()]
        bins = np.clip(np.floor(scores + 0.5), -REACH, REACH).astype(int).ravel() + REACH
        return {
            "compare": np.array(rows).tolist(),
            "counts": np.bincount(bins, minlength=2 * REACH + 1).tolist(),
            "scores": (self.shift - np.sort(-scores[self.query - 1])).tolist(),
            "weights": weights[self.query - 1].tolist(),
            "mean_weights": weights.mean(axis=0).tolist(),
            "dots": _dots(scores).tolist(),
        }

    def twin(self) -> Figure:
        n = self.numbers()
        row = n["compare"][["none", "sqrt", "d_k"].index(self.divisor)]
        by = {"none": "", "sqrt": " divided by √dₖ", "d_k": " divided by dₖ"}[self.divisor]
        return scaling(
            n["counts"],
            n["weights"],
            n["dots"],
            f"At dₖ = {self.d_k} the scores{by} spread by {fmt(row[0], digits(row[0]))}:\n"
            f"{_finding(*row[2:])}",
            spread=row[0],
            theory=row[1],
            shift=self.shift,
        )


@lru_cache(maxsize=32)
def products(d_k: int) -> Array:
    """Multiply 8 queries with 8 keys in each of 32 random sequences: q·k, (256, 8), a query a row.

    >>> bool(abs(products(16).std() - 4) < 0.1)
    True
    """
    drawn = normal(SEED, d_k, SEQUENCES, 2 * TOKENS)  # wider vectors keep their first entries
    q, k = drawn[..., :TOKENS], drawn[..., TOKENS:]
    return np.einsum("dsi,dsj->sij", q, k).reshape(-1, TOKENS)


def _dots(scores: Array) -> Array:
    """Give each query's largest weight and the norm of its softmax's Jacobian, (256, 2)."""
    weights = softmax(scores)
    return np.stack([weights.max(axis=1), np.linalg.norm(softmax_jacobian(weights), axis=(1, 2))], axis=1)


def _finding(largest: float, slope: float) -> str:
    if largest >= 0.9 or slope <= 0.1:
        return "the softmax is sure of one key, and its slope is small"
    if largest > 0.7:
        return "most queries favour one key, and a small change moves less"
    if largest < 0.2:
        return "all weights are close to 1/8, and the query hardly chooses"
    return "some keys weigh more than others, and the softmax can still learn"
