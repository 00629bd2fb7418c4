"""Plain data crosses the border as it is; nothing else crosses."""

import json
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from grader.wire import (
    DTYPES,
    LARGEST,
    LENGTH,
    Decoder,
    WireError,
    body_length,
    decode_array,
    encode,
    pack,
    unpack,
)

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["tuple", "dict", "fraction", "array", "scalar", "tensor", "thing", "stub"])
            | st.text(),
            inner,
            max_size=2,
        )
    ),
    max_leaves=20,
)


def keep(thing):
    return [0, callable(thing)]


def across(value):
    """What arrives, after the journey as bytes."""
    message = unpack(pack({"value": encode(value, keep)})[LENGTH.size :])
    return Decoder(find=lambda number, callable_: ("thing", number, callable_)).decode(message["value"])


@given(PLAIN)
def test_plain_data_arrives_as_it_was(value):
    assert across(value) == value


@given(
    st.sampled_from(sorted(DTYPES)).flatmap(lambda kind: arrays.arrays(kind, arrays.array_shapes(min_side=0)))
)
def test_an_array_arrives_with_its_dtype_its_shape_and_its_bytes(array):
    arrived = across(array)

    assert (arrived.dtype, arrived.shape) == (array.dtype, array.shape)
    assert arrived.tobytes() == array.tobytes()


@given(JSON)
def test_whatever_json_arrives_is_plain_data_or_refused(data):
    try:
        value = Decoder(find=keep).decode(data)
    except (WireError, ValueError, TypeError):
        return
    assert isinstance(value, None.__class__ | bool | int | float | str | list | tuple | dict | Fraction) or (
        value is ... or isinstance(value, np.ndarray | np.generic | torch.Tensor)
    )


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        (Fraction(1, 3), Fraction(1, 3)),
        (np.float32(0.5), np.float32(0.5)),
        (range(3), [0, 1, 2]),
        (..., ...),
        (np.array([Fraction(1, 3), "1/3"], dtype=object), [Fraction(1, 3), "1/3"]),
        (len, ("thing", 0, True)),
        ({1, 2}, ("thing", 0, False)),
        (1j, ("thing", 0, False)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_lacks_arrives_too(sent, arrives):
    assert across(sent) == arrives


def test_a_tensor_arrives_without_its_gradient():
    arrived = across(torch.ones(2, 3, requires_grad=True))

    assert isinstance(arrived, torch.Tensor)
    assert (arrived.shape, arrived.requires_grad) == ((2, 3), False)


def test_an_array_of_the_other_byte_order_arrives_with_its_numbers():
    np.testing.assert_array_equal(across(np.array([1.0, 2.0], dtype=">f8")), [1.0, 2.0])


def test_an_array_that_arrives_can_be_changed():
    across(np.zeros(2))[0] = 1


def test_a_boolean_that_is_neither_true_nor_false_is_made_one():
    assert decode_array(["|b1", [2], "Av8="]).tobytes() == b"\1\1"


@pytest.mark.parametrize(
    "parts",
    [
        ["|O", [1], "AAAAAAAAAAA="],
        ["<f8", [2**60, 2**60], ""],
        ["<f8", [LARGEST + 1, 0], ""],
        ["<f8", [1], "AAAA"],
        ["<f8", [1, 1], "AAAAAAAAAAAAAAAAAAAAAA=="],
        ["<f8", [-1], ""],
        ["<f8", [True], "AAAAAAAAAAA="],
        ["<f8", [1.0], "AAAAAAAAAAA="],
        ["<f8", [1] * 9, "AAAAAAAAAAA="],
        ["<f8", [1], "é"],
        ["<f8", [1]],
        ["<M8[s]", [1], "AAAAAAAAAAA="],
        None,
    ],
    ids=str,
)
def test_an_array_whose_header_lies_is_refused(parts):
    with pytest.raises(WireError):
        decode_array(parts)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1]", b"\x80\x04pickle", b"[" * 10**5, b"1" * 5000],
    ids=["none", *"{[p", "deep", "long"],
)
def test_a_body_that_is_no_object_is_refused(body):
    with pytest.raises(WireError):
        unpack(body)


def test_a_length_beyond_the_limit_is_refused_before_anything_is_read():
    with pytest.raises(WireError, match="too long"):
        body_length(LENGTH.pack(LARGEST + 1))


def test_a_message_beyond_the_limit_is_not_sent():
    with pytest.raises(WireError, match="too long"):
        pack({"value": "x" * LARGEST})


def test_values_are_counted_over_the_whole_message():
    many = json.loads("[" + ",".join(["[]"] * 100_001) + "]")

    with pytest.raises(WireError, match="too many"):
        Decoder(find=keep).decode(many)
