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

import nbformat
from nbclient import NotebookClient

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
        notebook, timeout=300, kernel_name="python3", store_widget_state=True, record_timing=False
    )
    client.execute(cwd=str(path.parent))

    notebook.metadata.pop("language_info", None)
    text = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
    path.write_text(with_stable_widget_ids(text, path.stem) + "\n", "utf-8")


def with_stable_widget_ids(text: str, stem: str) -> str:
    """Replace each widget's random id by one made from the notebook's name and the id's rank."""
    ids = dict.fromkeys(re.findall(r'"model_id": "([0-9a-f]{32})"', text))
    ids |= dict.fromkeys(re.findall(r'"IPY_MODEL_([0-9a-f]{32})"', text))
    for rank, model_id in enumerate(ids):
        stable = hashlib.md5(f"{stem}/{rank}".encode(), usedforsecurity=False).hexdigest()
        text = text.replace(model_id, stable)
    return json.dumps(json.loads(text), indent=1, ensure_ascii=False, sort_keys=True)


if __name__ == "__main__":
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    for name in sys.argv[1:]:
        print(name, flush=True)
        run(Path(name))
