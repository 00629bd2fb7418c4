"""Build and train final projects of chapter 17, to see that every assignment can reach the bar.

python benchmarks/projects.py ada grace alan    # one line an id: scores of both models, CPU seconds
"""

import sys
import time
from dataclasses import replace
from typing import Any

import torch
from torch import Generator

from transformer_lib import data
from transformer_lib.attention import watch
from transformer_lib.config import ORIGINAL, Family, TransformerConfig
from transformer_lib.data import END, START, Pairs, Vocabulary
from transformer_lib.data.number_words import ENGLISH, GERMAN
from transformer_lib.exercises.project import Assignment, project, review
from transformer_lib.models import Transformer
from transformer_lib.tasks import exact_match
from transformer_lib.train import n_parameters
from transformer_lib.training import History, linear_decay, seeded, train, translation_loss

TOKENS = {"German": GERMAN, "English": ENGLISH}
SAY = {"German": data.german, "English": data.english}


def main() -> None:
    """Train the projects of the ids on the command line."""
    torch.set_num_threads(1)
    for student in sys.argv[1:]:
        start = time.process_time()
        report = build(project(student))
        seconds = time.process_time() - start
        print(
            f"{student}: {report['exact_match']:.4f}, {project(student).ablation} "
            f"{report['ablated_exact_match']:.4f}, {seconds:.0f} CPU seconds, "
            f"{'complete' if review(student, report).complete else 'incomplete'}",
            flush=True,
        )


def build(assigned: Assignment, steps: int = 800) -> dict[str, Any]:
    """Train the assigned model and the ablated one, and give the numbers of the report."""
    held_out = set(assigned.held_out)
    numbers = torch.tensor([n for n in range(assigned.below) if n not in held_out])
    practice, test = _pairs(assigned, numbers.tolist()), _pairs(assigned, assigned.held_out)
    model, history = _train(assigned, practice, numbers, steps, ablated=False)
    other, _ = _train(assigned, practice, numbers, steps, ablated=True)
    with torch.inference_mode(), watch(model) as seen:
        model(test.source[-1:], test.target[-1:, :-1])
        weights = seen[f"decoder.{assigned.n_layers - 1}.cross_attention"].weights
    assert weights is not None
    return {
        "parameters": n_parameters(model),
        "ablated_parameters": n_parameters(other),
        "held_out": assigned.held_out,
        "losses": history.loss,
        "exact_match": exact_match(model, test),
        "ablated_exact_match": exact_match(other, test),
        "weights": weights[0].mean(0),  # (T, S), the mean of the heads
    }


def config(assigned: Assignment, *, ablated: bool = False) -> TransformerConfig:
    """Give the sizes and the family of the assigned model, or of the ablated one."""
    family = replace(ORIGINAL, norm_order=assigned.norm_order)
    changed = assigned.ablation if ablated else ""
    return TransformerConfig(
        source_vocab_size=len(Vocabulary(TOKENS[assigned.source])),
        target_vocab_size=len(Vocabulary(TOKENS[assigned.target])),
        d_model=assigned.d_model,
        n_heads=1 if changed == "a single head" else assigned.n_heads,
        d_ff=4 * assigned.d_model,
        n_layers=assigned.n_layers,
        family=_without(changed, family),
    )


def _without(changed: str, family: Family) -> Family:
    if changed == "no positions":
        return replace(family, positions="none")
    if changed == "no residual connections":
        return replace(family, residual=False)
    if changed == "untied embeddings":
        return replace(family, tied=False)
    if changed == "the other norm order":
        return replace(family, norm_order="pre" if family.norm_order == "post" else "post")
    return family


def _train(
    assigned: Assignment, practice: Pairs, numbers: torch.Tensor, steps: int, *, ablated: bool
) -> tuple[Transformer, History]:
    with seeded(assigned.seed):
        model = Transformer(config(assigned, ablated=ablated))
    stream = data.batches(practice, 64, Generator().manual_seed(assigned.seed), data.balanced(numbers))
    history = train(
        model,
        stream,
        translation_loss,
        steps=steps,
        schedule=lambda step: linear_decay(step, peak=3e-3, warmup=min(50, steps), steps=steps),
    )
    return model, history


def _pairs(assigned: Assignment, numbers: list[int]) -> Pairs:
    source, target = Vocabulary(TOKENS[assigned.source]), Vocabulary(TOKENS[assigned.target])
    return Pairs(
        data.pad([source.encode(SAY[assigned.source](n)) for n in numbers]),
        data.pad([[START, *target.encode(SAY[assigned.target](n)), END] for n in numbers]),
    )


if __name__ == "__main__":
    main()
