"""The report on a class counts rightly, says what needs an eye, and holds no markup of a student's."""

import pytest
from bs4 import BeautifulSoup
from gradebooks import PEOPLE, SET, UNSCALED, absent, entry, graded

from grader.classbook import Entry
from grader.gradebooks.people import Person
from grader.report import counts, histogram, mistakes, questions, report
from grader.submission import OTHER_STUDENT
from grader.written import with_points

CLASS = (
    entry("ada", 4, late="marked late by Canvas"),
    entry("bob", 2),
    entry("eve", 1, notes=[OTHER_STUDENT]),
    absent("zoe"),
)
BROKEN = entry("zoe", 1, status="unreadable", notes=["This file is not a notebook."])


def page(of_class=CLASS, said=(), filled=()):
    return BeautifulSoup(report(of_class, SET, said, filled), "html.parser")


def texts(soup, selector):
    return [found.get_text(" ", strip=True) for found in soup.select(selector)]


def test_students_are_counted_by_what_became_of_their_work():
    assert counts((*CLASS, BROKEN)) == {"graded": 3, "unreadable": 1, "nothing handed in": 1, "late": 1}


def test_scores_are_counted_by_tenths_of_the_points():
    bars = histogram(CLASS)

    assert [(bar.low, bar.high) for bar in bars][::9] == [(0, 9), (90, 100)]
    assert [bar.students for bar in bars] == [0, 1, 1, 0, 0, 1, 0, 0, 0, 0]  # 1, 2 and 4 of 8


def test_all_points_are_in_the_last_tenth():
    whole = with_points(graded("ada"), {}) | {"score": 8}

    assert histogram([Entry(person=PEOPLE["ada"], result=whole)])[-1].students == 1


def test_a_question_has_its_mean_and_how_many_have_solved_it():
    total, scores, *_, why = questions(CLASS, SET)

    assert (total.mean, total.solved) == (1, 1)
    assert (scores.mean, scores.solved) == (pytest.approx(4 / 9), pytest.approx(1 / 3))  # 3, 1, 0 of 3
    assert why.read == 0


def test_a_written_answer_counts_once_it_is_read():
    read = Entry(person=PEOPLE["ada"], result=with_points(graded("ada"), {"why": 1.5}))

    why = list(questions([read, *CLASS[1:]], SET))[-1]

    assert (why.read, why.mean) == (1, 0.5)


def test_a_known_mistake_counts_once_a_student():
    (made,) = mistakes(CLASS, SET)

    assert (made.question, made.name, made.sentence) == ("2 · Scores", "unscaled", UNSCALED)
    assert made.students == ("bob", "eve")


def test_mistakes_of_most_students_come_first():
    def made(student, *names):
        result = graded(student, 4)
        checks = [{"name": n, "score": 0, "points": 1, "status": "mistake", "mistake": n} for n in names]
        result["questions"]["total"]["checks"] = [check | {"sentence": "No."} for check in checks]
        return Entry(person=PEOPLE[student], result=result)

    found = mistakes([made("ada", "rare", "common"), made("bob", "common"), made("eve", "a rare one")], SET)

    assert [one.name for one in found] == ["common", "a rare one", "rare"]


def test_it_says_what_needs_an_eye():
    sentences = texts(page((*CLASS[1:3], BROKEN), ["mallory.ipynb belongs to no student."]), "#eye + ul li")

    assert sentences == [
        "mallory.ipynb belongs to no student.",
        f"eve: {OTHER_STUDENT}",
        "zoe, unreadable: This file is not a notebook.",
        "Written answers wait for you, of 2 students: fill in written.csv and run again.",
    ]


def test_it_says_so_when_nothing_does():
    done = Entry(person=PEOPLE["ada"], result=with_points(graded("ada"), {"why": 3}))

    assert texts(page([done]), "#eye + p") == ["Nothing."]


def test_each_student_has_a_line_and_a_link_to_the_page():
    soup = page()

    rows = texts(soup, "#students + div tbody tr")
    assert rows[0] == "ada Ada Lovelace graded 4 of 8 marked late by Canvas"
    assert rows[3] == "zoe Zoe Stone nothing handed in"
    assert [link["href"] for link in soup.select("a")] == [
        f"feedback/{n}.html" for n in ("ada", "bob", "eve")
    ]


def test_a_chart_says_in_words_what_it_shows():
    chart = page().select_one("svg[role=img]")

    described = " ".join(texts(page(), f"#{chart['aria-labelledby'].replace(' ', ', #')}"))
    assert "10 to 19 percent: 1. 20 to 29 percent: 1. 50 to 59 percent: 1." in described


def test_a_class_with_nothing_graded_has_a_report_too():
    assert "No submission is graded." in texts(page([BROKEN]), "#scores + p")


def test_markup_in_a_name_or_a_sentence_stays_text():
    hostile = "<script>alert(1)</script><img src=x onerror=y>"
    person = Person('a"><b>', "a", hostile)
    one = Entry(person=person, result=graded('a"><b>', 1, "unreadable", [hostile]), late=hostile)

    soup = page([one], [hostile], [hostile])

    assert not soup.select("script, img, b b, [onerror]")
    assert hostile in texts(soup, "td")


def test_the_page_needs_nothing_from_anywhere():
    soup = page()

    assert not soup.select("script, link, img, iframe, [src]")
    assert "url(" not in soup.select_one("style").get_text()


VIEWS = [(theme, width) for theme in ("light", "dark") for width in (360, 1440)]


@pytest.fixture(params=VIEWS, ids=lambda view: " ".join(map(str, view)))
def shown(request, chromium, tmp_path):
    theme, width = request.param
    path = tmp_path / "report.html"
    path.write_text(report((*CLASS[:3], BROKEN), SET, ["Look."], ["canvas.csv: 3 grades."]), "utf-8")
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()
    page.goto(path.as_uri())
    yield page
    context.close()


@pytest.mark.slow
def test_the_page_can_be_read_by_all_and_fits_a_phone(shown):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(shown).response["violations"]

    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert shown.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
