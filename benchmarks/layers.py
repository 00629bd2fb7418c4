"""Pairs of networks that do the same work: ours, and the one of PyTorch or of `transformers`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel
from turns import least

from transformer_lib.attention import MultiHeadAttention
from transformer_lib.blocks import EncoderBlock
from transformer_lib.config import ORIGINAL, DecoderConfig, TransformerConfig
from transformer_lib.embedding import Embedding
from transformer_lib.models import Decoder, Transformer

Inputs = tuple[Tensor, ...]

VOCABULARY, N_LAYERS = 1000, 2


@dataclass(frozen=True)
class Shape:
    """The size of the input and of the networks; the feed-forward width is 4 · width."""

    batch: int
    length: int
    width: int
    heads: int

    def __str__(self) -> str:
        return f"B{self.batch} T{self.length} d{self.width} h{self.heads}"


SHAPES = (
    Shape(32, 16, 64, 4),
    Shape(8, 64, 128, 4),
    Shape(8, 256, 256, 8),
    Shape(4, 128, 512, 8),
    Shape(1, 1024, 256, 8),
    Shape(1, 2048, 64, 4),
)


class Pair:
    """Two networks with equally many parameters, each with what it takes."""

    def __init__(
        self, ours: nn.Module, theirs: nn.Module, inputs: Inputs, their_inputs: Inputs = (), **options: bool
    ) -> None:
        self.modules = ours, theirs
        self.calls: tuple[Callable[[], Tensor], Callable[[], Tensor]] = (
            lambda: ours(*inputs),
            lambda: _tensor(theirs(*(their_inputs or inputs), **options)),
        )

    @property
    def n_parameters(self) -> list[int]:
        """Count the parameters of each."""
        return [sum(weight.numel() for weight in module.parameters()) for module in self.modules]

    def train(self, mode: bool) -> None:
        """Set both for training or for evaluation."""
        for module in self.modules:
            module.train(mode)


class Translator(nn.Module):
    """`nn.Transformer` between our embeddings and an unembedding, without the norms the paper has not."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.source = Embedding(VOCABULARY, shape.width, shape.length, ORIGINAL)
        self.target = Embedding(VOCABULARY, shape.width, shape.length, ORIGINAL)
        self.body = nn.Transformer(
            shape.width, shape.heads, N_LAYERS, N_LAYERS, 4 * shape.width, 0.0, batch_first=True
        )
        self.body.encoder.norm = self.body.decoder.norm = None
        self.causal = nn.Transformer.generate_square_subsequent_mask(shape.length)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """source (B, S) and target (B, T) -> logits (B, T, VOCABULARY)."""
        x = self.body(self.source(source), self.target(target), tgt_mask=self.causal, tgt_is_causal=True)
        return nn.functional.linear(x, self.target.tokens.weight)  # one matrix reads and scores, as in ours


def attention(shape: Shape) -> Pair:
    """Self-attention, without weights."""
    x = torch.randn(shape.batch, shape.length, shape.width)
    ours = MultiHeadAttention(shape.width, shape.heads)
    theirs = nn.MultiheadAttention(shape.width, shape.heads, batch_first=True)
    return Pair(ours, theirs, (x,), (x, x, x), need_weights=False)


def encoder_layer(shape: Shape) -> Pair:
    """One encoder block: post-norm, ReLU."""
    x = torch.randn(shape.batch, shape.length, shape.width)
    sizes = shape.width, shape.heads, 4 * shape.width
    return Pair(EncoderBlock(*sizes), nn.TransformerEncoderLayer(*sizes, 0.0, batch_first=True), (x,))


def transformer(shape: Shape) -> Pair:
    """The encoder–decoder of the paper, from tokens to logits."""
    config = TransformerConfig(
        source_vocab_size=VOCABULARY,
        target_vocab_size=VOCABULARY,
        d_model=shape.width,
        n_heads=shape.heads,
        d_ff=4 * shape.width,
        n_layers=N_LAYERS,
    )
    return Pair(Transformer(config), Translator(shape), (_tokens(shape), _tokens(shape)))


def gpt2(shape: Shape) -> Pair:
    """GPT-2, from tokens to logits."""
    ours = DecoderConfig(
        vocab_size=VOCABULARY,
        d_model=shape.width,
        n_heads=shape.heads,
        d_ff=4 * shape.width,
        n_layers=N_LAYERS,
        max_len=shape.length,
    )
    theirs = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=shape.length,
        n_embd=shape.width,
        n_layer=N_LAYERS,
        n_head=shape.heads,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=0,
        eos_token_id=0,
        attn_implementation="sdpa",
    )
    return Pair(Decoder(ours), GPT2LMHeadModel(theirs), (_tokens(shape),), use_cache=False)


PAIRS: dict[str, Callable[[Shape], Pair]] = {
    "nn.MultiheadAttention": attention,
    "nn.TransformerEncoderLayer": encoder_layer,
    "nn.Transformer": transformer,
    "transformers GPT-2": gpt2,
}


def compare(pair: Pair, seconds: float) -> dict[str, float]:
    """Give our time divided by theirs, for each of the three ways to run a network."""
    pair.train(True)
    forward = least(pair.calls, seconds)
    both = least([lambda call=call: call().sum().backward() for call in pair.calls], seconds)
    pair.train(False)
    with torch.inference_mode():
        inference = least(pair.calls, seconds)
    times = {"forward": forward, "forward and backward": both, "inference mode": inference}
    return {way: round(ours / theirs, 3) for way, (ours, theirs) in times.items()}


def _tokens(shape: Shape) -> Tensor:
    return torch.randint(1, VOCABULARY, (shape.batch, shape.length))


def _tensor(output: Any) -> Tensor:
    return output if isinstance(output, Tensor) else output[0]
