"""A student's page shows points and sentences, and no markup of the student's."""

from bs4 import BeautifulSoup
from grader_corpus.case import SET

from grader.feedback import html, markdown
from grader.marking import SENTENCES, result
from grader.submission import Submission

RIGHT = {"score": 1, "status": "right", "mistake": None, "sentence": "That is the sum of 1 | 2."}


def page(student="ada", notes=()):
    marks = {("total", "sum"): RIGHT}
    return markdown(result(Submission(student, "d"), SET, "graded", marks, list(notes)), SET)


def test_it_shows_the_points_of_each_check():
    rows = [row.get_text(" ", strip=True) for row in BeautifulSoup(html(page()), "html.parser").select("tr")]

    assert "sum ✓ 1 of 1 That is the sum of 1 | 2." in rows
    assert f"large scores ✗ 0 of 2 {SENTENCES['not tried']}" in rows


def test_it_says_that_a_person_reads_the_written_question():
    assert "Your instructor reads this one: 3 points." in page()


def test_the_points_of_a_written_question_are_not_given_by_the_checks():
    assert "**1 of 8 points** from the checks." in page()


def test_markup_in_a_name_or_a_note_stays_text():
    hostile = "<script>alert(1)</script> ![x](http://x.example/y.png) [a](javascript:b) &lt;"

    soup = BeautifulSoup(html(page(hostile, [hostile])), "html.parser")

    assert not soup.select("script, img, a")
    assert soup.select_one("h1").get_text() == f"A small set · {hostile}"
    assert soup.select_one("title").get_text() == f"A small set · {hostile}"
    assert soup.select_one("li").get_text() == hostile
