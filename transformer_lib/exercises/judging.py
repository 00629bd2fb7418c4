"""The two ways to judge: numbers against the right numbers, a function against the right function.

A wrong answer is compared with every known mistake; if none fits, the verdict says where it is off.
"""

import re
import warnings
from collections.abc import Callable, Generator, Sequence
from copy import deepcopy
from fractions import Fraction
from typing import Any

import numpy as np

from transformer_lib.exercises.registry import Mistake, Verdict
from transformer_lib.shapes import Array, InputError, as_array
from transformer_lib.style import fmt

TOLERANCE = 1e-6
ROUNDED = 5.1e-4  # copied from a page, where numbers have three decimals
_VAST = re.compile(r"e[+-]?[\d_]{4}", re.IGNORECASE)  # as a fraction, "1e999999999" would be written out


def judge_numbers(
    right: Any, praise: str, mistakes: Sequence[Mistake] = (), tolerance: float = TOLERANCE
) -> Callable[[Any], Verdict]:
    """Make a judge for an answer that is numbers: fractions, floats, lists, arrays or "2/7".

    `praise` is the sentence for a right answer; `tolerance` is the largest difference allowed.
    """
    target = _numbers("the right answer", right)

    def judge(answer: Any) -> Verdict:
        try:
            given = _numbers("your answer", answer)
        except InputError as error:
            return _unusable(error)
        if _equal(given, target, tolerance):
            return Verdict("right", praise)
        for closeness in (tolerance, ROUNDED):
            for mistake in mistakes:
                if _equal(given, _numbers(mistake.name, mistake.answer), closeness):
                    return Verdict("wrong", mistake.sentence, mistake.name)
            if _equal(given, target, ROUNDED):
                return Verdict(
                    "wrong", "That is right when rounded: give it exactly, as fractions like '1/3'."
                )
        return Verdict("wrong", _where_off(given, target, tolerance, "Your answer"))

    return judge


def judge_function(
    reference: Callable[..., Any],
    cases: Sequence[tuple[Any, ...]],
    praise: str,
    mistakes: Sequence[Mistake] = (),
    tolerance: float = TOLERANCE,
    *,
    first_fault_decides: bool = False,
) -> Callable[[Any], Verdict]:
    """Make a judge for a function: it must give what `reference` gives on every case.

    Each mistake's `answer` is a wrong function. It is named when the reader's function agrees with
    it on every case and so cannot be told from it. With `first_fault_decides` agreeing on the first
    case that is off is enough: for mistakes that cannot be made on all sizes, such as a missing
    transpose. A function gets copies, never the cases.
    """
    targets = [_numbers("the right answer", reference(*deepcopy(case))) for case in cases]
    wrong = [(mistake, [_outcome(mistake.answer, case)[0] for case in cases]) for mistake in mistakes]

    def judge(answer: Any) -> Verdict:
        if not callable(answer):
            return Verdict("wrong", f"Give the function itself, without calling it; this is {_kind(answer)}.")
        outcomes = [_outcome(answer, case) for case in cases]
        if all(value is None and problem is None for value, problem in outcomes):
            return gives_nothing(answer)
        given = [value for value, _ in outcomes]
        if _all_equal(given, targets, tolerance):
            return Verdict("right", praise)
        for mistake, values in wrong:
            if _all_equal(given, values, tolerance):
                return Verdict("wrong", mistake.sentence, mistake.name)
        if first_fault_decides:
            at = next(n for n, value in enumerate(given) if not _equal(value, targets[n], tolerance))
            for mistake, values in wrong:
                if given[at] is not None and _equal(given[at], values[at], tolerance):
                    return Verdict("wrong", mistake.sentence, mistake.name)
        return _first_fault(cases, outcomes, targets, tolerance)

    return judge


def gives_nothing(function: Callable[..., Any]) -> Verdict:
    """Tell a stub, whose body is `...`, from a function that forgets to return."""
    code = getattr(function, "__code__", None)
    if code is not None and len(code.co_code) <= len(_stub.__code__.co_code):
        return Verdict("not tried yet", "Replace the ... with your code and run the cell again.")
    return Verdict("wrong", "Your function gives nothing: does it end with return?")


def _stub() -> None: ...


