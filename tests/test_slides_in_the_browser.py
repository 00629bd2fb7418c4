"""The decks as a class sees them: opened from disk, in a real browser with the network cut."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from chapters import CHAPTERS
from conftest import BOOK

pytestmark = pytest.mark.book

DECKS = BOOK.parent / "slides"
WIDE, NARROW = (1280, 720), (1024, 768)
WALKS = [(path.stem, NARROW) for path in CHAPTERS] + [
    (name, WIDE) for name in ("03_from_a1_to_b1", "08_positions", "11_residual_and_layernorm")
]
SMALLEST = 0.6  # of the size that the style asks for

# For each slide: whether it is in sight, whether something is cut off, and how small its type is.
WALK = """() => Reveal.getSlides().map((slide) => {
  const { h, v } = Reveal.getIndices(slide);
  Reveal.slide(h, v ?? 0, 99);
  const inner = slide.querySelector(".fit"), room = inner.parentElement.getBoundingClientRect();
  const shown = inner.getBoundingClientRect(), page = slide.querySelector(".page").getBoundingClientRect();
  const title = slide.querySelector("h1").getBoundingClientRect();
  const seen = document.elementFromPoint(title.x + 5, title.y + title.height / 2);
  return {
    unseen: !slide.contains(seen),
    title: slide.querySelector("h1").textContent,
    cut: shown.height > room.height + 1 || inner.scrollWidth > inner.clientWidth + 1
      || page.right > innerWidth + 1 || page.bottom > innerHeight + 1
      || [...inner.children].some((one) => one.getBoundingClientRect().bottom > room.bottom + 1),
    zoom: Number(inner.style.zoom),
  };
})"""
GO_TO_EXPLORER = """() => {
  const { h, v } = Reveal.getIndices(document.querySelector(".slides div.explorer").closest("section"));
  Reveal.slide(h, v ?? 0);
}"""


class Deck:
    """One deck, shown."""

    def __init__(self, seen, name, stage=WIDE, address=""):
        self.seen, self.page = seen, seen.page
        self.page.set_viewport_size({"width": stage[0], "height": stage[1]})
        self.page.goto((DECKS / f"{name}.html").as_uri() + address)
        self.page.wait_for_selector('html[data-deck="ready"]', state="attached")

    def with_explorer(self):
        self.page.wait_for_selector('html[data-explorers="ready"]', state="attached")
        self.page.evaluate(GO_TO_EXPLORER)
        return self

    def place(self):
        return self.page.evaluate("Object.values(Reveal.getIndices()).slice(0, 2)")


@pytest.fixture
def show(visit):
    assert (DECKS / "index.html").exists(), "there are no slides: run `make slides` first"
    return lambda name, **how: Deck(visit(theme=how.pop("theme", "light")), name, **how)


@pytest.mark.parametrize(("name", "stage"), WALKS)
def test_nothing_is_cut_off_and_nothing_is_tiny(name, stage, show):
    deck = show(name, stage=stage)
    deck.page.wait_for_function(
        "!document.querySelector('div.explorer') || document.documentElement.dataset.explorers"
    )

    slides = deck.page.evaluate(WALK)

    assert len(slides) > 20
    assert [slide for slide in slides if slide["unseen"] or slide["cut"] or slide["zoom"] < SMALLEST] == []
    assert deck.seen.errors == []
    assert deck.seen.foreign == []


@pytest.mark.parametrize("control", ["button", "[role=spinbutton]", "input[type=checkbox]"])
def test_keys_inside_an_explorer_stay_there(control, show):
    deck = show("03_from_a1_to_b1").with_explorer()
    before = deck.place()
    deck.page.locator(".slides div.explorer").locator(control).first.focus()

    _ = [deck.page.keyboard.press(f"Arrow{way}") for way in ("Right", "Left", "Down", "Right", "Up")]

    assert deck.place() == before


@pytest.mark.parametrize("keys", [["Escape", "ArrowRight"], ["PageDown"]], ids=["escape", "presenter"])
def test_two_ways_lead_out_of_an_explorer(keys, show):
    deck = show("03_from_a1_to_b1").with_explorer()
    before = deck.place()
    deck.page.locator(".slides div.explorer .tx-button").first.focus()

    _ = [deck.page.keyboard.press(key) for key in keys]

    assert deck.place() > before


def test_the_explorers_are_alive(show):
    deck = show("00_start_here").with_explorer()
    explorer = deck.page.locator('[data-explorer="softmax-bars"]')
    before = explorer.locator(".tx-says").inner_text()

    explorer.locator("input[type=range]").first.press("ArrowRight")

    deck.page.wait_for_function(
        "before => document.querySelector('.tx-says').innerText !== before", arg=before
    )
    assert deck.seen.errors == []


def test_a_link_to_a_state_leads_to_the_explorers_slide(show):
    deck = show("00_start_here", address="#softmax-bars=%7B%22base%22%3A%2210%22%7D")

    deck.page.wait_for_function("Reveal.getCurrentSlide().querySelector('.tx')")

    assert '"base":"10"' in deck.page.evaluate(
        "decodeURIComponent(document.querySelector('.tx-link').getAttribute('href'))"
    )


def test_a_prediction_keeps_its_answer_until_the_next_key(show):
    deck = show("00_start_here")
    deck.page.evaluate("Reveal.slide(3, 0)")
    answer = deck.page.locator("section.present.predict .fragment").first
    assert not answer.is_visible()

    deck.page.keyboard.press("Space")

    answer.wait_for(state="visible")


def test_paper_gets_every_slide_and_the_still_twin(show):
    deck = show("00_start_here", address="?print-pdf")

    deck.page.wait_for_selector(".pdf-page")

    slides = deck.page.evaluate("document.querySelectorAll('.slides .page').length")
    assert deck.page.locator(".pdf-page").count() == slides
    assert deck.page.locator(".pdf-page .explorer-twin").is_visible()
    assert deck.page.locator(".tx").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("place", [(8, 0), (5, 0), (13, 1)], ids=["table", "code", "explorer"])
def test_axe_finds_nothing(place, theme, show):
    deck = show("03_from_a1_to_b1", theme=theme).with_explorer()
    deck.page.evaluate("([h, v]) => Reveal.slide(h, v, 99)", place)

    found = Axe().run(deck.page).response["violations"]

    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


def test_the_index_opens_every_deck(show, visit):
    page = visit().open((DECKS / "index.html").as_uri())

    links = page.locator("li a").evaluate_all("all => all.map((one) => one.getAttribute('href'))")

    assert links == sorted(path.name for path in DECKS.glob("[0-9]*.html"))
    assert Axe().run(page).response["violations"] == []
