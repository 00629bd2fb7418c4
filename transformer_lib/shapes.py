"""Check what comes in, so that a mistake is told in one sentence, in the reader's words."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class InputError(ValueError):
    """An input that cannot be used: the message names it, says what is wrong and the cure.

    In a notebook it prints as that one sentence, without the frames of the library.
    """

    def _render_traceback_(self) -> list[str]:
        """IPython asks for this instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class ShapeError(InputError):
    """Arrays whose sizes do not fit together."""


def as_array(name: str, value: Any, ndim: int | Sequence[int], *, hidden: bool = False) -> Array:
    """Give `value` as an array of floats, or say why it is not one.

    Parameters
    ----------
    name : str
        What the reader calls it; the message begins with it.
    value : array_like
        Numbers, nested lists of numbers, fractions, a NumPy array or a torch tensor.
    ndim : int or sequence of int
        The number of axes allowed.
    hidden : bool
        Let −∞ pass, the score of a position that may not be looked at.

    Returns
    -------
    ndarray of float64, with at least one entry, all finite.

    Raises
    ------
    InputError
        Not numbers, rows of different lengths, no entry at all, NaN or infinity.
    ShapeError
        Another number of axes.

    Examples
    --------
    >>> as_array("q", [[0, -1], [0, 1]], ndim=2).shape
    (2, 2)
    """
    array = _to_floats(name, value)
    allowed = (ndim,) if isinstance(ndim, int) else tuple(ndim)
    if array.ndim not in allowed:
        wanted = " or ".join(str(n) for n in allowed)
        raise ShapeError(
            f"{name} has {_axes(array.ndim)} (shape {array.shape}), but {wanted} "
            f"{'is' if allowed == (1,) else 'are'} needed: {_AXES_CURE.get(allowed[0], 'reshape it')}."
        )
    if array.size == 0:
        raise InputError(f"{name} is empty (shape {array.shape}): give at least one entry.")
    bad = ~np.isfinite(array) & ~(hidden & np.isneginf(array))
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        place = f" at index {where}" if where else ""
        raise InputError(f"{name} holds {array[where]}{place}: every entry must be a finite number.")
    return array


def check_attention_shapes(q: Array, k: Array, v: Array) -> None:
    """Raise ShapeError unless q (..., T, d_k), k (..., S, d_k) and v (..., S, d_v) fit.

    Examples
    --------
    >>> check_attention_shapes(np.ones((5, 4)), np.ones((7, 3)), np.ones((7, 6)))
    Traceback (most recent call last):
    transformer_lib.shapes.ShapeError: q has width 4 and k has width 3 (shapes (5, 4) and (7, 3)): a dot \
product needs the same width, so project both to the same d_k.
    """
    if q.shape[-1] != k.shape[-1]:
        raise ShapeError(
            f"q has width {q.shape[-1]} and k has width {k.shape[-1]} (shapes {q.shape} and {k.shape}): "
            "a dot product needs the same width, so project both to the same d_k."
        )
    if k.shape[-2] != v.shape[-2]:
        raise ShapeError(
            f"k has {k.shape[-2]} rows and v has {v.shape[-2]} (shapes {k.shape} and {v.shape}): "
            "every key needs its value, so make both from the same positions."
        )


def check_projection(name_a: str, a: Array, name_w: str, w: Array) -> None:
    """Raise ShapeError unless W (d_out, d_in) can multiply each row of a (..., N, d_in)."""
    if a.shape[-1] != w.shape[1]:
        cure = f"; {name_w} transposed would fit" if a.shape[-1] == w.shape[0] else ""
        raise ShapeError(
            f"{name_w} has {w.shape[1]} columns and each vector of {name_a} has {a.shape[-1]} entries "
            f"(shapes {w.shape} and {a.shape}): in q = W a they must be equal{cure}."
        )


_AXES_CURE = {
    1: "give one vector, a flat list of numbers",
    2: "give one row a position, a list of lists",
}


def _axes(n: int) -> str:
    return "1 axis" if n == 1 else f"{n} axes"


def _to_floats(name: str, value: Any) -> Array:
    if hasattr(value, "detach"):  # a torch tensor, which may carry a gradient
        value = value.detach().cpu().numpy()
    if isinstance(value, str | bytes) or value is None or callable(value):
        raise InputError(f"{name} is {_kind(value)}, not numbers: give a list or an array of numbers.")
    not_numbers = f"{name} holds something that is not a number: give a list or an array of numbers."
    try:
        raw = np.asarray(value)
        if not _holds_numbers(raw):
            raise InputError(not_numbers)
        return raw.astype(np.float64)
    except OverflowError:
        raise InputError(f"{name} holds a number too large for a float: give smaller ones.") from None
    except InputError:
        raise
    except ValueError:
        raise InputError(f"{name} has rows of different lengths: make all rows equally long.") from None
    except Exception:  # an object may raise anything when asked for its number
        raise InputError(not_numbers) from None


def _holds_numbers(raw: NDArray[Any]) -> bool:
    """True for real numbers, and for objects such as Fraction; False for text, booleans, dates, None."""
    if raw.dtype.kind == "O":
        return all(hasattr(entry, "__float__") and not isinstance(entry, type) for entry in raw.flat)
    return raw.dtype.kind in "fiu"


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, type):
        return "a class"
    if callable(value):
        return "a function"
    return "text"
