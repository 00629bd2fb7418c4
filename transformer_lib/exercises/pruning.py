"""Judge the pruning of a head: which one goes, and which columns of W^O go with it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from transformer_lib.exercises.judging import call, gives_nothing, same
from transformer_lib.exercises.registry import Mistake, Verdict
from transformer_lib.shapes import Array, InputError, as_array
from transformer_lib.steps import multi_head


def contributions(outputs: Any, w_o: Any) -> Array:
    """What each head adds to the output: W^O's columns of that head, times its output."""
    parts = np.split(np.asarray(w_o), len(outputs), axis=1)
    return np.array([b @ part.T for b, part in zip(outputs, parts, strict=True)])


class Layer(NamedTuple):
    """What prune gives: the heads kept, one triple each, and W^O as wide as what they bring."""

    heads: list[tuple[Array, ...]]
    w_o: Array


def without(heads: Sequence[Any], w_o: Array, m: int) -> Layer:
    """Take out head m, counted from 0, with its columns of W^O."""
    width = w_o.shape[1] // len(heads)
    kept = [head for i, head in enumerate(heads) if i != m]
    return Layer(kept, np.delete(w_o, range(m * width, (m + 1) * width), axis=1))


def _added(a: Array, heads: Sequence[Any], w_o: Array) -> Array:
    """The length of what each head adds to the output."""
    outputs = [head.output for head in multi_head(a, heads).heads]
    return np.array([float(np.linalg.norm(part)) for part in contributions(outputs, w_o)])


def prune(a: Any, heads: Any, w_o: Any) -> Layer:
    """Take out the head that adds least."""
    return without(heads, w_o, int(_added(a, heads, w_o).argmin()))


def _by(measure: Callable[[Array, Any, Array], Sequence[float]]) -> Callable[..., Layer]:
    """Take out the head for which another measure is smallest."""
    return lambda a, heads, w_o: without(heads, w_o, int(np.argmin(measure(a, heads, w_o))))


def _b_norms(a: Array, heads: Any, _: Array) -> list[float]:
    return [float(np.linalg.norm(head.output)) for head in multi_head(a, heads).heads]


def _w_o_norms(_: Array, heads: Any, w_o: Array) -> list[float]:
    return [float(np.linalg.norm(part)) for part in np.split(w_o, len(heads), axis=1)]


def _with_other_w_o(change: Callable[[Array, int, int], Array]) -> Callable[..., Layer]:
    """Take out the right head, and do something else with W^O."""

    def wrong(a: Array, heads: Any, w_o: Array) -> Layer:
        m = int(_added(a, heads, w_o).argmin())
        return Layer(without(heads, w_o, m).heads, change(w_o, m, len(heads)))

    return wrong


def _zeroed(a: Array, heads: Any, w_o: Array) -> Layer:
    m, width, off = int(_added(a, heads, w_o).argmin()), w_o.shape[1] // len(heads), w_o.copy()
    off[:, m * width : (m + 1) * width] = 0
    return Layer(list(heads), off)


