"""Whose notebook it is comes from its path; every file is either graded or spoken of."""

import os
import zipfile
from io import BytesIO

import pytest

from grader.found import find
from grader.submission import UnreadableError

ROSTER = {name: name for name in ("ada", "bob", "Zoë", "x1", "x10")} | {"Ada Lovelace": "ada"}


def zipped(**members):
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def lay(folder, **files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def whose(folder, roster=ROSTER):
    return {one.student: one.content() for one in find(folder, roster)[0]}


def problem(folder, roster=ROSTER):
    (one,) = find(folder, roster)[0]
    with pytest.raises(UnreadableError) as error:
        one.content()
    return str(error.value)


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("ada.ipynb", "ada"),
        ("ada/by_hand.ipynb", "ada"),
        ("ada/deep/down/by_hand.ipynb", "ada"),
        ("lovelace_ada_LATE_123_456_by_hand.ipynb", "ada"),
        ("Ada Lovelace_77_assignsubmission_file/ada-1.ipynb", "ada"),
        ("Ada Lovelace_77_assignsubmission_file/by_hand.ipynb", "ada"),
        ("x10_123_456_by_hand.ipynb", "x10"),
        ("by_hand-x1.ipynb", "x1"),
        ("Zoe\u0308.ipynb", "Zo\u00eb"),
    ],
)
def test_a_student_is_found_in_the_path(tmp_path, path, student):
    lay(tmp_path, **{path: b"notebook"})

    assert whose(tmp_path) == {student: b"notebook"}


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("ada.ipynb", "ada"),
        ("ada/by_hand.ipynb", "ada"),
        ("lovelaceada_LATE_123_456_by_hand.ipynb", "lovelaceada"),
        ("Ada Lovelace_77_assignsubmission_file/by_hand.ipynb", "Ada Lovelace"),
    ],
)
def test_without_a_roster_the_name_names_the_student(tmp_path, path, student):
    lay(tmp_path, **{path: b"notebook"})

    assert whose(tmp_path, {}) == {student: b"notebook"}


def test_the_zip_of_an_lms_holds_a_class(tmp_path):
    lay(tmp_path, **{"submissions.zip": zipped(**{"ada_1_2_a.ipynb": b"a", "bob_3_4_b.ipynb": b"b"})})

    assert whose(tmp_path) == whose(tmp_path / "submissions.zip") == {"ada": b"a", "bob": b"b"}


def test_a_students_zip_is_opened(tmp_path):
    lay(tmp_path, **{"class.zip": zipped(**{"ada.zip": zipped(**{"work/by_hand.ipynb": b"a"})})})

    assert whose(tmp_path) == {"ada": b"a"}


def test_a_zip_in_a_zip_in_a_zip_is_not(tmp_path):
    inner = zipped(**{"x.zip": zipped(**{"by_hand.ipynb": b"a"})})
    lay(tmp_path, **{"class.zip": zipped(**{"ada.zip": inner})})

    assert "a zip in a zip" in problem(tmp_path)


def test_a_zip_that_blows_up_is_not_opened(tmp_path):
    bomb = zipped(**{f"{n}.ipynb": b"0" * 10**6 for n in range(20)})
    lay(tmp_path, **{"class.zip": zipped(**{"ada.zip": zipped(**{"x.zip": bomb * 20})})})

    assert "not as large as it says" in problem(tmp_path)


def test_a_notebook_that_blows_up_is_read_so_far_and_no_further(tmp_path):
    lay(tmp_path, **{"ada.zip": zipped(**{"by_hand.ipynb": bytes(10**8)})})

    assert len(whose(tmp_path)["ada"]) == 21 * 2**20


def test_two_notebooks_of_one_student_are_none(tmp_path):
    lay(tmp_path, **{"ada.ipynb": b"1", "ada/second.ipynb": b"2", "bob.ipynb": b"3"})

    ada, bob = find(tmp_path, ROSTER)[0]

    assert ada.problem == "There are 2 notebooks, ada.ipynb and ada/second.ipynb: hand in one."
    assert bob.content() == b"3"


def test_a_student_without_a_notebook_is_told(tmp_path):
    lay(tmp_path, **{"ada/by_hand.pdf": b"%PDF"})

    assert "There is no notebook" in problem(tmp_path)


def test_a_damaged_zip_is_told(tmp_path):
    lay(tmp_path, **{"ada.zip": zipped(**{"by_hand.ipynb": b"a" * 999})[:50]})

    assert "The zip is damaged" in problem(tmp_path)


def test_a_damaged_member_is_told(tmp_path):
    damaged = zipped(**{"by_hand.ipynb": os.urandom(999)}).replace(b"by_hand.ipynb", b"by_hand.ipynb", 1)
    lay(tmp_path, **{"ada.zip": damaged[:60] + b"\0" * 9 + damaged[69:]})

    assert "cannot be unpacked" in problem(tmp_path)


def test_a_link_is_not_followed(tmp_path):
    lay(tmp_path, **{"secret": b"secret", "in/bob.ipynb": b"b"})
    (tmp_path / "in" / "ada.ipynb").symlink_to(tmp_path / "secret")
    (tmp_path / "in" / "x1").symlink_to(tmp_path)

    ada, bob, x1 = sorted(find(tmp_path / "in", ROSTER)[0], key=lambda one: one.student)

    assert "a link or a device" in ada.problem
    assert "a link or a device" in x1.problem
    assert bob.content() == b"b"


def test_a_pipe_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "ada.ipynb")

    assert "a link or a device" in problem(tmp_path)


def test_a_path_in_a_zip_cannot_lead_upwards(tmp_path):
    lay(tmp_path, **{"class.zip": zipped(**{"../../bob/../ada.ipynb": b"a"})})

    assert find(tmp_path, ROSTER)[0][0].path == "class.zip/bob/ada.ipynb"


def test_a_file_of_nobodys_is_spoken_of(tmp_path):
    lay(tmp_path, **{"mallory.ipynb": b"m", "ada.ipynb": b"a"})

    found, strays = find(tmp_path, ROSTER)

    assert [one.student for one in found] == ["ada"]
    assert strays == ["mallory.ipynb belongs to no student of the roster; rename it to STUDENT.ipynb."]


def test_what_systems_leave_behind_is_not_spoken_of(tmp_path):
    lay(tmp_path, **{"__MACOSX/ada.ipynb": b"", "ada/.ipynb_checkpoints/x.ipynb": b"", "ada/x.ipynb": b"a"})

    assert whose(tmp_path) == {"ada": b"a"}


def test_a_name_that_no_page_can_show_is_made_one(tmp_path):
    lay(tmp_path, **{"a\nd\x07a.ipynb": b"a"})

    assert whose(tmp_path, {}) == {"a_d_a": b"a"}
