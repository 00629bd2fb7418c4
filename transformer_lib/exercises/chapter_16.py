"""Exercises of chapter 16: heads set by hand, one map with two outputs, induction, circuits."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from transformer_lib import pocket
from transformer_lib.exercises.judging import call, judge_function, judge_numbers, read, same
from transformer_lib.exercises.registry import Exercise, Mistake, Verdict, register
from transformer_lib.shapes import Array
from transformer_lib.steps import attention, causal, softmax

_LETTERS, _PLACES = 3, 6
_ALPHABET = "act"
_HEADS_TEXTS = ("^catca", "^aacta", "^ttatc")
_FORM = "one row for each entry of q, nine columns"

_LETTER = np.eye(3, 9)
_PLACE = np.eye(6, 9, 3)
_ANYWHERE = _PLACE.sum(axis=0, keepdims=True)


def _letters(text: str) -> Array:
    return np.array([[float(one == known) for known in _ALPHABET] for one in text])


def _rows(text: str) -> Array:
    """Letter | place of each position."""
    return np.hstack([_letters(text), np.eye(_PLACES)])


def _weights(x: Array, w_q: Array, w_k: Array) -> Array:
    q, k = x @ w_q.T, x @ w_k.T
    return attention(q, k, np.ones((len(x), 1)), causal(len(x)), scaled=False, base=2).weights


def _matrix(name: str, answer: Any) -> Array | Verdict:
    """Read a weight matrix; what its rows are differs from matrix to matrix."""
    table = read(name, answer, range(5))
    if isinstance(table, Verdict) or table.ndim == 2:
        return table
    what = {0: "is one number", 1: "is one list of numbers"}.get(table.ndim, f"has shape {table.shape}")
    return Verdict("wrong", f"{name} {what}: give a list of rows.")


# 16.1 ---------------------------------------------------------------------------------------------

Pair = tuple[Any, Any]


def _wanted(kind: str, text: str) -> Array:
    """Say which keys each row must look at, as shares that sum to 1."""
    n = len(text)
    if kind == "first":
        table = np.eye(1, n).repeat(n, axis=0)
    elif kind == "previous":
        table = np.eye(n, k=-1)
        table[0, 0] = 1
    else:
        table = np.array([[text[j] == text[i] and j <= i for j in range(n)] for i in range(n)]) * 1.0
    return table / table.sum(axis=1, keepdims=True)


_PREVIOUS = (10 * np.eye(6, k=1) @ _PLACE, _PLACE)
_FIRST = (10 * _ANYWHERE, _PLACE[:1])
_SAME = (10 * _LETTER, _LETTER)


def _gallery(**changed: Any) -> dict[str, Any]:
    return {"previous": _PREVIOUS, "first": _FIRST, "same": _SAME} | changed


_heads = (
    Mistake(
        "first, not sharp",
        "In 'first' place 1 is looked at most, but too little: multiply W^q by the sharpness, 10.",
        _gallery(first=(_ANYWHERE, _PLACE[:1])),
    ),
    Mistake(
        "same, not sharp",
        "In 'same' the right places are looked at most, but too little: multiply W^q by the sharpness, 10.",
        _gallery(same=(_LETTER, _LETTER)),
    ),
    Mistake(
        "first is uniform",
        "In 'first' most rows look at all places alike: every position must ask, and place 1 alone answer.",
        _gallery(first=(10 * _PLACE[:1], _PLACE[:1])),
    ),
    Mistake(
        "first asks for itself",
        "In 'first' each position asks for its own place: the query must be the same everywhere.",
        _gallery(first=(10 * _PLACE, _PLACE)),
    ),
    Mistake(
        "same place, not same letter",
        "In 'same' each position finds itself alone: match letters, not places.",
        _gallery(same=(10 * _PLACE, _PLACE)),
    ),
    Mistake(
        "letter and place matched",
        "In 'same' a position prefers itself, because its place matches too: leave the places out.",
        _gallery(same=(10 * np.eye(9), np.eye(9))),
    ),
    Mistake(
        "other letters looked at",
        "In 'same' the head looks away from its own letter: a match must score above 0.",
        _gallery(same=(-10 * _LETTER, _LETTER)),
    ),
    Mistake(
        "one pair for all",
        "That gives 'previous' three times: the other two ask other questions.",
        _gallery(first=_PREVIOUS, same=_PREVIOUS),
    ),
)


def _judge_heads(answer: Any) -> Verdict:
    if not isinstance(answer, dict) or set(answer) != {"previous", "first", "same"}:
        return Verdict("wrong", "Give a dictionary with a pair for 'previous', 'first' and 'same'.")
    if any(pair is ... or pair is None for pair in answer.values()):
        return Verdict("not tried yet", "Replace each ... with a pair (W^q, W^k) and run the cell again.")
    maps = {}
    for kind, pair in answer.items():
        given = _maps(kind, pair)
        if isinstance(given, Verdict):
            return given
        maps[kind] = given
    right = {kind: [_wanted(kind, text) for text in _HEADS_TEXTS] for kind in maps}
    if all(_near(maps[kind], right[kind]) for kind in maps):
        return Verdict(
            "right", "Each head asks one question, and a score of 10 makes the answer nearly hard."
        )
    for mistake, wrong in _KNOWN:
        if all(_near(maps[kind], wrong[kind], 1e-6) for kind in maps):
            return Verdict("wrong", mistake.sentence, mistake.name)
    return _first_off(maps, right)


def _maps(kind: str, pair: Any) -> list[Array] | Verdict:
    """Run one pair on every text: its maps, or the verdict that says why it cannot be run."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        return Verdict("wrong", f"For {kind!r} give a pair of matrices, (W^q, W^k).")
    matrices = []
    for name, matrix in zip(("W^q", "W^k"), pair, strict=True):
        table = _matrix(f"{name} of {kind!r}", matrix)
        if isinstance(table, Verdict):
            return table
        if table.shape[1] != _LETTERS + _PLACES:
            return Verdict("wrong", f"{name} of {kind!r} has shape {table.shape}; it needs {_FORM}.")
        matrices.append(np.clip(table, -1e6, 1e6))
    w_q, w_k = matrices
    if len(w_q) != len(w_k):
        return Verdict(
            "wrong",
            f"In {kind!r} q has {len(w_q)} entries and k has {len(w_k)}: give both matrices as many rows.",
        )
    return [_weights(_rows(text), w_q, w_k) for text in _HEADS_TEXTS]


