"""Encoder and decoder block as functions of plain arrays, right and with one wrong turn."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from assignments.numbers import Draw
from transformer_lib.exercises.registry import Mistake
from transformer_lib.shapes import Array
from transformer_lib.steps import causal, merge_heads, relu, softmax, split_heads
from transformer_lib.steps import layer_norm as normalise

TOLERANCE = 3e-4  # float32, and an eps of 1e-5, may show
OTHER = {"post": "pre", "pre": "post"}
Weights = Mapping[str, Array]

ENCODER = ("w_q", "w_k", "w_v", "w_o", "w_1", "w_2")
DECODER = (*ENCODER, "cross_q", "cross_k", "cross_v", "cross_o")


def encoder_block(x: Any, w: Weights, n_heads: int, *, order: str = "post", wrong: str = "") -> Array:
    """Self-attention, then feed-forward; `wrong` names the one turn that is taken wrong."""
    mask = causal(len(x)) if wrong == "causal mask on" else None
    look = partial(_attend, w=w, names=ENCODER[:4], n_heads=n_heads, mask=mask, wrong=wrong)
    x = _sublayer(x, lambda y: look(y, y), order, wrong)
    return x if wrong == "feed-forward left out" else _sublayer(x, _think(w, wrong), order, wrong)


def decoder_block(
    x: Any, memory: Any, w: Weights, n_heads: int, *, order: str = "post", wrong: str = ""
) -> Array:
    """Causal self-attention, cross-attention to the memory, feed-forward."""
    past = None if wrong == "no causal mask" else causal(len(x))
    ahead = np.tri(len(x), len(memory), dtype=bool) if wrong == "causal mask in cross-attention" else None
    own = partial(_attend, w=w, names=ENCODER[:4], n_heads=n_heads, mask=past, wrong=wrong)
    across = partial(_attend, w=w, names=DECODER[6:], n_heads=n_heads, mask=ahead, wrong=wrong)

    def look_across(y: Array) -> Array:
        if wrong == "Q swapped with K and V":
            return across(memory, y)
        return across(y, y if wrong == "the memory never read" else memory)

    looks: list[Callable[[Array], Array]] = [lambda y: own(y, y), look_across]
    if wrong == "cross-attention first":
        looks.reverse()
    if wrong == "cross-attention left out":
        looks.pop()
    for look in looks:
        x = _sublayer(x, look, order, wrong)
    return x if wrong == "feed-forward left out" else _sublayer(x, _think(w, wrong), order, wrong)


def _sublayer(x: Any, f: Callable[[Array], Array], order: str, wrong: str) -> Array:
    order = OTHER[order] if wrong == "the other norm order" else order
    kept = 0 if wrong == "no residual" else 1
    if wrong == "no norm":
        return x + f(x)
    if order == "pre":
        return kept * x + f(_norm(x, wrong))
    return _norm(kept * x + f(x), wrong)


def _norm(x: Array, wrong: str) -> Array:
    if wrong == "unbiased std":
        return (x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True, ddof=1)
    return normalise(x, eps=1e-9, axis=0 if wrong == "norm over positions" else -1).output


def _attend(
    asks: Any, asked: Any, *, w: Weights, names: tuple[str, ...], n_heads: int, mask: Any, wrong: str
) -> Array:
    n_heads = 1 if wrong == "one head" else n_heads
    q, k, v = (x @ w[name].T for x, name in zip((asks, asked, asked), names, strict=False))
    cut = _scrambled if wrong == "heads scrambled" else split_heads
    q, k, v = (cut(x, n_heads) for x in (q, k, v))  # (n_heads, N, d_head)
    width = {"no scale": 1, "√d_model": len(w["w_q"])}.get(wrong, int(q.shape[-1]))
    scores = q @ k.swapaxes(-2, -1) / width**0.5
    hidden = scores if mask is None else np.where(mask, scores, -np.inf)
    axis = -2 if wrong == "softmax over the queries" else -1
    both = merge_heads(softmax(hidden, axis=axis) @ v)
    return both if wrong == "W^O left out" else both @ w[names[3]].T


def _scrambled(x: Array, n_heads: int) -> Array:
    return x.reshape(n_heads, len(x), -1)


def _think(w: Weights, wrong: str) -> Callable[[Array], Array]:
    bend = (lambda x: x) if wrong == "no ReLU" else relu
    return lambda y: bend(y @ w["w_1"].T) @ w["w_2"].T


def draw_weights(draw: Draw, names: tuple[str, ...], d_model: int, d_ff: int) -> dict[str, Array]:
    """Draw one matrix a name: w_1 (d_ff, d_model), w_2 (d_model, d_ff), all others square."""
    shapes = {"w_1": (d_ff, d_model), "w_2": (d_model, d_ff)}
    return {name: draw.hundredths(*shapes.get(name, (d_model, d_model))) for name in names}


_SENTENCES = {
    "the other norm order": "The norms stand in the other order: yours is {order}-norm.",
    "no residual": "The sublayers' inputs are not added: each sum is input + sublayer.",
    "no norm": "The norms are missing.",
    "unbiased std": "That norm divides by n − 1: LayerNorm divides by n.",
    "norm over positions": "That norm runs over the positions: each token is normalised over its own "
    "entries.",
    "one head": "That is one head: cut queries, keys and values into n_heads.",
    "heads scrambled": "That cuts by reshape alone: cut each row first, then swap axes.",
    "no scale": "The scores are not divided by √d_head.",
    "√d_model": "That divides by √d_model: a head's keys are d_head wide.",
    "W^O left out": "W^O is missing: it mixes what the heads give.",
    "no ReLU": "ReLU is missing between W₁ and W₂.",
    "feed-forward left out": "The feed-forward sublayer is missing.",
}
_ENCODER = _SENTENCES | {
    "causal mask on": "A causal mask is on: an encoder reads both ways.",
    "softmax over the queries": "That softmax runs over the queries: each query's weights sum to 1.",
}
_DECODER = _SENTENCES | {
    "no causal mask": "Self-attention looks ahead: give it the causal mask.",
    "causal mask in cross-attention": "Cross-attention has a causal mask on: the whole source is known.",
    "Q swapped with K and V": "In cross-attention the memory asks: queries come from x, keys and values "
    "from it.",
    "the memory never read": "Cross-attention reads x itself: keys and values come from the memory.",
    "cross-attention left out": "There is no cross-attention, so the source is never heard.",
    "cross-attention first": "Cross-attention comes first there: it is the second sublayer.",
}


def encoder_mistakes(order: str) -> tuple[Mistake, ...]:
    """Give the wrong turns of an encoder block with this norm order."""
    return _mistakes(encoder_block, _ENCODER, order)


def decoder_mistakes(order: str) -> tuple[Mistake, ...]:
    """Give the wrong turns of a decoder block with this norm order."""
    return _mistakes(decoder_block, _DECODER, order)


def _mistakes(block: Callable[..., Array], sentences: dict[str, str], order: str) -> tuple[Mistake, ...]:
    return tuple(
        Mistake(name, sentence.format(order=order), partial(block, order=order, wrong=name))
        for name, sentence in sentences.items()
    )
