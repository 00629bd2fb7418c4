"""Every import points down: the picture in CONTRIBUTING.md, held by a test."""

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[1] / "transformer_lib"

# A module may import those on lower lines, never those beside or above it.
LEVELS = [
    {"shapes", "style"},
    {"steps", "pocket", "records", "config", "masks", "positions", "cache", "data"},
    {"attention", "norms", "embedding"},
    {"blocks"},
    {"models"},
    {"heads", "next_token", "decoding", "training"},
    {"tasks", "pretrained"},
    {"plots", "exercises"},
    {"explorers", "notebook", "train"},
    {"book"},
]
LEVEL = {name: level for level, names in enumerate(LEVELS) for name in names}

# Heavy packages, and the only modules that may import them.
HOMES = {
    "matplotlib": {"plots"},
    "IPython": {"notebook", "explorers"},
    "anywidget": {"explorers"},
    "traitlets": {"explorers", "book"},
    "ipywidgets": {"explorers"},
    "sphinx": {"book"},
    "docutils": {"book"},
    "myst_nb": {"book"},
    "torch": {
        *("masks", "positions", "cache", "data", "attention", "norms", "embedding", "blocks", "models"),
        *("heads", "next_token", "decoding", "training", "tasks", "pretrained", "train"),
    },
}

FILES = [path for path in sorted(LIBRARY.rglob("*.py")) if path != LIBRARY / "__init__.py"]


def module(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """The modules of the library, and the packages outside it, that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def own(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("transformer_lib.")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_every_arrow_points_down(path):
    higher = {name for name in own(path) if name != module(path) and LEVEL[name] >= LEVEL[module(path)]}

    assert not higher


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_heavy_packages_stay_at_home(path):
    packages = {name.split(".")[0] for name in imports(path)}

    strays = {package for package in packages & HOMES.keys() if module(path) not in HOMES[package]}

    assert not strays


def test_importing_the_library_imports_nothing_else():
    assert imports(LIBRARY / "__init__.py") == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_a_file_can_be_read_in_one_sitting(path):
    assert len(path.read_text("utf-8").splitlines()) <= LIMIT.get(path.stem, 250)


# Exercise modules are lists of exercises: longer, and read one exercise at a time.
LIMIT = {f"chapter_{n}": 700 for n in range(18)}