def call(function: Callable[..., Any], *arguments: Any) -> tuple[Any, Verdict | None]:
    """Call a reader's function on copies: its value, or the verdict that says why there is none."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = function(*deepcopy(arguments))
    except (Exception, SystemExit) as error:
        raised = f"Your function raises {type(error).__name__}{_for(arguments)}: {_in_words(error)}."
        return None, Verdict("wrong", raised)
    if isinstance(value, Generator):
        return None, Verdict("wrong", "Your function gives a generator: return a list or an array.")
    return value, None


def read(name: str, answer: Any, ndim: int | Sequence[int]) -> Array | Verdict:
    """Give an answer as numbers, or the verdict that says why it is not; for judges of their own."""
    try:
        return as_array(name, answer, ndim)
    except InputError as error:
        return _unusable(error)


def same(x: Any, y: Any, tolerance: float = TOLERANCE) -> bool:
    """True if both have one shape and no entry differs by more than the tolerance."""
    return np.shape(x) == np.shape(y) and bool(np.allclose(x, y, rtol=0, atol=tolerance))


def show(arguments: tuple[Any, ...]) -> str:
    """Write a case as a reader would type it, cut to one line."""
    text = ", ".join(_short(argument) for argument in arguments)
    return text if len(text) <= 90 else text[:87] + "..."


def _outcome(function: Callable[..., Any], case: tuple[Any, ...]) -> tuple[Array | None, Verdict | None]:
    value, problem = call(function, *case)
    if problem is not None or value is None or value is ...:
        return None, problem
    try:
        return _numbers("your result", value), None
    except InputError as error:
        return None, _unusable(error)


def _first_fault(
    cases: Sequence[tuple[Any, ...]],
    outcomes: Sequence[tuple[Array | None, Verdict | None]],
    targets: Sequence[Array],
    tolerance: float,
) -> Verdict:
    for case, (value, problem), target in zip(cases, outcomes, targets, strict=True):
        if problem is not None:
            return problem
        if value is None:
            return Verdict("wrong", f"Your function gives nothing{_for(case)}: does it end with return?")
        if not _equal(value, target, tolerance):
            return Verdict("wrong", _where_off(value, target, tolerance, f"Your result{_for(case)}"))
    raise AssertionError("no case is at fault")


def _where_off(given: Array, target: Array, tolerance: float, subject: str) -> str:
    """One sentence: which shape, which row or which entry is off."""
    if given.shape != target.shape:
        has = f"has shape {given.shape}" if given.ndim else "is one number"
        return f"{subject} {has}; the shape asked for is {target.shape}."
    off = np.argwhere(~np.isclose(given, target, rtol=0, atol=tolerance))
    if target.ndim == 0:
        return f"{subject} is {fmt(float(given), 3)}, which is not the value asked for."
    index = tuple(int(i) for i in off[0])
    if target.ndim == 1:
        return f"{subject} is off at entry {index[0] + 1}: {fmt(given[index], 3)} is not right there."
    rows = sorted({int(i) + 1 for i in off[:, 0]})
    if len(rows) == 1:
        return f"{subject} is off in row {rows[0]} alone: look at how that row is made."
    return f"{subject} is off in rows {', '.join(map(str, rows))}: look at how a row is made."


def _numbers(name: str, value: Any) -> Array:
    """Numbers of any kind, fractions written as text too, as an array with finite entries."""
    if isinstance(value, tuple) and hasattr(value, "output"):
        raise InputError(f"{name} is the whole of steps: its `.output` holds the outputs.")
    if isinstance(value, np.ndarray | np.generic) or hasattr(value, "detach"):
        return as_array(name, value, range(5))
    return as_array(name, _from_text(name, value), range(5))


def _from_text(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_from_text(name, entry) for entry in value]
    if not isinstance(value, str):
        return value
    try:
        if _VAST.search(value):
            raise ValueError
        return float(Fraction(value.strip().replace("−", "-")))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise InputError(
            f"{name} holds the text {_short(value)}: write numbers, such as 0.25 or '1/4'."
        ) from None


def _equal(given: Array | None, target: Array | None, tolerance: float) -> bool:
    if given is None or target is None:
        return given is target
    return same(given, target, tolerance)


def _all_equal(given: Sequence[Array | None], targets: Sequence[Array | None], tolerance: float) -> bool:
    return all(_equal(one, target, tolerance) for one, target in zip(given, targets, strict=True))


def _unusable(error: InputError) -> Verdict:
    return Verdict("wrong", str(error)[0].upper() + str(error)[1:])


def _for(case: tuple[Any, ...]) -> str:
    """Name a case that is short enough to be read."""
    text = show(case)
    return f" for {text}" if len(text) <= 60 else ""


def _in_words(error: BaseException) -> str:
    """NumPy's two usual complaints in the words of the course; others as they are, on one line."""
    sizes = re.search(r"mismatch in its core dimension.*size (\d+) is different from (\d+)", str(error))
    if sizes:
        return "a product does not fit, its inner sizes are {} and {}: write the sizes under it".format(
            *sizes.groups()
        )
    if "truth value of an array" in str(error):
        return "== compares entry by entry, and np.allclose gives one True or False"
    if "inhomogeneous" in str(error):
        return "rows of different lengths make no array; perhaps an `.output` is missing"
    text = " ".join(str(error).split()) or "no message"
    return text.rstrip(".") if len(text) <= 120 else text[:117] + "..."


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}" if value.size > 8 else str(value.tolist())
    text = repr(value)
    if " at 0x" in text:  # an address says nothing, and differs in every run
        return f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def _kind(value: Any) -> str:
    return f"of type {type(value).__name__}"
