"""Exercises of chapter 14: name the model, hide like BERT, prefix masks, three masks, patches."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from transformer_lib import pocket
from transformer_lib.exercises.judging import call, gives_nothing, judge_function, judge_numbers
from transformer_lib.exercises.registry import Exercise, Mistake, Verdict, register
from transformer_lib.shapes import Array, InputError, as_array
from transformer_lib.steps import causal, prefix, softmax

# 14.1 ---------------------------------------------------------------------------------------------

MODELS = ["GPT", "BERT", "T5", "prefix LM", "ViT"]
_known = {name.lower().replace(" ", ""): name for name in MODELS}


def _models(*names: str) -> list[str]:
    return list(names)


_named = (
    Mistake(
        "BERT and GPT swapped",
        "You have BERT and GPT the wrong way round: BERT sees both sides, GPT only what came before.",
        _models("BERT", "GPT", "T5", "prefix LM", "ViT"),
    ),
    Mistake(
        "T5 and prefix LM swapped",
        "You have T5 and the prefix LM the wrong way round: T5 has two stacks, a prefix LM has one.",
        _models("GPT", "BERT", "prefix LM", "T5", "ViT"),
    ),
    Mistake(
        "BERT and ViT swapped",
        "You have BERT and ViT the wrong way round: both see everything, and one of them hides words.",
        _models("GPT", "ViT", "T5", "prefix LM", "BERT"),
    ),
    Mistake(
        "prefix LM taken for GPT",
        "The fourth is no GPT: its first row sees five positions, so its mask is not causal.",
        _models("GPT", "BERT", "T5", "GPT", "ViT"),
    ),
    Mistake(
        "prefix LM taken for BERT",
        "The fourth is no BERT: its rows 5 to 7 do not see what comes after them.",
        _models("GPT", "BERT", "T5", "BERT", "ViT"),
    ),
    Mistake(
        "ViT taken for BERT",
        "The fifth has BERT's mask, but hides no word: what has 196 pieces and one more?",
        _models("GPT", "BERT", "T5", "prefix LM", "BERT"),
    ),
)


def _judge_models(answer: Any) -> Verdict:
    given = answer.tolist() if isinstance(answer, np.ndarray) else answer
    if not isinstance(given, list | tuple) or not all(isinstance(name, str) for name in given):
        return Verdict("wrong", 'Give a list of five names in quotes, such as ["T5", "BERT", …].')
    if len(given) != len(MODELS):
        return Verdict("wrong", f"Your list holds {len(given)} names; there are five models.")
    plain = [_known.get(name.lower().replace("-", "").replace(" ", "")) for name in given]
    if None in plain:
        return Verdict("wrong", f"Name {plain.index(None) + 1} is none of {', '.join(sorted(MODELS))}.")
    if plain == MODELS:
        return Verdict(
            "right", "The masks settle three; BERT and ViT share one, and differ in what they guess."
        )
    for mistake in _named:
        if plain == mistake.answer:
            return Verdict("wrong", mistake.sentence, mistake.name)
    off = [n for n, (one, right) in enumerate(zip(plain, MODELS, strict=True), 1) if one != right]
    return Verdict("wrong", f"Look again at {_listed(off)}: which rows may look ahead, and what is guessed?")


def _listed(numbers: Sequence[int]) -> str:
    *most, last = map(str, numbers)
    return f"{', '.join(most)} and {last}" if most else last


register(
    Exercise(
        id="14.1",
        title="Name the model",
        difficulty=1,
        minutes=5,
        judge=_judge_models,
        reference=MODELS,
        equivalents={
            "tuple": tuple(MODELS),
            "small letters": [name.lower() for name in MODELS],
            "array": np.array(MODELS),
            "hyphen": [name.replace(" ", "-") for name in MODELS],
        },
        mistakes=_named,
    )
)


# 14.2 ---------------------------------------------------------------------------------------------

_MASK, _FIRST_WORD, _END = 3, 4, 100
Ids = NDArray[np.int_]


def _texts() -> Ids:
    """400 texts of up to 50 ids: [CLS], words, [SEP], padding."""
    rng = np.random.default_rng(14)
    tokens = rng.integers(_FIRST_WORD, _END, size=(400, 50))
    lengths = rng.integers(30, 51, size=(400, 1))
    place = np.arange(50)
    tokens = np.where(place < lengths, tokens, 0)
    tokens = np.where(place == lengths - 1, 2, tokens)
    tokens[:, 0] = 1
    return tokens


_TEXTS = _texts()


def hide_like_bert(
    tokens: Ids, rng: np.random.Generator, shares: tuple[float, float] = (0.8, 0.1), low: int = _FIRST_WORD
) -> tuple[Ids, NDArray[np.bool_]]:
    """Choose 15 in 100 words; `shares` of them become [MASK] and a random id from `low` on."""
    tokens = np.array(tokens)
    chosen = (rng.random(tokens.shape) < 0.15) & (tokens > _MASK)
    fate = rng.random(tokens.shape)
    read = np.where(chosen & (fate < shares[0]), _MASK, tokens)
    anything = rng.integers(low, _END, tokens.shape)
    return np.where(chosen & (fate >= 1 - shares[1]), anything, read), chosen


class Law(NamedTuple):
    """What must not be: the mistake's name, the sentence, and when it shows."""

    name: str
    sentence: str
    broken: Callable[[Ids, Ids, NDArray[np.bool_]], bool]  # of tokens, read and chosen


