"""Exercises of chapter 7: counting, cutting into heads, the sum over heads, two jobs, pruning."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from transformer_lib import pocket
from transformer_lib.exercises import pruning
from transformer_lib.exercises.judging import call, judge_function, judge_numbers, read
from transformer_lib.exercises.pruning import contributions, judge_prune, prune, without
from transformer_lib.exercises.registry import Exercise, Mistake, Verdict, register
from transformer_lib.shapes import Array
from transformer_lib.steps import merge_heads, multi_head, self_attention, split_heads
from transformer_lib.style import fmt

# 7.1 ----------------------------------------------------------------------------------------------

_D, _D_HEAD = 768, 64
COUNTS = {
    "w_q of one head": _D_HEAD * _D,
    "whole layer": 4 * _D * _D,
    "with 24 heads": 4 * _D * _D,
    "with biases": 4 * _D * _D + 4 * _D,
}
_COUNT_MISTAKES: dict[str, tuple[str, dict[str, int]]] = {
    "d_head by d_head": (
        "that matrix takes d_head numbers in, but a head reads the whole input: 768 numbers, not its share.",
        {"w_q of one head": _D_HEAD * _D_HEAD},
    ),
    "all heads at once": (
        "that is W^q of all heads stacked; one head makes a query of 64 numbers.",
        {"w_q of one head": _D * _D},
    ),
    "W^O forgotten": (
        "that leaves W^O out, which mixes the 768 numbers of concat into 768.",
        {"whole layer": 3 * _D * _D, "with 24 heads": 3 * _D * _D, "with biases": 3 * _D * _D + 3 * _D},
    ),
    "one head's three": (
        "that is one head's three matrices; count all twelve heads, and W^O.",
        {"whole layer": 3 * _D_HEAD * _D},
    ),
    "every head as wide as the input": (
        "that gives every head a width of 768; the heads share it, so d_head = 64.",
        {"whole layer": 12 * 3 * _D * _D + _D * 12 * _D},
    ),
    "W^O of one head's width": (
        "that W^O reads 64 numbers; it reads concat, all heads' outputs end to end.",
        {"whole layer": 3 * _D * _D + _D_HEAD * _D},
    ),
    "more heads, more weights": (
        "that doubles with the heads; but each is half as wide, so what do 24 of them hold together?",
        {"with 24 heads": 8 * _D * _D, "with biases": 8 * _D * _D + 4 * _D},
    ),
    "24 heads, half the weights": (
        "that halves the width of a head and forgets that there are twice as many.",
        {"with 24 heads": 2 * _D * _D},
    ),
    "one bias a matrix": (
        "that adds one number for each matrix; a bias has one for each number that comes out.",
        {"with biases": 4 * _D * _D + 4},
    ),
    "bias of W^O forgotten": (
        "that gives biases to query, key and value alone; here W^O has one as well.",
        {"with biases": 4 * _D * _D + 3 * _D},
    ),
    "biases of one head": (
        "that counts biases of 64 numbers; over all heads a query has 768 numbers, so its bias too.",
        {"with biases": 4 * _D * _D + 4 * _D_HEAD},
    ),
    "biases left out": (
        "that is the count without biases; add one for each number that comes out of a matrix.",
        {"with biases": 4 * _D * _D},
    ),
}


def _judge_counts(answer: Any) -> Verdict:
    if isinstance(answer, list | tuple) and len(answer) == len(COUNTS):
        answer = dict(zip(COUNTS, answer, strict=True))
    if not isinstance(answer, Mapping) or not any(name in answer for name in COUNTS):
        return Verdict(
            "wrong", "Keep the dictionary `counts` and its names, and replace each ... by a number."
        )
    given = {name: answer.get(name, ...) for name in COUNTS}
    if all(value is ... or value is None for value in given.values()):
        return Verdict("not tried yet", "Replace each ... by a number and run the cell again.")
    for name, value in given.items():
        verdict = _judge_count(name, value)
        if verdict is not None:
            return verdict
    return Verdict("right", "Heads share the width, so their number does not change the count.")


def _judge_count(name: str, value: Any) -> Verdict | None:
    if value is ... or value is None:
        return Verdict("wrong", f"`{name}` has no number yet: replace its ... by one.")
    given = read(f"`{name}`", value, 0)
    if isinstance(given, Verdict):
        return given
    count = float(given)
    if count == COUNTS[name]:
        return None
    for mistake, (sentence, counts) in _COUNT_MISTAKES.items():
        if counts.get(name) == count:
            return Verdict("wrong", f"`{name}`: {sentence}", mistake)
    return Verdict("wrong", f"`{name}` is off: write rows times columns for each matrix, then add up.")


register(
    Exercise(
        id="7.1",
        title="Count the weights",
        difficulty=1,
        minutes=6,
        judge=_judge_counts,
        reference=COUNTS,
        equivalents={
            "list": list(COUNTS.values()),
            "tuple of floats": tuple(map(float, COUNTS.values())),
            "NumPy integers": {name: np.int64(count) for name, count in COUNTS.items()},
            "fractions": {name: Fraction(count) for name, count in COUNTS.items()},
        },
        mistakes=tuple(
            Mistake(name, f"`{entry}`: {sentence}", {**COUNTS, entry: count})
            for name, (sentence, counts) in _COUNT_MISTAKES.items()
            for entry, count in counts.items()
        ),
    )
)


# 7.2 ----------------------------------------------------------------------------------------------

_QUERIES = np.hstack([pocket.arrays(head.q) for head in (pocket.by_hand, pocket.head_2)])  # (4, 2 · 2)
_rng = np.random.default_rng(7)
_X = tuple(
    _rng.permutation(n * width).reshape(n, width).astype(float) for n, width in ((5, 6), (4, 12), (3, 5))
)
_SPLIT_CASES = ((_QUERIES, 2), (_X[0], 3), (_X[1], 2), (_X[2], 1))  # N, n_heads and d_head differ
_MERGE_CASES = tuple((split_heads(*case),) for case in _SPLIT_CASES)


def _cut(x: Array, n_heads: int) -> Array:
    """(N, d_model) -> (N, n_heads, d_head)."""
    return x.reshape(len(x), n_heads, -1)


_split = (
    Mistake(
        "split: scrambled",
        "split: that is reshape alone: the shape is right, but each head gets some positions whole, not its "
        "share of every position; cut the rows first, then swap axes.",
        lambda x, n_heads: x.reshape(n_heads, len(x), -1),
    ),
    Mistake(
        "split: heads left in the middle",
        "split: that is cut rightly, with shape (N, n_heads, d_head); now bring the heads to the front.",
        _cut,
    ),
    Mistake(
        "split: every h-th entry",
        "split: that deals the entries out to the heads in turn; a head takes d_head neighbours.",
        lambda x, n_heads: x.reshape(len(x), -1, n_heads).transpose(2, 0, 1),
    ),
    Mistake(
        "split: cut along the positions",
        "split: that gives each head a part of the positions; each head needs all of them, and a part of the "
        "width.",
        lambda x, n_heads: x.reshape(n_heads, -1, x.shape[1]),
    ),
    Mistake(
        "split: positions last",
        "split: that turns every head over, to (n_heads, d_head, N); swap the first two axes alone.",
        lambda x, n_heads: _cut(x, n_heads).transpose(1, 2, 0),
    ),
    Mistake(
        "split: n_heads and d_head mixed up",
        "split: that makes heads of width n_heads; there are n_heads of them, each d_model / n_heads wide.",
        lambda x, n_heads: x.reshape(len(x), -1, n_heads).swapaxes(0, 1),
    ),
)
_merge = (
    Mistake(
        "merge: scrambled",
        "merge: that is reshape alone: a row now holds several positions of one head; swap the axes first.",
        lambda x: x.reshape(x.shape[1], -1),
    ),
    Mistake(
        "merge: heads added",
        "merge: that adds the heads up; concat keeps them, end to end.",
        lambda x: x.sum(axis=0),
    ),
    Mistake(
        "merge: one below the other",
        "merge: that sets the heads one below the other; a position's row holds all heads, side by side.",
        lambda x: x.reshape(-1, x.shape[-1]),
    ),
    Mistake(
        "merge: entries in turn",
        "merge: that takes one entry of each head in turn; a head's entries stay neighbours.",
        lambda x: x.transpose(1, 2, 0).reshape(x.shape[1], -1),
    ),
    Mistake(
        "merge: not flattened",
        "merge: the axes are right, (N, n_heads, d_head); now make one row of each position.",
        lambda x: x.swapaxes(0, 1),
    ),
)
_judge_split = judge_function(split_heads, _SPLIT_CASES, "split is right.", _split, first_fault_decides=True)
_judge_merge = judge_function(merge_heads, _MERGE_CASES, "merge is right.", _merge, first_fault_decides=True)


def _judge_pair(answer: Any) -> Verdict:
    if not isinstance(answer, list | tuple) or len(answer) != 2:
        return Verdict("wrong", "Give both functions, as [split, merge].")
    verdicts = [
        Verdict("not tried yet", "") if one is None or one is ... else judge(one)
        for one, judge in zip(answer, (_judge_split, _judge_merge), strict=True)
    ]
    if all(verdict.status == "not tried yet" for verdict in verdicts):
        return Verdict("not tried yet", "Replace the ... of both functions and run the cell again.")
    for name, verdict in zip(("split", "merge"), verdicts, strict=True):
        if verdict.mistake is not None:
            return verdict
        if verdict.status == "not tried yet":
            return Verdict("wrong", f"{name} is not written yet: replace its ... too.")
        if verdict.status == "wrong":
            return Verdict("wrong", f"{name}: {verdict.sentence}")
    return Verdict("right", "Each head gets its share of every position, and merge gives concat back.")


register(
    Exercise(
        id="7.2",
        title="Split and merge",
        difficulty=2,
        minutes=8,
        judge=_judge_pair,
        reference=[split_heads, merge_heads],
        equivalents={
            "np.split and np.concatenate": (
                lambda x, n_heads: np.stack(np.split(x, n_heads, axis=1)),
                lambda x: np.concatenate(list(x), axis=1),
            ),
            "transpose": [
                lambda x, n_heads: _cut(x, n_heads).transpose(1, 0, 2),
                lambda x: x.transpose(1, 0, 2).reshape(x.shape[1], -1),
            ],
            "lists": [lambda x, n: split_heads(x, n).tolist(), lambda x: merge_heads(x).tolist()],
            "float32": [lambda x, n: split_heads(x, n).astype(np.float32), lambda x: np.hstack(list(x))],
        },
        mistakes=(
            *(Mistake(one.name, one.sentence, [one.answer, merge_heads]) for one in _split),
            *(Mistake(one.name, one.sentence, [split_heads, one.answer]) for one in _merge),
        ),
    )
)


# 7.3 ----------------------------------------------------------------------------------------------

_BOTH = np.array([pocket.arrays(head.output) for head in (pocket.by_hand, pocket.head_2)])  # (2, 4, 2)
_SUM_CASES = (
    (_BOTH, np.array([[1.0, 2, 0, -1], [3, 0, 1, 2]])),  # d_v = d_out, so that a missing transpose runs
    (_rng.normal(size=(2, 5, 3)).round(2), _rng.normal(size=(6, 6)).round(2)),  # W^O square, so that rows do
    (_rng.normal(size=(3, 5, 2)).round(2), _rng.normal(size=(4, 6)).round(2)),
)


def _concat(outputs: Any) -> Array:
    return np.concatenate(list(outputs), axis=-1)


def _in_turn(outputs: Any, w_o: Any) -> Array:
    return np.array([b @ w_o[:, m :: len(outputs)].T for m, b in enumerate(outputs)])


def _by_rows(outputs: Any, w_o: Any) -> Array:
    return np.array([b @ part for b, part in zip(outputs, np.split(w_o, len(outputs)), strict=True)])


def _reshaped(outputs: Any, w_o: Any) -> Array:
    parts = w_o.reshape(len(outputs), len(w_o), -1)
    return np.array([b @ part.T for b, part in zip(outputs, parts, strict=True)])


def _split_by_rows(outputs: Any, w_o: Any) -> list[Array]:
    """Raise an error on every case: these parts are as wide as concat, not as one head's output."""
    return [b @ part.T for b, part in zip(outputs, np.split(w_o, len(outputs)), strict=True)]


