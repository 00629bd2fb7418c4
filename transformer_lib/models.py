"""Three Transformers: an encoder–decoder to translate, an encoder to read, a decoder to write."""

from collections.abc import Sequence

from torch import Tensor, nn

from transformer_lib import masks
from transformer_lib.blocks import DecoderBlock, EncoderBlock
from transformer_lib.cache import KVCache
from transformer_lib.config import Config, DecoderConfig, EncoderConfig, TransformerConfig
from transformer_lib.embedding import Embedding
from transformer_lib.norms import make_norm
from transformer_lib.shapes import ShapeError


class Transformer(nn.Module):
    """The encoder–decoder of the paper: source tokens in, logits of the next target token out.

    Token 0 is padding. The source's is hidden; the target's stands at the end, where the causal
    mask keeps it from every real position.

    Notes
    -----
    Source: Vaswani et al. (2017), figure 1.

    Examples
    --------
    >>> import torch
    >>> model = Transformer(TransformerConfig(source_vocab_size=9, target_vocab_size=7))
    >>> model(torch.tensor([[3, 5, 4]]), torch.tensor([[1, 2]])).shape
    torch.Size([1, 2, 7])
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        embedding = config.d_model, config.max_len, config.family, config.dropout
        block = config.d_model, config.n_heads, config.d_ff, config.family, config.dropout
        self.source_embedding = Embedding(config.source_vocab_size, *embedding)
        self.target_embedding = Embedding(config.target_vocab_size, *embedding)
        self.encoder = nn.ModuleList(EncoderBlock(*block) for _ in range(config.n_layers))
        self.encoder_norm = _final_norm(config)
        self.decoder = nn.ModuleList(DecoderBlock(*block) for _ in range(config.n_layers))
        self.decoder_norm = _final_norm(config)
        self.unembed = _unembed(self.target_embedding, config)
        _initialise(self)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """source (B, S) and target (B, T) -> logits (B, T, target_vocab_size)."""
        if len(source) != len(target):
            raise ShapeError(
                f"source holds {len(source)} sentences and target {len(target)}: give each its translation."
            )
        return self.decode(target, self.encode(source), unpadded(source))

    def encode(self, source: Tensor) -> Tensor:
        """(B, S) tokens -> memory (B, S, d_model), which every target position will ask."""
        x, allowed = self.source_embedding(source), unpadded(source)
        for block in self.encoder:
            x = block(x, allowed)
        return self.encoder_norm(x)

    def decode(
        self,
        target: Tensor,
        memory: Tensor,
        memory_allowed: Tensor | None = None,
        caches: Sequence[KVCache] | None = None,
        *,
        last: bool = False,
    ) -> Tensor:
        """target (B, T), memory (B, S, d_model) -> logits (B, T, target_vocab_size).

        With `caches`, target holds only the tokens the caches have not seen; with `last`, only the
        last position is scored: (B, 1, target_vocab_size).
        """
        x = self.target_embedding(target, len(caches[0]) if caches else 0)
        for i, block in enumerate(self.decoder):
            pair = (caches[2 * i], caches[2 * i + 1]) if caches else (None, None)
            x = block(x, memory, None, memory_allowed, pair)
        return self.unembed(self.decoder_norm(x[:, -1:] if last else x))

    def new_caches(self) -> list[KVCache]:
        """Make two empty caches a layer: of its self-attention, of its cross-attention."""
        return [KVCache() for _ in range(2 * len(self.decoder))]


class Encoder(nn.Module):
    """An encoder that reads both ways: BERT, with the heads of `heads` on top.

    Token 0 is padding and hidden. In post-norm the sum of the embeddings is normalised too.
    Source: Devlin et al. (2019), "BERT", section 3.

    >>> import torch
    >>> Encoder(EncoderConfig(vocab_size=9))(torch.tensor([[3, 5, 4], [6, 0, 0]])).shape
    torch.Size([2, 3, 64])
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        block = config.d_model, config.n_heads, config.d_ff, config.family, config.dropout
        self.embedding = Embedding(config.vocab_size, config.d_model, config.max_len, config.family)
        self.segments = nn.Embedding(config.n_segments, config.d_model)
        post = config.family.norm_order == "post"
        self.embedding_norm = make_norm(config.d_model, config.family) if post else nn.Identity()
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(EncoderBlock(*block) for _ in range(config.n_layers))
        self.norm = _final_norm(config)
        _initialise(self)

    def forward(
        self, tokens: Tensor, segments: Tensor | None = None, allowed: Tensor | None = None
    ) -> Tensor:
        """tokens (B, T) -> (B, T, d_model).

        `segments` (B, T) says which sentence a token is of, the first if left out; `allowed`
        (bool, broadcasts to (B, H, T, T)) takes the place of the padding mask.
        """
        allowed = unpadded(tokens) if allowed is None else allowed
        x = self.embedding(tokens)
        x = x + (self.segments.weight[0] if segments is None else self.segments(segments))
        x = self.dropout(self.embedding_norm(x))
        for block in self.blocks:
            x = block(x, allowed)
        return self.norm(x)