def _share(some: NDArray[np.bool_], of: NDArray[np.bool_]) -> float:
    return float(some[of].mean()) if of.any() else 0.0


_LAWS = (
    Law(
        "marks chosen",
        "It chooses padding or a mark: ids 0, 1 and 2 are never chosen.",
        lambda tokens, read, chosen: bool(
            chosen[tokens <= _MASK].any() and 0.1 < _share(chosen, tokens > 0) < 0.2
        ),
    ),
    Law(
        "everything counts",
        "It says of every word that it must be guessed; then the model learns mostly to copy.",
        lambda tokens, read, chosen: _share(chosen, tokens > _MASK) > 0.99,
    ),
    Law(
        "chosen inverted",
        "`chosen` is inverted: it is True where the model must guess, for 15 words in 100.",
        lambda tokens, read, chosen: 0.8 < _share(chosen, tokens > _MASK) < 0.9,
    ),
    Law(
        "changed and not chosen",
        "It changes a word that is not chosen: all that is changed must be guessed.",
        lambda tokens, read, chosen: bool((read != tokens)[~chosen].any()),
    ),
    Law(
        "the same places in every text",
        "Every text has the same places chosen: draw a number for each token, not for each column.",
        lambda tokens, read, chosen: bool(
            chosen[:, 1:29].any() and (chosen[:, 1:29] == chosen[0, 1:29]).all()
        ),
    ),
    Law(
        "always [MASK]",
        "Every chosen word becomes [MASK] (did you draw only once?); 10 in 100 become a random word, and "
        "10 in 100 stay.",
        lambda tokens, read, chosen: _share(read == _MASK, chosen) > 0.99,
    ),
    Law(
        "random marks",
        "A random word is sometimes padding or a mark: words are 4 to 99.",
        lambda tokens, read, chosen: bool((read[chosen] < _MASK).any()),
    ),
    Law(
        "one random word",
        "Every random word is the same one; draw one for each place.",
        lambda tokens, read, chosen: len(set(read[chosen & (read != tokens) & (read != _MASK)])) == 1,
    ),
    Law(
        "never kept",
        "No chosen word stays as it is; 10 in 100 do, so that a right word is not always taken for wrong.",
        lambda tokens, read, chosen: bool(chosen.any() and _share(read == tokens, chosen) < 0.02),
    ),
    Law(
        "never random",
        "No chosen word becomes another word; 10 in 100 do, so that no word is to be trusted blindly.",
        lambda tokens, read, chosen: (
            bool(chosen.any()) and _share((read != tokens) & (read != _MASK), chosen) < 0.01
        ),
    ),
)


def _zeros_and_ones(value: Any) -> Any:
    """Write True as 1 and False as 0, because the judges of numbers take no booleans."""
    if isinstance(value, list | tuple):
        return [_zeros_and_ones(entry) for entry in value]
    if isinstance(value, bool | np.bool_):
        return int(value)
    if hasattr(value, "detach"):
        value = value.detach().numpy()
    return value.astype(int) if isinstance(value, np.ndarray) and value.dtype == bool else value