def _untransposed(outputs: Any, w_o: Any) -> Array:
    parts = np.split(w_o, len(outputs), axis=1)
    return np.array([b @ part for b, part in zip(outputs, parts, strict=True)])


_sum = (
    Mistake(
        "already added up",
        "That is the sum, the layer's output; give the heads' parts of it one by one.",
        lambda outputs, w_o: _concat(outputs) @ w_o.T,
    ),
    Mistake(
        "rows of W^O",
        "That gives a head some rows of W^O; concat meets its columns, and np.split cuts rows unless you say "
        "axis=1.",
        _by_rows,
    ),
    Mistake(
        "reshape alone",
        "That is reshape alone, on W^O: it deals the numbers out row by row, so cut by columns.",
        _reshaped,
    ),
    Mistake(
        "reshape alone, other sizes",
        "That is reshape alone, on W^O, into tables that are turned over: cut W^O by columns, then take "
        "each part's transpose.",
        lambda outputs, w_o: outputs @ w_o.reshape(len(outputs), -1, len(w_o)),
    ),
    Mistake(
        "part not transposed",
        "You cut W^O rightly and forgot the transpose: in rows, W b becomes b @ W.T.",
        _untransposed,
    ),
    Mistake(
        "every h-th column",
        "That deals the columns out in turn; concat sets the heads end to end, so take d_v neighbours.",
        _in_turn,
    ),
    Mistake(
        "parts in the wrong order",
        "That gives the first head the last columns: head 1 stands first in concat.",
        lambda outputs, w_o: contributions(outputs[::-1], w_o)[::-1],
    ),
    Mistake(
        "equal shares",
        "That divides the output by the number of heads; each head adds what its own columns make of it.",
        lambda outputs, w_o: np.array([_concat(outputs) @ w_o.T / len(outputs)] * len(outputs)),
    ),
    Mistake(
        "without W^O",
        "Those are the heads' outputs before W^O.",
        lambda outputs, w_o: outputs,
    ),
)


