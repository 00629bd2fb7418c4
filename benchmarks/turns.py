"""The clock of the speed benchmarks: who is compared runs in turn, and the least time counts."""

import time
from collections.abc import Callable, Sequence

import torch

Call = Callable[[], object]

WARM_UP = 2
FEWEST_ROUNDS = 10
RUN_SECONDS, LONGEST_RUN = 0.01, 8  # a run is as many calls in a row as fit into 10 ms, at most 8


def least(calls: Sequence[Call], seconds: float) -> list[float]:
    """Give the least time of each call in seconds, after taking turns for about `seconds` in all.

    A busy moment of the machine hits all alike, and the least of many leaves it out. A turn is a run
    of calls, because the first one pays for what the others left in the processor's caches.
    """
    lengths = [_run_length(call) for call in calls]
    best = [float("inf")] * len(calls)
    start, rounds = time.perf_counter(), 0
    while rounds < FEWEST_ROUNDS or time.perf_counter() - start < seconds:
        for i, call in enumerate(calls):
            for _ in range(lengths[i]):
                best[i] = min(best[i], clock(call))
        rounds += 1
    return best


def clock(call: Call) -> float:
    """Time one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def with_threads(n: int) -> None:
    """Let torch use n threads from now on."""
    torch.set_num_threads(n)


def _run_length(call: Call) -> int:
    for _ in range(WARM_UP):
        call()
    return max(1, min(LONGEST_RUN, int(RUN_SECONDS / clock(call))))
