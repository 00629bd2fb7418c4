"""The course on paper: the whole book as one PDF, and one page as a reader prints it."""

import re
from pathlib import Path

import pypdfium2 as pdfium
import pytest
import yaml
from conftest import BOOK, ROOT
from one_document import headings, pages_on_paper, read
from pdf import make
from pikepdf import Pdf

pytestmark = [pytest.mark.book, pytest.mark.slow]

PAGES = pages_on_paper(ROOT / "_toc.yml")
NAMES = [name for names in PAGES.values() for name in names]
MILLIMETRE = 72 / 25.4
EDGE, SIDE, FOOT = 5 * MILLIMETRE, 17 * MILLIMETRE, 20 * MILLIMETRE
TEXT, IMAGE = pdfium.raw.FPDF_PAGEOBJ_TEXT, pdfium.raw.FPDF_PAGEOBJ_IMAGE


@pytest.fixture(scope="module")
def printed(tmp_path_factory) -> Path:
    """The whole book, printed once for all tests here: two minutes on an idle core."""
    target = tmp_path_factory.mktemp("paper") / "book.pdf"
    make(BOOK, PAGES, target)
    return target


@pytest.fixture(scope="module")
def structure(printed):
    with Pdf.open(printed) as pdf:
        yield pdf


@pytest.fixture(scope="module")
def sheets(printed):
    with pdfium.PdfDocument(printed) as document:
        yield [document[number] for number in range(len(document))]


@pytest.fixture(scope="module")
def texts(sheets):
    return [sheet.get_textpage().get_text_bounded() for sheet in sheets]


def titles(items):
    return [item.title for item in items]


@pytest.fixture(scope="module")
def articles():
    """The same pages on the screen, as text."""
    pages = [(BOOK / f"{name}.html").read_text("utf-8") for name in NAMES]
    return [page.partition("<article")[2].partition("</article>")[0] for page in pages]


@pytest.fixture(scope="module")
def things(sheets):
    """What stands on each sheet, text first: left, bottom, right and top of every piece."""
    return [(bounds(sheet, TEXT), bounds(sheet, IMAGE)) for sheet in sheets]


def bounds(sheet, kind):
    return [one.get_bounds() for one in sheet.get_objects(filter=[kind])]


def links(pdf):
    return [link for page in pdf.pages for link in page.get("/Annots", []) if link.Subtype == "/Link"]


def test_bookmarks_nest_parts_chapters_and_sections(structure):
    with structure.open_outline() as outline:
        contents, *parts = outline.root

    assert contents.title == "Contents"
    assert titles(parts) == list(PAGES)
    assert [len(part.children) for part in parts] == [len(names) for names in PAGES.values()]
    path = next(one for part in parts for one in part.children if one.title.startswith("3 · From a₁ to b₁"))
    assert "Step 7 · One output" in titles(path.children)
    assert "Exercise 3.1 · Four scores" in titles(
        next(one for one in path.children if one.title == "Exercises").children
    )


def test_the_contents_name_the_page_of_each_chapter(texts):
    listed = " ".join("".join(texts[1:4]).split())
    chapters = [chapter.headings[0].title for chapter in read(BOOK, PAGES)]

    numbers = [int(re.search(rf"{re.escape(title)} ?(\d+)", listed)[1]) for title in chapters]

    assert len(numbers) == len(NAMES)
    assert numbers == sorted(numbers)
    starts = [" ".join(texts[number - 1].split()) for number in numbers]
    assert [title for title, start in zip(chapters, starts, strict=True) if title not in start] == []


def test_nothing_is_cut_at_an_edge_of_the_paper(sheets, things):
    width, height = sheets[0].get_size()

    beyond = [
        (number, box)
        for number, (text, pictures) in enumerate(things[1:], 2)
        for box in text + pictures
        if box[0] < SIDE or box[2] > width - SIDE or box[1] < EDGE or box[3] > height - EDGE
    ]

    assert beyond == []


