"""The part for instructors: its commands run as written, its minutes add up, its links open states."""

import json
import re
import shutil
import subprocess
from itertools import chain
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from chapters import CHAPTERS, ROOT, text
from conftest import BOOK

from assignments import SETS
from grader.classbook import Entry
from grader.gradebooks.people import Person
from grader.marking import result
from grader.submission import Submission
from grader.written import template
from transformer_lib import explorers
from transformer_lib.book.lessons import fragment
from transformer_lib.shapes import InputError

PAGES = ROOT / "book" / "instructors"
PLANS = [PAGES / f"lesson_plans_{part}.md" for part in (1, 2, 3)]
CHAPTER_PLANS = list(
    chain(*(re.split(r"^## ", plan.read_text("utf-8"), flags=re.MULTILINE)[1:] for plan in PLANS))
)
PARTS = [
    "**50 minutes.**",
    "**80 minutes**",
    "**Ask before you show.**",
    "**Show.**",
    "**Expect.**",
    "**Assign.**",
]
COMMANDS = "".join(
    re.findall(r"^```bash\n(.*?)^```", (PAGES / "assigning_and_grading.md").read_text("utf-8"), re.M | re.S)
)
WEEKS = re.findall(
    r"^\| \d+ \| ([\d, ]+) \| (\d+) \| (\d+) \|", (PAGES / "teaching.md").read_text("utf-8"), re.MULTILINE
)


def by_hand(student):
    return SETS["by_hand"](student, 7)


def reading(chapter):
    return int(re.search(r"^\*(\d+) minutes", text(CHAPTERS[chapter]), re.MULTILINE)[1])


def exercising(chapter):
    return sum(map(int, re.findall(r"^●+ \w+ · (\d+) minutes", text(CHAPTERS[chapter]), re.MULTILINE)))


def test_there_are_two_plans_by_the_week():
    assert len(WEEKS) == 12 + 6


@pytest.mark.parametrize(("chapters", "read", "exercise"), WEEKS)
def test_a_weeks_work_is_what_its_chapters_say(chapters, read, exercise):
    of_the_week = [int(number) for number in chapters.split(", ")]

    assert sum(map(reading, of_the_week)) == int(read)
    assert sum(map(exercising, of_the_week)) == int(exercise)


def test_each_chapter_has_a_plan():
    assert [plan.split(" · ")[0] for plan in CHAPTER_PLANS] == [f"Chapter {n}" for n in range(18)]


@pytest.mark.parametrize("plan", CHAPTER_PLANS, ids=lambda plan: plan.split(" · ")[0])
def test_a_plan_has_all_its_parts_and_the_minutes_of_a_lesson(plan):
    first = plan.partition("**80 minutes**")[0]

    minutes = [int(number) for number in re.findall(r"^\* (\d+) min: ", first, re.MULTILINE)]

    assert [part for part in PARTS if part not in plan] == []
    assert sum(minutes) == 50
    assert 120 <= len(re.sub(r"\{\w+\}`.*?`", "a link", plan).split()) <= 330


ASSIGNED = [
    (re.findall(r"\d+\.\d+", exercises), int(minutes))
    for exercises, minutes in re.findall(
        r"^\*\*Assign\.\*\* ([^(;]*) \((\d+) minutes", "\n".join(CHAPTER_PLANS), re.M
    )
]


@pytest.mark.parametrize(("exercises", "minutes"), ASSIGNED)
def test_what_is_assigned_takes_the_minutes_that_the_chapter_says(exercises, minutes):
    taken = [
        int(found)
        for exercise in exercises
        for found in re.findall(
            rf"^### Exercise {exercise} ·.*\n+●+ \w+ · (\d+) minutes",
            text(CHAPTERS[int(exercise.split(".")[0])]),
            re.M,
        )
    ]

    assert len(ASSIGNED) == 17
    assert sum(taken) == minutes


