"""What the built book adds to Jupyter Book, one extension of Sphinx a file."""

from typing import Any

from sphinx.application import Sphinx

PARTS = (
    "address",
    "anchors",
    "checkers",
    "equations",
    "errata",
    "explorer",
    "lessons",
    "library",
    "light",
    "outputs",
    "page_card",
    "rebuild",
    "root_pages",
    "search",
    "style_sheet",
    "tables",
    "terms",
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register every part with Sphinx."""
    for part in PARTS:
        app.setup_extension(f"{__name__}.{part}")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