def _near(maps: Sequence[Array], wanted: Sequence[Array], tolerance: float = 0.03) -> bool:
    return all(
        np.allclose(one, other, rtol=0, atol=tolerance) for one, other in zip(maps, wanted, strict=True)
    )


def _blunt(given: Array, wanted: Array) -> bool:
    """True if each row looks most at the right places, and at all of these alike."""
    inside = np.where(wanted > 0, given, np.nan)
    least, most = np.nanmin(inside, axis=1), np.nanmax(inside, axis=1)
    outside = np.where(wanted > 0, 0, given).max(axis=1)
    return bool((least > outside + 1e-9).all() and np.allclose(least, most, rtol=0, atol=1e-6))


def _first_off(maps: dict[str, list[Array]], right: dict[str, list[Array]]) -> Verdict:
    for kind, tables in maps.items():
        if not _near(tables, right[kind]) and all(map(_blunt, tables, right[kind])):
            return Verdict("wrong", f"In {kind!r} the right places get most, but too little: sharpen W^q.")
        for text, given, wanted in zip(_HEADS_TEXTS, tables, right[kind], strict=True):
            off = np.argwhere(abs(given - wanted) > 0.03)
            if len(off):
                i, j = (int(at) for at in off[0])
                return Verdict(
                    "wrong",
                    f"In {kind!r}, row {i + 1} of {text} gives place {j + 1} the weight {given[i, j]:.3f}, "
                    f"and it should be near {wanted[i, j]:.2f}.",
                )
    raise AssertionError("no row is off")


