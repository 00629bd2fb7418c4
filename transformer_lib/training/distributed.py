"""One batch shared between processes that learn as one: the same command, under torchrun.

Each process holds the whole model and draws the whole batch from the same generator, but reads only
its share. `DistributedDataParallel` averages the gradients while they are computed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from transformer_lib.shapes import InputError


@contextmanager
def processes() -> Iterator[None]:
    """Join the other processes if torchrun started this one, and leave them at the end."""
    launched = dist.is_available() and dist.is_torchelastic_launched()
    if launched:
        dist.init_process_group("gloo")
    try:
        yield
    finally:
        if launched:
            dist.destroy_process_group()


def n_processes() -> int:
    """Count the processes that learn together: 1 outside `processes`."""
    return dist.get_world_size() if _joined() else 1


def is_first() -> bool:
    """Say whether this process is the one that prints and saves."""
    return not _joined() or dist.get_rank() == 0


def parallel(model: nn.Module) -> nn.Module:
    """Wrap a model so that its gradients are the average over all processes."""
    return DistributedDataParallel(model) if n_processes() > 1 else model


def share(batch: Any) -> Any:
    """Give this process its rows of a batch: a Tensor (B, ...), or a tuple of such, named or not."""
    if n_processes() == 1:
        return batch
    if isinstance(batch, tuple):
        make = getattr(batch, "_make", tuple)
        return make(share(part) for part in batch)
    if len(batch) < n_processes():
        raise InputError(
            f"a batch of {len(batch)} cannot be shared by {n_processes()} processes: "
            "give each one row at least."
        )
    return batch.tensor_split(n_processes())[dist.get_rank()]


def mean(losses: Tensor) -> tuple[Tensor, float]:
    """Average over the tokens of all processes: what to differentiate here, and the value.

    Shares hold unequally many tokens, because sentences differ in length; an average of averages
    would give a token of a short share more weight. So each process sums, and divides by the count
    of all. DistributedDataParallel will divide the gradients by the number of processes once more:
    multiplying by it here takes that back.
    """
    if n_processes() == 1:
        average = losses.mean()
        return average, average.item()
    sum_and_count = torch.tensor([losses.sum().item(), losses.numel()], dtype=torch.float64)
    dist.all_reduce(sum_and_count)
    total, count = sum_and_count.tolist()
    return losses.sum() * (n_processes() / count), total / count


def agreed(score: float) -> float:
    """Give every process the first one's score, so that all stop at the same step."""
    told = torch.tensor(score, dtype=torch.float64)
    if _joined():
        dist.broadcast(told, src=0)
    return told.item()


def _joined() -> bool:
    return dist.is_available() and dist.is_initialized()
