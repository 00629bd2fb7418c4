"""Serve the built book on this machine: python tools/serve.py _build/html [PORT]."""

import functools
import http.server
import sys
from pathlib import Path

FIRST_PORT = 8000


class Pages(http.server.SimpleHTTPRequestHandler):
    """Files, and for an address that is missing the book's own page, as GitHub Pages does."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with 404.html where there is one."""
        page = Path(self.directory, "404.html")
        if code != 404 or not page.exists():
            return super().send_error(code, message, explain)
        body = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def server(root: str, first_port: int, pages: type[Pages] = Pages) -> http.server.ThreadingHTTPServer:
    """Listen on the first free port from `first_port` on, for this machine alone."""
    handler = functools.partial(pages, directory=root)
    for port in range(first_port, first_port + 100):
        try:
            return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        except OSError:
            continue
    sys.exit(f"No free port from {first_port} to {first_port + 99}: name another as the second argument.")


if __name__ == "__main__":
    root = sys.argv[1]
    if not Path(root, "index.html").exists():
        sys.exit(f"There is no book in {root}: run `make html` first.")
    with server(root, int(sys.argv[2]) if len(sys.argv) > 2 else FIRST_PORT) as book:
        print(f"The book is on http://127.0.0.1:{book.server_port}/ (Ctrl+C ends it)", flush=True)
        try:
            book.serve_forever()
        except KeyboardInterrupt:
            print()
