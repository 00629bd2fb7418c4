"""One visit to a page of the built book: as a newcomer, then in other colours and sizes."""

import gzip
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from axe_playwright_python.sync_playwright import Axe
from conftest import BOOK, Visit

PHONE, LAPTOP = 360, 1440

# Inside a formula all has the colour of the text around it, and readers' tools get MathML instead.
AROUND_FORMULAS = {"exclude": [[".katex-html"]]}
EVERY_RULE = {"resultTypes": ["violations"], "preload": False}
RULES_OF_COLOUR = {**EVERY_RULE, "runOnly": ["color-contrast", "link-in-text-block"]}

# No theme chosen yet, and each move of the layout counted.
NEWCOMER = """
  localStorage.clear();
  window.moved = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) moved += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
"""
AXE = Axe().axe_script
SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")


@dataclass
class Findings:
    """What one visit has shown."""

    foreign: list[str]
    errors: list[str]
    answers: dict[str, int] = field(default_factory=dict)
    moved: float = 0.0
    axe: dict[str, list] = field(default_factory=dict)
    sticking_out: dict[str, list[str]] = field(default_factory=dict)
    headless_tables: list[str] = field(default_factory=list)
    first_focus: str = ""
    unseen_focus: list[str] = field(default_factory=list)
    moving: list[str] = field(default_factory=list)

    @property
    def weight(self):
        """The bytes of the first load, as a host sends them."""
        return sum(map(weight, self.answers))


@cache
def weight(url):
    """The bytes of one answer: text compressed, pictures and fonts as they are."""
    body = (BOOK.parent / unquote(urlsplit(url).path).lstrip("/")).read_bytes()
    return len(body if url.endswith((".png", ".woff2")) else gzip.compress(body))


def walk(chromium, address, name, width):
    """Load a page once, then look at it in every way that this width asks for."""
    seen = Visit(chromium, "no-preference", width, reduced_motion="reduce", device_scale_factor=2)
    found = Findings(seen.foreign, seen.errors)
    try:
        _arrive(seen, found, address + name)
        (_on_a_phone if width == PHONE else _on_a_laptop)(seen.page, found)
    finally:
        seen.context.close()
    return found


def _arrive(seen, found, url):
    seen.context.add_init_script(NEWCOMER)
    seen.page.on("response", lambda answer: _note(answer, found.answers))
    seen.open(url).wait_for_load_state("networkidle")
    found.moved = seen.page.evaluate("moved")
    seen.page.evaluate(AXE)
    seen.page.evaluate(SCRIPT)


def _note(answer, answers):
    if answer.url.startswith("http"):
        answers[answer.url] = answer.status


def _on_a_phone(page, found):
    _widths(page, found, "as it comes", PHONE)
    page.evaluate("walk.unfold()")
    _widths(page, found, "all unfolded", PHONE)
    _colours(page, found)
    _widths(page, found, "400%", 320)
    _widths(page, found, "200%", 640)
    page.context.new_cdp_session(page).send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    _widths(page, found, "letters twice as large", 1280)


def _on_a_laptop(page, found):
    _widths(page, found, "as it comes", LAPTOP)
    page.keyboard.press("Tab")
    found.first_focus = page.evaluate("document.activeElement.hash")
    found.unseen_focus = page.evaluate("walk.unseenFocus()")
    found.moving = page.evaluate("walk.moving()")
    page.evaluate("walk.unfold()")
    found.headless_tables = page.evaluate("walk.headlessTables()")
    page.emulate_media(forced_colors="active")
    found.axe["forced"] = _axe(page, RULES_OF_COLOUR)
    page.emulate_media(forced_colors="none")
    _colours(page, found)


def _widths(page, found, which, width):
    page.set_viewport_size({"width": width, "height": 900})
    found.sticking_out[which] = page.evaluate("walk.stickingOut()")


def _colours(page, found):
    found.axe["light"] = _axe(page, EVERY_RULE)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    found.axe["dark"] = _axe(page, RULES_OF_COLOUR)


def _axe(page, rules):
    found = page.evaluate("([where, rules]) => axe.run(where, rules)", [AROUND_FORMULAS, rules])
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found["violations"]]
