"""The record of the speed benchmarks as a page of tables."""

from collections.abc import Iterable, Sequence
from typing import Any

WAYS = {
    "forward": "Forward, as in training",
    "forward and backward": "Forward and backward",
    "inference mode": "Forward in inference mode",
}
NOTES = {
    "inference mode": (
        "Here `nn.MultiheadAttention` and the encoder of the others change to one call in C++, "
        "which is faster than ours where the tensors are small, and slower where the sequence is long."
    )
}


def report(record: dict[str, Any]) -> str:
    """Give the whole page, in Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    parts = [
        "# Speed and memory\n",
        f"Made by `{record['command']}` on {record['machine']}, with {versions}.",
        "Times are ours divided by theirs: below 1 we are faster.\n",
        f"## At a glance\n\nIn each cell: {' · '.join(WAYS)}.\n",
        summary(record),
        *(_way(record, way) for way in WAYS),
        _texts(record),
        _memory(record),
    ]
    return "\n".join(parts)


def summary(record: dict[str, Any]) -> str:
    """Give the table of the project's README: all three ways in each cell, at the most threads."""
    threads, times = max(record["times"].items(), key=lambda item: int(item[0]))
    names = list(times["layers"][0]["ratios"])
    rows = [
        [_shape(row["shape"])]
        + [" · ".join(f"{row['ratios'][name][way]:.2f}" for way in WAYS) for name in names]
        for row in times["layers"]
    ]
    return table([_threads(threads), *names], rows)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Give a table in Markdown, numbers to the right."""
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def _way(record: dict[str, Any], way: str) -> str:
    """Tabulate one way to run a network: a line for each shape, a column for each comparison."""
    parts = [f"## {WAYS[way]}\n"]
    if way in NOTES:
        parts.append(NOTES[way] + "\n")
    for threads, times in record["times"].items():
        names = list(times["layers"][0]["ratios"])
        rows = [
            [_shape(row["shape"]), *(f"{row['ratios'][name][way]:.2f}" for name in names)]
            for row in times["layers"]
        ]
        parts.append(table([_threads(threads), *names], rows))
    return "\n".join(parts)


def _texts(record: dict[str, Any]) -> str:
    size = record["settings"]["text"]
    contexts = size["contexts"]
    head = ["", f"{size['new']} tokens, ÷ `generate`", *(f"cache, after {n}" for n in contexts)]
    rows = [
        [f"{name}, {_threads(threads)}", f"{row['generate']:.2f}"]
        + [f"{row['cache gain'][str(n)]:.1f}×" for n in contexts]
        for threads, times in record["times"].items()
        for name, row in times["texts"].items()
    ]
    about = (
        f"Greedy, one text, {size['layers']} layers of width {size['width']}. "
        "Gain of the cache: the time of the next token without it, divided by that with it.\n"
    )
    return f"## Writing\n\n{about}\n{table(head, rows)}"


def _memory(record: dict[str, Any]) -> str:
    lengths, size = record["memory"]["lengths"], record["settings"]["memory"]
    rows = [
        [name, *(f"{value:.0f}" for value in row["megabytes"]), f"{row['exponent']:.2f}"]
        for name, row in record["memory"]["passes"].items()
    ]
    about = (
        f"Megabytes that one pass adds to its process at most, by length, at width {size['width']} with "
        f"{size['heads']} heads. They grow as length^p: p is 1 for linear and 2 for quadratic growth.\n"
    )
    return f"## Memory\n\n{about}\n{table(['', *map(str, lengths), 'p'], rows)}"


def _shape(shape: dict[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in shape.items())


def _threads(n: str) -> str:
    return "1 thread" if n == "1" else f"{n} threads"
