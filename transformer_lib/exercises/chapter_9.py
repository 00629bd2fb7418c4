"""Exercises of chapter 9: causal rows, how to hide, causality, empty rows, finite masks, decoding."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transformer_lib import pocket
from transformer_lib.exercises.judging import judge_function, judge_numbers, read, same
from transformer_lib.exercises.layers import Layer, judge_law
from transformer_lib.exercises.registry import Exercise, Mistake, Verdict, register
from transformer_lib.shapes import Array
from transformer_lib.steps import causal, layer_norm, self_attention, softmax

Mask = NDArray[np.bool_]

_CAUSAL = causal(4)
_RAW = pocket.arrays(pocket.by_hand.scores)
_RAW_2 = pocket.arrays(pocket.head_2.scores)


def _hidden(scores: Array, allowed: Mask, instead: float = -np.inf) -> Array:
    return np.where(allowed, scores, instead)


def _fractions(*rows: tuple[Sequence[int], int]) -> list[list[Fraction]]:
    """Write rows such as ((16, 1), 17) as fractions, filled up with 0 to four."""
    return [[Fraction(n, below) for n in (*above, 0, 0, 0)[:4]] for above, below in rows]


# 9.1 ----------------------------------------------------------------------------------------------

_TRIANGLE = _fractions(((1,), 1), ((1, 4), 5), ((1, 4, 2), 7), ((1, 16, 4, 4), 25))
_BEFORE = softmax(_hidden(_RAW_2, np.tri(4, k=-1, dtype=bool))[1:], base=2)  # rows 2 to 4, without themselves
_NO_SELF = "That leaves out the diagonal: a query may look at itself."
_triangle = (
    Mistake(
        "hidden after softmax",
        "Those are the unmasked weights with the later ones wiped out, and rows 1 to 3 do not sum to 1: "
        "hide the scores, before the softmax.",
        softmax(_RAW_2, base=2) * _CAUSAL,
    ),
    Mistake(
        "nothing hidden",
        "Those are the weights without a mask; a query may look at itself and at what came before.",
        softmax(_RAW_2, base=2),
    ),
    Mistake(
        "mask inverted",
        "That hides the earlier keys; hide the later ones, those to the right of the diagonal.",
        softmax(_hidden(_RAW_2, _CAUSAL.T), base=2),
    ),
    Mistake("self hidden too", _NO_SELF, np.vstack([np.zeros(4), _BEFORE])),
    Mistake("self hidden, row 1 shared out", _NO_SELF, np.vstack([np.full(4, 0.25), _BEFORE])),
    Mistake("self hidden, each row one too low", _NO_SELF, [[0] * 4, *_TRIANGLE[:3]]),
    Mistake(
        "hidden as 0",
        "That gives hidden keys the score 0, whose power is 1; the power of −∞ is 0.",
        softmax(_hidden(_RAW_2, _CAUSAL, 0), base=2),
    ),
    Mistake("powers not divided", "Those are the powers; divide each row by its sum.", 2**_RAW_2 * _CAUSAL),
    Mistake(
        "base e for 2",
        "That is softmax in base e: right idea, but by hand the base is 2.",
        softmax(_hidden(_RAW_2, _CAUSAL)),
    ),
    Mistake(
        "scaled by √d_k",
        "That divides the scores by √2; the version by hand leaves them as they are.",
        softmax(_hidden(_RAW_2, _CAUSAL) / np.sqrt(2), base=2),
    ),
    Mistake(
        "the chapter's head",
        "Those are the rows of the chapter; this exercise has the scores of the second head.",
        pocket.causal.weights,
    ),
    Mistake(
        "softmax over the queries",
        "That divides by the sums of the columns; each row is one query and sums to 1.",
        softmax(_hidden(_RAW_2, _CAUSAL), base=2, axis=0),
    ),
)
register(
    Exercise(
        id="9.1",
        title="A causal triangle",
        difficulty=1,
        minutes=6,
        judge=judge_numbers(
            _TRIANGLE, "Each row divides by what it may see: 1, 5, 7 and 25 parts.", _triangle
        ),
        reference=_TRIANGLE,
        equivalents={
            "text": [[str(x) for x in row] for row in _TRIANGLE],
            "array": pocket.arrays(tuple(map(tuple, _TRIANGLE))),
            "float32": np.array(_TRIANGLE, dtype=np.float32),
            "the library's": softmax(_hidden(_RAW_2, _CAUSAL), base=2),
        },
        mistakes=_triangle,
    )
)


# 9.2 ----------------------------------------------------------------------------------------------

_ODD_ONE = _fractions(((1, 4, 4, 4), 13), ((16, 1, 4, 4), 25), ((1, 1, 2, 1), 5))
_odd_one = (
    Mistake(
        "the two that agree",
        "Those are the weights on which two of the programs agree; find the third.",
        pocket.causal.weights[:3],
    ),
    Mistake(
        "not divided by its own sum",
        "That is program B without its last step; with it, each row sums to 1.",
        softmax(_RAW, base=2)[:3] * _CAUSAL[:3],
    ),
    Mistake(
        "nothing hidden",
        "Those are the weights without a mask; replace the hidden scores first.",
        softmax(_RAW, base=2)[:3],
    ),
    Mistake(
        "wiped out afterwards",
        "You set the hidden weights to 0 in the end; this program does not, which is its fault.",
        softmax(_hidden(_RAW, _CAUSAL, 0), base=2)[:3] * _CAUSAL[:3],
    ),
    Mistake(
        "powers not divided",
        "Those are the powers; divide each row by its sum.",
        2 ** _hidden(_RAW, _CAUSAL, 0)[:3],
    ),
    Mistake(
        "base e for 2",
        "That is softmax in base e: right idea, but by hand the base is 2.",
        softmax(_hidden(_RAW, _CAUSAL, 0))[:3],
    ),
    Mistake(
        "all four rows",
        "Those are all four rows; the last hides nothing, so give rows 1 to 3.",
        softmax(_hidden(_RAW, _CAUSAL, 0), base=2),
    ),
)
register(
    Exercise(
        id="9.2",
        title="Three ways, two right",
        difficulty=2,
        minutes=8,
        judge=judge_numbers(
            _ODD_ONE, "It is C: a score of 0 has the power 1, so hidden keys still get a share.", _odd_one
        ),
        reference=_ODD_ONE,
        equivalents={
            "text": [[str(x) for x in row] for row in _ODD_ONE],
            "floats": [[float(x) for x in row] for row in _ODD_ONE],
            "float32": np.array(_ODD_ONE, dtype=np.float32),
        },
        mistakes=_odd_one,
    )
)


# 9.3 ----------------------------------------------------------------------------------------------

_RNG = np.random.default_rng(9)
_INPUTS = _RNG.normal(size=(5, 3))
_CHANGE = _RNG.normal(size=_INPUTS.shape)  # added to the rows that a test changes
_WEIGHTS = tuple(_RNG.normal(size=(rows, 3)) for rows in (2, 2, 3))  # d_k = 2, W^q ≠ W^k


def _attend(a: Array, allowed: Mask | None = None) -> Array:
    return self_attention(a, *_WEIGHTS, allowed=allowed).output


def _causal(a: Array) -> Array:
    return _attend(a, causal(len(a)))


def _with_weights(make: Callable[[Array, Mask], Array]) -> Callable[[Array], Array]:
    """Self-attention whose weights are made from the scores and the causal mask."""

    def layer(a: Array) -> Array:
        steps = self_attention(a, *_WEIGHTS)
        return make(steps.scores, causal(len(a))) @ steps.v

    return layer


def _behind_a_norm(a: Array) -> Array:
    return _attend(layer_norm(a, eps=1e-12).output)


def _row_before(a: Array) -> Array:
    return np.vstack([np.zeros(a.shape[1]), a[:-1]])


def _row_after(a: Array) -> Array:
    return np.vstack([a[1:], np.zeros(a.shape[1])])


def _one_peeks(at: int, seen: int) -> Callable[[Array], Array]:
    """A layer that changes nothing, except that one row sees another one; both counted from 1."""

    def layer(a: Array) -> Array:
        output = a.copy()
        if len(a) >= seen:
            output[at - 1] += a[seen - 1]
        return output

    return layer


_OBEYS = tuple(
    Layer(*pair)
    for pair in (
        ("causal self-attention", _causal),
        ("two layers of causal self-attention", lambda a: _causal(_causal(a))),
        ("a running sum", lambda a: a.cumsum(axis=0)),
        ("a layer that doubles each row", lambda a: 2 * a),
        ("a layer that gives the row before", _row_before),
        ("a layer that gives 0 whatever it reads", np.zeros_like),
    )
)
_BREAKS = tuple(
    Layer(*pair)
    for pair in (
        ("self-attention without a mask", _attend),
        ("self-attention with the mask inverted", lambda a: _attend(a, causal(len(a)).T)),
        (
            "self-attention that hides after the softmax",
            _with_weights(lambda scores, may: softmax(scores) * may),
        ),
        (
            "self-attention that adds −5 to hidden scores",
            _with_weights(lambda scores, may: softmax(scores - 5 * ~may)),
        ),
        ("self-attention without a mask, behind a LayerNorm", _behind_a_norm),
        ("a layer that gives the row after", _row_after),
        ("a layer where row 2 peeks at row 3", _one_peeks(2, 3)),
        ("a layer where row 1 peeks at row 5", _one_peeks(1, 5)),
        ("a layer where row 4 peeks at row 5", _one_peeks(4, 5)),
    )
)
_LAW = {layer: layer in _OBEYS for layer in (*_OBEYS, *_BREAKS)}


def is_causal(layer: Any, a: Any) -> bool:
    """Whether no output sees a later input: change all rows after t, for every t."""
    return all(_stays(layer, a, slice(t, None), slice(t)) for t in range(1, len(a)))


def _stays(layer: Any, a: Any, changed: slice, seen: slice, by: Any = _CHANGE) -> bool:
    other = np.array(a)
    other[changed] += np.broadcast_to(by, other.shape)[changed]
    return bool(np.allclose(layer(other)[seen], layer(a)[seen]))


def _in_place(layer: Any, a: Any) -> bool:
    before = layer(a)
    for t in range(1, len(a)):
        a[t:] += 1
        if not np.allclose(layer(a)[:t], before[:t]):
            return False
    return True


_IN_PLACE = Mistake(
    "input changed", "Your function changes `a` itself: work on `a.copy()`, made anew for each t.", _in_place
)


def _wrong_tests(by: Any) -> tuple[Mistake, ...]:
    """Tests that change the wrong rows or compare the wrong ones; `by` is added to what they change."""

    def for_every_t(changed: Callable[[int], slice], seen: Callable[[int], slice]) -> Any:
        return lambda layer, a: all(_stays(layer, a, changed(t), seen(t), by) for t in range(1, len(a)))

    return (
        Mistake(
            "all outputs compared",
            "That compares changed rows too, or keeps an earlier change: compare the first t outputs alone, "
            "with a fresh copy for each t.",
            for_every_t(lambda t: slice(t, None), lambda t: slice(None)),
        ),
        Mistake(
            "one output too many",
            "That also compares the output at the first changed row, which may move: stop one row earlier.",
            for_every_t(lambda t: slice(t, None), lambda t: slice(t + 1)),
        ),
        Mistake(
            "only the last input changed",
            "That changes the last row alone, and misses a layer where row 2 peeks at row 3: try every t.",
            lambda layer, a: _stays(layer, a, slice(-1, None), slice(-1), by),
        ),
        Mistake(
            "only the first output compared",
            "That looks at output 1 alone, and misses a layer where row 2 peeks at row 3: try every t.",
            lambda layer, a: _stays(layer, a, slice(1, None), slice(1), by),
        ),
        Mistake(
            "wrong direction",
            "That changes earlier rows and looks at later outputs; a causal layer may pass those on.",
            for_every_t(lambda t: slice(t), lambda t: slice(t, None)),
        ),
    )


_law = (
    Mistake(
        "one number for whole rows",
        "A LayerNorm takes out one number that is added to a whole row, or multiplied into it: "
        "put in random numbers.",
        lambda layer, a: all(_stays(layer, a, slice(t, None), slice(t), by=1) for t in range(1, len(a))),
    ),
    *_wrong_tests(_CHANGE),
    *_wrong_tests(1),
    Mistake(
        "says yes to everything",
        "It says True to every layer, even without a mask: does it change the rows after t?",
        lambda layer, a: layer(a).shape == np.shape(a),
    ),
    Mistake(
        "says no to everything",
        "It says False even to a layer that doubles each row: compare the first t outputs alone.",
        lambda layer, a: False,
    ),
)


def _named(mistake: Mistake) -> Verdict:
    return Verdict("wrong", mistake.sentence, mistake.name)


def _by_prefixes(layer: Any, a: Any) -> bool:
    """A causal layer gives the first t outputs from the first t inputs alone."""
    return all(np.allclose(layer(a[:t]), layer(a)[:t]) for t in range(1, len(a)))


def _row_by_row(layer: Any, a: Any) -> bool:
    for later in range(1, len(a)):
        changed = np.array(a)
        changed[later] *= -3
        if not np.array_equal(layer(changed)[:later], layer(a)[:later]):
            return False
    return True


register(
    Exercise(
        id="9.3",
        title="Does it peek?",
        difficulty=2,
        minutes=10,
        judge=judge_law(
            _LAW,
            _INPUTS,
            "It catches hiding after the softmax, finite masks, and one row that peeks.",
            _law,
            _IN_PLACE,
        ),
        reference=is_causal,
        equivalents={
            "by prefixes": _by_prefixes,
            "one later row at a time, to the last bit": _row_by_row,
            "0 or 1": lambda layer, a: int(is_causal(layer, a)),
            "NumPy's True": lambda layer, a: np.bool_(is_causal(layer, a)),
        },
        mistakes=(*_law, _IN_PLACE),
    )
)


# 9.4 ----------------------------------------------------------------------------------------------

_SEQUENCES = (
    ([0, 0, 5, 7, 4],),
    ([5, 7, 4, 0, 0],),
    ([0, 6, 0, 3],),
    ([4, 2],),
    ([0, 0, 0, 9, 0],),
    ([0, 0, 0],),
    (np.array([0, 8, 3, 3, 0, 0]),),
)


def blind(tokens: Any) -> int:
    """How many queries may look at no key, under the causal and the padding mask: zeros in front."""
    allowed = causal(len(tokens)) & (np.array(tokens) != 0)
    return int((~allowed.any(axis=1)).sum())


def _leading_zeros(tokens: Any) -> int:
    for count, token in enumerate(tokens):
        if token != 0:
            return count
    return len(tokens)


_blind = (
    Mistake(
        "padding counted",
        "That counts all padding; behind the first real token, padding too has a key to look at.",
        lambda tokens: int((np.array(tokens) == 0).sum()),
    ),
    Mistake(
        "some key hidden",
        "That counts the queries with some key hidden; count those with all keys hidden.",
        lambda tokens: int((~(causal(len(tokens)) & (np.array(tokens) != 0))).any(axis=1).sum()),
    ),
    Mistake(
        "a list compared as a whole",
        "A list != 0 is a single True: use np.array(tokens) != 0.",
        lambda tokens: int((~(causal(len(tokens)) & np.array(tokens != 0))).all(axis=1).sum()),
    ),
    Mistake(
        "0 each time",
        "You get 0 each time. Are padding's own queries counted, and are the masks joined with &?",
        lambda tokens: int((~(causal(len(tokens)) | (np.array(tokens) != 0)).any(axis=1)).sum()),
    ),
    Mistake(
        "causal mask left out",
        "That uses the padding mask alone; the later tokens are hidden too.",
        lambda tokens: len(tokens) if not np.any(tokens) else 0,
    ),
    Mistake(
        "causal mask inverted",
        "That hides the earlier keys, so padding behind the sentence is blind; hide the later ones.",
        lambda tokens: _leading_zeros(tokens[::-1]),
    ),
    Mistake(
        "queries that see",
        "That counts the queries that have a key; count those that have none.",
        lambda tokens: len(tokens) - blind(tokens),
    ),
    Mistake(
        "hidden pairs counted",
        "That counts hidden pairs; count the rows in which every pair is hidden.",
        lambda tokens: int((~(causal(len(tokens)) & (np.array(tokens) != 0))).sum()),
    ),
)
register(
    Exercise(
        id="9.4",
        title="Nobody to look at",
        difficulty=2,
        minutes=8,
        judge=judge_function(
            blind, _SEQUENCES, "Padding in front empties rows, padding behind empties none.", _blind
        ),
        reference=blind,
        equivalents={
            "zeros in front": _leading_zeros,
            "array": lambda tokens: np.array(blind(tokens)),
            "row by row": lambda tokens: sum(
                not any(token != 0 for token in tokens[: i + 1]) for i in range(len(tokens))
            ),
        },
        mistakes=_blind,
    )
)


# 9.5 ----------------------------------------------------------------------------------------------

_CHEAT = 10_000  # taken from the hidden score
_FAR = 1_000_000.0  # so that rounding plays no part

_through = {
    m.name: m
    for m in (
        Mistake(
            "nothing to hide",
            "The hidden score does not lead before the mask; only a lead over both others gets through.",
            (0, 0, 0),
        ),
        Mistake(
            "lead too small",
            "The third score leads, but by less than the mask takes away, so its weight is as good as 0.",
            (0, 0, 9_000),
        ),
        Mistake(
            "a tie",
            "After the mask the third score ties with another, so it gets half at most: add a little more.",
            (0, 0, _CHEAT),
        ),
        Mistake(
            "an open key raised",
            "You raised a key that is open; the third one is hidden and has to get through.",
            (2 * _CHEAT, 0, 0),
        ),
        Mistake(
            "just short of half",
            "The third key leads after the mask, but the other two together have half: add a little.",
            (0, 0, _CHEAT + 0.5),
        ),
        Mistake(
            "weights for scores",
            "Those look like weights; give the three scores before the mask, and any size will do.",
            (0.1, 0.2, 0.7),
        ),
    )
}


def _judge_through(answer: Any) -> Verdict:
    given = read("your answer", answer, 1)
    if isinstance(given, Verdict):
        return given
    if given.shape != (3,):
        return Verdict("wrong", f"Give three scores, one for each key; this has {given.size}.")
    if np.abs(given).max() > _FAR:
        return Verdict("wrong", "Keep every score between −1,000,000 and 1,000,000.")
    weight = softmax(given - [0, 0, _CHEAT])[2]
    if weight > 0.5 + 1e-9:
        return Verdict("right", f"The hidden key gets {weight:.1%} of the weight, and no error tells you.")
    return _named(_through[_why_not(given)])


def _why_not(given: Array) -> str:
    lead = given[2] - given[:2].max()
    if lead > 0 and same(given.sum(), 1) and given.min() >= 0 and given.max() < 1:
        return "weights for scores"
    if abs(lead - _CHEAT) < 1e-6:
        return "a tie"
    if lead > _CHEAT:
        return "just short of half"
    if lead > 0:
        return "lead too small"
    return "an open key raised" if lead < -100 else "nothing to hide"


register(
    Exercise(
        id="9.5",
        title="Through the finite mask",
        difficulty=2,
        minutes=6,
        judge=_judge_through,
        reference=(0, 0, _CHEAT + 1),
        equivalents={
            "list": [0, 0, 10_001],
            "far below": [-50_000, -20_001, 0],
            "text-free floats": np.array([1.5, -2.5, 20_000.0]),
            "fractions": [Fraction(1, 2), Fraction(0), Fraction(30_003, 2) - 2_500],
        },
        mistakes=tuple(_through.values()),
    )
)


# 9.6 ----------------------------------------------------------------------------------------------

_LOGITS = np.array([0.5, 2.0, -1.0, 1.2, 0.1])
_DRAWS = (
    (_LOGITS, 0.5, 3),
    (_LOGITS, 2.0, 2),
    (_LOGITS, 1.0, 5),
    (_LOGITS, 3.0, 1),
    ([3, -2, 4], 1.5, 2),
    (np.array([-1.0, -3.0, -0.2, -2.5]), 0.7, 3),
    (_LOGITS, 0, 3),
    ([-4, -1, -2], 0, 2),
)


def chances(logits: Any, temperature: Any, k: Any) -> Any:
    """Give the probabilities to draw from: the k largest logits at a temperature; 0 is greedy."""
    logits = np.array(logits, dtype=float)
    if temperature == 0:
        return (logits == logits.max()).astype(float)
    return softmax(np.where(_best(logits, k), logits, -np.inf), temperature=temperature)


def _best(logits: Array, k: int) -> Mask:
    return logits >= np.sort(logits)[-k]


def _drawn(make: Callable[[Array, float, int], Any]) -> Callable[..., Any]:
    """A wrong function that is right when greedy."""
    return lambda logits, temperature, k: (
        make(np.array(logits, dtype=float), temperature, k)
        if temperature > 0
        else chances(logits, temperature, k)
    )


_chances = (
    Mistake(
        "multiplied by the temperature",
        "That multiplies by the temperature; divide, so that a low one sharpens.",
        _drawn(lambda x, t, k: chances(x, 1 / t, k)),
    ),
    Mistake(
        "temperature ignored",
        "That leaves the temperature out: divide the logits by it before the softmax.",
        _drawn(lambda x, t, k: chances(x, 1, k)),
    ),
    Mistake(
        "k ignored",
        "That keeps every word; all but the k largest logits get 0.",
        _drawn(lambda x, t, k: softmax(x, temperature=t)),
    ),
    Mistake(
        "cut after softmax",
        "That cuts the tail off after the softmax, so the rest sums to less than 1: hide the logits first.",
        _drawn(lambda x, t, k: softmax(x, temperature=t) * _best(x, k)),
    ),
    Mistake(
        "hidden as 0",
        "That sets the logits of the tail to 0, which still get a share; set them to −∞.",
        _drawn(lambda x, t, k: softmax(np.where(_best(x, k), x, 0), temperature=t)),
    ),
    Mistake(
        "one too few",
        "That keeps k − 1 words: the k-th largest stays too, so compare with >=.",
        _drawn(lambda x, t, k: chances(x, t, k - 1) if k > 1 else x * np.inf),
    ),
    Mistake(
        "smallest kept",
        "That keeps the k smallest logits; keep the largest.",
        _drawn(lambda x, t, k: softmax(np.where(_best(-x, k), x, -np.inf), temperature=t)),
    ),
    Mistake(
        "sorted",
        "Those are the right probabilities in order of size; leave each in its logit's place.",
        _drawn(lambda x, t, k: np.sort(chances(x, t, k))[::-1]),
    ),
    Mistake(
        "temperature after softmax",
        "That divides the probabilities by the temperature, so they no longer sum to 1: divide the logits.",
        _drawn(lambda x, t, k: chances(x, 1, k) / t),
    ),
    Mistake(
        "base 2 for e",
        "That is softmax in base 2; here the base is e.",
        _drawn(lambda x, t, k: softmax(np.where(_best(x, k), x, -np.inf), temperature=t, base=2)),
    ),
    Mistake(
        "always greedy",
        "That gives the largest logit everything at any temperature; only temperature 0 means that.",
        lambda logits, temperature, k: chances(logits, 0, k),
    ),
    Mistake(
        "no greedy case",
        "Right above 0, but at temperature 0 nothing can be divided by it: give the largest logit 1 there.",
        lambda logits, temperature, k: chances(logits, temperature or 1, k),
    ),
)


def _in_steps(logits: Any, temperature: Any, k: Any) -> Any:
    order = sorted(range(len(logits)), key=lambda i: -logits[i])[: k if temperature else 1]
    powers = [np.exp(logits[i] / (temperature or 1)) if i in order else 0 for i in range(len(logits))]
    return [power / sum(powers) for power in powers]


def _renormalised(logits: Any, temperature: Any, k: Any) -> Any:
    if temperature == 0:
        return np.eye(len(logits))[np.argmax(logits)]
    kept = softmax(logits, temperature=temperature) * _best(np.array(logits), k)
    return kept / kept.sum()


register(
    Exercise(
        id="9.6",
        title="Greedy, temperature, top-k",
        difficulty=3,
        minutes=15,
        judge=judge_function(
            chances,
            _DRAWS,
            "Top-k is a mask over words, and greedy is what is left at temperature 0.",
            _chances,
            first_fault_decides=True,
        ),
        reference=chances,
        equivalents={
            "step by step": _in_steps,
            "divided again": _renormalised,
            "float32": lambda logits, temperature, k: chances(logits, temperature, k).astype(np.float32),
            "a very low temperature for 0": lambda logits, temperature, k: chances(
                logits, temperature or 1e-3, k
            ),
        },
        mistakes=_chances,
    )
)
