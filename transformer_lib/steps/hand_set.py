"""Heads set by hand: matrices nobody trained, each with one known way of looking.

A position's vector has three blocks, letter | place | slot: which letter stands there, where it
stands, and what an earlier layer has left. The start mark ^ has no letter: its value is 0.
"""

from typing import NamedTuple

import numpy as np

from transformer_lib.shapes import Array, InputError
from transformer_lib.steps.attention import AttentionSteps, self_attention
from transformer_lib.steps.masks import causal

START = "^"


class HandSet(NamedTuple):
    """One head's matrices over letter | place | slot; q = W^q x."""

    w_q: Array  # (d_k, V + N + V)
    w_k: Array  # (d_k, V + N + V)
    w_v: Array  # (V, V + N + V)


class InductionSteps(NamedTuple):
    """Two layers: the first leaves the letter before in each slot, the second looks there."""

    first: AttentionSteps
    x: Array  # (N, d): what the second layer reads
    second: AttentionSteps


def embed_letters(text: str, alphabet: str) -> Array:
    """Give each position of a text its vector: letter, place and an empty slot, each a 1 among 0s.

    Parameters
    ----------
    text : str
        N characters: letters of the alphabet, and ^ for the start.
    alphabet : str
        V letters.

    Returns
    -------
    array (N, V + N + V)
        One row a position.

    Raises
    ------
    InputError
        The text is empty, or holds a character that is neither ^ nor of the alphabet.

    Examples
    --------
    >>> embed_letters("^b", "ab").astype(int)
    array([[0, 0, 1, 0, 0, 0],
           [0, 1, 0, 1, 0, 0]])
    """
    strangers = sorted(set(text) - set(alphabet) - {START})
    if not text or strangers:
        raise InputError(f"text is {text!r}: give letters of {alphabet!r}, and {START} for the start.")
    letters = np.array([[float(one == letter) for letter in alphabet] for one in text])  # (N, V)
    return np.hstack([letters, np.eye(len(text)), np.zeros_like(letters)])


def hand_set(kind: str, n_letters: int, n_places: int, sharpness: float = 10.0) -> HandSet:
    r"""Set a head by hand, to be run causal, in base 2 and without scaling.

    Parameters
    ----------
    kind : str
        "previous" asks for the place before, "first" for place 1, "same" for its own letter,
        "uniform" for nothing, "induction" for its own letter in the slots of others.
    n_letters, n_places : int
        The sizes V and N of the blocks, as in `embed_letters`.
    sharpness : float
        The score of a match; all others are 0. 10 gives it 2¹⁰ = 1,024 times the weight of another.

    Returns
    -------
    HandSet
        `w_q` and `w_k` (d_k, V + N + V), where d_k depends on the kind, and `w_v` (V, V + N + V),
        which brings the letter.

    Raises
    ------
    InputError
        There is no head of that kind; the message lists those that exist.

    Notes
    -----
    "induction" gives place 1 half of the sharpness: there it rests when it finds nothing.
    Source: Elhage et al. (2021), "A Mathematical Framework for Transformer Circuits".

    Examples
    --------
    >>> head = hand_set("previous", 2, 5)
    >>> head.w_q.shape, head.w_k.shape, head.w_v.shape
    ((5, 9), (5, 9), (2, 9))
    """
    letter = np.eye(n_letters, 2 * n_letters + n_places)
    place = np.eye(n_places, 2 * n_letters + n_places, n_letters)
    slot = np.eye(n_letters, 2 * n_letters + n_places, n_letters + n_places)
    anywhere = place.sum(axis=0, keepdims=True)  # (1, d): 1 times x, for every position
    pairs = {
        "previous": (np.eye(n_places, k=1) @ place, place),
        "first": (anywhere, place[:1]),
        "same": (letter, letter),
        "uniform": (0 * letter, letter),
        "induction": (np.vstack([letter, anywhere / 2]), np.vstack([slot, place[:1]])),
    }
    if kind not in pairs:
        raise InputError(f"kind is {kind!r}: it must be one of {', '.join(pairs)}.")
    w_q, w_k = pairs[kind]
    return HandSet(sharpness * w_q, w_k, letter)


def look_by_hand(x: Array, head: HandSet) -> AttentionSteps:
    """Run a head set by hand over x (N, V + N + V): causal, raw scores, base 2.

    >>> x = embed_letters("^abab", "ab")
    >>> look_by_hand(x, hand_set("previous", 2, 5)).weights[2].round(3)
    array([0.001, 0.998, 0.001, 0.   , 0.   ])
    """
    return self_attention(x, *head, causal(len(x)), scaled=False, base=2)


def induction_by_hand(
    text: str, alphabet: str, sharpness: float = 10.0, *, first: bool = True
) -> InductionSteps:
    """Carry on a repetition with two heads set by hand, one above the other.

    Parameters
    ----------
    text, alphabet : str
        N characters, and the V letters that they are of, as in `embed_letters`.
    sharpness : float
        The score of a match, in both layers.
    first : bool
        False leaves the first layer out: the slots stay empty.

    Returns
    -------
    InductionSteps
        `first` and `second`, with every step of each layer (weights (N, N), output (N, V)), and `x`
        (N, V + N + V), which the second layer reads.

    Notes
    -----
    Source: Elhage et al. (2021), "A Mathematical Framework for Transformer Circuits".

    Examples
    --------
    >>> steps = induction_by_hand("^catca", "act")
    >>> int(steps.second.weights[-1].argmax())
    3
    >>> steps.second.output[-1].round(2)
    array([0.  , 0.  , 0.97])
    """
    x = embed_letters(text, alphabet)
    sizes = len(alphabet), len(text)
    below = look_by_hand(x, hand_set("previous", *sizes, sharpness))
    if first:
        x = np.hstack([x[:, : -len(alphabet)], below.output])  # (N, V + N + V), the slots filled
    return InductionSteps(below, x, look_by_hand(x, hand_set("induction", *sizes, sharpness)))


def read_letters(output: Array, alphabet: str) -> list[str]:
    """Read a letter off each row of (N, V) in which its entry is above 0.5; else ''.

    >>> read_letters(np.array([[0.9, 0.1], [0.5, 0.5]]), "ab")
    ['a', '']
    """
    return [alphabet[row.argmax()] if row.max() > 0.5 + 1e-9 else "" for row in output]