_too_wide = Mistake(
    "np.split without axis=1",
    "Your part of W^O is as wide as concat, too wide for one head: cut the columns, and np.split cuts rows "
    "unless you say axis=1.",
    _split_by_rows,
)
_judge_sum = judge_function(
    contributions, _SUM_CASES, "Added up they are W^O times concat, as Proposition 7.2 says.", _sum
)


def _judge_contributions(answer: Any) -> Verdict:
    verdict = _judge_sum(answer)
    if verdict == call(_split_by_rows, *_SUM_CASES[0])[1]:  # the same product that does not fit
        return Verdict("wrong", _too_wide.sentence, _too_wide.name)
    return verdict


def _padded(outputs: Any, w_o: Any) -> list[Array]:
    """Switch all heads off but one, and run the whole layer."""
    found = []
    for m in range(len(outputs)):
        kept = [b if i == m else 0 * b for i, b in enumerate(outputs)]
        found.append(_concat(kept) @ w_o.T)
    return found


register(
    Exercise(
        id="7.3",
        title="What each head adds",
        difficulty=2,
        minutes=8,
        judge=_judge_contributions,
        reference=contributions,
        equivalents={
            "one head on at a time": _padded,
            "einsum": lambda outputs, w_o: np.einsum(
                "hnd,ohd->hno", outputs, w_o.reshape(len(w_o), len(outputs), -1)
            ),
            "list": lambda outputs, w_o: contributions(outputs, w_o).tolist(),
            "float32": lambda outputs, w_o: contributions(outputs, w_o).astype(np.float32),
        },
        mistakes=(*_sum, _too_wide),
    )
)


