"""Choose the sandbox of this machine, and try it before the first submission."""

import shutil

from grader.bubblewrap import Bubblewrap
from grader.container import Container
from grader.limits import Limits
from grader.sandbox import Sandbox, SandboxError, Unsafe
from grader.session import Session

KINDS = ("bubblewrap", "docker", "podman", "unsafe")
PROGRAM = {"bubblewrap": "bwrap", "docker": "docker", "podman": "podman"}
HOW = """Install bubblewrap, which needs no rights to run:
    sudo apt install bubblewrap      (Debian, Ubuntu)
    sudo dnf install bubblewrap      (Fedora)
or Docker or podman, and build the image of tools/docker/Dockerfile.
On macOS and Windows, grade in a Linux machine or in WSL 2.
With --sandbox unsafe the students' code runs with your rights: read it first."""


def by_name(kind: str) -> Sandbox:
    """Give the sandbox of a name.

    >>> by_name("bubblewrap").name
    'bubblewrap'
    """
    if kind == "bubblewrap":
        return Bubblewrap()
    return Unsafe() if kind == "unsafe" else Container(kind)


def choose(kind: str, limits: Limits) -> str:
    """Give the name of a sandbox that works here: the one asked for, or with "auto" the first that does.

    Raises
    ------
    SandboxError
        None works; says how to get one. "auto" never chooses "unsafe".
    """
    asked = [name for name in KINDS if name != "unsafe"] if kind == "auto" else [kind]
    problems = []
    for name in asked:
        try:
            _try(name, limits)
        except SandboxError as problem:
            problems.append(str(problem))
        else:
            return name
    raise SandboxError("\n".join(["Grading needs a sandbox, and there is none here.", *problems, HOW]))


def _try(name: str, limits: Limits) -> None:
    program = PROGRAM.get(name)
    if program and not shutil.which(program):
        raise SandboxError(f"{program} is not installed.")
    Session(by_name(name), limits).close()
