"""The built book, served to a real browser that can reach nothing else."""

import functools
import http.server
import os
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Tests run several at a time: threads within each would fight for the same cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples in every run, and no clock: a busy machine is no failure.
settings.register_profile(
    "course", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("course")

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "_build" / "html"
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests")]

# Measured in both themes, on a small phone and on a laptop.
VIEWS = {
    f"{theme} {width}": {"theme": theme, "width": width}
    for theme in ("light", "dark")
    for width in (360, 1440)
}


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def book():
    """The folder of the built book."""
    assert (BOOK / "index.html").exists(), "there is no built book: run `make html` first"
    return BOOK


@pytest.fixture(scope="session")
def address(book):
    """Where the book is served, under a sub-path as on a project site."""
    handler = functools.partial(_Quiet, directory=book.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.handle_error = lambda *_: None  # a page that is closed breaks its connections off
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{book.name}/"
        server.shutdown()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """A headless browser, cut off from every network but this machine."""
    from find_chromium import find_chromium
    from playwright.sync_api import sync_playwright

    switches = "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=[*switches.split(), "--disable-component-update", *root]
        )
        yield browser
        browser.close()


class Visit:
    """One page as a reader sees it, with everything that went wrong on it."""

    def __init__(self, browser, theme="light", width=1440, **context):
        self.foreign, self.errors = [], []
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, **context
        )
        self.context.add_init_script(f"localStorage.mode = localStorage.theme = '{theme}'")
        self.page = self.context.new_page()
        self.page.route("**/*", self._only_from_here)
        self.page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("response", lambda answer: answer.status >= 400 and self.errors.append(answer.url))

    def _only_from_here(self, route):
        if route.request.url.startswith(("http://127.0.0.1:", "file:", "data:", "blob:")):
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()

    def open(self, url):
        self.page.goto(url)
        if self.page.locator('script[type$="widget-view+json"]').count():
            self.page.wait_for_selector('html[data-explorers="ready"]', state="attached")
        return self.page


@pytest.fixture
def visit(chromium):
    """Open pages with `visit(theme, width)`; each is closed afterwards."""
    visits = []

    def start(**view):
        visits.append(Visit(chromium, **view))
        return visits[-1]

    yield start
    for one in visits:
        one.context.close()
