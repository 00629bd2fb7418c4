"""The page *Errata*: the corrections that CHANGELOG.md records, in the order it has them."""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

HEADING = "### Corrections"


def corrections(changelog: str) -> dict[str, str]:
    """Give, for each version that has any, the Markdown list under its heading *Corrections*.

    >>> corrections("## 0.2.0\\n\\n### Corrections\\n\\n* Chapter 3: 0.8, not 0.9.\\n\\n## 0.1.0\\n")
    {'0.2.0': '* Chapter 3: 0.8, not 0.9.'}
    """
    found = {}
    for version in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        title, _, text = version.partition("\n")
        part = re.search(rf"^{HEADING}\n(.*?)(?=^### |\Z)", text, re.MULTILINE | re.DOTALL)
        if part and part[1].strip():
            found[title.strip()] = part[1].strip()
    return found


class Errata(SphinxDirective):
    """Every correction under its version, or one sentence when there is none yet."""

    def run(self) -> list[nodes.Node]:
        """Read the changelog anew and note that the page depends on it."""
        changelog = Path(self.env.srcdir, "CHANGELOG.md")
        self.env.note_dependency(str(changelog))
        versions = corrections(changelog.read_text("utf-8"))
        if not versions:
            return [nodes.paragraph(text="No correction has been needed yet.")]
        return [self._section(title, text) for title, text in versions.items()]

    def _section(self, title: str, text: str) -> nodes.section:
        section = nodes.section("", nodes.title(text=title), ids=[nodes.make_id(f"corrected in {title}")])
        self.state.nested_parse(StringList(text.splitlines(), "CHANGELOG.md"), 0, section)
        return section


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("errata", Errata)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
