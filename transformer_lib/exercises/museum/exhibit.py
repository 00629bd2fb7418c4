"""How the bug museum judges an input: both versions run on it, and they must part.

An exhibit is a function of `right` and the one of the same name in `buggy`.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transformer_lib.exercises.judging import read
from transformer_lib.exercises.museum import buggy, right
from transformer_lib.exercises.registry import Mistake, Verdict
from transformer_lib.shapes import Array, InputError
from transformer_lib.style import short

__all__ = ["Careless", "Exhibit", "Outcome", "mask", "numbers", "run", "whole"]

APART = 0.01  # what counts as a difference
MOST = 1000  # numbers in an input
LARGEST = 1e6

Outcome = NDArray[Any] | str  # what a version gives, or the sentence with which it refuses
Reader = Callable[[Any], Any]  # from what was handed over to an argument, or a Verdict


@dataclass(frozen=True)
class Careless:
    """An input that exposes nothing: when it is one, an example, and the sentence that says why."""

    name: str
    sentence: str
    example: Any
    when: Callable[..., bool]  # of the arguments
    refused: bool = False  # not an input at all


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A function with a bug: how its input is read, what a careless one looks like, how few numbers do."""

    name: str
    readers: tuple[Reader, ...]  # one an argument
    fewest: int  # numbers in the smallest input that exposes the bug
    law: str | Callable[[tuple[int, ...]], str]  # what the bug breaks, perhaps by where the two part
    careless: tuple[Careless, ...]

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """The careless inputs, as known wrong answers."""
        return tuple(Mistake(one.name, one.sentence, one.example) for one in self.careless)

    def judge(self, answer: Any) -> Verdict:
        """Run both versions on an input, and say what happened."""
        arguments = self.read(answer)
        if isinstance(arguments, Verdict):
            return arguments
        for one in self.careless:
            if one.refused and one.when(*arguments):
                return Verdict("wrong", one.sentence, one.name)
        what, place = _difference(*(run(version, self.name, arguments) for version in (right, buggy)))
        if what:
            law = self.law if isinstance(self.law, str) else self.law(place)
            return Verdict("right", f"{what} {self._size(arguments[0].size)} {law}")
        for one in self.careless:
            if not one.refused and one.when(*arguments):
                return Verdict("wrong", one.sentence, one.name)
        return Verdict("wrong", "Both give the same for this, to two decimals: change one number at a time.")

    def read(self, answer: Any) -> tuple[Any, ...] | Verdict:
        """Give what was handed over as arguments, or say why it cannot be."""
        parts = (answer,)
        if len(self.readers) > 1:
            if not isinstance(answer, tuple | list) or len(answer) != len(self.readers):
                return self._two()
            parts = tuple(answer)
        if any(part is ... or part is None for part in parts):
            return Verdict("not tried yet", "Replace the ... with your answer and run the cell again.")
        arguments = tuple(reader(part) for reader, part in zip(self.readers, parts, strict=True))
        flaw = next((one for one in arguments if isinstance(one, Verdict)), None)
        if flaw is not None and flaw is not arguments[0] and isinstance(answer, list):
            return self._two()  # a table, or a row, that was taken for two things
        return flaw or arguments

    def _two(self) -> Verdict:
        names = ", ".join(inspect.signature(getattr(right, self.name)).parameters)
        return Verdict("wrong", f"Give two things in round brackets: ({names}).")

    def _size(self, n: int) -> str:
        told = f"{n} number{'s' if n > 1 else ''}"
        return (
            f"That took {told}, and no fewer will do."
            if n <= self.fewest
            else (f"That took {told}; {self.fewest} would do.")
        )


def numbers(given: Any) -> Array | Verdict:
    """Read numbers of any shape, not too many and not too large; an exhibit refuses shapes itself."""
    x = read("your input", given, range(65))
    if isinstance(x, Verdict):
        return x
    if x.size > MOST:
        return Verdict("wrong", f"Your input holds {x.size} numbers: {MOST} at most, and far fewer will do.")
    if np.abs(x).max() > LARGEST:
        return Verdict("wrong", "Keep every number between −1,000,000 and 1,000,000.")
    return x


def whole(given: Any) -> int | Verdict:
    """Read one whole number, at least 0."""
    x = read("your second number", given, 0)
    if isinstance(x, Verdict) or x % 1 or not 0 <= x <= MOST:
        return Verdict("wrong", f"The second of the two is a whole number from 0 to {MOST}.")
    return int(x)


def mask(given: Any) -> NDArray[np.bool_] | Verdict:
    """Read a row of True and False, or of 1 and 0."""
    flaw = Verdict("wrong", "The second of the two is a row of True and False, one for each score.")
    try:
        x = np.asarray(given)
    except Exception:  # an object may raise anything when it is made an array
        return flaw
    if x.dtype.kind not in "biuf" or x.ndim != 1 or not np.isin(x, (0, 1)).all():
        return flaw
    return x.astype(bool)


def run(version: Any, name: str, arguments: tuple[Any, ...]) -> Outcome:
    """Run one version of an exhibit: its numbers, or the sentence with which it refuses."""
    try:
        return np.asarray(getattr(version, name)(*arguments))
    except InputError as error:
        return str(error)


def _difference(sound: Outcome, other: Outcome) -> tuple[str, tuple[int, ...]]:
    """Say that two outcomes part, and where, counted from 1; nothing, if they do not."""
    if isinstance(other, str):
        return "", ()
    if isinstance(sound, str):
        told = f"The right one stops, because a query may look at no key; the buggy one gives {_told(other)}."
        return told, ()
    gap = np.abs(np.subtract(sound, other, dtype=float))
    gap = np.where(np.isnan(gap), np.inf, gap)
    if gap.max() < APART:
        return "", ()
    at = np.unravel_index(gap.argmax(), gap.shape)
    place = tuple(int(i) + 1 for i in at)
    numbered = ", ".join(map(str, place))
    where = "" if gap.ndim == 0 else f" at entry {numbered}" if gap.ndim == 1 else f" at ({numbered})"
    told = f"They part{where}: the buggy one gives {_told(other[at])}, the right one {_told(sound[at])}."
    return told, place


def _told(outcome: NDArray[Any]) -> str:
    if outcome.dtype == bool:
        return str(bool(outcome))
    values = [short(float(x), 2) for x in np.ravel(outcome)]
    return ", ".join(values[:4]) + (", …" if len(values) > 4 else "")
