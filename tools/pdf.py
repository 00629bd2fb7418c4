"""Print the built book as one PDF: python tools/pdf.py [FOLDER OF THE BUILT BOOK].

The pages are joined into one document before they are printed, so that Chromium itself makes the
links between them and the structure that screen readers need. It prints twice: the first time
tells the page numbers for the contents.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import cast

import yaml
from bs4 import BeautifulSoup
from downloads import NAME, offer
from find_chromium import find_chromium
from one_document import Heading, headings, one_document, pages_on_paper, read
from pikepdf import Array, Dictionary, Name, ObjectStreamMode, OutlineItem, Page, Pdf

ROOT = Path(__file__).parents[1]
SWITCHES = (
    "--headless --disable-gpu --disable-background-networking --disable-component-update --disable-sync "
    "--disable-extensions --no-first-run --no-pdf-header-footer --export-tagged-pdf"
)


def make(html: Path, contents: dict[str, list[str]], target: Path) -> None:
    """Print the pages named in `contents`, part by part, into one file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    book, facts = read(html.resolve(), contents), about(html)
    print_document(one_document(book, facts, {}), target)
    print_document(one_document(book, facts, page_numbers(target)), target)
    finish(target, facts, headings(book))


def about(html: Path) -> dict[str, str]:
    """What the title page and the file's own description say."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    home = BeautifulSoup((html / "book" / "index.html").read_text("utf-8"), "html.parser")
    (described,) = home.select('meta[name="description"]')
    return {
        "title": config["title"],
        "author": config["author"],
        "language": config["sphinx"]["config"]["language"],
        "description": str(described["content"]),
        "version": version("transformer-lib"),
    }


def print_document(html: str, target: Path) -> None:
    """Let Chromium print an HTML text."""
    target.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page = Path(folder, "book.html")
        page.write_text(html, "utf-8")
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [find_chromium(), *SWITCHES.split(), *root, f"--user-data-dir={folder}/profile"]
        command += [f"--print-to-pdf={target}", page.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True)
    if not target.exists():
        sys.exit(f"Chromium printed nothing:\n{done.stderr}")


def places(pdf: Pdf) -> dict[str, Array]:
    """Give each place that a link of the document leads to: page, form, left, top, zoom."""
    return {str(name).removeprefix("/"): cast(Array, place) for name, place in pdf.Root.Dests.items()}


def page_numbers(printed: Path) -> dict[str, int]:
    """Give the page, from 1, of each place that a link leads to."""
    with Pdf.open(printed) as pdf:
        return {name: Page(place[0]).index + 1 for name, place in places(pdf).items()}


def finish(printed: Path, about: dict[str, str], entries: list[Heading]) -> None:
    """Add bookmarks, say what the file is, and leave out the time: the same book, the same file."""
    with Pdf.open(printed, allow_overwriting_input=True) as pdf:
        add_bookmarks(pdf, entries)
        pdf.docinfo = pdf.make_indirect(
            Dictionary(Title=about["title"], Author=about["author"], Subject=about["description"])
        )
        pdf.Root.Lang = about["language"]
        pdf.Root.PageMode = Name.UseOutlines
        pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
        pdf.save(object_stream_mode=ObjectStreamMode.generate, linearize=True, deterministic_id=True)


def add_bookmarks(pdf: Pdf, entries: list[Heading]) -> None:
    """Nest the headings as bookmarks: part, chapter, section, exercise."""
    where = places(pdf)
    with pdf.open_outline() as outline:
        above = [outline.root]
        for entry in (Heading(1, "contents", "Contents"), *entries):
            item = OutlineItem(entry.title, where[entry.name])
            item.is_closed = entry.level > 1
            above[entry.level :] = [item.children]
            above[entry.level - 1].append(item)


if __name__ == "__main__":
    built = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "_build" / "html")
    if not (built / "index.html").exists():
        sys.exit(f"There is no book in {built}: run `make html` first.")
    made = ROOT / "_build" / "pdf" / f"{NAME}.pdf"
    make(built, pages_on_paper(ROOT / "_toc.yml"), made)
    shutil.copy(made, built / made.name)
    offer(built)
    with Pdf.open(made) as pdf:
        print(f"{made.relative_to(ROOT)}: {len(pdf.pages)} pages, {made.stat().st_size / 1e6:.1f} MB")
