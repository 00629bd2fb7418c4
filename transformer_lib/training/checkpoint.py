"""Weights in a file, with the model's config; and all that a run needs to go on as if never interrupted."""

import json
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Generator, Tensor, nn
from torch.optim import Optimizer

from transformer_lib.config import DecoderConfig, EncoderConfig, Family, TransformerConfig
from transformer_lib.models import Decoder, Encoder, Transformer
from transformer_lib.shapes import InputError
from transformer_lib.training.history import History

HEADER = "transformer_lib"  # one entry: of several, safetensors would change the order from file to file
MODELS = {
    "Transformer": (Transformer, TransformerConfig),
    "Encoder": (Encoder, EncoderConfig),
    "Decoder": (Decoder, DecoderConfig),
}


def save(
    path: str | Path,
    model: nn.Module,
    optimiser: Optimizer | None = None,
    generator: Generator | None = None,
    history: History | None = None,
) -> None:
    """Write the weights, or all of a run, as safetensors with the config as JSON in the header.

    Parameters
    ----------
    path : str or Path
        Its folder is made if it is missing. The file appears whole or not at all: it is written
        beside the old one and takes its name at the end.
    model : Module
        A tied matrix is written once.
    optimiser, generator, history : optional
        With all three, `load` can resume exactly. Torch's own generator, which dropout draws from,
        goes along with `generator`.

    Notes
    -----
    The header is JSON: `config` (the class and its sizes), `optimiser` (its class) and `history`. The
    same run gives the same file, byte for byte.
    Source of the format: https://huggingface.co/docs/safetensors
    """
    path = Path(path)
    tensors = {f"model.{name}": weight for name, weight in _weights(model).items()}
    if optimiser is not None:
        for i, kept in optimiser.state_dict()["state"].items():
            kept = {name: value for name, value in kept.items() if value is not None}  # SGD keeps nothing
            tensors |= {f"optimiser.{i}.{name}": value for name, value in kept.items()}
    if generator is not None:
        tensors |= {"generator": generator.get_state(), "torch_generator": torch.get_rng_state()}
    header = {
        "config": _describe(model),
        "optimiser": type(optimiser).__name__ if optimiser is not None else None,
        "history": (history or History()).to_json(),
    }

    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(to_bytes(tensors, {HEADER: json.dumps(header)}))
    beside.replace(path)


def load(
    path: str | Path,
    model: nn.Module,
    optimiser: Optimizer | None = None,
    generator: Generator | None = None,
) -> History:
    """Fill the model, and the optimiser and the generators if given, with what `save` wrote.

    Given a `generator`, torch's own generator is set too: a resumed run then draws the same numbers
    as one that was never interrupted.

    Raises
    ------
    InputError
        No such file, not a whole safetensors file, or not one of `save`; a checkpoint of another
        config; no state of this optimiser, or no generator, where one is to be filled.
    """
    tensors, header = _read(path)
    _check_config(path, header["config"], _describe(model))
    if optimiser is not None and header["optimiser"] != type(optimiser).__name__:
        raise InputError(
            f"{path} holds the state of {header['optimiser']} and the optimiser is "
            f"{type(optimiser).__name__}: to resume, give a checkpoint written in the same training."
        )
    if generator is not None and "generator" not in tensors:
        raise InputError(f"{path} holds no generator: to resume, give a checkpoint written in training.")
    _fill(path, model, _under("model", tensors))
    if optimiser is not None:
        _fill_optimiser(optimiser, _under("optimiser", tensors))
    if generator is not None:
        generator.set_state(tensors["generator"])
        torch.set_rng_state(tensors["torch_generator"])
    return History.from_json(header["history"])


def load_model(path: str | Path) -> Transformer | Encoder | Decoder:
    """Make the model a checkpoint tells of, with its weights, ready to be used.

    Raises InputError as `load` does, and for a class that is not of `models`.
    """
    _, header = _read(path)
    sizes = dict(header["config"])
    kind = sizes.pop("class", None)
    if kind not in MODELS:
        raise InputError(f"{path} holds a {kind}: make one yourself and fill it with `load`.")
    make, config = MODELS[kind]
    family = {name.removeprefix("family."): sizes.pop(name) for name in list(sizes) if "." in name}
    try:
        model = make(config(**sizes, family=Family(**family)))
    except TypeError:
        raise InputError(f"{path} was saved by another version of the library: train it again.") from None
    load(path, model)
    return model.eval()


def _weights(model: nn.Module) -> dict[str, Tensor]:
    """Name each weight once: safetensors takes no tensor twice, and a tied matrix has two names."""
    once = {name for name, _ in chain(model.named_parameters(), model.named_buffers())}
    return {name: weight for name, weight in model.state_dict().items() if name in once}


def _describe(model: nn.Module) -> dict[str, Any]:
    """Give the class and the config in one flat dictionary; a model without a config has a class alone."""
    config = getattr(model, "config", None)
    sizes = asdict(config) if config is not None else {}
    family = {f"family.{name}": value for name, value in sizes.pop("family", {}).items()}
    return {"class": type(model).__name__} | sizes | family


def _read(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {}).get(HEADER, "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise InputError(f"there is no checkpoint {path}: train first, or correct the name.") from None
    except (SafetensorError, OSError, ValueError):
        raise InputError(
            f"{path} is not a whole checkpoint: it was cut short, or is no safetensors file; train again."
        ) from None
    if header is None:
        raise InputError(f"{path} does not say its config: give a file written by `training.save`.")
    return tensors, header


def _check_config(path: str | Path, saved: dict[str, Any], wanted: dict[str, Any]) -> None:
    names = [name for name in saved | wanted if saved.get(name) != wanted.get(name)]
    if names:
        told = ", ".join(f"{name} {saved.get(name)} (the model: {wanted.get(name)})" for name in names)
        raise InputError(f"{path} is of another config, {told}: make the model as the checkpoint says.")


def _fill(path: str | Path, model: nn.Module, weights: dict[str, Tensor]) -> None:
    mine = _weights(model)
    names = [name for name in mine | weights if _shape(mine, name) != _shape(weights, name)]
    if names:
        raise InputError(f"{path} and the model differ in {names[0]}: fill the model it was saved from.")
    model.load_state_dict(weights, strict=False)  # the second name of a tied matrix is not there


def _fill_optimiser(optimiser: Optimizer, kept: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in kept.items():
        i, field = name.split(".")
        state.setdefault(int(i), {})[field] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    start = prefix + "."
    return {name.removeprefix(start): x for name, x in tensors.items() if name.startswith(start)}


def _shape(weights: dict[str, Tensor], name: str) -> torch.Size | None:
    return weights[name].shape if name in weights else None
