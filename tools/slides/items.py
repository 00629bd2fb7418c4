"""One thing on a slide, with its height in lines of text."""

import re
from dataclasses import dataclass
from math import ceil
from typing import Any

from slides.blocks import WIDGET_VIEW, Block, words

A_LINE = 72  # characters
SHORT_CODE, SHORT_PRINT, LONGEST_SOURCE, WHOLE_SLIDE = 8, 14, 22, 12


@dataclass
class Item:
    """A sentence, a list, a table, an equation, code, printed text, a figure or an explorer."""

    kind: str
    source: Any
    lines: float
    fragment: bool = False  # comes at the next press of a key

    @property
    def alone(self) -> bool:
        """Whether it needs a slide of its own."""
        return self.kind in ("figure", "explorer") or (self.kind == "source" and self.lines > 6)

    @classmethod
    def sentence(cls, text: str, fragment: bool = False) -> "Item":
        """Make an item of one sentence."""
        return cls("sentence", text.strip(), 0.3 + ceil(len(words(text)) / A_LINE), fragment)

    @classmethod
    def bullets(cls, sentences: list[str]) -> "Item":
        """Make a list of sentences."""
        return cls("list", "\n".join(f"* {one}" for one in sentences), _list_lines(sentences))


def _list_lines(entries: list[str]) -> float:
    return sum(0.25 + ceil(len(words(one)) / (A_LINE - 4)) for one in entries)


def display(block: Block) -> Item:
    """Make an item of a list, a table, an equation or a fenced text."""
    rows = block.source.count("\n") + 1
    if block.kind == "list":
        entries = [
            first_sentence(entry) for entry in re.split(r"^(?=[*\-] |\d+\. )", block.source, flags=re.M)
        ]
        entries = [entry for entry in entries if entry]
        return Item("list", "\n".join(entries), _list_lines(entries))
    if block.kind == "table":
        return Item("table", block.source, 1.25 * (rows - 1))
    if block.kind == "math":
        tall = (
            1.5 * block.source.count(r"\\") + len(re.findall(r"\\(?:d?frac|sum|begin)", block.source)) * 0.3
        )
        return Item("math", block.source, 2 + min(tall, 8))
    return Item("text", block.source, 0.8 * rows)


def first_sentence(entry: str) -> str:
    """Shorten an entry of a list to its first sentence, if it is long.

    >>> first_sentence("* One. Two.")
    '* One. Two.'
    """
    entry = " ".join(entry.split())
    if len(words(entry).split()) <= 24:
        return entry
    return re.split(r"(?<=[.!?])\s+(?=[A-Z*$`\"“(])", entry, maxsplit=1)[0]


def code_items(block: Block) -> list[Item]:
    """Choose what of a cell is shown: its picture; or its code, if short, and what it prints."""
    if "exercise" in block.tags or "set_up()" in block.source:
        return []
    for output in block.outputs:
        data, metadata = output.get("data", {}), output.get("metadata", {})
        if WIDGET_VIEW in data:
            return [Item("explorer", (data, metadata), WHOLE_SLIDE)]
        if "image/png" in data:
            return [Item("figure", (data, metadata), WHOLE_SLIDE)]
        if "text/markdown" in data:
            return _source(re.sub(r"^```\w*\n|\n```$", "", "".join(data["text/markdown"])))
    return _code(block)


def _source(text: str) -> list[Item]:
    rows = text.count("\n") + 1
    return [Item("source", text, 0.75 * rows)] if rows <= LONGEST_SOURCE else []


def _code(block: Block) -> list[Item]:
    text = "".join(
        "".join(output.get("text", output.get("data", {}).get("text/plain", ""))) + "\n"
        for output in block.outputs
    ).strip("\n")
    source = re.sub(r"^assert .*\n?", "", block.source, flags=re.M).strip()
    rows, printed = source.count("\n") + 1, text.count("\n") + 1
    teaches = bool(source) and rows <= SHORT_CODE and (bool(text) or "def " in source)
    shown = [Item("code", source, 0.85 * rows)] if teaches else []
    if text and printed <= SHORT_PRINT:
        shown.append(Item("printed", text, 0.4 + 0.85 * printed))
    return shown
