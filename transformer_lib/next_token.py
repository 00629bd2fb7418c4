"""A model as a function from tokens to the next token's logits: what `decoding` takes."""

import torch
from torch import Tensor

from transformer_lib.models import Decoder, Transformer, unpadded
from transformer_lib.shapes import InputError


class NextToken:
    """Call it with all tokens so far, (B, T), and it gives the next one's logits, (B, vocab_size).

    With a cache it feeds the model only the tokens it has not seen, so begin each text with a new
    one. `select` keeps some rows of the batch, as beam search needs.

    Parameters
    ----------
    model : Decoder or Transformer
        In evaluation mode, or its dropout makes the text random.
    source : Tensor (B, S), for a Transformer only
        The sentences to translate; encoded once.
    cached : bool
        Keep keys and values between calls.

    Raises
    ------
    InputError
        A Transformer without source, a Decoder with one, or tokens shorter than what is cached.

    Examples
    --------
    >>> from transformer_lib.config import DecoderConfig
    >>> next_token = NextToken(Decoder(DecoderConfig(vocab_size=9)))
    >>> next_token(torch.tensor([[3, 5, 4]])).shape, next_token.n_seen
    (torch.Size([1, 9]), 3)
    """

    def __init__(
        self, model: Decoder | Transformer, source: Tensor | None = None, *, cached: bool = True
    ) -> None:
        if isinstance(model, Transformer) != (source is not None):
            raise InputError(
                "a Transformer needs the source to translate, and a Decoder has none: "
                "NextToken(transformer, source) or NextToken(decoder)."
            )
        self.model = model
        self.memory: Tensor | None = None
        self.memory_allowed: Tensor | None = None
        if isinstance(model, Transformer) and source is not None:
            with torch.inference_mode():
                self.memory, self.memory_allowed = model.encode(source), unpadded(source)
        self.caches = model.new_caches() if cached else []

    @property
    def n_seen(self) -> int:
        """How many tokens the cache holds."""
        return len(self.caches[0]) if self.caches else 0

    @torch.inference_mode()
    def __call__(self, tokens: Tensor) -> Tensor:
        """tokens (B, T) -> logits (B, vocab_size)."""
        new = tokens[:, self.n_seen :]
        if new.shape[1] == 0:
            raise InputError(
                f"the cache has seen {self.n_seen} tokens and {tokens.shape[1]} are given: "
                "give a new one at least, or begin again with a new NextToken."
            )
        if self.memory is None:
            return self.model(new, caches=self.caches, last=True)[:, -1]
        assert isinstance(self.model, Transformer)
        return self.model.decode(new, self.memory, self.memory_allowed, self.caches, last=True)[:, -1]

    def select(self, rows: Tensor) -> None:
        """Keep these rows of the batch, in this order; a row may come several times."""
        if self.memory is not None:
            self.memory = self.memory[rows]
        if self.memory_allowed is not None:
            self.memory_allowed = self.memory_allowed[rows]
        for cache in self.caches:
            cache.select(rows)
