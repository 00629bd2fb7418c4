"""Each exercise and each proposition has a short id that does not depend on its title."""

import re

import pytest
from bs4 import BeautifulSoup
from chapters import CHAPTERS, text
from conftest import BOOK
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxWarning
from sphinx.util.docutils import docutils_namespace

from transformer_lib.exercises import EXERCISES

built = pytest.mark.book
PROPOSITIONS = {
    number: (path.stem, title)
    for path in CHAPTERS
    for number, title in re.findall(r"^### (Proposition [\d.]+) · (.+)$", text(path), re.MULTILINE)
}
HTML = {path: path.read_text("utf-8") for path in BOOK.rglob("*.html")} if BOOK.exists() else {}


def anchored(anchor):
    """The pages that have an anchor, each as often as it has it."""
    return [path.stem for path, html in HTML.items() for _ in re.findall(f'id="{anchor}"', html)]


def permalink(page, anchor):
    """Where the link behind a section's heading leads."""
    section = BeautifulSoup(HTML[BOOK / "notebooks" / f"{page}.html"], "html.parser").find(id=anchor)
    return section.find(["h2", "h3"]).select_one("a.headerlink")["href"]


@built
@pytest.mark.parametrize("number", EXERCISES)
def test_an_exercise_has_its_anchor_once_in_the_book(number):
    anchor = f"exercise-{number.replace('.', '-')}"

    (page,) = anchored(anchor)

    assert int(page[:2]) == int(number.split(".")[0])
    assert permalink(page, anchor) == f"#{anchor}"


@built
@pytest.mark.parametrize("number", PROPOSITIONS)
def test_a_proposition_has_its_anchor_once_in_the_book(number):
    anchor = nodes.make_id(number)

    assert anchored(anchor) == [PROPOSITIONS[number][0]]
    assert permalink(PROPOSITIONS[number][0], anchor) == f"#{anchor}"


@built
@pytest.mark.parametrize("number", PROPOSITIONS)
def test_the_anchor_made_from_the_title_goes_on_working(number):
    page, title = PROPOSITIONS[number]

    whole = nodes.make_id(re.sub(r"\$[^$]*\$", "", f"{number} · {title}"))

    assert page in anchored(whole)


@built
def test_the_page_of_the_checkers_leads_to_the_short_ids():
    page = BeautifulSoup(HTML[BOOK / "book" / "checkers.html"], "html.parser")

    links = {link["href"].split("#")[1] for link in page.select("article a") if link.text == "The exercise"}

    assert links == {f"exercise-{number.replace('.', '-')}" for number in EXERCISES}


@built
def test_the_list_on_this_page_leads_to_the_short_ids():
    page = BeautifulSoup(HTML[BOOK / "notebooks" / "03_from_a1_to_b1.html"], "html.parser")

    links = {link["href"] for link in page.select(".page-toc a")}

    assert {"#exercise-3-2", "#proposition-3-1", "#step-5-four-weights"} <= links


@built
def test_the_keyboard_reaches_and_shows_a_headings_own_link(visit, address):
    page = visit().open(f"{address}notebooks/03_from_a1_to_b1.html")
    link = page.locator("#exercise-3-2 > h3 > a.headerlink")
    hidden = link.evaluate("one => getComputedStyle(one).opacity")

    page.locator("#exercise-3-1 > h3 > a.headerlink").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    shown = page.evaluate("getComputedStyle(document.activeElement).opacity")

    assert (hidden, shown) == ("0", "1")
    assert page.evaluate("document.activeElement.hash") == "#exercise-3-1"


def build(folder, markdown):
    """Build a book of one page, strictly."""
    (folder / "index.md").write_text(markdown, "utf-8")
    settings = {"extensions": ["myst_parser", "transformer_lib.book.anchors"], "myst_heading_anchors": 3}
    out = folder / "out"
    with docutils_namespace():
        Sphinx(folder, None, out, out, "html", settings, None, None, warningiserror=True).build()
    return (out / "index.html").read_text("utf-8")


def test_a_new_title_leaves_the_short_id_as_it_is(tmp_path):
    old = build(tmp_path, "# Book\n\n## Exercise 3.2 · Four weights\n")
    new = build(tmp_path, "# Book\n\n## Exercise 3.2 · Five weights\n")

    assert 'href="#exercise-3-2"' in old
    assert 'href="#exercise-3-2"' in new
    assert "exercise-3-2-five-weights" in new


def test_a_link_in_markdown_may_name_the_short_id(tmp_path):
    page = build(tmp_path, "# Book\n\nSee [it](#exercise-3-2).\n\n## Exercise 3.2 · Four weights\n")

    assert re.search(r'<a class="reference internal" href="#exercise-3-2">', page)


def test_a_number_that_stands_twice_ends_a_strict_build(tmp_path):
    with pytest.raises(SphinxWarning, match=r"'Exercise 3.2 · B' stands twice"):
        build(tmp_path, "# Book\n\n## Exercise 3.2 · A\n\n## Exercise 3.2 · B\n")
