"""What of a section is shown: tables, equations, figures, code, predictions, and the sentences beside them.

The rest is said: it goes to the speaker's notes. The rules need no marks from the authors.

* A picture, table, equation, list, explorer or short code cell is shown, with the sentence that leads
  to it and the one that draws the conclusion.
* Of paragraphs that stand alone, the beginning of each is shown, and sentences that define a **term**.
* A prediction is a slide of its own, and its answer comes at the next press of a key.
"""

import re
from dataclasses import dataclass, field

from slides.blocks import Block, words
from slides.items import Item, code_items, display

PREDICT = re.compile(r"\*\*Predict before you (run|read on)\.\*\*\s*")
LOOK_FOR = "**What to look for.**"
LEAD, LEAD_TO_FIGURE, TAKEAWAY, ENOUGH, TOPIC, PASSING = 45, 28, 32, 5, 16, 10  # words
ROOM = 12.0  # lines


@dataclass
class Group:
    """What must stand together on a slide, and what is said meanwhile."""

    items: list[Item] = field(default_factory=list)
    title: str = ""  # none: the section's
    notes: list[str] = field(default_factory=list)
    starts: bool = False  # on a slide of its own or as the first

    @property
    def lines(self) -> float:
        """The height, in lines of text."""
        return sum(item.lines for item in self.items)


def count(sentence: str) -> int:
    """Count words."""
    return len(words(sentence).split())


