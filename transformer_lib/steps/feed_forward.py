"""The position-wise feed-forward network: widen each token, bend, narrow again."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from numpy.typing import ArrayLike

from transformer_lib.shapes import Array, InputError, ShapeError, as_array, check_projection
from transformer_lib.steps.activations import gelu, gelu_tanh, relu, silu
from transformer_lib.steps.checks import one_each

Activation = Literal["relu", "gelu", "gelu_tanh", "swiglu"]
_BEND: dict[str, Callable[[ArrayLike], Array]] = {
    "relu": relu,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "swiglu": silu,
}


class FeedForwardSteps(NamedTuple):
    """What the network computes on its way, at each position by itself."""

    wide: Array  # W₁x + b₁ (..., d_ff)
    hidden: Array  # bent (..., d_ff)
    output: Array  # W₂·hidden + b₂ (..., d_out)
    gate: Array | None = None  # silu(W_gate x) (..., d_ff), in "swiglu" alone


def feed_forward(
    x: ArrayLike,
    w_1: ArrayLike,
    w_2: ArrayLike,
    b_1: ArrayLike | None = None,
    b_2: ArrayLike | None = None,
    activation: Activation = "relu",
    w_gate: ArrayLike | None = None,
) -> FeedForwardSteps:
    """Widen each token to d_ff, bend, and narrow again: the same two layers at every position.

    Parameters
    ----------
    x : array_like (..., d_model)
        One row a token. No token sees another.
    w_1 : array_like (d_ff, d_model)
    w_2 : array_like (d_out, d_ff)
        They multiply from the left, as W^q does.
    b_1, b_2 : array_like (d_ff,) and (d_out,), optional
        Zeros if left out.
    activation : str
        "relu", "gelu", "gelu_tanh"; or "swiglu", where silu(W_gate x) multiplies W₁x + b₁.
    w_gate : array_like (d_ff, d_model)
        For "swiglu", and only for it.

    Returns
    -------
    FeedForwardSteps

    Raises
    ------
    InputError
        An activation of another name; a w_gate missing, or without "swiglu".
    ShapeError
        Sizes that do not fit together.

    Notes
    -----
    Source: Vaswani et al. (2017), section 3.3, equation 2; Shazeer (2020), "GLU Variants Improve
    Transformer", equation 6.

    Examples
    --------
    >>> w_1, w_2 = [[1, -1], [-1, 1], [1, 1], [0, 2]], [[1, 0, 1, -1], [0, 1, -1, 1]]
    >>> steps = feed_forward([0.2, 1.7], w_1, w_2)
    >>> steps.hidden, steps.output
    (array([0. , 1.5, 1.9, 3.4]), array([-1.5,  3. ]))
    """
    if activation not in _BEND:
        raise InputError(f"activation is {activation!r}: it must be one of {', '.join(_BEND)}.")
    if (w_gate is not None) != (activation == "swiglu"):
        raise InputError(f"activation is {activation!r}: give w_gate with 'swiglu', and only with it.")
    x = as_array("x", x, (1, 2, 3, 4))

    wide = _layer("x", x, "w_1", w_1, "b_1", b_1)  # (..., d_ff)
    if w_gate is None:
        gate, hidden = None, _BEND[activation](wide)
    else:
        gate = silu(_layer("x", x, "w_gate", w_gate))  # (..., d_ff)
        _check_gate(gate, wide)
        hidden = gate * wide
    output = _layer("the hidden layer", hidden, "w_2", w_2, "b_2", b_2)  # (..., d_out)
    return FeedForwardSteps(wide, hidden, output, gate)


def _layer(
    name: str, x: Array, name_w: str, w: ArrayLike, name_b: str = "b", b: ArrayLike | None = None
) -> Array:
    """Give Wx + b for each row of x."""
    w = as_array(name_w, w, 2)
    check_projection(name, x, name_w, w)
    return x @ w.T + one_each(name_b, b, len(w), if_none=0.0)


def _check_gate(gate: Array, wide: Array) -> None:
    if gate.shape != wide.shape:
        raise ShapeError(
            f"w_gate has {gate.shape[-1]} rows and w_1 has {wide.shape[-1]}: "
            "the gate multiplies the wide layer entry by entry, so make both (d_ff, d_model)."
        )
