"""Run chapters under limits and tell what each takes: time, processor time, memory.

    python tools/budget.py --cores 1 --gib 2 --python _build/binder/bin/python notebooks/*.ipynb

Each chapter runs afresh, by itself, and stores nothing. Its peak is that of its kernel, the largest
process. A chapter that fails or takes more memory ends the run with exit code 1. Linux only; as
root, the kernel of the machine enforces the limit too (control groups, version 1).
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MIB = 1024**2
GROUPS = Path("/sys/fs/cgroup/memory")


@dataclass(frozen=True)
class Taken:
    """What one chapter took."""

    seconds: float
    processor_seconds: float
    peak_mib: float


def main() -> None:
    """Print a row for each chapter named on the command line."""
    options = _options()
    cores = sorted(os.sched_getaffinity(0))[: options.cores]
    with memory_limit(int(options.gib * 1024 * MIB)) as group:
        how = "enforced" if group else "measured"
        print(f"On {len(cores)} core(s), at most {options.gib:g} GiB ({how}).\n")
        print("| chapter | seconds | processor seconds | peak, MiB |\n|---|---:|---:|---:|", flush=True)
        rows = []
        for notebook in options.notebooks:
            taken = take(options.python, notebook, cores, group)
            rows.append(taken)
            print(_row(notebook.stem, taken), flush=True)
            if taken.peak_mib > options.gib * 1024:
                sys.exit(f"{notebook.stem} took {taken.peak_mib:.0f} MiB: more than {options.gib:g} GiB.")
    whole = Taken(
        sum(r.seconds for r in rows), sum(r.processor_seconds for r in rows), max(r.peak_mib for r in rows)
    )
    print(_row("all", whole))


def take(python: str, notebook: Path, cores: list[int], group: Path | None) -> Taken:
    """Run one notebook with `python`, on `cores`, inside the control `group` if there is one."""

    def limits() -> None:
        os.sched_setaffinity(0, cores)
        if group:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    command = [python, "-m", "jupyter", "execute", "--timeout=300", str(notebook)]
    threads = {"OMP_NUM_THREADS": str(len(cores)), "MPLBACKEND": "Agg", "OMP_WAIT_POLICY": "PASSIVE"}
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=os.environ | threads,
        preexec_fn=limits,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr
    errors = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{notebook.stem} failed:\n{errors[-2000:]}")
    return Taken(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextmanager
def memory_limit(n_bytes: int) -> Iterator[Path | None]:
    """A control group that may hold so many bytes, or None where the machine makes none."""
    group = GROUPS / f"course_{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(n_bytes))
    except OSError:
        yield None
        return
    try:
        yield group
    finally:
        group.rmdir()


def _row(name: str, taken: Taken) -> str:
    return f"| {name} | {taken.seconds:.0f} | {taken.processor_seconds:.0f} | {taken.peak_mib:.0f} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run chapters under limits and tell what each takes.")
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--cores", type=int, default=2, help="how many processors (default 2)")
    parser.add_argument("--gib", type=float, default=2.0, help="how much memory (default 2)")
    parser.add_argument("--python", default=sys.executable, help="whose environment (default: this one's)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
