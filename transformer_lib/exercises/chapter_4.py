"""Exercises of chapter 4: the third row, asymmetry, permutation equivariance, what b₂ cannot see."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from transformer_lib import pocket
from transformer_lib.exercises.judging import call, gives_nothing, judge_numbers, read, same, show
from transformer_lib.exercises.layers import Layer, truth
from transformer_lib.exercises.mistake_bank import mistakes_for
from transformer_lib.exercises.registry import Exercise, Mistake, Verdict, register
from transformer_lib.shapes import Array
from transformer_lib.steps import project, self_attention
from transformer_lib.style import fmt, sub, vector

_EXAMPLE = (pocket.a, pocket.w_q, pocket.w_k, pocket.w_v)
_BY_HAND = {"base": 2, "scaled": False}
_STEPS = self_attention(*_EXAMPLE, **_BY_HAND)


# 4.1 ----------------------------------------------------------------------------------------------


_SUM = "sum-normalised without exp"
_ZERO_POWER = "Positions 1 and 2 got nothing; a score of 0 has the power 1, so raise 2 to each score first."


def _row_3() -> tuple[Mistake, ...]:
    bank = mistakes_for(lambda wrong: wrong.output[2], *_EXAMPLE, **_BY_HAND)
    output = pocket.by_hand.output
    own = (
        Mistake(
            "not divided by the sum",
            "That adds up the v's with the powers 2^α; divide by the sum of the powers.",
            [10, 10],
        ),
        Mistake(
            "equal weights",
            "That is the mean of v₁ … v₄, all weights equal; the weights come from q₃.",
            [Fraction(3, 4), Fraction(3, 4)],
        ),
        Mistake(
            "weights for the output",
            "Those are the four weights; now mix the values with them.",
            pocket.by_hand.weights[2],
        ),
        Mistake("b₁ for b₃", "That is b₁, the row of query 1; row 3 asks with q₃.", output[0]),
        Mistake("b₂ for b₃", "That is b₂, the row of query 2; row 3 asks with q₃.", output[1]),
        Mistake("b₄ for b₃", "That is b₄, the row of query 4; row 3 asks with q₃.", output[3]),
    )
    bank = (Mistake(m.name, _ZERO_POWER, m.answer) if m.name == _SUM else m for m in bank)
    return (*bank, *own)


_b_3 = _row_3()
register(
    Exercise(
        id="4.1",
        title="The third row",
        difficulty=1,
        minutes=5,
        judge=judge_numbers(
            pocket.by_hand.output[2], "The powers are 1, 1, 2 and 4 over 8, and v₁ and v₂ cancel.", _b_3
        ),
        reference=[Fraction(5, 4), Fraction(5, 4)],
        equivalents={
            "text": ["5/4", "5/4"],
            "tuple": (1.25, 1.25),
            "float32": np.array([1.25, 1.25], dtype=np.float32),
            "the library's": _STEPS.output[2],
        },
        mistakes=_b_3,
    )
)


# 4.2 ----------------------------------------------------------------------------------------------


def _values(table: Any, i: int, j: int) -> tuple[float, float]:
    """The two values of a pair, positions counted from 1."""
    return float(table[i - 1][j - 1]), float(table[j - 1][i - 1])


_pair = {
    m.name: m
    for m in (
        Mistake(
            "counted from 0",
            "Those are the numbers of Python's rows; in αᵢ,ⱼ the positions count from 1.",
            (0, 2, -1, 0),
        ),
        Mistake(
            "i = j",
            "With i = j the two scores are one and the same; take two different positions.",
            (3, 3, 1, 1),
        ),
        Mistake(
            "the chapter's pair",
            "That is the pair of the text, 2 and 3; find another one.",
            (2, 3, 1, 0),
        ),
        Mistake(
            "an equal pair",
            "For that pair the two scores are equal, which also happens; find one where they differ.",
            (1, 2, 2, 2),
        ),
        Mistake(
            "query and key swapped",
            "Those are the two values in the wrong places: the first index is the query, so αᵢ,ⱼ is qᵢ·kⱼ.",
            (1, 3, 0, -1),
        ),
        Mistake(
            "weights for scores",
            "Those are the weights α′; the question is about the scores α, before the softmax.",
            (1, 3, 0.1, 0.125),
        ),
        Mistake(
            "dot products of the inputs",
            "That is aᵢ·aⱼ twice; a score is the dot product of a query and a key.",
            (2, 4, 0, 0),
        ),
    )
}


def _judge_pair(answer: Any) -> Verdict:
    given = read("your answer", answer, 1)
    if isinstance(given, Verdict):
        return given
    if given.size != 4:
        return Verdict("wrong", f"Give four numbers, i, j, αᵢ,ⱼ and αⱼ,ᵢ; this has {given.size}.")
    if not np.array_equal(given[:2], given[:2].round()):
        return Verdict("wrong", "The first two numbers are positions: whole numbers from 1 to 4.")
    i, j = (int(x) for x in given[:2])
    return _judge_values(i, j, tuple(given[2:]))


def _judge_values(i: int, j: int, values: tuple[float, ...]) -> Verdict:
    inside = 1 <= i <= 4 and 1 <= j <= 4
    right = _values(pocket.by_hand.scores, i, j) if inside else None
    if min(i, j) >= 0 and max(i, j) <= 3 and i != j and not same(values, right):
        from_0 = _values(pocket.by_hand.scores, i + 1, j + 1)
        if same(values, from_0) and from_0[0] != from_0[1]:
            return _named(_pair["counted from 0"])
    if right is None:
        return Verdict("wrong", "There are four positions, counted from 1: i and j are 1, 2, 3 or 4.")
    if i == j:
        return _named(_pair["i = j"])
    if same(values, right):
        if {i, j} == {2, 3}:
            return _named(_pair["the chapter's pair"])
        if right[0] == right[1]:
            return _named(_pair["an equal pair"])
        return Verdict("right", "The two scores share no vector: one is qᵢ·kⱼ, the other qⱼ·kᵢ.")
    name = _wrong_values(i, j, values, right)
    if name is not None:
        return _named(_pair[name])
    off = (i, j) if not same(values[0], right[0]) else (j, i)
    value = values[0] if off == (i, j) else values[1]
    said = fmt(value, 0 if value == round(value) else 3)
    query, key = sub("q", off[0]), sub("k", off[1])
    return Verdict("wrong", f"{sub('α', *off)} is not {said}: it is the dot product {query}·{key}.")


def _wrong_values(i: int, j: int, values: tuple[float, ...], right: tuple[float, float]) -> str | None:
    if same(values, right[::-1]):
        return "query and key swapped"
    if any(np.allclose(values, _values(w, i, j), atol=1e-3) for w in _ALL_WEIGHTS):
        return "weights for scores"
    if same(values, _values(pocket.a @ pocket.a.T, i, j)):
        return "dot products of the inputs"
    return None


_ALL_WEIGHTS = (
    _STEPS.weights,
    self_attention(*_EXAMPLE, scaled=False).weights,
    self_attention(*_EXAMPLE).weights,
)


def _named(mistake: Mistake) -> Verdict:
    return Verdict("wrong", mistake.sentence, mistake.name)


register(
    Exercise(
        id="4.2",
        title="Two that look at each other differently",
        difficulty=1,
        minutes=4,
        judge=_judge_pair,
        reference=(1, 3, -1, 0),
        equivalents={
            "the other way round": [3, 1, 0, -1],
            "positions 1 and 4": np.array([1, 4, -2, 0]),
            "positions 4 and 2": (4, 2, 0, 2.0),
            "fractions": [2, 4, Fraction(2), Fraction(0)],
            "float32": np.array([4, 1, 0, -2], dtype=np.float32),
        },
        mistakes=tuple(_pair.values()),
    )
)


# 4.3 ----------------------------------------------------------------------------------------------


_RNG = np.random.default_rng(4)
_INPUTS = _RNG.integers(-3, 4, size=(5, 3)).astype(np.float64)
_WEIGHTS = tuple(_RNG.normal(size=(rows, 3)) for rows in (2, 2, 4))  # d_k = 2, d_v = 4, W^q ≠ W^k
_ORDER = [2, 0, 1, 4, 3]  # a cycle of three in it, so that it is not its own inverse
_TENTHS = np.array([[0.1, 0.7], [0.2, 0.1], [0.3, 0.4]])  # (0.1 + 0.2) + 0.3 ≠ (0.3 + 0.2) + 0.1


def _attend(a: Array) -> Array:
    return self_attention(a, *_WEIGHTS).output


def _attend_backwards(a: Array) -> Array:
    return self_attention(a, *_WEIGHTS, allowed=np.tri(len(a), dtype=bool)).output


def _attend_numbered(a: Array) -> Array:
    return _attend(a + np.arange(len(a))[:, None])


def _attend_by_the_chapter(a: Array) -> Array:
    return self_attention(a, *_EXAMPLE[1:]).output


def _last_doubled(a: Array) -> Array:
    return np.concatenate([a[:-1], 2 * a[-1:]])


def _one_after_the_other(a: Array) -> Array:
    return np.tile(sum(list(a), np.zeros(a.shape[1])) / len(a), (len(a), 1))


_ON_ITS_OWN = Layer("a layer that doubles each row", lambda a: 2 * a)
_MEAN = Layer("a layer that gives every position the sum of all", lambda a: np.tile(a.sum(0), (len(a), 1)))
_SUM_IN_TURN = Layer("a layer that gives every position the mean", _one_after_the_other)
_OBEYS = (
    (Layer("self-attention", _attend), _INPUTS, _ORDER),
    (Layer("the chapter's self-attention", _attend_by_the_chapter), pocket.a, [3, 0, 1, 2]),
    (_ON_ITS_OWN, _INPUTS, _ORDER),
    (_MEAN, _INPUTS, _ORDER),
    (_SUM_IN_TURN, _TENTHS, [2, 1, 0]),
)
_BREAKS = tuple(
    (layer, _INPUTS, _ORDER)
    for layer in (
        Layer("a running sum", lambda a: a.cumsum(axis=0)),
        Layer("a layer that sorts each column", lambda a: np.sort(a, axis=0)),
        Layer("a layer that gives the row before", lambda a: np.roll(a, 1, axis=0)),
        Layer("a layer that doubles the last row", _last_doubled),
        Layer("a layer that adds the two neighbours", lambda a: np.roll(a, 1, 0) + np.roll(a, -1, 0)),
        Layer("self-attention that hides the later positions", _attend_backwards),
        Layer("self-attention after adding the position's number", _attend_numbered),
    )
)
_LAW_CASES = _OBEYS + _BREAKS
_LAW = [True] * len(_OBEYS) + [False] * len(_BREAKS)


def is_equivariant(layer: Any, a: Any, order: Any) -> bool:
    """Whether permuting the inputs permutes the outputs alike."""
    return bool(np.allclose(layer(a[order]), layer(a)[order]))


_law = (
    Mistake(
        "not permuted",
        "That asks whether the outputs stay where they were; they must move along with their inputs.",
        lambda layer, a, order: np.allclose(layer(a[order]), layer(a)),
    ),
    Mistake(
        "inverse permutation",
        "That moves the outputs the opposite way: use the same order for the outputs as for the inputs.",
        lambda layer, a, order: np.allclose(layer(a[order]), layer(a)[np.argsort(order)]),
    ),
    Mistake(
        "same rows in any order",
        "That accepts the same numbers in any order; each output must stand where its input went.",
        lambda layer, a, order: np.allclose(np.sort(layer(a[order]), axis=0), np.sort(layer(a), axis=0)),
    ),
    Mistake(
        "says yes to everything",
        "It says True to every layer, even to a running sum: compare the numbers, not the shapes.",
        lambda layer, a, order: layer(a[order]).shape == layer(a).shape,
    ),
    Mistake(
        "says no to everything",
        "It says False even to a layer that doubles each row: does it shuffle a before the layer?",
        lambda layer, a, order: False,
    ),
    Mistake(
        "exact comparison",
        "It wants the last digit to agree, and a sum in another order rounds differently: use np.allclose.",
        lambda layer, a, order: np.array_equal(layer(a[order]), layer(a)[order]),
    ),
)


def _judge_law(answer: Any) -> Verdict:
    if not callable(answer):
        return Verdict(
            "wrong", f"Give the function itself, without calling it; this is of type {type(answer).__name__}."
        )
    outcomes = [call(answer, *case) for case in _LAW_CASES]
    if all(value is None and problem is None for value, problem in outcomes):
        return gives_nothing(answer)
    given: list[bool] = []
    for case, (value, problem) in zip(_LAW_CASES, outcomes, strict=True):
        said = problem or truth(value, show(case))
        if isinstance(said, Verdict):
            return said
        given.append(said)
    return _compare(given)


def _compare(given: Sequence[bool]) -> Verdict:
    if list(given) == _LAW:
        return Verdict(
            "right",
            "Self-attention obeys the law; hiding later positions or numbering the positions breaks it.",
        )
    by_name = {mistake.name: mistake for mistake in _law}
    for mistake in _law[:-1]:
        if list(given) == [bool(mistake.answer(*case)) for case in _LAW_CASES]:
            return _named(mistake)
    said = dict(zip((case[0] for case in _LAW_CASES), given, strict=True))
    breaks_right = list(given)[len(_OBEYS) :] == _LAW[len(_OBEYS) :]
    if breaks_right and said[_ON_ITS_OWN] and said[_MEAN] and not said[_SUM_IN_TURN]:
        return _named(by_name["exact comparison"])  # the other sums may agree by luck
    at = next(n for n, law in enumerate(_LAW) if given[n] != law)
    layer, _, order = _LAW_CASES[at]
    return Verdict(
        "wrong", f"It says {given[at]} for {layer} with order {order}; there it should say {_LAW[at]}."
    )


def _back_again(layer: Any, a: Any, order: Any) -> bool:
    return bool(np.allclose(layer(a[order])[np.argsort(order)], layer(a)))


def _row_by_row(layer: Any, a: Any, order: Any) -> bool:
    before, after = layer(a), layer([a[old] for old in order])
    return all(np.allclose(after[new], before[old]) for new, old in enumerate(order))


def _by_matrix(layer: Any, a: Any, order: Any) -> Any:
    matrix = np.eye(len(a))[order]
    return np.isclose(layer(matrix @ a), matrix @ layer(a)).all()


register(
    Exercise(
        id="4.3",
        title="Does it know the order?",
        difficulty=2,
        minutes=8,
        judge=_judge_law,
        reference=is_equivariant,
        equivalents={
            "back again": _back_again,
            "row by row": _row_by_row,
            "permutation matrix": _by_matrix,
            "0 or 1": lambda layer, a, order: int(is_equivariant(layer, a, order)),
        },
        mistakes=_law,
    )
)


# 4.4 ----------------------------------------------------------------------------------------------

_LEAST = 0.1  # the smallest change that counts as one
_MOST = 100.0  # larger entries would drown b₂ in rounding


def _swapped(*order: int) -> Array:
    """The inputs in another order, positions counted from 1."""
    return pocket.a[[i - 1 for i in order]]


def _with_row(position: int, row: Sequence[float]) -> Array:
    changed = pocket.a.copy()
    changed[position - 1] = row
    return changed


_unseen = {
    m.name: m
    for m in (
        Mistake(
            "nothing changed",
            f"That is the same a; change at least one entry by {_LEAST} or more.",
            pocket.a,
        ),
        Mistake(
            "a₂ moved to another place",
            "You moved a₂, and its output moved with it: row 2 now belongs to another vector.",
            _swapped(1, 3, 2, 4),
        ),
        Mistake(
            "a₂ changed",
            "You changed a₂, so q₂, k₂ and v₂ change and b₂ with them: leave a₂ alone and change others.",
            _with_row(2, (0, 2)),
        ),
        Mistake(
            "one other vector changed",
            "You changed one vector alone, so one key and one value moved and b₂ with them: "
            "let another change make up for it.",
            _with_row(1, (0, -2)),
        ),
        Mistake(
            "every other vector scaled",
            "You multiplied the others, so their keys and values grew and the weights changed: keep the "
            "key-value pairs as they are.",
            pocket.a * np.array([[2], [1], [2], [2]]),
        ),
        Mistake(
            "b₂ for a",
            "That is b₂; the question asks for the changed a, four rows of two numbers.",
            pocket.by_hand.output[1],
        ),
        Mistake(
            "vectors as columns",
            "That holds the vectors as columns; here each row is a position, so give four rows of two.",
            _swapped(3, 2, 1, 4).T,
        ),
    )
}


def _judge_unseen(answer: Any) -> Verdict:
    given = read("your answer", answer, range(5))
    if isinstance(given, Verdict):
        return given
    if given.shape == (2,) and same(given, _STEPS.output[1]):
        return _named(_unseen["b₂ for a"])
    if given.shape == (2, 4):
        return _named(_unseen["vectors as columns"])
    if given.shape != (4, 2):
        return Verdict("wrong", f"Your a has shape {given.shape}; it should have (4, 2), one row a position.")
    moved = np.abs(given - pocket.a).max(axis=1)
    if moved.max() < 1e-9:
        return _named(_unseen["nothing changed"])
    if moved.max() < _LEAST:
        return Verdict("wrong", f"That changes a by less than {_LEAST}: make a change one can see.")
    if np.abs(given).max() > _MOST:
        return Verdict("wrong", f"Keep every entry between {fmt(-_MOST, 0)} and {fmt(_MOST, 0)}.")
    b_2 = self_attention(given, *_EXAMPLE[1:], **_BY_HAND).output[1]
    if np.allclose(b_2, _STEPS.output[1], rtol=0, atol=1e-9):
        return _praise(given)
    return _why_it_moved(given, moved, b_2)


def _praise(given: Array) -> Verdict:
    if _reordered(given):
        return Verdict("right", "b₂ is a sum over pairs of key and value, and a sum has no order.")
    return Verdict("right", "And it is more than a swap: your changes cancel in the sum.")


def _why_it_moved(given: Array, moved: Array, b_2: Array) -> Verdict:
    if moved[1] > 1e-9:
        return _named(_unseen["a₂ moved to another place" if _reordered(given) else "a₂ changed"])
    if (moved > 1e-9).sum() == 1:
        return _named(_unseen["one other vector changed"])
    others, before = np.delete(given, 1, axis=0), np.delete(pocket.a, 1, axis=0)
    factor = (others * before).sum() / (before * before).sum()
    if np.allclose(others, factor * before, rtol=0, atol=1e-9):
        return _named(_unseen["every other vector scaled"])
    return Verdict("wrong", f"b₂ moves from {vector(_STEPS.output[1], 3)} to {vector(b_2, 3)}.")


def _reordered(given: Array) -> bool:
    """The same four vectors, in any order."""
    return sorted(map(tuple, given.tolist())) == sorted(map(tuple, pocket.a.tolist()))


def _one_vector_along_its_line() -> Array:
    """Move a₃ alone so that b₂ stays.

    If v₃ − b₂ grows by the factor t and the power 2^{q₂·k₃} shrinks by it, the sum is as before.
    With q₂ = (0, 1) the score is 2v_x − v_y, so log₂ t + t·s has to be what it is at t = 1.
    """
    b_2 = _STEPS.output[1]
    from_b_2 = _STEPS.v[2] - b_2
    slope = 2 * from_b_2[0] - from_b_2[1]
    low, high = 2.0, 8.0  # log₂ t + t·slope − slope is above 0 at 2, below 0 at 8
    for _ in range(200):
        middle = (low + high) / 2
        above = np.log2(middle) + middle * slope - slope > 0
        low, high = (middle, high) if above else (low, middle)
    return _with_row(3, project(b_2 + low * from_b_2, np.linalg.inv(pocket.w_v)).tolist())


register(
    Exercise(
        id="4.4",
        title="What b₂ cannot see",
        difficulty=2,
        minutes=7,
        judge=_judge_unseen,
        reference=_swapped(3, 2, 1, 4),
        equivalents={
            "list": [[0, -1], [0, 1], [2, 0], [1, 0]],
            "three in a circle": _swapped(4, 2, 1, 3),
            "float32": _swapped(4, 2, 3, 1).astype(np.float32),
            "one vector, not a swap": _one_vector_along_its_line(),
        },
        mistakes=tuple(_unseen.values()),
    )
)
