"""LayerNorm and RMSNorm: each token brought to one scale, over its own entries alone."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformer_lib.config import Family


class LayerNorm(nn.Module):
    """Give each token mean 0 and variance 1 over its own entries, then scale and shift each entry.

    scale · (x − mean) / √(variance + eps) + shift, the variance without Bessel's correction. It
    never looks at another token or another sentence.
    Source: Ba, Kiros and Hinton (2016), "Layer Normalization", section 3.

    >>> LayerNorm(4)(torch.tensor([9.0, 3, 3, 1])).detach()
    tensor([ 1.6667, -0.3333, -0.3333, -1.0000])
    """

    def __init__(self, d_model: int, eps: float = 1e-5, bias: bool = True) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(d_model))
        self.shift = nn.Parameter(torch.zeros(d_model)) if bias else None
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """(..., d_model) -> (..., d_model)."""
        return F.layer_norm(x, self.scale.shape, self.scale, self.shift, self.eps)


class RMSNorm(nn.Module):
    """Divide each token by the root of its mean square, then scale each entry: no mean, no shift.

    Source: Zhang and Sennrich (2019), "Root Mean Square Layer Normalization", equation 4.

    >>> RMSNorm(4)(torch.tensor([9.0, 3, 3, 1])).detach()
    tensor([1.8000, 0.6000, 0.6000, 0.2000])
    """

    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(d_model))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """(..., d_model) -> (..., d_model)."""
        return self.scale * x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps)


def make_norm(d_model: int, family: Family) -> nn.Module:
    """Make the family's norm."""
    if family.norm == "rms":
        return RMSNorm(d_model, family.eps)
    return LayerNorm(d_model, family.eps)
