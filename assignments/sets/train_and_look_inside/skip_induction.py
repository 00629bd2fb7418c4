"""Two layers set by hand that carry on at a distance: after x, what stood `skip` places after x before.

The book's induction head has skip 1. The first layer brings the letter `skip` places back into each
slot; the second asks for its own letter in the slots, and brings the letter that stands there.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from assignments.numbers import Draw
from assignments.problem_set import Check
from transformer_lib.exercises.judging import read
from transformer_lib.exercises.registry import Mistake, Verdict
from transformer_lib.shapes import Array
from transformer_lib.steps import attention, causal, embed_letters

NAMES = ("back_q", "back_k", "w_o", "w_q", "w_k", "w_v")
Matrices = Mapping[str, Array]


class Sizes(NamedTuple):
    """A student's own: how far to skip, which letters, how many places, and the order of the blocks."""

    skip: int
    alphabet: str
    places: int
    blocks: tuple[str, ...] = ("letter", "place", "slot")

    @property
    def width(self) -> int:
        """How many entries a position's vector has."""
        return 2 * len(self.alphabet) + self.places

    def size(self, block: str) -> int:
        """How many of them are of a block."""
        return self.places if block == "place" else len(self.alphabet)


def draw_sizes(draw: Draw) -> Sizes:
    """Draw a skip of 2 or 3, three letters, 9 to 12 places and an order of the blocks."""
    letters = "".join(sorted(draw.several("abcdefgh", 3)))
    blocks = tuple(draw.several(("letter", "place", "slot"), 3))
    return Sizes(draw.choose((2, 3)), letters, draw.choose(range(9, 13)), blocks)


def solution(s: Sizes, skip: int | None = None) -> dict[str, Array]:
    """Give matrices that do it."""
    letter, place, slot = _readers(s)
    back = 10 * np.eye(s.places, k=skip or s.skip) @ place
    return {"back_q": back, "back_k": place, "w_o": slot.T, "w_q": 10 * letter, "w_k": slot, "w_v": letter}


def mistakes(s: Sizes) -> tuple[Mistake, ...]:
    """Give the wrong turns, each as the matrices it leads to."""
    letter, place, slot = _readers(s)

    def off(name: str, sentence: str, **changed: Array) -> Mistake:
        return Mistake(name, sentence, solution(s) | changed)

    one_back, too_far = solution(s, skip=1), solution(s, skip=s.skip + 1)
    return (
        Mistake("one place back", f"Layer 1 looks one place back: {s.skip} are asked for.", one_back),
        Mistake("one place too far", "Layer 1 looks one place too far back.", too_far),
        off("back by columns", "Layer 1 looks ahead, which the mask hides.", back_q=_ahead(s, place)),
        off("keys by letter", "Layer 2 finds its own letter: ask for it in the slots.", w_k=letter),
        off(
            "slot brought", "Layer 2 brings the slot, the letter you asked with: bring the letter.", w_v=slot
        ),
        off(
            "q and k swapped",
            "Layer 2 asks with its slot: it must ask with its letter.",
            w_q=10 * slot,
            w_k=letter,
        ),
        off("slot stays empty", "Nothing is written into the slot.", w_o=0 * slot.T),
        off("written over the letter", "W^O writes over the letter: write into the slot.", w_o=letter.T),
        off("layer 2 not sharp", "Layer 2 looks right, and too little: sharpen W^q.", w_q=letter),
    )


def _ahead(s: Sizes, place: Array) -> Array:
    return 10 * np.eye(s.places, k=-s.skip) @ place


def _readers(s: Sizes) -> tuple[Array, Array, Array]:
    """Give what reads off letter, place and slot of a position's vector."""
    ends = np.cumsum([s.size(block) for block in s.blocks])[:-1]
    parts = dict(zip(s.blocks, np.split(np.eye(s.width), ends), strict=True))
    return parts["letter"], parts["place"], parts["slot"]


def _embed(text: str, s: Sizes) -> Array:
    """Give each position its vector, the slot empty: `embed_letters`, the blocks in the student's order."""
    return embed_letters(text, s.alphabet) @ np.vstack(_readers(s))


