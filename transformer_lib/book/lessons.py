"""Two roles for lesson plans, checked while the book is built.

* ``{state}`base e <A1ToB1 {"base": "e"}>` `` is a link that opens the chapter with its explorer in
  that state. A state that the explorer cannot take ends the build.
* ``{mistake}`3.1 k₁ left out` `` names a wrong answer that a checker knows, with its numbers, and
  leads to the sentence the student reads.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import traitlets
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

from transformer_lib import explorers
from transformer_lib.book.checkers import example
from transformer_lib.exercises import EXERCISES
from transformer_lib.shapes import InputError

_STATE = re.compile(r"(?P<words>.+?)\s*<(?P<explorer>\w+)\s+(?P<state>\{.*\})>", re.DOTALL)


@cache
def _chapter_of(explorer: str, notebooks: Path) -> str:
    """Find the chapter that shows an explorer."""
    for path in sorted(notebooks.glob("[0-9]*.ipynb")):
        if f'"{explorer}(' in path.read_text("utf-8"):
            return path.stem
    raise InputError(f"no chapter shows {explorer}: name one of {', '.join(explorers.__all__)}.")


def fragment(explorer: str, state: dict[str, Any]) -> str:
    """Write the end of an address that puts an explorer into a state.

    >>> fragment("SoftmaxBars", {"base": "e"})
    '#softmax-bars=%7B%22base%22%3A%20%22e%22%7D'
    """
    kind = getattr(explorers, explorer, None)
    if kind is None:
        raise InputError(f"there is no explorer {explorer}: name one of {', '.join(explorers.__all__)}.")
    if unknown := set(state) - set(kind.class_own_traits()):
        raise InputError(f"{explorer} has no {', '.join(sorted(unknown))} in its state.")
    try:
        kind(**state).numbers()
    except traitlets.TraitError as error:
        raise InputError(f"{explorer} cannot take {state}: {error}") from error
    return f"#{kind.script.replace('_', '-')}={quote(json.dumps(state))}"


class StateRole(SphinxRole):
    """A link to an explorer in a state."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        found = _STATE.fullmatch(self.text)
        try:
            if not found:
                raise InputError(f'write `words <Explorer {{"key": value}}>`, not `{self.text}`.')
            end = fragment(found["explorer"], json.loads(found["state"]))
            chapter = _chapter_of(found["explorer"], Path(self.env.srcdir) / "notebooks")
        except (InputError, json.JSONDecodeError) as error:
            return [], [self.inliner.reporter.error(str(error), line=self.lineno)]
        up = "../" * self.env.docname.count("/")
        where = f"{up}notebooks/{chapter}.html{end}"
        return [nodes.reference(self.rawtext, found["words"], refuri=where, internal=True)], []


class MistakeRole(SphinxRole):
    """A wrong answer that a checker knows."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        number, _, name = self.text.partition(" ")
        mistakes = {one.name: one for one in EXERCISES[number].mistakes} if number in EXERCISES else {}
        if name not in mistakes:
            said = f"exercise {number} has no mistake {name!r}; it has {', '.join(mistakes) or 'none'}"
            return [], [self.inliner.reporter.error(said, line=self.lineno)]
        up = "../" * self.env.docname.count("/")
        where = f"{up}book/checkers.html#{nodes.make_id(f'checker {number}')}"
        link = nodes.reference(self.rawtext, f"{number} {name}", refuri=where, internal=True)
        numbers = example(mistakes[name].answer)
        return [link, *([nodes.Text(f", {numbers}")] if numbers and len(numbers) < 60 else [])], []


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_role("state", StateRole())
    app.add_role("mistake", MistakeRole())
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
