"""From every page on: the page before, the page after, the list "on this page"; API pages included."""

from functools import cache
from itertools import pairwise

import pytest
from bs4 import BeautifulSoup
from conftest import BOOK, ROOT
from yaml import safe_load

pytestmark = pytest.mark.book

TOC = safe_load((ROOT / "_toc.yml").read_text("utf-8"))
ORDER = [TOC["root"], *(one["file"] for part in TOC["parts"] for one in part["chapters"])]
LIBRARY = [page for page in ORDER if page.startswith("book/api/")]
each_page = pytest.mark.parametrize("page", ORDER)


@cache
def soup(page):
    return BeautifulSoup((BOOK / f"{page}.html").read_text("utf-8"), "html.parser")


def leads(page, direction):
    """The page that a link at the foot leads to, if there is one."""
    link = soup(page).select_one(f".prev-next-area a.{direction}")
    target = link and (BOOK / page).parent / link["href"]
    return target and str(target.resolve().relative_to(BOOK).with_suffix(""))


@pytest.mark.parametrize(("page", "following"), list(pairwise(ORDER)))
def test_two_pages_that_follow_each_other_lead_to_each_other(page, following):
    assert leads(page, "right-next") == following
    assert leads(following, "left-prev") == page


def test_the_first_page_has_none_before_it_and_the_last_none_after_it():
    assert leads(ORDER[0], "left-prev") is None
    assert leads(ORDER[-1], "right-next") is None


@pytest.mark.parametrize("page", ORDER[1:])  # the home page has none
def test_the_list_on_this_page_has_every_heading_as_it_is_read(page):
    headings = [one.get_text().removesuffix("#") for one in soup(page).select("article h2, article h3")]

    listed = [link.get_text().strip() for link in soup(page).select(".page-toc a")]

    assert [heading for heading in headings if heading not in listed] == []
    assert [name for name in listed if set("$\\") & set(name)] == []


@pytest.mark.parametrize("page", LIBRARY)
def test_a_page_of_the_library_says_what_it_is(page):
    said = {one.get("name") or one["property"]: one["content"] for one in soup(page).select("meta[content]")}

    assert 40 <= len(said["description"]) <= 200
    assert said["og:description"] == said["description"]
    assert said["og:title"] == soup(page).h1.get_text().removesuffix("#")
    assert ((BOOK / page).parent / said["og:image"]).is_file()


def test_no_two_pages_describe_themselves_alike():
    said = [soup(page).find("meta", attrs={"name": "description"})["content"] for page in ORDER]

    assert len(set(said)) == len(ORDER)
