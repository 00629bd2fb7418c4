"""A stored chapter as a row of blocks: headings, paragraphs, tables, equations, code with its outputs."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
_KINDS = {
    "heading_open": "heading",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "table_open": "table",
    "math_block": "math",
    "blockquote_open": "quote",
    "fence": "fence",
    "html_block": "details",
}


@dataclass
class Block:
    """One piece of a chapter, as its author wrote it."""

    kind: str  # heading, text, list, table, math, quote, fence, details, code
    source: str  # Markdown, or Python if kind is "code"
    outputs: list[dict[str, Any]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    slide_type: str = "-"  # "slide", "subslide", "fragment", "notes", "skip": nbconvert's convention

    @property
    def level(self) -> int:
        """The heading's level, 0 for other blocks."""
        return len(self.source) - len(self.source.lstrip("#")) if self.kind == "heading" else 0

    @property
    def title(self) -> str:
        """The heading's words."""
        return self.source.lstrip("# ").strip()

    @property
    def sentences(self) -> list[str]:
        """The lines of a paragraph: the chapters have one sentence a line."""
        return [line.strip() for line in self.source.splitlines() if line.strip()]


@cache
def markdown() -> MarkdownIt:
    """Give the parser of the chapters' Markdown."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table"])
    return parser.use(dollarmath_plugin, allow_space=True, double_inline=False)


def read(path: Path) -> tuple[list[Block], dict[str, Any]]:
    """Read a chapter's blocks, and the states of its explorers by their model ids."""
    notebook = json.loads(path.read_text("utf-8"))
    states = notebook["metadata"].get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    return [block for cell in notebook["cells"] for block in _blocks(cell)], states


def _blocks(cell: dict[str, Any]) -> Iterator[Block]:
    source = "".join(cell["source"])
    slide_type = cell["metadata"].get("slideshow", {}).get("slide_type", "-")
    if cell["cell_type"] == "code":
        tags = cell["metadata"].get("tags", [])
        yield Block("code", source, cell["outputs"], tags, slide_type)
        return
    for kind, text in _pieces(source):
        yield Block(kind, text, slide_type=slide_type)


def _pieces(source: str) -> Iterator[tuple[str, str]]:
    """Cut Markdown into its top-level blocks; what stands between <details> tags is one block."""
    lines, folded = source.splitlines(), 0
    for token in markdown().parse(source):
        if token.level or token.map is None:
            continue
        first, last = token.map
        text = "\n".join(lines[first:last])
        if first < folded:
            continue
        if text.startswith("<details"):
            folded = next(i for i in range(first, len(lines)) if lines[i].startswith("</details>")) + 1
            text = "\n".join(lines[first:folded])
        yield _KINDS.get(token.type, "text"), text


def words(markdown_text: str) -> str:
    """Take the marks off Markdown: links keep their words, formulas their letters.

    >>> words("See **[chapter 6](06.ipynb)**: $q$ is `q`.")
    'See chapter 6: q is q.'
    """
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown_text)
    text = re.sub(r"\\[a-z]+|[{}]", "", text)
    return re.sub(r"[*`$]", "", text)