# 7.4 ----------------------------------------------------------------------------------------------

_N = 5
_ENOUGH, _LARGEST = 0.9, 1000.0
_ONE_HOT = np.eye(_N)
_WANTED = ("previous", [0, 1, 2, 3]), ("first", [0, 0, 0, 0])  # the key that positions 2 to 5 want


def _previous(strength: float) -> Array:
    """Column i is the query of position i: its entry stands at i − 1."""
    return strength * np.eye(_N, k=1)


def _first(strength: float) -> Array:
    w_q = np.zeros((_N, _N))
    w_q[0] = strength
    return w_q


def _rows(w_q: Array, scaled: bool = True) -> Array:
    """The weights of positions 2 to 5, with W^k the identity."""
    return self_attention(_ONE_HOT, w_q, _ONE_HOT, _ONE_HOT, scaled=scaled).weights[1:]


def _gives(rows: Array, keys: Sequence[int]) -> Array:
    """What each of positions 2 to 5 gives to the key it should find."""
    return rows[range(_N - 1), keys]


_jobs = {
    m.name: m
    for m in (
        Mistake(
            "W^q transposed",
            "That W^q is turned over: the query of position i is column i, and its entry j is the score with "
            "position j.",
            (_previous(10).T, _first(10), 0.5),
        ),
        Mistake(
            "heads in the other order",
            "Those are the right two heads in the other order: head 1 finds the previous position.",
            (_first(10), _previous(10), 0.5),
        ),
        Mistake(
            "scale forgotten",
            "Without the scale that would do; the scores are divided by √5 here, so make the entries larger.",
            (_previous(7), _first(7), 0.5),
        ),
        Mistake(
            "scores too small",
            "The right positions lead, with less than 0.9: the softmax leaves the others a share, so make "
            "the entries larger.",
            (_previous(1), _first(1), 0.5),
        ),
        Mistake(
            "both jobs in one head",
            "That head divides its weight between the previous and the first position: give each job a head "
            "of its own.",
            (_previous(10) + _first(10), _previous(10) + _first(10), 0.5),
        ),
        Mistake(
            "looks at itself",
            "In that head each position finds itself: move the entries by one place.",
            (10 * _ONE_HOT, _first(10), 0.5),
        ),
    )
}
_judge_most = judge_numbers(
    0.5,
    "Two heads do both jobs, and one head alone must share.",
    _most := (
        Mistake("most: 0.9 each", "`most`: 0.9 and 0.9 are more than one row has to give away.", 0.9),
        Mistake("most: 1 each", "`most`: a row gives away 1 in all, and two positions want of it.", 1),
        Mistake(
            "most: a fifth",
            "`most`: that is the share if all five get the same; a row need give the other three nothing "
            "to speak of.",
            0.2,
        ),
    ),
)


