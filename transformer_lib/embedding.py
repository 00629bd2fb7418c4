"""From token ids to vectors that say what stands where."""

import torch
from torch import Tensor, nn

from transformer_lib import positions
from transformer_lib.config import Family
from transformer_lib.shapes import InputError, ShapeError


class Embedding(nn.Module):
    """Turn tokens (B, T) into vectors (B, T, d_model), positions added if the family adds them.

    Under sinusoids a token's vector is multiplied by √d_model: it is drawn with length about 1,
    and a position's has length √(d_model / 2).
    Source: Vaswani et al. (2017), sections 3.4 and 3.5.

    Examples
    --------
    >>> from transformer_lib.config import ORIGINAL
    >>> embed = Embedding(9, 4, max_len=8, family=ORIGINAL)
    >>> embed(torch.tensor([[1, 2, 3]])).shape
    torch.Size([1, 3, 4])
    >>> embed(torch.tensor([[1, 9]]))
    Traceback (most recent call last):
    transformer_lib.shapes.InputError: tokens holds ids from 1 to 9 and the vocabulary has 9: they run \
from 0 to 8.
    """

    def __init__(
        self, vocab_size: int, d_model: int, max_len: int, family: Family, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, d_model)
        nn.init.normal_(self.tokens.weight, std=d_model**-0.5)
        self.positions = _positions(max_len, d_model, family)
        self.factor = d_model**0.5 if family.positions == "sinusoidal" else 1.0
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, start: int = 0) -> Tensor:
        """Embed tokens (B, T) of whole numbers, whose first column stands at position `start`."""
        if tokens.ndim != 2 or tokens.shape[1] == 0:
            raise ShapeError(
                f"tokens has shape {tuple(tokens.shape)}: give (sentences, positions), one position at least."
            )
        if tokens.dtype not in (torch.int32, torch.int64):
            raise InputError(f"tokens holds {tokens.dtype}: token ids are whole numbers, so give torch.long.")
        x = self._look_up(tokens) * self.factor  # (B, T, d_model)
        if self.positions is not None:
            x = x + self.positions(tokens.shape[1], start)
        return self.dropout(x)

    def _look_up(self, tokens: Tensor) -> Tensor:
        try:
            return self.tokens(tokens)
        except IndexError:
            n = self.tokens.num_embeddings
            raise InputError(
                f"tokens holds ids from {int(tokens.min())} to {int(tokens.max())} and the vocabulary "
                f"has {n}: they run from 0 to {n - 1}."
            ) from None


def _positions(max_len: int, d_model: int, family: Family) -> nn.Module | None:
    if family.positions == "learned":
        return positions.LearnedPositions(max_len, d_model)
    if family.positions == "sinusoidal":
        return positions.SinusoidalPositions(d_model)
    return None  # rotary and ALiBi work inside attention
