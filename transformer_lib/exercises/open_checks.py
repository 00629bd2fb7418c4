"""What a problem set's notebook checks in the open: the form of an answer, or one example of a function.

Neither knows whether an answer is right; that is judged when it is handed in.
"""

from collections.abc import Callable, Sequence
from typing import Any

from transformer_lib.exercises.judging import call, judge_function, read
from transformer_lib.exercises.registry import Verdict


class Note(str):
    """A sentence that a notebook shows without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


_UNTRIED = Note("Not tried yet. Replace the ... with your answer and run both cells again.")


def form(answer: Any, *shape: int) -> Note:
    """Say whether an answer has the shape asked for. Never raises.

    >>> form([1, "1/2"], 2)
    The form fits: 2 numbers. Whether they are right is judged when you hand in.
    >>> form([1, 2, 3], 2)
    The form is off: your answer has shape (3,); the shape asked for is (2,).
    """
    if _untried(answer):
        return _UNTRIED
    given = read("your answer", _without_text(answer), range(5))
    if isinstance(given, Verdict):
        return Note(f"The form is off: {given.sentence[0].lower()}{given.sentence[1:]}")
    if given.shape != shape:
        return Note(f"The form is off: your answer has shape {given.shape}; the shape asked for is {shape}.")
    return Note(f"The form fits: {_count(shape)}. Whether they are right is judged when you hand in.")


def names(answer: Any, **shapes: Sequence[int]) -> Note:
    """Say whether an answer is a dictionary with these names, each with an array of its shape.

    >>> names({"w_q": [[1, 0]]}, w_q=(1, 2))
    The form fits: 1 name. Whether the numbers are right is judged when you hand in.
    """
    if _untried(answer):
        return _UNTRIED
    if not isinstance(answer, dict):
        return Note(f"The form is off: give a dictionary with the names {', '.join(shapes)}.")
    for name, shape in shapes.items():
        if name not in answer:
            return Note(f"The form is off: {name!r} is missing.")
        given = read(repr(name), answer[name], range(5))
        if isinstance(given, Verdict):
            return Note(f"The form is off: {given.sentence[0].lower()}{given.sentence[1:]}")
        if given.shape != tuple(shape):
            return Note(f"The form is off: {name!r} has shape {given.shape}, not {tuple(shape)}.")
    several = f"{len(shapes)} name{'s' * (len(shapes) > 1)}"
    return Note(f"The form fits: {several}. Whether the numbers are right is judged when you hand in.")


def example(
    function: Callable[..., Any], arguments: Sequence[Any], result: Any, tolerance: float = 1e-3
) -> Note:
    """Try a function on one example whose result is known. Never raises.

    >>> example(lambda x: 2 * x, [3], 6)
    Right for this example. Other inputs are tried when you hand in.
    """
    if _untried(function):
        return _UNTRIED
    if callable(function) and all(given is None for given in call(function, *arguments)):
        return Note("Not tried yet: the function gives nothing. Replace the ... and end with return.")
    verdict = judge_function(lambda *_: result, [tuple(arguments)], "", tolerance=tolerance)(function)
    if verdict.status == "right":
        return Note("Right for this example. Other inputs are tried when you hand in.")
    return Note(repr(verdict))


def _untried(answer: Any) -> bool:
    if isinstance(answer, list | tuple):
        return any(map(_untried, answer))
    if isinstance(answer, dict):
        return any(map(_untried, answer.values()))
    return answer is None or answer is ...


def _without_text(answer: Any) -> Any:
    """Fractions written as text count as numbers."""
    if isinstance(answer, list | tuple):
        return [_without_text(entry) for entry in answer]
    return 0.0 if isinstance(answer, str) and "/" in answer else answer


def _count(shape: Sequence[int]) -> str:
    if not shape:
        return "one number"
    return f"{shape[0]} numbers" if len(shape) == 1 else f"{' × '.join(map(str, shape))} numbers"