def _known() -> list[tuple[Mistake, dict[str, list[Array]]]]:
    """Run every known mistake once."""
    return [
        (
            mistake,
            {
                kind: [_weights(_rows(text), *pair) for text in _HEADS_TEXTS]
                for kind, pair in mistake.answer.items()
            },
        )
        for mistake in _heads
    ]


_KNOWN = _known()
_TURN = np.array([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]])  # turns q and k alike

register(
    Exercise(
        id="16.1",
        title="Three heads",
        difficulty=2,
        minutes=15,
        judge=_judge_heads,
        reference=_gallery(),
        equivalents={
            "lists": {kind: [w.tolist() for w in pair] for kind, pair in _gallery().items()},
            "twice as sharp": {kind: (2 * w_q, w_k) for kind, (w_q, w_k) in _gallery().items()},
            "the sharpness in the key": {
                kind: (w_q / 10, 10 * w_k) for kind, (w_q, w_k) in _gallery().items()
            },
            "the same heads, turned": _gallery(same=(10 * _TURN @ _LETTER, _TURN @ _LETTER)),
            "first, by having no letter": _gallery(
                first=(10 * _ANYWHERE, -_LETTER.sum(axis=0, keepdims=True))
            ),
            "float32": {kind: tuple(w.astype(np.float32) for w in pair) for kind, pair in _gallery().items()},
        },
        mistakes=_heads,
    )
)


# 16.2 ---------------------------------------------------------------------------------------------

_ROW = pocket.arrays(pocket.by_hand.weights)[0]
_MIXTURE = _ROW @ pocket.a  # (0.2, 0.75), of the inputs
_GOAL = np.array([1.0, 0.0])
_B_1 = pocket.arrays(pocket.by_hand.output)[0]


class _Trap(NamedTuple):
    """A wrong matrix, and what tells one of its kind."""

    mistake: Mistake
    tells: Callable[[Array], bool]


def _sends(vector: Any, goal: Any = _GOAL) -> Callable[[Array], bool]:
    return lambda w: same(w @ np.asarray(vector), goal)


_other_output = (
    _Trap(
        Mistake(
            "the same W^v",
            "That is the W^v of the pocket example, with which b₁ stays (0.2, 1.7).",
            pocket.w_v,
        ),
        lambda w: same(w, pocket.w_v),
    ),
    _Trap(
        Mistake("nothing moved", "That moves nothing at all: b₁ is (0, 0).", np.zeros((2, 2))),
        lambda w: not w.any(),
    ),
    _Trap(
        Mistake(
            "transposed",
            "Its transpose would do: row 1 of W^v makes entry 1 of the output.",
            [[5, 3], [0, -0.8]],
        ),
        lambda w: same(w.T @ _MIXTURE, _GOAL),
    ),
    _Trap(
        Mistake(
            "entries swapped",
            "That gives (0, 1): the two rows are swapped.",
            [[0, 0], [5, 0]],
        ),
        _sends(_MIXTURE, [0, 1]),
    ),
    _Trap(
        Mistake(
            "b₁ for the inputs",
            "That sends the old b₁ to (1, 0); W^v is applied to the inputs, so it meets their mixture.",
            [[0, "10/17"], [0, 0]],
        ),
        _sends(_B_1),
    ),
    _Trap(
        Mistake(
            "a₁ alone",
            "That sends a₁ to (1, 0); row 1 gives a₁ only 1/20 of the weight: mix the inputs first.",
            [[0, -1], [0, 0]],
        ),
        _sends(pocket.a[0]),
    ),
    _Trap(
        Mistake(
            "a₂ alone",
            "That sends a₂ to (1, 0); row 1 gives a₂ only 16/20 of the weight: mix the inputs first.",
            [[0, 1], [0, 0]],
        ),
        _sends(pocket.a[1]),
    ),
    _Trap(
        Mistake(
            "mixed without weights",
            "That sends the plain sum of the inputs to (1, 0); weigh them by row 1 first.",
            [["1/3", 0], [0, 0]],
        ),
        _sends(pocket.a.sum(axis=0)),
    ),
)


