"""Exercises of chapter 12: who asks whom, padding, the attention of 2014, and the whole forward pass."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from transformer_lib.exercises import forward_pass
from transformer_lib.exercises.forward_pass import forward
from transformer_lib.exercises.judging import judge_function, judge_numbers, read
from transformer_lib.exercises.registry import Exercise, Mistake, Verdict, register
from transformer_lib.shapes import Array
from transformer_lib.steps import (
    attention,
    cross_attention,
    project,
    softmax,
)


def _draw(seed: int, *shapes: tuple[int, ...]) -> tuple[Array, ...]:
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(size=shape).round(2) for shape in shapes)


# ---- 12.1: shapes. Each row is (rows, columns); T = 5, S = 7, d_model = 512, d_head = 64.

SHAPES = [[7, 512], [7, 7], [5, 5], [5, 7], [7, 64], [5, 512]]


def _with(**changed: list[int]) -> list[list[int]]:
    """The right shapes, some of them replaced: _4=[7, 5] changes the fourth."""
    return [changed.get(f"_{n}", shape) for n, shape in enumerate(SHAPES, 1)]


_shapes = (
    Mistake(
        "weights of cross-attention transposed",
        "The fourth is turned over: one row a query, and the 5 target words ask.",
        _with(_4=[7, 5]),
    ),
    Mistake(
        "the source asks",
        "In four to six the source asks the target: in cross-attention the queries come from the decoder.",
        _with(_4=[7, 5], _5=[5, 64], _6=[7, 512]),
    ),
    Mistake(
        "values from the decoder",
        "The fifth is off: values go with keys, one for each source word.",
        _with(_5=[5, 64]),
    ),
    Mistake(
        "output as long as the source",
        "The sixth is off: attention gives one row for each query, and the target asks.",
        _with(_6=[7, 512]),
    ),
    Mistake(
        "values of all heads",
        "The fifth is the values of all 8 heads together; one head has 512/8 columns.",
        _with(_5=[7, 512]),
    ),
    Mistake(
        "output of one head",
        "The sixth is the output of one head; W^O takes all heads and gives d_model columns.",
        _with(_6=[5, 64]),
    ),
    Mistake(
        "memory as long as the target",
        "The first is off: the memory has one row for each source word.",
        _with(_1=[5, 512]),
    ),
    Mistake(
        "cross-attention taken for self-attention",
        "The fourth would be self-attention: each row has one weight for each source word.",
        _with(_4=[5, 5]),
    ),
    Mistake("columns first", "Rows come first, then columns.", [shape[::-1] for shape in SHAPES]),
)
_judge_shapes = judge_numbers(SHAPES, "Rows are counted by who asks, columns by who is asked.", _shapes)
_NTH = ("first", "second", "third", "fourth", "fifth", "sixth")


def _six_shapes(answer: Any) -> Verdict:
    """Say which shapes are off; a known mistake is named first."""
    verdict, given = _judge_shapes(answer), read("your answer", answer, 2)
    if verdict.status == "right" or verdict.mistake or isinstance(given, Verdict) or given.shape != (6, 2):
        return verdict
    off = [nth for nth, row, right in zip(_NTH, given, SHAPES, strict=True) if row.tolist() != right]
    which = f"The {' and the '.join(off)} {'is' if len(off) == 1 else 'are'} off"
    return Verdict("wrong", f"{which}: who asks, who is asked, and is it one head or the whole width?")


register(
    Exercise(
        id="12.1",
        title="Six shapes",
        difficulty=1,
        minutes=5,
        judge=_six_shapes,
        reference=SHAPES,
        equivalents={
            "tuples": [tuple(shape) for shape in SHAPES],
            "array": np.array(SHAPES),
            "float32": np.array(SHAPES, dtype=np.float32),
            "fractions": [[Fraction(n) for n in shape] for shape in SHAPES],
        },
        mistakes=_shapes,
    )
)

# ---- 12.2: cross-attention


def cross(x: Any, memory: Any, w_q: Any, w_k: Any, w_v: Any) -> Any:
    """The outputs of cross-attention, scaled and in base e."""
    return cross_attention(x, memory, w_q, w_k, w_v).output


def _scored(factor: Callable[[Any, Any, Any], float], **how: Any) -> Callable[..., Any]:
    """Cross-attention whose scores are multiplied by a factor of x, w_q and w_v; `how` is of softmax."""

    def wrong(x: Any, memory: Any, w_q: Any, w_k: Any, w_v: Any) -> Any:
        scores = x @ w_q.T @ (memory @ w_k.T).T * factor(x, w_q, w_v)
        return softmax(scores, **how) @ (memory @ w_v.T)

    return wrong


# The first case is square, so that every wrong wiring gives numbers; in the others T and S differ.
_CROSS_CASES = (
    _draw(1, (4, 3), (4, 3), (3, 3), (3, 3), (3, 3)),
    _draw(2, (3, 4), (5, 4), (2, 4), (2, 4), (6, 4)),
    _draw(3, (6, 5), (2, 5), (4, 5), (4, 5), (3, 5)),
)
_cross = (
    Mistake(
        "Q swapped with K and V",
        "That is what you get when the memory asks x: queries come from x, keys and values from the memory.",
        lambda x, memory, *w: cross(memory, x, *w),
    ),
    Mistake(
        "self-attention of x",
        "That never reads the memory: keys and values come from it.",
        lambda x, memory, *w: cross(x, x, *w),
    ),
    Mistake(
        "self-attention of the memory",
        "That never reads x: the queries come from it.",
        lambda x, memory, *w: cross(memory, memory, *w),
    ),
    Mistake(
        "V from x",
        "That mixes values of x: weights found by the memory's keys belong to the memory's values.",
        lambda x, memory, w_q, w_k, w_v: (
            attention(project(x, w_q), project(memory, w_k), project(x, w_v)).output
        ),
    ),
    Mistake(
        "K from x",
        "That takes the keys from x: keys and values both come from the memory.",
        lambda x, memory, w_q, w_k, w_v: (
            attention(project(x, w_q), project(x, w_k), project(memory, w_v)).output
        ),
    ),
    Mistake("no scale", "That is without the division of the scores by √d_k.", _scored(lambda *_: 1)),
    Mistake(
        "d_k for √d_k",
        "That divides the scores by d_k; divide by its square root.",
        _scored(lambda x, w_q, w_v: 1 / len(w_q)),
    ),
    Mistake(
        "√d_model",
        "That divides by the root of d_model, the width of x; d_k is the width of a key.",
        _scored(lambda x, w_q, w_v: 1 / np.sqrt(x.shape[1])),
    ),
    Mistake(
        "√d_v",
        "That divides by the root of d_v, the width of a value; d_k is the width of a key.",
        _scored(lambda x, w_q, w_v: 1 / np.sqrt(len(w_v))),
    ),
    Mistake(
        "base 2",
        "That is a softmax in base 2; here it is base e.",
        _scored(lambda x, w_q, w_v: 1 / np.sqrt(len(w_q)), base=2),
    ),
    Mistake(
        "k·q",
        "Those are the scores k @ q.T: a row belongs to a query, so they are q @ k.T.",
        lambda x, memory, w_q, w_k, w_v: (
            softmax(memory @ w_k.T @ (x @ w_q.T).T / np.sqrt(len(w_q))) @ (memory @ w_v.T)
        ),
    ),
    Mistake(
        "softmax over the queries",
        "That takes the softmax down the columns; each query shares 1 among the keys, along its row.",
        _scored(lambda x, w_q, w_v: 1 / np.sqrt(len(w_q)), axis=0),
    ),
    Mistake(
        "causal mask",
        "That has a causal mask on; the whole source is known, so nothing is hidden here.",
        lambda x, memory, *w: (
            cross_attention(x, memory, *w, allowed=np.tri(len(x), len(memory), dtype=bool)).output
        ),
    ),
    Mistake(
        "memory not projected",
        "That uses the memory itself for keys and values; multiply by W^k and W^v first.",
        lambda x, memory, w_q, w_k, w_v: attention(project(x, w_q), memory, memory).output,
    ),
    Mistake(
        "values not projected",
        "That mixes the memory itself; multiply it by W^v first.",
        lambda x, memory, w_q, w_k, w_v: attention(project(x, w_q), project(memory, w_k), memory).output,
    ),
    Mistake(
        "W not transposed",
        "That is x @ W; rows are positions here, so q = W a is x @ W.T.",
        lambda x, memory, w_q, w_k, w_v: attention(x @ w_q, memory @ w_k, memory @ w_v).output,
    ),
)


def _by_loops(x: Any, memory: Any, w_q: Any, w_k: Any, w_v: Any) -> list[Any]:
    rows = []
    for vector in x:
        scores = [w_q @ vector @ (w_k @ m) / len(w_k) ** 0.5 for m in memory]
        rows.append(sum(p * (w_v @ m) for p, m in zip(softmax(scores), memory, strict=True)))
    return rows


register(
    Exercise(
        id="12.2",
        title="Cross-attention",
        difficulty=2,
        minutes=8,
        judge=judge_function(
            cross,
            _CROSS_CASES,
            "One output for each row of x, also where T and S differ.",
            _cross,
        ),
        reference=cross,
        equivalents={
            "by matrices": _scored(lambda x, w_q, w_v: 1 / np.sqrt(len(w_q))),
            "by loops": _by_loops,
            "tuple of rows": lambda *given: tuple(map(tuple, cross(*given))),
            "float32": lambda *given: cross(*given).astype(np.float32),
        },
        mistakes=_cross,
    )
)

# ---- 12.3: padding never matters


def padded_read(q: Any, k: Any, v: Any, length: int) -> Any:
    """Attention to the first `length` keys alone."""
    return attention(q, k, v, np.arange(len(k)) < length).output


def _weights(q: Any, k: Any) -> Any:
    return attention(q, k, k).weights


def _padded(seed: int, n_queries: int, n_keys: int, length: int) -> tuple[Any, ...]:
    """Draw a case whose padded rows hold numbers of their own, as an encoder's do."""
    return (*_draw(seed, (n_queries, 2), (n_keys, 2), (n_keys, 3)), length)


