"""The pages of the built book, and the text of each as a reader meets it."""

import re

from bs4 import BeautifulSoup
from conftest import BOOK

# Every page a reader can stay on. The root only leads to the first of them, and the page for missing
# addresses stands at any address: test_root_pages.py looks at both.
PAGES = sorted(
    name
    for name in (path.relative_to(BOOK).as_posix() for path in BOOK.rglob("*.html"))
    if name not in {"index.html", "404.html"} and not name.startswith("_static/")
)


def soup(name):
    return BeautifulSoup((BOOK / name).read_text("utf-8"), "html.parser")


def article(page):
    """The part that is the page's own; the search page has its own kind."""
    return page.find("article") or page.select_one(".bd-search-container")


def words(page):
    """The page's text on one line, as a reader sees it: one kind of space, one kind of minus."""
    return re.sub(r"\s+", " ", article(page).get_text(" "))
