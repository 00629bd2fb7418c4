"""What a class gets after grading: pages, gradebooks, a report. Needs results, and no sandbox."""

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from assignments.problem_set import ProblemSet
from grader.classbook import Entry, entries
from grader.feedback import html, markdown
from grader.found import Found
from grader.gradebooks.canvas import marked_late, read_canvas
from grader.gradebooks.filling import Gradebook, fill, named, sentences
from grader.gradebooks.gradescope import results_json
from grader.gradebooks.moodle import lateness, read_moodle
from grader.gradebooks.people import Match, Person
from grader.gradebooks.plain import as_csv, grades_csv
from grader.job import Assignment
from grader.marking import Result
from grader.report import report
from grader.store import as_json, write
from grader.written import Points, offer, read_points, with_points

Books = tuple[tuple[Gradebook, Match], ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that is read and found right before the first submission is graded."""

    out: Path
    assignment: Assignment
    problem_set: ProblemSet  # of any student: titles, ids and points are the same
    people: Mapping[str, Person]
    books: Books
    late: Mapping[str, str]
    points: Points  # of written questions
    template: Path | None  # where to offer a table for them
    overwrite: bool = False
    gradescope: bool = False


def plan(
    options: argparse.Namespace, assignment: Assignment, people: Mapping[str, Person], found: Sequence[Found]
) -> Plan:
    """Read the gradebooks and the written points.

    Raises
    ------
    ValueError
        One of them cannot be used; nothing is written yet.
    """
    out, problem_set = Path(options.out), assignment.problem_set(found[0].student)
    books = tuple((book, book.match(people)) for book in _books(options, problem_set))
    table = options.written or out / "written.csv"
    given = options.written or (problem_set.written and table.exists())
    return Plan(
        out=out,
        assignment=assignment,
        problem_set=problem_set,
        people=people,
        books=books,
        late=_late(found, books, options.due),
        points=read_points(table, problem_set, people) if given else {},
        template=None if options.written else table,
        overwrite=options.overwrite,
        gradescope=options.gradescope,
    )


def hand_back(plan: Plan, graded: Iterable[Result], strays: Sequence[str]) -> list[str]:
    """Write everything; give the sentences that the instructor should read."""
    results = [with_points(result, plan.points.get(result["student"], {})) for result in graded]
    of_class = entries(plan.people, results, plan.late)
    _write_pages(plan, results)
    said = offer(plan.template, of_class, plan.problem_set) if plan.template else []
    said += [*_about_points(plan, results), *_about_lateness(of_class)]
    filled = list(_fill(plan, of_class))
    questions = [question.id for question in plan.problem_set.questions]
    write(plan.out / "grades.csv", grades_csv(of_class, questions))
    write(plan.out / "grades.json", as_json(results))
    write(plan.out / "report.html", report(of_class, plan.problem_set, [*strays, *said], filled))
    return [*said, *filled]


def _books(options: argparse.Namespace, problem_set: ProblemSet) -> Iterator[Gradebook]:
    """Read the gradebooks that are given."""
    for lms in ("canvas", "moodle"):
        export, target = getattr(options, lms), Path(options.out, f"{lms}.csv")
        if export and export.exists() and target.exists() and export.samefile(target):
            raise ValueError(f"{target} would be written over itself: move the export elsewhere.")
    if options.canvas:
        yield read_canvas(options.canvas, (problem_set.title, problem_set.name), options.column)
    if options.moodle:
        yield read_moodle(options.moodle)


def _late(found: Iterable[Found], books: Books, due: datetime | None) -> dict[str, str]:
    """Give each late student with how it is known: Moodle's worksheet, or the names Canvas gives."""
    worksheet = next(((book, whose) for book, whose in books if book.lms == "moodle"), None)
    if due is not None and worksheet is None:
        raise ValueError(
            "--due needs the times of a worksheet, --moodle. Canvas marks late files by name; "
            "a file's own time changes with each copy."
        )
    late = {one.student: said for one in found if (said := marked_late(one.path))}
    return late | (dict(lateness(*worksheet, due)) if worksheet else {})


def _write_pages(plan: Plan, results: Iterable[Result]) -> None:
    """Write a page for each student, and where asked what Gradescope reads."""
    pages, uploads = plan.out / "feedback", plan.out / "gradescope"
    for folder in (pages, uploads) if plan.gradescope else (pages,):
        folder.mkdir(parents=True, exist_ok=True)
    for result in results:
        student = result["student"]
        page = markdown(result, plan.assignment.problem_set(student))
        write(pages / f"{student}.md", page)
        write(pages / f"{student}.html", html(page))
        if plan.gradescope:
            write(uploads / f"{student}.json", results_json(result))


def _fill(plan: Plan, of_class: Sequence[Entry]) -> Iterable[str]:
    """Fill the gradebooks; keep what has no place in them in unmatched.csv."""
    lines = [["gradebook", "student", "name", "status", "score"]]
    for book, found in plan.books:
        outcome = fill(book, found, of_class, overwrite=plan.overwrite)
        book.table.save(plan.out / f"{book.lms}.csv")
        left = [entry for entry in of_class if entry.result and entry.student not in outcome.placed]
        lines += [[book.lms, e.student, e.person.name, e.status, (e.result or {})["score"]] for e in left]
        absent = [entry.student for entry in left if entry.student not in found.doubled]
        yield from sentences(book, found, outcome, absent)
    if plan.books:
        write(plan.out / "unmatched.csv", as_csv(lines))


def _about_points(plan: Plan, results: Iterable[Result]) -> list[str]:
    without = {who for who, points in plan.points.items() if points} - {one["student"] for one in results}
    return named({"Points for written questions, but nothing handed in": sorted(without)})


def _about_lateness(of_class: Iterable[Entry]) -> list[str]:
    late = [f"{entry.student} ({entry.late})" for entry in of_class if entry.late and entry.result]
    return named({"Late, with no points taken": late})
