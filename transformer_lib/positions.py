"""Telling a Transformer where each token stands: added, rotated in, or subtracted from the scores."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from transformer_lib.shapes import InputError


def sinusoidal(
    n: int,
    d_model: int,
    *,
    layout: Literal["interleaved", "concatenated"] = "interleaved",
    form: Literal["power", "exp-log"] = "power",
    base: float = 10_000.0,
) -> Tensor:
    r"""Give the paper's encodings PE(pos, 2i) = sin(pos / base^(2i/d)) and PE(pos, 2i+1) = cos(…).

    Parameters
    ----------
    n : int
        Positions 0, …, n − 1.
    d_model : int
        Even: each frequency takes a sine and a cosine.
    layout : str
        "interleaved" is sin, cos, sin, cos, … as in the paper; "concatenated" is all sines, then
        all cosines, as in much code. One is the other with its columns permuted.
    form : str
        "power" divides by base^(2i/d); "exp-log" multiplies by exp(−2i/d · ln base), the same.
    base : float
        The wavelengths grow from 2π to 2π · base.

    Returns
    -------
    Tensor (n, d_model), entries in [−1, 1].

    Raises
    ------
    InputError
        An odd d_model, a layout or form of another name, a base not above 0.

    Notes
    -----
    PE(pos + k) = R_k PE(pos) with one matrix R_k for all positions: `rotation` gives it.
    Source: Vaswani et al. (2017), section 3.5.

    Examples
    --------
    >>> sinusoidal(2, 4)[1]
    tensor([0.8415, 0.5403, 0.0100, 0.9999])
    """
    if layout not in ("interleaved", "concatenated"):
        raise InputError(f"layout is {layout!r}: it must be 'interleaved' or 'concatenated'.")
    frequency = _frequencies(d_model, base, form)  # (d_model / 2)
    angle = torch.arange(n, device="cpu")[:, None] * frequency  # (n, d_model / 2)
    if layout == "concatenated":
        return torch.cat([angle.sin(), angle.cos()], -1).float()  # (n, d_model)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(-2).float()  # (n, d_model)


def rotation(k: int, d_model: int, base: float = 10_000.0) -> Tensor:
    """Give R_k (d_model, d_model) with PE(pos + k) = R_k PE(pos), interleaved, for every pos.

    Each pair (sin, cos) turns by k times its frequency.

    >>> torch.allclose(rotation(3, 8) @ sinusoidal(5, 8)[1], sinusoidal(5, 8)[4], atol=1e-6)
    True
    """
    angle = k * _frequencies(d_model, base)
    cos, sin = angle.cos(), angle.sin()
    turns = torch.stack([cos, sin, -sin, cos], -1).unflatten(-1, (2, 2))  # (d_model / 2, 2, 2)
    return torch.block_diag(*turns).float()


class LearnedPositions(nn.Embedding):
    """One trained vector a position, as in BERT and GPT-2: (max_len, d_model)."""

    def forward(self, n: int, start: int = 0) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Give the vectors (n, d_model) of positions start, …, start + n − 1."""
        if start + n > self.num_embeddings:
            raise InputError(
                f"the sequence has {start + n} positions and the model learned {self.num_embeddings}: "
                "cut it, or make max_len larger and train again."
            )
        return self.weight[start : start + n]