def _judge_output(answer: Any) -> Verdict:
    w = _matrix("W^v", _plain(answer))
    if isinstance(w, Verdict):
        return w
    if w.shape != (2, 2):
        return Verdict("wrong", f"W^v has shape {w.shape}; give two rows of two numbers.")
    if _sends(_MIXTURE)(w):
        return Verdict("right", "The map is the one you know, and what comes out is another vector.")
    for mistake, tells in _other_output:
        if tells(w):
            return Verdict("wrong", mistake.sentence, mistake.name)
    if same(w @ _MIXTURE, _GOAL, 0.01):
        return Verdict("wrong", "Nearly: rounded numbers miss (1, 0), so write fractions like '4/3'.")
    got = ", ".join(f"{x:.3g}" for x in w @ _MIXTURE)
    return Verdict("wrong", f"With this W^v b₁ is ({got}), not (1, 0).")


def _plain(answer: Any) -> Any:
    """Fractions written as text become numbers; all else stays as it is."""
    if isinstance(answer, list | tuple):
        return [_plain(entry) for entry in answer]
    if isinstance(answer, str):
        try:
            above, _, below = answer.replace("−", "-").partition("/")
            return float(above) / float(below or 1)
        except (ValueError, ZeroDivisionError):
            return answer
    return answer


register(
    Exercise(
        id="16.2",
        title="Same map, other output",
        difficulty=2,
        minutes=10,
        judge=_judge_output,
        reference=[[5, 0], [0, 0]],
        equivalents={
            "through the second entry": [[0, "4/3"], [0, 0]],
            "both entries": np.array([[2, 0.8], [7.5, -2]]),
            "a full one": [[1.25, 1], [-3, 0.8]],
            "float32": np.array([[5, 0], [0, 0]], dtype=np.float32),
        },
        mistakes=tuple(trap.mistake for trap in _other_output),
    )
)


# 16.3 ---------------------------------------------------------------------------------------------

_SHARES = np.array([8, 4, 3, 1]) / 16
_VALUES = np.array([[0, 0], [1, 0], [0, -4], [3, 4]])
_LONG = np.linalg.norm(_VALUES, axis=1)
_TERMS = _SHARES * _LONG
_terms = (
    Mistake(
        "the weights",
        "Those are the weights; multiply each by the length of its value.",
        _SHARES,
    ),
    Mistake("the lengths", "Those are the lengths of the values; multiply each by its weight.", _LONG),
    Mistake(
        "entries added up",
        "That adds up the entries of each value; the length of (3, 4) is 5, the root of 9 + 16.",
        _SHARES * _VALUES.sum(axis=1),
    ),
    Mistake(
        "sizes added up",
        "That adds up the sizes of the entries; the length of (3, 4) is 5, the root of 9 + 16.",
        _SHARES * abs(_VALUES).sum(axis=1),
    ),
    Mistake(
        "no root",
        "That leaves out the square root: the length of (3, 4) is 5, not 25.",
        _SHARES * _LONG**2,
    ),
    Mistake(
        "shares of the sum",
        "Those are shares of the sum of all lengths; asked are the lengths themselves.",
        _TERMS / _TERMS.sum(),
    ),
    Mistake(
        "a minus sign",
        "A length is never below 0: (0, −4) is 4 long.",
        _TERMS * [1, 1, -1, 1],
    ),
    Mistake(
        "places in the order",
        "Those are the places in the order; give the four lengths.",
        [4, 3, 1, 2],
    ),
)
register(
    Exercise(
        id="16.3",
        title="What adds most",
        difficulty=1,
        minutes=5,
        judge=judge_numbers(_TERMS, "The largest weight adds nothing, and the third adds most.", _terms),
        reference=[0, "1/4", "3/4", "5/16"],
        equivalents={
            "floats": [0.0, 0.25, 0.75, 0.3125],
            "array": _TERMS,
            "float32": _TERMS.astype(np.float32),
        },
        mistakes=_terms,
    )
)


