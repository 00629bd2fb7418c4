"""Exercises of chapter 5: shapes, both forms, the softmax axis, einsum, and five notations."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from transformer_lib import pocket
from transformer_lib.exercises.judging import judge_function, read
from transformer_lib.exercises.mistake_bank import mistakes_for, wrong_turns
from transformer_lib.exercises.registry import Exercise, Mistake, Verdict, register
from transformer_lib.shapes import Array
from transformer_lib.steps import attention, attention_columns, self_attention, softmax

POCKET = (pocket.a, pocket.w_q, pocket.w_k, pocket.w_v)


def _draw(seed: int, n: int, d_model: int, d_k: int, d_v: int) -> tuple[Array, Array, Array, Array]:
    """Draw inputs and matrices of the lecture's shapes, small enough not to saturate the softmax."""
    rng = np.random.default_rng(seed)
    shapes = (n, d_model), (d_k, d_model), (d_k, d_model), (d_v, d_model)
    return tuple(rng.normal(size=shape).round(2) * 0.7 for shape in shapes)  # type: ignore[return-value]


INPUTS = (POCKET, _draw(5, 5, 3, 4, 6), _draw(6, 2, 5, 3, 1))  # N, d_model, d_k, d_v all differ


# The pocket example comes first in each list of cases: there every mistake shows, those too that
# need square matrices.
_judge = partial(judge_function, first_fault_decides=True)


# 5.1 Shape puzzle

SHAPES = {
    "w_q": (4, 3),
    "w_v": (6, 3),
    "q": (5, 4),
    "v": (5, 6),
    "scores": (5, 5),
    "output": (5, 6),
    "scores_2": (2, 5),
    "output_2": (2, 6),
}
_SHAPE_MISTAKES: dict[str, tuple[str, dict[str, tuple[int, int]]]] = {
    "W transposed": (
        "that is the shape for a product from the right, a @ W; in W a the matrix has a row for each number "
        "that comes out and a column for each number of a.",
        {"w_q": (3, 4), "w_v": (3, 6)},
    ),
    "columns for rows": (
        "that is the column form, one position a column; here each position is a row.",
        {"q": (4, 5), "v": (6, 5), "output": (6, 5), "output_2": (6, 2)},
    ),
    "not projected": (
        "that is the shape of the inputs a; a projection changes the width from d_model to its own.",
        {"q": (5, 3), "v": (5, 3), "output": (5, 3), "output_2": (2, 3)},
    ),
    "d_k for d_v": (
        "that is as wide as a key; the width here comes from the values.",
        {"w_v": (4, 3), "v": (5, 4), "output": (5, 4), "output_2": (2, 4)},
    ),
    "d_v for d_k": (
        "that is as wide as a value; a query is as wide as a key.",
        {"w_q": (6, 3), "q": (5, 6)},
    ),
    "positions summed away": (
        "that is the shape of QᵀK, which sums over the positions; QKᵀ sums over the d_k coordinates and "
        "keeps one entry for each pair of positions.",
        {"scores": (4, 4), "scores_2": (4, 4)},
    ),
    "inner size kept": (
        "that keeps d_k, which is the inner size of QKᵀ and vanishes.",
        {"scores": (5, 4), "scores_2": (2, 4)},
    ),
    "weights for the output": (
        "that is the shape of the weights; times V it takes the width of a value.",
        {"output": (5, 5), "output_2": (2, 5)},
    ),
    "keys cut too": (
        "that cuts the keys as well; only the queries are two, and each looks at all five keys.",
        {"scores_2": (2, 2)},
    ),
    "query and key swapped": (
        "that has a row for each key; the first index is the query.",
        {"scores_2": (5, 2)},
    ),
    "one output a key": (
        "that is one output for each key; there is one for each query.",
        {"output_2": (5, 6)},
    ),
}


def _judge_shapes(answer: Any) -> Verdict:
    if isinstance(answer, list | tuple) and len(answer) == len(SHAPES):
        answer = dict(zip(SHAPES, answer, strict=True))
    if not isinstance(answer, Mapping):
        return Verdict("wrong", f"Give the dictionary `shapes`; this is of type {type(answer).__name__}.")
    if not any(name in answer for name in SHAPES):
        return Verdict(
            "wrong", "Keep the names of the dictionary `shapes`, and replace each ... with a shape."
        )
    given = {name: answer.get(name, ...) for name in SHAPES}
    if all(value is ... or value is None for value in given.values()):
        return Verdict("not tried yet", "Replace each ... with a shape and run the cell again.")
    for name, value in given.items():
        verdict = _judge_shape(name, value)
        if verdict is not None:
            return verdict
    return Verdict("right", "The inner sizes meet and vanish, the outer ones stay.")


