"""Binder gets the locked versions, Python 3.11, PyTorch without CUDA, and packages before the source."""

import re
import shutil
import subprocess
import sys

import pytest
from chapters import NOTEBOOKS
from conftest import ROOT

BINDER = ROOT / "binder"
ONLY_TO_BUILD = {"jupyter-book", "nbval", "sphinx-autoapi"}


def dockerfile(folder):
    """What repo2docker would build from a folder; it needs no Docker for saying so."""
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    return done.stdout


def pins(path):
    return dict(re.findall(r"^([\w-]+)==([^\s+]+)", path.read_text("utf-8"), re.MULTILINE))


@pytest.fixture(scope="module")
def steps(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    shutil.copytree(BINDER, folder / "binder")
    return dockerfile(folder)


def test_binder_takes_python_3_11(steps):
    assert "Building conda environment for python=3.11" in steps


def test_without_runtime_txt_it_would_take_another_python(tmp_path):
    shutil.copytree(BINDER, tmp_path / "binder", ignore=shutil.ignore_patterns("runtime.txt"))

    assert "python=3.11" not in dockerfile(tmp_path)


def test_packages_are_installed_before_the_source_is_copied(steps):
    order = [r"pip install .*-r \"binder/requirements.txt\"", r"COPY .* src/ ", r"RUN \./binder/postBuild"]

    places = [re.search(step, steps).start() for step in order]

    assert places == sorted(places)


def test_no_package_of_cuda_is_named(steps):
    requirements = (BINDER / "requirements.txt").read_text("utf-8")

    assert re.search(r"^torch==[\d.]+\+cpu$", requirements, re.MULTILINE)
    assert "nvidia" not in (steps + requirements).lower()


def test_binder_pins_what_the_lock_pins():
    lock, binder = pins(ROOT / "requirements.lock"), pins(BINDER / "requirements.txt")

    assert binder == {name: lock[name] for name in binder}


def test_binder_has_all_that_the_notebooks_need():
    needed = re.findall(r"^([\w-]+)>", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)

    assert set(needed) - ONLY_TO_BUILD == pins(BINDER / "requirements.txt").keys()


def test_the_image_for_institutions_is_made_in_the_same_order_without_root():
    steps = (ROOT / "tools" / "docker" / "Dockerfile").read_text("utf-8")
    order = ["\nFROM python:3.11-slim", "\nUSER 1000", "COPY requirements.lock", "COPY --chown", "postBuild"]

    places = [steps.index(step) for step in order]

    assert places == sorted(places)
    assert "USER root" not in steps


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the budget is kept on Linux")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_runs_on_one_core_within_two_gib(path):
    command = [sys.executable, ROOT / "tools" / "budget.py", "--cores", "1", "--gib", "2", path]

    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"| {path.stem} |" in done.stdout
