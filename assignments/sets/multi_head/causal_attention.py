"""Causal attention of the last T of S positions, and the wrong turns it invites."""

from collections.abc import Callable
from typing import Any

import numpy as np

from assignments.numbers import Draw
from transformer_lib.exercises.registry import Mistake
from transformer_lib.shapes import Array
from transformer_lib.steps import attention, causal, softmax

HUGE = 1e12  # a hidden score that no finite number added to it can hide


def causal_attention(q: Any, k: Any, v: Any) -> Array:
    """The queries are the last T of the S positions: each looks at itself and at what came before."""
    return attention(q, k, v, causal(len(q), len(k))).output


def cases(draw: Draw, *sizes: tuple[int, int, int, int]) -> list[tuple[Array, Array, Array]]:
    """Draw q (T, d_k), k (S, d_k) and v (S, d_v) for each (T, S, d_k, d_v)."""
    return [
        (draw.hundredths(T, d_k), draw.hundredths(S, d_k), draw.hundredths(S, d_v))
        for T, S, d_k, d_v in sizes
    ]


def huge_future(draw: Draw) -> tuple[Array, Array, Array]:
    """A case whose last key, hidden from all queries but one, has an enormous score."""
    q, k, v = cases(draw, (3, 4, 2, 3))[0]
    q, k = abs(q) + 1, abs(k)
    k[-1] = HUGE
    q[-1] = [-1, -1]  # the last query may look there, and turns away
    return q, k, v


def _scores(q: Any, k: Any) -> Array:
    return q @ k.T / np.sqrt(q.shape[1])


def _masked(mask: Callable[[int, int], Any]) -> Callable[..., Array]:
    return lambda q, k, v: softmax(np.where(mask(len(q), len(k)), _scores(q, k), -np.inf)) @ v


def _behind(q: Any, k: Any, v: Any) -> Array:
    return (softmax(_scores(q, k)) * causal(len(q), len(k))) @ v


def _renormalised(q: Any, k: Any, v: Any) -> Array:
    kept = softmax(_scores(q, k)) * causal(len(q), len(k))
    return kept / kept.sum(axis=1, keepdims=True) @ v


def _from_the_start(q: Any, k: Any, v: Any) -> Array:
    return _masked(lambda T, S: np.tri(T, S, dtype=bool))(q, k, v)


def _added(q: Any, k: Any, v: Any) -> Array:
    return softmax(_scores(q, k) + np.where(causal(len(q), len(k)), 0, -1e9)) @ v


MISTAKES = (
    Mistake(
        "no mask",
        "No mask is on: a query may look at itself and at what came before.",
        _masked(lambda T, S: np.ones((T, S), dtype=bool)),
    ),
    Mistake(
        "mask from the first position",
        "That takes the queries for the first positions: they are the last T of the S.",
        _from_the_start,
    ),
    Mistake(
        "mask inverted",
        "That hides the past: True means may look, and a query looks back.",
        _masked(lambda T, S: causal(T, S)[::-1, ::-1]),
    ),
    Mistake(
        "hidden after softmax",
        "That hides after the softmax, so the weights left sum to less than 1: hide the scores.",
        _behind,
    ),
    Mistake(
        "hidden as 0",
        "That gives hidden keys the score 0, which still takes a share: give them −∞.",
        lambda q, k, v: softmax(_scores(q, k) * causal(len(q), len(k))) @ v,
    ),
    Mistake(
        "no scale",
        "The mask is right, and the scores are not divided by √d_k.",
        lambda q, k, v: attention(q, k, v, causal(len(q), len(k)), scaled=False).output,
    ),
    Mistake(
        "d_k for √d_k",
        "That divides the scores by d_k: divide by its square root.",
        lambda q, k, v: attention(q / np.sqrt(q.shape[1]), k, v, causal(len(q), len(k))).output,
    ),
    Mistake(
        "base 2",
        "That is softmax in base 2: here the base is e.",
        lambda q, k, v: attention(q, k, v, causal(len(q), len(k)), base=2).output,
    ),
)
HUGE_MISTAKES = (
    Mistake(
        "a finite number added",
        "A finite number added to a hidden score hides it only while the score is small: set it to −∞.",
        _added,
    ),
    Mistake(
        "renormalised",
        "That hides after the softmax and divides again: beside a huge hidden score that is 0/0.",
        _renormalised,
    ),
)
