"""Settings: sizes that fit, choices that exist, and one sentence when they do not."""

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from transformer_lib.config import (
    BERT,
    GPT2,
    LLAMA,
    ORIGINAL,
    DecoderConfig,
    EncoderConfig,
    Family,
    TransformerConfig,
    check_heads,
)
from transformer_lib.shapes import InputError


def translator(**sizes):
    return TransformerConfig(**({"source_vocab_size": 13, "target_vocab_size": 17} | sizes))


def reader(**sizes):
    return EncoderConfig(**({"vocab_size": 17} | sizes))


def writer(**sizes):
    return DecoderConfig(**({"vocab_size": 17} | sizes))


every = pytest.mark.parametrize("make", [translator, reader, writer])


@every
@pytest.mark.parametrize("name", ["d_model", "n_heads", "n_layers", "max_len"])
@pytest.mark.parametrize("size", [0, -1, 2.0, "4", True, None])
def test_a_size_is_a_whole_number_of_at_least_one(make, name, size):
    with pytest.raises(InputError, match=rf"^{name} is {size!r}: it must be a whole number of at least 1\.$"):
        make(**{name: size})


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (translator, "source_vocab_size"),
        (translator, "target_vocab_size"),
        (translator, "d_ff"),
        (reader, "vocab_size"),
        (reader, "d_ff"),
        (reader, "n_segments"),
        (writer, "vocab_size"),
    ],
)
def test_so_are_the_sizes_that_one_model_has_alone(make, name):
    with pytest.raises(InputError, match=rf"^{name} is 0: it must be a whole number of at least 1"):
        make(**{name: 0})


@every
def test_one_of_everything_is_enough(make):
    one = make(d_model=2, n_heads=1, n_layers=1, max_len=1, d_ff=1)

    assert one.n_layers == one.n_heads == 1


@every
@pytest.mark.parametrize("dropout", [-0.1, 1, 1.5])
def test_dropout_is_a_probability(make, dropout):
    with pytest.raises(
        InputError, match=rf"^dropout is {dropout}: it is a probability, at least 0 and below 1"
    ):
        make(dropout=dropout)


@every
def test_heads_share_the_width_evenly(make):
    sentence = r"^d_model is 10 and n_heads is 4: each head takes .* make d_model a multiple of n_heads\.$"
    with pytest.raises(InputError, match=sentence):
        make(d_model=10, n_heads=4)


def test_keys_heads_serve_equally_many_heads_of_queries():
    with pytest.raises(InputError, match=r"^n_heads is 4 and n_kv_heads is 3: each head of keys serves"):
        writer(n_heads=4, n_kv_heads=3)
    with pytest.raises(InputError, match=r"^n_kv_heads is -2: it must be a whole number of at least 1"):
        writer(n_heads=4, n_kv_heads=-2)


def test_each_head_has_its_own_keys_if_nothing_is_said():
    assert writer(n_heads=8).n_kv_heads == 8
    assert writer(n_heads=8, n_kv_heads=2).n_kv_heads == 2


def test_heads_that_fit_pass():
    check_heads(12, 6, 3)


@pytest.mark.parametrize("d_ff", [0, 1])
def test_a_decoder_may_be_attention_alone(d_ff):
    assert writer(d_ff=d_ff).d_ff == d_ff


def test_a_width_below_nothing_is_refused():
    with pytest.raises(InputError, match=r"^d_ff is -1: give 0 for attention alone, or a width above 0"):
        writer(d_ff=-1)


@every
def test_sinusoids_need_an_even_width(make):
    with pytest.raises(InputError, match=r"^d_model is 15: sinusoids come in pairs, so make it even"):
        make(d_model=15, n_heads=3, family=ORIGINAL)

    assert make(d_model=15, n_heads=3, family=GPT2).d_model == 15


@every
def test_rotary_heads_need_an_even_width(make):
    with pytest.raises(
        InputError, match=r"^a head has 3 entries: rotary positions turn pairs, so make d_model"
    ):
        make(d_model=12, n_heads=4, family=LLAMA)

    assert make(d_model=12, n_heads=4, family=GPT2).d_model == 12


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("norm_order", "post, pre"),
        ("norm", "layer, rms"),
        ("feed_forward", "relu, gelu, gelu_tanh, swiglu"),
        ("positions", "sinusoidal, learned, rotary, alibi, none"),
    ],
)
def test_a_choice_that_does_not_exist_is_refused(name, choices):
    with pytest.raises(InputError, match=rf"^{name} is 'other': it must be one of {choices}\.$"):
        replace(GPT2, **{name: "other"})


def test_a_model_is_of_the_family_that_made_its_kind_known():
    assert translator().family is ORIGINAL
    assert reader().family is BERT
    assert writer().family is GPT2


@pytest.mark.parametrize("settings", [Family, TransformerConfig, EncoderConfig, DecoderConfig])
def test_settings_have_nine_fields_at_most(settings):
    assert len(fields(settings)) <= 9


def test_settings_do_not_change():
    with pytest.raises(FrozenInstanceError):
        writer().d_model = 3
