"""Two pages at the root of the site: what a host shows for a missing address, and the way into the book.

Hosts such as GitHub Pages serve 404.html under the address that is missing, however deep it is. Its links
are written from the root, so all it needs is a `base` that says where the root is.
"""

from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx

from transformer_lib.book.address import folder
from transformer_lib.book.page_card import describe


def _pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    if app.builder.name != "html":
        return
    base = app.config.html_baseurl
    missing = "The page you asked for is not in this book: search for it, or choose a page from the list."
    yield "404", {"description": missing, "root": folder(base), "pageurl": None}, "404.html"
    if app.config.root_doc != "index":
        home = app.builder.get_target_uri(app.config.root_doc)
        said = describe(app.env.get_doctree(app.config.root_doc))
        yield "index", {"description": said, "home": home, "pageurl": base and base + home}, "entrance.html"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-collect-pages", _pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
