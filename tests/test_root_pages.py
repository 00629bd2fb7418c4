"""The pages at the site's root: the one for a missing address, the way in, and what search engines read."""

import functools
import http.server
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from xml.etree import ElementTree

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from conftest import BOOK, ROOT, VIEWS
from serve import Pages

ADDRESS = "https://example.org/course"
CONF = f"""
extensions = ["myst_parser"]
parts = ("address", "page_card", "root_pages", "style_sheet")
extensions += ["transformer_lib.book." + part for part in parts]
root_doc = "book/index"
html_theme = "sphinx_book_theme"
html_theme_options = {{"search_bar_text": "Search", "navbar_persistent": []}}
html_static_path = ["{ROOT / "assets"}"]
html_favicon = "{ROOT / "assets" / "logo.svg"}"
templates_path = ["{ROOT / "book" / "_templates"}"]
language = "en"
"""


class Silent(Pages):
    def log_message(self, *args):
        pass


@contextmanager
def host(folder):
    """A server that shows 404.html for a missing address, as GitHub Pages does."""
    handler = functools.partial(Silent, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.handle_error = lambda *_: None  # a page that is closed breaks its connections off
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def root(book):
    """The book at the root of a host, its address unknown to it."""
    with host(book) as address:
        yield address


def build(folder, address):
    """Build a book of two pages that is told its address."""
    source = folder / "source"
    (source / "book").mkdir(parents=True)
    (source / "conf.py").write_text(CONF, "utf-8")
    (source / "book" / "index.md").write_text(
        "# A book\n\nIt has a page.\n\n```{toctree}\nother\n```\n", "utf-8"
    )
    (source / "book" / "other.md").write_text("# The other page\n\nAnd this is it.\n", "utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", source, folder / "course"]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT), "BOOK_ADDRESS": address})
    return folder / "course"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A small book that is published under a sub-path, as a project's pages on GitHub are."""
    return build(tmp_path_factory.mktemp("published"), ADDRESS)


def soup(path):
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def visit_missing(visit, address, **view):
    """Open a page that is not there; that it answers 404 is no error of the page."""
    seen = visit(**view)
    page = seen.open(address)
    page.wait_for_load_state("networkidle")
    seen.errors = [error for error in seen.errors if error != address and "status of 404" not in error]
    return seen, page


@pytest.mark.book
@pytest.mark.parametrize("missing", ["gone.html", "a/b/c", "notebooks/a/b/c/"])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_missing_address_gets_a_whole_page_at_any_depth(visit, root, missing, view):
    seen, page = visit_missing(visit, root + missing, **view)

    assert page.locator("h1:visible").inner_text() == "This page is not here"
    assert page.locator(".bd-article").evaluate("one => getComputedStyle(one).paddingLeft") != "0px"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert (seen.foreign, seen.errors) == ([], [])


@pytest.mark.book
def test_from_there_a_reader_gets_to_a_chapter_home_and_to_what_was_sought(visit, root):
    _, page = visit_missing(visit, root + "a/b/c")

    page.get_by_role("navigation", name="All pages").get_by_role("link", name="3 · From").click()
    assert page.locator("article h1").inner_text().startswith("3 · From a₁ to b₁")

    page.goto(root + "a/b/c")
    page.get_by_role("link", name="first page").click()
    assert page.url == root + "book/index.html"

    page.goto(root + "a/b/c")
    page.locator(".not-found input[type=search]").fill("softmax")
    page.keyboard.press("Enter")
    page.locator("#search-results a").first.wait_for()
    assert page.url == root + "search.html?q=softmax"


@pytest.mark.book
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_axe_finds_nothing_on_the_page_for_a_missing_address(visit, root, view):
    _, page = visit_missing(visit, root + "a/b/c", **view, bypass_csp=True)

    found = Axe().run(page).response["violations"]

    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []


@pytest.mark.book
def test_the_page_for_a_missing_address_lists_every_page_and_stays_out_of_search_engines():
    page = soup(BOOK / "404.html")

    listed = {link["href"] for link in page.select('nav[aria-label="All pages"] a')}
    built = [path for part in ("book", "notebooks") for path in (BOOK / part).rglob("*.html")]

    assert listed == {str(path.relative_to(BOOK)) for path in built} - {"book/index.html"}
    assert page.find("meta", attrs={"name": "robots"})["content"] == "noindex"


@pytest.mark.book
def test_the_way_in_says_what_it_leads_to():
    page, home = soup(BOOK / "index.html"), soup(BOOK / "book" / "index.html")

    said = page.find("meta", attrs={"name": "description"})["content"]

    assert page.title.string == "The Transformer, number by number"
    assert said == home.find("meta", attrs={"name": "description"})["content"]
    assert page.find("link", rel="canonical")["href"] == page.a["href"] == "book/index.html"
    assert (BOOK / page.find("meta", property="og:image")["content"]).is_file()


@pytest.mark.book
def test_a_browser_that_does_not_refresh_finds_a_link_in(visit, address):
    seen = visit()
    bare = (BOOK / "index.html").read_text("utf-8").replace('http-equiv="refresh"', "")
    seen.page.route("**/html/", lambda route: route.fulfill(body=bare, content_type="text/html"))

    page = seen.open(address)
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("link", name="Open the book").click()

    assert page.url == address + "book/index.html"


@pytest.mark.book
def test_a_book_without_an_address_promises_none():
    assert not (BOOK / "sitemap.xml").exists()
    assert not (BOOK / "robots.txt").exists()


@pytest.mark.book
def test_a_published_book_is_right_below_its_sub_path(visit, published):
    with host(published.parent) as address:
        (published.parent / "404.html").write_bytes((published / "404.html").read_bytes())
        seen, page = visit_missing(visit, address + "course/a/b/c")
        links = page.eval_on_selector_all(
            "a, link, script[src]", "all => all.map((one) => one.href || one.src)"
        )
        page.get_by_role("navigation", name="All pages").get_by_role("link").last.click()

        assert page.url == address + "course/book/other.html"
    assert len(links) > 10
    assert [link for link in links if not link.startswith((address + "course/", ADDRESS))] == []
    assert seen.errors == []


def test_a_published_book_has_a_sitemap_of_all_its_pages(published):
    sitemap = ElementTree.parse(published / "sitemap.xml").getroot()

    assert sitemap.tag == "{http://www.sitemaps.org/schemas/sitemap/0.9}urlset"
    assert [url[0].text for url in sitemap] == [
        f"{ADDRESS}/book/index.html",
        f"{ADDRESS}/book/other.html",
    ]
    assert not (published / "robots.txt").exists()  # a host reads the one at its root alone


def test_a_published_page_names_its_address_and_its_picture_in_full(published):
    page = soup(published / "book" / "other.html")

    assert page.find("link", rel="canonical")["href"] == f"{ADDRESS}/book/other.html"
    assert page.find("meta", property="og:url")["content"] == f"{ADDRESS}/book/other.html"
    assert page.find("meta", property="og:image")["content"] == f"{ADDRESS}/_static/card.png"


def test_the_way_into_a_published_book_names_the_home_page_in_full(published):
    page = soup(published / "index.html")

    assert page.find("link", rel="canonical")["href"] == f"{ADDRESS}/book/index.html"
    assert page.a["href"] == "book/index.html"
    assert soup(published / "404.html").find("link", rel="canonical") is None


def test_a_host_of_its_own_gets_robots_txt_too(tmp_path):
    built = build(tmp_path, "https://example.org")

    assert "Sitemap: https://example.org/sitemap.xml" in (built / "robots.txt").read_text("utf-8")
    assert soup(built / "404.html").base["href"] == "/"