class SinusoidalPositions(nn.Module):
    """The paper's encodings as a table that grows with the longest sequence seen: nothing is trained."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.register_buffer("table", sinusoidal(64, d_model), persistent=False)
        self.table: Tensor

    def forward(self, n: int, start: int = 0) -> Tensor:
        """Give the vectors (n, d_model) of positions start, …, start + n − 1."""
        if start + n > len(self.table):
            self._tabulate(2 * (start + n))
        return self.table[start : start + n]

    @torch.inference_mode(False)  # a table made while generating must serve in training too
    def _tabulate(self, n: int) -> None:
        self.table = sinusoidal(n, self.table.shape[1]).to(self.table)


class Rotary(nn.Module):
    """Turn each pair of entries of q and k by an angle proportional to the position (RoPE).

    The score of a rotated query and key depends on their distance alone, not on where they stand.

    Notes
    -----
    Pairs are (0, 1), (2, 3), … as in the paper and in GGUF files; `transformers` keeps the halves
    (0, d/2), (1, d/2 + 1), …, which is the same with the columns of W^q and W^k permuted.
    Source: Su et al. (2021), "RoFormer", section 3.2, equation 34.

    Examples
    --------
    >>> turn = Rotary(2, base=1.0)
    >>> turn(torch.tensor([[[1.0, 0.0], [1.0, 0.0]]]))[0, 1]  # one radian at position 1
    tensor([0.5403, 0.8415])
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, d_head: int, base: float = 10_000.0) -> None:
        super().__init__()
        self.frequency = _frequencies(d_head, base)
        self.cos = self.sin = torch.empty(0)  # made at the first use, where x is

    @torch.inference_mode(False)  # a table made while generating must serve in training too
    def _tabulate(self, n: int, like: Tensor) -> None:
        """Keep the cosines and sines (n, d_head / 2) of positions 0 to n − 1."""
        angle = torch.arange(n, device="cpu")[:, None] * self.frequency
        self.cos, self.sin = angle.cos().to(like), angle.sin().to(like)

    def forward(self, x: Tensor, start: int = 0) -> Tensor:
        """Rotate x (..., T, d_head), whose first row stands at position `start`."""
        end = start + x.shape[-2]
        if end > len(self.cos) or (self.cos.dtype, self.cos.device) != (x.dtype, x.device):
            self._tabulate(2 * end, x)
        cos, sin = self.cos[start:end], self.sin[start:end]  # (T, d_head / 2)
        even, odd = x[..., 0::2], x[..., 1::2]  # (..., T, d_head / 2)
        turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1)
        return turned.flatten(-2)  # (..., T, d_head)


def alibi_slopes(n_heads: int) -> Tensor:
    """Give the heads' slopes (n_heads,): 1/2^(8/n), 1/2^(16/n), …, 1/256 for a power of two.

    For other counts the sequence for the next lower power of two comes first, then every other
    slope of the next higher one.
    Source: Press, Smith and Lewis (2022), "Train Short, Test Long", section 3.

    >>> alibi_slopes(4)
    tensor([0.2500, 0.0625, 0.0156, 0.0039])
    """
    power = 2 ** int(math.log2(n_heads))
    slopes = [2 ** (-8 * (i + 1) / power) for i in range(power)]
    between = [2 ** (-4 * (i + 1) / power) for i in range(0, 2 * power, 2)]
    return torch.tensor((slopes + between)[:n_heads], device="cpu")


def alibi(slopes: Tensor, n_queries: int, n_keys: int) -> Tensor:
    """Give what ALiBi adds to the scores, −slope · distance: (n_heads, T, S), 0 on the diagonal.

    The queries are the last T of the S positions.

    >>> alibi(torch.tensor([0.5]), 1, 3)
    tensor([[[-1.0000, -0.5000, 0.0000]]])
    """
    key = torch.arange(n_keys, device=slopes.device)
    distance = (key[n_keys - n_queries :, None] - key).abs()  # (T, S)
    return -slopes[:, None, None] * distance + 0.0  # + 0.0 makes −0 a 0


def _frequencies(d: int, base: float, form: Literal["power", "exp-log"] = "power") -> Tensor:
    """Give the d/2 angles a pair turns by at each step, from 1 down to almost 1/base."""
    if not 0 < base < math.inf:
        raise InputError(f"base is {base!r}: it must be a finite number above 0.")
    if d < 2 or d % 2:
        raise InputError(f"the width is {d}: sines and cosines come in pairs, so make it even.")
    even = torch.arange(0, d, 2, dtype=torch.float64, device="cpu")  # real also in a model on "meta"
    if form == "power":
        return base ** (-even / d)
    if form == "exp-log":
        return torch.exp(even * (-math.log(base) / d))
    raise InputError(f"form is {form!r}: it must be 'power' or 'exp-log'.")
