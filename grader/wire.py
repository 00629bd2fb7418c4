"""The border: plain data crosses it as JSON, and every value is checked on arrival. Never pickle.

A message is four bytes, its length, and then JSON. What JSON lacks is an object with one key:

    {"tuple": [1, 2]}    {"dict": [["a", 1]]}    {"fraction": [1, 3]}    {"stub": null}
    {"array": ["<f8", [2, 3], "base64"]}    {"tensor": ...}    {"scalar": ...}
    {"thing": [7, true]}    anything else stays on its side: its number, and whether it can be called

This file is read on both sides, so it needs NumPy alone.
"""

import base64
import json
import math
import struct
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

LENGTH = struct.Struct(">I")
LARGEST = 8 * 2**20  # bytes of a message
DEEPEST = 16  # lists within lists
MOST = 100_000  # values that are not entries of arrays
LONGEST = 10_000  # characters of a text
DTYPES = {"|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8"}


class WireError(Exception):
    """What came over the border is not plain data, or is too much of it."""


def pack(message: Any) -> bytes:
    """Give a message as bytes, its length first.

    >>> pack({"id": 1})
    b'\\x00\\x00\\x00\\t{"id": 1}'
    """
    body = json.dumps(message).encode()
    if len(body) > LARGEST:
        raise WireError(f"a message of {len(body)} bytes is too long")
    return LENGTH.pack(len(body)) + body


def body_length(header: bytes) -> int:
    """Read the length of the body from the four bytes before it."""
    (length,) = LENGTH.unpack(header)
    if length > LARGEST:
        raise WireError(f"a message of {length} bytes is too long")
    return length


def unpack(body: bytes) -> dict[str, Any]:
    """Read the body of a message."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise WireError("a message is not JSON") from None
    if not isinstance(message, dict):
        raise WireError("a message is not an object")
    return message


def encode(value: Any, keep: Callable[[Any], list[Any]], depth: int = DEEPEST) -> Any:
    """Give a value as JSON; `keep` gives number and kind of a thing that cannot cross.

    >>> encode([1, (0.5, None)], keep=id)
    [1, {'tuple': [0.5, None]}]
    """
    if depth == 0:
        raise WireError("lists are nested too deeply")
    if isinstance(value, np.ndarray | np.generic) or _is_tensor(value):
        return _encode_array(value, keep, depth)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple | range):
        entries = [encode(entry, keep, depth - 1) for entry in value]
        return {"tuple": entries} if isinstance(value, tuple) else entries
    if isinstance(value, dict):
        return {"dict": [[encode(entry, keep, depth - 1) for entry in item] for item in value.items()]}
    if isinstance(value, Fraction):
        return {"fraction": [value.numerator, value.denominator]}
    return {"stub": None} if value is ... else {"thing": keep(value)}


class Decoder:
    """Reads one message: what it gives is plain data, whatever the other side sent.

    `find` gives the value, or the proxy, for a thing that stayed on its side.

    >>> Decoder(find=print).decode([1, {"fraction": [1, 3]}])
    [1, Fraction(1, 3)]
    """

    def __init__(self, find: Callable[[int, bool], Any]) -> None:
        self.find = find
        self.values = 0

    def decode(self, data: Any, depth: int = DEEPEST) -> Any:
        """Give the value that `data` describes, or raise WireError."""
        self.values += 1
        if depth == 0 or self.values > MOST:
            raise WireError("lists are nested too deeply, or hold too many values")
        if isinstance(data, str) and len(data) > LONGEST:
            raise WireError("a text is too long")
        if data is None or isinstance(data, bool | int | float | str):
            return data
        if isinstance(data, list):
            return [self.decode(entry, depth - 1) for entry in data]
        return self._decode_object(data, depth)

    def _decode_object(self, data: dict[str, Any], depth: int) -> Any:
        match list(data.items()):
            case [("tuple", list(entries))]:
                return tuple(self.decode(entry, depth - 1) for entry in entries)
            case [("dict", list(items))]:
                return dict(self._item(item, depth) for item in items)
            case [("fraction", [int(above), int(below)])] if below > 0:
                return Fraction(above, below)
            case [("array", parts)]:
                return decode_array(parts)
            case [("scalar", parts)]:
                return decode_array(parts)[()]
            case [("tensor", parts)]:
                return _to_tensor(decode_array(parts))
            case [("thing", [int(number), bool(can_be_called)])]:
                return self.find(number, can_be_called)
            case [("stub", None)]:
                return ...
        raise WireError("a value is of no known kind")

    def _item(self, item: Any, depth: int) -> tuple[str | int, Any]:
        match item:
            case [str() | int() as key, value]:
                return key, self.decode(value, depth - 1)
        raise WireError("a key is neither a text nor a whole number")


def decode_array(parts: Any) -> np.ndarray[Any, Any]:
    """Give the array of ["<f8", [2, 3], "base64"]; dtype, shape and bytes must fit each other.

    >>> decode_array(["<i2", [2], "AQACAA=="])
    array([1, 2], dtype=int16)
    """
    match parts:
        case [str(dtype), list(shape), str(text)] if dtype in DTYPES and len(shape) <= 8:
            try:
                data = base64.b64decode(text, validate=True)
            except ValueError:
                raise WireError("the bytes of an array are not base64") from None
        case _:
            raise WireError("an array has no such dtype, or too many axes")
    if not all(type(size) is int and 0 <= size <= LARGEST for size in shape):
        raise WireError("an array has an impossible shape")
    if math.prod(shape) * np.dtype(dtype).itemsize != len(data):
        raise WireError("an array's shape and its bytes do not fit")
    if dtype == "|b1":  # a byte that is neither 0 nor 1 makes a boolean that is neither
        return np.frombuffer(data, "|u1").reshape(shape) != 0
    return np.frombuffer(data, dtype).reshape(shape).copy()


def _encode_array(value: Any, keep: Callable[[Any], list[Any]], depth: int) -> Any:
    kind = "tensor" if _is_tensor(value) else "scalar" if isinstance(value, np.generic) else "array"
    array = _as_array(value)
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    if array.dtype.kind in "OU":  # fractions, or texts such as '1/3'
        return encode(array.tolist(), keep, depth - 1)
    if array.dtype.str not in DTYPES:
        return {"thing": keep(value)}
    return {kind: [array.dtype.str, list(array.shape), base64.b64encode(array.tobytes()).decode()]}


def _as_array(value: Any) -> np.ndarray[Any, Any]:
    return np.asarray(value.detach().cpu() if _is_tensor(value) else value)


def _is_tensor(value: object) -> bool:
    return "torch" in sys.modules and isinstance(value, sys.modules["torch"].Tensor)


def _to_tensor(array: np.ndarray[Any, Any]) -> Any:
    try:
        import torch

        return torch.from_numpy(array)
    except (ImportError, TypeError):  # a grader without torch judges the numbers
        return array
