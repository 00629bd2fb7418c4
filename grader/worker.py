"""The far side: runs a student's cells and answers calls. It knows no check, no key, no other student.

It runs inside the sandbox and belongs to the student as soon as the first cell has run: whatever it
says from then on is a claim, which the trusted side reads as plain data.

Requests come on standard input, replies go to standard output; both are moved away before a cell runs.
"""

import os
import resource
import signal
import sys
import types
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from grader import wire

READY = {"id": 0, "value": "ready"}


class OutOfTime(BaseException):
    """A cell or a call has used its processor time."""


def limit(limits: dict[str, int]) -> None:
    """Give up what this process must not use; a hard limit cannot be raised again."""
    for name, most in {
        resource.RLIMIT_AS: limits["memory"],
        resource.RLIMIT_NPROC: limits["processes"],
        resource.RLIMIT_NOFILE: limits["files"],
        resource.RLIMIT_FSIZE: limits["disk"],
        resource.RLIMIT_CPU: limits["total"],
        resource.RLIMIT_CORE: 0,
    }.items():
        resource.setrlimit(name, (most, most))
    with suppress(OSError):  # where memory runs out, this process goes first
        Path("/proc/self/oom_score_adj").write_text("1000")


def take_over() -> tuple[BinaryIO, BinaryIO]:
    """Move requests and replies to numbers of their own; what cells print goes nowhere."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return requests, replies


class Worker:
    """The student's names and things, and the requests that reach them."""

    def __init__(self) -> None:
        self.module = types.ModuleType("__main__")
        self.module.__dict__.update(display=_ignore, get_ipython=lambda: _Shell())
        self.things: list[Any] = []
        sys.modules["__main__"] = self.module

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked, within its time; say which kind of fault kept it from being done."""
        signal.setitimer(signal.ITIMER_PROF, request["seconds"])
        try:
            value = getattr(self, "do_" + request["do"])(request)
            return {"value": wire.encode(value, self.keep)}
        except OutOfTime:
            return {"fault": "no end"}
        except wire.WireError:
            return {"fault": "unreadable"}
        except BaseException as error:
            return {"fault": "raised", "type": type(error).__name__}
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def keep(self, thing: Any) -> list[Any]:
        """Keep a thing here; the other side gets its number, and whether it can be called."""
        self.things.append(thing)
        return [len(self.things) - 1, callable(thing)]

    def do_run(self, request: dict[str, Any]) -> None:
        """Run a cell in the student's names."""
        exec(_compile(request["source"]), self.module.__dict__)

    def do_get(self, request: dict[str, Any]) -> Any:
        """Give the value of a name."""
        return self.module.__dict__[request["name"]]

    def do_attribute(self, request: dict[str, Any]) -> Any:
        """Give an attribute of a thing kept here."""
        return getattr(self.things[request["thing"]], request["name"])

    def do_call(self, request: dict[str, Any]) -> Any:
        """Call a thing kept here."""
        decoder = wire.Decoder(find=lambda number, _: self.things[number])
        positional, named = decoder.decode(request["args"]), decoder.decode(request["kwargs"])
        return self.things[request["thing"]](*positional, **named)


def serve(worker: Worker, requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer until the other side hangs up."""
    own = os.getpid()
    replies.write(wire.pack(READY))
    replies.flush()
    while header := requests.read(4):
        request = wire.unpack(requests.read(wire.body_length(header)))
        reply = worker.answer(request)
        if os.getpid() != own:  # a cell has forked: the copy has nothing to say
            os._exit(0)
        try:
            message = wire.pack({"id": request["id"], **reply})
        except (wire.WireError, ValueError):
            message = wire.pack({"id": request["id"], "fault": "unreadable"})
        replies.write(message)
        replies.flush()


def _compile(source: str) -> types.CodeType:
    """Compile a cell; lines of magic (%, !, ?) do nothing, and keep their number and indentation."""
    try:
        return compile(source, "<cell>", "exec", dont_inherit=True)
    except SyntaxError:
        lines = source.split("\n")
        plain = [_without_magic(line) for line in lines]
        if plain == lines:
            raise
        return compile("\n".join(plain), "<cell>", "exec", dont_inherit=True)


def _without_magic(line: str) -> str:
    bare = line.lstrip()
    magic = bare.startswith(("%", "!", "?")) or bare.rstrip().endswith("?")
    return line[: len(line) - len(bare)] + "pass" if magic else line


def _ignore(*_: Any, **__: Any) -> None:
    """Stand in for what only a notebook on a screen can do."""


class _Shell:
    """Stand in for IPython's shell: it has every method, and none does anything."""

    def __getattr__(self, name: str) -> Any:
        return _ignore


def _stop(*_: Any) -> None:
    raise OutOfTime


def main(settings: dict[str, Any]) -> None:
    """Give up rights, take over the standard streams, answer."""
    limit(settings)
    signal.signal(signal.SIGPROF, _stop)
    serve(Worker(), *take_over())
