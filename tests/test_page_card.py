"""What a page says of itself: its front matter's words, or its first paragraph's."""

from docutils import nodes
from docutils.utils import new_document

from transformer_lib.book.page_card import LONGEST, describe


def page(*parts):
    document = new_document("a page")
    document += [nodes.title(text="A title"), *parts]
    return document


def test_the_front_matter_comes_first():
    meta = nodes.meta(name="description", content="In short.")

    assert describe(page(meta, nodes.paragraph(text="At length."))) == "In short."


def test_without_it_the_first_paragraph_speaks_with_its_formulas_as_text():
    first = nodes.paragraph("", "", nodes.Text("Out comes\n"), nodes.math("", r"b_1 = (0.2,\ 1.7)"))
    first += [nodes.Text(", over "), nodes.math("", r"\sqrt{d_k}."), nodes.Text(" ")]

    assert describe(page(first, nodes.paragraph(text="More."))) == "Out comes b₁ = (0.2, 1.7), over √d_k."


def test_a_long_paragraph_ends_after_a_word():
    said = describe(page(nodes.paragraph(text="words " * 99)))

    assert len(said) <= LONGEST
    assert said.endswith("words …")
