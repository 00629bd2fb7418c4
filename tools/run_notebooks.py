"""Run chapters top to bottom in fresh kernels and store outputs and explorers' state in them.

    python tools/run_notebooks.py notebooks/*.ipynb

What a run leaves that depends on the moment (widget ids, times, the version of Python) is made
the same for every run, so that two runs give the same bytes and a diff shows what changed.
"""

import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

STATE = "application/vnd.jupyter.widget-state+json"
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def run(path: Path) -> None:
    """Execute one notebook and write it back."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
    notebook.metadata = nbformat.from_dict(KERNEL)

    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        store_widget_state=True,
        record_timing=False,
        coalesce_streams=True,
    )
    client.execute(cwd=str(path.parent))

    notebook.metadata.pop("language_info", None)
    stored = json.loads(json.dumps(notebook))
    path.write_text(as_text(with_stable_widget_ids(stored, path.stem)) + "\n", "utf-8")


def with_stable_widget_ids(notebook: dict[str, Any], stem: str) -> dict[str, Any]:
    """Name each widget shown by the notebook's name and its rank; drop the state of all others."""
    models = notebook["metadata"].get("widgets", {}).get(STATE, {}).get("state", {})
    shown = re.findall(r'"model_id": "(\w+)"', as_text(notebook["cells"]))
    parts = re.findall(r'"IPY_MODEL_(\w+)"', as_text([models[name] for name in shown]))
    kept = list(dict.fromkeys([*shown, *parts]))
    for name in models.keys() - set(kept):
        del models[name]
    text = as_text(notebook)
    for rank, name in enumerate(kept):
        text = text.replace(name, hashlib.md5(f"{stem}/{rank}".encode(), usedforsecurity=False).hexdigest())
    return json.loads(text)


def as_text(value: Any) -> str:
    """JSON as it is stored: one line an entry, sorted, so that a diff shows what changed."""
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)


if __name__ == "__main__":
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    for name in sys.argv[1:]:
        print(name, flush=True)
        run(Path(name))
