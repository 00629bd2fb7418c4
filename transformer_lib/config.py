"""What distinguishes one Transformer from another: a family's choices, and a model's sizes."""

from dataclasses import dataclass
from typing import Literal, get_args

from transformer_lib.shapes import InputError

NormOrder = Literal["post", "pre"]
Norm = Literal["layer", "rms"]
Activation = Literal["relu", "gelu", "gelu_tanh", "swiglu"]
Positions = Literal["sinusoidal", "learned", "rotary", "alibi", "none"]

_CHOICES = {
    "norm_order": get_args(NormOrder),
    "norm": get_args(Norm),
    "feed_forward": get_args(Activation),
    "positions": get_args(Positions),
}


@dataclass(frozen=True, kw_only=True)
class Family:
    """The choices that tell one family of Transformers from another; sizes are not among them.

    `dataclasses.replace` makes a variant.

    Examples
    --------
    >>> from dataclasses import replace
    >>> replace(ORIGINAL, norm_order="pre").norm_order
    'pre'
    """

    norm_order: NormOrder  # the norm after each sum, or before each sublayer
    norm: Norm
    feed_forward: Activation
    positions: Positions
    bias: bool = True  # in the projections and the feed-forward network
    tied: bool = True  # one matrix reads tokens in and scores them at the end
    residual: bool = True  # off only to show what is lost without it
    eps: float = 1e-5  # keeps the norm from dividing by 0
    rope_base: float = 10_000.0  # the slowest rotary pair turns once in about 2π · base positions

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(
                    f"{name} is {getattr(self, name)!r}: it must be one of {', '.join(choices)}."
                )


ORIGINAL = Family(norm_order="post", norm="layer", feed_forward="relu", positions="sinusoidal")
BERT = Family(norm_order="post", norm="layer", feed_forward="gelu", positions="learned", eps=1e-12)
GPT2 = Family(norm_order="pre", norm="layer", feed_forward="gelu_tanh", positions="learned")
LLAMA = Family(norm_order="pre", norm="rms", feed_forward="swiglu", positions="rotary", bias=False)


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """Sizes of an encoder–decoder (Vaswani et al., 2017, table 3); `n_layers` counts each side.

    >>> TransformerConfig(source_vocab_size=40, target_vocab_size=30).d_model
    64
    """

    source_vocab_size: int
    target_vocab_size: int
    d_model: int = 64
    n_heads: int = 4
    d_ff: int = 256
    n_layers: int = 1
    max_len: int = 128  # of learned positions; the other kinds have no limit
    dropout: float = 0.0
    family: Family = ORIGINAL

    def __post_init__(self) -> None:
        _check_sizes(self, "source_vocab_size", "target_vocab_size", "d_ff")


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """Sizes of an encoder (Devlin et al., 2019, section 3).

    >>> EncoderConfig(vocab_size=30, d_model=10, n_heads=4)
    Traceback (most recent call last):
    transformer_lib.shapes.InputError: d_model is 10 and n_heads is 4: each head takes d_model / n_heads \
entries, so make d_model a multiple of n_heads.
    """

    vocab_size: int
    d_model: int = 64
    n_heads: int = 4
    d_ff: int = 256
    n_layers: int = 2
    max_len: int = 128  # of learned positions; the other kinds have no limit
    n_segments: int = 2  # sentence A and sentence B
    dropout: float = 0.0
    family: Family = BERT

    def __post_init__(self) -> None:
        _check_sizes(self, "vocab_size", "d_ff", "n_segments")


@dataclass(frozen=True, kw_only=True)
class DecoderConfig:
    """Sizes of a decoder alone (Radford et al., 2019); `d_ff = 0` leaves attention alone.

    >>> DecoderConfig(vocab_size=30, n_heads=4).n_kv_heads
    4
    """

    vocab_size: int
    d_model: int = 64
    n_heads: int = 4
    n_kv_heads: int = 0  # heads of keys and values, each shared by a group of queries; 0: as n_heads
    d_ff: int = 256
    n_layers: int = 2
    max_len: int = 128  # of learned positions; the other kinds have no limit
    dropout: float = 0.0
    family: Family = GPT2

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_kv_heads", self.n_kv_heads or self.n_heads)
        _check_sizes(self, "vocab_size", "n_kv_heads")
        check_heads(self.d_model, self.n_heads, self.n_kv_heads)
        if self.d_ff < 0:
            raise InputError(f"d_ff is {self.d_ff}: give 0 for attention alone, or a width above 0.")


Config = TransformerConfig | EncoderConfig | DecoderConfig


def check_heads(d_model: int, n_heads: int, n_kv_heads: int) -> None:
    """Raise InputError unless the heads share d_model, and the queries' heads share the keys', evenly."""
    if d_model % n_heads:
        raise InputError(
            f"d_model is {d_model} and n_heads is {n_heads}: each head takes d_model / n_heads entries, "
            "so make d_model a multiple of n_heads."
        )
    if n_heads % n_kv_heads:
        raise InputError(
            f"n_heads is {n_heads} and n_kv_heads is {n_kv_heads}: each head of keys serves equally many "
            "heads of queries, so make n_heads a multiple of n_kv_heads."
        )


def _check_sizes(config: Config, *also: str) -> None:
    for name in ("d_model", "n_heads", "n_layers", "max_len", *also):
        size = getattr(config, name)
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise InputError(f"{name} is {size!r}: it must be a whole number of at least 1.")
    if not 0 <= config.dropout < 1:
        raise InputError(f"dropout is {config.dropout}: it is a probability, at least 0 and below 1.")
    check_heads(config.d_model, config.n_heads, config.n_heads)
    if config.family.positions == "sinusoidal" and config.d_model % 2:
        raise InputError(f"d_model is {config.d_model}: sinusoids come in pairs, so make it even.")
    if config.family.positions == "rotary" and config.d_model // config.n_heads % 2:
        raise InputError(
            f"a head has {config.d_model // config.n_heads} entries: rotary positions turn pairs, "
            "so make d_model / n_heads even."
        )
