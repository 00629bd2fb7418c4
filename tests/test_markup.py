"""What each page of the built book is made of: links, headings, pictures, equations, its own card."""

import re
from functools import cache
from itertools import pairwise
from urllib.parse import unquote, urldefrag

import pytest
from conftest import BOOK
from pages import PAGES, article, soup

pytestmark = pytest.mark.book

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module", params=PAGES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def page(name):
    """Each page is read once, for all the tests that ask for it."""
    return soup(name)


def test_the_book_has_all_its_pages():
    assert len(PAGES) >= 36
    assert {"genindex.html", "search.html", "book/api/index.html"} <= set(PAGES)


def test_the_root_leads_to_the_first_page():
    assert soup("index.html").select_one("meta[http-equiv=refresh]")["content"] == "0; url=book/index.html"
    assert "book/index.html" in PAGES


def test_every_link_and_anchor_inside_the_book_resolves(name, page):
    links = {tag.get("href") or tag.get("src") or "" for tag in page.find_all(["a", "link", "script", "img"])}
    inside = [link for link in links if not re.match(r"[a-z]+:", link)]

    assert [link for link in inside if not leads_somewhere(link, BOOK / name)] == []


def leads_somewhere(link, here):
    target, anchor = urldefrag(link)
    path = (here.parent / unquote(target.split("?")[0])).resolve() if target else here
    state = "=" in anchor  # of an explorer; test_instructors.py opens each
    return path.exists() and (
        not anchor or state or path.suffix != ".html" or unquote(anchor) in anchors(path)
    )


@cache
def anchors(path):
    return set(re.findall(r'\bid="([^"]+)"', path.read_text("utf-8")))


def test_every_picture_has_an_alt_text_that_says_something(page):
    assert [one["src"] for one in article(page).find_all("img") if len(one.get("alt", "")) < 40] == []


def test_headings_come_in_order(page):
    levels = [int(heading.name[1]) for heading in article(page).find_all(re.compile("^h[1-6]$"))]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(lower - upper <= 1 for upper, lower in pairwise(levels))


def test_the_page_names_its_language_and_that_of_chinese_words(page):
    chinese = page.find_all(string=CHINESE)

    assert page.html["lang"] == "en"
    assert [text for text in chinese if text.find_parent(lang="zh-Hant") is None] == []


def test_every_equation_is_set_to_be_seen_and_to_be_heard(page):
    formulas = page.select(".math")

    assert [one for one in formulas if not (one.select(".katex-html") and one.select("math"))] == []


def test_no_formula_has_colours_of_its_own(page):
    assert page.select('.katex-html [style*="color"]') == []


def test_a_page_says_what_it_is(name, page):
    said = {one.get("name") or one["property"]: one["content"] for one in page.select("meta[content]")}

    assert 40 <= len(said["description"]) <= 200
    assert said["og:description"] == said["description"]
    assert said["og:title"] == article(page).h1.get_text().removesuffix("#")
    assert ((BOOK / name).parent / said["og:image"]).is_file()


def test_no_two_pages_say_the_same_of_themselves():
    description = re.compile(
        r'<meta name="description" content="([^"]+)"|<meta content="([^"]+)" name="description"'
    )

    said = [description.search((BOOK / name).read_text("utf-8")) for name in PAGES]

    assert len({found[1] or found[2] for found in said}) == len(PAGES)


def test_every_icon_has_a_drawing(page):
    drawn = (BOOK / "_static" / "icons.css").read_text("utf-8")

    classes = {kind for tag in page.select("[class*=fa-]") for kind in tag["class"]}
    icons = {kind for kind in classes if kind.startswith("fa-")} - {"fa-solid", "fa-lg"}

    assert icons >= {"fa-bars", "fa-expand", "fa-magnifying-glass", "fa-sun"}
    assert [kind for kind in icons if f".{kind} {{ --icon:" not in drawn] == []
