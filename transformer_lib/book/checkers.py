"""The page *What each checker catches*, and the proof that it is true."""

from itertools import groupby
from typing import Any

import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from transformer_lib import style
from transformer_lib.book.anchors import short_id
from transformer_lib.exercises import EXERCISES, Exercise, Verdict, check


class ExerciseMatrix(SphinxDirective):
    """The page *What each checker catches*: every checker is run on all its known answers."""

    def run(self) -> list[nodes.Node]:
        chapters = groupby(EXERCISES.values(), key=lambda exercise: exercise.id.split(".")[0])
        return [self._chapter(number, list(exercises)) for number, exercises in chapters]

    def _chapter(self, number: str, exercises: list[Exercise]) -> nodes.section:
        section = _section(f"Chapter {number}", f"checkers of chapter {number}")
        for exercise in exercises:
            section += self._exercise(exercise, number)
        return section

    def _exercise(self, exercise: Exercise, chapter: str) -> nodes.section:
        _demand(exercise, check(exercise.id, ...), "not tried yet", None)
        for answer in (exercise.reference, *exercise.equivalents.values()):
            _demand(exercise, exercise.judge(answer), "right", None)
        for mistake in exercise.mistakes:
            _demand(exercise, exercise.judge(mistake.answer), "wrong", mistake.name)

        title = f"Exercise {exercise.id} · {exercise.title}"
        (page,) = (name for name in self.env.found_docs if name.startswith(f"notebooks/{int(chapter):02d}_"))
        link = f"../{page}.html#{short_id(title)}"
        section = _section(title, f"checker {exercise.id}")
        to_exercise = nodes.reference("", "The exercise", refuri=link, internal=True)
        others = f". Right, beside the solution: {'; '.join(exercise.equivalents)}."
        section += nodes.paragraph("", "", to_exercise, nodes.Text(others))
        section += _table(exercise)
        return section


def _section(title: str, name: str) -> nodes.section:
    return nodes.section("", nodes.title(text=title), ids=[nodes.make_id(name)])


def _table(exercise: Exercise) -> nodes.table:
    group = nodes.tgroup(cols=3)
    group += [nodes.colspec(colwidth=width) for width in (2, 4, 2)]
    group += nodes.thead("", _row("the mistake", "what the checker says", "for example"))
    rows = [_row(one.name, one.sentence, example(one.answer)) for one in exercise.mistakes]
    group += nodes.tbody("", *rows)
    return nodes.table("", group)


def _row(*cells: str) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph(text=text)) for text in cells))


def example(answer: Any) -> str:
    """A wrong answer that is numbers, as a student would write it; a function shows nothing."""
    try:
        numbers = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        return ""
    if numbers.ndim > 2:
        return ""
    rows = ["(" + ", ".join(style.short(x) for x in row) + ")" for row in np.atleast_2d(numbers)]
    return ", ".join(rows)


def _demand(exercise: Exercise, verdict: Verdict, status: str, mistake: str | None) -> None:
    if (verdict.status, verdict.mistake) != (status, mistake):
        raise ExtensionError(
            f"exercise {exercise.id}: wanted {status!r} and {mistake!r}, got {verdict.status!r} "
            f"and {verdict.mistake!r}: {verdict.sentence}"
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("exercise-matrix", ExerciseMatrix)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
