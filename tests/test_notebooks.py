"""The stored chapters are sound, and each kind of fault planted in a copy is caught."""

import copy
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
from chapters import CHAPTERS, NOTEBOOKS, ROOT, exercises, read, source, text

sys.path.insert(0, str(ROOT / "tools"))
from check_notebooks import faults

HEADINGS = ["You will be able to", "The question", "Exercises", "Summary", "What is next", "Sources"]
each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stored_notebook_has_no_faults(path):
    assert list(faults(path)) == []


@each_chapter
def test_a_chapter_keeps_to_the_order_of_chapters(path):
    found = [line[3:] for line in text(path).splitlines() if line.startswith("## ")]

    assert [heading for heading in found if heading in HEADINGS] == HEADINGS


@each_chapter
def test_a_chapter_has_a_length_that_can_be_read_in_one_sitting(path):
    unfolded = re.sub(r"<details>.*?</details>", "", text(path), flags=re.DOTALL)
    words = len(unfolded.split())
    cells = read(path)["cells"]

    assert 1200 <= words <= (3000 if path in CHAPTERS[:6] else 2500)
    assert 35 <= len(cells) <= 75


@each_chapter
def test_code_cells_are_short(path):
    code = [source(cell) for cell in read(path)["cells"] if cell["cell_type"] == "code"]
    lengths = sorted(len(one.splitlines()) for one in code if "google.colab" not in one)

    assert lengths[len(lengths) // 2] <= 6
    assert lengths[-1] <= 15


@each_chapter
def test_a_summary_has_at_most_five_sentences(path):
    summary = text(path).split("## Summary\n")[1].split("\n## ")[0]

    sentences = [line for line in summary.splitlines() if line.strip()]

    assert 1 <= len(sentences) <= 5


@pytest.mark.parametrize("path", CHAPTERS[:7], ids=lambda path: path.stem)
def test_no_chapter_of_part_one_needs_torch(path):
    code = "\n".join(source(cell) for cell in read(path)["cells"] if cell["cell_type"] == "code")

    assert "torch" not in code


# ---- Faults planted in copies.


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def printing(notebook):
    """The first cell that prints a decimal fraction."""
    for cell in code_cells(notebook):
        if cell["outputs"] and "0.571" in "".join(cell["outputs"][0].get("text", "")):
            return cell
    raise AssertionError("no such cell")


def stale_output(notebook):
    printing(notebook)["outputs"][0]["text"] = ["an output of long ago\n"]


def last_digit(notebook):
    output = printing(notebook)["outputs"][0]
    output["text"] = ["".join(output["text"]).replace("0.571", "0.572", 1)]


def changed_figure_data(notebook):
    (cell,) = [cell for cell in code_cells(notebook) if source(cell).startswith("plots.bars")]
    cell["source"] = source(cell).replace("[0, 1, 2]", "[0, 1, 2.1]")


def dead_kernel(notebook):
    printing(notebook)["source"] = "import os\nos._exit(1)"


def hang(notebook):
    printing(notebook)["source"] = "while True:\n    pass"


def never_run(notebook):
    code_cells(notebook)[2]["execution_count"] = None


def out_of_order(notebook):
    one, other = code_cells(notebook)[2:4]
    one["execution_count"], other["execution_count"] = other["execution_count"], one["execution_count"]


def script_in_an_output(notebook):
    data = {"text/html": "<b>fine</b><script>alert(1)</script>"}
    printing(notebook)["outputs"][0] = {"output_type": "display_data", "data": data, "metadata": {}}


def wrong_kernel(notebook):
    notebook["metadata"]["kernelspec"]["name"] = "conda-env-mine"


def no_widget_state(notebook):
    del notebook["metadata"]["widgets"]


def old_explorer_code(notebook):
    state = notebook["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    for model in state.values():
        if "_esm" in model["state"]:
            model["state"]["_esm"] += "\n// older"


def figure_without_alt(notebook):
    for cell in code_cells(notebook):
        for output in cell["outputs"]:
            output.get("metadata", {}).pop("image/png", None)


def forgotten_mistake(notebook):
    printing(notebook)["metadata"]["tags"] = ["raises-exception"]


SEEN_BY_RUNNING = [stale_output, last_digit, changed_figure_data, dead_kernel, hang]
SEEN_BY_READING = {
    never_run: "it was never run",
    out_of_order: "not from top to bottom",
    script_in_an_output: "holds a script",
    wrong_kernel: "the kernel is not python3",
    no_widget_state: "state is not stored",
    old_explorer_code: "SoftmaxBars is out of date",
    figure_without_alt: "a figure has no alt text",
    forgotten_mistake: "raises none",
}


def planted(folder, plant=None):
    """A copy of chapter 0 with one fault; for running, only as far as the faults go."""
    notebook = copy.deepcopy(read(CHAPTERS[0]))
    if plant in [None, *SEEN_BY_RUNNING]:
        del notebook["cells"][notebook["cells"].index(printing(notebook)) + 1 :]
    if plant:
        plant(notebook)
    path = folder / f"{plant.__name__ if plant else 'sound'}.ipynb"
    path.write_text(json.dumps(notebook), "utf-8")
    return path


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Run nbval, strictly, on a sound copy and on each faulty one: the cells that failed, by copy."""
    folder = tmp_path_factory.mktemp("planted")
    for plant in [None, *SEEN_BY_RUNNING]:
        planted(folder, plant)
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-cell-timeout=10", f"--junitxml={report}"]
    subprocess.run([*command, "-p", "no:cacheprovider", "--rootdir", folder, folder], capture_output=True)

    failed = {plant.__name__: 0 for plant in SEEN_BY_RUNNING} | {"sound": 0, "passed": 0}
    for case in ElementTree.parse(report).iter("testcase"):
        bad = case.find("failure") is not None or case.find("error") is not None
        failed[case.get("classname").split(".")[-2] if bad else "passed"] += 1
    return failed


@pytest.mark.slow
def test_a_sound_copy_passes(outcomes):
    assert outcomes["sound"] == 0
    assert outcomes["passed"] > 15


@pytest.mark.slow
@pytest.mark.parametrize("plant", SEEN_BY_RUNNING, ids=lambda plant: plant.__name__)
def test_a_fault_that_shows_when_run_is_caught_by_nbval(outcomes, plant):
    assert outcomes[plant.__name__] >= 1


@pytest.mark.parametrize(
    ("plant", "sentence"), SEEN_BY_READING.items(), ids=lambda x: getattr(x, "__name__", "")
)
def test_a_fault_that_nbval_does_not_see_is_caught_by_reading(tmp_path, plant, sentence):
    found = list(faults(planted(tmp_path, plant)))

    assert any(sentence in fault for fault in found), found


def test_a_solution_that_no_longer_runs_is_caught(tmp_path):
    from test_exercises import run

    stub = exercises(CHAPTERS[0])["0.2"]["stub"]

    with pytest.raises(NameError):
        run(CHAPTERS[0], stub, "stable_softmax = renamed_since\ncheck('0.2', stable_softmax)")


def test_a_solution_that_is_no_longer_right_is_caught():
    from test_exercises import run

    stub = exercises(CHAPTERS[0])["0.2"]["stub"]

    verdict = run(
        CHAPTERS[0], stub, "stable_softmax = lambda x: np.array(x) / 7\ncheck('0.2', stable_softmax)"
    )

    assert verdict.status == "wrong"
