"""The options of `grade`."""

import argparse
import os
from datetime import datetime
from pathlib import Path

from grader.choosing import KINDS
from grader.limits import Limits


def parser() -> argparse.ArgumentParser:
    """Make the parser."""
    whole = argparse.ArgumentParser("grade", description="Grade submissions in a sandbox.")
    add = whole.add_argument
    add("submissions", help="a folder or the zip of an LMS: STUDENT.ipynb, or a folder a student")
    add("--out", required=True, help="the folder for grades, results, feedback and the report")
    add("--set", help="the problem set, or module:function for one of your own")
    add("--assignment", help="the folder that assign made: its set, seed and students")
    add("--seed", type=int, help="the seed given to assign, where there is no --assignment")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once; 1 grades in turn")
    add("--scheduler", help="the address of a Dask scheduler, tcp://HOST:8786, to grade on a cluster")
    add("--sandbox", choices=("auto", *KINDS), default="auto")
    add("--seconds", type=int, default=Limits.seconds, help="processor seconds a cell or call may take")
    add("--total", type=int, default=Limits.total, help="wall-clock seconds a submission may take")
    _add_grades_out(whole)
    return whole


def _add_grades_out(whole: argparse.ArgumentParser) -> None:
    """Add the options that need no grading: with them the same command uses the stored results."""
    add = whole.add_argument_group("grades out").add_argument
    add("--canvas", type=Path, metavar="EXPORT.csv", help="Canvas's gradebook, to fill in: OUT/canvas.csv")
    add("--column", help="the column of Canvas's file, where the set's title does not find it")
    add("--moodle", type=Path, metavar="EXPORT.csv", help="Moodle's worksheet, to fill in: OUT/moodle.csv")
    add("--overwrite", action="store_true", help="replace other grades that stand in such a file")
    add("--gradescope", action="store_true", help="write OUT/gradescope/STUDENT.json")
    add("--written", type=Path, metavar="POINTS.csv", help="points that you gave; else OUT/written.csv")
    add("--due", type=_due, metavar="TIME", help="2026-11-30T23:59; late is what Moodle's times say is later")


def _due(text: str) -> datetime:
    try:
        due = datetime.fromisoformat(text)
    except ValueError:
        due = None
    if due is None or ":" not in text:
        raise argparse.ArgumentTypeError(f"{text!r} is no day and time: write it as 2026-11-30T23:59.")
    return due