# 16.4 ---------------------------------------------------------------------------------------------

_TEXTS = {
    "^catca": {5: "a", 6: "t"},
    "^tacta": {5: "a", 6: "c"},
    "^acatc": {4: "c", 6: "a"},
    "^aacat": {3: "a"},
}
_NAMES = (("W^O", (12, 3)), ("W^q", (None, 12)), ("W^k", (None, 12)), ("W^v", (3, 12)))
_LETTER_OF, _PLACE_OF, _SLOT_OF = np.eye(3, 12), np.eye(6, 12, 3), np.eye(3, 12, 9)


def _second_layer(text: str, w_o: Array, w_q: Array, w_k: Array, w_v: Array) -> Array:
    x = np.hstack([_rows(text), np.zeros((len(text), 3))])
    brought = _weights(_rows(text), *_PREVIOUS) @ _letters(text)
    x = x + brought @ w_o.T
    return _weights(x, w_q, w_k) @ (x @ w_v.T)


_INDUCTION = (_SLOT_OF.T, 10 * _LETTER_OF, _SLOT_OF, _LETTER_OF)
_induction = (
    Mistake(
        "keys by letter",
        "Layer 2 looks for its own letter and brings it back: ask for it in the slots, with W^k.",
        (_SLOT_OF.T, 10 * _LETTER_OF, _LETTER_OF, _LETTER_OF),
    ),
    Mistake(
        "slot brought",
        "Layer 2 looks at the right place and brings its slot, the letter you asked with: take its letter.",
        (_SLOT_OF.T, 10 * _LETTER_OF, _SLOT_OF, _SLOT_OF),
    ),
    Mistake(
        "q and k swapped",
        "Layer 2 asks with its slot and is answered by letters: it must be the other way round.",
        (_SLOT_OF.T, 10 * _SLOT_OF, _LETTER_OF, _LETTER_OF),
    ),
    Mistake(
        "slot stays empty",
        "Nothing is written into the slot, so no key answers: W^O must write there.",
        (np.zeros((12, 3)), 10 * _LETTER_OF, _SLOT_OF, _LETTER_OF),
    ),
    Mistake(
        "written over the letter",
        "W^O writes the letter before over the letter itself, and both are lost: write into the slot.",
        (_LETTER_OF.T, 10 * _LETTER_OF, _SLOT_OF, _LETTER_OF),
    ),
    Mistake(
        "not sharp",
        "The right place is looked at most, but too little: multiply W^q by the sharpness, 10.",
        (_SLOT_OF.T, _LETTER_OF, _SLOT_OF, _LETTER_OF),
    ),
    Mistake(
        "previous again",
        "Layer 2 looks one back once more, which is no induction: ask with the letter.",
        (_SLOT_OF.T, 10 * np.eye(6, k=1) @ _PLACE_OF, _PLACE_OF, _LETTER_OF),
    ),
    Mistake(
        "slot against slot",
        "Layer 2 compares slots with slots, and finds itself: the query must be the letter.",
        (_SLOT_OF.T, 10 * _SLOT_OF, _SLOT_OF, _LETTER_OF),
    ),
)


def _judge_induction(answer: Any) -> Verdict:
    if not isinstance(answer, tuple | list) or len(answer) != 4:
        return Verdict("wrong", "Give four matrices in this order: W^O, W^q, W^k, W^v.")
    if any(matrix is ... or matrix is None for matrix in answer):
        return Verdict("not tried yet", "Replace each ... with a matrix and run the cell again.")
    matrices = []
    for (name, shape), matrix in zip(_NAMES, answer, strict=True):
        table = _matrix(name, matrix)
        if isinstance(table, Verdict):
            return table
        if any(want not in (None, have) for want, have in zip(shape, table.shape, strict=True)):
            wanted = f"{shape[0] or 'any number of'} rows and {shape[1]} columns"
            return Verdict("wrong", f"{name} has shape {table.shape}; give it {wanted}.")
        matrices.append(np.clip(table, -1e6, 1e6))
    if len(matrices[1]) != len(matrices[2]):
        return Verdict(
            "wrong",
            f"q has {len(matrices[1])} entries and k has {len(matrices[2])}: give W^q and W^k as many rows.",
        )
    outputs = [_second_layer(text, *matrices) for text in _TEXTS]
    problem = _first_unread(outputs)
    if problem is None:
        return Verdict("right", "Two looks, one written down for the other: that is an induction head.")
    for mistake in _induction:
        wrong = [_second_layer(text, *mistake.answer) for text in _TEXTS]
        if _near(outputs, wrong, 1e-6):
            return Verdict("wrong", mistake.sentence, mistake.name)
    return problem