class Section:
    """Turns the blocks under one heading into groups."""

    def __init__(self, blocks: list[Block]) -> None:
        self.groups: list[Group] = []
        self.pending: list[str] = []  # sentences that no group has taken
        self.topics: list[str] = []  # of them, those that can stand alone
        self.said: list[str] = []
        self.title = ""
        self.asked: Group | None = None  # a prediction that waits for its answer
        self.answered_in_words = False
        self.concluded = True  # the last group needs no conclusion
        for block in blocks:
            self._take(block)
        self._stand_alone()
        self._say_the_rest()

    def _take(self, block: Block) -> None:
        if block.slide_type == "skip":
            return
        if block.slide_type == "notes":
            self.said.append(block.source)
            return
        before = len(self.groups)
        {
            "heading": self._heading,
            "text": self._text,
            "details": self._details,
            "quote": self._quote,
            "code": self._code,
        }.get(block.kind, self._visual)(block)
        for group in self.groups[before:]:
            group.starts |= block.slide_type in ("slide", "subslide")
            for item in group.items:
                item.fragment |= block.slide_type == "fragment"

    def _heading(self, block: Block) -> None:
        self._stand_alone()
        self._say_the_rest()
        self.title, self.concluded = block.title, True

    def _text(self, block: Block) -> None:
        self.said.append(block.source)
        if asked := PREDICT.match(block.source):
            self._predict(block.source[asked.end() :])
            self.answered_in_words = asked[1] == "read on"
        elif self.asked and self.answered_in_words:
            self._answer([Item.sentence(one) for one in block.sentences[:2]])
        elif block.source.startswith(LOOK_FOR):
            self._look_for(block.source.removeprefix(LOOK_FOR))
        elif not self.concluded:
            self._conclude(block.sentences)
        else:
            self._wait(block.sentences)

    def _wait(self, sentences: list[str]) -> None:
        self.pending += sentences
        begun = 0
        for one in sentences:
            if begun < TOPIC or "**" in one:
                self.topics.append(one)
            begun += count(one)

    def _predict(self, question: str) -> None:
        context = self._lead() or self._what_it_asks_about()
        self.asked = self._add([*context, *(Item.sentence(one) for one in question.strip().splitlines())])
        self.asked.title, self.asked.starts = "Predict", True

    def _what_it_asks_about(self) -> list[Item]:
        """Take over a list, table or equation that a question follows at once."""
        last = self.groups[-1] if self.groups else Group()
        kinds = {item.kind for item in last.items}
        if not kinds & {"list", "table", "math"} or last.title != self.title or last.lines > 0.6 * ROOM:
            return []
        self.said = last.notes + self.said
        return self.groups.pop().items

    def _look_for(self, text: str) -> None:
        """Show the tasks before the explorer, which needs the whole slide."""
        tasks = Group([Item.bullets(text.strip().splitlines())], "What to look for", starts=True)
        last = self.groups[-1] if self.groups else Group()
        shown = bool(last.items) and last.items[-1].kind == "explorer"
        if shown:
            tasks.items = [*last.items[:-1], *tasks.items]
            last.items = last.items[-1:]
        self.groups.insert(len(self.groups) - shown, tasks)
        self.concluded = True

    def _details(self, block: Block) -> None:
        summary, _, text = block.source.partition("</summary>")
        text = text.replace("</details>", "").strip()
        self.said.append(f"**{summary.rpartition('>')[2]}.** {text}")
        if self.asked and "What happens" in summary:
            self._answer([Item.sentence(one) for one in text.splitlines() if one])
            self.concluded = True

    def _quote(self, block: Block) -> None:
        self.said.append(re.sub(r"^> ?", "", block.source, flags=re.M))

    def _code(self, block: Block) -> None:
        items = code_items(block)
        if items:
            self._show(items, hidden="hide-output" in block.tags)

    def _visual(self, block: Block) -> None:
        self._show([display(block)])

    def _show(self, items: list[Item], hidden: bool = False) -> None:
        if self.asked and items[-1].kind == "code":
            self.asked.items += items if self.asked.lines + items[-1].lines <= ROOM else []
        elif self.asked and (hidden or items[-1].kind in ("figure", "printed")):
            code = [item for item in items if item.kind == "code"]
            self.asked.items += code if hidden else []
            self._answer([item for item in items if item not in code])
        else:
            self._add([*self._lead(LEAD_TO_FIGURE if items[-1].alone else LEAD), *items])
        self.concluded = items[-1].kind in ("explorer", "code", "list", "source")

    def _answer(self, items: list[Item]) -> None:
        """Put the answer behind a key press; a figure takes the next slide."""
        self.pending, self.topics = [], []
        alone = any(item.alone for item in items)
        for item in items:
            item.fragment = not alone
        if alone or not self.asked or self.asked.lines + sum(item.lines for item in items) > ROOM + 1:
            self._add(items).title = "The answer"
        else:
            self.asked.items += items
        self.asked = None

    def _conclude(self, sentences: list[str]) -> None:
        """Give a visual the sentence that follows it, unless that leads to the next one."""
        shown = sentences[:1]
        if count(sentences[0]) < ENOUGH:
            shown = sentences[:2]
        text = " ".join(shown)
        if text.endswith((":", ",")) or count(text) > TAKEAWAY:
            shown, text = [], ""
        if text:
            last = self.groups[-1]
            fragment = bool(last.items) and last.items[-1].fragment
            last.items.append(Item.sentence(text, fragment=fragment))
        self.concluded = True
        self._wait_for(sentences[len(shown) :])

    def _wait_for(self, rest: list[str]) -> None:
        self.pending += rest
        self.topics += [one for one in rest if "**" in one]

    def _lead(self, most: int = LEAD) -> list[Item]:
        """Take the sentences that lead to a visual; if they are many, the rest stands alone before it."""
        if sum(count(one) for one in self.pending) <= most:
            lead, self.topics = self.pending, []
        else:
            lead = self.pending[-1:]
            self.topics = [one for one in self.topics if one not in lead]
        self.pending = []
        self._stand_alone()
        return [Item.sentence(one) for one in lead]

    def _stand_alone(self) -> None:
        """Show what no visual has taken; a few words in passing are only said."""
        begun = bool(self.groups) and self.groups[-1].title == self.title
        passing = begun and sum(map(count, self.topics)) < PASSING and "**" not in "".join(self.topics)
        if self.topics and not passing:
            self._add([Item.sentence(one) for one in self.topics])
        self.pending, self.topics, self.asked = [], [], None

    def _add(self, items: list[Item]) -> Group:
        group = Group(items, self.title, self.said, starts=any(item.alone for item in items))
        self.groups.append(group)
        self.said = []
        return group

    def _say_the_rest(self) -> None:
        if self.said and self.groups:
            self.groups[-1].notes += self.said
            self.said = []
