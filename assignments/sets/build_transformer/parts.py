"""Layer norm and feed-forward network: the right ones, their wrong turns, and solutions as code."""

from typing import Any

import numpy as np

from assignments.sets.build_transformer.blocks import DECODER
from transformer_lib.exercises.registry import Mistake
from transformer_lib.shapes import Array


def layer_norm(x: Any, scale: Any, shift: Any, eps: float) -> Array:
    """Normalise each token over its own entries; eps stands under the root."""
    x = np.asarray(x)
    return scale * (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) + shift


def _normed(x: Any, scale: Any, shift: Any, eps: float, **how: Any) -> Array:
    how = {"axis": -1, "ddof": 0} | how
    mean = x.mean(how["axis"], keepdims=True)
    return scale * (x - mean) / np.sqrt(x.var(**how, keepdims=True) + eps) + shift


NORM_MISTAKES = (
    Mistake(
        "unbiased std",
        "That divides by n − 1, which is PyTorch's habit: LayerNorm divides by n, unbiased=False.",
        lambda *given: _normed(*given, ddof=1),
    ),
    Mistake(
        "over the positions",
        "That averages over positions: each token is normalised over its own entries, the last axis.",
        lambda *given: _normed(*given, axis=-2),
    ),
    Mistake(
        "over everything",
        "That takes one mean for all tokens: keep to the last axis.",
        lambda *given: _normed(*given, axis=None),
    ),
    Mistake("no scale", "The scale is missing.", lambda x, s, b, eps: layer_norm(x, 1, b, eps)),
    Mistake("no shift", "The shift is missing.", lambda x, s, b, eps: layer_norm(x, s, 0, eps)),
    Mistake(
        "sides exchanged", "Scale and shift are exchanged.", lambda x, s, b, eps: layer_norm(x, b, s, eps)
    ),
    Mistake(
        "shift before scale",
        "That shifts first and scales then: scale first.",
        lambda x, s, b, eps: s * (layer_norm(x, 1, 0, eps) + b),
    ),
    Mistake(
        "mean not subtracted",
        "The mean is not subtracted.",
        lambda x, s, b, eps: s * x / np.sqrt(x.var(-1, keepdims=True) + eps) + b,
    ),
    Mistake(
        "divided by the variance",
        "That divides by the variance: take its root.",
        lambda x, s, b, eps: s * (x - x.mean(-1, keepdims=True)) / (x.var(-1, keepdims=True) + eps) + b,
    ),
)
EPS_MISTAKES = (
    Mistake(
        "eps left out",
        "Without eps a token of equal entries divides 0 by 0.",
        lambda x, s, b, eps: layer_norm(x, s, b, 0),
    ),
    Mistake(
        "eps outside the root",
        "That adds eps to the standard deviation: it is added to the variance, under the root.",
        lambda x, s, b, eps: s * (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + eps) + b,
    ),
    Mistake(
        "eps of its own",
        "That uses an eps of its own: take the one that is given.",
        lambda x, s, b, eps: layer_norm(x, s, b, 1e-5),
    ),
)

_NORM = """class LayerNorm(nn.Module):
    def __init__(self, d_model, eps):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(d_model))
        self.shift = nn.Parameter(torch.zeros(d_model))
        self.eps = eps

    def forward(self, x):
        {body}


def run_norm(x, scale, shift, eps):
    norm = LayerNorm(x.shape[-1], eps).double()
    norm.load_state_dict({{"scale": torch.tensor(scale), "shift": torch.tensor(shift)}})
    with torch.no_grad():
        return norm(torch.tensor(x))"""
NORM_STUB = _NORM.format(body="...")
NORM_SOLUTION = _NORM.format(
    body="""from_mean = x - x.mean(dim=-1, keepdim=True)
        std = torch.sqrt(x.var(dim=-1, unbiased=False, keepdim=True) + self.eps)
        return self.scale * from_mean / std + self.shift"""
)


