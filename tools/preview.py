"""Build the book again at each change and show it: `make preview`. An open page reloads when it is built.

Only pages that have changed are written, and a warning does not end it: `make html` is the strict build.
"""

import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from serve import FIRST_PORT, Pages, server
from watchfiles import watch

ROOT = Path(__file__).parents[1]
WATCHED = ("book", "notebooks", "assets", "transformer_lib", "_config.yml", "_toc.yml", "CHANGELOG.md")
FIRST_PAGE = ROOT / "_build" / "html" / "book" / "index.html"
LISTENER = '<script>new EventSource("/built?after={}").onmessage = () => location.reload();</script>'


class Preview(Pages):
    """Pages that ask to be told of the next build, and the answer."""

    builds = 0
    news = threading.Condition()

    @classmethod
    def announce(cls) -> None:
        """Tell every open page that there is a new build."""
        with cls.news:
            Preview.builds += 1
            cls.news.notify_all()

    def do_GET(self) -> None:  # noqa: N802 (http.server names it)
        """Send a page with its question, the answer to one, or a file."""
        address = urlsplit(self.path)
        page = Path(self.translate_path(self.path))
        if address.path == "/built":
            self._wait_for_more_than(int(address.query.removeprefix("after=")))
        elif page.suffix == ".html" and page.is_file():
            self._send("text/html", page.read_bytes() + LISTENER.format(self.builds).encode())
        else:
            super().do_GET()

    def _wait_for_more_than(self, builds: int) -> None:
        with self.news:
            self.news.wait_for(lambda: self.builds > builds)
        self._send("text/event-stream", b"data: built\n\n")

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        """Let nothing be kept: the next build may differ in any file."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Leave the terminal to the build."""


def build(changed: Iterable[str] = ()) -> None:
    """Write the pages that have changed; for a style or script one page, or else Sphinx would not copy it."""
    if any(Path(name).suffix in {".css", ".js", ".svg", ".png"} for name in changed):
        FIRST_PAGE.unlink(missing_ok=True)
    subprocess.run([Path(sys.executable).with_name("jupyter-book"), "build", ROOT, "--quiet"], check=False)


def main() -> None:
    """Build, serve, and build again until Ctrl+C."""
    build()
    with server(str(ROOT / "_build" / "html"), FIRST_PORT, Preview) as book:
        threading.Thread(target=book.serve_forever, daemon=True).start()
        print(f"The book is on http://127.0.0.1:{book.server_port}/ (Ctrl+C ends it)", flush=True)
        for changes in watch(*(ROOT / name for name in WATCHED), raise_interrupt=False):
            build(name for _, name in changes)
            Preview.announce()


if __name__ == "__main__":
    main()