def _judge_jobs(answer: Any) -> Verdict:
    if not isinstance(answer, list | tuple) or len(answer) != 3:
        return Verdict("wrong", "Give three things: (w_q_1, w_q_2, most).")
    if all(one is None or one is ... for one in answer):
        return Verdict("not tried yet", "Replace each ... by your answer and run the cell again.")
    found = []
    for m, value in enumerate(answer[:2], start=1):
        w_q = _read_w_q(f"`w_q_{m}`", value)
        if isinstance(w_q, Verdict):
            return w_q
        found.append(w_q)
    for m, w_q in enumerate(found):
        name, keys = _WANTED[m]
        if _gives(_rows(w_q), keys).min() < _ENOUGH:
            return _why_not(m, name, keys, found)
    if answer[2] is None or answer[2] is ...:
        return Verdict("wrong", "Both heads do their jobs; now `most`: replace its ... by a number.")
    return _judge_most(answer[2])


def _read_w_q(name: str, value: Any) -> Array | Verdict:
    if value is None or value is ...:
        return Verdict("wrong", f"{name} is not there yet: replace its ... by a matrix of 5 by 5.")
    w_q = read(name, value, (1, 2, 3))
    if isinstance(w_q, Verdict):
        return w_q
    if w_q.shape != (_N, _N):
        return Verdict("wrong", f"{name} has shape {w_q.shape}; it should have (5, 5), rows first.")
    if np.abs(w_q).max() > _LARGEST:
        return Verdict("wrong", f"{name}: keep its entries between −1000 and 1000; far less will do.")
    return w_q


