"""What makes a rebuild quick: a page that has not changed is not read again."""

from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config


def _number_no_figures(app: Sphinx, config: Config) -> None:
    """Leave figures unnumbered, as this book has them: to count them, every build reads every page."""
    config["numfig"] = False


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    # Jupyter Book's LaTeX extension turns the numbers on, whatever _config.yml says.
    app.connect("config-inited", _number_no_figures, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
