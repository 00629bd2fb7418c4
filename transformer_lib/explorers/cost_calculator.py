"""Chapter 15: what a model costs: multiply-adds, their crossover, the KV cache, the next token."""

from math import floor
from typing import Any

import traitlets

from transformer_lib.explorers.base import Explorer
from transformer_lib.explorers.traits import Number
from transformer_lib.plots.card import Figure
from transformer_lib.plots.cost import cost, in_words


def _size(default: int, most: int) -> Any:
    return traitlets.Int(default, min=1, max=most).tag(sync=True)


class CostCalculator(Explorer):
    """Sizes of a decoder, N tokens, and what they cost; it begins with GPT-2 small at its 1,024 tokens.

    All pairs of positions count, those too that a causal mask hides. Embedding and scoring the
    vocabulary are left out.

    >>> n = CostCalculator().numbers()
    >>> n["crossover"], n["cache"], n["next_token"]
    (4608.0, [37748736.0, 37748736.0], [106300440576.0, 103809024.0])
    >>> CostCalculator(log2_n=3).numbers()["scores"]
    [204.0, 36.0]
    """

    script = "cost_calculator"
    log2_n = Number(10.0, min=0, max=17).tag(sync=True)  # N is 2 to this, rounded
    n_layers = _size(12, 128)
    n_heads = _size(12, 128)
    n_kv_heads = _size(12, 128)  # cut to the next number that divides n_heads
    d_head = _size(64, 256)
    d_ff_ratio = Number(4.0, min=0, max=9).tag(sync=True)  # d_ff / d_model
    gated = traitlets.Bool(False).tag(sync=True)  # SwiGLU: a third matrix in the feed-forward network
    bytes_each = traitlets.Enum([4, 2, 1], default_value=2).tag(sync=True)  # of a number in the cache

    def numbers(self) -> dict[str, Any]:
        """Count, in multiply-adds and bytes.

        `sizes`: N, d_model, heads of keys, their width together, d_ff. `one_pass`: projections,
        feed-forward, attention's two products, for all N tokens in all layers; `share` is that of
        the last. `cache`: bytes with these heads of keys, and with one for each query head.
        `next_token`: without and with a cache; `scores`: to write N tokens, in one head, so too.
        """
        n = floor(2**self.log2_n + 0.5)
        d = self.n_heads * self.d_head
        kv_heads = max(kv for kv in range(1, self.n_kv_heads + 1) if self.n_heads % kv == 0)
        d_kv, d_ff = kv_heads * self.d_head, floor(self.d_ff_ratio * d + 0.5)
        matrices = 3 if self.gated else 2
        projections, feed_forward = 2 * d * d + 2 * d * d_kv, matrices * d * d_ff  # a token and layer
        one_pass = [self.n_layers * n * x for x in (projections, feed_forward, 2 * n * d)]
        crossover = (projections + feed_forward) / (2 * d)
        one_token = self.n_layers * (projections + feed_forward + 2 * n * d)
        numbers = 2 * self.n_layers * n  # of keys and values, for each entry of a key
        found = {
            "sizes": [n, d, kv_heads, d_kv, d_ff],
            "one_pass": one_pass,
            "crossover": crossover,
            "share": n / (n + crossover),
            "cache": [numbers * d_kv * self.bytes_each, numbers * d * self.bytes_each],
            "next_token": [n * one_token, one_token],
            "scores": [n * (n + 1) * (2 * n + 1) // 6, n * (n + 1) // 2],
        }
        return {
            name: [float(x) for x in value] if isinstance(value, list) else value
            for name, value in found.items()
        }

    def twin(self) -> Figure:
        found = self.numbers()
        n, crossover = found["sizes"][0], found["crossover"]
        beyond = "beyond" if n > crossover else "before"
        title = f"At N = {n:,.0f}, {beyond} the crossover at {crossover:,.0f},\n"
        title += f"scores and sums of values are {100 * found['share']:.0f}% of the work"
        linear = sum(found["one_pass"][:2]) / n
        figure = cost(linear, found["one_pass"][2] / n**2, n, title)
        figure.alt += (
            f" The KV cache takes {in_words(found['cache'][0])} bytes; the next token takes "
            f"{in_words(found['next_token'][1])} multiply-adds with it and "
            f"{in_words(found['next_token'][0])} without."
        )
        return figure
