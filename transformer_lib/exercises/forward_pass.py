"""Exercise 12.5, the full forward pass: a model's weights, the pass, and the pass with one wrong turn."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from transformer_lib.exercises.registry import Mistake
from transformer_lib.shapes import Array
from transformer_lib.steps import (
    causal,
    cross_attention,
    decoder_block,
    encoder_block,
    feed_forward,
    layer_norm,
    self_attention,
    sinusoidal,
    softmax,
)


class Weights(NamedTuple):
    """A Transformer with one block a side, one head, no biases and no W^O."""

    source_table: Array  # (source vocabulary, d_model), one row a word
    target_table: Array  # (target vocabulary, d_model)
    encoder_attention: tuple[Array, Array, Array]  # W^q, W^k, W^v, each (d_model, d_model)
    encoder_ffn: tuple[Array, Array]  # W₁ (d_ff, d_model) and W₂ (d_model, d_ff)
    decoder_attention: tuple[Array, Array, Array]
    decoder_cross: tuple[Array, Array, Array]
    decoder_ffn: tuple[Array, Array]

    def __repr__(self) -> str:
        return f"the model of width {self.source_table.shape[1]}"


def _weights(seed: int, d_model: int, d_ff: int) -> Weights:
    rng = np.random.default_rng(seed)

    def draw(*shapes: tuple[int, int]) -> Any:
        return tuple(rng.normal(size=shape).round(2) for shape in shapes)

    square, layers = (d_model, d_model), ((d_ff, d_model), (d_model, d_ff))
    source, target = draw((8, d_model), (7, d_model))
    own, other, cross = (draw(square, square, square) for _ in range(3))
    return Weights(source, target, own, draw(*layers), other, cross, draw(*layers))


# T = S in the last case, so that a wrong wiring gives numbers and can be named; first they differ.
CASES = (
    ([3, 5, 1, 7], [1, 4], _weights(300, 6, 5)),
    ([2, 6], [1, 5, 3, 2, 4], _weights(400, 8, 3)),
    ([3, 5, 1], [1, 2, 6], _weights(200, 4, 6)),
)


def forward(source: Any, target: Any, w: Weights, wrong: str = "") -> Any:
    """The logits (T, target vocabulary); `wrong` is the name of the one turn that is taken wrong."""
    norm = (lambda x: x) if wrong == "no norm" else _norm
    kept = 0 if wrong == "no residual" else 1
    x, y = embedded, _ = _embedded(source, target, w, wrong)

    hidden = causal(len(x)) if wrong == "causal mask in the encoder" else None
    x = norm(kept * x + self_attention(x, *w.encoder_attention, hidden).output)
    memory = norm(kept * x + feed_forward(x, *w.encoder_ffn).output)

    def look_back(y: Array) -> Array:
        past = None if wrong == "no causal mask" else causal(len(y))
        return norm(kept * y + self_attention(y, *w.decoder_attention, past).output)

    def look_across(y: Array) -> Array:
        asks = memory if wrong == "Q swapped with K and V" else y
        asked = {
            "Q swapped with K and V": y,
            "the memory never read": y,
            "embedded source for the memory": embedded,
            "memory before the feed-forward network": x,
        }.get(wrong, memory)
        read = cross_attention(asks, asked, *w.decoder_cross, _hidden_across(y, memory, wrong)).output
        return norm(read if wrong == "no residual around cross-attention" else kept * y + read)

    if wrong == "cross-attention first":
        y = look_back(look_across(y))
    else:
        y = look_back(y) if wrong == "cross-attention left out" else look_across(look_back(y))
    if wrong != "last feed-forward left out":
        total = kept * y + feed_forward(y, *w.decoder_ffn).output
        y = total if wrong == "last norm left out" else norm(total)
    logits = y @ (w.source_table if wrong == "logits by the source's table" else w.target_table).T
    return softmax(logits) if wrong == "softmax at the end" else logits


def _norm(x: Array) -> Array:
    return layer_norm(x).output


def _embedded(source: Any, target: Any, w: Weights, wrong: str = "") -> tuple[Array, Array]:
    scale = 1 if wrong == "no √d_model" else np.sqrt(w.source_table.shape[1])
    x, y = w.source_table[np.asarray(source)] * scale, w.target_table[np.asarray(target)] * scale
    if wrong not in ("no positions", "no positions in the source"):
        x = x + sinusoidal(*x.shape)
    if wrong not in ("no positions", "no positions in the target"):
        y = y + sinusoidal(*y.shape)
    return x, y


def _hidden_across(y: Array, memory: Array, wrong: str) -> NDArray[np.bool_] | None:
    """A causal mask over the memory, however it may be cut."""
    if wrong == "causal mask in cross-attention":
        return np.tri(len(y), len(memory), dtype=bool)
    if wrong == "causal mask of the target in cross-attention":
        return causal(len(y))
    return causal(len(y), len(memory)) if wrong == "causal mask in cross-attention, from the end" else None


def _pre_norm(source: Any, target: Any, w: Weights) -> Array:
    x, y = _embedded(source, target, w)
    x = x + self_attention(_norm(x), *w.encoder_attention).output
    memory = x + feed_forward(_norm(x), *w.encoder_ffn).output
    y = y + self_attention(_norm(y), *w.decoder_attention, causal(len(y))).output
    y = y + cross_attention(_norm(y), memory, *w.decoder_cross).output
    return (y + feed_forward(_norm(y), *w.decoder_ffn).output) @ w.target_table.T


def by_blocks(source: Any, target: Any, w: Weights) -> Any:
    """The same pass by the library's blocks."""
    x, y = _embedded(source, target, w)
    memory = encoder_block(x, ([w.encoder_attention], None), w.encoder_ffn).output
    own, cross = ([w.decoder_attention], None), ([w.decoder_cross], None)
    return decoder_block(y, memory, own, cross, w.decoder_ffn).output @ w.target_table.T


