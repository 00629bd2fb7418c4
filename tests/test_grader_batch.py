"""A class is graded in turn, in a pool or on Dask, with the same results; what is lost is done again."""

import os
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from grader_corpus.case import SET, cell, honest_cells, notebook
from grading import job, needs_sandbox

from grader.batch import REFRESHED, in_pool, on_cluster, one_by_one
from grader.command import main
from grader.job import grade
from grader.store import as_json

pytestmark = [needs_sandbox, pytest.mark.slow]

CHANGES = [
    {},
    {"total": "total = ..."},
    {"scores": "def scores(q, k):\n    return q @ k.T"},
    {"softmax": "def softmax(x):\n    return 1 / 0"},
    {"softmax": "def softmax(x):\n    import os; os._exit(1)"},
    {"counter": "1 +"},
]
JOBS = [
    job(notebook([cell(SET.setup), *honest_cells(**changes).values()]), student=f"student {number}")
    for number, changes in enumerate(CHANGES)
]


def by_student(graded):
    return {job.submission.student: as_json(result) for job, result in graded}


def fall_once(marks: Path, job):
    """Grade, but end this process when it meets the third job for the first time."""
    mark = marks / job.submission.student
    first = not mark.exists()
    mark.touch()
    if first and job.submission.student == "student 2":
        os.kill(os.getpid(), signal.SIGKILL)
    return grade(job)


def fall_always(job):
    os.kill(os.getpid(), signal.SIGKILL)


def student_of(job):
    return job.submission.student


def files_of(out: Path, words):
    """Grade with the command; every file that it writes, by its path."""
    assert main([*words, "--out", str(out)]) == 0
    return {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def in_turn():
    return by_student(one_by_one(JOBS))


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster


def test_each_submission_gets_its_own_score(in_turn):
    assert len(in_turn) == len(JOBS)
    assert len(set(in_turn.values())) == len(JOBS)


def test_a_pool_gives_the_same_bytes(in_turn):
    assert by_student(in_pool(JOBS, 2)) == in_turn


@pytest.mark.filterwarnings("default")  # of Dask's own making
def test_dask_gives_the_same_bytes(in_turn, cluster):
    assert by_student(on_cluster(JOBS, cluster.scheduler_address)) == in_turn


@pytest.mark.filterwarnings("default")
def test_dask_loses_nothing_with_a_worker(in_turn, cluster):
    graded = on_cluster(JOBS, cluster.scheduler_address)
    first = next(graded)

    os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

    assert by_student([first, *graded]) == in_turn


@pytest.mark.filterwarnings("default")
def test_the_command_writes_the_same_files_whichever_way_it_grades(cluster, tmp_path):
    submissions = tmp_path / "submissions"
    submissions.mkdir()
    for number, changes in enumerate(CHANGES[:4]):
        content = notebook([cell(SET.setup), *honest_cells(**changes).values()])
        (submissions / f"s{number}.ipynb").write_bytes(content)
    ways = {
        "turn": ["--jobs", "1"],
        "pool": ["--jobs", "2"],
        "dask": ["--scheduler", cluster.scheduler_address],
    }

    written = {
        way: files_of(tmp_path / way, [str(submissions), "--set", "small_set:make", *options])
        for way, options in ways.items()
    }

    assert len(written["turn"]) == 4 + 2 * 4 + 4  # results, pages, and four files on the class
    assert written["turn"] == written["pool"] == written["dask"]


def test_a_class_larger_than_one_pool_is_graded_whole():
    copies = 2 * REFRESHED // len(JOBS) + 50

    graded = Counter(student for _, student in in_pool(JOBS * copies, 2, student_of))

    assert graded == {job.submission.student: copies for job in JOBS}


def test_a_pool_loses_nothing_with_a_process(in_turn, tmp_path):
    graded = list(in_pool(JOBS, 2, partial(fall_once, tmp_path)))

    assert len(graded) == len(JOBS)
    assert by_student(graded) == in_turn


def test_submissions_that_end_every_process_do_not_go_on_for_ever():
    with pytest.raises(RuntimeError, match="end every process"):
        list(in_pool(JOBS[:2], 2, fall_always))


def test_a_result_has_a_name_of_its_own():
    other_limits = job(notebook([cell("x = 1")]), limits=JOBS[0].limits.__class__(seconds=99))

    assert len({*(job.key for job in JOBS), other_limits.key}) == len(JOBS) + 1
    assert JOBS[0].key == job(notebook([cell(SET.setup), *honest_cells().values()]), student="student 0").key
