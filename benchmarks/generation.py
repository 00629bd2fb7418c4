"""Greedy text, one at a time: with and without a cache, and against `generate` of `transformers`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PretrainedConfig,
    PreTrainedModel,
)
from turns import clock, least

from transformer_lib.config import GPT2, LLAMA, DecoderConfig, Family
from transformer_lib.decoding import greedy
from transformer_lib.models import Decoder
from transformer_lib.next_token import NextToken

STEPS = 8  # cached steps timed in a row, at contexts n, n + 1, …


@dataclass(frozen=True, kw_only=True)
class Size:
    """The size of the two models, and how much they write."""

    vocabulary: int = 1000
    width: int = 256
    heads: int = 8
    layers: int = 4
    prompt: int = 8
    new: int = 400
    contexts: tuple[int, ...] = (100, 200, 400)

    @property
    def room(self) -> int:
        """How many positions the models have."""
        return max(self.prompt + self.new, *self.contexts) + STEPS


def gpt2(size: Size) -> tuple[Decoder, PreTrainedModel]:
    """GPT-2 of that size, ours and theirs."""
    theirs = GPT2Config(
        vocab_size=size.vocabulary,
        n_positions=size.room,
        n_embd=size.width,
        n_layer=size.layers,
        n_head=size.heads,
    )
    return _decoder(size, GPT2), GPT2LMHeadModel(_endless(theirs)).eval()


def llama(size: Size) -> tuple[Decoder, PreTrainedModel]:
    """Llama of that size, ours and theirs."""
    theirs = LlamaConfig(
        vocab_size=size.vocabulary,
        hidden_size=size.width,
        intermediate_size=4 * size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        max_position_embeddings=size.room,
        tie_word_embeddings=True,
    )
    return _decoder(size, LLAMA), LlamaForCausalLM(_endless(theirs)).eval()


FAMILIES: dict[str, Callable[[Size], tuple[Decoder, PreTrainedModel]]] = {"GPT-2": gpt2, "Llama": llama}


def against_generate(ours: Decoder, theirs: PreTrainedModel, size: Size, seconds: float) -> float:
    """Write `size.new` tokens after a prompt, both with a cache; give our time divided by theirs."""
    prompt = _tokens(size, size.prompt)
    options: dict[str, Any] = {"max_new_tokens": size.new, "do_sample": False, "pad_token_id": 0}
    texts = (
        lambda: greedy(NextToken(ours), prompt, size.new),
        lambda: theirs.generate(prompt, attention_mask=torch.ones_like(prompt), **options),
    )
    lengths = {text().shape[1] for text in texts}
    assert lengths == {size.prompt + size.new}, f"they wrote texts of {lengths} tokens"
    ours_time, their_time = least(texts, seconds)
    return round(ours_time / their_time, 3)


def cache_gain(model: Decoder, size: Size, rounds: int) -> dict[str, float]:
    """For each context, give the time of one more token without a cache, divided by that with one."""
    return {str(context): round(_gain_at(model, size, context, rounds), 1) for context in size.contexts}


def _gain_at(model: Decoder, size: Size, context: int, rounds: int) -> float:
    tokens = _tokens(size, context + STEPS)
    afresh = NextToken(model, cached=False)
    fast, slow = [], []
    for _ in range(rounds):  # in turn, so that a busy moment hits both
        cached = NextToken(model)
        cached(tokens[:, : context - 1])
        fast += [clock(lambda n=n, ask=cached: ask(tokens[:, :n])) for n in range(context, context + STEPS)]
        slow += [clock(lambda: afresh(tokens[:, :context])) for _ in range(2)]
    return min(slow) / min(fast)


def _decoder(size: Size, family: Family) -> Decoder:
    config = DecoderConfig(
        vocab_size=size.vocabulary,
        d_model=size.width,
        n_heads=size.heads,
        d_ff=4 * size.width,
        n_layers=size.layers,
        max_len=size.room,
        family=family,
    )
    return Decoder(config).eval()


def _endless(config: PretrainedConfig) -> PretrainedConfig:
    """Without an end token both write as many tokens as they are asked for."""
    config.bos_token_id = config.eos_token_id = None
    return config


def _tokens(size: Size, n: int) -> Tensor:
    return torch.randint(1, size.vocabulary, (1, n))
