"""Join the pages of the built book into one HTML document, in the order of _toc.yml, for paper."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from posixpath import dirname, normpath
from urllib.parse import unquote, urldefrag

import yaml
from bs4 import BeautifulSoup, Tag
from bs4.filter import SoupStrainer
from jinja2 import Environment, FileSystemLoader, StrictUndefined

NAMING = ("id", "for", "headers", "aria-labelledby", "aria-describedby", "aria-controls")
HEADING = re.compile("^h[1-5]$")
SCREEN = ("book/checkers", "book/api/")


@dataclass(frozen=True)
class Heading:
    """A heading and the name that links to it use."""

    level: int
    name: str
    title: str


@dataclass
class Chapter:
    """One built page, `name` being its path without the ending, made ready to stand among others."""

    name: str
    html: Path
    others: list[str]
    part: str

    @cached_property
    def styles(self) -> list[str]:
        """The style sheets of the page, each with the media it is for, as the page links them."""
        links = self._page.find_all("link", rel="stylesheet")
        return [f'<link rel="stylesheet" {self._style(link)}>' for link in links]

    @cached_property
    def article(self) -> Tag:
        """The text: headings one level lower, names and links those of the whole."""
        article = self._page.article
        assert article is not None, f"{self.name} has no article"
        for link in article.find_all(class_="headerlink"):
            link.decompose()
        for heading in article.find_all(HEADING):
            _take_name(heading)
        for tag in article.find_all(True):
            self._place(tag)
        return article

    @cached_property
    def headings(self) -> list[Heading]:
        """The page's title, at level 2, its sections and their sections."""
        found = self.article.find_all(["h2", "h3", "h4"])
        return [Heading(int(one.name[1]), str(one["id"]), plain(one)) for one in found]

    @property
    def running_head(self) -> str:
        """The title as a string of CSS."""
        return json.dumps(self.headings[0].title, ensure_ascii=False)

    @cached_property
    def _page(self) -> BeautifulSoup:
        text = (self.html / f"{self.name}.html").read_text("utf-8")
        return BeautifulSoup(text, "html.parser", parse_only=SoupStrainer(["link", "article"]))

    def _style(self, link: Tag) -> str:
        path = self._path(str(link["href"]).partition("?")[0])
        return f'href="{path}"' + (f' media="{link["media"]}"' if link.get("media") else "")

    def _place(self, tag: Tag) -> None:
        for naming in NAMING:
            if naming in tag.attrs:
                names = tag[naming] if isinstance(tag[naming], list) else str(tag[naming]).split()
                tag[naming] = " ".join(f"{self.name}:{name}" for name in names)
        if HEADING.match(tag.name):
            tag.name = f"h{int(tag.name[1]) + 1}"
        if tag.name == "img":
            tag["src"] = self._path(str(tag["src"]))
            tag.attrs.pop("loading", None)  # paper does not scroll
        elif tag.name == "a" and "href" in tag.attrs:
            self._lead(tag)

    def _lead(self, link: Tag) -> None:
        """Let a link lead to the same place in the whole; without a place there, it is plain text."""
        target, name = urldefrag(str(link["href"]))
        if re.match(r"[a-z]+:", target):
            return
        page = self._from_root(target).removesuffix(".html") if target else self.name
        if page in self.others:
            link["href"] = f"#{page}:{unquote(name)}" if name else f"#{page}"
        else:  # a picture's own file, the home page
            link.name = "span"
            del link["href"]

    def _from_root(self, path: str) -> str:
        return normpath(f"{dirname(self.name)}/{unquote(path)}")

    def _path(self, path: str) -> str:
        return (self.html / self._from_root(path)).as_uri()


def plain(heading: Tag | None) -> str:
    """The text of a heading; of a formula what is read aloud, not what is seen as well.

    >>> plain(BeautifulSoup("<h2>Step 1 · <code>a</code>\\n and b</h2>", "html.parser").h2)
    'Step 1 · a and b'
    """
    assert heading is not None, "a page without a heading"
    texts = [text for text in heading.find_all(string=True) if not text.find_parent(class_="katex-mathml")]
    return " ".join("".join(texts).split())


def _take_name(heading: Tag) -> None:
    """Move the name of a section to its heading, which may begin on a later page."""
    section = heading.find_parent("section")
    assert section is not None, f"the heading {plain(heading)!r} stands in no section"
    heading["id"] = section["id"]
    del section["id"]


def pages_on_paper(toc: Path) -> dict[str, list[str]]:
    """Give the parts of a _toc.yml, each with the names of its pages, as far as they are for paper.

    The root page is a door for the screen: title page and contents stand for it. What one looks up
    by name, and what is made of the library's source, stays on the screen too.
    """
    listed = yaml.safe_load(toc.read_text("utf-8"))["parts"]
    parts = {part["caption"]: [chapter["file"] for chapter in part["chapters"]] for part in listed}
    kept = {part: [name for name in names if not name.startswith(SCREEN)] for part, names in parts.items()}
    return {part: names for part, names in kept.items() if names}


def read(html: Path, contents: dict[str, list[str]]) -> list[Chapter]:
    """Read the pages named in `contents`, part by part, from the built book."""
    names = [name for pages in contents.values() for name in pages]
    return [Chapter(name, html, names, part) for part, pages in contents.items() for name in pages]


def headings(book: list[Chapter]) -> list[Heading]:
    """Give all headings in order; a part is at level 1."""
    found = []
    for part, chapters in groupby(book, lambda chapter: chapter.part):
        members = list(chapters)
        found.append(Heading(1, members[0].name, part))
        found += [heading for chapter in members for heading in chapter.headings]
    return found


def one_document(book: list[Chapter], about: dict[str, str], pages: dict[str, int]) -> str:
    """Write the whole as HTML; `pages` are the page numbers for the contents, as far as they are known."""
    loader = FileSystemLoader(Path(__file__).parent)
    template = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    often = Counter(heading.title for chapter in book for heading in chapter.headings)
    return template.get_template("one_document.html").render(
        about=about,
        book=book,
        headings=headings(book),
        pages=pages,
        rare={title for title, times in often.items() if times < 3},
        styles=list(dict.fromkeys(style for chapter in book for style in chapter.styles)),
    )
