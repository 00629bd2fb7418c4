"""Short ids that last: `#exercise-3-2` and `#proposition-4-1`, whatever the titles become."""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

LOG = logging.getLogger(__name__)
NUMBERED = re.compile(r"(?:Exercise|Proposition) \d+\.\d+(?= ·)")


def short_id(title: str) -> str | None:
    """Give the id of an exercise or a proposition, from its number alone.

    >>> short_id("Exercise 3.2 · Four weights"), short_id("Step 5 · Four weights")
    ('exercise-3-2', None)
    """
    numbered = NUMBERED.match(title)
    return nodes.make_id(numbered[0]) if numbered else None


class ShortIds(SphinxTransform):
    """Put the short id before the one made from the title, which goes on working.

    The first id is the one that the permalink and the list "on this page" take.
    Links in Markdown may then name what a browser shows as an address: any id of a section or a term.
    """

    default_priority = 500

    def apply(self, **kwargs: Any) -> None:
        """Name each numbered section; a number that stands twice ends a strict build."""
        for section in self.document.findall(nodes.section):
            title = section[0].astext()
            short = short_id(title)
            if not short or not section["ids"][0].startswith(f"{short}-"):
                continue
            if short in self.document.ids:
                LOG.warning("%r stands twice on this page: give one another number.", title, location=section)
            section["ids"].insert(0, short)
            self.document.ids[short] = section
        self._offer_to_links()

    def _offer_to_links(self) -> None:
        slugs = self.env.metadata[self.env.docname].setdefault("myst_slugs", {})
        for node in (*self.document.findall(nodes.section), *self.document.findall(nodes.inline)):
            title = (node[0] if isinstance(node, nodes.section) else node).astext()
            slugs.update({one: (node.line, node["ids"][0], title) for one in node["ids"] if one not in slugs})


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_transform(ShortIds)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
