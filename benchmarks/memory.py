"""Peak memory of one pass by length, each in a process of its own. Linux only: it reads /proc.

python benchmarks/memory.py "fused, causal" 1024    # prints one number, in megabytes
"""

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from transformer_lib import masks
from transformer_lib.attention import MultiHeadAttention, watch
from transformer_lib.config import GPT2, LLAMA, DecoderConfig, Family
from transformer_lib.models import Decoder

WIDTH, HEADS, LAYERS, VOCABULARY = 256, 2, 2, 1000
SHORT = 64  # a first pass of this length fetches what any pass needs

Pass = Callable[[int], Tensor | None]


def attention(*, causal: bool = False, mask: Callable[[int], Tensor] | None = None) -> Pass:
    """Give a pass through MultiHeadAttention without weights, for any length."""
    attend = MultiHeadAttention(WIDTH, HEADS).eval()
    return lambda n: attend(torch.zeros(1, n, WIDTH), None, mask and mask(n), causal=causal)


def watched() -> Pass:
    """Give a pass through the explicit path, which computes all weights and keeps them."""
    attend = MultiHeadAttention(WIDTH, HEADS).eval()

    def forward(n: int) -> Tensor:
        with watch(attend):
            return attend(torch.zeros(1, n, WIDTH), causal=True)

    return forward


def decoder(family: Family) -> Pass:
    """Give a pass through a whole Decoder, from tokens to logits."""
    model = _decoder(family).eval()
    return lambda n: model(_tokens(n))


def trained(family: Family) -> Pass:
    """Give a pass there and back."""
    model = _decoder(family).train()
    return lambda n: model(_tokens(n)).sum().backward()


PASSES: dict[str, Callable[[], Pass]] = {
    "fused, causal": lambda: attention(causal=True),
    "fused, padding hidden": lambda: attention(mask=lambda n: masks.padding(torch.ones(1, n))),
    "fused, a mask (T, T)": lambda: attention(mask=masks.causal),
    "explicit, causal": watched,
    "decoder, GPT-2": lambda: decoder(GPT2),
    "decoder, Llama": lambda: decoder(LLAMA),
    "decoder, GPT-2, forward and backward": lambda: trained(GPT2),
}


def peaks(name: str, lengths: Sequence[int]) -> list[float]:
    """Give the megabytes that a pass adds to the process, for each length."""
    return [round(float(_run(name, n)), 1) for n in lengths]


def exponent(lengths: Sequence[int], megabytes: Sequence[float]) -> float:
    """Fit megabytes = c · length^p and give p: 1 is linear, 2 is quadratic."""
    return round(float(np.polyfit(np.log(lengths), np.log(megabytes), 1)[0]), 2)


def _decoder(family: Family) -> Decoder:
    sizes = {"d_model": WIDTH, "n_heads": HEADS, "d_ff": 4 * WIDTH, "n_layers": LAYERS, "max_len": 8192}
    return Decoder(DecoderConfig(vocab_size=VOCABULARY, family=family, **sizes))


def _tokens(n: int) -> Tensor:
    return torch.ones(1, n, dtype=torch.long)


def _run(name: str, n: int) -> str:
    command = [sys.executable, __file__, name, str(n)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _measure(name: str, n: int) -> float:
    torch.set_num_threads(1)
    run = PASSES[name]()
    with torch.inference_mode(not name.endswith("backward")):
        run(SHORT)
        before = _peak()
        run(n)
    return _peak() - before


def _peak() -> float:
    """Megabytes at most so far. The `ru_maxrss` of a process begins with that of the one that started it."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


if __name__ == "__main__":
    print(_measure(sys.argv[1], int(sys.argv[2])))
