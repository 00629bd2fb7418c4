"""The book's search: what each section says, written where assets/search.js finds it.

MiniSearch indexes it in the reader's browser, on the search page alone, also offline and from a folder.
Text is cut into words in one place, search.js, so what is asked and what is found are cut alike.
"""

import json
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, cast

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.errors import ExtensionError

from transformer_lib.book.plain import plain
from transformer_lib.book.terms import Term, read_terms

ENGINE = Path("node_modules", "minisearch", "dist", "umd", "index.js")
GLOSSARY = "book/glossary"
KEPT = "search_parts"
# Pages shown after a chapter that says the same.
BESIDE = ("book/api/", "book/checkers", "book/index_of_terms", "book/instructors/")
NAMES = ("class", "exception", "function", "method")
UNSEEN = (nodes.Invisible, nodes.raw, nodes.image, nodes.literal_block, addnodes.index)


class Part(NamedTuple):
    """What can be found: a section, a term of the glossary, or a name of the library."""

    anchor: str
    title: str
    text: str  # a result shows a line of it
    more: str  # found, and not shown: code, and what is folded away, such as solutions
    terms: str = ""  # the terms that the index sends here, with their Chinese


def parts(page: nodes.document) -> list[Part]:
    """Cut a page into the parts that can be found; the first is the page before its first section."""
    found = [_part(cast(nodes.Element, node)) for node in page.findall(_is_part)]
    return [found[0]._replace(anchor=""), *found[1:]]


def words(node: nodes.Node) -> str:
    """Give the text of a node as a reader sees it, formulas included, without the parts within it."""
    if isinstance(node, nodes.Text):
        return str(node)
    if isinstance(node, nodes.math | nodes.math_block):
        return plain(node.astext())
    if isinstance(node, UNSEEN):
        return " " if node.astext().startswith("<br") else ""
    between = "" if isinstance(node, nodes.TextElement) else " "
    return between.join(words(one) for one in node.children if not _is_part(one))


def _is_part(node: nodes.Node) -> bool:
    if isinstance(node, nodes.definition_list_item):
        return bool(_anchor(node))
    return isinstance(node, nodes.section) or (isinstance(node, addnodes.desc) and node["objtype"] in NAMES)


def _anchor(node: nodes.Element) -> str:
    """The id of a section, or the first within a term or a signature."""
    named = node if isinstance(node, nodes.section) else node[0]
    some = (cast(nodes.Element, one) for one in named.findall(nodes.Element))
    return next((one["ids"][0] for one in some if one["ids"]), "")


def _part(node: nodes.Element) -> Part:
    first, *others = cast(list[nodes.Element], node.children)
    title = first["fullname"] if isinstance(node, addnodes.desc) else words(first)
    shown, more, folds = [], [], 0
    for one in others:
        if isinstance(one, nodes.raw):
            folds += one.astext().count("<details") - one.astext().count("</details")
        elif one.get("nb_element") == "cell_code":
            more.append(one[0].astext())  # what is put in, not what comes out
        elif isinstance(one, nodes.literal_block):
            more.append(one.astext())
        elif not _is_part(one):
            (more if folds else shown).append(words(one))
    once = dict.fromkeys(" ".join(more).split())
    return Part(_anchor(node), " ".join(title.split()), " ".join(" ".join(shown).split()), " ".join(once))


def _add_terms(pages: dict[str, list[Part]], terms: Iterable[Term]) -> None:
    """Let each part be found by the terms that the index sends there, as the glossary has them."""
    glossary = {part.anchor: part.title for part in pages[GLOSSARY]}
    said = defaultdict(list)
    for term in terms:
        words = [term.text, *(glossary[one.anchor] for one in term.places if one.page == GLOSSARY)]
        for one in term.places:
            said[one.page, one.anchor] += words
    for page, its_parts in pages.items():
        its_parts[:] = [one._replace(terms="; ".join(said[page, one.anchor])) for one in its_parts]


def _note(app: Sphinx, page: nodes.document) -> None:
    """Keep a page's parts with the page, so that a rebuild reads what has changed alone."""
    app.env.metadata[app.env.docname][KEPT] = parts(page)  # type: ignore[assignment]


def _write(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Write the parts of all pages, fetch the engine, and add the page that uses both."""
    engine = Path(app.srcdir, ENGINE)
    if not engine.exists():
        raise ExtensionError(f"The search has no engine, {ENGINE}: `npm ci` installs it.")
    pages = {name: list(app.env.metadata[name][KEPT]) for name in sorted(app.env.found_docs)}
    _add_terms(pages, chain.from_iterable(read_terms(Path(app.srcdir)).values()))
    rows = [(name, some[0].title, name.startswith(BESIDE), some) for name, some in pages.items()]
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    static = Path(app.outdir, "_static")
    Path(static, "search_pages.js").write_text(f"const PAGES = {text};\n", "utf-8")
    shutil.copyfile(engine, static / "minisearch.js")
    shutil.copyfile(engine.parents[2] / "LICENSE.txt", static / "minisearch.LICENSE.txt")
    yield "search", {"title": "Search"}, "search.html"


def _leave_sphinx_search_out(app: Sphinx) -> None:
    if isinstance(app.builder, StandaloneHTMLBuilder):
        app.builder.search = False


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", _leave_sphinx_search_out)
    app.connect("doctree-read", _note)
    app.connect("html-collect-pages", _write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
