"""What one submission may use."""

from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one submission may use; what goes beyond it fails in the sandbox, or is killed from outside."""

    seconds: int = 20  # of processor time, for one cell or one call
    patience: int = 3  # wall-clock seconds a second, before the process is killed from outside
    total: int = 240  # wall-clock seconds, for all cells and calls of a submission
    memory: int = 2048 * MIB  # address space of each process: enough for torch with one thread
    processes: int = 10  # and threads, the sandbox's own two included
    files: int = 256  # open at once
    disk: int = 64 * MIB  # in /tmp, the only place that can be written
