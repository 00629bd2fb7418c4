"""The page *Index of terms*: each term with the sections that explain it, as book/terms.yml lists them."""

import re
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from transformer_lib.book.plain import plain

FILE = "book/terms.yml"


class Place(NamedTuple):
    """Where a term is explained: a page's path in the book, without its ending, and a section's id."""

    name: str  # as the file has it: a chapter's number, or a page
    page: str
    anchor: str


class Term(NamedTuple):
    """A term in Markdown, the term it sends the reader on to, and its places."""

    words: str
    see: str
    places: list[Place]

    @property
    def text(self) -> str:
        """The term with its formulas as text."""
        return re.sub(r"\$([^$]+)\$", lambda formula: plain(formula[1]), self.words)


def read_terms(source: Path) -> dict[str, list[Term]]:
    """Give the terms under their headings: the symbols, then each letter, in order."""
    groups = yaml.safe_load(Path(source, FILE).read_text("utf-8"))
    lines = groups["symbols"] | groups["terms"]
    terms = sorted((_term(words, lines, source) for words in groups["terms"]), key=lambda term: _key(term))
    letters = {letter: list(some) for letter, some in groupby(terms, key=lambda term: _key(term)[0].upper())}
    return {"Symbols": [_term(words, lines, source) for words in groups["symbols"]], **letters}


def _key(term: Term) -> str:
    return re.sub(r"[^a-z0-9 ]", "", term.text.lower().replace("-", " "))


def _term(words: str, lines: dict[str, str], source: Path) -> Term:
    line = lines[words]
    see = line.removeprefix("see ") if line.startswith("see ") else ""
    if see and see not in lines:
        raise ExtensionError(f"{FILE}: {words!r} sends to {see!r}, which is no term of the file.")
    places = lines[see] if see else line
    return Term(words, see, [_place(place, source) for place in places.split()])


def _place(place: str, source: Path) -> Place:
    name, _, anchor = place.partition("#")
    pages = [*source.glob(f"notebooks/{name.zfill(2)}_*.ipynb"), *source.glob(f"book/{name}.md")]
    pages += source.glob(f"notebooks/{name}.ipynb")
    if len(pages) != 1:
        raise ExtensionError(f"{FILE}: {place!r} names no page: write a chapter's number or a page's name.")
    return Place(name, str(pages[0].relative_to(source).with_suffix("")), anchor)


class IndexOfTerms(SphinxDirective):
    """The symbols, then the terms by their first letters."""

    def run(self) -> list[nodes.Node]:
        """Read the file anew and note that the page depends on it."""
        source = Path(self.env.srcdir)
        self.env.note_dependency(str(source / FILE))
        return [self._section(heading, terms) for heading, terms in read_terms(source).items()]

    def _section(self, heading: str, terms: list[Term]) -> nodes.section:
        ids = [nodes.make_id(f"terms {heading}")]
        section = nodes.section("", nodes.title(text=heading), ids=ids, classes=["terms"])
        lines = [line for term in terms for line in _markdown(term)]
        self.state.nested_parse(StringList(lines, FILE), 0, section)
        return section


def _markdown(term: Term) -> list[str]:
    """Write an entry; MyST puts the sections' titles into its links, and warns where one is missing."""
    links = "; ".join(
        _links(name, list(some)) for name, some in groupby(term.places, key=lambda one: one.name)
    )
    see = f"see *{term.see}*: " if term.see else ""
    return [term.words, f": {see}{links}", ""]


def _links(name: str, places: list[Place]) -> str:
    """Link to one page, or to sections of it."""
    ending = "ipynb" if places[0].page.startswith("notebooks/") else "md"
    named = "glossary" if name == "glossary" else ""
    links = [f"[{named}](/{one.page}.{ending}{'#' if one.anchor else ''}{one.anchor})" for one in places]
    before = "" if named or not places[0].anchor else f"{name.replace('_', ' ')}: "
    return before + ", ".join(links)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("index-of-terms", IndexOfTerms)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
