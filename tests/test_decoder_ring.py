"""The page *Decoder ring*: each row of each table is run in its source's letters, and must give ours."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PAGE = (Path(__file__).parents[1] / "book" / "decoder_ring.md").read_text("utf-8")
TOPICS = [
    "Queries, keys, values",
    "Projections",
    "Raw scores",
    "Scaled scores",
    "Weights",
    "Which index is the query?",
    "Output",
    "Shapes",
    "Splitting into heads",
    "All heads together",
    "Masks",
    "Positions",
    "Feed-forward network",
    "Residual and norm",
]
SOURCES = ["Paper", "Lecture", "D2L", "Raschka", "UDL", "Elhage", "PyTorch"]


@dataclass(frozen=True)
class Row:
    """What a source writes, what makes it ours (the name it has just bound, if nothing), and ours."""

    topic: str
    source: str
    there: tuple[str, ...]
    made_ours: str
    ours: str


def section(heading: str) -> str:
    return re.split(rf"^##+ {re.escape(heading)}$", PAGE, flags=re.MULTILINE)[1].split("\n## ")[0]


def block(heading: str) -> str:
    """The first block of Python below a heading."""
    return re.findall(r"```python\n(.*?)```", section(heading), re.DOTALL)[0]


def read(topic: str, ours: str, line: str) -> Row:
    """A row of a table: words, then a line of code each, then → what makes it ours."""
    source, cell = line.strip("| ").split(" | ", maxsplit=1)
    lines = [part.strip() for part in cell.split("<br>")]
    there = [part.strip("`") for part in lines if re.fullmatch("`[^`]+`", part)]
    arrow = [part.removeprefix("→ ").strip("`") for part in lines if part.startswith("→ ")]
    return Row(topic, source, tuple(there), (arrow or [there[-1].split(" = ")[0]])[0], ours)


def rows(topic: str) -> list[Row]:
    found, ours = [], ""
    for line in section(topic).splitlines():
        if line.startswith("Here"):
            ours = line.split("`")[1]
        elif line.startswith("| ") and not line.startswith("| source"):
            found.append(read(topic, ours, line))
    return found


ROWS = [row for topic in TOPICS for row in rows(topic)]


@cache
def example() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(block("One example for all"), names)
    return names


@cache
def after(row: Row) -> tuple[dict[str, Any], Any]:
    """The names a source has after its rows down to this one, and what this one gives."""
    earlier = [one for one in ROWS[: ROWS.index(row)] if one.source == row.source]
    if earlier:
        names = dict(after(earlier[-1])[0])
    else:
        names = dict(example())
        exec(block(row.source), names)
    return names, give(row.there, row.made_ours, names)


def give(there: tuple[str, ...], made_ours: str, names: dict[str, Any]) -> Any:
    for statement in there:
        exec(statement, names)
    return eval(made_ours, names)


def ours(row: Row) -> Any:
    return eval(row.ours, dict(example()))


def arrays(value: Any) -> list[np.ndarray]:
    """Tensors, arrays, or several of them, as arrays."""
    several = value if isinstance(value, tuple) else (value,)
    return [np.asarray(one.detach() if hasattr(one, "detach") else one) for one in several]


def agree(result: Any, expected: Any) -> bool:
    there, here = arrays(result), arrays(expected)
    same_shapes = [x.shape for x in there] == [x.shape for x in here]
    return same_shapes and all(np.allclose(x, y, atol=1e-5) for x, y in zip(there, here, strict=True))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.topic}-{row.source}")
def test_a_row_gives_ours(row):
    _, result = after(row)

    assert agree(result, ours(row))


def test_no_two_sizes_of_the_example_are_equal():
    names = example()

    assert len({names[size] for size in ("N", "d_model", "d_k", "d_v", "d_ff")}) == 5


def test_each_table_has_a_row_and_each_source_has_several():
    assert {row.topic for row in ROWS} == set(TOPICS)
    assert {row.source for row in ROWS} == set(SOURCES)
    assert min(sum(row.source == source for row in ROWS) for source in SOURCES) >= 7
    assert len(ROWS) == len(re.findall(r"^\| (?!source)", PAGE, re.MULTILINE))


def test_each_source_is_introduced_under_its_name():
    assert re.findall(r"^\* \*\*(\w+)\.\*\*", PAGE, re.MULTILINE) == SOURCES
    assert re.findall(r"^### (\w+)$", PAGE, re.MULTILINE) == SOURCES


@pytest.mark.parametrize(
    ("topic", "source", "there", "made_ours"),
    [
        ("Raw scores", "Lecture", "A = K.T @ Q", "A"),
        ("Raw scores", "Raschka", "attn_scores = keys @ queries.T", "attn_scores"),
        ("Scaled scores", "Paper", "S = S / d_k", "S"),
        ("Weights", "UDL", "weights = softmax(dots)", "weights.T"),
        ("Weights", "Lecture", "A_prime = softmax(A, axis=0)", "A_prime.T"),
        ("Which index is the query?", "UDL", "pass", "weights[0, 1]"),
        ("Projections", "Raschka", "pass", "W_query"),
        ("Splitting into heads", "PyTorch", "q = F.linear(x, W_q)", "x.reshape(h, N, -1)"),
        (
            "All heads together",
            "PyTorch",
            "output, _ = mha(x[:, None], x[:, None], x[:, None])",
            "output[:, 0]",
        ),
        ("Masks", "Raschka", "mask = torch.triu(torch.ones(N, N), diagonal=1)", "mask.bool()"),
        ("Feed-forward network", "Paper", "W_1, W_2 = w_1.T, w_2.T", "(X @ W_1 + b_1) @ W_2 + b_2"),
    ],
)
def test_a_wrong_row_would_be_seen(topic, source, there, made_ours):
    row = next(row for row in rows(topic) if row.source == source)
    before = [one for one in ROWS[: ROWS.index(row)] if one.source == source][-1]

    result = give((there,), made_ours, dict(after(before)[0]))

    assert not agree(result, ours(row))
