"""How fast the grader is: 1,000 submissions on this machine, and some beside otter and nbgrader.

    python benchmarks/grading.py            # some 10 minutes on two quiet cores; writes grading.md
    python benchmarks/grading.py --quick    # a few submissions, to see that it runs; writes nothing

Ours runs each submission in a sandbox, two at a time; the others run one at a time and without one.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from attention_set import SETUP
from others import environment, time_nbgrader, time_otter, variants

HERE = Path(__file__).parent
ROOT = HERE.parent
COMMAND = "python benchmarks/grading.py"
START = "import sys; from grader.command import main; sys.exit(main(sys.argv[1:]))"
TORCH = "import torch"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What grading so many submissions took."""

    what: str
    submissions: int
    processes: int
    seconds: float
    megabytes: float | None = None  # the largest process of the grader, of those outside the sandbox

    @property
    def row(self) -> str:
        """Give a line of the table."""
        each = f"{self.seconds / self.submissions:.2f}"
        memory = "" if self.megabytes is None else f"{self.megabytes:.0f}"
        cells = (self.what, f"{self.submissions:,}", str(self.processes), f"{self.seconds:.0f}", each, memory)
        return f"| {' | '.join(cells)} |"


def ours(work: Path, number: int, processes: int, setup: str = SETUP) -> Timing:
    """Grade in the sandbox with the command `grade`."""
    folder = work / f"ours-{number}-{processes}-{len(setup)}"
    folder.mkdir()
    for at, answers in enumerate(variants(number)):
        (folder / f"s{at}.ipynb").write_text(_notebook(setup, answers), "utf-8")
    words = [folder, "--set", "attention_set:make", "--out", f"{folder}-grades", "--jobs", processes]
    paths = os.pathsep.join([str(ROOT), str(HERE)])
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", START, *map(str, words)],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError("grade fails: run it by hand on a notebook to see why")
    what = "this grader" + (", notebooks that import torch" if setup != SETUP else "")
    return Timing(
        what=what,
        submissions=number,
        processes=processes,
        seconds=seconds,
        megabytes=usage.ru_maxrss / 1024,
    )


def theirs(work: Path, number: int) -> list[Timing]:
    """Grade the same submissions with the two others."""
    programs = environment(ROOT / "_build" / "other_graders")
    timings = []
    for name, grade in {"otter-grader 7.0.0": time_otter, "nbgrader 0.9.6": time_nbgrader}.items():
        folder = work / name.split("-")[0].split()[0]
        folder.mkdir()
        seconds = grade(programs, folder, variants(number))
        timings.append(Timing(what=name, submissions=number, processes=1, seconds=seconds))
    return timings


def report(timings: list[Timing]) -> str:
    """Give the page."""
    busy = os.getloadavg()[0]
    lines = [
        "# Speed of the grader",
        "",
        f"Made by `{' '.join([COMMAND, *sys.argv[1:]])}` on {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, at a load of {busy:.0f} from all that ran there.",
        "Of ten submissions eight are right, one is the stub and one raises.",
        "A submission has three functions in NumPy and five checks.",
        "Compare within the table: the seconds hang on the machine.",
        "",
        "| | submissions | processes | seconds | seconds each | MB |",
        "| --- | --: | --: | --: | --: | --: |",
        *(timing.row for timing in timings),
        "",
        "MB is the largest process of the grader, outside the sandbox.",
        "The others run students' code in their own process, without a sandbox.",
        "",
    ]
    return "\n".join(lines)


def _notebook(setup: str, answers: Mapping[str, str]) -> str:
    cells = [
        {"cell_type": "code", "source": code, "metadata": {}} for code in (SETUP, setup, *answers.values())
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--few", type=int, default=20, help="submissions beside otter and nbgrader")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if options.quick:
            print(report([ours(work, 3, 1)]))
            return
        few, many = options.few, options.submissions
        compared = [ours(work, few, 1), *theirs(work, few)]
        alone = [ours(work, few, 2, TORCH), ours(work, many // 10, 2), ours(work, many, 2)]
        page = report([*compared, *alone])
    (HERE / "grading.md").write_text(page, "utf-8")
    print(page)


if __name__ == "__main__":
    main()
