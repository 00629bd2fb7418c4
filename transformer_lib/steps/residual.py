"""The residual connection: what a sublayer says is added to what it heard, and normalised."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from numpy.typing import ArrayLike

from transformer_lib.shapes import Array, InputError, ShapeError, as_array
from transformer_lib.steps.norms import layer_norm

Order = Literal["post", "pre", "none"]
Function = Callable[[Array], Any]  # gives an array, or steps with an `output`


class ResidualSteps(NamedTuple):
    """One sublayer and the path round it; each array (..., T, d_model)."""

    x: Array
    heard: Array  # what the sublayer is given: norm(x) in the order "pre", x otherwise
    said: Array  # what it answers
    total: Array  # x + said
    output: Array  # norm(total) in the order "post", total otherwise
    sublayer: Any  # what the sublayer returned: its own steps
    norm: Any  # what the norm returned; None in the order "none"


def residual(
    x: ArrayLike, sublayer: Function, order: Order = "post", norm: Function = layer_norm, *, add: bool = True
) -> ResidualSteps:
    """Add what a sublayer says to x, with the norm after the sum, before the sublayer, or nowhere.

    Parameters
    ----------
    x : array_like (..., T, d_model)
    sublayer : callable
        From an array to one of the same shape, or to steps whose `output` is one.
    order : str
        "post": norm(x + f(x)), as in 2017. "pre": x + f(norm(x)), where x itself is never
        normalised, so that a stack needs one more norm at its end. "none": x + f(x).
    norm : callable
        `layer_norm`, or another; `functools.partial` gives it a scale, a shift or an eps.
    add : bool
        Add x. Off only to show what is lost: f alone, with its norm.

    Returns
    -------
    ResidualSteps

    Raises
    ------
    InputError
        An order of another name.
    ShapeError
        The sublayer answers in another shape.

    Notes
    -----
    Source: Vaswani et al. (2017), section 3.1; Xiong et al. (2020), "On Layer Normalization in the
    Transformer Architecture", figure 1.

    Examples
    --------
    >>> residual([4, 1, 1, 0], lambda x: x + [1, 1, 1, 1]).total
    array([9., 3., 3., 1.])
    >>> residual([9, 3, 3, 1], lambda x: 3 * x, order="pre").said
    array([ 5., -1., -1., -3.])
    """
    if order not in ("post", "pre", "none"):
        raise InputError(f"order is {order!r}: it must be 'post', 'pre' or 'none'.")
    x = as_array("x", x, (1, 2, 3))

    before = norm(x) if order == "pre" else None
    heard = x if before is None else _output("the norm", before, x)
    steps = sublayer(heard)
    said = _output("the sublayer", steps, x)
    total = x + said if add else said
    after = norm(total) if order == "post" else None
    output = total if after is None else _output("the norm", after, x)

    return ResidualSteps(x, heard, said, total, output, steps, norm=after if before is None else before)


def _output(who: str, steps: Any, x: Array) -> Array:
    output = as_array(f"the output of {who}", getattr(steps, "output", steps), (1, 2, 3))
    if output.shape != x.shape:
        raise ShapeError(
            f"{who} answers in shape {output.shape} to x of shape {x.shape}: "
            "a residual connection adds them, so make both the same."
        )
    return output
