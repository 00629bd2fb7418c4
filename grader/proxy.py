"""A student's function as the checks see it: calling it asks the sandbox, and gives plain data."""

from typing import Any, Self

from grader.running import ERRORS, Run, error_name, fault_of
from grader.wire import Decoder, WireError, encode


class FaultError(Exception):
    """The student's code gave no value."""


class Border:
    """Passes values to the sandbox and back, and notes each fault."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.faults: list[str] = []
        self.last: Any = ...  # the last value that a call gave

    def get(self, name: str) -> Any:
        """Give the value of a name that the notebook binds: plain data, or a proxy."""
        self.run.start()
        return self._value(self.run.ask(do="get", name=name))

    def attribute(self, thing: int, name: str) -> Any:
        """Give an attribute of a thing that stays in the sandbox."""
        noted = len(self.faults)
        try:
            return self._value(self.run.ask(do="attribute", thing=thing, name=name))
        except AttributeError:  # asking what a thing is, as hasattr does, is no fault
            del self.faults[noted:]
            raise

    def call(self, thing: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a thing that stays in the sandbox."""
        plain = {"args": encode(args, _number_of), "kwargs": encode(kwargs, _number_of)}
        self.last = self._value(self.run.ask(do="call", thing=thing, **plain))
        return self.last

    def _value(self, reply: dict[str, Any]) -> Any:
        if "fault" in reply:
            raise self._fault(reply)
        try:
            return Decoder(find=self._proxy).decode(reply.get("value"))
        except (WireError, ValueError, TypeError):
            raise self._fault({"fault": "unreadable"}) from None

    def _fault(self, reply: dict[str, Any]) -> Exception:
        """Make the error to raise: without the student's text, which may hold anything."""
        fault = fault_of(reply)
        self.faults.append(fault)
        return ERRORS.get(error_name(reply), FaultError)() if fault == "raised" else FaultError(fault)

    def _proxy(self, number: int, can_be_called: bool) -> "Proxy":
        return (CallableProxy if can_be_called else Proxy)(self, number)


class Proxy:
    """A thing in the sandbox. It has the attributes that it says it has, but no special methods."""

    def __init__(self, border: Border, number: int) -> None:
        self._border, self._number = border, number

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # NumPy, copy and inspect ask for these
            raise AttributeError(name)
        return self._border.attribute(self._number, name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __repr__(self) -> str:
        return "a thing of the student's"


class CallableProxy(Proxy):
    """A function or a class in the sandbox."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Ask the sandbox to call it."""
        return self._border.call(self._number, args, kwargs)


def _number_of(thing: Any) -> list[Any]:
    if isinstance(thing, Proxy):
        return [thing._number, isinstance(thing, CallableProxy)]
    raise TypeError(f"a {type(thing).__name__} cannot be passed to a student's function")
