"""Every page of the built book in a real browser, the network cut: a visit on a phone, one on a laptop."""

import pytest
from pages import PAGES
from walk import LAPTOP, PHONE, walk

pytestmark = [pytest.mark.book, pytest.mark.slow]


@pytest.fixture(scope="class", params=PAGES)
def found(request, chromium, address):
    """What one visit to one page has shown: every test of the class reads it."""
    return walk(chromium, address, request.param, request.cls.width)


class EachPage:
    width: int

    def test_all_of_it_is_there(self, found):
        assert [url for url, status in found.answers.items() if status != 200] == []

    def test_nothing_comes_from_elsewhere(self, found):
        assert found.foreign == []

    def test_the_console_is_silent(self, found):
        assert found.errors == []

    def test_the_first_load_is_light_and_has_no_font_of_icons(self, found):
        assert found.weight <= 450_000
        assert [url for url in found.answers if "awesome" in url] == []

    def test_nothing_moves_while_it_loads(self, found):
        assert found.moved < 0.02

    def test_nothing_sticks_out(self, found):
        assert {how: what for how, what in found.sticking_out.items() if what} == {}

    def test_axe_finds_nothing_in_light_colours(self, found):
        assert found.axe["light"] == []

    def test_axe_finds_nothing_in_dark_colours(self, found):
        assert found.axe["dark"] == []


class TestOnAPhone(EachPage):
    width = PHONE


class TestOnALaptop(EachPage):
    width = LAPTOP

    def test_axe_finds_nothing_in_forced_colours(self, found):
        assert found.axe["forced"] == []

    def test_every_table_has_headers_that_say_what_they_head(self, found):
        assert found.headless_tables == []

    def test_the_first_press_of_tab_offers_to_skip_to_the_text(self, found):
        assert found.first_focus == "#main-content"

    def test_whatever_has_the_focus_shows_it(self, found):
        assert found.unseen_focus == []

    def test_nothing_moves_for_a_reader_who_wants_no_motion(self, found):
        assert found.moving == []