def _judge_shape(name: str, value: Any) -> Verdict | None:
    if value is ... or value is None:
        return Verdict("wrong", f"`{name}` has no shape yet: replace its ... with two numbers.")
    given = read(f"`{name}`", value, 1)
    if isinstance(given, Verdict):
        return given
    shape = tuple(given)
    if shape == SHAPES[name]:
        return None
    for mistake, (sentence, shapes) in _SHAPE_MISTAKES.items():
        if shapes.get(name) == shape:
            return Verdict("wrong", f"`{name}`: {sentence}", mistake)
    if len(shape) != 2:
        return Verdict("wrong", f"`{name}` has {len(shape)} numbers: a shape here has two, rows first.")
    if name.startswith("w_"):
        return Verdict(
            "wrong", f"`{name}` takes d_model numbers and gives another number of them: which are its rows?"
        )
    return Verdict("wrong", f"`{name}` is off: write down the product it comes from, with its sizes.")


register(
    Exercise(
        id="5.1",
        title="Shape puzzle",
        difficulty=1,
        minutes=5,
        judge=_judge_shapes,
        reference=SHAPES,
        equivalents={
            "lists": {name: list(shape) for name, shape in SHAPES.items()},
            "arrays": {name: np.array(shape) for name, shape in SHAPES.items()},
            "in order": list(SHAPES.values()),
        },
        mistakes=tuple(
            Mistake(name, f"`{next(iter(shapes))}`: {sentence}", {**SHAPES, **shapes})
            for name, (sentence, shapes) in _SHAPE_MISTAKES.items()
        ),
    )
)


# 5.2 Both forms


def column_form(a: Any, w_q: Any, w_k: Any, w_v: Any) -> Any:
    """O (d_v, N) from inputs in rows, by the lecture's form, unscaled and in base 2."""
    return attention_columns(np.asarray(a, dtype=float).T, w_q, w_k, w_v, base=2).O


def _by_columns(weigh: Callable[[Array, Array], Array]) -> Callable[..., Array]:
    """A column form from how it makes A′ of K and Q."""

    def form(a: Array, w_q: Array, w_k: Array, w_v: Array) -> Array:
        return (w_v @ a.T) @ weigh(w_k @ a.T, w_q @ a.T)

    return form


def _right_weights(K: Array, Q: Array) -> Array:
    return softmax(K.T @ Q, axis=0, base=2)


def _one_softmax(K: Array, Q: Array) -> Array:
    scores = K.T @ Q
    return softmax(scores.ravel(), base=2).reshape(scores.shape)


_columns = (
    Mistake(
        "softmax over the queries",
        "That is what you get when softmax runs over the last axis, which holds the queries here: in "
        "columns it runs down each column, axis 0.",
        _by_columns(lambda K, Q: softmax(K.T @ Q, axis=-1, base=2)),
    ),
    Mistake(
        "rows given back",
        "Those are the right numbers in row form, B; the column form gives O, one output a column.",
        lambda *case: column_form(*case).T,
    ),
    Mistake(
        "query and key swapped",
        "That is QᵀK; in A = KᵀQ the keys run down and the queries across, so that column i belongs to qᵢ.",
        _by_columns(lambda K, Q: softmax(Q.T @ K, axis=0, base=2)),
    ),
    Mistake(
        "row softmax of QᵀK",
        "Those are the row form's weights, queries down; behind V the queries must run across.",
        _by_columns(lambda K, Q: softmax(Q.T @ K, axis=-1, base=2)),
    ),
    Mistake(
        "scaled",
        "That divides the scores by √d_k; the lecture's form here leaves them as they are.",
        _by_columns(lambda K, Q: softmax(K.T @ Q / np.sqrt(len(Q)), axis=0, base=2)),
    ),
    Mistake(
        "base e for 2",
        "That is softmax in base e: right idea, but here the base is 2.",
        _by_columns(lambda K, Q: softmax(K.T @ Q, axis=0)),
    ),
    Mistake(
        "no softmax",
        "That mixes the values by the scores themselves; take the softmax first.",
        _by_columns(lambda K, Q: K.T @ Q),
    ),
    Mistake(
        "softmax over all entries",
        "That takes one softmax over the whole of A; take one for each column.",
        _by_columns(_one_softmax),
    ),
    Mistake(
        "K used as V",
        "That mixes the keys; the weights are for the values, V = W^v I.",
        lambda a, w_q, w_k, w_v: (w_k @ a.T) @ _right_weights(w_k @ a.T, w_q @ a.T),
    ),
    Mistake(
        "inputs used as V",
        "That mixes the inputs; project them first, V = W^v I.",
        lambda a, w_q, w_k, w_v: a.T @ _right_weights(w_k @ a.T, w_q @ a.T),
    ),
    Mistake(
        "W transposed",
        "That multiplies by the transposed matrices; with one position a column Q is W^q I.",
        lambda a, w_q, w_k, w_v: column_form(a, w_q.T, w_k.T, w_v.T),
    ),
)


