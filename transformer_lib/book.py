"""What the built book adds to Jupyter Book: living explorers, alt texts and still twins."""

import re
from itertools import groupby
from typing import Any

import numpy as np
from docutils import nodes
from myst_nb.core.render import WIDGET_VIEW_MIMETYPE, MimeData, NbElementRenderer
from sphinx.application import Sphinx
from sphinx.domains.python import ObjectEntry
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from transformer_lib import style
from transformer_lib.exercises import EXERCISES, Exercise, Verdict, check
from transformer_lib.explorers.base import WEB

API_PAGES = "book/api/"


class FigureWithAlt:
    """MyST-NB plugin: a stored picture takes the alt text stored beside it."""

    mime_priority_overrides = ()

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: bool) -> list[nodes.Element] | None:
        alt = data.output_metadata.get("image/png", {}).get("alt")
        if data.mime_type != "image/png" or alt is None:
            return None
        images = renderer.render_image(data)
        images[0]["alt"] = alt
        return images


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
        link = f"../{page}.html#{nodes.make_id(title)}"
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
    rows = [_row(one.name, one.sentence, _example(one.answer)) for one in exercise.mistakes]
    group += nodes.tbody("", *rows)
    return nodes.table("", group)


def _row(*cells: str) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph(text=text)) for text in cells))


def _example(answer: Any) -> str:
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


class KeepTwin(SphinxPostTransform):
    """Put an explorer's still twin behind it, for paper and for readers without JavaScript.

    MyST-NB keeps one form of each output, the widget; this runs before it chooses.
    """

    default_priority = 3

    def run(self, **kwargs: Any) -> None:
        for bundle in self.document.findall(_is_bundle):
            forms = {
                child["mime_type"]: child for child in bundle.children if isinstance(child, nodes.Element)
            }
            if WIDGET_VIEW_MIMETYPE in forms and "image/png" in forms:
                for image in forms["image/png"].findall(nodes.image):
                    image["classes"].append("explorer-twin")
                    forms[WIDGET_VIEW_MIMETYPE].append(image.deepcopy())


class LinkToLibrary(SphinxPostTransform):
    """Lead from the pages to the API: from a name in the text, and from code that `show_source` shows.

    A name in code type, such as `softmax` or `masks.causal`, becomes a link where it can mean one
    function, class or module only; where two have the name, the module before it tells them apart.
    """

    default_priority = 5

    def run(self, **kwargs: Any) -> None:
        if self.env.docname.startswith(API_PAGES):
            return
        for literal in list(self.document.findall(nodes.literal)):
            entry = self._entry(literal.astext().removesuffix("()"))
            if entry and not isinstance(literal.parent, nodes.reference | nodes.title):
                link = self._link(entry)
                literal.replace_self(link)
                link += literal
        for cell in [node for node in self.document.findall(nodes.container) if _is_code_cell(node)]:
            shown = re.search(r"^show_source\(([\w.]+)\)", cell.astext(), re.MULTILINE)
            entry = self._entry(shown[1]) if shown else None
            if entry:
                link = self._link(entry)
                link += nodes.Text("Its page in the library")
                cell += nodes.paragraph("", "", link, classes=["to-library"])

    def _entry(self, name: str) -> ObjectEntry | None:
        objects = self.env.get_domain("py").data["objects"]
        found = [entry for full, entry in objects.items() if full.endswith(f".{name}")]
        for kinds in (("function", "class", "exception", "method"), ("module",)):
            of_kind = [entry for entry in found if entry.objtype in kinds]
            if of_kind:
                return of_kind[0] if len(of_kind) == 1 else None
        return None

    def _link(self, entry: ObjectEntry) -> nodes.reference:
        page = self.app.builder.get_relative_uri(self.env.docname, entry.docname)
        return nodes.reference("", "", refuri=f"{page}#{entry.node_id}", internal=True)


def _is_code_cell(node: nodes.container) -> bool:
    return node.get("nb_element") == "cell_code"


def _skip_what_is_imported(app: Sphinx, what: str, name: str, entry: Any, skip: bool, options: Any) -> bool:
    """Describe a name where it is defined, or in the package that gathers it from its own files."""
    package = entry.id.rpartition(".")[0]
    return skip or not entry.obj.get("original_path", f"{package}.").startswith(f"{package}.")


def _is_bundle(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"


def _serve_explorers(app: Sphinx) -> None:
    # Not in a root _static folder: Jupyter Book puts every script it finds there on every page.
    app.config.html_static_path.append(str(WEB))


def _silence_thebe(app: Sphinx) -> None:
    """Drop sphinx-thebe's script: it comes out twice, an error in the console of every page."""
    for listeners in app.events.listeners.values():
        listeners[:] = [
            one
            for one in listeners
            if not (one.handler.__module__ == "sphinx_thebe" and one.handler.__name__ != "st_static_path")
        ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.setup_extension("autoapi.extension")
    app.connect("autodoc-skip-member", _skip_what_is_imported)
    app.connect("builder-inited", _serve_explorers)
    app.connect("config-inited", lambda app, config: _silence_thebe(app), priority=0)
    app.add_post_transform(KeepTwin)
    app.add_post_transform(LinkToLibrary)
    app.add_directive("exercise-matrix", ExerciseMatrix)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
