"""The built book in one archive: unpacked to a folder and read there with the network cut."""

import sys
import zipfile

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import archive
import downloads

pytestmark = pytest.mark.book

LINKS = """
  () => [...document.querySelectorAll("a[href]")].map((one) => one.href.split(/[?#]/)[0])
    .filter((address) => address.startsWith("file:"))
"""


@pytest.fixture(scope="module")
def folder(book, tmp_path_factory):
    """The archive, unpacked as a reader does."""
    place = tmp_path_factory.mktemp("a reader's folder")
    archive.pack(book, place / "book.zip")
    with zipfile.ZipFile(place / "book.zip") as packed:
        packed.extractall(place)
    return place / downloads.NAME


def test_the_same_book_gives_the_same_bytes(book, tmp_path):
    archive.pack(book, tmp_path / "one.zip")
    archive.pack(book, tmp_path / "two.zip")

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_the_archive_holds_one_folder_and_says_how_to_begin(folder):
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == [folder.name]
    assert downloads.HOME in (folder / "README.txt").read_text("utf-8")
    assert (folder / downloads.HOME).is_file()


def test_the_archive_leaves_out_what_no_page_loads(folder):
    names = {path.name for path in folder.rglob("*")}

    assert names.isdisjoint({".buildinfo", "objects.inv", "fontawesome.js", *downloads.OFFERS})


def test_an_explorer_is_alive_in_the_folder(visit, folder):
    seen = visit()
    page = seen.open((folder / "notebooks" / "03_from_a1_to_b1.html").as_uri())

    explorer = page.locator('[data-explorer="a1-to-b1"]')
    before = explorer.inner_text()
    explorer.get_by_role("button", name="From the start").click()

    assert explorer.inner_text() != before
    assert seen.errors == []
    assert seen.foreign == []


def test_search_works_in_the_folder(visit, folder):
    seen = visit()
    page = seen.open((folder / downloads.HOME).as_uri())

    page.keyboard.press("Control+k")
    page.keyboard.type("positional")
    page.keyboard.press("Enter")
    page.locator("#search-results a", has_text="8 · Order").first.click()
    page.wait_for_load_state("networkidle")

    assert page.locator("article h1").inner_text().startswith("8 · Order")
    assert seen.errors == []
    assert seen.foreign == []


@pytest.mark.parametrize("name", ["book/index.html", "notebooks/03_from_a1_to_b1.html", "book/glossary.html"])
def test_every_link_of_a_page_leads_to_a_file_of_the_folder(visit, folder, name):
    page = visit().open((folder / name).as_uri())

    addresses = set(page.evaluate(LINKS))

    assert len(addresses) > 25
    assert addresses <= {path.as_uri() for path in folder.rglob("*")}


def test_the_home_page_offers_what_is_there(tmp_path):
    home = tmp_path / downloads.HOME
    home.parent.mkdir()
    home.write_text(f"<p>Before.</p>\n{downloads.PLACE}\n<p>After.</p>", "utf-8")
    (tmp_path / f"{downloads.NAME}.pdf").write_bytes(bytes(3_600_000))

    downloads.offer(tmp_path)
    downloads.offer(tmp_path)  # a second time changes nothing

    text = home.read_text("utf-8")
    assert text.count(f'<a href="../{downloads.NAME}.pdf">the course as a PDF</a> (4 MB)') == 1
    assert f"{downloads.NAME}.zip" not in text


def test_a_home_page_without_downloads_is_as_it_was(tmp_path):
    home = tmp_path / downloads.HOME
    home.parent.mkdir()
    home.write_text(f"<p>Before.</p>\n{downloads.PLACE}\n<p>After.</p>", "utf-8")

    downloads.offer(tmp_path)

    assert home.read_text("utf-8") == f"<p>Before.</p>\n{downloads.PLACE}\n<p>After.</p>"


def test_the_source_of_the_home_page_has_the_place():
    assert (ROOT / "book" / "index.md").read_text("utf-8").count(downloads.PLACE) == 1
