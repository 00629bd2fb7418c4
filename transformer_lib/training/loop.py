"""The loop that trains every model of the course."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.optim import Adam, Optimizer
from tqdm import tqdm

from transformer_lib.shapes import InputError
from transformer_lib.training import distributed
from transformer_lib.training.checkpoint import load, save
from transformer_lib.training.history import History
from transformer_lib.training.schedules import Schedule

Loss = Callable[[Any, Any], Tensor]
Measure = Callable[[Any], float]


def train(
    model: nn.Module,
    batches: Iterable[Any],
    loss: Loss,
    *,
    steps: int,
    schedule: Schedule,
    optimiser: Optimizer | None = None,
    max_norm: float = 1.0,
    measure: Measure | None = None,
    every: int = 100,
    bar: float | None = None,
    checkpoint: str | Path | None = None,
    generator: Generator | None = None,
    resume: bool = False,
    progress: bool = True,
) -> History:
    """Draw a batch, compute the loss, step against its gradient; again and again.

    Parameters
    ----------
    model : Module
        Left in evaluation mode.
    batches : iterable
        At least as many as steps, such as the endless streams of `data`.
    loss : callable
        `loss(model, batch)` gives the losses of the tokens, which are averaged; or one number,
        averaged already.
    steps : int
        How many steps the whole run has, at least 1; those before it was resumed count.
    schedule : callable
        The learning rate of a step, counted from 1.
    optimiser : Optimizer, optional
        Adam as in the paper if left out.
    max_norm : float
        Longer gradients are shortened to this length.
    measure : callable, optional
        `measure(model)` gives a score, after every `every` steps and the last.
    bar : float, optional
        Training ends early when a score is at least this.
    checkpoint : path, optional
        Where everything is saved, as often as it is measured. Needs `generator`, the one the batches
        are drawn from. With `resume` training goes on from there, and the weights come out the same
        to the last bit as without the interruption.
    progress : bool
        Show a bar on a terminal; elsewhere, as in a notebook, nothing is shown.

    Returns
    -------
    History
        Loss and learning rate of each step, scores by step.

    Raises
    ------
    InputError
        No step to take, too few batches, a checkpoint without a generator or not to be loaded, or a
        loss that is no longer a finite number.

    Notes
    -----
    Inside `distributed.processes` the same call trains data-parallel.
    Source: Vaswani et al. (2017), section 5; for clipping Pascanu et al. (2013), "On the difficulty
    of training recurrent neural networks", algorithm 1.

    Examples
    --------
    >>> point = nn.Linear(1, 1, bias=False)
    >>> batches = [torch.ones(1, 1)] * 200
    >>> history = train(
    ...     point, batches, lambda model, x: (model(x) - 3) ** 2, steps=200, schedule=lambda step: 0.1
    ... )
    >>> round(point.weight.item(), 2)
    3.0
    """
    _check(steps, every, checkpoint, generator, resume)
    optimiser = adam(model) if optimiser is None else optimiser
    history = load(checkpoint, model, optimiser, generator) if checkpoint and resume else History()
    network, stream = distributed.parallel(model).train(), iter(batches)

    with _shown(progress, history.step, steps) as shown:
        while history.step < steps and not history.reached(bar):
            batch = distributed.share(_next(stream, history.step))
            rate = schedule(history.step + 1)
            history.add(_step(network, loss, batch, optimiser, rate, max_norm), rate)
            if history.step % every == 0 or history.step == steps:
                if measure is not None:
                    history.scores[history.step] = _measure(model, measure)
                if checkpoint and distributed.is_first():
                    save(checkpoint, model, optimiser, generator, history)
            shown.set_postfix(loss=f"{history.loss[-1]:.3f}", score=history.score, refresh=False)
            shown.update()
    model.eval()
    return history


def adam(model: nn.Module) -> Adam:
    """Make the paper's optimiser, whose learning rate the schedule sets (Vaswani, section 5.3)."""
    return Adam(model.parameters(), lr=0.0, betas=(0.9, 0.98), eps=1e-9)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw the weights of the models made inside from a seed; torch's own generator stays as it was.

    >>> with seeded(0):
    ...     print(torch.rand(2))
    tensor([0.4963, 0.7682])
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _step(
    model: nn.Module, loss: Loss, batch: Any, optimiser: Optimizer, rate: float, max_norm: float
) -> float:
    """Take one step down the gradient, and give the loss before it."""
    average, value = distributed.mean(loss(model, batch))
    if not math.isfinite(value):
        raise InputError(f"the loss is {value} at learning rate {rate:.2g}: lower it, or warm up for longer.")
    optimiser.zero_grad()
    average.backward()
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.step()
    return value


def _measure(model: nn.Module, measure: Measure) -> float:
    """Measure without dropout, then go back to training."""
    model.eval()
    score = distributed.agreed(measure(model))
    model.train()
    return score


def _next(stream: Iterator[Any], step: int) -> Any:
    for batch in stream:
        return batch
    raise InputError(f"the batches ended after {step} steps: give as many as steps, or an endless stream.")


def _shown(progress: bool, start: int, steps: int) -> tqdm:
    """Make the progress bar, on stderr; `disable=None` hides it where stderr is no terminal."""
    quiet = None if progress and distributed.is_first() else True
    return tqdm(initial=start, total=steps, unit="step", disable=quiet)


def _check(
    steps: int, every: int, checkpoint: str | Path | None, generator: Generator | None, resume: bool
) -> None:
    if steps < 1 or every < 1:
        raise InputError(f"steps is {steps} and every is {every}: give at least 1 of each.")
    if checkpoint and generator is None:
        raise InputError("a checkpoint keeps the generator of the batches too: give it as `generator`.")
    if resume and not checkpoint:
        raise InputError("there is nothing to resume: name in `checkpoint` the file to go on from.")
