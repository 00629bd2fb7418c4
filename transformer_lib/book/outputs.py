"""Stored outputs in the book: living explorers with their still twins, figures with their alt texts."""

from typing import Any

from docutils import nodes
from myst_nb.core.render import WIDGET_VIEW_MIMETYPE, MimeData, NbElementRenderer
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from transformer_lib.explorers.base import WEB


class FigureWithAlt:
    """MyST-NB plugin: a stored picture takes the alt text stored beside it."""

    mime_priority_overrides = ()

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: bool) -> list[nodes.Element] | None:
        alt = data.output_metadata.get("image/png", {}).get("alt")
        if data.mime_type != "image/png" or alt is None:
            return None
        images = renderer.render_image(data)
        images[0]["alt"] = alt
        return images


class KeepTwin(SphinxPostTransform):
    """Put an explorer's still twin behind it, for paper and for readers without JavaScript.

    MyST-NB keeps one form of each output, the widget; this runs before it chooses.
    """

    default_priority = 3

    def run(self, **kwargs: Any) -> None:
        for bundle in self.document.findall(_is_bundle):
            forms = {
                child["mime_type"]: child for child in bundle.children if isinstance(child, nodes.Element)
            }
            if WIDGET_VIEW_MIMETYPE in forms and "image/png" in forms:
                for image in forms["image/png"].findall(nodes.image):
                    image["classes"].append("explorer-twin")
                    forms[WIDGET_VIEW_MIMETYPE].append(image.deepcopy())


def _is_bundle(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"


def _serve_explorers(app: Sphinx) -> None:
    # Not in a root _static folder: Jupyter Book puts every script it finds there on every page.
    app.config.html_static_path.append(str(WEB))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", _serve_explorers)
    app.add_post_transform(KeepTwin)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