_IN_PLACE = "It changes the array it is given; make a copy first, as `np.array(tokens)` does."


def _judge_hiding(answer: Any) -> Verdict:
    if not callable(answer):
        kind = type(answer).__name__
        return Verdict("wrong", f"Give the function itself, without calling it; this is of type {kind}.")
    left: list[Ids] = []  # what became of the array it was given

    def kept(tokens: Ids, rng: np.random.Generator) -> Any:
        left.append(tokens)
        return answer(tokens, rng)

    value, problem = call(kept, _TEXTS, np.random.default_rng(0))
    if problem is not None:
        return problem
    if value is None or value is ...:
        return gives_nothing(answer)
    if not np.array_equal(left[0], _TEXTS):
        return Verdict("wrong", _IN_PLACE, "changed in place")
    pair = _two_arrays(value)
    if isinstance(pair, Verdict):
        return pair
    read, chosen = pair
    for law in _LAWS:
        if law.broken(_TEXTS, read, chosen):
            return Verdict("wrong", law.sentence, law.name)
    words = _TEXTS > _MASK
    for share, wanted, room, what in (
        (_share(chosen, words), 0.15, 0.012, "of the words are chosen"),
        (_share(read == _MASK, chosen), 0.8, 0.04, "of the chosen become [MASK]"),
        (_share(read == _TEXTS, chosen), 0.1, 0.03, "of the chosen stay as they are"),
    ):
        if abs(share - wanted) > room:
            return Verdict("wrong", f"{share:.2f} {what}; it should be {wanted:.2f}.")
    return Verdict("right", "80 in 100 of the chosen show [MASK], and every chosen one counts in the loss.")


def _two_arrays(value: Any) -> tuple[Ids, NDArray[np.bool_]] | Verdict:
    if not isinstance(value, tuple | list) or len(value) != 2:
        return Verdict("wrong", "Your function must return two arrays: what is read, and `chosen`.")
    try:
        read, chosen = (
            as_array(name, _zeros_and_ones(one), 2)
            for name, one in zip(("read", "chosen"), value, strict=True)
        )
    except InputError as error:
        return Verdict("wrong", f"{str(error)[0].upper()}{str(error)[1:]}")
    if read.shape != _TEXTS.shape or chosen.shape != _TEXTS.shape:
        return Verdict("wrong", "Return two arrays of the shape of `tokens`.")
    if not np.isin(chosen, (0, 1)).all():
        return Verdict("wrong", "`chosen`, the second array, must hold True and False.")
    return read.astype(int), chosen.astype(bool)


def _law(name: str, answer: Callable[[Ids, np.random.Generator], Any]) -> Mistake:
    (sentence,) = (law.sentence for law in _LAWS if law.name == name)
    return Mistake(name, sentence, answer)


def _marks_too(tokens: Ids, rng: np.random.Generator) -> tuple[Ids, NDArray[np.bool_]]:
    chosen = rng.random(tokens.shape) < 0.15
    return np.where(chosen & (rng.random(tokens.shape) < 0.8), _MASK, tokens), chosen


def _same_places(tokens: Ids, rng: np.random.Generator) -> tuple[Ids, NDArray[np.bool_]]:
    chosen = (rng.random(tokens.shape[1]) < 0.15) & (tokens > _MASK)
    return np.where(chosen & (rng.random(tokens.shape) < 0.8), _MASK, tokens), chosen


def _inverted(tokens: Ids, rng: np.random.Generator) -> tuple[Ids, NDArray[np.bool_]]:
    read, chosen = hide_like_bert(tokens, rng)
    return read, ~chosen


def _only_masks_count(tokens: Ids, rng: np.random.Generator) -> tuple[Ids, NDArray[np.bool_]]:
    read, _ = hide_like_bert(tokens, rng)
    return read, read == _MASK


def _in_place(tokens: Ids, rng: np.random.Generator) -> tuple[Ids, NDArray[np.bool_]]:
    tokens[:], chosen = hide_like_bert(tokens, rng)
    return tokens, chosen