def _why_not(m: int, name: str, keys: Sequence[int], found: Sequence[Array]) -> Verdict:
    rows = _rows(found[m])
    mistake = _wrong_job(m, keys, found, rows)
    if mistake is not None:
        return Verdict("wrong", _jobs[mistake].sentence, mistake)
    least = int(np.argmin(_gives(rows, keys)))
    return Verdict(
        "wrong",
        f"In head {m + 1} position {least + 2} gives {fmt(_gives(rows, keys)[least], 3)} to the {name} "
        "position, and 0.9 is asked for.",
    )


def _wrong_job(m: int, keys: Sequence[int], found: Sequence[Array], rows: Array) -> str | None:
    w_q, other = found[m], _WANTED[1 - m][1]
    if _gives(_rows(w_q.T), keys).min() >= _ENOUGH:
        return "W^q transposed"
    if _gives(rows, other).min() >= _ENOUGH and _gives(_rows(found[1 - m]), keys).min() >= _ENOUGH:
        return "heads in the other order"
    if _gives(_rows(w_q, scaled=False), keys).min() >= _ENOUGH:
        return "scale forgotten"
    if np.isclose(_gives(rows, keys), rows.max(axis=1)).all():  # the right key leads, alone or not
        alone = (np.isclose(rows, rows.max(axis=1, keepdims=True)).sum(axis=1) == 1).all()
        return "scores too small" if alone else _shared(rows)
    return "looks at itself" if (rows.argmax(axis=1) == np.arange(1, _N)).all() else None


def _shared(rows: Array) -> str | None:
    """Positions 3 to 5 give the most of their weight to two keys, the previous and the first."""
    both = (_gives(rows, keys)[1:].min() > 1 / 3 for _, keys in _WANTED)
    return "both jobs in one head" if all(both) else None


register(
    Exercise(
        id="7.4",
        title="Two jobs, two heads",
        difficulty=2,
        minutes=10,
        judge=_judge_jobs,
        reference=(_previous(10), _first(10), 0.5),
        equivalents={
            "lists, and a fraction as text": (_previous(12).tolist(), _first(9).tolist(), "1/2"),
            "float32": (_previous(20).astype(np.float32), _first(20).astype(np.float32), np.float32(0.5)),
            "others pushed down": [_previous(30) - 15, _first(30) - 15, Fraction(1, 2)],
            "position 1 as it likes": (_previous(10), _first(10) * [0, 1, 1, 1, 1], 0.5),
        },
        mistakes=(
            *_jobs.values(),
            *(Mistake(m.name, m.sentence, (_previous(10), _first(10), m.answer)) for m in _most),
        ),
    )
)


# 7.5 ----------------------------------------------------------------------------------------------


def _prune_by_switching_off(a: Any, heads: Any, w_o: Any) -> tuple[list[Any], Array]:
    """Run the layer without each head, and keep the best."""
    whole = multi_head(a, heads, w_o).output
    layers = [without(heads, w_o, m) for m in range(len(heads))]
    best = min(layers, key=lambda layer: float(np.linalg.norm(multi_head(a, *layer).output - whole)))
    return list(best.heads), best.w_o


def _prune_in_another_order(a: Any, heads: Any, w_o: Any) -> tuple[tuple[Any, ...], Array]:
    kept, w_o = prune(a, heads, w_o)
    parts = np.split(w_o, len(kept), axis=1)
    return tuple(kept[::-1]), np.hstack(parts[::-1])


register(
    Exercise(
        id="7.5",
        title="Prune a head",
        difficulty=3,
        minutes=15,
        judge=judge_prune,
        reference=prune,
        equivalents={
            "by switching off": _prune_by_switching_off,
            "kept heads in another order": _prune_in_another_order,
            "lists": lambda a, heads, w_o: [
                [[w.tolist() for w in head] for head in prune(a, heads, w_o).heads],
                prune(a, heads, w_o).w_o.tolist(),
            ],
        },
        mistakes=pruning.MISTAKES,
    )
)
