"""Train one of the course's models.

    python -m transformer_lib.train translate
    torchrun --nproc_per_node=2 -m transformer_lib.train translate

Prints a table, and leaves in --out: the weights (model.safetensors), all that --resume needs
(checkpoint.safetensors), the course of the training (history.json) and its picture (curve.png).
Under torchrun the processes share each batch, and learn what one alone would learn.
"""

import argparse
import json
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from transformer_lib import tasks
from transformer_lib.plots import png
from transformer_lib.plots.training_curve import training_curve
from transformer_lib.shapes import InputError
from transformer_lib.tasks import Task
from transformer_lib.training import History, distributed, save

TASKS = {"translate": tasks.translation, "text": tasks.text, "recall": tasks.recall}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    chosen = _parser().parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    try:
        with distributed.processes():
            run(chosen)
    except InputError as error:
        raise SystemExit(f"error: {error}") from None


def run(chosen: argparse.Namespace) -> None:
    """Train, and let the first process print and save."""
    sizes = {name: getattr(chosen, name) for name in ("steps", "batch") if getattr(chosen, name)}
    task = TASKS[chosen.task](seed=chosen.seed, **sizes)
    folder = chosen.out or Path("_build", "trained", chosen.task)
    start = time.process_time()
    history = task.train(
        checkpoint=folder / "checkpoint.safetensors", resume=chosen.resume, every=chosen.every
    )
    if distributed.is_first():
        facts = _facts(task, history, time.process_time() - start)
        _keep(folder, task, history, facts | {"task": chosen.task, "seed": chosen.seed})
        print(_table(facts))
        print(f"saved in {folder}")


def _parser() -> argparse.ArgumentParser:
    about = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m transformer_lib.train",
        description=about[0],
        epilog=about[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("task", choices=TASKS)
    add("--steps", type=_count, help="steps of the whole run; the task's own number if left out")
    add("--batch", type=_count, help="rows of a batch, over all processes")
    add("--seed", type=int, default=0, help="decides first weights and batches (default 0)")
    add("--every", type=_count, default=100, help="steps from one measurement to the next (default 100)")
    add("--out", type=Path, metavar="FOLDER", help="where to save (default _build/trained/TASK)")
    add("--resume", action="store_true", help="go on from the checkpoint in FOLDER")
    add("--threads", type=_count, default=1, help="threads a process (default 1)")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _facts(task: Task, history: History, seconds: float) -> dict[str, Any]:
    return {
        "parameters": n_parameters(task.model),
        "steps": history.step,
        "loss": history.loss[-1],
        task.score: history.score,
        "CPU seconds": round(seconds),
        "processes": distributed.n_processes(),
    }


def n_parameters(model: nn.Module) -> int:
    """Count the weights of a model, a tied matrix once."""
    return sum(weight.numel() for weight in model.parameters())


def _table(facts: dict[str, Any]) -> str:
    """Write the facts below each other, their numbers above each other."""
    numbers = [f"{fact:,}" if isinstance(fact, int) else f"{fact:.4f}" for fact in facts.values()]
    names, width = max(map(len, facts)), max(map(len, numbers))
    return "\n".join(
        f"{name:<{names}}  {number:>{width}}" for name, number in zip(facts, numbers, strict=True)
    )


def _keep(folder: Path, task: Task, history: History, facts: dict[str, Any]) -> None:
    """Save the weights, the history and its picture."""
    save(folder / "model.safetensors", task.model)
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    record = facts | {"versions": versions} | history.to_json()
    (folder / "history.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    title = f"The loss goes from {history.loss[0]:.2f} to {history.loss[-1]:.2f} in {history.step} steps"
    picture, _ = png(training_curve(history.loss, history.scores, title, score=task.score))
    (folder / "curve.png").write_bytes(picture)


if __name__ == "__main__":
    main()
