"""The launch buttons lead from a chapter to that chapter, and its first cell makes Colab ready."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import SimpleNamespace

import colab
import pytest
import yaml
from bs4 import BeautifulSoup
from chapters import CHAPTERS, NOTEBOOKS, read, source
from conftest import BOOK, ROOT

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
URL, BRANCH = CONFIG["repository"]["url"], CONFIG["repository"]["branch"]
ORGANISATION, REPOSITORY = URL.split("/")[-2:]


def links(page):
    return [link["href"] for link in BeautifulSoup(page, "html.parser").select(".dropdown-launch-buttons a")]


def wanted(name):
    """On Binder and on Colab."""
    path = f"notebooks/{name}.ipynb"
    return [
        f"https://mybinder.org/v2/gh/{ORGANISATION}/{REPOSITORY}/{BRANCH}?urlpath=lab/tree/{path}",
        f"https://colab.research.google.com/github/{ORGANISATION}/{REPOSITORY}/blob/{BRANCH}/{path}",
    ]


@pytest.mark.book
@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_a_chapter_has_a_button_for_binder_and_one_for_colab(name):
    assert links((BOOK / "notebooks" / f"{name}.html").read_text("utf-8")) == wanted(name)


@pytest.mark.slow
def test_an_institution_that_names_its_hub_gets_a_button_that_opens_jupyterlab_there(tmp_path):
    buttons = CONFIG["launch_buttons"] | {"jupyterhub_url": "https://hub.example.org"}
    config = {"repository": CONFIG["repository"], "launch_buttons": buttons}
    (tmp_path / "_config.yml").write_text(yaml.safe_dump(config), "utf-8")
    (tmp_path / "_toc.yml").write_text("{format: jb-book, root: notebooks/one}", "utf-8")
    (tmp_path / "notebooks").mkdir()
    short = read(CHAPTERS[0]) | {"cells": read(CHAPTERS[0])["cells"][:1]}
    (tmp_path / "notebooks" / "one.ipynb").write_text(json.dumps(short), "utf-8")

    program = Path(sysconfig.get_path("scripts"), "jupyter-book")
    subprocess.run([program, "build", tmp_path], check=True, capture_output=True)

    on_binder, on_hub, on_colab = links((tmp_path / "_build/html/notebooks/one.html").read_text("utf-8"))
    assert [on_binder, on_colab] == wanted("one")
    assert on_hub.startswith("https://hub.example.org/hub/user-redirect/git-pull?")
    assert f"urlpath=lab/tree/{REPOSITORY}/notebooks/one.ipynb" in on_hub


# ---- The first cell, which only Colab needs.


@pytest.fixture
def calls(monkeypatch):
    """What the cell would have had installed."""
    made = []
    monkeypatch.setattr(subprocess, "check_call", lambda command: made.append(command[5:]))
    return made


def test_elsewhere_the_cell_does_nothing(calls):
    exec(colab.source(with_weights=True), {})

    assert calls == []


@pytest.mark.parametrize("with_weights", [False, True], ids=["a chapter", "a chapter with weights"])
def test_on_colab_the_cell_installs_the_library_from_a_tag(monkeypatch, calls, with_weights):
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace())

    exec(colab.source(with_weights), {})

    needs, (no_deps, course), *weights = calls
    assert set(needs) | set(colab.THERE) == _needed()
    assert no_deps == "--no-deps"
    assert course.startswith(f"{URL}/archive/refs/tags/v")
    assert len(weights) == with_weights


def _needed():
    lines = (ROOT / "binder" / "requirements.txt").read_text("utf-8").splitlines()
    return {line.split("==")[0] for line in lines if "==" in line}


def test_the_cell_comes_before_all_other_code_and_comes_once():
    once = colab.with_cell(read(CHAPTERS[0]))

    first, *code = [cell for cell in once["cells"] if cell["cell_type"] == "code"]

    assert "".join(first["source"]) == colab.source(with_weights=False)
    assert colab.ID not in {cell["id"] for cell in code}
    assert colab.with_cell(once) == once


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_chapter_stores_the_cell_as_it_is_now(path):
    stored = [(cell["id"], source(cell)) for cell in read(path)["cells"]]

    renewed = colab.with_cell(read(path))["cells"]

    assert [(cell["id"], source(cell)) for cell in renewed] == stored