def _from_loops(a: Any, w_q: Any, w_k: Any, w_v: Any) -> list[list[float]]:
    """The column form without one matrix product, as a list of lists: another way to the same numbers."""
    q, k, v = ([[float(np.dot(row, x)) for row in w] for x in a] for w in (w_q, w_k, w_v))
    O = [[0.0] * len(q) for _ in w_v]  # noqa: E741
    for i, query in enumerate(q):
        powers = [2.0 ** float(np.dot(query, key)) for key in k]
        for c, coordinate in enumerate(zip(*v, strict=True)):
            O[c][i] = float(np.dot(powers, coordinate)) / sum(powers)
    return O


register(
    Exercise(
        id="5.2",
        title="The column form, from inputs in rows",
        difficulty=2,
        minutes=10,
        judge=_judge(
            column_form, INPUTS, "O is Bᵀ on the four vectors and on sizes that all differ.", _columns
        ),
        reference=column_form,
        equivalents={
            "row form, transposed": lambda *case: self_attention(*case, scaled=False, base=2).output.T,
            "float32": lambda *case: column_form(*case).astype(np.float32),
            "loops and lists": _from_loops,
        },
        mistakes=_columns,
    )
)


# 5.3 The softmax axis


def weights(scores: Any, form: str) -> Any:
    """Softmax over the keys, which are the last axis in rows and the last but one in columns."""
    return softmax(scores, axis=-1 if form == "rows" else -2, base=2)


_S = pocket.arrays(pocket.by_hand.scores)
_RECTANGLE = np.random.default_rng(7).normal(size=(3, 5)).round(1)
_BATCH = np.random.default_rng(8).normal(size=(2, 3, 5)).round(1)
_AXIS_CASES = (
    (_S, "rows"),
    (_S.T, "columns"),
    (_RECTANGLE, "rows"),
    (_RECTANGLE.T, "columns"),
    (_BATCH, "rows"),
    (_BATCH.swapaxes(-2, -1), "columns"),
)


def _all_at_once(scores: Array, form: str) -> Array:
    return softmax(scores.ravel(), base=2).reshape(scores.shape)


def _divided_only(scores: Array, form: str) -> Array:
    return scores / scores.sum(axis=-1 if form == "rows" else -2, keepdims=True)


def _hard(scores: Array, form: str) -> Array:
    axis = -1 if form == "rows" else -2
    return (scores == scores.max(axis=axis, keepdims=True)).astype(float)


_axis = (
    Mistake(
        "softmax over the queries",
        "That is what you get when softmax runs over the queries: for each query, the weights over the keys "
        "sum to 1.",
        lambda scores, form: softmax(scores, axis=-2 if form == "rows" else -1, base=2),
    ),
    Mistake(
        "last axis in both forms",
        "That is right in rows, but in columns the last axis holds the queries: it moves with the form.",
        lambda scores, form: softmax(scores, axis=-1, base=2),
    ),
    Mistake(
        "last axis but one in both forms",
        "That is right in columns, but in rows that axis holds the queries: it moves with the form.",
        lambda scores, form: softmax(scores, axis=-2, base=2),
    ),
    Mistake(
        "axis counted from the front",
        "That is right for one table, but a batch axis in front shifts axes 0 and 1: count from the back.",
        lambda scores, form: softmax(scores, axis=1 if form == "rows" else 0, base=2),
    ),
    Mistake(
        "softmax over all entries",
        "That takes one softmax over the whole table; take one for each query.",
        _all_at_once,
    ),
    Mistake(
        "rows given back for columns",
        "The columns come back as rows: keep the form of the scores, and only choose the axis.",
        lambda scores, form: (
            weights(scores, form) if form == "rows" else weights(scores, form).swapaxes(-2, -1)
        ),
    ),
    Mistake(
        "base e for 2",
        "That is softmax in base e: right idea, but here the base is 2.",
        lambda scores, form: softmax(scores, axis=-1 if form == "rows" else -2),
    ),
    Mistake(
        "sum-normalised without powers",
        "That divides the scores by their sum; raise 2 to each score first.",
        _divided_only,
    ),
    Mistake(
        "hard max",
        "That gives all the weight to the largest score; softmax leaves the others a share.",
        _hard,
    ),
)


