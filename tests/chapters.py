"""The stored chapters as the tests read them: raw JSON, because nbformat repairs as it reads."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHAPTERS = [path for path in NOTEBOOKS if path.stem[0].isdigit()]  # the others are single pages
_PYTHON_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@cache
def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def text(path: Path) -> str:
    """All Markdown of a chapter."""
    return "\n\n".join(source(cell) for cell in read(path)["cells"] if cell["cell_type"] == "markdown")


def is_exercise(cell: dict[str, Any]) -> bool:
    return "exercise" in cell["metadata"].get("tags", [])


def exercises(path: Path) -> dict[str, dict[str, Any]]:
    """For each exercise id of a chapter: its statement, stub, stored output, hint and solution."""
    found: dict[str, dict[str, Any]] = {}
    heading = ""
    for cell in read(path)["cells"]:
        if cell["cell_type"] == "markdown":
            headings = re.findall(r"^### Exercise ([\d.]+) · (.+)$", source(cell), re.MULTILINE)
            hint, _, solution = source(cell).partition("<summary>Solution</summary>")
            if solution and heading in found:
                found[heading]["hint"] = hint.partition("<summary>Hint</summary>")[2]
                found[heading]["solution"] = _PYTHON_BLOCK.findall(solution)
            if headings:
                heading, title = headings[-1]
                found[heading] = {"title": title, "statement": source(cell)}
        elif is_exercise(cell):
            found[heading]["stub"] = source(cell)
            found[heading]["outputs"] = cell["outputs"]
    return found