def test_no_heading_is_last_on_a_sheet(structure, things):
    numbers = {page.objgen: rank for rank, page in enumerate(structure.pages)}
    named = {str(name).removeprefix("/"): place for name, place in structure.Root.Dests.items()}
    places = [(heading, named[heading.name]) for heading in headings(read(BOOK, PAGES))]

    alone = [
        heading.title
        for heading, (page, _, _, top, _) in places
        if lowest(*things[numbers[page.objgen]]) > float(top) - 40
    ]

    assert len(places) > 400
    assert alone == []


def lowest(text, pictures):
    """Where a sheet's text and pictures end, its number left aside."""
    return min(bottom for _, bottom, _, _ in text + pictures if bottom > FOOT)


def test_every_picture_is_printed(things, articles):
    pictures = sum(article.count("<img ") for article in articles)

    assert pictures > 60
    assert sum(len(printed) for _, printed in things) == pictures


def test_every_explorer_stands_as_its_still_twin(things, texts, articles):
    explorers = sum(article.count('<a class="explorer-twin') for article in articles)
    said = [number for number, text in enumerate(texts) if "An explorer: on the course’s pages" in text]

    assert explorers >= 17
    assert len(said) == explorers
    assert [number + 1 for number in said if not things[number][1]] == []


def test_folds_are_open(texts, articles):
    whole = " ".join(" ".join(texts).split())

    assert "largest gap between weights: 0.0077" in whole
    assert whole.count("Solution") >= sum(article.count("<summary>Solution") for article in articles)
    assert "Show the output" not in whole


def test_links_between_pages_lead_to_sheets_of_the_same_file(structure):
    inside = [link for link in links(structure) if "/Dest" in link]
    outside = [str(link.A.URI) for link in links(structure) if "/A" in link]

    assert len(inside) > 700
    assert [str(link.Dest) for link in inside if link.Dest not in structure.Root.Dests] == []
    assert len(inside) + len(outside) == len(links(structure))
    assert [address for address in outside if not address.startswith(("http://", "https://"))] == []


def test_the_file_says_what_it_is_and_what_its_parts_are(structure):
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))

    assert structure.docinfo.Title == config["title"]
    assert structure.docinfo.Author == config["author"]
    assert structure.Root.Lang == "en"
    assert structure.Root.MarkInfo.Marked
    assert "/StructTreeRoot" in structure.Root
    assert {"/CreationDate", "/ModDate"}.isdisjoint(structure.docinfo.keys())


def test_chinese_terms_have_their_glyphs(texts):
    assert "自注意力" in "".join(texts)


def test_the_same_pages_give_the_same_file(tmp_path):
    few = {"Look up": ["book/errata"]}

    make(BOOK, few, tmp_path / "one.pdf")
    make(BOOK, few, tmp_path / "two.pdf")

    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


@pytest.fixture
def a_readers_print(visit, address):
    """Print one chapter from the site, as a reader does, in a theme."""

    def start(theme):
        page = visit(theme=theme).open(address + "notebooks/03_from_a1_to_b1.html")
        return pdfium.PdfDocument(page.pdf(prefer_css_page_size=True))

    return start


def test_a_reader_prints_the_chapter_and_nothing_around_it(a_readers_print):
    printed = a_readers_print("light")

    text = " ".join(" ".join(sheet.get_textpage().get_text_bounded() for sheet in printed).split())

    assert "3 · From a₁ to b₁: the exact path Four small vectors go in" in text
    assert "largest gap between weights: 0.0077" in text
    assert not any(
        word in text for word in ("Ctrl", "Skip to", "Copy", "Search", "Show the output", "Back to")
    )


def test_the_dark_theme_prints_as_the_light_one(a_readers_print):
    light = [sheet.render().to_numpy().tobytes() for sheet in a_readers_print("light")]
    dark = [sheet.render().to_numpy().tobytes() for sheet in a_readers_print("dark")]

    assert len(light) > 10
    assert [number for number, (one, two) in enumerate(zip(light, dark, strict=True)) if one != two] == []
