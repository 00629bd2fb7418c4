"""Every checker: accepts what is right, names what is wrong, and answers anything in one sentence."""

import contextlib
import io
from functools import cache

import numpy as np
import pytest
from chapters import NOTEBOOKS, exercises, is_exercise, read, source
from hypothesis import given
from hypothesis import strategies as st

from transformer_lib import exercises as library
from transformer_lib import pocket, steps
from transformer_lib.exercises import EXERCISES, check
from transformer_lib.exercises.mistake_bank import mistakes_for, wrong_turns
from transformer_lib.exercises.registry import Exercise, register

ALL = list(EXERCISES.values())
RIGHT = [
    (one, name, answer)
    for one in ALL
    for name, answer in {"solution": one.reference, **one.equivalents}.items()
]
WRONG = [(one, mistake) for one in ALL for mistake in one.mistakes]
PRINTED = {number: (path, entry) for path in NOTEBOOKS for number, entry in exercises(path).items()}


def generator():
    yield 1


RUBBISH = {
    "text": "seven",
    "an empty list": [],
    "a ragged list": [[1], [1, 2]],
    "nan": [float("nan")] * 4,
    "infinity": float("inf"),
    "a dict": {"a": 1},
    "a list of None": [None],
    "booleans": [True, False],
    "a generator": generator(),
    "a class": int,
    "an object": object(),
    "an array of the wrong shape": np.ones((3, 5, 7)),
    "an enormous number": 10**400,
    "a function that raises": lambda *args: 1 / 0,
    "a function with no arguments": lambda: 1,
    "a function that gives text": lambda *args: "hello",
    "a function that gives nan": lambda *args: float("nan"),
    "a function that gives a generator": lambda *args: (x for x in [1]),
    "a function that gives an empty list": lambda *args: [],
    "a function that gives a function": lambda *args: print,
    "a function that exits": lambda *args: exit(),
    "a function that gives its arguments": lambda *args: args,
    "a function whose product does not fit": lambda *args: np.ones((2, 3)) @ np.ones((4, 5)),
    "a function that compares arrays": lambda *args: bool(np.ones(3) == np.ones(3)),
}


@pytest.mark.parametrize(
    ("exercise", "name", "answer"), RIGHT, ids=[f"{one.id} {name}" for one, name, _ in RIGHT]
)
def test_every_right_answer_is_accepted(exercise, name, answer):
    verdict = check(exercise.id, answer)

    assert verdict.status == "right", verdict


@pytest.mark.parametrize(
    ("exercise", "mistake"), WRONG, ids=[f"{one.id} {mistake.name}" for one, mistake in WRONG]
)
def test_every_known_mistake_is_rejected_and_named(exercise, mistake):
    verdict = check(exercise.id, mistake.answer)

    assert (verdict.status, verdict.mistake, verdict.sentence) == ("wrong", mistake.name, mistake.sentence)


@pytest.mark.parametrize("exercise", ALL, ids=[one.id for one in ALL])
def test_every_exercise_names_at_least_two_mistakes(exercise):
    assert len({mistake.name for mistake in exercise.mistakes}) >= 2


@pytest.mark.parametrize("name", RUBBISH)
@pytest.mark.parametrize("exercise", ALL, ids=[one.id for one in ALL])
def test_rubbish_gets_one_sentence_and_no_traceback(exercise, name):
    verdict = check(exercise.id, RUBBISH[name])

    assert verdict.status == "wrong"
    assert "\n" not in repr(verdict)
    assert "Traceback" not in repr(verdict)
    assert " at 0x" not in repr(verdict)
    assert len(repr(verdict)) <= 300
    assert verdict.sentence.rstrip()[-1] in ".?!"


def forgets_to_return(*args):
    args = [*args]


@pytest.mark.parametrize("exercise", ALL, ids=[one.id for one in ALL])
def test_a_forgotten_return_is_not_taken_for_a_stub(exercise):
    assert check(exercise.id, forgets_to_return).status == "wrong"


def test_a_product_that_does_not_fit_is_told_its_sizes():
    verdict = check("5.4", RUBBISH["a function whose product does not fit"])

    assert "its inner sizes are 4 and 3" in verdict.sentence


@pytest.mark.parametrize("number", ["12.2", "12.3"])
def test_the_whole_of_steps_is_told_where_the_outputs_are(number):
    verdict = check(number, lambda *given: steps.cross_attention(np.eye(2), np.eye(3, 2), *[np.eye(2)] * 3))

    assert verdict.sentence == "Your result is the whole of steps: its `.output` holds the outputs."


def test_steps_added_to_an_array_are_told_where_the_outputs_are():
    verdict = check("12.5", lambda *given: np.eye(2) + steps.self_attention(np.eye(2), *[np.eye(3, 2)] * 3))

    assert "an `.output` is missing" in verdict.sentence


def test_the_right_numbers_rounded_are_told_so():
    assert "right when rounded" in check("0.1", [0.143, 0.286, 0.571]).sentence


def test_a_rounded_mistake_is_named_too():
    assert check("0.1", [0.09, 0.245, 0.665]).mistake == "base e for 2"