@pytest.mark.parametrize(
    ("explorer", "state", "said"),
    [
        ("Softmax", {}, "no explorer Softmax"),
        ("SoftmaxBars", {"scale": 2}, "no scale in its state"),
        ("SoftmaxBars", {"base": "3"}, "cannot be"),
    ],
)
def test_a_link_to_a_state_that_is_none_is_refused(explorer, state, said):
    with pytest.raises(InputError, match=said):
        fragment(explorer, state)


needs_commands = pytest.mark.skipif(
    not (shutil.which("assign") and shutil.which("grade")),
    reason="the commands assign and grade are not installed: pip install -e '.[instructor]'",
)
needs_sandbox = pytest.mark.skipif(
    not any(map(shutil.which, ("bwrap", "docker", "podman"))),
    reason="there is no sandbox: install bubblewrap",
)


@pytest.mark.slow
@needs_commands
@needs_sandbox
def test_the_first_grade_comes_by_the_commands_as_they_are_printed(tmp_path):
    subprocess.run(["bash", "-e", "-c", COMMANDS], cwd=tmp_path, check=True)

    ada, alan = sorted(
        json.loads((tmp_path / "grades" / "grades.json").read_text("utf-8")), key=lambda r: r["student"]
    )
    assert ada["score"] == ada["points"] > 0
    assert alan["score"] == 0
    assert (tmp_path / "grades" / "feedback" / "ada.html").exists()
    *_, of_ada, of_alan = (tmp_path / "grades" / "canvas.csv").read_text("utf-8").splitlines()
    assert of_ada == f'"Lovelace, Ada",101,,ada,Fall,{ada["score"]}'
    assert of_alan == '"Turing, Alan",102,,alan,Fall,0'


def test_the_table_for_written_points_is_the_one_that_is_printed():
    page = (PAGES / "assigning_and_grading.md").read_text("utf-8")
    entries = [
        Entry(
            person=Person(student, student, name),
            result=result(Submission(student, ""), by_hand(student), "graded", {}, []),
        )
        for student, name in (("ada", "Ada Lovelace"), ("alan", "Alan Turing"))
    ]

    printed = re.search(r"```text\n(student.*?)```", page, re.DOTALL)

    assert printed[1].splitlines() == template(entries, by_hand("ada")).lstrip("\ufeff").splitlines()


def linked_states():
    """Every link to a state on the built pages, by the page it leads to."""
    found = {}
    for page in BOOK.glob("book/instructors/lesson_plans_*.html"):
        for link in BeautifulSoup(page.read_text("utf-8"), "html.parser").select(
            'article a[href*="#"][href*="="]'
        ):
            where, _, end = link["href"].partition("#")
            found.setdefault((page.parent / where).resolve(), []).append(end)
    return found


@pytest.fixture(scope="module")
def states():
    return linked_states()


def taken(page, end):
    """Follow a link within a page, and say what of its state the explorer has not taken."""
    name, _, state = end.partition("=")
    page.evaluate("end => { location.hash = end }", end)
    asked = json.loads(unquote(state))
    link = f'[data-explorer="{name}"] .tx-link'
    page.wait_for_function(
        """([link, asked]) => {
          const held = document.querySelector(link).href.split("=").slice(1).join("=");
          const now = JSON.parse(decodeURIComponent(held));
          return Object.keys(asked).every((key) => JSON.stringify(now[key]) === JSON.stringify(asked[key]));
        }""",
        arg=[link, asked],
        timeout=5000,
    )
    return name


@pytest.mark.book
def test_the_plans_link_to_states_of_every_explorer(states):
    names = {end.partition("=")[0].replace("-", "_") for ends in states.values() for end in ends}

    assert names == {getattr(explorers, one).script for one in explorers.__all__}


@pytest.mark.book
@pytest.mark.parametrize("chapter", CHAPTERS[:17], ids=lambda path: path.stem)
def test_the_links_of_a_plan_open_the_states_they_name(chapter, states, visit, address):
    seen = visit()
    page = seen.open(f"{address}notebooks/{chapter.stem}.html")

    opened = [taken(page, end) for end in states[BOOK / "notebooks" / f"{chapter.stem}.html"]]

    assert len(opened) >= 2
    assert seen.errors == []
