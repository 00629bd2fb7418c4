"""A chapter's blocks as stacks of slides: a stack a section, as many slides as it needs."""

import re
from dataclasses import dataclass, field
from itertools import pairwise

from slides.blocks import Block
from slides.choose import Group, Section
from slides.items import Item, display

FULL, ALONG = 12.0, 1.5  # lines; as many more for code that continues what stands above
_SKIPPED = {"Sources"}


@dataclass
class Slide:
    """What is shown, and what is said."""

    title: str
    items: list[Item] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    above: str = ""  # the section, when the title is another
    kind: str = "plain"  # or "title", "predict"

    @property
    def lines(self) -> float:
        """The height of what is shown."""
        return sum(item.lines for item in self.items)


def stacks(blocks: list[Block]) -> list[list[Slide]]:
    """Cut a chapter at its headings, and each section into slides."""
    sections = _sections(blocks)
    made = [_title(sections[0])]
    for section in sections[1:]:
        title = section[0].title
        if title in _SKIPPED:
            continue
        slides = _SPECIAL.get(title, _section)(section)
        if slides:
            made.append(slides)
    return made


def _sections(blocks: list[Block]) -> list[list[Block]]:
    sections: list[list[Block]] = []
    for block in blocks:
        if block.slide_type == "skip":
            continue
        if block.level in (1, 2):
            sections.append([])
        sections[-1].append(block)
    return sections


def _title(section: list[Block]) -> list[Slide]:
    texts = [block for block in section[1:] if block.kind == "text"]
    slide = Slide(section[0].title, [Item.sentence(one) for one in texts[0].sentences], kind="title")
    slide.notes = [re.sub(r"^> ?", "", block.source, flags=re.M) for block in section[1:]]
    return [slide]


def _section(section: list[Block]) -> list[Slide]:
    title = section[0].title
    slides: list[Slide] = []
    for group in Section(section[1:]).groups:
        heading = group.title or title
        if not slides or _turn(slides[-1], group, heading):
            above = title if heading != title else ""
            slides.append(Slide(heading, above=above, kind=_kind(group)))
        slides[-1].items += group.items
        slides[-1].notes += group.notes
    return [part for slide in slides for part in _cut(slide)]


def _turn(slide: Slide, group: Group, heading: str) -> bool:
    """Say whether a group needs a new slide."""
    room = FULL if any(item.kind == "sentence" for item in group.items[:1]) else FULL + ALONG
    filled = slide.lines + group.lines > room or any(item.alone for item in slide.items)
    return group.starts or filled or slide.title != heading


def _kind(group: Group) -> str:
    return "predict" if group.title in ("Predict", "The answer") else "plain"


def _cut(slide: Slide) -> list[Slide]:
    """Cut a slide that is too full, before the item that does not fit."""
    if slide.lines <= FULL + 2 or any(item.alone for item in slide.items) or len(slide.items) == 1:
        return [slide]
    room, place = FULL, 0
    while place < len(slide.items) - 1 and (place == 0 or slide.items[place].lines <= room):
        room -= slide.items[place].lines
        place += 1
    place = max(place, 1)
    first = Slide(slide.title, slide.items[:place], slide.notes, slide.above, slide.kind)
    rest = Slide(slide.title, slide.items[place:], [], slide.above, slide.kind)
    for item in rest.items:
        item.fragment = False
    return [first, *_cut(rest)]


def _exercises(section: list[Block]) -> list[Slide]:
    """List the exercises; their text is for the notebook."""
    rows = ["| exercise | | minutes |", "|---|---|---|"]
    for heading, marks in pairwise(section):
        if heading.level == 3:
            grade, _, minutes = marks.source.partition(" · ")
            grade = grade.replace(" ", "\N{NO-BREAK SPACE}")
            rows.append(f"| {heading.title.removeprefix('Exercise ')} | {grade} | {minutes.split()[0]} |")
    return [Slide("Exercises", [Item("table", "\n".join(rows), 1.25 * (len(rows) - 1))])]


def _aims(section: list[Block]) -> list[Slide]:
    lists = [block for block in section if block.kind == "list"]
    notes = [block.source for block in section if block.kind == "text"]
    return [Slide(section[0].title, [display(block) for block in lists[:1]], notes)]


def _summary(section: list[Block]) -> list[Slide]:
    sentences = [one for block in section[1:] if block.kind == "text" for one in block.sentences]
    return _cut(Slide("Summary", [Item.bullets(sentences)]))


_SPECIAL = {"You will be able to": _aims, "Exercises": _exercises, "Summary": _summary}
