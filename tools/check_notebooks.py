"""Check stored chapters for what nbval does not see: python tools/check_notebooks.py notebooks/*.ipynb

nbval runs a notebook and compares outputs. It passes cells that were never run, counts out of
order, a wrong kernel, scripts in an output, and an explorer whose saved code is out of date.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LARGEST_OUTPUT, LARGEST_NOTEBOOK = 200_000, 1_500_000
_SCRIPT = re.compile(r"<script|\bon[a-z]+\s*=|javascript:", re.IGNORECASE)
_MACHINE_PATH = re.compile(r"(/home/|/Users/|/root/|/tmp/|/srv/|/content/|[A-Z]:\\\\)")
_ADDRESS = re.compile(r" at 0x[0-9a-f]{6,}")
_WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

Cell = dict[str, Any]


def faults(path: Path) -> Iterator[str]:
    """Say what is wrong with one stored notebook, a sentence a fault."""
    raw = path.read_text("utf-8")
    notebook = json.loads(raw)  # nbformat.read would repair it silently
    cells = notebook["cells"]
    if len(raw) > LARGEST_NOTEBOOK:
        yield f"the file has {len(raw)} bytes, more than {LARGEST_NOTEBOOK}"
    if (notebook["nbformat"], notebook["nbformat_minor"]) < (4, 5):
        yield "the format is older than 4.5, so cells have no ids"
    if notebook["metadata"].get("kernelspec", {}).get("name") != "python3":
        yield "the kernel is not python3"
    ids = [cell.get("id") for cell in cells]
    if None in ids or len(set(ids)) < len(ids):
        yield "a cell id is missing or used twice"

    code = [cell for cell in cells if cell["cell_type"] == "code"]
    for count, cell in enumerate(code, start=1):
        where = f"code cell {count}"
        yield from (f"{where}: {fault}" for fault in _cell_faults(cell, count))
    yield from _explorer_faults(notebook, code)


def _cell_faults(cell: Cell, count: int) -> Iterator[str]:
    source = "".join(cell["source"])
    if not source.strip():
        yield "it is empty"
        return
    if cell["execution_count"] is None:
        yield "it was never run"
    elif cell["execution_count"] != count:
        yield f"it has run as number {cell['execution_count']}, so not from top to bottom in a fresh kernel"
    may_raise = "raises-exception" in cell["metadata"].get("tags", [])
    if may_raise and not any(output["output_type"] == "error" for output in cell["outputs"]):
        yield "it is tagged raises-exception and raises none"
    for output in cell["outputs"]:
        yield from _output_faults(output, may_raise)
    yield from _source_faults(source)


def _output_faults(output: dict[str, Any], may_raise: bool) -> Iterator[str]:
    if len(json.dumps(output)) > LARGEST_OUTPUT:
        yield f"an output has more than {LARGEST_OUTPUT} bytes"
    if output.get("name") == "stderr":
        yield "it writes to stderr"
    if output["output_type"] == "error" and not may_raise:
        yield f"it raises {output['ename']}"
    data = output.get("data", {})
    texts = {kind: "".join(text) for kind, text in data.items() if kind.startswith("text/")}
    words = "".join(texts.values()) + "".join(output.get("text", "")) + "".join(output.get("traceback", ""))
    if _MACHINE_PATH.search(words):
        yield "an output holds a path of the machine it ran on"
    if _ADDRESS.search(words):
        yield "an output holds a memory address, which differs in every run"
    if any(_SCRIPT.search(text) for kind, text in texts.items() if kind != "text/plain"):
        yield "an output holds a script, which the built page would run"
    if "application/javascript" in data:
        yield "an output is JavaScript, which the built page would run"
    if "image/png" in data and not output["metadata"].get("image/png", {}).get("alt"):
        yield "a figure has no alt text"


def _source_faults(source: str) -> Iterator[str]:
    if re.search(r"^\s*[%!]", source, re.MULTILINE):
        yield "it uses a % or ! command"
        return
    tree = ast.parse(source)
    if source.split("#")[0].rstrip().endswith(";"):
        yield "it ends with ';', which nbval runs differently: write _ = ... instead"
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for name in sorted(names & {"In", "Out", "input", "open", "savefig", "clear_output", "interact", "path"}):
        yield f"it uses {name}, which a chapter does without"


def _explorer_faults(notebook: dict[str, Any], code: list[Cell]) -> Iterator[str]:
    """A stored explorer must have its state, and in it the code the package has now."""
    # Imported here: the other checks need no package.
    from transformer_lib import explorers

    present = {f"{one.__module__}.{one.__name__}": one for one in _explorers(explorers)}
    states = notebook["metadata"].get("widgets", {}).get(_WIDGET_STATE, {}).get("state", {})
    for cell in code:
        for output in cell["outputs"]:
            view = output.get("data", {}).get(_WIDGET_VIEW)
            if view is None:
                continue
            state = states.get(view["model_id"], {}).get("state", {})
            explorer = present.get(state.get("_anywidget_id", ""))
            if explorer is None:
                yield "an explorer's state is not stored: run `make notebooks`"
            elif (state["_esm"], state["_css"]) != (explorer.front_end(), explorer.look()):
                yield f"the stored code of {explorer.__name__} is out of date: run `make notebooks`"


def _explorers(module: Any) -> list[Any]:
    return [getattr(module, name) for name in module.__all__]


if __name__ == "__main__":
    found = [f"{name}: {fault}" for name in sys.argv[1:] for fault in faults(Path(name))]
    print("\n".join(found) or f"{len(sys.argv) - 1} notebooks, no faults")
    sys.exit(bool(found))
