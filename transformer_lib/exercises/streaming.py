"""Exercise 15.3, softmax from a stream: blocks that are looked at once, wrong turns, the judge."""

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from transformer_lib.exercises.caching import alike, named, no_function
from transformer_lib.exercises.judging import call, gives_nothing, read
from transformer_lib.exercises.registry import Mistake, Verdict
from transformer_lib.shapes import Array
from transformer_lib.steps import softmax

_RNG = np.random.default_rng(153)
Block = tuple[Array, Array]


@dataclass
class _Stream:
    """Blocks that come once: a block's arrays are overwritten when the next one is asked for."""

    blocks: list[Block]
    asked: bool = False

    def __iter__(self) -> Iterator[Block]:
        if not self.asked:
            self.asked = True
            for scores, values in self.blocks:
                yield scores, values
                scores[:], values[:] = np.nan, np.nan

    def __repr__(self) -> str:
        return f"a stream of {len(self.blocks)} blocks"


def _cut(scores: Sequence[float], *sizes: int) -> _Stream:
    """A stream of these scores, with values of three numbers each."""
    ends = np.cumsum(sizes)[:-1]
    values = _RNG.integers(-4, 5, size=(len(scores), 3)).astype(float)
    parts = zip(np.split(np.array(scores), ends), np.split(values, ends), strict=True)
    return _Stream([(block.copy(), of.copy()) for block, of in parts])


_STREAMS = (
    _cut([0.5, -1.0, 2.0, 1.5, -0.5, 0.0], 2, 3, 1),
    _cut([3.0, 1.0, -2.0, 0.5, 1.0], 3, 2),  # the top comes first
    _cut([998.0, 1000.5, 999.0, 1001.0], 2, 2),
    _cut([1.0, 2.0, 1500.0, 1499.0, 1498.0], 2, 3),
    _cut([1500.0, 1498.0, 1499.0, 3.0], 3, 1),
    _cut([-1001.0, -1000.5, -999.0, -1000.0], 2, 2),
    _cut([0.25, -0.75, 1.25], 3),
)
_LISTS = tuple(stream.blocks for stream in _STREAMS)


def online(blocks: Any) -> Any:
    """softmax(scores) V, keeping top, total and weighted sum."""
    return _carry(blocks)


def _carry(
    blocks: Any,
    shrink: Callable[[float, float], tuple[float, float]] = lambda old, new: (np.exp(old - new),) * 2,
    base: float = np.e,
    first: float = -np.inf,
    higher: Callable[[float, float], float] = max,
    divided: bool = True,
) -> Any:
    """The online softmax, with another factor for the total and for the weighted sum."""
    top, total, weighted = first, 0.0, np.zeros(())
    for scores, values in blocks:
        new = higher(top, scores.max())
        powers = base ** (scores - new)
        by_total, by_weighted = shrink(top, new) if np.isfinite(top) else (0.0, 0.0)
        total, weighted = total * by_total + powers.sum(), weighted * by_weighted + powers @ values
        top = new
    return weighted / total if divided else weighted


def _with_top(blocks: Any, top_of: Callable[[Array], float]) -> Any:
    total, weighted, top = 0.0, np.zeros(()), None
    for scores, values in blocks:
        top = top_of(scores) if top is None else top
        powers = np.exp(scores - top)
        total, weighted = total + powers.sum(), weighted + powers @ values
    return weighted / total


def _each(blocks: Any) -> list[tuple[int, Array]]:
    return [(len(scores), softmax(scores) @ values) for scores, values in blocks]


def _by_size(each: list[tuple[int, Array]]) -> Any:
    return sum(n * output for n, output in each) / sum(n for n, _ in each)


def _whole(blocks: Any) -> Array:
    scores, values = zip(*blocks, strict=True)
    return softmax(np.concatenate(scores)) @ np.concatenate(values)


