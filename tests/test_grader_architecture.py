"""Who may import what: the far side knows nothing of the trusted one, the library nothing of either."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GRADER = sorted((ROOT / "grader").rglob("*.py"))
LIBRARY = sorted((ROOT / "transformer_lib").rglob("*.py"))
FAR_SIDE = {"worker": {"grader.wire"}, "wire": {"numpy", "torch"}, "__init__": set()}


def imports(path: Path) -> set[str]:
    """What a file imports from outside the standard library."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if node.module in {"grader", "assignments"} else {str(node.module)}
    return {name for name in found if name.split(".")[0] not in sys.stdlib_module_names}


@pytest.mark.parametrize("name", FAR_SIDE)
def test_the_far_side_imports_its_wire_and_no_check(name):
    assert imports(ROOT / "grader" / f"{name}.py") == FAR_SIDE[name]


@pytest.mark.parametrize("path", GRADER, ids=lambda path: path.stem)
def test_nothing_is_ever_unpickled(path):
    source = path.read_text("utf-8")

    assert not imports(path) & {"pickle", "cloudpickle", "joblib"}
    assert "import pickle" not in source
    assert "np.load" not in source


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_library_knows_neither_assignments_nor_grader(path):
    assert not {name.split(".")[0] for name in imports(path)} & {"assignments", "grader"}


@pytest.mark.parametrize("path", GRADER, ids=lambda path: path.stem)
def test_a_file_can_be_read_in_one_sitting(path):
    assert len(path.read_text("utf-8").splitlines()) <= 250