_NOTHING_TO_HIDE = (
    "Cross-attention has a causal mask on: the whole source is known, so nothing of it is hidden."
)
_SENTENCES = {
    "no causal mask": "The decoder looks ahead in its own words: give its self-attention the causal mask.",
    "causal mask in the encoder": (
        "The encoder has a causal mask on: the whole source is known, so it reads both ways."
    ),
    "causal mask in cross-attention": _NOTHING_TO_HIDE,
    "causal mask of the target in cross-attention": _NOTHING_TO_HIDE,
    "causal mask in cross-attention, from the end": _NOTHING_TO_HIDE,
    "Q swapped with K and V": (
        "In cross-attention the memory asks y: queries come from y, keys and values from the memory."
    ),
    "the memory never read": (
        "Cross-attention reads y itself, so the source never matters: keys and values come from the memory."
    ),
    "embedded source for the memory": (
        "Cross-attention reads the embedded source: the memory is what comes out of the encoder block."
    ),
    "memory before the feed-forward network": (
        "Cross-attention reads the encoder's first sublayer: the memory comes after its feed-forward."
    ),
    "cross-attention left out": "The decoder has no cross-attention, so it never hears the source.",
    "cross-attention first": (
        "Cross-attention comes before self-attention: in the decoder block it is the second sublayer."
    ),
    "last feed-forward left out": "The decoder's feed-forward network is missing, with its sum and norm.",
    "no residual": "The sublayers' inputs are not added: each sum is input + sublayer.",
    "no residual around cross-attention": (
        "What cross-attention reads takes the place of y: add y to it, as in every sublayer."
    ),
    "no norm": "The layer norm after each sum is missing.",
    "last norm left out": "The decoder's last sum is not normalised: all five sums are.",
    "no √d_model": ("The rows of the tables are not multiplied by √d_model before the positions are added."),
    "no positions": "No positions are added to the embeddings.",
    "no positions in the source": "The source gets no positions: both sides need them.",
    "no positions in the target": "The target gets no positions: both sides need them.",
    "logits by the source's table": (
        "The logits are made with the source's table: they score words of the target."
    ),
    "softmax at the end": "Those are the probabilities: leave the softmax out, the logits come before it.",
}
MISTAKES = (
    *(Mistake(name, text, partial(forward, wrong=name)) for name, text in _SENTENCES.items()),
    Mistake(
        "pre-norm",
        "That normalises before each sublayer; the paper of 2017 normalises after each sum.",
        _pre_norm,
    ),
)
