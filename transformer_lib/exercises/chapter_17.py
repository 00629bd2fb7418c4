"""Exercises of chapter 17: twelve bugs, each to be exposed by an input of the reader's own."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transformer_lib.exercises.museum import buggy, right
from transformer_lib.exercises.museum.exhibit import Careless, Exhibit, mask, numbers, whole
from transformer_lib.exercises.registry import Exercise, register
from transformer_lib.shapes import Array

_NO_TABLE = "Give a table, a list of rows of equal length."
_NO_ROW = "Give one row, a flat list of numbers."
_TOO_FEW_HEADS = "The heads must share the width evenly: make n_heads a divisor of the width, from 1 on."


def _not(ndim: int, sentence: str, example: Any) -> Careless:
    """An input with another number of axes."""
    return Careless("another shape", sentence, example, lambda x, *_: x.ndim != ndim, refused=True)


def _not_square(example: Any) -> Careless:
    sentence = "Give a square table: one row and one column a position."
    return Careless("not square", sentence, example, lambda x: x.shape[0] != x.shape[1], refused=True)


def _no_tokens(example: Any) -> Careless:
    sentence = "Tokens are whole numbers from 0 on."
    return Careless("not tokens", sentence, example, lambda x: (x % 1 != 0).any() or x.min() < 0, True)


def _heads_do_not_fit(example: Any) -> Careless:
    return Careless(
        "heads do not fit",
        _TOO_FEW_HEADS,
        example,
        lambda x, n_heads: n_heads < 1 or x.shape[1] % n_heads > 0,
        refused=True,
    )


def _one_head(example: Any) -> Careless:
    sentence = "With one head there is nothing to cut, so both give the same: take more."
    return Careless("one head", sentence, example, lambda x, n_heads: n_heads == 1)


def _one_position(sentence: str, example: Any) -> Careless:
    return Careless("one position", sentence, example, lambda x, *_: len(x) == 1)


def _alike(x: Array) -> bool:
    """Whether all rows, or all numbers of one row, are the same."""
    return bool((x == x[0]).all())


def _symmetric(x: Array) -> bool:
    return x.shape[0] == x.shape[1] and np.allclose(x, x.T)


def _shares_of_self(scores: Array) -> NDArray[np.float64]:
    """How much of its weight each query keeps for itself, if it sees all."""
    return np.diag(right.query_weights(scores))


def _one_key_takes_all(x: Array, n_heads: int) -> bool:
    """Whether some query of some head has given all its weight to one key, even with the bug."""
    return bool((buggy.head_weights(x, n_heads).max(axis=-1) > 0.98).any())


def _who_may_look(place: tuple[int, ...]) -> str:
    """What the causal law says of one place in the table of weights."""
    query, key = place
    if key > query:
        return f"Row {query} may not look ahead at position {key}."
    if query == 1:
        return "Row 1 has nobody to look at but itself."
    if key == query:
        return f"Row {query} may look at itself and back, never ahead."
    return f"Row {query} may look back at position {key}."


def exhibit(
    exercise_id: str,
    title: str,
    stars: int,
    minutes: int,
    shown: Exhibit,
    reference: Any,
    equivalents: Mapping[str, Any],
) -> None:
    """Put an exhibit on show as an exercise."""
    register(
        Exercise(
            id=exercise_id,
            title=title,
            difficulty=stars,
            minutes=minutes,
            judge=shown.judge,
            reference=reference,
            equivalents=equivalents,
            mistakes=shown.mistakes,
        )
    )


# 17.1 · batch-indexed positions --------------------------------------------------------------------

exhibit(
    "17.1",
    "Dog bites man",
    1,
    4,
    Exhibit(
        name="add_positions",
        readers=(numbers,),
        fewest=4,
        law="A mark belongs to a place in the sentence, not to a place in the batch.",
        careless=(
            _not(3, "Give a batch, three brackets deep: (B, N, d_model).", [[1, 2], [3, 4]]),
            Careless(
                "an odd width",
                "Sines and cosines come in pairs: give vectors with an even number of entries.",
                [[[1, 2, 3], [4, 5, 6]]],
                lambda x: x.shape[2] % 2 == 1,
                refused=True,
            ),
            Careless(
                "one vector",
                "With one vector there is one position, the first on every count: both give the same.",
                [[[1, 2, 3, 4]]],
                lambda x: x.shape[:2] == (1, 1),
            ),
        ),
    ),
    [[[0, 0], [0, 0]]],
    {
        "two sentences of one word": np.zeros((2, 1, 2)),
        "a real batch": np.random.default_rng(0).normal(size=(3, 5, 8)),
        "float32": np.ones((1, 2, 2), dtype=np.float32),
    },
)

# 17.2 · √d_model for √d_head -----------------------------------------------------------------------

exhibit(
    "17.2",
    "The more heads, the vaguer",
    2,
    5,
    Exhibit(
        name="head_weights",
        readers=(numbers, whole),
        fewest=4,
        law="A head's weights come from its own entries, however many heads there are.",
        careless=(
            _not(2, _NO_TABLE, ([1, 2, 3, 4], 2)),
            _heads_do_not_fit(([[1, 2, 3], [4, 5, 6]], 2)),
            _one_head(([[1, 2], [3, 4]], 1)),
            _one_position(
                "One position gives itself the weight 1, whatever its score is divided by.",
                ([[1, 2, 3, 4]], 2),
            ),
            Careless(
                "equal vectors",
                "If all vectors are equal, so are all scores, and equal they stay: take different ones.",
                (np.ones((3, 4)), 2),
                lambda x, _: _alike(x),
            ),
            Careless(
                "saturated",
                "Scores so large give one key everything under either factor: take small numbers.",
                ([[1000, 2000], [3000, 4000]], 2),
                _one_key_takes_all,
            ),
            Careless(
                "scores too close",
                "Each query's scores hardly differ, so a factor moves no weight: take larger numbers.",
                ([[0.1, 0], [0, 0]], 2),
                lambda x, _: True,
            ),
        ),
    ),
    ([[1, 0], [0, 0]], 2),
    {
        "larger": (np.random.default_rng(1).normal(size=(5, 12)), 4),
        "a list of two": [[[1, 0], [2, 1]], 2],
        "as many heads as entries": (np.eye(3), 3),
        "the pocket example": ([[0, -1], [0, 1], [1, 0], [2, 0]], np.int64(2)),
    },
)

# 17.3 · head scramble ------------------------------------------------------------------------------

exhibit(
    "17.3",
    "Fluent with one head",
    2,
    5,
    Exhibit(
        name="split_heads",
        readers=(numbers, whole),
        fewest=4,
        law="Each head gets a part of every vector, never a whole one.",
        careless=(
            _not(2, _NO_TABLE, ([1, 2, 3, 4], 2)),
            _heads_do_not_fit(([[1, 2], [3, 4]], 3)),
            _one_head(([[1, 2], [3, 4]], 1)),
            _one_position("One vector has nothing to be mixed up with: take two.", ([[1, 2, 3, 4]], 2)),
            Careless(
                "all alike",
                "If all numbers are equal, nobody sees that they changed places: make them all different.",
                (np.zeros((3, 4)), 2),
                lambda x, _: _alike(x.ravel()),
            ),
            Careless(
                "symmetric",
                "This table is its own mirror image, and the bug mirrors it: make all numbers different.",
                ([[1, 2], [2, 3]], 2),
                lambda x, _: _symmetric(x),
            ),
        ),
    ),
    ([[1, 2], [3, 4]], 2),
    {
        "larger": (np.arange(24).reshape(4, 6), 3),
        "one entry": ([[0, 1], [0, 0]], 2),
        "more vectors than entries": (np.arange(6).reshape(3, 2).tolist(), 2),
    },
)

# 17.4 · inverted mask ------------------------------------------------------------------------------

exhibit(
    "17.4",
    "Too good to be true",
    1,
    4,
    Exhibit(
        name="causal_weights",
        readers=(numbers,),
        fewest=4,
        law=_who_may_look,
        careless=(
            _not(2, _NO_TABLE, [1, 2, 3]),
            _not_square([[1, 2, 3], [4, 5, 6]]),
            _one_position("One position looks at itself under any mask: take two.", [[5]]),
            Careless(
                "in love with itself",
                "Each query has a score so large for itself that no mask matters: take smaller numbers.",
                [[100, 0], [0, 100]],
                lambda x: bool(_shares_of_self(x).min() > 0.98),
            ),
        ),
    ),
    [[0, 0], [0, 0]],
    {
        "larger": np.random.default_rng(2).normal(size=(4, 4)),
        "ones": [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
        "tuple": ((1, 2), (3, 4)),
    },
)

# 17.5 · finite mask --------------------------------------------------------------------------------

exhibit(
    "17.5",
    "A year without trouble",
    3,
    6,
    Exhibit(
        name="hide_padding",
        readers=(numbers, whole),
        fewest=1,
        law="Hidden means weight 0, whatever the scores are.",
        careless=(
            _not(1, _NO_ROW, ([[1, 2], [3, 4]], 1)),
            Careless(
                "more words than scores",
                "There is one score for each word, and the padding comes on top: make n_words smaller.",
                ([1, 2], 3),
                lambda x, n: n > len(x),
                refused=True,
            ),
            Careless(
                "no padding",
                "All of them are words, so there is nothing to hide: make n_words smaller.",
                ([1, 2, 3], 3),
                lambda x, n: n == len(x),
            ),
            Careless(
                "ordinary scores",
                "Hidden scores all become −10,000, whatever they were, and a word's score stands thousands "
                "above that: what if none does?",
                ([1, 2, 3], 2),
                lambda x, n: x[:n].max() > -9_990,
            ),
        ),
    ),
    ([0], 0),
    {
        "very low scores": ([-10_000, 0], 1),
        "larger": (np.zeros(6), 0),
        "lower than hidden": ([-20_000, -30_000, 7, 7], 2),
    },
)

# 17.6 · NaN row ------------------------------------------------------------------------------------

exhibit(
    "17.6",
    "nan from the first step",
    2,
    4,
    Exhibit(
        name="decoder_weights",
        readers=(numbers,),
        fewest=1,
        law="Weights are numbers, and where there can be none it must be said aloud.",
        careless=(
            _not(1, _NO_ROW, [[0, 5], [6, 7]]),
            _no_tokens([0.5, 3]),
            Careless(
                "no padding",
                "Without padding each position sees itself at least, and nothing happens.",
                [5, 6, 7],
                lambda x: x.min() > 0,
            ),
            Careless(
                "padding behind",
                "Behind the first word padding does no harm, because it still sees that word.",
                [5, 6, 0, 0],
                lambda x: x[0] > 0,
            ),
        ),
    ),
    [0],
    {"in front": [0, 5, 7], "all padding": np.zeros(4, dtype=int), "floats": [0.0, 3.0]},
)

# 17.7 · unbiased std -------------------------------------------------------------------------------

exhibit(
    "17.7",
    "Almost equal",
    2,
    4,
    Exhibit(
        name="layer_norm",
        readers=(numbers,),
        fewest=1,
        law="The mean square of the output is 1, or 0 if all entries are equal.",
        careless=(
            _not(1, "Give one vector, a flat list of numbers.", [[1, 2], [3, 4]]),
            Careless(
                "constant",
                "Two or more equal entries give zeros in both: let them differ.",
                [3, 3, 3],
                _alike,
            ),
            Careless(
                "wide",
                "With so many entries n and n − 1 are almost the same: take fewer.",
                [1, -1] * 200,
                lambda x: len(x) >= 40,
            ),
            Careless(
                "close together",
                "Entries so close are small beside the ε under the root: let them differ by 1 or so.",
                [0, 0.001],
                lambda x: np.ptp(x) < 0.1,
            ),
        ),
    ),
    [5],
    {"two": [0, 1], "the pocket example": [9, 3, 3, 1], "array": np.arange(6.0)},
)

# 17.8 · softmax axis -------------------------------------------------------------------------------

exhibit(
    "17.8",
    "Louder and louder",
    1,
    4,
    Exhibit(
        name="query_weights",
        readers=(numbers,),
        fewest=2,
        law="Each query has one whole to share among its keys.",
        careless=(
            _not(2, _NO_TABLE, [1, 2, 3]),
            Careless(
                "one pair",
                "One query and one key make the weight 1 along either axis.",
                [[7]],
                lambda x: x.size == 1,
            ),
            Careless(
                "evenly spread",
                "Here the powers of a row add up to as much as those of a column: make the table uneven.",
                [[0, 0], [0, 0]],
                lambda x: x.shape[0] == x.shape[1] and np.ptp(x) < 10,
            ),
            Careless(
                "saturated",
                "Scores so far apart give weights of 1 and 0 along either axis: take smaller numbers.",
                [[100, 1], [0, 100]],
                lambda x: np.ptp(x) >= 10,
            ),
        ),
    ),
    [[0, 0]],
    {
        "one key": [[0], [1]],
        "square": [[0, 1], [0, 0]],
        "larger": np.random.default_rng(3).normal(size=(3, 5)),
    },
)

# 17.9 · missing shift ------------------------------------------------------------------------------

exhibit(
    "17.9",
    "The the the",
    1,
    4,
    Exhibit(
        name="copycat_score",
        readers=(numbers,),
        fewest=2,
        law="Who repeats what he reads guesses nothing of a text without repetition.",
        careless=(
            _not(1, _NO_ROW, [[1, 2], [3, 4]]),
            _no_tokens([1.5, 2]),
            Careless(
                "one token",
                "After one token there is nothing to guess: give two at least.",
                [4],
                lambda x: x.size < 2,
                refused=True,
            ),
            Careless(
                "all alike",
                "In this text a copycat is always right: let two neighbours differ.",
                [7, 7, 7],
                _alike,
            ),
        ),
    ),
    [3, 5],
    {"a sentence": [3, 5, 3, 8, 8], "array": np.arange(6), "padding": [0, 1]},
)

# 17.10 · mask after softmax ------------------------------------------------------------------------

exhibit(
    "17.10",
    "Weaker in company",
    2,
    5,
    Exhibit(
        name="masked_weights",
        readers=(numbers, mask),
        fewest=2,
        law="What a query gives to the allowed keys adds up to 1.",
        careless=(
            _not(1, _NO_ROW, ([[1, 2], [3, 4]], [True, False])),
            Careless(
                "lengths differ",
                "Give as many scores as there are entries of the mask.",
                ([1, 2, 3], [True, False]),
                lambda x, allowed: len(x) != len(allowed),
                refused=True,
            ),
            Careless(
                "nobody",
                "Let the query look at one key at least: looking at nobody is another bug's business.",
                ([1, 2], [False, False]),
                lambda x, allowed: not allowed.any(),
                refused=True,
            ),
            Careless(
                "nothing hidden",
                "If all is allowed, both give the same softmax: hide a key.",
                ([1, 2, 3], [True, True, True]),
                lambda x, allowed: bool(allowed.all()),
            ),
            Careless(
                "hidden without weight",
                "The hidden keys had almost no weight anyway: raise their scores.",
                ([50, 0], [True, False]),
                lambda x, allowed: True,
            ),
        ),
    ),
    ([0, 0], [True, False]),
    {
        "1 and 0": ([0, 3, 1], [1, 0, 1]),
        "arrays": (np.arange(4.0), np.array([True, True, False, False])),
        "row 2 of chapter 9": [[2, -2, 1, 2], (True, True, False, False)],
    },
)

# 17.11 · shared parameter --------------------------------------------------------------------------

exhibit(
    "17.11",
    "Six layers, one voice",
    2,
    5,
    Exhibit(
        name="after_one_step",
        readers=(numbers,),
        fewest=2,
        law="A layer moves by its own gradient alone.",
        careless=(
            _not(1, _NO_ROW, [[1, 2], [3, 4]]),
            Careless(
                "one layer",
                "One layer has nobody to share with: take two.",
                [2],
                lambda x: x.size == 1,
            ),
            Careless(
                "no step",
                "Layers that hardly move are alike in both versions: give a gradient of 1 or so.",
                [0, 0, 0],
                lambda x: np.abs(x).max() < 0.1,
            ),
        ),
    ),
    [1, 1],
    {"one moves": [0, 1], "opposite": [1, -1], "six": np.arange(6)},
)

# 17.12 · vacuous test ------------------------------------------------------------------------------

exhibit(
    "17.12",
    "Always green",
    2,
    5,
    Exhibit(
        name="is_causal",
        readers=(numbers,),
        fewest=4,
        law="A test that has never failed has not been tested.",
        careless=(
            _not(2, _NO_TABLE, [1, 0]),
            _not_square([[1, 0, 0], [0.5, 0.5, 0]]),
            _one_position("One position has no later key to look at: take two.", [[1]]),
            Careless(
                "a causal table",
                "This table is causal, so both are right to say True: give one that must be refused.",
                [[1, 0], [0.5, 0.5]],
                lambda x: not np.triu(x, 1).any(),
            ),
        ),
    ),
    [[0, 1], [0, 1]],
    {
        "everyone sees everyone": np.full((4, 4), 0.25),
        "one peek": [[1, 0, 0], [0.5, 0.4, 0.1], [0, 0, 1]],
        "tuple": ((0.5, 0.5), (0.5, 0.5)),
    },
)
