"""What the course's own models learn: each task with its model, its recipe and its score.

A recipe is measured, not derived: change a number, and see what the score says.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from transformer_lib import data
from transformer_lib.config import GPT2, LLAMA, DecoderConfig, TransformerConfig
from transformer_lib.data import END, START, Pairs, Recall
from transformer_lib.decoding import greedy
from transformer_lib.models import Decoder, Transformer
from transformer_lib.next_token import NextToken
from transformer_lib.training import (
    History,
    linear_decay,
    next_token_loss,
    seeded,
    steady,
    token_losses,
    train,
    translation_loss,
)
from transformer_lib.training.loop import Loss, Measure
from transformer_lib.training.schedules import Schedule


@dataclass(frozen=True, kw_only=True)
class Task:
    """A model and all it needs to learn; `train` begins, and takes what `training.train` takes."""

    model: Decoder | Transformer
    batches: Iterable[Any]
    generator: Generator  # what the batches are drawn from
    loss: Loss
    steps: int
    schedule: Schedule
    measure: Measure
    score: str  # what is measured, in words
    bar: float | None = None  # a score that is enough

    def train(self, **more: Any) -> History:
        """Train the model, and give the history."""
        settings = {"steps": self.steps, "schedule": self.schedule, "measure": self.measure, "bar": self.bar}
        settings |= {"generator": self.generator} | more
        return train(self.model, self.batches, self.loss, **settings)


def translation(*, seed: int = 0, steps: int = 500, batch: int = 64, n_layers: int = 1) -> Task:
    """Translate German number words into English, with the Transformer of 2017, smaller.

    At least 99.5% of 2,000 numbers it never saw come out right to the last word.
    """
    words = data.number_words()
    config = TransformerConfig(
        source_vocab_size=len(words.source_vocabulary),
        target_vocab_size=len(words.target_vocabulary),
        n_layers=n_layers,
    )
    with seeded(seed):
        model = Transformer(config)
    generator = Generator().manual_seed(seed)
    return Task(
        model=model,
        batches=data.batches(words.train, batch, generator, words.weights),
        generator=generator,
        loss=translation_loss,
        steps=steps,
        schedule=lambda step: linear_decay(step, peak=3e-3, warmup=min(50, steps), steps=steps),
        measure=lambda model: exact_match(model, words.held_out),
        score=f"exact match on {len(words.held_out.source):,} held-out numbers",
    )


def text(*, seed: int = 0, steps: int = 600, batch: int = 32, length: int = 64) -> Task:
    """Write Shakespeare by character; the score is the loss on Hamlet, which it never read."""
    plays = data.text()
    with seeded(seed):
        model = Decoder(DecoderConfig(vocab_size=len(plays.vocabulary), family=LLAMA))
    generator = Generator().manual_seed(seed)
    hamlet = plays.held_out.unfold(0, length + 1, length + 1)[:400]  # (400, length + 1)
    return Task(
        model=model,
        batches=data.windows(plays.train, length + 1, batch, generator),
        generator=generator,
        loss=next_token_loss,
        steps=steps,
        schedule=lambda step: linear_decay(step, peak=5e-3, warmup=min(50, steps), steps=steps),
        measure=lambda model: _mean_loss(model, hamlet),
        score="nats a character on Hamlet, held out",
    )


def recall(*, seed: int = 0, steps: int = 400, batch: int = 64, length: int = 128) -> Task:
    """Name the one value hidden in noise, with a single layer of attention and no positions.

    A value is told from noise by what it is, not by where it stands: so any distance is as easy.
    """
    config = DecoderConfig(
        vocab_size=data.RECALL_VOCAB_SIZE, d_ff=0, n_layers=1, family=replace(GPT2, positions="none")
    )
    with seeded(seed):
        model = Decoder(config)
    generator = Generator().manual_seed(seed)
    held_out = data.recall(1000, length, Generator().manual_seed(seed + 1))
    return Task(
        model=model,
        batches=(data.recall(batch, length, generator) for _ in count()),
        generator=generator,
        loss=_recall_loss,
        steps=steps,
        schedule=lambda step: steady(step, peak=3e-3, warmup=50),
        measure=lambda model: _recalled(model, held_out),
        score="values named right, of 1,000 fresh sequences",
        bar=0.99,
    )


def induction(*, seed: int = 0, steps: int = 500, batch: int = 32, n_layers: int = 2) -> Task:
    """Carry on a repetition, with attention alone: two layers learn it, one layer cannot.

    The first layer lets each token know the one before it; the second looks for its own token as
    someone's predecessor. Source: Olsson et al. (2022), "In-context Learning and Induction Heads".
    """
    length, vocab_size = 64, 33
    family = replace(GPT2, positions="rotary", rope_base=1e3, tied=False)
    with seeded(seed):
        model = Decoder(DecoderConfig(vocab_size=vocab_size, d_ff=0, n_layers=n_layers, family=family))
        nn.init.normal_(model.embedding.tokens.weight)  # tokens that differ clearly: half the steps
    generator = Generator().manual_seed(seed)
    fresh = Generator().manual_seed(seed + 1)
    periods = range(length // 4, length // 2 + 1)
    held_out = torch.cat([data.repeated(16, length, vocab_size, fresh, p).tokens for p in periods])
    return Task(
        model=model,
        batches=(data.repeated(batch, length, vocab_size, generator).tokens for _ in count()),
        generator=generator,
        loss=next_token_loss,
        steps=steps,
        schedule=lambda step: steady(step, peak=5e-3, warmup=50),
        measure=lambda model: _second_half(model, held_out),
        score="tokens guessed right in second halves, where each can be known",
        bar=0.95,
    )


@torch.inference_mode()
def exact_match(model: Transformer, pairs: Pairs) -> float:
    """Give the share of sources (N, S) whose greedy translation is the target (N, T), word for word."""
    n, width = pairs.target.shape
    start = torch.full((n, 1), START)
    written = greedy(NextToken(model, pairs.source), start, n_new=width - 1, end=END)
    written = F.pad(written, (0, width - written.shape[1]))  # (N, T), where all ended early
    return _share(written == pairs.target)


def _recall_loss(model: nn.Module, batch: Recall) -> Tensor:
    return token_losses(model(batch.tokens, last=True)[:, -1], 1 + batch.values)  # (B,)


@torch.inference_mode()
def _recalled(model: nn.Module, batch: Recall) -> float:
    named = model(batch.tokens, last=True).argmax(-1)  # (N, 1)
    return _share(named == 1 + batch.values.unsqueeze(1))


@torch.inference_mode()
def _second_half(model: nn.Module, tokens: Tensor) -> float:
    half = tokens.shape[1] // 2
    guessed = model(tokens)[:, half:-1].argmax(-1)
    return (guessed == tokens[:, half + 1 :]).float().mean().item()


@torch.inference_mode()
def _mean_loss(model: nn.Module, tokens: Tensor) -> float:
    return next_token_loss(model, tokens).mean().item()


def _share(right: Tensor) -> float:
    """Give the share of rows (N, T) that are right throughout."""
    return right.all(-1).double().mean().item()