def _with_moved_axis(scores: Any, form: str) -> Any:
    """Bring columns into rows, take the last axis, bring them back."""
    if form == "rows":
        return softmax(scores, base=2)
    return softmax(np.swapaxes(scores, -2, -1), base=2).swapaxes(-2, -1)


register(
    Exercise(
        id="5.3",
        title="Which axis?",
        difficulty=2,
        minutes=8,
        judge=_judge(
            weights, _AXIS_CASES, "The softmax runs over the keys, wherever the form keeps them.", _axis
        ),
        reference=weights,
        equivalents={
            "lists": lambda scores, form: weights(scores, form).tolist(),
            "by a transpose": _with_moved_axis,
            "float32": lambda scores, form: weights(scores, form).astype(np.float32),
        },
        mistakes=_axis,
    )
)


# 5.4 einsum


def by_einsum(a: Any, w_q: Any, w_k: Any, w_v: Any) -> Any:
    """Scaled attention, base e: each product an einsum whose letters say what is summed."""
    q, k, v = (np.einsum("nm,dm->nd", a, w) for w in (w_q, w_k, w_v))
    alphas = softmax(np.einsum("id,jd->ij", q, k) / np.sqrt(q.shape[-1]))
    return np.einsum("ij,je->ie", alphas, v)


def _turn(name: str) -> Callable[..., Array]:
    """Give a wrong turn of the bank as a function; it runs for square matrices alone."""
    return lambda *case: wrong_turns(*case)[name].output


def _scaled_by(size: Callable[[Array, Array], float]) -> Callable[..., Array]:
    """Attention whose scores are divided by the root of the wrong size."""

    def form(a: Array, w_q: Array, w_k: Array, w_v: Array) -> Array:
        q, k, v = a @ w_q.T, a @ w_k.T, a @ w_v.T
        return softmax(q @ k.T / np.sqrt(size(a, w_v))) @ v

    return form


_einsum = (
    *(
        Mistake(turn.name, turn.sentence, _turn(turn.name))
        for turn in mistakes_for(lambda wrong: wrong.output, *POCKET)
    ),
    Mistake(
        "no W transposed",
        "That is a @ W; in q = W a the letter of a meets the second letter of W, nm,dm->nd.",
        lambda a, w_q, w_k, w_v: self_attention(a, w_q.T, w_k.T, w_v.T).output,
    ),
    Mistake(
        "√2 for √d_k",
        "That divides by √2 always, which is right for d_k = 2 alone: take the root of a query's width.",
        _scaled_by(lambda a, w_v: 2),
    ),
    Mistake(
        "the hand version",
        "That is the version by hand, base 2 without a scale: here divide by √d_k and take base e.",
        lambda *case: self_attention(*case, scaled=False, base=2).output,
    ),
    Mistake(
        "√d_model for √d_k",
        "That divides by √d_model, which shows as soon as d_k differs from it: take the width of a query.",
        _scaled_by(lambda a, w_v: a.shape[1]),
    ),
    Mistake(
        "√N for √d_k",
        "That divides by √N, the root of the number of positions: take the width of a query.",
        _scaled_by(lambda a, w_v: len(a)),
    ),
    Mistake(
        "√d_v for √d_k",
        "That divides by √d_v, the root of the width of a value: take the width of a query.",
        _scaled_by(lambda a, w_v: len(w_v)),
    ),
    Mistake(
        "columns given back",
        "Those are the right numbers, one output a column; end the last einsum with the query first.",
        lambda *case: self_attention(*case).output.T,
    ),
)
register(
    Exercise(
        id="5.4",
        title="Attention in einsum",
        difficulty=2,
        minutes=12,
        judge=_judge(
            by_einsum,
            INPUTS,
            "Equal to the paper's, on the four vectors and on sizes that differ.",
            _einsum,
        ),
        reference=by_einsum,
        equivalents={
            "the library's": lambda *case: self_attention(*case).output,
            "one einsum for the scores": lambda a, w_q, w_k, w_v: np.einsum(
                "ij,jm,em->ie",
                softmax(np.einsum("im,dm,dn,jn->ij", a, w_q, w_k, a) / np.sqrt(len(w_q))),
                a,
                w_v,
            ),
            "list": lambda *case: by_einsum(*case).tolist(),
            "float32": lambda *case: by_einsum(*case).astype(np.float32),
        },
        mistakes=_einsum,
    )
)


