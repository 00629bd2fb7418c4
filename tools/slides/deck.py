"""Decks on disk: one HTML file a chapter, an index, and beside them the scripts and styles they share."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from slides.blocks import WIDGET_STATE, WIDGET_VIEW, read
from slides.items import Item
from slides.markup import Markup, code, colours, explorer, figure, printed, size
from slides.pack import Slide, stacks
from transformer_lib.explorers.base import WEB

HERE = Path(__file__).parent
_FRAME = 'h("section", {'
REVEAL = ("reveal.js", "reveal.css", "reset.css", "plugin/notes.js")


class Writer:
    """Writes decks into one folder, which can be carried elsewhere as it is."""

    def __init__(self, target: Path) -> None:
        self.target, self.markup = target, Markup()
        pages = Environment(loader=FileSystemLoader(HERE), autoescape=False, trim_blocks=True)
        self.deck, self.index = pages.get_template("deck.html.j2"), pages.get_template("index.html.j2")

    def write(self, chapters: Iterable[Path]) -> list[Path]:
        """Write a deck for each chapter, and the index."""
        self.target.mkdir(parents=True, exist_ok=True)
        decks = [self._write(path) for path in chapters]
        self.markup.close()
        (self.target / "index.html").write_text(self.index.render(decks=decks), "utf-8")
        return [self.target / deck["file"] for deck in decks]

    def _write(self, path: Path) -> dict[str, Any]:
        blocks, states = read(path)
        made = stacks(blocks)
        page = {
            "title": made[0][0].title,
            "file": f"{path.stem}.html",
            "stacks": [[self._slide(slide) for slide in stack] for stack in made],
            "count": sum(map(len, made)),
            "state": _shown_states(made, states),
        }
        (self.target / page["file"]).write_text(self.deck.render(page), "utf-8")
        return page

    def _slide(self, slide: Slide) -> dict[str, Any]:
        kinds = {item.kind for item in slide.items}
        return {
            "title": self.markup.sentence(slide.title),
            "above": self.markup.sentence(slide.above),
            "kind": " ".join(
                [slide.kind, *sorted(kinds & {"figure", "explorer"}), *_size(slide), *_shape(slide)]
            ),
            "items": [(self.item(item), item.fragment) for item in slide.items],
            "notes": self.markup.spoken("\n\n".join(slide.notes)),
        }

    def item(self, item: Item) -> str:
        """Write one thing on a slide."""
        if item.kind in ("figure", "explorer"):
            return {"figure": figure, "explorer": explorer}[item.kind](*item.source)
        if item.kind in ("code", "source"):
            return code(item.source)
        return printed(item.source) if item.kind == "printed" else self.markup.html(item.source)


def _shape(slide: Slide) -> list[str]:
    """Let the words stand beside a picture that is not wide."""
    pictures = [item.source[0]["image/png"] for item in slide.items if item.kind == "figure"]
    return ["beside"] if any(height > 0.62 * width for width, height in map(size, pictures)) else []


def _size(slide: Slide) -> list[str]:
    """Give few words a large type."""
    return ["large"] if slide.lines < 6 else ["medium"] if slide.lines < 8.5 else []


def _shown_states(made: list[list[Slide]], states: dict[str, Any]) -> str:
    """Give the states of the explorers on the slides, as MyST-NB writes them into a page."""
    views = [item.source[0][WIDGET_VIEW]["model_id"] for stack in made for slide in stack
             for item in slide.items if item.kind == "explorer"]  # fmt: skip
    state = {"state": {view: states[view] for view in views}, "version_major": 2, "version_minor": 0}
    for view in views:
        state["state"][view]["state"]["_esm"] = _no_slide(state["state"][view]["state"]["_esm"])
    script = json.dumps(state).replace("</", r"<\/")
    return f'<script type="{WIDGET_STATE}">{script}</script>' if views else ""


def _no_slide(front_end: str) -> str:
    """Let an explorer be a region that is no <section>: reveal.js takes each of those for a slide."""
    if _FRAME not in front_end:
        raise ValueError(
            f"an explorer's frame no longer begins with {_FRAME!r}: name it anew in slides/deck.py"
        )
    return front_end.replace(_FRAME, 'h("div", { role: "region",')


def copy_what_decks_share(target: Path, reveal: Path, katex: Path) -> None:
    """Copy reveal.js, KaTeX's style, the explorers' host and the decks' own look."""
    for name in REVEAL:
        place = target / "vendor" / "reveal" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(reveal / "dist" / name, place)
    shutil.copy(reveal / "LICENSE", target / "vendor" / "reveal")
    shutil.copytree(katex, target / "vendor" / "katex", dirs_exist_ok=True)
    for file in (WEB / "static_host.js", HERE / "deck.js"):
        shutil.copy(file, target)
    (target / "deck.css").write_text((HERE / "deck.css").read_text("utf-8") + colours(), "utf-8")
