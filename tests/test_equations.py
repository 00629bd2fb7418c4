"""Equations are set while the book is built: to be seen, to be heard, and strictly."""

import re

import pytest
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxWarning
from sphinx.util.docutils import docutils_namespace

from transformer_lib.book.equations import KaTeX

pytestmark = pytest.mark.book


@pytest.fixture
def katex():
    """KaTeX, ended after the test."""
    one = KaTeX()
    yield one
    one.close()


def build(folder, text):
    """Build a book of one page, strictly."""
    (folder / "index.rst").write_text(text, "utf-8")
    settings = {"extensions": ["transformer_lib.book.equations"], "html_math_renderer": "katex"}
    out = folder / "out"
    with docutils_namespace():
        Sphinx(folder, None, out, out, "html", settings, None, None, warningiserror=True).build()
    return (out / "index.html").read_text("utf-8")


def test_a_formula_is_html_to_see_and_mathml_to_hear(katex):
    html = katex.html(nodes.math("", r"\sqrt{d_k}"))

    assert '<span class="katex-html" aria-hidden="true">' in html
    assert "<msqrt><msub><mi>d</mi><mi>k</mi></msub></msqrt>" in html


def test_a_formula_on_its_own_lines_is_larger_than_one_within_a_line(katex):
    inline, block = (katex.html(kind("", r"\sum_j b_j")) for kind in (nodes.math, nodes.math_block))

    assert "katex-display" not in inline
    assert "katex-display" in block


def test_a_page_with_a_numbered_equation_shows_its_number(tmp_path):
    page = build(tmp_path, "Book\n====\n\n.. math:: b_1 = 2\n   :label: output\n\nSee :eq:`output`.\n")

    assert '<span class="eqno">(1)' in page
    assert "katex/katex.css" in page


def test_a_linked_formula_gives_its_link_a_name(tmp_path):
    page = build(
        tmp_path, "Book\n====\n\nSee |s|_.\n\n.. |s| replace:: :math:`d_k`\n.. _s: https://example.org\n"
    )

    assert re.search(r'<a [^>]*><span aria-label="d_k" class="math[^>]* role="math">', page)


def test_a_mark_stays_on_the_line_of_its_formula(tmp_path):
    page = build(tmp_path, "Book\n====\n\nOf :math:`q`, :math:`k` and :math:`v`.\n")

    bound = re.findall(r'<span class="with-its-mark"><span class="math .*?>([.,])</span>', page)

    assert bound == [",", "."]


def test_a_formula_that_cannot_be_set_ends_a_strict_build_and_is_named(tmp_path):
    with pytest.raises(SphinxWarning, match=r"KaTeX cannot set .*frac\{1"):
        build(tmp_path, "Book\n====\n\nHalf of it is :math:`\\frac{1`.\n")