MISTAKES = (
    Mistake(
        "W^O left whole",
        "You take a head out and leave W^O whole, so concat no longer fits it: cut that head's columns.",
        _with_other_w_o(lambda w_o, m, h: w_o),
    ),
    Mistake(
        "one column of W^O",
        "You cut one column of W^O; a head has as many columns as its output has entries.",
        _with_other_w_o(lambda w_o, m, h: np.delete(w_o, m, axis=1)),
    ),
    Mistake(
        "every h-th column",
        "You cut every h-th column of W^O; a head's columns are neighbours, as its entries are in concat.",
        _with_other_w_o(lambda w_o, m, h: np.delete(w_o, range(m, w_o.shape[1], h), axis=1)),
    ),
    Mistake(
        "last columns of W^O",
        "You take out the right head and the last columns of W^O: cut the columns under that head.",
        _with_other_w_o(lambda w_o, m, h: w_o[:, : -(w_o.shape[1] // h)]),
    ),
    Mistake(
        "switched off, not taken out",
        "That switches the head off and still computes it: take its triple and its columns of W^O out.",
        _zeroed,
    ),
    Mistake(
        "smallest b",
        "That takes the head with the smallest output before W^O; W^O may make much of a small number.",
        _by(_b_norms),
    ),
    Mistake(
        "smallest columns of W^O",
        "That takes the head with the smallest columns of W^O; what it adds is they times its output.",
        _by(_w_o_norms),
    ),
    Mistake(
        "the head that adds most",
        "That takes out the head that adds most: the output should change as little as possible.",
        _by(lambda a, heads, w_o: (-_added(a, heads, w_o)).tolist()),
    ),
    Mistake(
        "always the last head",
        "That takes the last head, whatever it does: measure what each head adds.",
        lambda a, heads, w_o: without(heads, w_o, len(heads) - 1),
    ),
    Mistake(
        "always the first head",
        "That takes the first head, whatever it does: measure what each head adds.",
        lambda a, heads, w_o: without(heads, w_o, 0),
    ),
)


def _draw_layer(seed: int, n: int, n_heads: int, d_v: int, d_out: int) -> tuple[Array, list[Any], Array]:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n, 3))
    size = rng.uniform(0.3, 2, size=(2, n_heads))  # some heads shout, some columns of W^O are loud
    shapes = (2, 3), (2, 3), (d_v, 3)
    heads = [
        tuple(rng.normal(size=shape) * (size[0, m] if i == 2 else 1) for i, shape in enumerate(shapes))
        for m in range(n_heads)
    ]
    return a, heads, rng.normal(size=(d_out, n_heads * d_v)) * np.repeat(size[1], d_v)


_LAYERS = (  # in each, four measures point to four heads, or three to three
    _draw_layer(45, 5, 3, 2, 4),
    _draw_layer(286, 4, 4, 2, 6),
    _draw_layer(165, 6, 4, 3, 4),
)
_PRUNED = [prune(*layer) for layer in _LAYERS]
_WRONG = [(mistake, [mistake.answer(*layer) for layer in _LAYERS]) for mistake in MISTAKES]
_PAIR = "return the pair (kept, w_o): the triples that stay, and W^O for them."


def judge_prune(answer: Any) -> Verdict:
    """Say whether a function takes out the head that adds least, on three layers."""
    if not callable(answer):
        kind = type(answer).__name__
        return Verdict("wrong", f"Give the function itself, without calling it; this is of type {kind}.")
    outcomes = [call(answer, *layer) for layer in _LAYERS]
    if all(value is None and problem is None for value, problem in outcomes):
        return gives_nothing(answer)
    given: list[Layer] = []
    for value, problem in outcomes:
        layer = problem or _read_layer(value)
        if isinstance(layer, Verdict):
            return layer
        given.append(layer)
    if all(_does_the_same(*three) for three in zip(given, _PRUNED, _LAYERS, strict=True)):
        return Verdict("right", "The head that adds least is gone, and its columns of W^O with it.")
    for mistake, layers in _WRONG:
        if all(_is_same(*both) for both in zip(given, layers, strict=True)):
            return Verdict("wrong", mistake.sentence, mistake.name)
    return _first_layer_off(given)


def _read_layer(value: Any) -> Layer | Verdict:
    if not isinstance(value, list | tuple) or len(value) != 2 or not _is_row(value[0]):
        return Verdict("wrong", f"Your function gives something else: {_PAIR}")
    heads, w_o = value
    if len(heads) == 0 or not all(_is_row(head) and len(head) == 3 for head in heads):
        return Verdict("wrong", f"A head you keep is not a triple (w_q, w_k, w_v): {_PAIR}")
    try:
        triples = [tuple(as_array("a matrix of a head", w, 2) for w in head) for head in heads]
        return Layer(triples, as_array("w_o", w_o, 2))
    except InputError as error:
        return Verdict("wrong", str(error)[0].upper() + str(error)[1:])


def _is_row(value: Any) -> bool:
    return isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _run(layer: Layer, a: Array) -> Array | None:
    """The layer's output, or nothing where its matrices do not fit."""
    try:
        return multi_head(a, layer.heads, layer.w_o).output
    except InputError:
        return None


def _does_the_same(given: Layer, target: Layer, case: tuple[Array, Any, Array]) -> bool:
    """As many heads and the same output, on the layer's input and on another one: any order will do."""
    if len(given.heads) != len(target.heads):
        return False
    return all(_equal(_run(given, a), _run(target, a)) for a in (case[0], np.cos(case[0])))


def _equal(given: Array | None, target: Array | None) -> bool:
    return given is not None and same(given, target)


def _is_same(one: Layer, other: Layer) -> bool:
    return (
        len(one.heads) == len(other.heads)
        and same(one.w_o, other.w_o)
        and all(
            same(x, y)
            for these, those in zip(one.heads, other.heads, strict=True)
            for x, y in zip(these, those, strict=True)
        )
    )


def _first_layer_off(given: Sequence[Layer]) -> Verdict:
    for layer, target, (a, heads, w_o) in zip(given, _PRUNED, _LAYERS, strict=True):
        if len(layer.heads) != len(heads) - 1:
            kept = len(layer.heads)
            return Verdict(
                "wrong", f"Of {len(heads)} heads you keep {kept}: take out one, no more and no less."
            )
        output = _run(layer, a)
        if output is None:
            width = layer.w_o.shape[1]
            return Verdict(
                "wrong",
                f"Your W^O has {width} columns, and the heads you keep do not fit it: write down what concat "
                "holds now.",
            )
        if not _does_the_same(layer, target, (a, heads, w_o)):
            return Verdict(
                "wrong",
                f"With {len(heads)} heads the output changes more than it need: which head goes, and which "
                "columns of W^O go with it?",
            )
    raise AssertionError("no layer is off")
