"""The home page: its explorer is alive where a reader first looks, and nothing moves or is missing."""

import base64
import copy
import subprocess
import sys

import pytest
from bs4 import BeautifulSoup
from conftest import BOOK, ROOT
from PIL import Image

from transformer_lib.book.explorer import STATE, VIEW, first_explorer

HOME = "book/index.html"
FIRST = 'article [data-explorer="a1-to-b1"]'
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": "# A chapter"},
        {
            "cell_type": "code",
            "outputs": [
                {
                    "data": {VIEW: {"model_id": "one"}, "image/png": base64.b64encode(b"a picture").decode()},
                    "metadata": {"image/png": {"alt": "What it shows.", "width": 9}},
                }
            ],
        },
    ],
    "metadata": {"widgets": {STATE: {"state": {"one": {"state": {"step": 6}}, "two": {}}}}},
}


def test_an_explorer_is_found_with_its_own_state_its_twin_and_its_alt_text():
    stored = first_explorer(NOTEBOOK)

    assert stored.view == {"model_id": "one"}
    assert stored.state["state"] == {"one": {"state": {"step": 6}}}
    assert stored.twin == b"a picture"
    assert stored.look == {"alt": "What it shows.", "width": 9}


def test_without_its_state_it_is_not_found():
    emptied = copy.deepcopy(NOTEBOOK)
    del emptied["metadata"]["widgets"]

    assert first_explorer(emptied) is None


@pytest.mark.slow
def test_a_notebook_that_has_lost_its_explorer_stops_the_build_with_what_to_do(tmp_path):
    (tmp_path / "conf.py").write_text('extensions = ["myst_nb", "transformer_lib.book.explorer"]')
    (tmp_path / "index.md").write_text("# Home\n\n```{explorer} lost.ipynb\n```\n")
    (tmp_path / "lost.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')

    command = [sys.executable, "-m", "sphinx", "-W", "-q", tmp_path, tmp_path / "_build"]
    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode != 0
    assert "lost.ipynb holds no explorer with its state: run `make notebooks`." in done.stderr


@pytest.mark.book
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_laptop_the_whole_explorer_is_above_the_fold(visit, address, theme):
    page = visit(theme=theme).open(address + HOME)

    box = page.locator(FIRST).bounding_box()

    assert box["y"] > page.locator("article h1").bounding_box()["y"]
    assert box["y"] + box["height"] <= 900


@pytest.mark.book
def test_on_a_phone_the_picture_begins_on_the_first_screen(visit, address):
    page = visit(width=390).open(address + HOME)
    page.set_viewport_size({"width": 390, "height": 844})

    box = page.locator(f"{FIRST} svg").first.bounding_box()

    assert box["y"] < 844 / 2
    assert box["y"] + box["height"] < 844


@pytest.mark.book
def test_a_typed_number_changes_b1_on_the_home_page_too(visit, address):
    page = visit().open(address + HOME)

    page.get_by_label("a₁, first entry").fill("1")

    assert "b₁ = " in page.locator(".tx-step").inner_text()
    assert "= (0.2, 1.7)" not in page.locator(".tx-step").inner_text()


@pytest.mark.book
def test_the_home_page_shows_what_its_chapter_shows():
    state = 'script[type="application/vnd.jupyter.widget-state+json"]'
    home, chapter = (
        BeautifulSoup((BOOK / name).read_text("utf-8"), "html.parser")
        for name in (HOME, "notebooks/03_from_a1_to_b1.html")
    )

    assert (
        home.select_one(".explorer-twin img, img.explorer-twin")["src"]
        == (chapter.select_one(".explorer-twin img, img.explorer-twin")["src"])
    )
    assert '"step": 6' in home.select_one(state).string


@pytest.mark.book
def test_without_javascript_the_still_twin_takes_the_explorers_place(visit, address):
    page = visit(java_script_enabled=False).page
    page.goto(address + HOME)

    twin = page.locator("img.explorer-twin").bounding_box()
    doors = page.locator(".doors").bounding_box()

    assert twin["y"] < 300
    assert twin["width"] > 500
    assert 0 < doors["y"] - (twin["y"] + twin["height"]) < 200


@pytest.mark.book
def test_on_paper_the_still_twin_takes_the_explorers_place(visit, address):
    page = visit().open(address + HOME)

    page.emulate_media(media="print")

    assert page.locator("img.explorer-twin").is_visible()
    assert not page.locator(FIRST).is_visible()


@pytest.mark.book
@pytest.mark.parametrize(("width", "height"), [(390, 844), (768, 1024), (1440, 900), (1920, 1200)])
def test_nothing_moves_when_the_explorer_comes_to_life(visit, address, width, height):
    seen = visit(width=width)
    seen.page.set_viewport_size({"width": width, "height": height})
    seen.context.add_init_script(
        "window.moved = 0; new PerformanceObserver((list) => { for (const one of list.getEntries()) "
        "moved += one.value; }).observe({ type: 'layout-shift', buffered: true });"
    )

    page = seen.open(address + HOME)
    page.wait_for_load_state("networkidle")

    assert page.evaluate("moved") < 0.02


@pytest.mark.book
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_logo_is_seen_and_leads_home(visit, address, width, theme):
    page = visit(theme=theme, width=width).open(address + "book/notation.html")

    logo = page.locator(".navbar-brand img:visible, .home-mark img:visible")

    assert logo.count() == 1
    assert logo.get_attribute("alt") == "Home"
    assert logo.evaluate("one => one.complete && one.naturalWidth > 0")
    assert logo.locator("..").get_attribute("href") == "index.html"


@pytest.mark.book
def test_text_is_65_to_75_letters_wide(visit, address):
    page = visit().open(address + "notebooks/03_from_a1_to_b1.html")

    letters = page.evaluate(LETTERS_A_LINE)

    assert 62 <= letters <= 76  # 65 in the wide DejaVu Sans, more in narrower fonts


# How many letters of an English sentence fit into one line of a paragraph.
LETTERS_A_LINE = """() => {
  const paragraph = document.querySelector("article section > p"), probe = document.createElement("span");
  probe.textContent = "Position 1 asks every position: how much should I take from you? They sum to 1.";
  probe.style = "position: absolute; white-space: nowrap";
  paragraph.append(probe);
  return paragraph.clientWidth / probe.getBoundingClientRect().width * probe.textContent.length;
}"""


@pytest.mark.parametrize(("name", "size"), [("card", (1200, 630)), ("icon", (180, 180))])
def test_a_picture_has_the_size_that_those_who_show_it_ask_for(name, size):
    with Image.open(ROOT / "assets" / f"{name}.png") as picture:
        assert picture.size == size


def test_the_card_shows_the_logo():
    drawing = BeautifulSoup((ROOT / "assets" / "logo.svg").read_text("utf-8"), "html.parser")
    card = BeautifulSoup((ROOT / "assets" / "card.svg").read_text("utf-8"), "html.parser")

    shapes = [one.attrs for one in drawing.find_all(["path", "circle"])]

    assert len(shapes) == 9
    assert [one.attrs for one in card.svg.svg.find_all(["path", "circle"])] == shapes