def _one_word(tokens: Ids, rng: np.random.Generator) -> tuple[Ids, NDArray[np.bool_]]:
    read, chosen = hide_like_bert(tokens, rng)
    return np.where((read != tokens) & (read != _MASK), rng.integers(_FIRST_WORD, _END), read), chosen


_hiding = (
    Mistake("changed in place", _IN_PLACE, _in_place),
    _law("marks chosen", _marks_too),
    _law("everything counts", lambda tokens, rng: (hide_like_bert(tokens, rng)[0], np.ones_like(tokens) > 0)),
    _law("chosen inverted", _inverted),
    _law("changed and not chosen", _only_masks_count),
    _law("the same places in every text", _same_places),
    _law("always [MASK]", lambda tokens, rng: hide_like_bert(tokens, rng, (1.0, 0.0))),
    _law("random marks", lambda tokens, rng: hide_like_bert(tokens, rng, low=0)),
    _law("one random word", _one_word),
    _law("never kept", lambda tokens, rng: hide_like_bert(tokens, rng, (0.8, 0.2))),
    _law("never random", lambda tokens, rng: hide_like_bert(tokens, rng, (0.8, 0.0))),
)


def _one_draw(tokens: Ids, rng: np.random.Generator) -> tuple[Ids, Ids]:
    chance = np.where(tokens > _MASK, rng.random(tokens.shape), 1)
    read = np.where(chance < 0.12, _MASK, tokens)
    anything = rng.integers(_FIRST_WORD, _END, tokens.shape)
    return np.where((chance >= 0.135) & (chance < 0.15), anything, read), (chance < 0.15).astype(int)


def _one_by_one(tokens: Ids, rng: np.random.Generator) -> tuple[list[list[int]], list[list[bool]]]:
    read, chosen = tokens.tolist(), [[False] * len(row) for row in tokens]
    for i, j in np.argwhere(tokens > _MASK):
        if rng.random() < 0.15:
            chosen[i][j], fate = True, rng.random()
            if fate < 0.8:
                read[i][j] = _MASK
            elif fate < 0.9:
                read[i][j] = int(rng.integers(_FIRST_WORD, _END))
    return read, chosen


register(
    Exercise(
        id="14.2",
        title="BERT's own way to hide",
        difficulty=2,
        minutes=12,
        judge=_judge_hiding,
        reference=hide_like_bert,
        equivalents={"one draw, 0 and 1": _one_draw, "token by token": _one_by_one},
        mistakes=_hiding,
    )
)


# 14.3 ---------------------------------------------------------------------------------------------

Masks = NDArray[np.bool_]


def prefix_masks(n: int, lengths: Sequence[int]) -> Masks:
    """Give one prefix mask a text: (texts, n, n)."""
    return np.array([prefix(n, length) for length in lengths])


def _judge_masks(answer: Any) -> Verdict:
    """Judge the function as one that gives 0 and 1."""
    if not callable(answer):
        return _judge_zeros_and_ones(answer)
    first, problem = call(answer, 5, [2, 4])
    if problem is None and (first is None or first is ...):
        return gives_nothing(answer)
    return _judge_zeros_and_ones(lambda n, lengths: _zeros_and_ones(answer(n, lengths)))


def _each(rule: Callable[[Any, Any, int], Any]) -> Callable[[int, Sequence[int]], Masks]:
    """Masks by a rule of query i and key j, both from 0, and the prefix's length."""

    def masks(n: int, lengths: Sequence[int]) -> Masks:
        i, j = np.indices((n, n))
        return np.array([rule(i, j, length) for length in lengths])

    return masks


def _numbers_of(function: Callable[[int, Sequence[int]], Any]) -> Callable[[int, Sequence[int]], Any]:
    return lambda n, lengths: _zeros_and_ones(function(n, lengths))