@pytest.mark.parametrize("unsolved", [None, ...], ids=["None", "..."])
@pytest.mark.parametrize("exercise", ALL, ids=[one.id for one in ALL])
def test_what_is_unsolved_is_not_tried_yet(exercise, unsolved):
    assert check(exercise.id, unsolved).status == "not tried yet"


def test_an_unknown_exercise_is_told_the_nearest():
    assert "did you mean '3.2'" in check("3.22", 1).sentence


def test_an_exercise_is_registered_once():
    with pytest.raises(ValueError, match=r"0\.1 is registered twice"):
        register(EXERCISES["0.1"])


def test_the_checker_leaves_the_readers_arrays_alone():
    given = np.array([1.0, 2.0, 4.0]) / 7

    check("0.1", given)

    np.testing.assert_array_equal(given, np.array([1.0, 2.0, 4.0]) / 7)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(), st.lists, max_leaves=8
    )
)
def test_no_answer_of_any_kind_makes_a_checker_raise(answer):
    sentences = [repr(check(one.id, answer)) for one in ALL]

    assert all("\n" not in sentence for sentence in sentences)


# ---- What is printed in the chapters.


def test_every_exercise_is_printed_once_with_its_title():
    printed = {number: entry["title"] for number, (_, entry) in PRINTED.items()}

    assert printed == {one.id: one.title for one in ALL}


@pytest.mark.parametrize("exercise", ALL, ids=[one.id for one in ALL])
def test_the_printed_difficulty_and_minutes_are_the_registered_ones(exercise):
    mark = "●" * exercise.difficulty + " " + ["easy", "medium", "hard"][exercise.difficulty - 1]

    assert f"\n{mark} · {exercise.minutes} minutes\n" in PRINTED[exercise.id][1]["statement"]


@pytest.mark.parametrize("number", PRINTED)
def test_the_stored_output_of_a_stub_says_not_tried_yet(number):
    (output,) = PRINTED[number][1]["outputs"]

    assert "".join(output["data"]["text/plain"]).startswith("Not tried yet. ")


TRAINING = {11, 13, 14, 15, 16}  # chapters whose cells take their time
each_run = pytest.mark.parametrize(
    "number",
    [pytest.param(x, marks=[pytest.mark.slow] * (int(x.split(".")[0]) in TRAINING)) for x in PRINTED],
)


@cache
def states(path):
    """What is known in a chapter where each exercise begins, by the text of its stub."""
    namespace, found = {}, {}
    with contextlib.redirect_stdout(io.StringIO()), np.printoptions():
        for cell in read(path)["cells"]:
            if cell["cell_type"] != "code" or "raises-exception" in cell["metadata"].get("tags", []):
                continue
            if is_exercise(cell):
                found[source(cell)] = dict(namespace)
            exec(source(cell), namespace)
    return found


def run(path, stub, code):
    """Run a chapter up to an exercise, then `code`; the value of the code's last line, a check."""
    namespace = dict(states(path)[stub])
    *lines, last = code.strip().splitlines()
    with contextlib.redirect_stdout(io.StringIO()):
        exec("\n".join(lines), namespace)
        return eval(last, namespace)


@each_run
def test_the_stub_as_printed_runs_and_is_not_tried_yet(number):
    path, entry = PRINTED[number]

    verdict = run(path, entry["stub"], entry["stub"])

    assert verdict.status == "not tried yet"


@each_run
def test_the_solution_as_printed_is_right(number):
    path, entry = PRINTED[number]
    last_line = entry["stub"].strip().splitlines()[-1]

    (solution,) = entry["solution"]
    verdict = run(path, entry["stub"], solution + "\n" + last_line)

    assert verdict.status == "right", verdict


@pytest.mark.parametrize("number", PRINTED)
def test_every_exercise_has_a_hint_that_is_not_the_solution(number):
    hint = PRINTED[number][1]["hint"]

    assert len(hint) > 40
    assert "```" not in hint


# ---- The bank of wrong turns.

EXAMPLE = (pocket.a, pocket.w_q, pocket.w_k, pocket.w_v)


@pytest.mark.parametrize(
    ("how", "count"), [({}, 21), ({"base": 2, "scaled": False}, 22)], ids=["true", "by hand"]
)
def test_all_wrong_turns_differ_on_the_pocket_example(how, count):
    mistakes = mistakes_for(lambda wrong: wrong.output, *EXAMPLE, **how)

    gaps = [
        np.abs(one.answer - other.answer).max() for i, one in enumerate(mistakes) for other in mistakes[:i]
    ]

    assert len(mistakes) == count
    assert min(gaps) > 0.012


def test_an_inverted_mask_gives_the_right_b1_so_all_rows_are_needed():
    inverted = wrong_turns(*EXAMPLE)["mask inverted"]
    right = library.mistake_bank.self_attention(*EXAMPLE)

    np.testing.assert_allclose(inverted.output[0], right.output[0])
    assert not np.allclose(inverted.output[1], right.output[1])


def test_an_exercise_is_frozen():
    with pytest.raises(AttributeError):
        EXERCISES["0.1"].title = "another"  # type: ignore[misc]

    assert isinstance(EXERCISES["0.1"], Exercise)
