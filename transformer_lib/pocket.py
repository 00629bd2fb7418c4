"""The pocket example: four vectors and three matrices whose attention is exact on paper.

Base-2 softmax turns whole scores into fractions, so every number here is a `Fraction`;
`arrays` gives the same as floats. Base 2 is base e at temperature 1/ln 2 = 1.443, and
scaled attention at d_k = 2 divides by √2 = 1.414: the result by hand is the real one to
two digits.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from transformer_lib.shapes import Array, InputError

Vector = tuple[Fraction, ...]
Matrix = tuple[Vector, ...]


class Head(NamedTuple):
    """One head's matrices, as the lecture writes them: q = W^q a."""

    w_q: Matrix
    w_k: Matrix
    w_v: Matrix


class ExactSteps(NamedTuple):
    """The steps of `steps.AttentionSteps`, as fractions; a hidden pair has weight 0."""

    q: Matrix
    k: Matrix
    v: Matrix
    scores: Matrix
    weights: Matrix
    output: Matrix


def exact(rows: Sequence[Sequence[int | Fraction]]) -> Matrix:
    """Write whole numbers as fractions: exact([[1, 2]]) is ((Fraction(1, 1), Fraction(2, 1)),)."""
    return tuple(tuple(Fraction(x) for x in row) for row in rows)


A = exact([(0, -1), (0, 1), (1, 0), (2, 0)])  # a₁ … a₄
HEAD_1 = Head(exact([(1, 0), (1, 1)]), exact([(0, 2), (1, -2)]), exact([(1, 0), (1, 2)]))
HEAD_2 = Head(exact([(0, 1), (1, 0)]), exact([(1, 1), (0, 1)]), exact([(0, 1), (1, 1)]))
DECODER_QUERY = exact([(1, 0)])  # one position of a decoder, already projected

EVERYONE = tuple((True,) * 4 for _ in range(4))
CAUSAL = tuple(tuple(j <= i for j in range(4)) for i in range(4))
SELF_LEFT_OUT = tuple(tuple(j != i for j in range(4)) for i in range(4))


def _dot(x: Vector, y: Vector) -> Fraction:
    return sum((p * r for p, r in zip(x, y, strict=True)), Fraction(0))


def project(a: Matrix, w: Matrix) -> Matrix:
    """Multiply each vector of a by W.

    >>> [int(x) for x in project(A, HEAD_1.w_q)[2]]
    [1, 1]
    """
    return tuple(tuple(_dot(row, vector) for row in w) for vector in a)


def power_of_two_softmax(scores: Vector, allowed: Sequence[bool]) -> Vector:
    """Divide 2^α by the sum of the allowed 2^α; a hidden position gets 0. Whole α only.

    >>> [str(x) for x in power_of_two_softmax(exact([(-2, 2, -1, -2)])[0], [True] * 4)]
    ['1/20', '4/5', '1/10', '1/20']
    """
    powers = [Fraction(2) ** int(x) if look else Fraction(0) for x, look in zip(scores, allowed, strict=True)]
    return tuple(power / sum(powers) for power in powers)


def attention(q: Matrix, k: Matrix, v: Matrix, allowed: Sequence[Sequence[bool]] | None = None) -> ExactSteps:
    """Attention by hand: no scaling, base 2, every step a fraction.

    >>> by_hand.output[0] == (Fraction(1, 5), Fraction(17, 10))
    True
    """
    scores = tuple(tuple(_dot(query, key) for key in k) for query in q)
    looks = allowed or [[True] * len(k)] * len(q)
    weights = tuple(power_of_two_softmax(row, look) for row, look in zip(scores, looks, strict=True))
    columns = tuple(zip(*v, strict=True))
    output = tuple(tuple(_dot(row, column) for column in columns) for row in weights)
    return ExactSteps(q, k, v, scores, weights, output)


