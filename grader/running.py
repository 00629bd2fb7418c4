"""A student's notebook, run from top to bottom, and run again without the cell that ended it."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from grader.limits import Limits
from grader.sandbox import Sandbox
from grader.session import Session, StoppedError
from grader.submission import Cell


class Run:
    """The running notebook. A cell or call that ends its process costs that cell or call, no more."""

    def __init__(self, sandbox: Sandbox, limits: Limits, cells: Sequence[Cell]) -> None:
        self.sandbox, self.limits, self.cells = sandbox, limits, cells
        self.deadline = time.monotonic() + limits.total
        self.faults: dict[int, str] = {}  # cell -> what kept it from running
        self.fatal: set[int] = set()  # cells that ended the process
        self.session: Session | None = None

    def start(self) -> Session:
        """Give the session in which all cells have run; start one if there is none."""
        while self.session is None or not self.session.alive:
            if time.monotonic() > self.deadline:
                raise StoppedError("no end")
            self.session = Session(self.sandbox, self.limits)
            with suppress(StoppedError):  # the cell is fatal: start again without it
                self._run_cells()
        return self.session

    def ask(self, **request: Any) -> dict[str, Any]:
        """Ask the session that runs; where it has ended, that is the answer."""
        if self.session is None or not self.session.alive:
            return {"fault": "stopped"}
        try:
            return self._ask(self.session, request)
        except StoppedError as stopped:
            return {"fault": stopped.kind}

    def close(self) -> None:
        """End the process."""
        if self.session is not None:
            self.session.close()

    def _run_cells(self) -> None:
        """Run each cell, and once more those that lacked a name: a later cell may have made it."""
        self.faults = {at: fault for at, fault in self.faults.items() if at in self.fatal}
        for at in range(len(self.cells)):
            self._run_cell(at)
        for at in [at for at, fault in self.faults.items() if fault == "NameError"]:
            self._run_cell(at)

    def _run_cell(self, at: int) -> None:
        assert self.session is not None
        if at in self.fatal:
            return
        try:
            reply = self._ask(self.session, {"do": "run", "source": self.cells[at].source})
        except StoppedError as stopped:
            self.fatal.add(at)
            self.faults[at] = stopped.kind
            raise
        self.faults.pop(at, None)
        if "fault" in reply:
            self.faults[at] = error_name(reply) if reply["fault"] == "raised" else fault_of(reply)

    def _ask(self, session: Session, request: Mapping[str, Any]) -> dict[str, Any]:
        seconds = self.limits.seconds
        patience = min(seconds * self.limits.patience, self.deadline - time.monotonic())
        return session.ask({**request, "seconds": seconds}, patience)


FAULTS = {"raised", "no end", "stopped", "unreadable"}

# Errors that a student meets. The name of any other stays in the sandbox: it could spell out a secret.
ERRORS: dict[str, type[Exception]] = {
    error.__name__: error
    for error in (
        *(ArithmeticError, AssertionError, AttributeError, EOFError, FloatingPointError, ImportError),
        *(IndentationError, IndexError, KeyError, LookupError, MemoryError, ModuleNotFoundError, NameError),
        *(NotImplementedError, OSError, OverflowError, PermissionError, RecursionError, RuntimeError),
        *(StopIteration, SyntaxError, TypeError, UnboundLocalError, ValueError, ZeroDivisionError),
    )
}


def fault_of(reply: Mapping[str, Any]) -> str:
    """Read the kind of fault from a reply; what is no known kind counts as unreadable."""
    fault = reply.get("fault")
    return fault if isinstance(fault, str) and fault in FAULTS else "unreadable"


def error_name(reply: Mapping[str, Any]) -> str:
    """Read the name of the error; one that is not listed is an Exception."""
    name = reply.get("type")
    return name if isinstance(name, str) and name in {*ERRORS, "SystemExit"} else "Exception"
