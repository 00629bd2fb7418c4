"""The results on disk: whole or not there, so that an interrupted batch goes on where it was."""

import json
import os
from pathlib import Path

from grader.marking import Result


class Store:
    """A folder of results, each under the hash of all that decides it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str) -> Result | None:
        """Give a stored result; one that cannot be read is as good as none."""
        try:
            return json.loads(self._path(key).read_text("utf-8"))
        except (OSError, ValueError):
            return None

    def put(self, key: str, result: Result) -> None:
        """Store a result."""
        write(self._path(key), as_json(result))

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"


def write(path: Path, content: str | bytes) -> None:
    """Write a file under a temporary name and then give it its own: no reader sees half of it."""
    temporary = path.with_name(f".{os.getpid()}.tmp")
    temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    temporary.replace(path)


def as_json(value: object) -> str:
    """Give JSON, the same bytes for the same value."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
