"""What makes a built page light: it loads what it uses, and pictures when they come near."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.images import get_image_size
from sphinx.writers.html5 import HTML5Translator

# What Jupyter Book's extensions put on every page, and no page of ours uses.
UNUSED = {
    *("design-tabs.js", "sphinx-design.min.css"),
    *("togglebutton.js", "togglebutton.css"),
    *("sphinx-thebe.css", "graphviz.css"),
}
UNUSED_LINES = ("let toggle", "var togglebutton", "DOCUMENTATION_OPTIONS.search_as_you_type")


def _drop_unused(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    for files in (context["css_files"], context["script_files"]):
        files[:] = [one for one in files if not _is_unused(one)]


def _is_unused(asset: Any) -> bool:
    name = str(asset.filename or "").removeprefix("_static/")
    return name in UNUSED or asset.attributes.get("body", "").startswith(UNUSED_LINES)


def _visit_image(writer: HTML5Translator, node: nodes.image) -> None:
    """Write a picture with its size, so that nothing moves when it comes; a hidden twin never comes."""
    size = get_image_size(str(writer.builder.srcdir / node["uri"]))
    node["loading"] = "lazy"
    type(writer).visit_image(writer, node)
    if size:
        tag = f'<img width="{size[0]}" height="{size[1]}" '
        writer.body[-1] = writer.body[-1].replace("<img ", tag, 1)


def _silence_thebe(app: Sphinx) -> None:
    """Drop sphinx-thebe's script: it comes out twice, an error in the console of every page."""
    for listeners in app.events.listeners.values():
        listeners[:] = [
            one
            for one in listeners
            if not (one.handler.__module__ == "sphinx_thebe" and one.handler.__name__ != "st_static_path")
        ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("config-inited", lambda app, config: _silence_thebe(app), priority=0)
    app.connect("html-page-context", _drop_unused, priority=900)
    app.add_node(nodes.image, override=True, html=(_visit_image, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
