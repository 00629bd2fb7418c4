"""A server that sends what it has as public hosts of static pages do: text compressed, connections kept."""

import gzip
import http.server
from functools import cache, partial
from io import BytesIO
from pathlib import Path

TEXT = {".html", ".css", ".js", ".svg", ".json"}


@cache
def packed(path: Path) -> bytes:
    """Give a file compressed; each is compressed once."""
    return gzip.compress(path.read_bytes(), mtime=0)


class _Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if path.suffix not in TEXT or not path.is_file():
            return super().send_head()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(packed(path))))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        return BytesIO(packed(path))

    def log_message(self, *args):
        pass


def server(folder: Path) -> http.server.ThreadingHTTPServer:
    """Listen on a free port, for this machine alone."""
    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