class Decoder(nn.Module):
    """A decoder alone, which reads from left to right and predicts the next token: GPT-2, Llama.

    Notes
    -----
    Source: Radford et al. (2019), "Language Models are Unsupervised Multitask Learners", section
    2.3; Touvron et al. (2023), "LLaMA", section 2.2.

    Examples
    --------
    >>> import torch
    >>> Decoder(DecoderConfig(vocab_size=9))(torch.tensor([[3, 5, 4]])).shape
    torch.Size([1, 3, 9])
    """

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        block = config.d_model, config.n_heads, config.d_ff, config.family, config.dropout, config.n_kv_heads
        self.embedding = Embedding(
            config.vocab_size, config.d_model, config.max_len, config.family, config.dropout
        )
        self.blocks = nn.ModuleList(EncoderBlock(*block) for _ in range(config.n_layers))
        self.norm = _final_norm(config)
        self.unembed = _unembed(self.embedding, config)
        _initialise(self)

    def forward(
        self,
        tokens: Tensor,
        allowed: Tensor | None = None,
        caches: Sequence[KVCache] | None = None,
        *,
        last: bool = False,
    ) -> Tensor:
        """tokens (B, T) -> logits (B, T, vocab_size).

        `allowed` (bool, broadcasts to (B, H, T, S)) takes the place of the causal mask. With
        `caches`, tokens holds only what the caches have not seen; with `last`, only the last
        position is scored: (B, 1, vocab_size).
        """
        x = self.embedding(tokens, len(caches[0]) if caches else 0)
        for i, block in enumerate(self.blocks):
            x = block(x, allowed, causal=allowed is None, cache=caches[i] if caches else None)
        return self.unembed(self.norm(x[:, -1:] if last else x))

    def new_caches(self) -> list[KVCache]:
        """Make an empty cache for each layer."""
        return [KVCache() for _ in self.blocks]


def unpadded(tokens: Tensor) -> Tensor | None:
    """Give the padding mask of tokens (B, S), or None where there is nothing to hide."""
    return masks.padding(tokens) if (tokens == 0).any() else None


def _final_norm(config: Config) -> nn.Module:
    """Pre-norm leaves the sum itself without a norm, so one more stands at the end of the stack."""
    return make_norm(config.d_model, config.family) if config.family.norm_order == "pre" else nn.Identity()


def _unembed(embedding: Embedding, config: Config) -> nn.Linear:
    """Score each token of the vocabulary, with the matrix that embeds them if the family ties the two."""
    unembed = nn.Linear(config.d_model, embedding.tokens.num_embeddings, bias=False)
    if config.family.tied:
        unembed.weight = embedding.tokens.weight
    return unembed


def _initialise(model: nn.Module) -> None:
    """Draw the layers' matrices as Glorot and Bengio (2010), equation 16; start their biases at 0."""
    for name, part in model.named_modules():
        if isinstance(part, nn.Linear) and name != "unembed":
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