ONLINE = (
    Mistake(
        "blocks kept",
        "That is right if the blocks could be kept, but a block is gone when the next one comes: "
        "carry top, total and weighted sum.",
        lambda blocks: _whole(list(blocks)),
    ),
    Mistake(
        "blocks copied",
        "The numbers are right, but all blocks are copied, which takes the memory of the whole row: "
        "carry top, total and weighted sum.",
        lambda blocks: _whole([(scores.copy(), values.copy()) for scores, values in blocks]),
    ),
    Mistake(
        "nothing shrunk",
        "That adds sums with different tops: when the top grows, shrink total and weighted sum first.",
        lambda blocks: _carry(blocks, lambda old, new: (1.0, 1.0)),
    ),
    Mistake(
        "weighted sum not shrunk",
        "That shrinks the total alone; the weighted sum has the old top in it too.",
        lambda blocks: _carry(blocks, lambda old, new: (np.exp(old - new), 1.0)),
    ),
    Mistake(
        "total not shrunk",
        "That shrinks the weighted sum alone; the total has the old top in it too.",
        lambda blocks: _carry(blocks, lambda old, new: (1.0, np.exp(old - new))),
    ),
    Mistake(
        "shrunk the wrong way",
        "That multiplies by exp(new − old), which grows; the factor is exp(old − new), at most 1.",
        lambda blocks: _carry(blocks, lambda old, new: (np.exp(new - old),) * 2),
    ),
    Mistake(
        "no top",
        "That is right for small scores, but exp(1000) is infinite: take the largest score so far off first.",
        lambda blocks: _with_top(blocks, lambda scores: 0.0),
    ),
    Mistake(
        "the first top kept",
        "That takes off the first block's top throughout; a later score may be far above it, and overflow.",
        lambda blocks: _with_top(blocks, lambda scores: scores.max()),
    ),
    Mistake(
        "each block's own top",
        "That lets the top fall, and exp(old − new) overflows when a block's scores are far lower: "
        "the top may only grow.",
        lambda blocks: _carry(blocks, higher=lambda top, block: block),
    ),
    Mistake(
        "first top 0",
        "That begins with top 0, and if all scores are far below, every power is 0: begin with −∞.",
        lambda blocks: _carry(blocks, first=0.0),
    ),
    Mistake(
        "mean of the blocks",
        "That averages the blocks' own outputs; a block with larger scores must count for more.",
        lambda blocks: np.mean([output for _, output in _each(blocks)], axis=0),
    ),
    Mistake(
        "mean by size",
        "That weighs the blocks by how many keys they hold; their powers are what counts.",
        lambda blocks: _by_size(_each(blocks)),
    ),
    Mistake("last block", "That is the last block's output alone.", lambda blocks: _each(blocks)[-1][1]),
    Mistake(
        "not divided",
        "That is the weighted sum; divide it by the total at the end.",
        partial(_carry, divided=False),
    ),
    Mistake(
        "base 2 for e",
        "That is base 2; here the base is e.",
        lambda blocks: _carry(blocks, lambda old, new: (2 ** (old - new), 2 ** (old - new)), base=2),
    ),
    Mistake(
        "two bases",
        "That takes powers of 2 and shrinks by powers of e; here the base is e in both.",
        partial(_carry, base=2),
    ),
)


def _streamed(answer: Callable[..., Any], cases: Sequence[Any]) -> list[Array | Verdict | None]:
    found = [call(answer, blocks) for blocks in cases]
    return [
        problem if value is None or value is ... else read("your result", value, (0, 1, 2))
        for value, problem in found
    ]


_OUTPUTS = [_whole(blocks) for blocks in _LISTS]


def _keeps_much(answer: Callable[..., Any]) -> bool:
    """Whether the memory it takes grows with the number of blocks: a quarter of them all, or more."""
    numbers = np.ones((64, 500, 4))
    stream = _Stream([(block[:, 0].copy(), block[:, 1:].copy()) for block in numbers])
    was_tracing = tracemalloc.is_tracing()
    if not was_tracing:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        call(lambda: answer(stream))
        return tracemalloc.get_traced_memory()[1] - before > numbers.nbytes / 4
    finally:
        if not was_tracing:
            tracemalloc.stop()


def judge_online(answer: Any) -> Verdict:
    """Judge the outputs, and whether the blocks are carried on or kept."""
    if not callable(answer):
        return no_function(answer)
    given = _streamed(answer, _STREAMS)
    if all(value is None for value in given):
        return gives_nothing(answer)
    if all(map(alike, given, _OUTPUTS)):
        if _keeps_much(answer):
            return named(ONLINE[1])
        return Verdict("right", "Three things are carried from block to block, and nothing overflows.")
    kept = _streamed(answer, _LISTS)
    if all(map(alike, kept, _OUTPUTS)):
        return named(ONLINE[0])
    for mistake in ONLINE[2:]:
        values = _streamed(mistake.answer, _LISTS)
        pairs = [(x, y) for x, y in zip(kept, values, strict=True) if isinstance(y, np.ndarray)]
        overflows = all(
            isinstance(x, Verdict) for x, y in zip(kept, values, strict=True) if isinstance(y, Verdict)
        )
        if overflows and all(alike(*pair) for pair in pairs):
            return named(mistake)
    at = next(n for n, value in enumerate(given) if not alike(value, _OUTPUTS[n]))
    value, where = given[at], f"for {_STREAMS[at]!r}"
    if isinstance(value, Verdict):
        return value
    if value is None:
        return Verdict("wrong", f"Your function gives nothing {where}: does it end with return?")
    if value.shape != (3,):
        return Verdict("wrong", f"Your result has shape {value.shape}: give one output, here of 3 numbers.")
    return Verdict("wrong", f"Your output {where} is off: are total and weighted sum at the same top?")