def _first_unread(outputs: Sequence[Array]) -> Verdict | None:
    """Find the first row from which the letter that follows cannot be read off."""
    for (text, wanted), output in zip(_TEXTS.items(), outputs, strict=True):
        for place, letter in wanted.items():
            row = output[place - 1]
            brought = row[_ALPHABET.index(letter)]
            others = abs(row).sum() - abs(brought)
            if not (brought > 0.5 and brought > others):
                more = f", and {others:.2f} of others" if brought > 0.5 else ""
                return Verdict(
                    "wrong",
                    f"In {text[:place]} the last letter came before, and then {letter} followed; layer 2 "
                    f"brings {brought:.2f} of {letter}{more}.",
                )
    return None


_SPIN = np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])
register(
    Exercise(
        id="16.4",
        title="An induction head by hand",
        difficulty=3,
        minutes=20,
        judge=_judge_induction,
        reference=_INDUCTION,
        equivalents={
            "lists": [w.tolist() for w in _INDUCTION],
            "sharper keys": (_SLOT_OF.T, _LETTER_OF, 12 * _SLOT_OF, _LETTER_OF),
            "a louder slot": (2 * _SLOT_OF.T, 10 * _LETTER_OF, _SLOT_OF, _LETTER_OF),
            "letters in another order": (
                _SLOT_OF.T @ _SPIN,
                10 * _SPIN @ _LETTER_OF,
                _SLOT_OF,
                _LETTER_OF,
            ),
            "one that rests": (
                _SLOT_OF.T,
                np.vstack([10 * _LETTER_OF, 5 * _PLACE_OF.sum(axis=0, keepdims=True)]),
                np.vstack([_SLOT_OF, _PLACE_OF[:1]]),
                _LETTER_OF,
            ),
        },
        mistakes=_induction,
    )
)


# 16.5 ---------------------------------------------------------------------------------------------


def circuits(w_e: Array, w_q: Array, w_k: Array, w_v: Array, w_o: Array, w_u: Array) -> Array:
    """Follow both circuits from token to token: qk[s, t] and ov[t, u], one above the other (2, V, V)."""
    qk = (w_q @ w_e).T @ (w_k @ w_e)
    ov = (w_u @ w_o @ w_v @ w_e).T
    return np.array([qk, ov])


def _draw(seed: int, tokens: int, d: int, d_k: int, d_v: int) -> tuple[Array, ...]:
    rng = np.random.default_rng(seed)
    shapes = ((d, tokens), (d_k, d), (d_k, d), (d_v, d), (d, d_v), (tokens, d))
    return tuple(rng.integers(-2, 3, shape).astype(float) for shape in shapes)


_CASES = [_draw(16, 5, 4, 3, 2), _draw(61, 3, 6, 2, 4)]


def _twisted(make: Callable[..., tuple[Array, Array]]) -> Callable[..., Array]:
    return lambda *w: np.array(make(*circuits(*w), *w))


