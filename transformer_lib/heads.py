"""What stands on an encoder: guess the hidden token, or name the class of the whole sentence."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from transformer_lib.models import Encoder
from transformer_lib.norms import make_norm
from transformer_lib.shapes import InputError


class MaskedLanguageModel(nn.Module):
    """Guess each token from both sides: one layer, the norm, and the embedding matrix turned round.

    Source: Devlin et al. (2019), section 3.1, task 1.

    >>> from transformer_lib.config import EncoderConfig
    >>> MaskedLanguageModel(Encoder(EncoderConfig(vocab_size=9)))(torch.tensor([[3, 5]])).shape
    torch.Size([1, 2, 9])
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        config = encoder.config
        self.transform = nn.Linear(config.d_model, config.d_model)
        self.norm = make_norm(config.d_model, config.family)
        self.unembed = nn.Linear(config.d_model, config.vocab_size)
        self.unembed.weight = encoder.embedding.tokens.weight
        nn.init.zeros_(self.unembed.bias)

    def forward(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        """tokens (B, T) -> logits (B, T, vocab_size)."""
        x = F.gelu(self.transform(self.encoder(tokens, segments)))  # (B, T, d_model)
        return self.unembed(self.norm(x))


class Classifier(nn.Module):
    """Name the class of a sequence from one vector: its first token's, or the mean of all.

    "first" adds BERT's pooler, a layer and tanh; "mean" leaves padding out.
    Source: Devlin et al. (2019), section 4.1; Reimers and Gurevych (2019), "Sentence-BERT", section 3.

    >>> from transformer_lib.config import EncoderConfig
    >>> Classifier(Encoder(EncoderConfig(vocab_size=9)), 3)(torch.tensor([[3, 5]])).shape
    torch.Size([1, 3])
    """

    def __init__(self, encoder: Encoder, n_classes: int, pooling: Literal["first", "mean"] = "first") -> None:
        super().__init__()
        if n_classes < 2:
            raise InputError(f"n_classes is {n_classes}: to classify, give at least 2.")
        d_model = encoder.config.d_model
        self.encoder = encoder
        self.pooler = nn.Linear(d_model, d_model) if pooling == "first" else None
        self.dropout = nn.Dropout(encoder.config.dropout)
        self.classes = nn.Linear(d_model, n_classes)

    def forward(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        """tokens (B, T) -> logits (B, n_classes)."""
        x = self.encoder(tokens, segments)  # (B, T, d_model)
        pooled = mean_pooled(x, tokens) if self.pooler is None else torch.tanh(self.pooler(x[:, 0]))
        return self.classes(self.dropout(pooled))


def mean_pooled(x: Tensor, tokens: Tensor) -> Tensor:
    """Average the vectors x (B, T, d_model) of the tokens (B, T) that are not padding: (B, d_model).

    >>> mean_pooled(torch.tensor([[[1.0], [3.0], [99.0]]]), torch.tensor([[5, 7, 0]]))
    tensor([[2.]])
    """
    real = (tokens != 0).unsqueeze(-1).to(x.dtype)  # (B, T, 1)
    return (x * real).sum(1) / real.sum(1)