def run(text: str, s: Sizes, w: Matrices) -> Array:
    """Run both layers, causal, raw scores, base 2; give what layer 2 brings, (places, letters)."""
    x = _embed(text, s)
    brought = _look(x, w["back_q"], w["back_k"], x @ _readers(s)[0].T)
    x = x + brought @ np.transpose(w["w_o"])
    return _look(x, w["w_q"], w["w_k"], x @ np.transpose(w["w_v"]))


def _look(x: Array, w_q: Any, w_k: Any, values: Array) -> Array:
    return attention(
        x @ np.transpose(w_q), x @ np.transpose(w_k), values, causal(len(x)), scaled=False, base=2
    ).output


def draw_text(draw: Draw, s: Sizes) -> str:
    """Draw a text in which two or more positions can be carried on with certainty."""

    def make(draw: Draw) -> str | None:
        letters = "".join(draw.choose(s.alphabet) for _ in range(s.places - s.skip))
        text = "^" * s.skip + letters
        known = wanted(text, s.skip)
        return text if len(known) >= 2 and any(text[at] != letter for at, letter in known.items()) else None

    return draw.until(make)


def wanted(text: str, skip: int) -> dict[int, str]:
    """Say what must be brought where, wherever every earlier place agrees.

    >>> wanted("^^abcab", 2)
    {5: 'c', 6: 'a'}
    """
    found = {}
    for i, letter in enumerate(text):
        answers = {text[j] for j in range(skip, i + 1) if text[j - skip] == letter != "^"}
        if len(answers) == 1:
            found[i] = answers.pop()
    return found


def matrices_check(points: int, draw: Draw, s: Sizes) -> Check:
    """Check six matrices on texts of the student's own."""
    texts = [draw_text(draw, s) for _ in range(5)]
    known = mistakes(s)
    wrong = [[run(text, s, mistake.answer) for text in texts] for mistake in known]

    def judge(answer: Any) -> Verdict:
        w = _matrices(answer, s)
        if isinstance(w, Verdict):
            return w
        outputs = [run(text, s, w) for text in texts]
        if all(_carries_on(text, s, output) for text, output in zip(texts, outputs, strict=True)):
            return Verdict("right", "One layer writes a note, the other reads it.")
        for mistake, known_outputs in zip(known, wrong, strict=True):
            if np.allclose(outputs, known_outputs, rtol=0, atol=1e-6):
                return Verdict("wrong", mistake.sentence, mistake.name)
        return Verdict("wrong", "Some position brings another letter than the one asked for.")

    return Check(name="carries on", points=points, judge=judge, mistakes=known)


def _carries_on(text: str, s: Sizes, output: Array) -> bool:
    rows = [(abs(output[at]), s.alphabet.index(letter)) for at, letter in wanted(text, s.skip).items()]
    return all(row[at] > 0.5 and row[at] > row.sum() - row[at] for row, at in rows)


def shapes(s: Sizes) -> dict[str, tuple[Any, int]]:
    """Give each matrix's rows and columns; None is any number."""
    n, d = len(s.alphabet), s.width
    return {
        "back_q": (None, d),
        "back_k": (None, d),
        "w_o": (d, n),
        "w_q": (None, d),
        "w_k": (None, d),
        "w_v": (n, d),
    }


def _matrices(answer: Any, s: Sizes) -> dict[str, Array] | Verdict:
    if not isinstance(answer, Mapping) or set(answer) != set(NAMES):
        return Verdict("wrong", f"Give a dictionary with the names {', '.join(NAMES)}.")
    given = {}
    for name, shape in shapes(s).items():
        table = read(name, answer[name], 2)
        if isinstance(table, Verdict):
            return table
        if not _fits(table.shape, shape):
            return Verdict("wrong", f"{name} has shape {table.shape}: it needs {shape[1]} columns.")
        given[name] = np.clip(table, -1e6, 1e6)
    for q, k in (("back_q", "back_k"), ("w_q", "w_k")):
        if len(given[q]) != len(given[k]):
            return Verdict("wrong", f"{q} and {k} need equally many rows.")
    return given


def _fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return all(want in (None, have) for have, want in zip(shape, wanted, strict=True))
