"""The library in the book: its pages, read from the source, and links that lead to them."""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.python import ObjectEntry
from sphinx.transforms.post_transforms import SphinxPostTransform

API_PAGES = "book/api/"


class LinkToLibrary(SphinxPostTransform):
    """Lead from the pages to the API: from a name in the text, and from code that `show_source` shows.

    A name in code type, such as `softmax` or `masks.causal`, becomes a link where it can mean one
    function, class or module only; where two have the name, the module before it tells them apart.
    """

    default_priority = 5

    def run(self, **kwargs: Any) -> None:
        if self.env.docname.startswith(API_PAGES):
            return
        for literal in list(self.document.findall(nodes.literal)):
            entry = self._entry(literal.astext().removesuffix("()"))
            if entry and not isinstance(literal.parent, nodes.reference | nodes.title):
                link = self._link(entry)
                literal.replace_self(link)
                link += literal
        for cell in [node for node in self.document.findall(nodes.container) if _is_code_cell(node)]:
            shown = re.search(r"^show_source\(([\w.]+)\)", cell.astext(), re.MULTILINE)
            entry = self._entry(shown[1]) if shown else None
            if entry:
                link = self._link(entry)
                link += nodes.Text("Its page in the library")
                cell += nodes.paragraph("", "", link, classes=["to-library"])

    def _entry(self, name: str) -> ObjectEntry | None:
        objects = self.env.get_domain("py").data["objects"]
        found = [entry for full, entry in objects.items() if full.endswith(f".{name}")]
        for kinds in (("function", "class", "exception", "method"), ("module",)):
            of_kind = [entry for entry in found if entry.objtype in kinds]
            if of_kind:
                return of_kind[0] if len(of_kind) == 1 else None
        return None

    def _link(self, entry: ObjectEntry) -> nodes.reference:
        page = self.app.builder.get_relative_uri(self.env.docname, entry.docname)
        return nodes.reference("", "", refuri=f"{page}#{entry.node_id}", internal=True)


def _is_code_cell(node: nodes.container) -> bool:
    return node.get("nb_element") == "cell_code"


def _skip_what_is_imported(app: Sphinx, what: str, name: str, entry: Any, skip: bool, options: Any) -> bool:
    """Describe a name where it is defined, or in the package that gathers it from its own files."""
    package = entry.id.rpartition(".")[0]
    return skip or not entry.obj.get("original_path", f"{package}.").startswith(f"{package}.")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.setup_extension("autoapi.extension")
    app.connect("autodoc-skip-member", _skip_what_is_imported)
    app.add_post_transform(LinkToLibrary)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
