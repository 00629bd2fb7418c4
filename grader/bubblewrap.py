"""Bubblewrap: every namespace unshared, a read-only view of Python, nothing else of the host.

As root the view is made twice. Root makes it first, because root's own Python may be closed to others;
from within it, as nobody, the sandbox is made: so a student's process is nobody on the host too, which
is what makes the limit on processes hold.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from grader.limits import Limits
from grader.sandbox import ENVIRONMENT, FAR_SIDE, HERE, LIBRARY, TRUSTED, package_folders, worker

NOBODY = "65534"
INSIDE = "/course"  # where the far side of the grader and transformer_lib are seen


class Bubblewrap:
    """The sandbox of Flatpak: needs Linux, and no rights."""

    name = "bubblewrap"

    def command(self, limits: Limits) -> list[str]:
        """Build the sandbox, enter it, start the worker."""
        paths = [INSIDE, *map(str, package_folders())]
        start = worker(os.path.realpath(sys.executable), paths, limits)
        return [*(_as_root() if os.geteuid() == 0 else []), *_sandbox(limits), "--", *start]

    def stop(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill bubblewrap: the sandbox's first process dies with it, and all others with that one."""
        process.kill()


def _sandbox(limits: Limits) -> list[str]:
    return [
        *("bwrap", "--unshare-all", *_no_further_namespaces()),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *("--uid", NOBODY, "--gid", NOBODY, "--hostname", "sandbox"),
        *("--size", str(limits.disk), "--tmpfs", "/tmp"),  # first: a view may lie under /tmp
        *("--proc", "/proc", "--dev", "/dev"),
        *_view(_shown()),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", "--clearenv"),
        *(word for item in ENVIRONMENT.items() for word in ("--setenv", *item)),
    ]


def _as_root() -> list[str]:
    """The view for root, and the step down to nobody within it."""
    view = _view({source: source for source in _shown()})
    bwrap = ["bwrap", "--dir", "/tmp", "--dev-bind", "/proc", "/proc", "--dev", "/dev", *view]
    down = ["/usr/bin/setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
    return [*bwrap, "--unshare-pid", "--die-with-parent", "--", *down, "--"]


def _shown() -> dict[Path, Path]:
    """What is shown and where: Python, its packages, the far side of the grader, the library."""
    python = [Path(os.path.realpath(sys.base_prefix)), *package_folders()]
    shown = {folder: folder for folder in python if not folder.is_relative_to("/usr")}
    shown |= {HERE / name: Path(INSIDE, "grader", name) for name in FAR_SIDE}
    return shown | {LIBRARY: Path(INSIDE, "transformer_lib")}


def _view(shown: dict[Path, Path]) -> list[str]:
    """All that is seen of the host, read-only: the system's libraries, and what is shown."""
    return [
        *("--ro-bind", "/usr", "/usr"),
        *(
            word
            for name in ("lib", "lib32", "lib64", "bin", "sbin")
            for word in _of_the_system(Path("/", name))
        ),
        *("--dir", "/etc", "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"),
        *("--ro-bind-try", "/etc/alternatives", "/etc/alternatives"),
        *(word for source, place in shown.items() for word in _bind(source, place)),
        *(word for folder in package_folders() for word in _without_the_trusted(folder)),
    ]


def _bind(source: Path, place: Path) -> Iterator[str]:
    for parent in reversed(place.parents[:-1]):  # made here, so that nobody may pass through
        yield from ("--dir", str(parent))
    yield from ("--ro-bind", str(source), str(place))


def _of_the_system(folder: Path) -> tuple[str, ...]:
    if folder.is_symlink():
        return ("--symlink", str(folder.readlink()), str(folder))
    return ("--ro-bind-try", str(folder), str(folder))


def _without_the_trusted(folder: Path) -> Iterator[str]:
    """Cover the packages that know the answers, where they are installed beside NumPy."""
    for name in TRUSTED:
        if (folder / name).is_dir():
            yield from ("--tmpfs", str(folder / name), "--remount-ro", str(folder / name))


@cache
def _no_further_namespaces() -> tuple[str, ...]:
    """Keep the student from making namespaces in turn, where bubblewrap is 0.8 or newer."""
    program = shutil.which("bwrap") or "bwrap"
    offers = subprocess.run([program, "--help"], capture_output=True, text=True, check=False).stdout
    return ("--unshare-user", "--disable-userns") if "--disable-userns" in offers else ()
