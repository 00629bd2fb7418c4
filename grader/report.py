"""The instructor's page on a class: scores, questions, known mistakes, and what needs an eye."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assignments.problem_set import ProblemSet
from grader.classbook import Entry
from grader.submission import OTHER_STUDENT

BINS = 10


@dataclass(frozen=True)
class Bar:
    """A bar of the histogram: the students from so many percent of the points to so many."""

    low: int
    high: int
    students: int


@dataclass(frozen=True)
class Row:
    """A question in the table."""

    number: int
    title: str
    points: int
    read: int  # answers with points
    mean: float  # share of the points, 0 to 1
    solved: float  # share of the answers with all points


@dataclass(frozen=True)
class Made:
    """A known mistake and who made it."""

    question: str
    name: str
    sentence: str
    students: tuple[str, ...]


def report(
    entries: Sequence[Entry], problem_set: ProblemSet, said: Sequence[str], filled: Sequence[str] = ()
) -> str:
    """Write the page; all that students or files have named is escaped.

    `said` are sentences that need an eye, `filled` those on the gradebooks.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    bars = histogram(entries)
    return environment.get_template("report.html").render(
        set=problem_set,
        entries=entries,
        counts=counts(entries),
        bars=bars,
        tallest=max(bar.students for bar in bars) or 1,
        shares=[_share(entry) for entry in entries if entry.graded],
        mean=mean,
        median=median,
        rows=list(questions(entries, problem_set)),
        mistakes=mistakes(entries, problem_set),
        eye=[*said, *eye(entries)],
        filled=filled,
    )


def counts(entries: Iterable[Entry]) -> dict[str, int]:
    """Count the students by status, and the late ones."""
    found = Counter(entry.status for entry in entries)
    late = sum(bool(entry.late and entry.result) for entry in entries)
    fixed = {"graded": 0, "unreadable": 0, "nothing handed in": 0}
    return fixed | dict(sorted(found.items())) | {"late": late}


def histogram(entries: Iterable[Entry]) -> list[Bar]:
    """Count the graded students by tenths of the points."""
    at = Counter(min(int(_share(entry) * BINS), BINS - 1) for entry in entries if entry.graded)
    width = 100 // BINS
    return [Bar(n * width, (n + 1) * width - (n + 1 < BINS), at[n]) for n in range(BINS)]


def questions(entries: Sequence[Entry], problem_set: ProblemSet) -> Iterator[Row]:
    """Sum up each question over the graded students; an answer that waits does not count."""
    for number, question in problem_set.numbered():
        marks = [entry.questions[question.id] for entry in entries if entry.graded]
        shares = [one["score"] / one["points"] for one in marks if one["score"] is not None]
        solved = [share == 1 for share in shares]
        yield Row(
            number,
            question.title,
            question.points,
            len(shares),
            mean(shares) if shares else 0.0,
            mean(solved) if solved else 0.0,
        )


def mistakes(entries: Iterable[Entry], problem_set: ProblemSet) -> list[Made]:
    """Gather the known mistakes, those of most students first."""
    titles = {question.id: f"{number} · {question.title}" for number, question in problem_set.numbered()}
    who: dict[tuple[str, str], list[str]] = defaultdict(list)
    sentence: dict[tuple[str, str], str] = {}
    for entry in entries:
        for question, check in _checks(entry):
            key = (question, check["mistake"])
            if check["mistake"] is not None and entry.student not in who[key]:
                who[key].append(entry.student)
                sentence.setdefault(key, check["sentence"])
    made = [Made(titles[key[0]], key[1], sentence[key], tuple(names)) for key, names in who.items() if names]
    return sorted(made, key=lambda one: (-len(one.students), one.question, one.name))


def eye(entries: Iterable[Entry]) -> Iterator[str]:
    """Say what a person should look at."""
    waiting = []
    for entry in entries:
        if entry.result is None:
            continue
        if not entry.graded:
            yield f"{entry.student}, {entry.status}: {' '.join(entry.result['notes'])}"
        elif OTHER_STUDENT in entry.result["notes"]:
            yield f"{entry.student}: {OTHER_STUDENT}"
        if any(check["status"] == "not judged" for _, check in _checks(entry)):
            yield f"{entry.student}: an answer could not be judged."
        if entry.graded and entry.waiting:
            waiting.append(entry.student)
    if waiting:
        yield f"Written answers wait for you, of {len(waiting)} students: fill in written.csv and run again."


def _checks(entry: Entry) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, question in entry.questions.items():
        for check in question["checks"]:
            yield name, check


def _share(entry: Entry) -> float:
    assert entry.result is not None
    return entry.result["score"] / entry.result["points"] if entry.result["points"] else 0.0