# 5.5 Decoder ring: one attention, five notations; all of them unscaled and in base 2


def course(a: Any, w_q: Any, w_k: Any, w_v: Any, base: float = 2) -> Any:
    """Rows; W multiplies from the left, q = W a."""
    return softmax((a @ w_q.T) @ (a @ w_k.T).T, base=base) @ (a @ w_v.T)


def lecture(columns: Any, w_q: Any, w_k: Any, w_v: Any, base: float = 2) -> Any:
    """Columns: O = V A′, with the softmax down each column of A = KᵀQ."""
    return (w_v @ columns) @ softmax((w_k @ columns).T @ (w_q @ columns), axis=0, base=base)


def d2l(queries: Any, keys: Any, values: Any, base: float = 2) -> Any:
    """Rows with a batch axis in front, already projected."""
    return softmax(queries @ keys.swapaxes(1, 2), base=base) @ values


def raschka(x: Any, W_query: Any, W_key: Any, W_value: Any, base: float = 2) -> Any:
    """Rows; W multiplies from the right, queries = x W."""
    return softmax((x @ W_query) @ (x @ W_key).T, base=base) @ (x @ W_value)


def elhage(x: Any, W_QK: Any, W_OV: Any, base: float = 2) -> Any:
    """Rows; two circuits: where to look, and what to bring."""
    return softmax(x @ W_QK @ x.T, base=base) @ x @ W_OV.T


RING: dict[str, Callable[..., Any]] = {
    "course": course,
    "lecture": lecture,
    "d2l": d2l,
    "raschka": raschka,
    "elhage": elhage,
}
_batch = np.random.default_rng(9)
_RING_CASES: dict[str, Sequence[tuple[Array, ...]]] = {  # each input as the notation stores it
    "course": INPUTS,
    "lecture": [(a.T, w_q, w_k, w_v) for a, w_q, w_k, w_v in INPUTS],
    "d2l": [
        tuple((pocket.a @ w.T)[np.newaxis] for w in POCKET[1:]),  # a batch of one
        tuple(_batch.normal(size=shape).round(1) for shape in ((3, 2, 4), (3, 5, 4), (3, 5, 6))),
    ],
    "raschka": [(a, w_q.T, w_k.T, w_v.T) for a, w_q, w_k, w_v in INPUTS],
    "elhage": [(a, w_q.T @ w_k, w_v) for a, w_q, w_k, w_v in INPUTS],
}
_OVER_QUERIES = "that runs the softmax over the queries; for each query, the weights over the keys sum to 1."


def _columnwise(S: Array) -> Array:
    return softmax(S, axis=-2, base=2)


