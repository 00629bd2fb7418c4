"""The page *Errata* says what the changelog records as corrections, and nothing else."""

import shutil
import subprocess
import sys
from textwrap import dedent

import pytest
from bs4 import BeautifulSoup
from conftest import BOOK, ROOT

from transformer_lib.book.errata import corrections

CHANGELOG = dedent("""\
    # Changelog

    ## 0.3.0

    ### Corrections

    * Chapter 3: the weight is `16/20`, not 16/19.
      Found by Ada.
    * [Notation](/notation.md): *T* asks, *S* is asked.

    ### Added

    * A chapter.

    ## 0.2.0

    ### Added

    * The word Corrections in a sentence.

    ## 0.1.0

    ### Corrections

    * Chapter 1: a sign.
    """)


CONF = """
extensions = ["myst_parser", "transformer_lib.book.errata"]
exclude_patterns = ["CHANGELOG.md"]
root_doc = "notation"
"""


def built(folder, changelog):
    """The page as a book of two pages shows it."""
    (folder / "conf.py").write_text(CONF)
    (folder / "CHANGELOG.md").write_text(changelog)
    (folder / "notation.md").write_text("# Notation\n\n```{toctree}\nindex\n```\n")
    shutil.copy(ROOT / "book" / "errata.md", folder / "index.md")
    out = folder / "_build"
    subprocess.run([sys.executable, "-m", "sphinx", "-W", "-q", folder, out], check=True)
    return BeautifulSoup((out / "index.html").read_text("utf-8"), "html.parser")


def test_only_what_stands_under_corrections_is_taken():
    found = corrections(CHANGELOG)

    assert list(found) == ["0.3.0", "0.1.0"]
    assert found["0.3.0"].endswith("*S* is asked.")


def test_an_empty_heading_is_no_correction():
    assert corrections("## 0.2.0\n\n### Corrections\n\n### Added\n\n* A page.\n") == {}


def test_the_page_shows_each_correction_under_its_version_as_markdown(tmp_path):
    page = built(tmp_path, CHANGELOG)

    assert [heading.find(string=True) for heading in page.find_all("h2")] == ["0.3.0", "0.1.0"]
    assert [len(part.find_all("li")) for part in page.select("section section")] == [2, 1]
    assert page.select_one("li code").get_text() == "16/20"
    assert page.select_one("li a")["href"] == "notation.html"


def test_the_page_says_so_when_nothing_was_corrected(tmp_path):
    page = built(tmp_path, "## 0.1.0\n\n### Added\n\n* A chapter.\n")

    assert "No correction has been needed yet." in page.get_text()


@pytest.mark.book
def test_the_books_page_is_made_from_the_changelog():
    page = BeautifulSoup((BOOK / "book" / "errata.html").read_text("utf-8"), "html.parser")

    shown = [heading.find(string=True) for heading in page.find("article").find_all("h2")]

    assert shown == list(corrections((ROOT / "CHANGELOG.md").read_text("utf-8")))
