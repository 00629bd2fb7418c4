"""The autograder for Gradescope: a zip with the course's packages, the assignment and two scripts.

Upload it under *Configure Autograder*; choose Ubuntu 22.04. Students hand in one notebook. Gradescope
builds a container from `setup.sh` once and runs `run_autograder` for each submission.
"""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PACKAGES = ("transformer_lib", "assignments", "grader")
LEFT_OUT = {"__pycache__", "explorers", "book"}  # of the packages: grading needs none
NEEDED = (
    *("numpy", "torch", "num2words", "safetensors", "tokenizers"),
    *("tqdm", "nbformat", "markdown-it-py", "Jinja2"),
)
EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip's earliest time, so that the same assignment gives the same bytes


def autograder_zip(record: bytes) -> bytes:
    """Give the zip for an assignment, whose assignment.json is `record`."""
    files = {"assignment/assignment.json": record, **dict(_scripts()), **dict(_sources())}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:  # stored: compressed bytes hang on zlib's version
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, on every machine
            executable = name in ("setup.sh", "run_autograder")
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            archive.writestr(entry, content)
    return written.getvalue()


def _scripts() -> Iterator[tuple[str, bytes]]:
    for name in ("setup.sh", "run_autograder", "container.py"):
        yield name, (HERE / name).read_bytes()
    yield "requirements.txt", "\n".join(_requirements()).encode() + b"\n"


def _requirements() -> Iterator[str]:
    """Give what grading needs, in the versions of requirements.lock where there is one."""
    lock = ROOT / "requirements.lock"
    pinned = lock.read_text("utf-8").splitlines() if lock.exists() else []
    for name in NEEDED:
        yield next((line for line in pinned if line.startswith(f"{name}==")), name)


def _sources() -> Iterator[tuple[str, bytes]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            inside = path.relative_to(ROOT)
            if path.is_file() and path.suffix != ".pyc" and not LEFT_OUT & set(inside.parts):
                yield f"course/{inside.as_posix()}", path.read_bytes()