_WRONG = (
    (
        "causal for all",
        "Those are causal masks; in the prefix a query may look ahead too, as far as the prefix goes.",
        _each(lambda i, j, length: j <= i),
    ),
    (
        "prefix one too long",
        "Your prefix is one too long: in code positions count from 0, so the prefix is j < length.",
        _each(lambda i, j, length: (j <= i) | (j <= length)),
    ),
    (
        "prefix one too short",
        "Your prefix is one too short: positions 0 to length − 1 are in it.",
        _each(lambda i, j, length: (j <= i) | (j < length - 1)),
    ),
    (
        "prefix sees everything",
        "You open the prefix's rows, so it sees the answers too; open its columns, the keys.",
        _each(lambda i, j, length: (j <= i) | (i < length)),
    ),
    (
        "the rest blind to the prefix",
        "What comes after the prefix cannot see it; it may look at all before itself.",
        _each(lambda i, j, length: ((j < length) & (i < length)) | ((j <= i) & (j >= length))),
    ),
    (
        "prefix alone",
        "Only the prefix may be looked at; the rest may look at itself and before, too.",
        _each(lambda i, j, length: j < length),
    ),
    (
        "blind to itself",
        "A row after the prefix does not see itself: it may look at itself and at all before.",
        _each(lambda i, j, length: (j < i) | (j < length)),
    ),
    (
        "the prefix's block alone",
        "Only the prefix reads; a row after it may look at the prefix, at itself and at all between.",
        _each(lambda i, j, length: (j < length) & (i < length)),
    ),
    (
        "mask inverted",
        "That is the opposite: True means may look.",
        _each(lambda i, j, length: ~((j <= i) | (j < length))),
    ),
    (
        "queries and keys swapped",
        "That is turned over: rows are queries, columns are keys.",
        _each(lambda i, j, length: (i <= j) | (i < length)),
    ),
    (
        "one length for all",
        "Every text has the first one's prefix; take each length in turn.",
        lambda n, lengths: prefix_masks(n, [lengths[0]] * len(lengths)),
    ),
)
_masks = tuple(Mistake(name, sentence, _numbers_of(rule)) for name, sentence, rule in _WRONG)
_judge_zeros_and_ones = judge_function(
    _numbers_of(prefix_masks),
    [(5, [2, 4]), (4, [0, 1, 4]), (6, [3])],
    "A key is open if it is not later, or if it stands in the prefix.",
    _masks,
)
register(
    Exercise(
        id="14.3",
        title="A mask for each text",
        difficulty=2,
        minutes=8,
        judge=_judge_masks,
        reference=prefix_masks,
        equivalents={
            "a rule": _each(lambda i, j, length: j < np.maximum(i + 1, length)),
            "lists of 0 and 1": lambda n, lengths: prefix_masks(n, lengths).astype(int).tolist(),
            "causal or prefix": lambda n, lengths: (
                causal(n) | (np.arange(n) < np.array(lengths)[:, None, None])
            ),
        },
        mistakes=_masks,
    )
)


# 14.4 ---------------------------------------------------------------------------------------------

_LOOKS = [[True] * 4, [True, True, True, False], [True, True, False, False]]
_RAW, _VALUES = pocket.head_2.scores[1], pocket.head_2.v


def _outputs(scores: Any, values: Any, looks: Any = _LOOKS, base: float = 2) -> Array:
    """Give the output of one query under each mask."""
    scores, values = np.array(scores, dtype=float), np.array(values, dtype=float)
    return np.array([softmax(np.where(look, scores, -np.inf), base=base) @ values for look in looks])


