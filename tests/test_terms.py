"""The index of terms: whole, in order, and each place speaks of its term."""

import json
import re
import unicodedata
from functools import cache
from itertools import chain, pairwise

import pytest
from bs4 import BeautifulSoup
from chapters import ROOT
from conftest import BOOK
from sphinx.errors import ExtensionError

from transformer_lib.book.terms import Place, Term, read_terms

built = pytest.mark.book
GROUPS = read_terms(ROOT)
TERMS = list(chain.from_iterable(GROUPS.values()))
GLOSSARY = (ROOT / "book" / "glossary.md").read_text("utf-8")
SMALL_WORDS = {
    "a",
    "and",
    "by",
    "does",
    "in",
    "is",
    "it",
    "of",
    "on",
    "or",
    "out",
    "that",
    "the",
    "to",
    "why",
}


def words(text):
    """The words of a text; d_k and W^q are one word each."""
    letters = unicodedata.normalize("NFKD", text).lower()
    whole = re.sub(r"(?<!\w)(\w)[_^]", r"\1", letters)
    return set(re.findall(r"[^\W_]+|[√∞]", whole)) - SMALL_WORDS


def speaks(section, term):
    """Whether a section has a word that begins like one of the term's: equivariant, equivariance."""
    beginnings = tuple(word[:4] for word in words(f"{term.text} {Term(term.see, '', []).text}"))
    if not beginnings:  # the letter A, by itself a small word
        return "A′" in section
    return any(word.startswith(beginnings) for word in words(section))


@cache
def sections():
    """What each section says, as the search has it."""
    written = (BOOK / "_static" / "search_pages.js").read_text("utf-8")
    pages = json.loads(written.removeprefix("const PAGES = ").removesuffix(";\n"))
    return {
        (page, anchor): f"{title} {text} {more}"
        for page, _, _, parts in pages
        for anchor, title, text, more, _ in parts
    }


def entries():
    """Each entry of the built page, with its links."""
    page = BeautifulSoup((BOOK / "book" / "index_of_terms.html").read_text("utf-8"), "html.parser")
    return [(term, term.find_next_sibling("dd").find_all("a")) for term in page.select(".terms dt")]


def test_the_index_is_worth_looking_at():
    assert 120 <= len(TERMS) <= 220
    assert list(GROUPS)[:3] == ["Symbols", "A", "B"]


def test_each_term_stands_once():
    words = [term.text for term in TERMS]

    assert len(set(words)) == len(words)


def test_the_terms_stand_in_alphabetical_order():
    letters = [heading for heading in GROUPS if heading != "Symbols"]
    words = [
        re.sub("[^a-z0-9 ]", "", one.text.lower().replace("-", " ")) for x in letters for one in GROUPS[x]
    ]

    assert letters == sorted(letters)
    assert all(first < second for first, second in pairwise(words))


def test_every_term_of_the_glossary_is_in_the_index():
    anchors = re.findall(r"^\[.+\]\{#([\w-]+)\}", GLOSSARY, re.MULTILINE)
    named = {place.anchor for term in TERMS for place in term.places if place.name == "glossary"}

    assert len(anchors) > 100
    assert [anchor for anchor in anchors if anchor not in named] == []


@built
@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.text)
def test_each_place_speaks_of_its_term(term):
    said = sections()

    silent = [one for one in term.places if not speaks(said[one.page, one.anchor], term)]

    assert silent == []


@built
def test_the_page_has_every_term_and_a_link_for_each_place():
    shown = entries()

    assert len(shown) == len(TERMS)
    assert [len(links) for _, links in shown] == [len(term.places) for term in TERMS]


@built
def test_a_link_of_the_index_has_a_name_to_go_by():
    names = [link.get_text() for _, links in entries() for link in links]

    assert [name for name in names if len(name) < 3 or set("$\\#") & set(name)] == []


@built
def test_the_names_of_the_library_have_an_index_of_their_own():
    page = BeautifulSoup((BOOK / "book" / "index_of_terms.html").read_text("utf-8"), "html.parser")

    link = page.select_one('article a[href="../genindex.html"]')

    assert link.get_text() == "index of their own"


def test_a_term_may_send_the_reader_on(tmp_path):
    write(tmp_path, "skip: see residual", "residual: glossary#residual 1")

    groups = read_terms(tmp_path)

    places = [Place("glossary", "book/glossary", "residual"), Place("1", "notebooks/01_why", "")]
    assert groups == {
        "Symbols": [],
        "R": [Term("residual", "", places)],
        "S": [Term("skip", "residual", places)],
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("skip: see residual", "'skip' sends to 'residual', which is no term"),
        ("skip: 9#residual", "'9#residual' names no page: write a chapter's number or a page's name"),
    ],
)
def test_a_line_that_leads_nowhere_is_named(tmp_path, line, message):
    write(tmp_path, line)

    with pytest.raises(ExtensionError, match=message):
        read_terms(tmp_path)


def write(folder, *lines):
    """A book of two pages and a file of terms."""
    for path in ("book/glossary.md", "notebooks/01_why.ipynb"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).touch()
    (folder / "book" / "terms.yml").write_text("\n  ".join(["symbols: {}\nterms:", *lines]), "utf-8")