_RING_TURNS: dict[str, tuple[tuple[str, str, Callable[..., Any]], ...]] = {
    "course": (
        (
            "softmax over the queries",
            _OVER_QUERIES,
            lambda a, w_q, w_k, w_v: _columnwise(a @ w_q.T @ (a @ w_k.T).T) @ a @ w_v.T,
        ),
        ("W not transposed", "that is a W; in this course q = W a, so a row of a meets Wᵀ.", raschka),
    ),
    "lecture": (
        (
            "softmax over the queries",
            "the last axis holds the queries here; in columns the softmax runs down, axis 0.",
            lambda i, w_q, w_k, w_v: (w_v @ i) @ softmax((w_k @ i).T @ (w_q @ i), base=2),
        ),
        (
            "rows given back",
            "those are the right numbers in rows; the lecture's O has one output a column.",
            lambda *case: lecture(*case).T,
        ),
        (
            "QᵀK for KᵀQ",
            "that is QᵀK; the lecture's A = KᵀQ has the keys down and the queries across.",
            lambda i, w_q, w_k, w_v: (w_v @ i) @ _columnwise((w_q @ i).T @ (w_k @ i)),
        ),
    ),
    "d2l": (
        (
            "softmax over the queries",
            "axis 1 holds the queries once a batch stands in front; the keys are the last axis.",
            lambda q, k, v: softmax(q @ k.swapaxes(1, 2), axis=1, base=2) @ v,
        ),
        (
            "batch dropped",
            "that is the first sequence of the batch alone; keep the batch axis in front.",
            lambda q, k, v: d2l(q, k, v)[0],
        ),
        (
            "K used as V",
            "that mixes the keys; the weights are for the values.",
            lambda q, k, v: d2l(q, k, k),
        ),
    ),
    "raschka": (
        (
            "softmax over the queries",
            _OVER_QUERIES,
            lambda x, w_q, w_k, w_v: _columnwise(x @ w_q @ (x @ w_k).T) @ x @ w_v,
        ),
        (
            "W transposed",
            "that transposes matrices that are stored transposed already; here queries = x @ W_query.",
            course,
        ),
    ),
    "elhage": (
        (
            "softmax over the queries",
            _OVER_QUERIES,
            lambda x, W_QK, W_OV: _columnwise(x @ W_QK @ x.T) @ x @ W_OV.T,
        ),
        (
            "W_QK transposed",
            "that swaps query and key; in x W_QK xᵀ the query stands on the left, as in W_QK = (W^q)ᵀ W^k.",
            lambda x, W_QK, W_OV: elhage(x, W_QK.T, W_OV),
        ),
        (
            "W_OV not transposed",
            "that is x W_OV; W_OV multiplies a vector from the left, so a row of x meets its transpose.",
            lambda x, W_QK, W_OV: elhage(x, W_QK, W_OV.T),
        ),
        (
            "W_OV left out",
            "that mixes the inputs themselves; W_OV turns what is mixed into what is brought.",
            lambda x, W_QK, W_OV: softmax(x @ W_QK @ x.T, base=2) @ x,
        ),
    ),
}
_RING_MISTAKES = {
    name: (
        *(Mistake(f"{name}: {turn}", f"{name}: {sentence}", wrong) for turn, sentence, wrong in turns),
        Mistake(
            f"{name}: base e for 2",
            f"{name}: that is softmax in base e; right idea, but here the base is 2.",
            partial(RING[name], base=np.e),
        ),
    )
    for name, turns in _RING_TURNS.items()
}
_RING_JUDGES = {
    name: _judge(function, _RING_CASES[name], f"{name} is right.", _RING_MISTAKES[name])
    for name, function in RING.items()
}


def _judge_ring(answer: Any) -> Verdict:
    if isinstance(answer, Mapping) and any(name in answer for name in RING):
        answer = [answer.get(name) for name in RING]
    if not isinstance(answer, list | tuple):
        return Verdict(
            "wrong", f"Give the five functions in a list; this is of type {type(answer).__name__}."
        )
    if len(answer) != len(RING):
        return Verdict("wrong", f"Give five functions, in the order of the list; this holds {len(answer)}.")
    verdicts = [
        _EMPTY if one is None or one is ... else _RING_JUDGES[name](one)
        for name, one in zip(RING, answer, strict=True)
    ]
    if all(verdict.status == "not tried yet" for verdict in verdicts):
        return _EMPTY
    for name, verdict in zip(RING, verdicts, strict=True):
        if verdict.status != "right":
            if verdict.mistake is not None:
                return verdict
            done = sum(other.status == "right" for other in verdicts)
            return Verdict("wrong", f"{done} of 5 are right; {name}: {verdict.sentence}")
    return Verdict("right", "All five give the same b₁ … b₄, and run on sizes that all differ.")


_EMPTY = Verdict("not tried yet", "Replace the ... of each function with its line and run the cell again.")


def _with(name: str, function: Callable[..., Any]) -> list[Callable[..., Any]]:
    return list({**RING, name: function}.values())


register(
    Exercise(
        id="5.5",
        title="Decoder ring",
        difficulty=3,
        minutes=15,
        judge=_judge_ring,
        reference=list(RING.values()),
        equivalents={
            "dictionary": RING,
            "d2l by einsum": _with(
                "d2l",
                lambda q, k, v: np.einsum(
                    "bij,bje->bie", softmax(np.einsum("bid,bjd->bij", q, k), base=2), v
                ),
            ),
            "elhage by values": _with(
                "elhage",
                lambda x, W_QK, W_OV: attention(x @ W_QK, x, x @ W_OV.T, scaled=False, base=2).output,
            ),
            "lecture by the library": _with("lecture", lambda *case: attention_columns(*case, base=2).O),
        },
        mistakes=tuple(
            Mistake(one.name, one.sentence, _with(name, one.answer))
            for name, mistakes in _RING_MISTAKES.items()
            for one in mistakes
        ),
    )
)
