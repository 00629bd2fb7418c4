"""Each explorer in JupyterLab and Notebook 7 with a kernel: page to Python, Python to page, keys."""

import json
import re

import nbformat
import pytest
from chapters import ROOT
from check_notebooks import faults
from classroom import made
from conftest import Visit
from live import APPLICATIONS, EMPTY, Application, Live, jupyter
from playwright.sync_api import expect
from test_explorers import ALL, state_traits, states
from test_explorers_in_the_book import BEFORE_TYPING, TYPED, flat

from assignments.notebook import as_text, student_notebook

pytestmark = pytest.mark.live

# One arrow key on one control, and what Python then knows.
ARROWS = {
    "SoftmaxBars": ('[aria-label="first score"]', "ArrowRight", {"scores": [0.5, 1, 2]}),
    "WhoSeesWhom": ('[aria-label="layers"]', "ArrowRight", {"layers": 2}),
    "QueryPlane": ('[aria-label="Move the query q"]', "ArrowRight", {"q": [0.25, -1]}),
    "A1ToB1": ('[aria-label="a₁, second entry"]', "ArrowUp", {"a": [[0, -0.5], [0, 1], [1, 0], [2, 0]]}),
    "AttentionGrid": ('[role=gridcell][tabindex="0"]', "ArrowDown", {"cell": [2, 2]}),
    "RowsAndColumns": ('[role=gridcell][tabindex="0"]', "ArrowRight", {"cell": [1, 3]}),
    "ScalingScores": ('[aria-label="query to show"]', "ArrowUp", {"query": 2}),
    "TwoHeads": ('[aria-label="W O, row 1, column 1"]', "ArrowUp", {"w_o": [[2, 0, 1, 0], [0, 1, 0, 1]]}),
    "PositionDials": ('[aria-label="k"]', "ArrowLeft", {"k": 1}),
    "MaskPainter": ('[role=gridcell] [tabindex="0"]', "ArrowUp", {"t": 2}),
    "SharedFFN": ('[aria-label="W₂, row 1, column 1"]', "ArrowUp", {"w_2": [[2, 0, 1, -1], [0, 1, -1, 1]]}),
    "ResidualAndNorm": ('[aria-label="layers"]', "ArrowLeft", {"depth": 23}),
    "ThreeAttentions": ('[aria-label="decoder positions T"]', "ArrowLeft", {"t": 2}),
    "MaskSwitcher": ('[aria-label="prefix"]', "ArrowLeft", {"prefix": 2}),
    "CostCalculator": ('[aria-label="tokens N"]', "ArrowLeft", {"log2_n": 9.75}),
    "RecordedTraining": ('[aria-label="steps of training"]', "ArrowLeft", {"step": 320}),
    "HeadGallery": ('[aria-label="sharpness"]', "ArrowLeft", {"sharpness": 9.5}),
}
CHAPTER = (ROOT / "notebooks" / "00_start_here.ipynb").read_text("utf-8")
ANSWER = 'answer = ["1/7", "2/7", "4/7"]\n\ncheck("0.1", answer)'
# What means something to a notebook that does not edit: add, delete, cut, paste, turn into text, edit.
COMMANDS = ["ArrowDown", "ArrowUp", "a", "b", "x", "v", "m", "d", "d", "k", "j", "Enter"]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    home = tmp_path_factory.mktemp("jupyter")
    with jupyter(home) as server:
        yield server


@pytest.fixture(scope="session", params=APPLICATIONS)
def application(request, server, chromium):
    application = Application(request.param, server, lambda: Visit(chromium))
    yield application
    application.close()


@pytest.fixture(scope="session")
def notebook(application):
    return application.open("empty", EMPTY)


@pytest.fixture(scope="module", params=ALL, ids=lambda one: one.__name__)
def explorer(request):
    return request.param


@pytest.fixture(scope="module")
def live(notebook, explorer):
    return Live(notebook, explorer.__name__, list(state_traits(explorer)))


@pytest.fixture(autouse=True)
def _nothing_goes_wrong(application):
    yield
    assert application.faults() == []


def state(explorer, **changed):
    one = explorer(**changed)
    return {name: getattr(one, name) for name in state_traits(explorer)}


def test_an_arrow_key_in_the_page_reaches_python(live, explorer):
    control, key, changed = ARROWS[explorer.__name__]
    live.reset()
    expect(live.known).to_have_text(json.dumps(state(explorer)))

    live.root.locator(control).press(key)

    expect(live.known).to_have_text(json.dumps(state(explorer, **changed)))
    live.shows(flat(explorer(**changed).numbers()))


def test_a_state_set_in_python_reaches_the_page(live, explorer, notebook):
    live.reset()
    given = states(explorer)[1]

    notebook.run("\n".join(f"explorer.{name} = {value!r}" for name, value in given.items()))

    live.shows(flat(explorer(**given).numbers()))


def test_no_key_pressed_in_the_explorer_reaches_the_notebook(live):
    live.reset()

    leaks = live.leaks(COMMANDS)

    assert leaks == []


def test_a_value_that_cannot_be_is_refused_in_one_sentence(live, explorer, notebook):
    live.reset()
    name = next(iter(state_traits(explorer)))

    output = notebook.run(f"explorer.{name} = 'nothing of the kind'")

    sentence = f"InputError: {name} of {explorer.__name__} cannot be 'nothing of the kind': give [^\n]+[.]"
    expect(output).to_have_text(re.compile(f"^{sentence}$"))
    live.shows(flat(explorer().numbers()))


@pytest.mark.parametrize("typed", TYPED, ids=lambda one: one.__name__)
def test_a_number_typed_in_the_page_reaches_python(typed, notebook):
    live = Live(notebook, typed.__name__, list(state_traits(typed)))
    notebook.run(f"explorer.set_state({BEFORE_TYPING.get(typed.__name__, {})})")
    live.open_details()

    live.root.locator('.tx-number[aria-valuemin^="-"]').first.fill("−1/4")

    expect(live.known).to_contain_text("-0.25")


def test_a_chapter_not_yet_run_shows_still_pictures(application):
    notebook = application.open("unrun", CHAPTER)

    output = notebook.cell("SoftmaxBars()").locator(".jp-OutputArea-output")

    expect(output.locator("img")).to_be_visible()
    expect(output.locator(".tx")).to_have_count(0)


def test_a_chapter_runs_and_saving_it_keeps_what_was_written(application):
    notebook = application.open("run", CHAPTER)

    notebook.write('check("0.1"', ANSWER)
    notebook.run_all()
    expect(notebook.cell("SoftmaxBars()").locator(".tx")).to_be_visible()
    expect(notebook.cell('check("0.1"')).to_contain_text("Right. The powers are 1, 2 and 4")
    notebook.save()

    saved = notebook.path.read_text("utf-8")
    assert sources(saved) == [ANSWER if 'check("0.1"' in one else one for one in sources(CHAPTER)]
    assert list(faults(notebook.path)) == ["an explorer's state is not stored: run `make notebooks`"]


def test_a_problem_set_opens_and_runs_unsolved(application):
    notebook = application.open("problems", as_text(student_notebook(made("by_hand"))))

    notebook.run_all()

    expect(notebook.cell("# Open check").first).to_contain_text("Not tried yet")


def sources(text):
    return [cell.source for cell in nbformat.reads(text, as_version=4).cells]
