"""Checkpoints: a resumed run is the run, a file is whole or refused, and weights come back as they were."""

import json
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Generator, nn

from transformer_lib.config import GPT2, LLAMA, ORIGINAL, DecoderConfig, EncoderConfig, TransformerConfig
from transformer_lib.heads import Classifier
from transformer_lib.models import Decoder, Encoder, Transformer
from transformer_lib.shapes import InputError
from transformer_lib.training import (
    History,
    adam,
    load,
    load_model,
    next_token_loss,
    save,
    seeded,
    train,
    translation_loss,
)

# All sizes differ, so that a swapped axis cannot pass by luck.
B, S, T, VOCAB, SOURCE_VOCAB = 2, 5, 3, 7, 11
SIZES = {"d_model": 8, "n_heads": 2, "d_ff": 13, "n_layers": 1, "dropout": 0.1}


def decoder(family=GPT2, **sizes):
    with seeded(0):
        return Decoder(DecoderConfig(vocab_size=VOCAB, family=family, **(SIZES | sizes)))


def encoder():
    with seeded(0):
        return Encoder(EncoderConfig(vocab_size=VOCAB, **SIZES))


def transformer(family=ORIGINAL):
    with seeded(0):
        return Transformer(
            TransformerConfig(source_vocab_size=SOURCE_VOCAB, target_vocab_size=VOCAB, family=family, **SIZES)
        )


def draw(generator, width, vocab_size=VOCAB):
    return torch.randint(1, vocab_size, (B, width), generator=generator)


def texts(generator):
    return (draw(generator, T) for _ in count())


def pairs(generator):
    return ((draw(generator, S, SOURCE_VOCAB), draw(generator, T)) for _ in count())


def interrupted(batches, after):
    """Give some batches, then what Ctrl-C gives."""
    yield from islice(batches, after)
    raise KeyboardInterrupt


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# The kinds of model that are trained: how to make one, its batches and its loss.
TRAINED = {
    "decoder, tied": (decoder, texts, next_token_loss),
    "decoder, untied": (lambda: decoder(LLAMA, n_layers=2), texts, next_token_loss),
    "transformer": (transformer, pairs, translation_loss),
}


# ---- exact resume


@pytest.mark.parametrize("after", [4, 5, 8], ids=lambda after: f"after {after}")
@pytest.mark.parametrize(("make", "batches", "loss"), TRAINED.values(), ids=TRAINED.keys())
def test_an_interrupted_run_ends_with_the_same_bits(tmp_path, make, batches, loss, after):
    recipe = {"steps": 11, "schedule": lambda step: 0.01 / step, "every": 4, "measure": lambda model: 0.5}
    whole, half, rest = make(), make(), make()
    torch.manual_seed(3)  # of dropout
    generator = Generator().manual_seed(1)
    history = train(
        whole, batches(generator), loss, checkpoint=tmp_path / "whole", generator=generator, **recipe
    )

    torch.manual_seed(3)
    generator, path = Generator().manual_seed(1), tmp_path / "half"
    with pytest.raises(KeyboardInterrupt):
        train(
            half, interrupted(batches(generator), after), loss, checkpoint=path, generator=generator, **recipe
        )
    torch.manual_seed(99)  # another process begins elsewhere
    generator = Generator().manual_seed(98)
    resumed = train(
        rest, batches(generator), loss, checkpoint=path, generator=generator, resume=True, **recipe
    )

    assert same(rest.state_dict(), whole.state_dict())
    assert same(load_file(path), load_file(tmp_path / "whole"))  # optimiser and generators too
    assert resumed == history


def test_a_run_that_is_over_is_not_trained_further(tmp_path):
    recipe = {"schedule": lambda _: 0.01, "checkpoint": tmp_path / "run", "generator": Generator()}
    model = decoder()
    train(model, texts(recipe["generator"]), next_token_loss, steps=3, **recipe)

    history = train(decoder(), [], next_token_loss, steps=3, resume=True, **recipe)

    assert history.step == 3


def test_a_run_that_reached_its_bar_is_not_trained_further(tmp_path):
    recipe = {"schedule": lambda _: 0.01, "checkpoint": tmp_path / "run", "generator": Generator()}
    recipe |= {"steps": 9, "every": 2, "bar": 0.5, "measure": lambda model: 0.5}
    train(decoder(), texts(recipe["generator"]), next_token_loss, **recipe)

    history = train(decoder(), [], next_token_loss, resume=True, **recipe)

    assert history.step == 2


def test_an_optimiser_that_keeps_nothing_resumes_too(tmp_path):
    model = decoder()
    sgd = torch.optim.SGD(model.parameters())
    generator = Generator().manual_seed(1)
    recipe = {"schedule": lambda _: 0.01, "optimiser": sgd, "checkpoint": tmp_path / "run"}
    train(model, texts(generator), next_token_loss, steps=2, generator=generator, **recipe)

    history = train(
        model, texts(generator), next_token_loss, steps=3, generator=generator, resume=True, **recipe
    )

    assert history.step == 3


# ---- what is written


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (decoder, (draw(Generator(), T),)),
        (lambda: decoder(replace(LLAMA, eps=0.1, positions="alibi"), n_kv_heads=1), (draw(Generator(), T),)),
        (encoder, (draw(Generator(), T),)),
        (transformer, (draw(Generator(), S, SOURCE_VOCAB), draw(Generator(), T))),
    ],
    ids=["decoder", "decoder of another family", "encoder", "transformer"],
)
def test_a_model_comes_back_from_its_file_alone(tmp_path, make, inputs):
    model = make().eval()
    save(tmp_path / "model.safetensors", model)

    back = load_model(tmp_path / "model.safetensors")

    assert back.config == model.config
    assert not back.training
    assert torch.equal(back(*inputs), model(*inputs))


