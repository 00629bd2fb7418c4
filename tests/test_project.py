"""The final project: assignments are fixed by the id, and the review knows what can be."""

import re
import sys

import numpy as np
import pytest
from chapters import ROOT, text
from hypothesis import given
from hypothesis import strategies as st
from strategies import few
from test_exercises import RUBBISH

from transformer_lib import data
from transformer_lib.data.number_words import ENGLISH, GERMAN
from transformer_lib.exercises.project import VOCABULARY, count_weights, project, review, smoothed_floor
from transformer_lib.models import Transformer
from transformer_lib.shapes import InputError
from transformer_lib.train import n_parameters
from transformer_lib.training import History

sys.path.append(str(ROOT / "benchmarks"))

import projects

ids = st.text(min_size=1, max_size=12).filter(str.strip)
NAMES = ["parameters", "ablated_parameters", "held_out", "losses"]
NAMES += ["exact_match", "ablated_exact_match", "weights"]


def sound():
    """A report whose numbers can be Ada's."""
    mine = project("ada")
    return {
        "parameters": count_weights(mine),
        "ablated_parameters": count_weights(mine, ablated=True),
        "held_out": mine.held_out,
        "losses": np.linspace(3.7, 0.7, 800),
        "exact_match": 1400 / len(mine.held_out),
        "ablated_exact_match": 0,
        "weights": np.array([[0.25, 0.75], [0.5, 0.5]]),
    }


# ---- The assignment


def test_an_id_gives_the_same_assignment_on_every_machine():
    mine = project("ada")

    assert (mine.source, mine.below, mine.modulus, mine.remainder) == ("English", 10_000, 7, 4)
    assert (mine.d_model, mine.n_heads, mine.n_layers, mine.norm_order) == (64, 8, 2, "pre")
    assert (mine.ablation, mine.seed) == ("a single head", 867)


def test_capitals_and_spaces_do_not_count():
    assert project(" Ada ") == project("ada")


def test_a_hundred_students_have_at_least_99_different_projects():
    # The repr begins with the id, and the rest is the task.
    tasks = {repr(project(f"student {n}")).partition("\n")[2] for n in range(100)}

    assert len(tasks) >= 99


@pytest.mark.parametrize("student", ["", "  ", None, 7], ids=["empty", "blank", "none", "a number"])
def test_an_id_that_is_no_text_is_told_so(student):
    with pytest.raises(InputError, match="give your id in quotes"):
        project(student)


@few
@given(ids)
def test_the_parameters_are_those_of_the_model(student):
    mine = project(student)

    counts = [n_parameters(Transformer(projects.config(mine, ablated=off))) for off in (False, True)]

    assert counts == [count_weights(mine), count_weights(mine, ablated=True)]


@pytest.fixture(scope="module")
def words():
    """Each number below 10,000 in German and in English."""
    return [{*data.german(n), *data.english(n)} for n in range(10_000)]


@few
@given(student=ids)
def test_every_word_of_a_number_held_out_is_seen_in_training(words, student):
    mine = project(student)
    held_out = set(mine.held_out)

    seen = set().union(*(words[n] for n in range(mine.below) if n not in held_out))

    assert set().union(*(words[n] for n in held_out)) <= seen


def test_the_vocabularies_have_the_sizes_of_the_formula():
    sizes = {"German": len(data.Vocabulary(GERMAN)), "English": len(data.Vocabulary(ENGLISH))}

    assert sizes == VOCABULARY


# ---- The review


def test_a_sound_report_is_complete():
    reviewed = review("ada", sound())

    assert reviewed.complete, reviewed
    assert list(reviewed.lines) == NAMES


WRONG = {
    "the other model's count": ("ablated_parameters", lambda r: {"ablated_parameters": 1}, "another number"),
    "a number too many": (
        "held_out",
        lambda r: {"held_out": [*r["held_out"], 1]},
        "1 of these are not yours",
    ),
    "a number twice": ("held_out", lambda r: {"held_out": r["held_out"] * 2}, "some come twice"),
    "a percentage": ("exact_match", lambda r: {"exact_match": 97}, "between 0 and 1"),
    "a rounded share": ("exact_match", lambda r: {"exact_match": 0.97}, "leave it unrounded"),
    "few steps": ("losses", lambda r: {"losses": [3.5, 0.7]}, "2 losses: train 800 steps"),
    "every eighth loss": ("losses", lambda r: {"losses": r["losses"][::8]}, "100 losses: train 800 steps"),
    "the whole history": ("losses", lambda r: {"losses": History(loss=[*r["losses"]])}, "give history.loss"),
    "the maps of all heads": ("weights", lambda r: {"weights": np.full((1, 2, 3, 4), 0.25)}, "this has 4"),
    "a start below guessing": ("losses", lambda r: {"losses": r["losses"] - 2}, "an untrained model guesses"),
    "an end below the floor": ("losses", lambda r: {"losses": np.linspace(3.7, 0.01, 800)}, "the least that"),
    "no progress": ("losses", lambda r: {"losses": [3.5] * 800}, "hardly learned"),
    "rows that do not sum to 1": ("weights", lambda r: {"weights": [[1, 1]]}, "sum to 1"),
}


@pytest.mark.parametrize(("line", "change", "sentence"), WRONG.values(), ids=WRONG)
def test_a_number_that_cannot_be_is_told_why(line, change, sentence):
    report = sound()

    reviewed = review("ada", report | change(report))

    assert sentence in reviewed.lines[line].sentence
    assert [name for name in NAMES if reviewed.lines[name].status == "wrong"] == [line]


def test_the_numbers_held_out_may_be_a_set():
    assert review("ada", sound() | {"held_out": set(project("ada").held_out)}).complete


def test_another_students_report_is_refused():
    assert not review("grace", sound()).complete


@pytest.mark.parametrize("name", RUBBISH)
def test_rubbish_in_a_report_gets_one_sentence(name):
    reviewed = review("ada", dict.fromkeys(NAMES, RUBBISH[name]))

    assert {verdict.status for verdict in reviewed.lines.values()} == {"wrong"}
    assert len(repr(reviewed).splitlines()) == len(NAMES)


def test_a_report_that_is_no_dict_is_told_so():
    assert "Give a dict" in repr(review("ada", [1, 2]))


def test_the_floor_is_the_entropy_of_smoothed_labels():
    labels = np.full(34, 0.1 / 34)
    labels[0] += 0.9

    assert np.isclose(smoothed_floor(34), -(labels * np.log(labels)).sum())


# ---- The chapter, and a project from end to end


def test_the_rubric_has_100_points():
    rubric = text(ROOT / "notebooks" / "17_bug_museum.ipynb").split("| what | points |")[1].split("\n\n")[0]

    assert sum(int(points) for points in re.findall(r"\| (\d+) \|$", rubric, re.MULTILINE)) == 100


@pytest.mark.slow
def test_a_project_built_from_the_library_is_complete_and_reaches_the_bar():
    report = projects.build(project("donald"))

    assert review("donald", report).complete
    assert report["exact_match"] >= 0.95