_circuits = (
    Mistake(
        "qk turned over",
        "Your qk is turned over: its rows belong to queries, its columns to keys.",
        _twisted(lambda qk, ov, *w: (qk.T, ov)),
    ),
    Mistake(
        "ov turned over",
        "Your ov is turned over: its rows belong to the tokens that are looked at, its columns to logits.",
        _twisted(lambda qk, ov, *w: (qk, ov.T)),
    ),
    Mistake(
        "both turned over",
        "Both tables are turned over: rows belong to the query in qk, and to the token looked at in ov.",
        _twisted(lambda qk, ov, *w: (qk.T, ov.T)),
    ),
    Mistake(
        "in the other order",
        "Those are the right tables in the other order: qk first.",
        _twisted(lambda qk, ov, *w: (ov, qk)),
    ),
    Mistake(
        "scaled",
        "That divides by √d_k; asked are raw scores.",
        _twisted(lambda qk, ov, *w: (qk / np.sqrt(len(w[1])), ov)),
    ),
    Mistake(
        "softmax taken",
        "That takes the softmax of qk; asked are the scores.",
        _twisted(lambda qk, ov, *w: (softmax(qk), ov)),
    ),
    Mistake(
        "W^q twice",
        "That uses W^q for the keys too; they are made by W^k.",
        _twisted(lambda qk, ov, *w: ((w[1] @ w[0]).T @ (w[1] @ w[0]), ov)),
    ),
    Mistake(
        "the token's own path",
        "qk is right; ov counts too much: only what the head adds, without the token's own path.",
        _twisted(lambda qk, ov, *w: (qk, ov + (w[5] @ w[0]).T)),
    ),
    Mistake(
        "embedding for unembedding",
        "That reads tokens off with W_E turned over; this network has a W_U of its own.",
        _twisted(lambda qk, ov, *w: (qk, (w[0].T @ w[4] @ w[3] @ w[0]).T)),
    ),
    Mistake(
        "attention left out",
        "That sends tokens straight from W_E to W_U; on the way they pass W^v and W^O.",
        _twisted(lambda qk, ov, *w: (qk, (w[5] @ w[0]).T)),
    ),
)


_judge_tables = judge_function(
    circuits, _CASES, "Two products of matrices say what the head does with any pair of tokens.", _circuits
)


def _judge_circuits(answer: Any) -> Verdict:
    """Judge as any function; where no mistake is known, say which of the two tables is off."""
    verdict = _judge_tables(answer)
    if verdict.status != "wrong" or verdict.mistake or not callable(answer):
        return verdict
    value, problem = call(answer, *_CASES[0])
    if problem is not None or value is None:
        return verdict
    if not isinstance(value, tuple | list | np.ndarray) or len(value) != 2:
        return Verdict("wrong", "Return two tables, qk and ov.")
    right = []
    for name, given, wanted in zip(("qk", "ov"), value, circuits(*_CASES[0]), strict=True):
        table = _matrix(name, given)
        if isinstance(table, Verdict):
            return table
        if table.shape != wanted.shape:
            return Verdict("wrong", f"For 5 tokens {name} has shape {table.shape}; it needs {wanted.shape}.")
        right.append(same(table, wanted))
    if right == [True, False]:
        return Verdict("wrong", "qk is right, and ov is off: a token passes W^v, W^O, W_U in that order.")
    if right == [False, True]:
        return Verdict("wrong", "ov is right, and qk is off: both its vectors come from columns of W_E.")
    return verdict if all(right) else Verdict("wrong", "Both tables are off: begin with qk.")


def _token_by_token(
    w_e: Array, w_q: Array, w_k: Array, w_v: Array, w_o: Array, w_u: Array
) -> tuple[list[list[float]], list[list[float]]]:
    tokens = list(np.transpose(w_e))
    qk = [[float((w_q @ s) @ (w_k @ t)) for t in tokens] for s in tokens]
    ov = [[float(row @ (w_o @ (w_v @ t))) for row in w_u] for t in tokens]
    return qk, ov


register(
    Exercise(
        id="16.5",
        title="QK and OV circuits",
        difficulty=3,
        minutes=20,
        judge=_judge_circuits,
        reference=circuits,
        equivalents={
            "a pair": lambda *w: tuple(circuits(*w)),
            "token by token": _token_by_token,
            "circuits first": lambda e, q, k, v, o, u: (e.T @ (q.T @ k) @ e, e.T @ (o @ v).T @ u.T),
        },
        mistakes=_circuits,
    )
)
