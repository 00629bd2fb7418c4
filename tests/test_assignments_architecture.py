"""The problem sets stand on the library, and the library knows nothing of them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def imported(path):
    """The packages that a file imports, by their first name."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name.split(".")[0] for name in plain | {n.module for n in nodes if isinstance(n, ast.ImportFrom)}}


@pytest.mark.parametrize("path", sorted((ROOT / "transformer_lib").rglob("*.py")), ids=lambda path: path.stem)
def test_the_library_imports_no_problem_set(path):
    assert not imported(path) & {"assignments", "grader"}


@pytest.mark.parametrize("path", sorted((ROOT / "assignments").rglob("*.py")), ids=lambda path: path.stem)
def test_a_problem_set_imports_no_grader_and_fits_one_sitting(path):
    assert "grader" not in imported(path)
    assert len(path.read_text("utf-8").splitlines()) <= 250
