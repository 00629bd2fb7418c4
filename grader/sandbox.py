"""Where students' code runs: in a sandbox, or not at all.

A sandbox is a command that starts the worker. Each gives up the same things: network, other processes,
the host's files but for a read-only Python, and every place to write but a small /tmp.
"""

import json
import os
import site
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import transformer_lib
from grader.limits import Limits

HERE = Path(__file__).parent
LIBRARY = Path(transformer_lib.__file__).parent
FAR_SIDE = ("__init__.py", "wire.py", "worker.py")  # all of the grader that enters the sandbox
TRUSTED = ("assignments", "grader")  # packages that must not be seen there

START = "import json, sys; settings = json.loads(sys.argv[1]); sys.path[:0] = settings['paths']; \
from grader.worker import main; main(settings)"

ENVIRONMENT = {
    "HOME": "/tmp",
    "PATH": "/usr/bin",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


class SandboxError(Exception):
    """There is no sandbox, or it does not start: the message says what to do."""


class Sandbox(Protocol):
    """A way to start the worker."""

    name: str

    def command(self, limits: Limits) -> list[str]:
        """Give the command line that starts the worker, with its limits."""
        ...

    def stop(self, process: "subprocess.Popen[bytes]") -> None:
        """End what the command started, all of it."""
        ...


def worker(python: str, paths: list[str], limits: Limits) -> list[str]:
    """Give the command that is the worker, as it is called within every sandbox."""
    settings = json.dumps({**asdict(limits), "paths": paths})
    return [python, "-I", "-B", "-c", START, settings]


def package_folders() -> list[Path]:
    """Name the folders that hold installed packages: NumPy's, torch's."""
    found = [Path(entry) for entry in sys.path if Path(entry).name in {"site-packages", "dist-packages"}]
    return [folder for folder in found if folder.is_dir()] or [Path(site.getsitepackages()[0])]


class Unsafe:
    """No sandbox: the code runs with your rights. For tests of the grader, and work you have read."""

    name = "unsafe"

    def command(self, limits: Limits) -> list[str]:
        """Start the worker itself."""
        paths = [str(HERE.parent), str(LIBRARY.parent), *map(str, package_folders())]
        variables = [f"{key}={value}" for key, value in ENVIRONMENT.items()]
        return ["env", "-i", *variables, *worker(os.path.realpath(sys.executable), paths, limits)]

    def stop(self, process: "subprocess.Popen[bytes]") -> None:
        """End the process; what it has detached may live on."""
        process.kill()
