"""Files that are no notebook, or one that something has happened to."""

import json

from grader_corpus.case import ALL, NOTHING, SET, Case, cell, honest_cells, notebook

CELLS = [cell(SET.setup), *honest_cells().values()]
WHOLE = notebook(CELLS)
AS_TEXT = json.loads(WHOLE)


def unreadable(name: str, content: bytes, note: str) -> Case:
    return Case(name, content, NOTHING, {}, status="unreadable", note=note)


def whole(name: str, content: bytes, note: str = "") -> Case:
    return Case(name, content, ALL, {}, note=note)


def without_metadata(cells):
    return [{**cell, "metadata": {}} for cell in cells]


CASES = [
    unreadable("an empty file", b"", "The file is empty"),
    unreadable("a PDF", b"%PDF-1.7\n1 0 obj\n", "This file is not a notebook"),
    unreadable("a notebook that breaks off", WHOLE[: len(WHOLE) // 2], "breaks off"),
    unreadable("a file in Latin-1", WHOLE.replace(b"Question", b"Fr\xe4ge"), "not UTF-8"),
    unreadable("a list instead of a notebook", b"[1, 2, 3]", "holds no cells"),
    unreadable("a notebook of format 3", b'{"worksheets": [{"cells": []}], "nbformat": 3}', "holds no cells"),
    unreadable("JSON that is nested 100,000 deep", b"[" * 100_000 + b"]" * 100_000, "not a notebook"),
    unreadable("a notebook of 100,000 cells", notebook([cell("x = 1")] * 100_000), "100,000 code cells"),
    unreadable("a notebook of 21 MB", notebook([cell("#" * 21 * 2**20)]), "larger than 20 MB"),
    whole("a byte order mark", b"\xef\xbb\xbf" + WHOLE),
    whole("no metadata at all", json.dumps({"cells": without_metadata(CELLS)}).encode()),
    whole("cells whose metadata is stripped", notebook(without_metadata(CELLS))),
    whole("a kernel for R", notebook(CELLS, kernelspec={"language": "R"}), "not Python"),
    whole("a kernel that nobody has", notebook(CELLS, kernelspec={"name": "my-env-3.14"})),
    whole("a kernel that is a number", notebook(CELLS, kernelspec=7)),
    whole("cells that are no cells", notebook([7, None, {"cell_type": "code", "source": 7}, *CELLS])),
    whole("it claims to be another student's", notebook(CELLS, course={"student": "bob"}), "another student"),
    whole("it claims a student who is a list", notebook(CELLS, course={"student": [1]}), "another student"),
    Case(
        "a notebook of another set",
        notebook(CELLS, course={"set": "by_hand", "student": "ada"}),
        NOTHING,
        {},
        status="another set",
        note="another problem set",
    ),
]
