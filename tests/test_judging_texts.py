"""Numbers written as text: those that would take for ever to write out are refused."""

import pytest

from transformer_lib.exercises.judging import judge_numbers

JUDGE = judge_numbers(0.25, "Right.")


@pytest.mark.parametrize("text", ["1/4", "0.25", " 25e-2 ", "2.5E-1"])
def test_a_number_may_be_written_in_many_ways(text):
    assert JUDGE(text).status == "right"


@pytest.mark.parametrize(
    "text", ["1e999999999", "1E-999999999", "1e9_999_999", "1e400", "1/0", "nan", "9" * 5000]
)
def test_what_is_no_number_or_too_vast_gets_a_sentence(text):
    verdict = JUDGE(text)

    assert verdict.status == "wrong"
    assert "write numbers, such as 0.25 or '1/4'" in verdict.sentence