_exact = [
    list(pocket.attention((pocket.head_2.q[1],), pocket.head_2.k, _VALUES, [look]).output[0])
    for look in _LOOKS
]
_powers = np.array([2.0 ** float(x + 1) for x in _RAW])
_three = (
    Mistake(
        "order reversed", "Those are the three in the opposite order: everyone comes first.", _exact[::-1]
    ),
    Mistake(
        "prefix of 2",
        "Your second row has a prefix of 2, which in row 2 is the causal mask; the prefix here is 3.",
        [_exact[0], _exact[2], _exact[2]],
    ),
    Mistake(
        "hidden after softmax",
        "That sets weights to 0 after the softmax, so rows 2 and 3 do not sum to 1: hide the scores first.",
        np.array(
            [
                (softmax(np.array(_RAW, dtype=float), base=2) * look) @ np.array(_VALUES, float)
                for look in _LOOKS
            ]
        ),
    ),
    Mistake(
        "powers not divided",
        "Those are the values times the powers; divide by the sum of the powers that are seen.",
        np.array([(_powers * look) @ np.array(_VALUES, dtype=float) for look in _LOOKS]),
    ),
    Mistake(
        "base e for 2",
        "That is softmax in base e: right idea, but by hand the base is 2.",
        _outputs(_RAW, _VALUES, base=np.e),
    ),
    Mistake(
        "head 1",
        "Those are the outputs of the first head; the scores and values here are the second head's.",
        _outputs(pocket.by_hand.scores[1], pocket.by_hand.v),
    ),
    Mistake(
        "self hidden",
        "That leaves out k₂: under each of these masks a query may look at itself.",
        _outputs(_RAW, _VALUES, np.array(_LOOKS) & np.array([True, False, True, True])),
    ),
)
register(
    Exercise(
        id="14.4",
        title="Same scores, three masks",
        difficulty=2,
        minutes=10,
        judge=judge_numbers(_exact, "One row of scores, divided by 17, by 9 and by 5.", _three),
        reference=_exact,
        equivalents={
            "text": [[str(x) for x in row] for row in _exact],
            "floats": [[float(x) for x in row] for row in _exact],
            "float32": np.array(_exact, dtype=np.float32),
        },
        mistakes=_three,
    )
)


# 14.5 ---------------------------------------------------------------------------------------------

_AXES = (0, 2, 1, 3, 4)  # patch down, patch across, row, column, colour


def _patches(image: Any, p: int, axes: tuple[int, ...] = _AXES) -> Array:
    image = np.asarray(image)
    height, width, colours = image.shape
    cut = image.reshape(height // p, p, width // p, p, colours)
    return cut.transpose(axes).reshape(-1, p * p * colours)


def _in_loops(image: Any, p: int) -> list[list[float]]:
    height, width, _ = image.shape
    corners = [(y, x) for y in range(0, height, p) for x in range(0, width, p)]
    return [image[y : y + p, x : x + p].flatten().tolist() for y, x in corners]


_cuts = (
    Mistake(
        "reshape alone",
        "The shape is right, but each row is a stripe of the image: bring the two counts of patches "
        "together before the last reshape.",
        lambda image, p: np.reshape(image, (-1, p * p * image.shape[2])),
    ),
    Mistake(
        "columns of patches first",
        "Your patches go from top to bottom first; go from left to right, then down.",
        lambda image, p: _patches(image, p, (2, 0, 1, 3, 4)),
    ),
    Mistake(
        "patches turned over",
        "Inside a patch you go down its columns; lay it out row by row.",
        lambda image, p: _patches(image, p, (0, 2, 3, 1, 4)),
    ),
    Mistake(
        "colours apart",
        "You put all of one colour first; the colours of a point stand side by side.",
        lambda image, p: _patches(image, p, (0, 2, 4, 1, 3)),
    ),
    Mistake(
        "patches as columns",
        "Your patches are columns; give one row a patch.",
        lambda image, p: _patches(image, p).T,
    ),
    Mistake(
        "patches not laid out",
        "Your patches are still squares; lay each out as one row of p · p · colours numbers.",
        lambda image, p: _patches(image, p).reshape(-1, p, p * image.shape[2]),
    ),
    Mistake(
        "patches still squares",
        "Your patches are still squares; lay each out as one row of p · p · colours numbers.",
        lambda image, p: _patches(image, p).reshape(-1, p, p, image.shape[2]),
    ),
)


def _image(*shape: int) -> Array:
    return np.arange(float(np.prod(shape))).reshape(shape)


register(
    Exercise(
        id="14.5",
        title="Patchify",
        difficulty=3,
        minutes=15,
        judge=judge_function(
            _patches,
            [(_image(4, 6, 3), 2), (_image(6, 3, 2), 3), (_image(2, 8, 1), 2)],
            "ViT makes each such line a token, and reads 196 of them and one more.",
            _cuts,
        ),
        reference=_patches,
        equivalents={"loops": _in_loops, "float32": lambda image, p: _patches(image, p).astype(np.float32)},
        mistakes=_cuts,
    )
)
