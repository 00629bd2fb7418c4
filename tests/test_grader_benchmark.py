"""The benchmark of the grader runs, and the three graders get the same checks."""

import subprocess
import sys
from pathlib import Path

import pytest
from grading import needs_sandbox

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.append(str(BENCHMARKS))

import attention_set  # noqa: E402
import others  # noqa: E402


def test_each_grader_gets_as_many_checks():
    ours = {question.id: len(question.checks) for question in attention_set.make("ada", 0).questions}

    assert ours == {question: len(checks) for question, checks in attention_set.CODE.items()}


@pytest.mark.parametrize(
    "check",
    [check for checks in attention_set.CODE.values() for check in checks],
    ids=lambda code: code[-30:],
)
def test_the_right_answers_pass_the_checks_of_the_others(check):
    exec("\n".join([attention_set.SETUP, *attention_set.ANSWERS.values(), check]), {})


def test_of_ten_submissions_eight_are_right():
    assert [answers == attention_set.ANSWERS for answers in others.variants(10)].count(True) == 8


@needs_sandbox
@pytest.mark.slow
def test_the_whole_benchmark_still_runs():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "grading.py", "--quick"], capture_output=True, text=True, timeout=600
    )

    assert done.returncode == 0, done.stderr
    assert "| this grader | 3 | 1 |" in done.stdout
