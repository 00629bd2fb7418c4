"""Chapter 11: what a norm runs over, and what its place does to the gradient of a deep stack."""

from functools import lru_cache
from typing import Any

import numpy as np
import traitlets

from transformer_lib.explorers.base import Explorer
from transformer_lib.explorers.draws import normal
from transformer_lib.explorers.traits import numbers_like
from transformer_lib.plots import Figure
from transformer_lib.plots.residual_and_norm import residual_and_norm
from transformer_lib.shapes import Array
from transformer_lib.steps import attention, attention_gradients, layer_norm, layer_norm_jacobian
from transformer_lib.style import short

SEED = 11  # of 40 seeds the one whose curves are nearest to the mean of all
STACKS, LAYERS, TOKENS = 4, 24, 8  # eight tokens of eight numbers
ORDERS = ("post", "pre", "none")
START = [[9.0, 3.0, 3.0, 1.0], [18.0, 6.0, 6.0, 2.0], [1.0, 5.0, 1.0, 5.0]]
NAMES = {"post": "post-norm", "pre": "pre-norm", "none": "no norm"}


class ResidualAndNorm(Explorer):
    """Normalise a small table by row or by column; follow the gradient down a stack of random layers.

    >>> n = ResidualAndNorm().numbers()
    >>> [round(x, 3) for x in n["normalised"][0]]
    [1.667, -0.333, -0.333, -1.0]
    """

    script = "residual_and_norm"
    axis = traitlets.Enum(["token", "batch"], default_value="token").tag(sync=True)
    # Three tokens, one a row; the second is twice the first.
    table = numbers_like(START)
    order = traitlets.Enum(ORDERS, default_value="post").tag(sync=True)
    residual = traitlets.Bool(True).tag(sync=True)
    depth = traitlets.Int(24, min=2, max=LAYERS).tag(sync=True)

    def numbers(self) -> dict[str, Any]:
        """Compute what the page shows; a row or column of equal numbers becomes 0, as any eps makes it.

        `gradient` and `apart` have a row an order (post, pre, none) and a column a layer: the
        gradient relative to the last layer's, and how far the tokens are apart.
        """
        mean, std, normalised = normalise(np.array(self.table), self.axis)
        runs = [stacks(order, self.residual, self.depth) for order in ORDERS]
        return {
            "mean": mean.tolist(),
            "std": std.tolist(),
            "normalised": normalised.tolist(),
            "gradient": [gradient.tolist() for gradient, _ in runs],
            "apart": [apart.tolist() for _, apart in runs],
        }

    def twin(self) -> Figure:
        n = self.numbers()
        return residual_and_norm(
            self.table,
            n["normalised"],
            dict(zip(NAMES.values(), n["gradient"], strict=True)),
            dict(zip(NAMES.values(), n["apart"], strict=True)),
            self._finding(n),
            over="token" if self.axis == "token" else "column",
            chosen=NAMES[self.order],
        )

    def _finding(self, n: dict[str, Any]) -> str:
        times = short(n["gradient"][ORDERS.index(self.order)][0], 2)
        name = NAMES[self.order] + ("" if self.residual else " without residuals")
        return f"{name.capitalize()}: layer 1 gets {times} times the gradient of layer {self.depth}"


def normalise(table: Array, axis: str) -> tuple[Array, Array, Array]:
    """Give mean and std of each row ("token") or column ("batch"), and the table normalised.

    >>> normalise(np.array([[2.0, 4], [2, 8]]), "batch")[2]
    array([[ 0., -1.],
           [ 0.,  1.]])
    """
    table = table if axis == "token" else table.T
    mean, std = table.mean(axis=1), table.std(axis=1)
    flat = np.ptp(table, axis=1) == 0
    normalised = (table - mean[:, None]) / np.where(flat, 1.0, std)[:, None] * ~flat[:, None]
    return mean, np.where(flat, 0.0, std), normalised if axis == "token" else normalised.T


@lru_cache(maxsize=256)
def stacks(order: str, add: bool, depth: int) -> tuple[Array, Array]:
    """Run four random stacks forwards and back: at each layer's output the gradient and the spread.

    Each layer is self-attention with one head. The gradient's norm is divided by that at the last
    layer, geometric mean over the stacks; the spread is ‖X − mean token‖ / ‖X‖.
    """
    runs = [_stack(stack, order, add, depth) for stack in range(STACKS)]
    gradients, apart = zip(*runs, strict=True)
    return np.exp(np.log(gradients).mean(axis=0)), np.mean(apart, axis=0)


def _stack(stack: int, order: str, add: bool, depth: int) -> tuple[Array, Array]:
    drawn = normal(SEED, LAYERS + 1, STACKS, 3, TOKENS, TOKENS)[:, stack]
    x, gradient, layers = drawn[0, 0], drawn[0, 1], drawn[1 : depth + 1] / np.sqrt(TOKENS)
    seen, apart = [], []
    for w in layers:
        heard = layer_norm(x).output if order == "pre" else x
        q, k, v = heard @ w.swapaxes(-2, -1)
        total = attention(q, k, v).output + add * x
        seen.append((x, heard, total))
        x = layer_norm(total).output if order == "post" else total
        apart.append(np.linalg.norm(x - x.mean(axis=0)) / np.linalg.norm(x))
    if order == "pre":  # the final norm
        gradient = _through_norm(x, gradient)

    norms = []
    for w, (x, heard, total) in zip(layers[::-1], seen[::-1], strict=True):
        norms.append(np.linalg.norm(gradient))
        if order == "post":
            gradient = _through_norm(total, gradient)
        q, k, v = heard @ w.swapaxes(-2, -1)
        back = attention_gradients(q, k, v, gradient)
        said = back.q @ w[0] + back.k @ w[1] + back.v @ w[2]
        gradient = (_through_norm(x, said) if order == "pre" else said) + add * gradient
    return np.array(norms[::-1]) / norms[0], np.array(apart)


def _through_norm(x: Array, gradient: Array) -> Array:
    return np.einsum("ni,nij->nj", gradient, layer_norm_jacobian(x))
