"""A notebook is read as data, and what it claims of itself decides nothing."""

import json

import pytest
from grader_corpus.case import SET, STUDENT, cell, honest_cells, notebook

from grader.submission import read

CELLS = list(honest_cells().values())


def sources(*cells):
    return [cell.source.strip().split("\n")[-1] for cell in read(STUDENT, notebook(list(cells)), SET).cells]


def test_cells_keep_their_number_when_a_copy_of_a_stub_is_left_out():
    stub = cell("# Question 1 · A sum\ntotal = ...", "total")

    submission = read(STUDENT, notebook([stub, cell("total = 7", "total"), cell("x = 1")]), SET)

    assert [cell.number for cell in submission.cells] == [2, 3]


def test_of_two_answers_both_run_so_that_the_last_counts():
    assert sources(cell("total = 1", "total"), cell("total = 2", "total")) == ["total = 1", "total = 2"]


def test_of_two_stubs_one_is_left():
    assert sources(cell("total = ...", "total"), cell("total = ...", "total")) == ["total = ..."]


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("# Question 2 · Scores", "scores"),
        ("#Question 2·", "scores"),
        ("\n\n#  Question   3 · my title", "softmax"),
        ("# Question 99 · none", None),
        ("# Question 0 · none", None),
        ("# Question 99999999999999999999 · none", None),
        ("# question two", None),
    ],
)
def test_a_cell_without_metadata_is_known_by_its_first_line(heading, question):
    (found,) = read(STUDENT, notebook([cell(heading)]), SET).cells

    assert found.question == question


def test_a_question_that_metadata_invents_is_nobodys():
    (found,) = read(STUDENT, notebook([cell("x = 1", "no such question")]), SET).cells

    assert found.question is None


def test_text_cells_are_not_run():
    text = {"cell_type": "markdown", "source": "import os", "metadata": {}}

    assert read(STUDENT, notebook([text, cell("x = 1")]), SET).cells[0].source == "x = 1"


def test_a_source_may_be_one_text():
    content = json.dumps({"cells": [{"cell_type": "code", "source": "x = 1\ny = 2"}]}).encode()

    assert read(STUDENT, content, SET).cells[0].source == "x = 1\ny = 2"


def test_the_student_is_who_the_caller_says():
    assert read("bob", notebook(CELLS), SET).student == "bob"
    assert read("bob", notebook(CELLS), SET).notes == (
        "This notebook was made for another student, with other numbers.",
    )


def test_an_honest_notebook_gets_no_note():
    assert read(STUDENT, notebook(CELLS), SET).notes == ()