def feed_forward(x: Any, w_1: Any, b_1: Any, w_2: Any, b_2: Any) -> Array:
    """Widen, bend, narrow: each row by itself."""
    return np.maximum(x @ w_1.T + b_1, 0) @ w_2.T + b_2


FFN_MISTAKES = (
    Mistake("no ReLU", "ReLU is missing.", lambda x, w, b, v, c: (x @ w.T + b) @ v.T + c),
    Mistake(
        "ReLU at the end",
        "ReLU stands between the two layers, not at the end.",
        lambda x, w, b, v, c: np.maximum((x @ w.T + b) @ v.T + c, 0),
    ),
    Mistake(
        "ReLU twice",
        "The output is bent too: ReLU stands between the two layers alone.",
        lambda *given: np.maximum(feed_forward(*given), 0),
    ),
    Mistake(
        "b₁ after ReLU",
        "That adds b₁ after ReLU: add it before.",
        lambda x, w, b, v, c: (np.maximum(x @ w.T, 0) + b) @ v.T + c,
    ),
    Mistake("b₁ left out", "b₁ is missing.", lambda x, w, b, v, c: feed_forward(x, w, 0, v, c)),
    Mistake("b₂ left out", "b₂ is missing.", lambda x, w, b, v, c: feed_forward(x, w, b, v, 0)),
    Mistake(
        "not transposed",
        "In rows, W x is x @ W.T.",
        lambda x, w, b, v, c: np.maximum(x @ w + b, 0) @ v + c,
    ),
    Mistake("input added", "That adds x: the network alone does not.", lambda x, *w: x + feed_forward(x, *w)),
)

# ---- Blocks as code, for the key.

_SUBLAYER = {"post": "norm(x + f(x))", "pre": "x + f(norm(x))"}
_CODE = {
    "encoder": """def encoder_block(x, w, n_heads):
    def norm(x):
        return (x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True)

    def heads(x):
        return x.reshape(len(x), n_heads, -1).swapaxes(0, 1)

    def attend(y):
        q, k, v = (heads(y @ w[name].T) for name in ("w_q", "w_k", "w_v"))
        scores = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1])
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = powers / powers.sum(axis=-1, keepdims=True) @ v
        return mixed.swapaxes(0, 1).reshape(len(y), -1) @ w["w_o"].T

    def think(y):
        return np.maximum(y @ w["w_1"].T, 0) @ w["w_2"].T

    for f in (attend, think):
        x = {sublayer}
    return x""",
    "decoder": """def decoder_block(x, memory, w, n_heads):
    def norm(x):
        return (x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True)

    def heads(x):
        return x.reshape(len(x), n_heads, -1).swapaxes(0, 1)

    def attend(asks, asked, names, allowed):
        w_q, w_k, w_v, w_o = (w[name] for name in names)
        q, k, v = heads(asks @ w_q.T), heads(asked @ w_k.T), heads(asked @ w_v.T)
        scores = np.where(allowed, q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1]), -np.inf)
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = powers / powers.sum(axis=-1, keepdims=True) @ v
        return mixed.swapaxes(0, 1).reshape(len(asks), -1) @ w_o.T

    def look_back(y):
        return attend(y, y, ("w_q", "w_k", "w_v", "w_o"), np.tri(len(y), dtype=bool))

    def look_across(y):
        return attend(y, memory, ("cross_q", "cross_k", "cross_v", "cross_o"), True)

    def think(y):
        return np.maximum(y @ w["w_1"].T, 0) @ w["w_2"].T

    for f in (look_back, look_across, think):
        x = {sublayer}
    return x""",
}


def block_code(order: str, which: str) -> str:
    """Give the solution of a block, for the norm order of a student."""
    return _CODE[which].format(sublayer=_SUBLAYER[order])


BLOCK_EXAMPLE = f"w = {{{{name: np.eye(4) for name in {DECODER!r}}}}}\nexample({{call}}, "


def eyes(names: tuple[str, ...]) -> dict[str, Array]:
    """All matrices the identity: the weights of the example that a notebook shows."""
    return {name: np.eye(4) for name in names}
