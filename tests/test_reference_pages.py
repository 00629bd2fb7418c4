"""The glossary and the further reading are complete: each term, each chapter's source."""

import re
import unicodedata

import pytest
from chapters import CHAPTERS, ROOT, text

GLOSSARY = (ROOT / "book" / "glossary.md").read_text("utf-8")
READING = (ROOT / "book" / "further_reading.md").read_text("utf-8")

# A term with its anchor, perhaps its Chinese, and on the next line its definition.
ENTRY = re.compile(r'^\[(.+)\]\{#([\w-]+)\}(?: <span lang="zh-Hant">(.+)</span>)?\n: (.+)$', re.MULTILINE)
ENTRIES = {anchor: (term, chinese, words) for term, anchor, chinese, words in ENTRY.findall(GLOSSARY)}

# What the lecture notes speak of, and the chapter that explains it.
SYSTEMS = {
    "attention": "02",
    "self-attention": "03",
    "triple": "02",
    "query": "02",
    "key": "02",
    "value": "02",
    "input": "03",
    "alpha": "03",
    "alpha-prime": "03",
    "score": "03",
    "weight": "03",
    "weighted-sum": "03",
    "w-q": "02",
    "b1-to-b4": "04",
    "parallel": "04",
    "sequence": "04",
    "matrix-form": "05",
    "dot-product": "02",
    "softmax": "00",
    "rnn": "01",
    "cnn": "01",
    "long-range": "01",
    "scaled-dot-product": "06",
    "vanishing-gradient": "11",
    "multi-head": "07",
    "positional-encoding": "08",
    "masked-decoding": "09",
    "autoregressive": "09",
    "feed-forward": "10",
    "residual": "11",
    "layernorm": "11",
    "encoder-decoder": "12",
    "encoder": "12",
    "decoder": "12",
    "translation": "13",
    "bert": "14",
    "gpt": "14",
    "pretraining": "14",
    "generation": "14",
    "sentiment": "14",
}
LECTURES = {
    "self-attention": "自注意力機制",
    "query": "查詢",
    "key": "鍵",
    "value": "值",
    "score": "注意力分數",
    "multi-head": "多頭注意力",
    "positional-encoding": "位置編碼",
    "encoder": "編碼器",
    "decoder": "解碼器",
    "residual": "殘差連接",
    "layernorm": "層正規化",
    "mask": "遮罩",
}


def plain(words):
    """Letters and digits alone, without accents."""
    letters = unicodedata.normalize("NFKD", words.lower())
    return re.sub(r"[^a-z0-9]+", " ", letters.encode("ascii", "ignore").decode()).strip()


def sort_key(term):
    return plain(re.sub(r"\\text|[${}\\_^]", "", term).replace("α", "a").replace("⟨", " ").replace("–", "-"))


@pytest.mark.parametrize(("anchor", "chapter"), SYSTEMS.items(), ids=SYSTEMS)
def test_what_the_lecture_notes_speak_of_is_in_the_glossary_with_its_chapter(anchor, chapter):
    _, _, words = ENTRIES[anchor]

    assert f"](../notebooks/{chapter}_" in words


@pytest.mark.parametrize(("anchor", "chinese"), LECTURES.items(), ids=LECTURES)
def test_the_terms_of_the_lectures_stand_beside_ours(anchor, chinese):
    assert ENTRIES[anchor][1] == chinese


def test_every_entry_of_the_glossary_is_read_by_this_test_and_links_to_a_chapter():
    assert len(ENTRIES) == len(re.findall(r"^: ", GLOSSARY, re.MULTILINE)) >= 100
    assert [anchor for anchor, (_, _, words) in ENTRIES.items() if "](../notebooks/" not in words] == []


def test_the_glossary_is_in_alphabetical_order():
    found = [sort_key(term) for term, _, _ in ENTRIES.values()]

    assert found == sorted(found)


def test_every_link_of_the_glossary_leads_to_an_entry_or_a_chapter_that_has_its_number():
    inside = re.findall(r"\]\(#([\w-]+)\)", GLOSSARY)
    chapters = re.findall(r"\[[Cc]hapter (\d+)\]\(\.\./notebooks/(\d+)_", GLOSSARY)

    assert set(inside) <= set(ENTRIES)
    assert [pair for pair in chapters if int(pair[0]) != int(pair[1])] == []


@pytest.mark.parametrize("page", [GLOSSARY, READING], ids=["glossary", "further reading"])
def test_chinese_is_marked_as_traditional_chinese(page):
    unmarked = re.sub(r'<span lang="zh-Hant">[^<]+</span>', "", page)

    assert re.findall(r"[\u4e00-\u9fff]+", unmarked) == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_each_source_of_a_chapter_is_in_the_further_reading(path):
    sources = text(path).split("## Sources\n")[1]
    works = [line for line in sources.splitlines() if line.startswith("* ")]
    titles = re.findall(r'"([A-Z][^"]+)"|(?<!\*)\*([A-Z][^*]+)\*', "\n".join(line[2:] for line in works))

    missing = [a or b for a, b in titles if plain(a or b) not in plain(READING)]

    assert missing == []


def test_each_work_of_the_further_reading_has_an_address_and_a_sentence():
    works = re.findall(r"^(.+)\n: (.+)$", READING, re.MULTILINE)

    assert len(works) == len(re.findall(r"^: ", READING, re.MULTILINE)) >= 50
    assert [work for work, _ in works if "](https://" not in work] == []
    assert [words for _, words in works if not words.endswith(".") or len(words) < 40] == []
