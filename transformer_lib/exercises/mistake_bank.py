"""The wrong turns that self-attention invites: each with its name, its sentence and what it gives.

On the pocket example all of them differ from the right result and from each other, so a wrong
answer tells which one was made.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from transformer_lib.exercises.registry import Mistake
from transformer_lib.shapes import Array
from transformer_lib.steps import AttentionSteps, self_attention, softmax


class Wrong(NamedTuple):
    """What a wrong turn gives: weights (N, N) and output (N, d_v), rows as positions."""

    weights: Array
    output: Array


class _Setting(NamedTuple):
    """The inputs, the right steps, and how the right softmax is taken."""

    a: Array
    w: tuple[Array, Array, Array]
    right: AttentionSteps
    base: float
    scale: float

    def softmax(self, scores: Array, **how: Any) -> Array:
        return softmax(scores, **{"base": self.base, **how})


def _weights(make: Callable[[_Setting], Array]) -> Callable[[_Setting], Wrong]:
    """A wrong turn in the weights alone."""

    def wrong(s: _Setting) -> Wrong:
        weights = make(s)
        return Wrong(weights, weights @ s.right.v)

    return wrong


def _values(make: Callable[[_Setting], Array]) -> Callable[[_Setting], Wrong]:
    """A wrong turn in the values alone."""
    return lambda s: Wrong(s.right.weights, s.right.weights @ make(s))


def _masked(mask: Callable[[int], Array]) -> Callable[[_Setting], Wrong]:
    return _weights(lambda s: s.softmax(np.where(mask(len(s.a)), s.right.scores, -np.inf)))


def _hard_max(s: _Setting) -> Array:
    return np.eye(len(s.a))[s.right.scores.argmax(axis=-1)]


def _over_all(s: _Setting) -> Array:
    return s.softmax(s.right.scores.ravel()).reshape(s.right.scores.shape)


def _untransposed(which: int) -> Callable[[_Setting], Wrong]:
    def wrong(s: _Setting) -> Wrong:
        w = [m.T if i == which else m for i, m in enumerate(s.w)]
        steps = self_attention(s.a, *w, scaled=s.scale != 1, base=s.base)
        return Wrong(steps.weights, steps.output)

    return wrong


def _no_projection(s: _Setting) -> Wrong:
    weights = s.softmax(s.a @ s.a.T / s.scale)
    return Wrong(weights, weights @ s.a)


_BANK: tuple[tuple[str, str, Callable[[_Setting], Wrong]], ...] = (
    (
        "no scale",
        "That is what you get without dividing the scores by √d_k.",
        _weights(lambda s: s.softmax(s.right.q @ s.right.k.T)),
    ),
    (
        "scaled by √d_k",
        "That divides the scores by √d_k; the version by hand leaves them as they are.",
        _weights(lambda s: s.softmax(s.right.q @ s.right.k.T / np.sqrt(s.right.q.shape[-1]))),
    ),
    (
        "d_k for √d_k",
        "That divides the scores by d_k; divide by its square root.",
        _weights(lambda s: s.softmax(s.right.q @ s.right.k.T / s.right.q.shape[-1])),
    ),
    (
        "scale after softmax",
        "That divides by √d_k after the softmax, so no row sums to 1: scale the scores, before it.",
        _weights(lambda s: s.softmax(s.right.q @ s.right.k.T) / np.sqrt(s.right.q.shape[-1])),
    ),
    (
        "softmax over the queries",
        "That is what you get when softmax runs over the queries: each query's weights must sum to 1.",
        _weights(lambda s: s.softmax(s.right.scores, axis=0)),
    ),
    (
        "softmax over all entries",
        "That takes one softmax over the whole table; take one for each query.",
        _weights(_over_all),
    ),
    (
        "no softmax",
        "Those are the scores themselves; take the softmax first.",
        _weights(lambda s: s.right.scores),
    ),
    (
        "sum-normalised without exp",
        "That divides the scores by their sum; raise the base to each score first.",
        _weights(lambda s: s.right.scores / s.right.scores.sum(axis=-1, keepdims=True)),
    ),
    (
        "q and k swapped",
        "That is kᵢ·qⱼ, query and key swapped: row i belongs to query i, so it is qᵢ·kⱼ.",
        _weights(lambda s: s.softmax(s.right.scores.T)),
    ),
    ("K used as V", "That sums the keys; the weights are for the values.", _values(lambda s: s.right.k)),
    ("a used as V", "That sums the inputs a; project them by W^v first.", _values(lambda s: s.a)),
    (
        "Q = K = V = a",
        "That uses a for query, key and value at once; project it by W^q, W^k and W^v first.",
        _no_projection,
    ),
    ("W^q not transposed", "That is a W^q; in rows, q = a (W^q)ᵀ.", _untransposed(0)),
    ("W^k not transposed", "That is a W^k; in rows, k = a (W^k)ᵀ.", _untransposed(1)),
    ("W^v not transposed", "That is a W^v; in rows, v = a (W^v)ᵀ.", _untransposed(2)),
    (
        "hard max",
        "That gives all the weight to the largest score; softmax leaves the others a share.",
        _weights(_hard_max),
    ),
    (
        "self left out",
        "That leaves out the position's own key; each position looks at itself too.",
        _masked(lambda n: ~np.eye(n, dtype=bool)),
    ),
    (
        "causal mask left on",
        "That hides the later positions; here every position looks at all of them.",
        _masked(lambda n: np.tri(n, dtype=bool)),
    ),
    (
        "mask inverted",
        "That hides the earlier positions; here every position looks at all of them.",
        _masked(lambda n: np.tri(n, dtype=bool).T),
    ),
    (
        "weights transposed before V",
        "That mixes the values by the columns of the weights; b_i takes row i.",
        lambda s: Wrong(s.right.weights.T, s.right.weights.T @ s.right.v),
    ),
    (
        "base 2 for e",
        "That is the hand version, in base 2: right idea, but here the base is e.",
        _weights(lambda s: softmax(s.right.scores, base=2)),
    ),
    (
        "base e for 2",
        "That is softmax in base e: right idea, but by hand the base is 2.",
        _weights(lambda s: softmax(s.right.scores)),
    ),
    (
        "the paper's version",
        "That is the paper's version, in base e and scaled: right idea, but by hand it is base 2, unscaled.",
        _weights(lambda s: softmax(s.right.q @ s.right.k.T / np.sqrt(s.right.q.shape[-1]))),
    ),
    (
        "residual added",
        "That adds the input a to the output; attention alone does not.",
        lambda s: Wrong(s.right.weights, s.right.output + s.a),
    ),
)

# What is said of the version by hand, base 2 and unscaled, to readers who know no matrices yet.
_BY_HAND = {
    "d_k for √d_k": "That divides the scores by 2; the version by hand leaves them as they are.",
    "scaled by √d_k": "That divides the scores by √2; the version by hand leaves them as they are.",
    "scale after softmax": "That divides the weights by √2, so they no longer add up to 1; leave them alone.",
    "softmax over the queries": "That divides by what all queries give to one key; "
    "divide by what one query gives to all keys.",
    "softmax over all entries": "That shares one whole among all pairs; "
    "the weights of one query add up to 1 by themselves.",
    "no softmax": "Those are the scores, used as weights: take their softmax first.",
    "q and k swapped": "That takes kᵢ·qⱼ, query and key swapped: position i asks, so it is qᵢ·kⱼ.",
    "W^q not transposed": "That reads W^q by its columns: entry 1 of a query comes from its first row.",
    "W^k not transposed": "That reads W^k by its columns: entry 1 of a key comes from its first row.",
    "W^v not transposed": "That reads W^v by its columns: entry 1 of a value comes from its first row.",
    "weights transposed before V": "Those weights are what each position gives to position i; "
    "bᵢ needs what position i gives to each.",
}


def wrong_turns(
    a: Array, w_q: Array, w_k: Array, w_v: Array, *, base: float = np.e, scaled: bool = True
) -> dict[str, Wrong]:
    """Make every wrong turn on one input; the right way is `self_attention` with the same settings.

    All matrices must be square and as wide as a, so that a missing transpose runs.
    Turns that give the right weights *and* output under these settings are left out.
    """
    right = self_attention(a, w_q, w_k, w_v, base=base, scaled=scaled)
    setting = _Setting(a, (w_q, w_k, w_v), right, base, np.sqrt(right.q.shape[-1]) if scaled else 1.0)
    turns = {name: make(setting) for name, _, make in _BANK}
    same = (right.weights, right.output)
    return {name: wrong for name, wrong in turns.items() if not _alike((wrong.weights, wrong.output), same)}


def mistakes_for(
    view: Callable[[Wrong], Any], a: Array, w_q: Array, w_k: Array, w_v: Array, **how: Any
) -> tuple[Mistake, ...]:
    """Give the bank as known mistakes of an answer that is numbers: `view` takes what is asked.

    Left out are turns that do not show in what is asked, and those no answer could tell apart
    from an earlier one.

    >>> from transformer_lib import pocket
    >>> example = (pocket.a, pocket.w_q, pocket.w_k, pocket.w_v)
    >>> len(mistakes_for(lambda wrong: wrong.output, *example))
    21
    """
    seen = [view(Wrong(*_weights_and_output(self_attention(a, w_q, w_k, w_v, **how))))]
    found = []
    sentences = {name: sentence for name, sentence, _ in _BANK}
    if not how.get("scaled", True):
        sentences |= _BY_HAND
    for name, wrong in wrong_turns(a, w_q, w_k, w_v, **how).items():
        answer = view(wrong)
        if not any(_alike(answer, other) for other in seen):
            seen.append(answer)
            found.append(Mistake(name, sentences[name], answer))
    return tuple(found)


def _weights_and_output(steps: AttentionSteps) -> tuple[Array, Array]:
    return steps.weights, steps.output


def _alike(one: Any, other: Any) -> bool:
    pairs = zip(one, other, strict=True) if isinstance(one, tuple) else [(one, other)]
    return all(np.shape(x) == np.shape(y) and np.allclose(x, y, rtol=0, atol=1e-9) for x, y in pairs)
