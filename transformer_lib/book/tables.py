"""Tables whose headers say what they head, so that a screen reader reads the header with each cell."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator


def _visit_entry(writer: HTML5Translator, node: nodes.entry) -> None:
    """Write a cell; one of the first row heads its column."""
    type(writer).visit_entry(writer, node)
    scope = "col" if isinstance(node.parent.parent, nodes.thead) else "row"
    writer.body[-1] = writer.body[-1].replace("<th", f'<th scope="{scope}"', 1)


def _depart_entry(writer: HTML5Translator, node: nodes.entry) -> None:
    type(writer).depart_entry(writer, node)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_node(nodes.entry, override=True, html=(_visit_entry, _depart_entry))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
