"""A class's submissions, graded one after the other, in a pool of processes, or on a Dask cluster.

All three give the same results; only the order in which they come differs.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import connection
from typing import Any

from grader.job import Job, grade
from grader.marking import Result

Graded = Iterator[tuple[Job, Result]]
REFRESHED = 200  # submissions a process grades before new ones take the places of all


def one_by_one(jobs: Sequence[Job]) -> Graded:
    """Grade in this process."""
    for job in jobs:
        yield job, grade(job)


def in_pool(jobs: Sequence[Job], processes: int, work: Callable[[Job], Result] = grade) -> Graded:
    """Grade in several processes; what a killed one had in hand is graded again by a new pool.

    A new pool begins after some submissions, so that memory stays as it is. That a pool renews its
    processes one by one, `max_tasks_per_child`, can stop for good in Python 3.11.
    """
    left = dict(enumerate(jobs))
    while left:
        before = len(left)
        some = dict(islice(left.items(), REFRESHED * processes))
        for number, result in _one_pool(some, processes, work):
            yield left.pop(number), result
        if len(left) == before:
            raise RuntimeError(f"{before} submissions end every process that grades them.")


def _one_pool(
    jobs: dict[int, Job], processes: int, work: Callable[[Job], Result]
) -> Iterator[tuple[int, Result]]:
    """Give results until all are there, or the pool is broken."""
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(processes, context, initializer=_end_with_parent) as pool:
        futures = {pool.submit(work, job): number for number, job in jobs.items()}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool:
            return
        finally:
            pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """See to it that a process of the pool, and so its sandbox, does not outlive the command."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            connection.wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def on_cluster(jobs: Sequence[Job], scheduler: str) -> Graded:
    """Grade on a Dask cluster, which gives a lost worker's submissions to another.

    Raises
    ------
    RuntimeError
        Dask is not installed, or a worker has several threads.
    """
    distributed = _distributed()
    with distributed.Client(scheduler) as client:
        if any(threads > 1 for threads in client.nthreads().values()):
            raise RuntimeError("Start the workers with --nthreads 1: a submission takes a whole process.")
        futures = client.map(grade, jobs, key=[job.key for job in jobs], retries=2)
        by_key = {future.key: job for future, job in zip(futures, jobs, strict=True)}
        for future in distributed.as_completed(futures):
            yield by_key[future.key], future.result()
            future.release()


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise RuntimeError("Dask is not installed: pip install 'transformer-lib[cluster]'.") from None
    return distributed
