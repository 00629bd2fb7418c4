"""Broken and hostile submissions: honest parts get their score, no attack gains a point or does harm."""

import hashlib
from pathlib import Path

import pytest
from grader_corpus import CASES
from grader_corpus.case import CANARY, DETACHED, SET
from grading import LIMITS, needs_sandbox, run_all

from grader.feedback import html, markdown
from grader.store import as_json

pytestmark = [needs_sandbox, pytest.mark.slow]
NAMES = [case.name for case in CASES]
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def results(before):
    CANARY.mkdir(exist_ok=True)
    (CANARY / "canary").write_text("as it was")
    return {case.name: result for case, result in zip(CASES, run_all(CASES), strict=True)}


@pytest.fixture(scope="module")
def before():
    return digest()


def digest():
    files = [
        path
        for folder in ("grader", "assignments", "transformer_lib")
        for path in (ROOT / folder).rglob("*.py")
    ]
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)]


def command_lines():
    return [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_honest_parts_get_their_score_and_no_attack_gains_a_point(case, results):
    assert results[case.name]["score"] == case.score


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_student_is_told_what_kind_of_fault_it_is(case, results):
    result = results[case.name]

    said = {name: result["questions"][name]["checks"][-1]["status"] for name in case.says}

    assert result["status"] == case.status
    assert said == case.says
    assert case.note in " ".join(result["notes"])


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_no_hidden_input_is_told(case, results):
    page = markdown(results[case.name], SET)

    told = as_json(results[case.name]) + page + html(page)

    assert "271" not in told.replace(results[case.name]["submission"], "")
    assert "ecret" not in told


def test_nothing_outside_the_sandbox_has_changed(before, results):
    assert digest() == before
    assert [path.name for path in CANARY.iterdir()] == ["canary"]
    assert (CANARY / "canary").read_text() == "as it was"


def test_no_process_is_left(results):
    left = [line for line in command_lines() if b"sleep\0" + DETACHED.encode() in line]
    workers = [line for line in command_lines() if f'"files": {LIMITS.files}'.encode() in line]

    assert left == []
    assert workers == []


def test_the_corpus_is_large_and_its_names_differ():
    assert len(set(NAMES)) == len(NAMES) >= 100
