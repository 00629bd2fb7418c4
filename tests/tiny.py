"""Small random models and inputs, in float64. All sizes differ, so that no swapped axis passes by luck."""

from dataclasses import replace

import torch
from hypothesis import settings

from transformer_lib import masks
from transformer_lib.attention import MultiHeadAttention, watch
from transformer_lib.config import GPT2, LLAMA, ORIGINAL, DecoderConfig, EncoderConfig, TransformerConfig
from transformer_lib.models import Decoder, Encoder, Transformer

B, T, S = 2, 5, 7
N_HEADS, N_KV_HEADS, D_HEAD = 6, 3, 4
D_MODEL = N_HEADS * D_HEAD
SOURCE_VOCAB, VOCAB = 13, 17
SIZES = {"d_model": D_MODEL, "n_heads": N_HEADS, "d_ff": 11, "n_layers": 2, "max_len": 19}

# Every way to tell positions, in both orders of the norm.
FAMILIES = {
    "original": ORIGINAL,
    "gpt2": GPT2,
    "llama": LLAMA,
    "alibi": replace(GPT2, positions="alibi", norm_order="post"),
    "sinusoidal pre-norm": replace(ORIGINAL, norm_order="pre"),
    "rotary post-norm": replace(LLAMA, norm_order="post", norm="layer", bias=True, tied=False),
    "no positions": replace(GPT2, positions="none"),
}
families = {"argvalues": FAMILIES.values(), "ids": FAMILIES.keys()}

# What attention over T positions is told to hide, and where it may look after that.
PAST = masks.causal(T)
WORDS = masks.padding(torch.tensor([[4, 4, 4, 4, 4], [4, 4, 4, 0, 0]]))
HIDING = {
    "nothing": ({}, torch.ones(1, 1, T, T, dtype=torch.bool)),
    "the future": ({"causal": True}, PAST),
    "padding": ({"allowed": WORDS}, WORDS),
    "both": ({"allowed": WORDS, "causal": True}, WORDS & PAST),
}
hiding = {"argnames": ("options", "allowed"), "argvalues": HIDING.values(), "ids": HIDING.keys()}

law = settings(max_examples=20)
law_of_models = settings(law, max_examples=7)


def rand(*size, seed=0):
    """Normal numbers in float64."""
    return torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def ids(n_rows, n, vocab_size=VOCAB, seed=0):
    """Token ids (n_rows, n) without padding."""
    return torch.randint(1, vocab_size, (n_rows, n), generator=torch.Generator().manual_seed(seed))


def shaken(model, seed=0):
    """Draw every parameter anew, the norms' too: left at 1 or 0, a forgotten one would not show."""
    for i, parameter in enumerate(model.parameters()):
        parameter.data = 0.4 * rand(*parameter.shape, seed=seed + i)
    return model.double().eval()


def attention(**kind):
    return shaken(MultiHeadAttention(D_MODEL, N_HEADS, **kind))


def explicit(attend, *inputs, **options):
    """The output of attention with every weight computed, and the weights."""
    with watch(attend):
        return attend(*inputs, **options), attend.weights


def decoder(family=GPT2, **sizes):
    return shaken(Decoder(DecoderConfig(vocab_size=VOCAB, family=family, **(SIZES | sizes))))


def encoder(family=ORIGINAL, **sizes):
    return shaken(Encoder(EncoderConfig(vocab_size=VOCAB, family=family, **(SIZES | sizes))))


def transformer(family=ORIGINAL, **sizes):
    vocabularies = {"source_vocab_size": SOURCE_VOCAB, "target_vocab_size": VOCAB}
    return shaken(Transformer(TransformerConfig(**vocabularies, family=family, **(SIZES | sizes))))


def has_right_gradients(model, *inputs):
    """Compare the gradients in all parameters, and in inputs that take one, with finite differences."""
    names, parameters = zip(*model.named_parameters(), strict=True)

    def run(*tensors):
        given = dict(zip(names, tensors[: len(names)], strict=True))
        return torch.func.functional_call(model, given, tensors[len(names) :])

    return torch.autograd.gradcheck(run, (*parameters, *inputs), fast_mode=True)
