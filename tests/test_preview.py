"""The live preview: an open page asks for the next build, and is told of it once."""

import http.client
import threading

import preview
import pytest
from serve import server


@pytest.fixture
def get(tmp_path, monkeypatch):
    """Ask the preview of a book of one page and one style."""
    monkeypatch.setattr(preview.Preview, "builds", 0)
    (tmp_path / "page.html").write_text("<p>text</p>", "utf-8")
    (tmp_path / "book.css").write_text("p {}", "utf-8")
    with server(str(tmp_path), 8700, preview.Preview) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        yield lambda path: ask(host.server_port, path)
        host.shutdown()


def ask(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def test_a_page_is_followed_by_its_question_for_the_next_build(get):
    _, before = get("/page.html")
    preview.Preview.announce()
    _, after = get("/page.html")

    assert before.startswith("<p>text</p><script>")
    assert "/built?after=0" in before
    assert "/built?after=1" in after


def test_a_page_that_is_older_than_the_build_is_told_so_at_once(get):
    preview.Preview.announce()

    answer, body = get("/built?after=0")

    assert answer.getheader("Content-Type").startswith("text/event-stream")
    assert body == "data: built\n\n"


def test_a_page_that_is_up_to_date_waits_until_there_is_a_build(get):
    told = []
    waiting = threading.Thread(target=lambda: told.append(get("/built?after=0")[1]))

    waiting.start()
    assert told == []
    preview.Preview.announce()
    waiting.join(timeout=30)

    assert told == ["data: built\n\n"]


def test_a_file_comes_as_it_is_and_is_not_kept(get):
    answer, body = get("/book.css")

    assert body == "p {}"
    assert answer.getheader("Cache-Control") == "no-store"


@pytest.mark.parametrize(
    ("changed", "stays"), [("assets/course.css", False), ("book/notation.md", True)], ids=["style", "page"]
)
def test_for_a_changed_style_one_page_is_written_so_that_it_is_copied(tmp_path, monkeypatch, changed, stays):
    commands, page = [], tmp_path / "index.html"
    page.touch()
    monkeypatch.setattr(preview, "FIRST_PAGE", page)
    monkeypatch.setattr(preview.subprocess, "run", lambda command, **_: commands.append(command))

    preview.build([changed])

    assert page.exists() is stays
    assert commands[0][1:] == ["build", preview.ROOT, "--quiet"]
