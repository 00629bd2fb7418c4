"""Layers with a name, and a judge for a reader's function that says True or False to each of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from transformer_lib.exercises.judging import call, gives_nothing
from transformer_lib.exercises.registry import Mistake, Verdict
from transformer_lib.shapes import Array


@dataclass(frozen=True)
class Layer:
    """A layer with a name: rows in, as many rows out."""

    name: str
    function: Callable[[Array], Array]

    def __call__(self, rows: Any) -> Array:
        """Hand the function an array of floats."""
        return self.function(np.asarray(rows, dtype=np.float64))

    def __repr__(self) -> str:
        return self.name


def judge_law(
    law: Mapping[Layer, bool], rows: Array, praise: str, mistakes: Sequence[Mistake], in_place: Mistake
) -> Callable[[Any], Verdict]:
    """Make a judge for a function of a layer and its rows: it must say of each layer what `law` says.

    A mistake is named when the reader's function says what it says, to every layer; `in_place` is
    named when the function is wrong and leaves other numbers in its rows.
    """

    def judge(answer: Any) -> Verdict:
        if not callable(answer):
            kind = type(answer).__name__
            return Verdict("wrong", f"Give the function itself, without calling it; this is of type {kind}.")
        outcomes = [call(answer, layer, rows) for layer in law]
        if all(value is None and problem is None for value, problem in outcomes):
            return gives_nothing(answer)
        given: list[bool] = []
        for layer, (value, problem) in zip(law, outcomes, strict=True):
            said = problem or truth(value, f"{layer}")
            if isinstance(said, Verdict):
                return said
            given.append(said)
        if given == list(law.values()):
            return Verdict("right", praise)
        if any(_changes_its_rows(answer, layer, rows) for layer in law):
            return Verdict("wrong", in_place.sentence, in_place.name)
        for mistake in mistakes:
            if given == [bool(mistake.answer(layer, rows)) for layer in law]:
                return Verdict("wrong", mistake.sentence, mistake.name)
        return _first_fault(law, given)

    return judge


def _first_fault(law: Mapping[Layer, bool], given: Sequence[bool]) -> Verdict:
    layer, right = next(pair for pair, said in zip(law.items(), given, strict=True) if said != pair[1])
    should = f"{right}{' (np.allclose forgives rounding)' if right else ''}"
    return Verdict("wrong", f"It says {not right} for {layer}; there it should say {should}.")


def _changes_its_rows(answer: Callable[..., Any], layer: Layer, rows: Array) -> bool:
    mine = np.array(rows)
    call(lambda: answer(layer, mine))
    return not np.array_equal(mine, rows)


def truth(value: Any, case: str) -> bool | Verdict:
    """Read what a function said of a case, True or False in any type, or say why it is neither."""
    if value is None or value is ...:
        return Verdict("wrong", f"Your function gives nothing for {case}: does it end with return?")
    try:
        table = np.asarray(value)
        if table.dtype.kind in "biuf" and table.size == 1 and table.item() in (0, 1):
            return bool(table.item())
        if table.dtype.kind == "b":
            return Verdict(
                "wrong",
                f"Your function returns a table of shape {table.shape}: make it one True or False, "
                "as np.allclose does.",
            )
    except Exception:  # whatever it is, it is not True or False
        pass
    return Verdict("wrong", f"Your function returns type {type(value).__name__}: return True or False.")