def test_a_tied_matrix_is_stored_once_and_tied_again(tmp_path):
    save(tmp_path / "model", decoder())

    model = load_model(tmp_path / "model")

    assert "model.unembed.weight" not in load_file(tmp_path / "model")
    assert model.unembed.weight is model.embedding.tokens.weight


def test_a_model_without_a_config_is_filled(tmp_path):
    one, other = Classifier(encoder(), 3), Classifier(encoder(), 3)
    nn.init.ones_(one.classes.weight)
    save(tmp_path / "model", one)

    load(tmp_path / "model", other)

    assert same(other.state_dict(), one.state_dict())


def test_the_header_tells_config_optimiser_and_history_in_json(tmp_path):
    model, history = decoder(), History([2.5], [0.1], {1: 0.1 + 0.2})
    save(tmp_path / "run", model, adam(model), Generator(), history)

    with safe_open(tmp_path / "run", "pt") as file:
        header = json.loads(file.metadata()["transformer_lib"])

    assert header["config"]["class"] == "Decoder"
    assert header["config"]["d_ff"] == 13
    assert header["config"]["family.positions"] == "learned"
    assert header["optimiser"] == "Adam"
    assert History.from_json(header["history"]) == history


@pytest.mark.parametrize("failing", ["write_bytes", "replace"], ids=["while writing", "while renaming"])
def test_a_failure_while_saving_leaves_the_checkpoint_before(tmp_path, monkeypatch, failing):
    def fail(path, *given):
        path.write_text("half a file", "utf-8")
        raise OSError("no space left")

    path, model = tmp_path / "run", decoder()
    save(path, model, history=History([2.5], [0.1]))
    monkeypatch.setattr(Path, failing, fail)

    with pytest.raises(OSError, match="no space left"):
        save(path, model)

    assert load(path, model).loss == [2.5]


def test_the_folder_of_a_checkpoint_is_made(tmp_path):
    save(tmp_path / "a" / "b" / "model", decoder())

    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["model"]


# ---- messages


@settings(max_examples=30)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_short_anywhere_is_refused(tmp_path_factory, share):
    path = tmp_path_factory.getbasetemp() / "cut"
    save(path, decoder())
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])

    with pytest.raises(InputError, match="is not a whole checkpoint: it was cut short"):
        load(path, decoder())


@pytest.mark.parametrize("content", ["", "# Notes\n", "{}" * 50], ids=["empty", "text", "other text"])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    (tmp_path / "notes").write_text(content, "utf-8")

    with pytest.raises(InputError, match=r"notes is not a whole checkpoint: .* or is no safetensors file"):
        load_model(tmp_path / "notes")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not a whole checkpoint"):
        load_model(tmp_path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"there is no checkpoint .*none: train first, or correct the name"):
        load(tmp_path / "none", decoder())


@pytest.mark.parametrize("header", [None, {"format": "pt"}], ids=["no header", "another header"])
def test_weights_that_do_not_say_their_config_are_refused(tmp_path, header):
    save_file({"w": torch.zeros(2)}, tmp_path / "weights", header)

    with pytest.raises(InputError, match="weights does not say its config"):
        load_model(tmp_path / "weights")


def test_a_header_that_is_not_json_is_refused(tmp_path):
    save_file({"w": torch.zeros(2)}, tmp_path / "weights", {"transformer_lib": "d_model=8"})

    with pytest.raises(InputError, match="weights is not a whole checkpoint"):
        load_model(tmp_path / "weights")


def test_a_checkpoint_of_another_config_is_refused_with_the_fields_that_differ(tmp_path):
    save(tmp_path / "run", decoder(n_layers=2))
    model = decoder(replace(GPT2, positions="none"), n_layers=3)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}

    with pytest.raises(
        InputError,
        match=r"run is of another config, n_layers 2 \(the model: 3\), "
        r"family.positions learned \(the model: none\): make the model as",
    ):
        load(tmp_path / "run", model)

    assert same(model.state_dict(), before)


def test_a_checkpoint_of_another_class_is_refused(tmp_path):
    save(tmp_path / "run", encoder())

    with pytest.raises(InputError, match=r"another config, class Encoder \(the model: Decoder\)"):
        load(tmp_path / "run", decoder())


def test_weights_of_another_shape_are_refused(tmp_path):
    save(tmp_path / "model", nn.Linear(3, 5))

    with pytest.raises(InputError, match="model and the model differ in weight: fill the model it was"):
        load(tmp_path / "model", nn.Linear(4, 5))


def test_a_model_that_is_not_of_the_library_must_be_made_by_hand(tmp_path):
    save(tmp_path / "model", nn.Linear(3, 5))

    with pytest.raises(InputError, match="model holds a Linear: make one yourself and fill it with `load`"):
        load_model(tmp_path / "model")


def test_a_checkpoint_of_another_version_is_refused(tmp_path):
    config = {"class": "Decoder", "vocab_size": 7, "n_experts": 8}
    header = {"config": config, "optimiser": None, "history": {}}
    save_file({"w": torch.zeros(2)}, tmp_path / "new", {"transformer_lib": json.dumps(header)})

    with pytest.raises(InputError, match="new was saved by another version of the library"):
        load_model(tmp_path / "new")


def test_weights_alone_cannot_be_resumed(tmp_path):
    model = decoder()
    save(tmp_path / "model", model)

    with pytest.raises(InputError, match="holds the state of None and the optimiser is Adam: to resume"):
        load(tmp_path / "model", model, adam(model))
    with pytest.raises(InputError, match="model holds no generator: to resume"):
        load(tmp_path / "model", model, generator=Generator())
