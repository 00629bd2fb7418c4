"""One worker in its sandbox: requests go in, replies come out, all within a time."""

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from grader.limits import Limits
from grader.sandbox import Sandbox, SandboxError
from grader.wire import LENGTH, WireError, body_length, pack, unpack

STARTING = 60.0  # seconds a sandbox may take to start, on a busy machine


class StoppedError(Exception):
    """The worker is gone: `kind` is "stopped", "no end" or "unreadable"."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Session:
    """A running worker; a context manager, which ends it."""

    def __init__(self, sandbox: Sandbox, limits: Limits) -> None:
        self.sandbox = sandbox
        self.alive = True
        self.asked = 0
        with tempfile.TemporaryFile() as complaints:
            # Before the first cell only our own code writes there; from then on nothing does.
            self.process = subprocess.Popen(
                sandbox.command(limits),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                start_new_session=True,
                bufsize=0,
            )
            self._await_ready(complaints)

    def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Send a request and give its reply; the worker that is late, gone or garbled is ended."""
        self.asked += 1
        try:
            deadline = time.monotonic() + seconds
            self._write(pack({**request, "id": self.asked}), deadline)
            return self._reply(deadline)
        except StoppedError:
            self.close()
            raise
        except WireError:
            self.close()
            raise StoppedError("unreadable") from None

    def close(self) -> None:
        """End the worker and all it has started."""
        if not self.alive:
            return
        self.alive = False
        self.sandbox.stop(self.process)
        self._wait_for_the_last()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _await_ready(self, complaints: Any) -> None:
        try:
            self._reply(time.monotonic() + STARTING)
        except (StoppedError, WireError):
            self.close()
            complaints.seek(0)
            said = complaints.read(2000).decode(errors="replace").strip()
            raise SandboxError(f"The sandbox {self.sandbox.name} does not start: {said}") from None

    def _reply(self, deadline: float) -> dict[str, Any]:
        reply = unpack(self._read(body_length(self._read(LENGTH.size, deadline)), deadline))
        if reply.get("id") != self.asked:
            raise WireError("a reply to another request")
        return reply

    def _write(self, message: bytes, deadline: float) -> None:
        """Write all, to a worker that may refuse to read."""
        assert self.process.stdin is not None
        pipe = self.process.stdin.fileno()
        os.set_blocking(pipe, False)
        while message:
            _wait(deadline, writing=pipe)
            try:
                message = message[os.write(pipe, message) :]
            except BrokenPipeError:
                raise StoppedError("stopped") from None

    def _read(self, size: int, deadline: float) -> bytes:
        """Read exactly so much, from a worker that may trickle."""
        assert self.process.stdout is not None
        pipe, parts = self.process.stdout.fileno(), []
        while size:
            _wait(deadline, reading=pipe)
            part = os.read(pipe, min(size, 2**16))
            if not part:
                raise StoppedError("stopped")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _wait_for_the_last(self) -> None:
        """Read until no process holds the other end: then none is left in the sandbox."""
        assert self.process.stdout is not None
        pipe, deadline = self.process.stdout.fileno(), time.monotonic() + 5
        try:
            while _wait(deadline, reading=pipe) and os.read(pipe, 2**16):
                pass
        except StoppedError:
            pass  # without a sandbox, a detached process may hold it


def _wait(deadline: float, *, reading: int | None = None, writing: int | None = None) -> bool:
    """Wait until a pipe is ready."""
    pipe = reading if reading is not None else writing
    poll = select.poll()
    poll.register(pipe or 0, select.POLLIN if reading is not None else select.POLLOUT)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise StoppedError("no end")
    return True
