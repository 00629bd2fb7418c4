"""A stored explorer on a Markdown page: the directive *explorer* shows the first one of a notebook."""

import json
from base64 import b64decode
from hashlib import sha256
from os.path import relpath
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from docutils import nodes
from myst_nb.core.render import WIDGET_STATE_MIMETYPE as STATE
from myst_nb.core.render import WIDGET_VIEW_MIMETYPE as VIEW
from myst_nb.core.render import sanitize_script_content
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Stored(NamedTuple):
    """What a notebook keeps of an explorer: its view, its state, its still twin with width and alt text."""

    view: dict[str, Any]
    state: dict[str, Any]
    twin: bytes
    look: dict[str, Any]


def first_explorer(notebook: dict[str, Any]) -> Stored | None:
    """Find the first output that is an explorer, if the notebook still holds its state.

    >>> first_explorer({"cells": [], "metadata": {}})
    """
    saved = notebook["metadata"].get("widgets", {}).get(STATE, {})
    for output in (one for cell in notebook["cells"] for one in cell.get("outputs", [])):
        view = output.get("data", {}).get(VIEW)
        model = view and saved.get("state", {}).get(view["model_id"])
        if model:
            state = {**saved, "state": {view["model_id"]: model}}
            twin = b64decode(output["data"]["image/png"])
            return Stored(view, state, twin, output["metadata"]["image/png"])
    return None


class ShowExplorer(SphinxDirective):
    """Show a notebook's first explorer as its own page does, from the outputs stored in it."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Read the notebook anew and note that the page depends on it."""
        _, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(path)
        stored = first_explorer(json.loads(Path(path).read_text("utf-8")))
        if stored is None:
            raise self.error(f"{path} holds no explorer with its state: run `make notebooks`.")
        self._bring_to_life(stored.state)
        view = f'<script type="{VIEW}">{_in_a_page(stored.view)}</script>'
        twin = nodes.image(uri=self._keep(stored.twin), alt=stored.look["alt"], width=f"{stored.look['width']}px")
        twin["classes"] += ["explorer-twin", "no-scaled-link"]
        shown = nodes.container("", nodes.raw("", view, format="html"), twin, classes=["explorer-here"])
        return [nodes.container("", shown, classes=["explorer-room"])]

    def _bring_to_life(self, state: dict[str, Any]) -> None:
        """Ask MyST-NB for what it puts on the page of a notebook that has explorers."""
        described = {"type": STATE, "body": _in_a_page(state)}
        hosts = self.env.mystnb_config.ipywidgets_js  # type: ignore[attr-defined]
        for uri, options in [(None, described), *hosts.items()]:
            NbMetadataCollector.add_js_file(self.env, self.env.docname, str(uri), uri, options)  # type: ignore[arg-type]

    def _keep(self, picture: bytes) -> str:
        """Write the twin where MyST-NB keeps those of the chapters, under the name it would give."""
        folder = Path(self.env.mystnb_config.output_folder)  # type: ignore[attr-defined]
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{sha256(picture).hexdigest()}.png"
        file.write_bytes(picture)
        return f"/{PurePath(relpath(file, self.env.srcdir)).as_posix()}"


def _in_a_page(value: dict[str, Any]) -> str:
    return sanitize_script_content(json.dumps(value))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("explorer", ShowExplorer)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
