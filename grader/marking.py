"""One submission, marked: the checks are asked, points are given, and nothing else is told.

The open checks of all questions are judged before the first hidden one, so that a function that
remembers what it was given has no hidden input to betray where a sentence is shown.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from assignments.problem_set import Check, ProblemSet, Question, Written
from grader.limits import Limits
from grader.proxy import Border, Proxy
from grader.running import Run
from grader.sandbox import Sandbox
from grader.session import StoppedError
from grader.submission import Submission
from transformer_lib.exercises.registry import Verdict

Result = dict[str, Any]

# What a student may be told of any check. `NAME` is the name that the question asks for.
SENTENCES = {
    "not defined": "The name NAME is not defined: keep the name that the question asks for, "
    "and run all cells from the top before you hand in.",
    "not tried": "There is no answer yet.",
    "raised": "Your code raises an error here.",
    "no end": "Your code does not end in the time allowed: look for a loop that never stops.",
    "stopped": "Your code ends its own process: it exits, or it uses more memory or time than is allowed.",
    "unreadable": "What your code gives cannot be read: give numbers, lists, arrays or tensors, "
    "no larger than the question asks for.",
    "gives nothing": "Your function gives nothing: does it end with return?",
    "not finite": "There is NaN or infinity where a finite number is asked for.",
    "wrong shape": "The shape is not the one asked for.",
    "wrong numbers": "The numbers are not the ones asked for.",
    "not judged": "This answer could not be judged. Your instructor is told.",
}
CELL_FAULTS = {
    "no end": "does not end in the time allowed",
    "stopped": "ends the process: it was left out",
    "unreadable": "could not be followed: it was left out",
}
FATAL = {"stopped", "no end", "unreadable"}


def mark(submission: Submission, problem_set: ProblemSet, sandbox: Sandbox, limits: Limits) -> Result:
    """Run a submission in the sandbox and judge it. Gives plain data, the same each time."""
    if submission.unreadable:
        return result(submission, problem_set, "unreadable", {}, [submission.unreadable])
    if submission.other_set:
        note = f"This notebook is of another problem set: hand in {problem_set.title}."
        return result(submission, problem_set, "another set", {}, [note])
    run = Run(sandbox, limits, submission.cells)
    try:
        marks, notes = _mark(problem_set, run)
    finally:
        run.close()
    return result(submission, problem_set, "graded", marks, [*submission.notes, *notes])


def result(
    submission: Submission,
    problem_set: ProblemSet,
    status: str,
    marks: dict[tuple[str, str], dict[str, Any]],
    notes: list[str],
) -> Result:
    """Gather the marks; a check without one is worth nothing."""
    questions = {}
    for question in problem_set.questions:
        if isinstance(question, Written):
            questions[question.id] = {"score": None, "points": question.points, "checks": []}
            continue
        nothing = {"score": 0, "status": "not tried", "mistake": None, "sentence": SENTENCES["not tried"]}
        checks = [
            {"name": check.name, "points": check.points} | marks.get((question.id, check.name), nothing)
            for check in question.checks
        ]
        total = {key: sum(check[key] for check in checks) for key in ("score", "points")}
        questions[question.id] = {**total, "checks": checks}
    checked = [question for question in questions.values() if question["score"] is not None]
    return {
        "student": submission.student,
        "set": problem_set.name,
        "status": status,
        "score": sum(question["score"] for question in checked),
        "points": sum(question["points"] for question in checked),
        "questions": questions,
        "notes": notes,
        "submission": submission.digest,
    }


def _mark(problem_set: ProblemSet, run: Run) -> tuple[dict[tuple[str, str], dict[str, Any]], list[str]]:
    """Judge every check, the open ones first; a question that ends the process is not called again."""
    marks: dict[tuple[str, str], dict[str, Any]] = {}
    fatal: dict[str, str] = {}
    try:
        run.start()
    except StoppedError as stopped:
        fatal = {question.id: stopped.kind for question in problem_set.questions}
    notes = list(_about_cells(run))
    for question, check in _in_order(problem_set):
        kind = fatal.get(question.id)
        marks[question.id, check.name] = mark = (
            _nothing(question, kind) if kind else _judge(question, check, run)
        )
        if mark["status"] in FATAL and (run.session is None or not run.session.alive):
            fatal[question.id] = mark["status"]
    return marks, notes


def _in_order(problem_set: ProblemSet) -> list[tuple[Question, Check]]:
    questions = [question for question in problem_set.questions if isinstance(question, Question)]
    pairs = [(question, check) for question in questions for check in question.checks]
    return sorted(pairs, key=lambda pair: pair[1].hidden)


def _judge(question: Question, check: Check, run: Run) -> dict[str, Any]:
    border = Border(run)
    try:
        answer = border.get(question.answer)
    except StoppedError as stopped:
        return _nothing(question, stopped.kind)
    except KeyError:
        return _nothing(question, "not defined")
    except Exception:
        return _nothing(question, border.faults[-1])
    if answer is None or answer is ...:
        return _nothing(question, "not tried")
    try:
        verdict = check.judge(answer)
    except Exception:  # a judge that is at a loss is no reason to stop the class
        return _nothing(question, border.faults[-1] if border.faults else "not judged")
    return _told(question, check, verdict, _kind(verdict, answer, border))


def _told(question: Question, check: Check, verdict: Verdict, kind: str) -> dict[str, Any]:
    """Give the mark; of a hidden check, praise and known mistakes are told, the rest by its kind."""
    right = verdict.status == "right"
    told = right or verdict.mistake is not None or (not check.hidden and kind.startswith("wrong"))
    return {
        "score": check.points if right else 0,
        "status": "right" if right else "mistake" if verdict.mistake else kind,
        "mistake": None if right else verdict.mistake,
        "sentence": verdict.sentence if told else _sentence(question, kind),
    }


def _kind(verdict: Verdict, answer: Any, border: Border) -> str:
    """Sort what is wrong into one of the kinds that may be told."""
    given = border.last if isinstance(answer, Proxy) else answer
    if border.faults:
        return border.faults[-1]
    if verdict.status == "not tried yet":
        return "not tried"
    if given is None:
        return "gives nothing"
    if not _finite(given):
        return "not finite"
    return "wrong shape" if "shape" in verdict.sentence else "wrong numbers"


def _finite(value: Any) -> bool:
    try:
        return bool(np.isfinite(np.asarray(value, dtype=float)).all())
    except (TypeError, ValueError, OverflowError):
        return True  # no array of numbers, so its fault is another


def _nothing(question: Question, kind: str) -> dict[str, Any]:
    return {"score": 0, "status": kind, "mistake": None, "sentence": _sentence(question, kind)}


def _sentence(question: Question, kind: str) -> str:
    return SENTENCES[kind].replace("NAME", question.answer)


def _about_cells(run: Run) -> Iterator[str]:
    """Say which cells did not run through; their errors' text is not told."""
    for at, fault in sorted(run.faults.items()):
        yield f"Code cell {run.cells[at].number} {CELL_FAULTS.get(fault, f'raises {fault}')}."
