"""Prefill and decode of a real model, SmolLM2-135M: what a token costs, counted and timed.

    python benchmarks/prefill.py            # about four minutes on one thread; writes the record
    python benchmarks/prefill.py --quick    # seconds, on a tiny untrained model; writes nothing

For each context of N tokens three calls take turns: one pass over all N tokens, as a program
without a cache does for every new token; the same pass into an empty cache, the prefill; and one
more token with the cache of the others, a decode step. A decode step is then taken apart: the same
step for eight texts in one pass; the sum of all weights, which reads each of them once; every
matrix times one vector; and the step of a model with as many layers and heads but hardly any
numbers, which is the time of its many small calls. Times are CPU times on one thread, the least of several
rounds; the record keeps them as they are, and the chapter shows ratios.
"""

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from recording import record
from torch import Tensor

from transformer_lib.config import LLAMA, DecoderConfig
from transformer_lib.models import Decoder
from transformer_lib.next_token import NextToken
from transformer_lib.pretrained import smollm2
from transformer_lib.pretrained.smollm2_135m import PACKAGE

COMMAND = "python benchmarks/prefill.py"

SEED = 0  # of the tokens; no time depends on which they are
CONTEXTS, ROUNDS = (50, 100, 200, 400), 5
STEPS = 4  # decode steps in a row, at contexts N, N + 1, …; the least counts
TEXTS = 8  # decoded in one pass
TINY = DecoderConfig(vocab_size=20, d_model=12, n_heads=3, n_kv_heads=1, n_layers=2, family=LLAMA)


def multiply_adds(decoder: Decoder, new: int, seen: int) -> int:
    """Count those of `new` tokens after `seen` cached ones; only the last token is scored."""
    sizes = decoder.config
    matrices = sum(weight.numel() for weight in decoder.blocks.parameters() if weight.ndim == 2)
    products = 2 * sizes.n_layers * new * (seen + new) * sizes.d_model  # scores, and the sums of values
    return new * matrices + products + sizes.d_model * sizes.vocab_size


def measure(decoder: Decoder, context: int, rounds: int) -> dict[str, Any]:
    """Time the three calls at one context in turn; give seconds and multiply-adds of each."""
    tokens = _draw(decoder, 1, context)
    seconds: dict[str, list[float]] = {"afresh": [], "prefill": [], "decode": []}
    for _ in range(rounds):  # in turn, so that a busy moment hits all alike
        seconds["afresh"].append(_clock(NextToken(decoder, cached=False), tokens))
        seconds["prefill"].append(_clock(NextToken(decoder), tokens))
        seconds["decode"] += _decode_steps(decoder, 1, context)
    least = {name: round(min(times), 5) for name, times in seconds.items()}
    whole = multiply_adds(decoder, context, 0)
    counts = {"afresh": whole, "prefill": whole, "decode": multiply_adds(decoder, 1, context - 1)}
    print(f"{context:5d}  {least}  {counts}", flush=True)
    return {"context": context, "seconds": least, "multiply_adds": counts}


def take_apart(decoder: Decoder, context: int, rounds: int) -> dict[str, Any]:
    """Time a decode step for several texts, and parts of the step for one by themselves."""
    sizes = decoder.config
    few = replace(sizes, vocab_size=2, d_model=2 * sizes.n_heads, d_ff=2)  # heads of two numbers
    hollow = Decoder(few).eval()
    matrices = [weight for weight in decoder.parameters() if weight.ndim == 2]
    vectors = {n: torch.ones(n) for weight in matrices for n in weight.shape}
    seconds: dict[str, list[float]] = {"texts": [], "sums": [], "products": [], "calls": []}
    for _ in range(rounds):
        seconds["texts"] += _decode_steps(decoder, TEXTS, context)
        seconds["calls"] += _decode_steps(hollow, 1, context)
        for _ in range(STEPS):
            seconds["sums"].append(_clock(lambda _: [weight.sum() for weight in matrices]))
            seconds["products"].append(
                _clock(lambda _: [weight @ vectors[weight.shape[1]] for weight in matrices])
            )
    least = {name: round(min(times), 5) for name, times in seconds.items()}
    fetched = sum(weight.numel() * weight.element_size() for weight in matrices)
    print(f"decode step at {context}, taken apart: {least}", flush=True)
    return {"context": context, "n_texts": TEXTS, "bytes": fetched, "seconds": least}


def run(decoder: Decoder, contexts: Sequence[int], rounds: int) -> dict[str, Any]:
    """Measure at every context; give the record."""
    torch.set_num_threads(1)
    return {
        "about": "Prefill and decode of SmolLM2-135M: CPU seconds and multiply-adds by context.",
        "command": COMMAND,
        "machine": f"{platform.machine()}, one thread used, no GPU",
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "weights": PACKAGE},
        "seeds": [SEED],
        "settings": {"rounds": rounds, "steps": STEPS, "numbers": "32-bit floats"},
        "weights": sum(weight.numel() for weight in decoder.parameters()),
        "contexts": [measure(decoder, context, rounds) for context in contexts],
        "decode": take_apart(decoder, contexts[-1], rounds),
    }


def _draw(decoder: Decoder, texts: int, length: int) -> Tensor:
    drawn = torch.Generator().manual_seed(SEED)
    return torch.randint(1, decoder.config.vocab_size, (texts, length), generator=drawn)


def _decode_steps(decoder: Decoder, texts: int, context: int) -> list[float]:
    """Seconds of the steps that read token number `context` and those after it, with a cache."""
    tokens, cached = _draw(decoder, texts, context + STEPS), NextToken(decoder)
    cached(tokens[:, : context - 1])
    return [_clock(lambda n: cached(tokens[:, :n]), context + step) for step in range(STEPS)]


@torch.inference_mode()
def _clock(call: Callable[[Any], Any], given: Any = None) -> float:
    start = time.process_time()
    call(given)
    return time.process_time() - start


def main() -> None:
    """Run from the command line."""
    record(
        "prefill",
        "Prefill and decode of SmolLM2-135M.",
        lambda: run(smollm2().decoder, CONTEXTS, ROUNDS),
        lambda: run(Decoder(TINY).eval(), (5, 9), 1),
        indent=1,
    )


if __name__ == "__main__":
    main()