def _one_huge(q: Any, k: Any, v: Any, length: int) -> tuple[Any, ...]:
    """Make the last padded key so large that a softmax over all keys leaves the real ones nothing."""
    return q, np.vstack([k[:-1], 1e5 * q[0]]), v, length


_PADDED_CASES = (
    *(_padded(11, 3, 5, 3), _padded(12, 4, 4, 2), _padded(13, 2, 6, 5), _padded(14, 3, 4, 4)),
    _one_huge(*_padded(15, 3, 5, 3)),
)


def _real(k: Any, length: int) -> Any:
    return (np.arange(len(k)) < length).astype(float)


_pads = (
    Mistake(
        "no mask",
        "That looks at the padding too: hide the keys from `length` on.",
        lambda q, k, v, length: attention(q, k, v).output,
    ),
    Mistake(
        "keys and values zeroed",
        "That sets padded rows to 0; a key of zeros has score 0, not −∞, and still takes weight.",
        lambda q, k, v, length: (
            attention(q, k * _real(k, length)[:, None], v * _real(k, length)[:, None]).output
        ),
    ),
    Mistake(
        "keys zeroed",
        "That sets padded keys to 0: their score is then 0, not −∞, and they still take weight.",
        lambda q, k, v, length: attention(q, k * _real(k, length)[:, None], v).output,
    ),
    Mistake(
        "hidden after softmax",
        "That drops padding after the softmax, so the weights left sum to less than 1: hide it before.",
        lambda q, k, v, length: _weights(q, k) * _real(k, length) @ v,
    ),
    Mistake(
        "renormalised",
        "That hides after the softmax: beside a huge padded score every real weight is 0, and 0/0 is left.",
        lambda q, k, v, length: (
            (_weights(q, k) * _real(k, length)) / (_weights(q, k) @ _real(k, length))[:, None] @ v
        ),
    ),
    Mistake(
        "one too many",
        "That keeps one padded key: positions count from 0 in code, so the real ones are below `length`.",
        lambda q, k, v, length: padded_read(q, k, v, length + 1),
    ),
    Mistake(
        "one too few",
        "That hides the last real key too: keep all that are below `length`.",
        lambda q, k, v, length: padded_read(q, k, v, length - 1),
    ),
    Mistake(
        "mask inverted",
        "That looks at the padding alone: True means may look.",
        lambda q, k, v, length: attention(q, k, v, np.arange(len(k)) >= length).output,
    ),
    Mistake(
        "no scale",
        "Padding is hidden, but the scores are not divided by √d_k.",
        lambda q, k, v, length: attention(q, k[:length], v[:length], scaled=False).output,
    ),
    Mistake(
        "queries cut",
        "That cuts the queries off as well: all of them ask, and `length` counts keys.",
        lambda q, k, v, length: padded_read(q[:length], k, v, length),
    ),
)
register(
    Exercise(
        id="12.3",
        title="Padding never matters",
        difficulty=2,
        minutes=8,
        judge=judge_function(
            padded_read,
            _PADDED_CASES,
            "Whatever stands in the padded rows, no output moves.",
            _pads,
        ),
        reference=padded_read,
        equivalents={
            "cut off": lambda q, k, v, length: attention(q, k[:length], v[:length]).output,
            "list": lambda *given: padded_read(*given).tolist(),
            "float32": lambda *given: padded_read(*given).astype(np.float32),
        },
        mistakes=_pads,
    )
)

