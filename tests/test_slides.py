"""Slides from chapters: what is shown, what is said, what waits for a key, and what each deck holds."""

import json
import re

import pytest
from bs4 import BeautifulSoup
from chapters import CHAPTERS, read
from conftest import BOOK
from slides.blocks import WIDGET_VIEW, Block, _blocks
from slides.pack import stacks

DECKS = BOOK.parent / "slides"


def markdown(text, slide_type=None):
    """A Markdown cell."""
    metadata = {"slideshow": {"slide_type": slide_type}} if slide_type else {}
    return {"cell_type": "markdown", "metadata": metadata, "source": [text]}


def code(source, printed="", tags=()):
    """A code cell and what it prints."""
    outputs = [{"output_type": "stream", "text": [printed]}] if printed else []
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": [source], "outputs": outputs}


def slides(*cells):
    """The slides of one section."""
    chapter = [markdown("# 0 · A title\n\nA promise."), markdown("## A section"), *cells]
    return [
        slide
        for stack in stacks([block for cell in chapter for block in _blocks(cell)])[1:]
        for slide in stack
    ]


def shown(slide):
    return [(item.kind, item.source) for item in slide.items]


def test_a_table_stands_with_the_sentence_before_and_the_conclusion_after():
    [slide] = slides(
        markdown("Raise 2.\n\n| a |\n|---|\n| 1 |\n\nThe sum of the powers is 7.\nPython agrees.")
    )

    assert shown(slide) == [
        ("sentence", "Raise 2."),
        ("table", "| a |\n|---|\n| 1 |"),
        ("sentence", "The sum of the powers is 7."),
    ]


def test_what_is_not_shown_is_said():
    [slide] = slides(markdown("Raise 2.\n\n$$x$$\n\nThe sum of the powers is 7.\nPython agrees."))

    assert "Python agrees." in "\n".join(slide.notes)


def test_a_prediction_waits_with_its_answer():
    ask = markdown("**Predict before you run.** Which is larger?")
    [slide] = slides(ask, code("print(2)", "2", ["hide-output"]), markdown("The second one is the larger."))

    assert slide.title == "Predict"
    assert [(item.kind, item.fragment) for item in slide.items] == [
        ("sentence", False),
        ("code", False),
        ("printed", True),
        ("sentence", True),
    ]


def test_the_answer_to_a_question_for_readers_is_in_the_next_words():
    ask = markdown("**Predict before you read on.** Which is larger?")
    [slide] = slides(ask, markdown("The second one.\nIt has more.\nMuch more."))

    assert [(item.source, item.fragment) for item in slide.items] == [
        ("Which is larger?", False),
        ("The second one.", True),
        ("It has more.", True),
    ]


def test_a_proof_is_for_the_speaker():
    proof = "<details>\n<summary>Proof</summary>\n\nDivide by the sum.\n\n</details>"
    [slide] = slides(markdown(f"### Proposition 0.1 · It holds\n\nThe sum is 1.\n\n{proof}"))

    assert shown(slide) == [("sentence", "The sum is 1.")]
    assert "**Proof.** Divide by the sum." in slide.notes


def test_an_author_can_leave_a_cell_out():
    assert slides(markdown("A sentence.", "skip")) == []


def test_an_author_can_leave_a_cell_to_the_speaker():
    [slide] = slides(markdown("A sentence."), markdown("An aside.", "notes"))

    assert shown(slide) == [("sentence", "A sentence.")]
    assert "An aside." in slide.notes


def test_an_author_can_begin_a_slide():
    assert len(slides(markdown("$$x$$"), markdown("$$y$$"))) == 1
    assert len(slides(markdown("$$x$$"), markdown("$$y$$", "slide"))) == 2


def test_an_author_can_let_a_cell_wait_for_a_key():
    [slide] = slides(markdown("$$x$$"), markdown("$$y$$", "fragment"))

    assert [item.fragment for item in slide.items] == [False, True]


def test_the_exercises_are_listed_by_titles_grades_and_minutes():
    exercise = "### Exercise 0.1 · A row\n\n● easy · 5 minutes\n\nGive the row."
    [slide] = [
        one for one in slides(markdown("## Exercises"), markdown(exercise)) if one.title == "Exercises"
    ]

    assert "| 0.1 · A row | ●\N{NO-BREAK SPACE}easy | 5 |" in slide.items[0].source


def test_more_than_a_slide_holds_goes_on_the_next():
    equation = "$$\\begin{aligned} x \\\\ y \\\\ z \\end{aligned}$$"

    made = slides(*[markdown(equation)] * 4)

    assert len(made) >= 2
    assert max(slide.lines for slide in made) <= 14
    assert sum(len(slide.items) for slide in made) == 4


def test_a_block_knows_its_level_and_title():
    block = Block("heading", "### Exercise 1.2 · Four scores")

    assert (block.level, block.title) == (3, "Exercise 1.2 · Four scores")


def deck(chapter):
    assert DECKS.exists(), "there are no slides: run `make slides` first"
    return BeautifulSoup((DECKS / f"{chapter.stem}.html").read_text("utf-8"), "html.parser")


each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


@pytest.mark.book
@each_chapter
def test_each_deck_has_what_a_lesson_needs(chapter):
    page = deck(chapter)

    titles = [heading.get_text() for heading in page.select(".slides h1")]

    assert 20 <= len(titles) <= 50
    assert {"You will be able to", "Predict", "Exercises", "Summary"} <= set(titles)
    assert len(page.select("section.predict")) >= 2
    assert page.h1.get_text() == page.title.get_text().removesuffix(" · slides")


@pytest.mark.book
@each_chapter
def test_each_deck_holds_the_chapters_explorers_and_their_state(chapter):
    page = deck(chapter)
    outputs = [output for cell in read(chapter)["cells"] for output in cell.get("outputs", [])]
    stored = [
        output["data"][WIDGET_VIEW]["model_id"] for output in outputs if WIDGET_VIEW in output.get("data", {})
    ]

    views = [json.loads(script.string)["model_id"] for script in page.select(f'script[type="{WIDGET_VIEW}"]')]
    states = page.select_one('script[type$="widget-state+json"]')

    assert views == stored
    assert list(json.loads(states.string)["state"] if states else []) == stored


@pytest.mark.book
@each_chapter
def test_each_deck_needs_no_network_and_describes_its_pictures(chapter):
    page = deck(chapter)

    addresses = [tag.get("src") or tag.get("href") for tag in page.select("[src], [href]")]

    assert [one for one in addresses if re.match(r"\w+:", one) and not one.startswith("data:image/png")] == []
    assert [image for image in page.select("img") if len(image["alt"]) < 40] == []
    assert page.select(".slides a") == []


@pytest.mark.book
@each_chapter
def test_the_speaker_can_read_what_is_not_shown(chapter):
    notes = [one.get_text() for one in deck(chapter).select("aside.notes")]

    assert sum(len(one.split()) for one in notes) > 700
