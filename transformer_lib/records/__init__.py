"""Measurements that take minutes: made once by a script in `benchmarks/`, shown by the chapters.

A record says which command made it, with which seeds and versions, so that you can make it again.
"""

import json
from pathlib import Path
from typing import Any

from transformer_lib.shapes import InputError

_FOLDER = Path(__file__).parent


def load(name: str) -> dict[str, Any]:
    """Load a record by name.

    Parameters
    ----------
    name : str
        The name of the record, without its ending.

    Returns
    -------
    dict
        What was measured; the keys `command`, `machine`, `versions` and `seeds` say how.

    Raises
    ------
    InputError
        There is no record of that name; the message lists those that exist.

    Examples
    --------
    >>> load("recall")["command"]
    'python benchmarks/recall.py'
    """
    if name not in names():
        raise InputError(f"There is no record {name!r}: choose one of {', '.join(names())}.")
    return json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))


def names() -> list[str]:
    """List the records that exist.

    >>> "recall" in names()
    True
    """
    return sorted(path.stem for path in _FOLDER.glob("*.json"))