# ---- 12.4: the attention of 2014


def _summed(s: Any, h: Any, w: Any, u: Any) -> Any:
    return (s @ w.T)[:, None] + h @ u.T  # (T, S, d_a)


def context(s: Any, h: Any, w: Any, u: Any, v: Any) -> Any:
    """Bahdanau's attention: one mixture of h for each state of s."""
    return softmax(np.tanh(_summed(s, h, w, u)) @ v) @ h


_CONTEXT_CASES = (
    _draw(21, (3, 3), (3, 3), (3, 3), (3, 3), (3,)),
    _draw(22, (4, 2), (3, 5), (6, 2), (6, 5), (6,)),
    _draw(23, (2, 4), (5, 3), (2, 4), (2, 3), (2,)),
)
_bahdanau = (
    Mistake(
        "no tanh",
        "That leaves the tanh out; then W sᵢ adds the same to every score of a row and no longer matters.",
        lambda s, h, w, u, v: softmax(_summed(s, h, w, u) @ v) @ h,
    ),
    Mistake(
        "softmax over the queries",
        "That takes the softmax over the states sᵢ; each of them shares 1 among the hⱼ.",
        lambda s, h, w, u, v: softmax(np.tanh(_summed(s, h, w, u)) @ v, axis=0) @ h,
    ),
    Mistake(
        "no softmax",
        "That mixes by the scores; put them through a softmax first.",
        lambda s, h, w, u, v: np.tanh(_summed(s, h, w, u)) @ v @ h,
    ),
    Mistake(
        "keys for values",
        "That mixes the keys U hⱼ; here the values are the hⱼ themselves.",
        lambda s, h, w, u, v: softmax(np.tanh(_summed(s, h, w, u)) @ v) @ (h @ u.T),
    ),
    Mistake(
        "sides exchanged",
        "There the hⱼ ask and the sᵢ are mixed; each sᵢ asks, and the hⱼ are mixed.",
        lambda s, h, w, u, v: softmax(np.tanh(_summed(h, s, u, w)) @ v) @ s,
    ),
    Mistake(
        "sides exchanged, matrices not",
        "There the hⱼ ask and the sᵢ are mixed; each sᵢ asks, and the hⱼ are mixed.",
        lambda s, h, w, u, v: context(h, s, w, u, v),
    ),
    Mistake(
        "W not transposed",
        "That is s @ W and h @ U; rows are vectors here, so W s is s @ W.T.",
        lambda s, h, w, u, v: softmax(np.tanh(_summed(s, h, w.T, u.T)) @ v) @ h,
    ),
    Mistake(
        "v left out",
        "That adds up the entries of the tanh; v weighs them, by a dot product.",
        lambda s, h, w, u, v: softmax(np.tanh(_summed(s, h, w, u)).sum(axis=-1)) @ h,
    ),
    Mistake(
        "dot product",
        "That scores with the dot product of W sᵢ and U hⱼ; here they are added, and tanh and v follow.",
        lambda s, h, w, u, v: softmax(s @ w.T @ (h @ u.T).T) @ h,
    ),
    Mistake(
        "scaled",
        "That divides the scores by the root of their width, which came in 2017; tanh keeps them small here.",
        lambda s, h, w, u, v: softmax(np.tanh(_summed(s, h, w, u)) @ v / np.sqrt(len(v))) @ h,
    ),
    Mistake(
        "multiplied instead of added",
        "That multiplies W sᵢ and U hⱼ entry by entry; add them.",
        lambda s, h, w, u, v: softmax(np.tanh((s @ w.T)[:, None] * (h @ u.T)) @ v) @ h,
    ),
    Mistake(
        "tanh last",
        "That takes the tanh of the whole score; it belongs inside, before v.",
        lambda s, h, w, u, v: softmax(np.tanh(_summed(s, h, w, u) @ v)) @ h,
    ),
    Mistake(
        "weights returned",
        "Those are the weights; mix the hⱼ with them.",
        lambda s, h, w, u, v: softmax(np.tanh(_summed(s, h, w, u)) @ v),
    ),
    Mistake(
        "base 2",
        "That is a softmax in base 2; here it is base e.",
        lambda s, h, w, u, v: softmax(np.tanh(_summed(s, h, w, u)) @ v, base=2) @ h,
    ),
)


