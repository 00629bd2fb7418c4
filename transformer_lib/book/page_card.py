"""What a page says of itself to search engines, and where a link to it is shown as a card."""

from html import escape
from textwrap import shorten
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from transformer_lib.book.plain import plain

LONGEST = 200  # more than search engines show
PICTURE = "_static/card.png"
# Pages that Sphinx makes without a source.
MADE = {
    "genindex": ("Index", "Every public name of the library, A to Z, with a link to its description."),
    "search": ("Search", "Look up a word or a name in all pages of the course."),
}


def describe(tree: nodes.document) -> str:
    """The description that a page's front matter gives, or else its first paragraph."""
    for meta in tree.findall(nodes.meta):
        if meta.get("name") == "description":
            return meta["content"]
    paragraph = next(tree.findall(nodes.paragraph)).deepcopy()
    for formula in list(paragraph.findall(nodes.math)):
        formula.replace_self(nodes.Text(plain(formula.astext())))
    return shorten(paragraph.astext(), LONGEST, placeholder=" …")


def _add_card(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    book = app.config.html_title or app.config.project
    if page in MADE:
        title, description = MADE[page]
    else:
        title, description = context.get("title") or book, describe(tree) if tree else context["description"]
    base = app.config.html_baseurl
    tags = {
        "og:type": "website",
        "og:site_name": book,
        "og:title": context.get("pagetitle") or title,
        "og:description": description,
        "og:image": f"{base.rstrip('/')}/{PICTURE}" if base else context["pathto"](PICTURE, 1),
        "twitter:card": "summary_large_image",
    }
    if context.get("pageurl"):
        tags["og:url"] = context["pageurl"]
    given = context.get("metatags", "")
    lines = [f'<meta property="{name}" content="{escape(content)}" />' for name, content in tags.items()]
    if 'name="description"' not in given:
        lines.insert(0, f'<meta name="description" content="{escape(description)}" />')
    context["metatags"] = "\n".join(["", *lines, given])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", _add_card, priority=600)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