def self_attention(head: Head, allowed: Sequence[Sequence[bool]] | None = None) -> ExactSteps:
    """Self-attention of a₁ … a₄ through one head."""
    return attention(project(A, head.w_q), project(A, head.w_k), project(A, head.w_v), allowed)


by_hand = self_attention(HEAD_1)
head_2 = self_attention(HEAD_2)
causal = self_attention(HEAD_1, CAUSAL)
self_left_out = self_attention(HEAD_1, SELF_LEFT_OUT)
cross = attention(DECODER_QUERY, by_hand.k, by_hand.v)
concat = tuple(one + two for one, two in zip(by_hand.output, head_2.output, strict=True))  # (4, 2 + 2)


class ExactNorm(NamedTuple):
    """The steps of `steps.layer_norm`, as fractions."""

    mean: Fraction
    std: Fraction
    output: Vector


class ExactFeedForward(NamedTuple):
    """The steps of `steps.feed_forward`, as fractions."""

    wide: Vector
    hidden: Vector
    output: Vector


# In two dimensions LayerNorm gives only 1 and −1, so it has an example of its own.
NORM_INPUT = exact([(9, 3, 3, 1)])[0]
W_1 = exact([(1, -1), (-1, 1), (1, 1), (0, 2)])
W_2 = exact([(1, 0, 1, -1), (0, 1, -1, 1)])
EIGHTHS = exact([(2, 1, 0, 0)])[0]  # scores whose weights are 1/2, 1/4, 1/8, 1/8
ROPE_QUERY, ROPE_KEY = exact([(1, 2), (3, 1)])


def layer_norm(x: Vector) -> ExactNorm:
    """LayerNorm by hand, without eps, for an x whose variance is a square.

    >>> layer_norm(NORM_INPUT).output[0]
    Fraction(5, 3)
    """
    mean = sum(x) / Fraction(len(x))
    variance = sum((entry - mean) ** 2 for entry in x) / Fraction(len(x))
    std = Fraction(math.isqrt(variance.numerator), math.isqrt(variance.denominator))
    if std**2 != variance:
        raise InputError(f"the variance is {variance}, not the square of a fraction: choose another x.")
    return ExactNorm(mean, std, tuple((entry - mean) / std for entry in x))


def feed_forward(x: Vector) -> ExactFeedForward:
    """The feed-forward network by hand, with ReLU and without biases.

    >>> [str(entry) for entry in feed_forward(by_hand.output[0]).output]
    ['-3/2', '3']
    """
    (wide,) = project((x,), W_1)
    hidden = tuple(max(entry, Fraction(0)) for entry in wide)
    (output,) = project((hidden,), W_2)
    return ExactFeedForward(wide, hidden, output)


def jacobian(weights: Vector) -> Matrix:
    """How each weight of a softmax answers to each score: diag(α′) − α′α′ᵀ, in base e."""
    n = range(len(weights))
    return tuple(tuple(weights[i] * ((i == j) - weights[j]) for j in n) for i in n)


def quarter_turns(x: Vector, n: int) -> Vector:
    """Turn (x, y) anticlockwise by n right angles, as RoPE does at 90° a position."""
    for _ in range(n % 4):
        x = (-x[1], x[0])
    return x


normed = layer_norm(NORM_INPUT)
fed_forward = feed_forward(by_hand.output[0])
eighths = power_of_two_softmax(EIGHTHS, [True] * 4)
eighths_jacobian = jacobian(eighths)
# The key stands 0, 1, 2, 3 positions after the query.
rope_scores = tuple(_dot(ROPE_QUERY, quarter_turns(ROPE_KEY, n)) for n in range(4))


def arrays(rows: Matrix | Vector) -> Array:
    """Give fractions as an array of floats.

    >>> arrays(by_hand.output)[0]
    array([0.2, 1.7])
    """
    return np.array(rows, dtype=np.float64)


a = arrays(A)  # (4, 2), one row a position
w_q, w_k, w_v = (arrays(w) for w in HEAD_1)
