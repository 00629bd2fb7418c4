"""One style sheet for the whole book, with the rules that its pages use: one request before the paint."""

import re
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

# In the order of the cascade. A sheet of another name keeps its own link.
SHEETS = (
    *("basic.css", "styles/pydata-sphinx-theme.css", "pygments.css", "styles/sphinx-book-theme.css"),
    *("copybutton.css", "mystnb.*.css", "course.css", "home.css", "icons.css"),
)
TARGET = "book.css"


def used_rules(css: str, words: set[str]) -> str:
    """Leave out comments, Font Awesome's fonts, and each rule whose classes and ids are not among the words.

    >>> used_rules("a {top: 0} .b, .c .d {top: 1} /* no */ #e:not(.f) {top: 2} .g {top: 3}", {"b", "e"})
    'a {top: 0} .b, .c .d {top: 1} #e:not(.f) {top: 2}'
    """
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"@font-face\s*\{[^{}]*fontawesome[^{}]*\}", "", css)
    rule = r"([^{};]+)\{[^{}]*\}"
    css = re.sub(rule, lambda found: found[0] if _is_used(found[1], words) else "", css)
    return re.sub(r"\s+", " ", css).strip()


def _is_used(selectors: str, words: set[str]) -> bool:
    """Whether any of the selectors can match; what stands in brackets counts as matching."""
    plain = re.sub(r":(not|is|where|has)\([^()]*\)", "", selectors)
    needs = (re.findall(r"[.#](-?[A-Za-z_][\w-]*)", one) for one in plain.split(","))
    return selectors.lstrip().startswith("@") or any(words.issuperset(names) for names in needs)


def words_of(pages: Iterable[str], scripts: Iterable[str]) -> set[str]:
    """Each class and id of the pages, and each word of the scripts, which may set it as a class.

    >>> sorted(words_of(['<p id="a" class="b c">d</p><script>e("f")</script>'], ["g.add('h')"]))
    ['a', 'add', 'b', 'c', 'e', 'f', 'g', 'h']
    """
    words: set[str] = set()
    for page in pages:
        words.update(*(names.split() for names in re.findall(r'(?:class|id)="([^"]*)"', page)))
        scripts = [*scripts, *re.findall(r"<script>(.*?)</script>", page, re.DOTALL)]
    words.update(*(re.findall(r"[\w-]+", script) for script in scripts))
    return words


def _link_to_one(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Take out the links to the sheets; the template links to the one."""
    sheets = [f"_static/{name}" for name in SHEETS]
    files = context["css_files"]
    files[:] = [one for one in files if not any(fnmatch(str(one.filename), sheet) for sheet in sheets)]


def _write(app: Sphinx, error: Exception | None) -> None:
    static = Path(app.outdir, "_static")
    if error is None and app.builder.format == "html":
        css = "\n".join(path.read_text("utf-8") for name in SHEETS for path in sorted(static.glob(name)))
        scripts = [
            *(path for path in static.glob("*.js") if path.name != "search_pages.js"),  # it is text
            *static.glob("scripts/*theme.js"),
            static / "scripts" / "bootstrap.js",
        ]
        words = words_of(_texts(Path(app.outdir).rglob("*.html")), _texts(scripts))
        (static / TARGET).write_text(used_rules(css, words), "utf-8")


def _texts(paths: Iterable[Path]) -> Iterable[str]:
    return (path.read_text("utf-8") for path in paths)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("html-page-context", _link_to_one, priority=900)
    app.connect("build-finished", _write, priority=900)  # after the theme has written pygments.css
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
