"""The Transformer on one page: its index leads to each term of the lecture notes."""

import re

import pytest
from chapters import CHAPTERS, ROOT

PAGE = (ROOT / "book" / "one_page.md").read_text("utf-8")
ROW = r"^\| (.+?) \| chapter \d+, \[.+?\]\(\.\./notebooks/(.+?\.ipynb)#.+?\) \|$"
INDEX = dict(re.findall(ROW, PAGE, re.M))

TERMS = {
    "attention": "02",
    "self-attention": "02",
    "⟨Q,K,V⟩: query, key, value": "02",
    "score α": "03",
    "weight α′": "03",
    "output b₁": "03",
    "b₁ to b₄": "04",
    "in parallel": "04",
    "the whole sequence": "04",
    "score, weights, output as matrices": "05",
    "scaled dot product": "06",
    "multi-head attention": "07",
    "positional encodings": "08",
    "masked decoding": "09",
    "feed-forward network, FFN": "10",
    "residual connection": "11",
    "LayerNorm": "11",
    "encoder–decoder": "12",
    "machine translation": "13",
    "BERT, GPT, T5": "14",
    "sentiment analysis": "14",
    "text generation": "14",
}


@pytest.mark.parametrize(("term", "chapter"), TERMS.items(), ids=TERMS)
def test_the_index_leads_from_a_term_to_its_chapter(term, chapter):
    assert INDEX[term].startswith(chapter)


def test_the_index_names_chapters_that_exist():
    assert set(INDEX.values()) <= {path.name for path in CHAPTERS}