def _context_by_loops(s: Any, h: Any, w: Any, u: Any, v: Any) -> list[Any]:
    return [softmax([v @ np.tanh(w @ state + u @ note) for note in h]) @ h for state in s]


register(
    Exercise(
        id="12.4",
        title="The attention of 2014",
        difficulty=2,
        minutes=12,
        judge=judge_function(
            context,
            _CONTEXT_CASES,
            "W sᵢ is the query, U hⱼ the key, and hⱼ itself the value.",
            _bahdanau,
        ),
        reference=context,
        equivalents={
            "by loops": _context_by_loops,
            "axes by None": lambda s, h, w, u, v: (
                softmax(np.tanh((s @ w.T)[:, None, :] + (h @ u.T)[None, :, :]) @ v) @ h
            ),
            "float32": lambda *given: context(*given).astype(np.float32),
            "list": lambda *given: context(*given).tolist(),
        },
        mistakes=_bahdanau,
    )
)

# ---- 12.5: the full forward pass

register(
    Exercise(
        id="12.5",
        title="The full forward pass",
        difficulty=3,
        minutes=25,
        judge=judge_function(
            forward,
            forward_pass.CASES,
            "From words to logits: that is the whole Transformer of 2017, with one block a side.",
            forward_pass.MISTAKES,
        ),
        reference=forward,
        equivalents={
            "by blocks": forward_pass.by_blocks,
            "list": lambda *given: forward(*given).tolist(),
            "float32": lambda *given: forward(*given).astype(np.float32),
        },
        mistakes=forward_pass.MISTAKES,
    )
)
