"""Exercises of chapter 13: reach the bar, a sentence as a bag, check a gradient, a GPT that translates."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from transformer_lib import records
from transformer_lib.exercises.judging import call, gives_nothing, judge_function
from transformer_lib.exercises.registry import Exercise, Mistake, Verdict, register
from transformer_lib.shapes import Array

Sentence = list[str]

# ---- Number words, said by rule, so that a checker needs neither torch nor a network.

_TENS = ["zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"]
_TEENS = ["dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn"]
_ONES = [
    "null",
    "eins",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
    *_TEENS,
]
_TENS_EN = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_TEENS_EN = ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_ONES_EN = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    *_TEENS_EN,
]


def german(n: int) -> Sentence:
    """Say a number below a million in German, as the list of its number words.

    >>> german(97), german(21_001)
    (['sieben', 'und', 'neunzig'], ['ein', 'und', 'zwanzig', 'tausend', 'eins'])
    """
    for size, name in ((1000, "tausend"), (100, "hundert")):
        if n >= size:
            rest = german(n % size) if n % size else []
            return [*_before_a_noun(german(n // size)), name, *rest]
    if n < 20:
        return [_ONES[n]]
    unit = [*_before_a_noun([_ONES[n % 10]]), "und"] if n % 10 else []
    return [*unit, _TENS[n // 10 - 2]]


def _before_a_noun(words: Sentence) -> Sentence:
    return [*words[:-1], "ein"] if words[-1] == "eins" else words


def english(n: int) -> Sentence:
    """Say a number below a million in English, word by word.

    >>> english(97), english(2_048)
    (['ninety', 'seven'], ['two', 'thousand', 'and', 'forty', 'eight'])
    """
    if n >= 1000:
        rest = n % 1000
        return [*english(n // 1000), "thousand", *["and"][: 0 < rest < 100], *(english(rest) if rest else [])]
    if n >= 100:
        return [_ONES_EN[n // 100], "hundred", *(["and", *english(n % 100)] if n % 100 else [])]
    if n < 20:
        return [_ONES_EN[n]]
    return [_TENS_EN[n // 10 - 2], *([_ONES_EN[n % 10]] if n % 10 else [])]


# ---- 13.1 and 13.4: a translator, judged by what it writes for numbers it was not trained on.

BAR = 0.995
_MOSTLY = 0.8  # of the translations show the same mistake


@cache
def exam(name: str) -> tuple[int, ...]:
    """Give the numbers held out: "held_out" below 10,000, "exam" below 100,000."""
    return tuple(records.load("translation")[name])


@cache
def _dictionary() -> dict[tuple[str, ...], Sentence]:
    return {tuple(german(n)): english(n) for name in ("held_out", "exam") for n in exam(name)}


def by_rule(sentence: Sequence[str]) -> Sentence:
    """Translate a sentence of an exam without any network."""
    return _dictionary()[tuple(sentence)]


def _each(change: Callable[[Sequence[str], Sentence], Any]) -> Callable[[Any], list[Any]]:
    """A translator that makes the same mistake, or none, with every sentence."""
    return lambda sentences: [change(sentence, list(by_rule(sentence))) for sentence in sentences]


def _german_order(sentence: Sequence[str], right: Sentence) -> Sentence:
    """Put the units before the tens, as German does."""
    written = list(right)
    for i in range(len(written) - 1):
        if written[i] in _TENS_EN and written[i + 1] in _ONES_EN[1:10]:
            written[i : i + 2] = written[i + 1], written[i]
    return written


def _four_digits(sentence: Sequence[str], right: Sentence) -> Sentence:
    """Lose what stands before the thousands' last digit, as a network does that never saw it."""
    at = right.index("thousand") if "thousand" in right else 0
    return right[max(0, at - 1) :]


_MARKS = ["<start>", "<end>"]
_translator = (
    Mistake(
        "marks left in",
        "Marks such as <start> and <end> are left in; drop them, as `decode` of a vocabulary does.",
        _each(lambda sentence, right: ["<start>", *right, "<end>"]),
    ),
    Mistake(
        "the source in front",
        "Each answer begins with the German words; give what is written after <start>.",
        _each(lambda sentence, right: [*sentence, *right]),
    ),
    Mistake(
        "German given back",
        "That is the German again; encode it, let the network write, and decode with the English words.",
        _each(lambda sentence, right: sentence),
    ),
    Mistake(
        "stops a word early",
        "The last word is missing from most answers: let it write up to 12 words, until the end mark.",
        _each(lambda sentence, right: right[:-1]),
    ),
    Mistake(
        "goes on after the end",
        "The answers begin right and go on after the end mark: cut each one at its first <end>.",
        _each(lambda sentence, right: [*right, right[-1], right[-1]]),
    ),
    Mistake(
        "German order",
        "The words are right and units stand before tens, as in German: does the source get positions?",
        _each(_german_order),
    ),
    Mistake(
        "not decoded",
        "Those are numbers of tokens; turn each row into words with `decode`.",
        _each(lambda sentence, right: [5, 7, 2]),
    ),
)
_five_digits = Mistake(
    "four digits only",
    "It knows numbers below 10,000 and no others, like the chapter's: train on numbers below 100,000.",
    _each(_four_digits),
)


def _shows(name: str, source: Sequence[str], written: Sentence, right: Sentence) -> bool:
    """Whether one wrong translation shows the mistake of that name."""
    return {
        "marks left in": bool(set(written) & {*_MARKS, "<pad>"}),
        "the source in front": written[: len(source)] == list(source) and len(written) > len(source),
        "German given back": written == list(source),
        "stops a word early": written == right[:-1],
        "goes on after the end": len(written) > len(right) and written[: len(right)] == right,
        "German order": sorted(written) == sorted(right),
        "not decoded": bool(written) and all(word.isdecimal() for word in written),
    }[name]


def _judge_translator(which: str, praise: str) -> Callable[[Any], Verdict]:
    """Make a judge for a function from German sentences to English ones, all at once."""

    def judge(answer: Any) -> Verdict:
        if not callable(answer):
            kind = type(answer).__name__
            return Verdict("wrong", f"Give the function itself, without calling it; this is of type {kind}.")
        numbers = exam(which)
        sentences = [german(n) for n in numbers]
        value, problem = call(answer, sentences)
        if problem is not None:
            return problem
        if value is None or value is ...:
            return gives_nothing(answer)
        written = _sentences(value, len(sentences))
        if isinstance(written, Verdict):
            return written
        return _score(numbers, sentences, written, praise)

    return judge


def _score(
    numbers: Sequence[int], sentences: list[Sentence], written: list[Sentence], praise: str
) -> Verdict:
    rows = list(zip(numbers, sentences, written, map(by_rule, sentences), strict=True))
    wrong = [row for row in rows if row[2] != row[3]]
    score = f"{len(rows) - len(wrong):,} of {len(rows):,} numbers are right"
    if len(wrong) <= (1 - BAR) * len(rows):
        return Verdict("right", f"{score}. {praise}")
    for mistake in _translator:
        if sum(_shows(mistake.name, *row[1:]) for row in wrong) > _MOSTLY * len(wrong):
            return Verdict("wrong", mistake.sentence, mistake.name)
    small = [n < 10_000 for n, *_ in wrong]
    if max(numbers) >= 10_000 and sum(small) < 0.05 * len(wrong) and len(wrong) > 0.5 * len(rows):
        return Verdict("wrong", _five_digits.sentence, _five_digits.name)
    n, _, words, right = wrong[0]
    said = " ".join(words)[:60] or "nothing"
    return Verdict(
        "wrong",
        f"{score}, and {BAR:.1%} is the bar; for example {n} comes out as “{said}”, not “{' '.join(right)}”.",
    )


def _sentences(value: Any, count: int) -> list[Sentence] | Verdict:
    """Read a list of sentences: lists of words, or texts."""
    if not isinstance(value, list | tuple):
        kind = type(value).__name__
        return Verdict(
            "wrong", f"Your function gives type {kind}: return a list with a sentence for each given."
        )
    if len(value) != count:
        return Verdict("wrong", f"Your function gives {len(value)} sentences for {count}: give one for each.")
    try:
        return [_words(sentence) for sentence in value]
    except TypeError as error:
        return Verdict("wrong", str(error))


def _words(sentence: Any) -> Sentence:
    if isinstance(sentence, str):
        return re.findall(r"[^\s,-]+", sentence)
    if not isinstance(sentence, list | tuple | np.ndarray) and not hasattr(sentence, "tolist"):
        kind = type(sentence).__name__
        raise TypeError(f"Your function gives a sentence of type {kind}: make each a list of words.")
    words = sentence if isinstance(sentence, list | tuple) else sentence.tolist()
    if not all(isinstance(word, str | int) for word in words):
        raise TypeError("Your function gives sentences that are not lists of words: decode them.")
    return [str(word) for word in words]


def _as_text(sentences: Any) -> list[str]:
    return [" ".join(by_rule(sentence)) for sentence in sentences]


_translators: dict[str, Any] = {
    "sentences as text": _as_text,
    "with hyphens, as English is written": lambda all_: [
        re.sub(r"(\w+ty) (\w+)(?= |$)", r"\1-\2", text) for text in _as_text(all_)
    ],
    "tuples": lambda sentences: tuple(tuple(by_rule(sentence)) for sentence in sentences),
    "eight mistakes in 2,000": lambda sentences: [
        ["and"] if i % 250 == 0 else by_rule(sentence) for i, sentence in enumerate(sentences)
    ],
}

register(
    Exercise(
        id="13.1",
        title="Reach the bar",
        difficulty=2,
        minutes=15,
        judge=_judge_translator("exam", "None of these 2,000 is among the 20,000 to train on."),
        reference=_each(lambda sentence, right: right),
        equivalents=_translators,
        mistakes=(*_translator, _five_digits),
    )
)


# ---- 13.2: a sentence as a bag.

_BELOW_100 = [german(n) for n in range(100)]
_BELOW_1000 = [german(n) for n in range(1000)]
_THOUSANDS = [german(n) for n in range(2000, 10_000, 7)]
_BAG_CASES = (
    ([["ab", "c"], ["c", "ab"], ["a", "bc"]],),
    ([["zwei"], ["zwei", "hundert"], ["zwei", "hundert", "zwei"], ["hundert", "zwei"]],),
    (_BELOW_100,),
    (_BELOW_1000,),
    (_THOUSANDS,),
)


def best_share(sentences: Sequence[Sequence[str]]) -> float:
    """Give the share of different sentences that can be told from each other as bags."""
    return len({tuple(sorted(sentence)) for sentence in sentences}) / len(sentences)


_bags = (
    Mistake(
        "how often is lost",
        "That forgets how often a word comes: zwei hundert zwei and zwei hundert are different bags.",
        lambda sentences: len({frozenset(sentence) for sentence in sentences}) / len(sentences),
    ),
    Mistake(
        "only those alone in their bag",
        "That counts sentences alone in their bag; of several in one bag, one can still come out right.",
        lambda sentences: (
            sum(count == 1 for count in Counter(tuple(sorted(s)) for s in sentences).values())
            / len(sentences)
        ),
    ),
    Mistake(
        "order kept",
        "That tells sentences apart by their order too; without positions only what is in them counts.",
        lambda sentences: len({tuple(sentence) for sentence in sentences}) / len(sentences),
    ),
    Mistake(
        "bags counted, not divided",
        "That is how many bags there are; divide by the number of sentences.",
        lambda sentences: len({tuple(sorted(sentence)) for sentence in sentences}),
    ),
    Mistake(
        "letters for words",
        "That sorts letters; a bag holds whole words, and ab c is not a bc.",
        lambda sentences: len({"".join(sorted("".join(s))) for s in sentences}) / len(sentences),
    ),
    Mistake(
        "what is lost",
        "That is the share that must come out wrong; give the other part of 1.",
        lambda sentences: 1 - best_share(sentences),
    ),
)


def _by_counting(sentences: Sequence[Sequence[str]]) -> float:
    bags: list[Counter[str]] = []
    for sentence in sentences[:400]:  # each with each: enough for the small cases, slow for the large
        if (bag := Counter(sentence)) not in bags:
            bags.append(bag)
    return best_share(sentences) if len(sentences) > 400 else len(bags) / len(sentences)


register(
    Exercise(
        id="13.2",
        title="Break it: no positions",
        difficulty=2,
        minutes=12,
        judge=judge_function(
            best_share,
            _BAG_CASES,
            "Without positions a sentence is a bag, and sentences in one bag get one translation.",
            _bags,
        ),
        reference=best_share,
        equivalents={
            "by counting": _by_counting,
            "frozenset of a Counter": lambda sentences: (
                len({frozenset(Counter(s).items()) for s in sentences}) / len(sentences)
            ),
            "NumPy's number": lambda sentences: np.float64(best_share(sentences)),
        },
        mistakes=_bags,
    )
)


# ---- 13.3: check a gradient.

_RNG = np.random.default_rng(13)
_X = _RNG.normal(size=(2, 3)).round(2)
_TARGET = np.array([0.02, 0.92, 0.02, 0.02, 0.02])  # smoothed, of five words
_LOGITS = np.array([1.5, -0.5, 0.25, 2.0, -1.0])


def _p(z: Array) -> Array:
    powers = np.exp(z - z.max())
    return powers / powers.sum()


class _Named:
    """A function with a name to show in a sentence."""

    def __init__(self, name: str, function: Callable[[Array], Any]) -> None:
        self.name, self.function = name, function

    def __call__(self, x: Any) -> Any:
        return self.function(np.asarray(x, dtype=np.float64))

    def __repr__(self) -> str:
        return self.name

    def __deepcopy__(self, memo: Any) -> "_Named":
        return self


_CUBE = _Named("f = 20 Σ x³", lambda x: float((x**3).sum() * 20))
_LOSS = _Named("f = the loss of logits", lambda z: float(-(_TARGET * np.log(_p(z))).sum()))
_GRADIENT_CASES = (
    (_CUBE, _Named("gradient 60 x²", lambda x: 60 * x**2), _X),
    (_CUBE, _Named("gradient 60 x², one entry off", lambda x: 60 * x**2 - np.eye(2, 3)[::-1] * 0.25), _X),
    (_CUBE, _Named("gradient 120 x²", lambda x: 120 * x**2), _X),
    (_LOSS, _Named("gradient p − t", lambda z: _p(z) - _TARGET), _LOGITS),
    (_LOSS, _Named("gradient p − t, smoothing forgotten", lambda z: _p(z) - (_TARGET > 0.5)), _LOGITS),
    (_LOSS, _Named("gradient t − p", lambda z: _TARGET - _p(z)), _LOGITS),
    (_CUBE, _Named("gradient 30 x²", lambda x: 30 * x**2), np.array([1, 2, -3])),
)


def _measure(
    f: Callable[[Any], float], x: Any, step: Callable[[Callable[[float], float]], float], copy: bool = True
) -> Array:
    """Measure the slope along each entry; `step` makes it from f along that entry."""
    x = np.array(x, dtype=np.float64) if copy else np.array(x)
    slopes = np.zeros(x.shape)
    for index in np.ndindex(x.shape):

        def along(by: float, index: Any = index) -> float:
            moved = x.copy()
            moved[index] += by
            return f(moved)

        slopes[index] = step(along)
    return slopes


_H = 1e-5


def _central(along: Callable[[float], float]) -> float:
    return (along(_H) - along(-_H)) / (2 * _H)


def largest_gap(f: Callable[[Any], float], gradient: Callable[[Any], Any], x: Any) -> float:
    """Give the largest difference between the gradient that is claimed and the one that is measured."""
    return float(np.abs(gradient(x) - _measure(f, x, _central)).max())


def _gap(
    measure: Callable[[Callable[[Any], float], Any], Array],
    summary: Callable[[Array], Any] = lambda gaps: np.abs(gaps).max(),
) -> Callable[..., Any]:
    return lambda f, gradient, x: summary(np.asarray(gradient(x)) - measure(f, x))


def _slopes(f: Callable[[Any], float], x: Any) -> Array:
    return _measure(f, x, _central)


def _whole_rows(f: Callable[[Any], float], x: Any) -> Array:
    x = np.array(x, dtype=np.float64)
    slopes = np.zeros(x.shape)
    for i in range(len(x)):
        step = np.zeros(x.shape)
        step[i] = _H
        slopes[i] = (f(x + step) - f(x - step)) / (2 * _H)
    return slopes


def _never_put_back(f: Callable[[Any], float], x: Any) -> Array:
    x, slopes = np.array(x, dtype=np.float64), np.zeros(np.shape(x))
    for index in np.ndindex(x.shape):
        x[index] += _H
        above = f(x)
        x[index] -= 2 * _H
        slopes[index] = (above - f(x)) / (2 * _H)
    return slopes


_checks = (
    Mistake(
        "one side only",
        "That measures from x to x + h, which is off by about h; step to both sides, x + h and x − h.",
        _gap(lambda f, x: _measure(f, x, lambda along: (along(_H) - along(0)) / _H)),
    ),
    Mistake(
        "divided by h",
        "The two points are 2h apart: divide by 2h, not by h.",
        _gap(lambda f, x: 2 * _slopes(f, x)),
    ),
    Mistake(
        "divided by 2, times h",
        "In Python `/ 2 * h` divides by 2 and then multiplies by h: write `/ (2 * h)`.",
        _gap(lambda f, x: _H**2 * _slopes(f, x)),
    ),
    Mistake(
        "not divided",
        "That is how far f moves; a slope is that divided by 2h.",
        _gap(lambda f, x: 2 * _H * _slopes(f, x)),
    ),
    Mistake(
        "entries not put back",
        "Entries stay moved after their turn: put each back before the next, or move a fresh copy.",
        _gap(_never_put_back),
    ),
    Mistake(
        "all entries at once",
        "That moves all entries together, which measures the sum of the slopes: move one at a time.",
        lambda f, gradient, x: float(
            np.abs(
                np.asarray(gradient(x))
                - (f(np.asarray(x, dtype=np.float64) + _H) - f(np.asarray(x, dtype=np.float64) - _H))
                / (2 * _H)
            ).max()
        ),
    ),
    Mistake(
        "signs kept",
        "A claim that is too small gives a negative gap, which max does not see: take np.abs first.",
        _gap(_slopes, np.max),
    ),
    Mistake(
        "signs kept, measured less claimed",
        "A gap is never negative: take np.abs of each difference before the largest is chosen.",
        _gap(_slopes, lambda gaps: (-gaps).max()),
    ),
    Mistake(
        "whole rows moved",
        "That moves a whole row at once; move one entry at a time, in an array of any shape.",
        _gap(_whole_rows),
    ),
    Mistake(
        "mean for the largest",
        "That is the mean gap; one wrong entry among many hides in it, so give the largest.",
        _gap(_slopes, lambda gaps: np.abs(gaps).mean()),
    ),
    Mistake(
        "only the first entry",
        "That checks the first entry alone; go through all of them.",
        _gap(_slopes, lambda gaps: np.abs(gaps).flat[0]),
    ),
    Mistake(
        "whole numbers cut the step off",
        "In an array of whole numbers x + h is cut back to x: begin with np.array(x, dtype=float).",
        _gap(lambda f, x: _measure(f, x, _central, copy=False)),
    ),
)
register(
    Exercise(
        id="13.3",
        title="Gradient check",
        difficulty=2,
        minutes=12,
        judge=judge_function(
            largest_gap,
            _GRADIENT_CASES,
            "It passes p − target and catches a forgotten smoothing, a turned sign and one entry of six.",
            _checks,
            tolerance=2e-6,
        ),
        reference=largest_gap,
        equivalents={
            "a step of 1e-4": lambda f, gradient, x: np.abs(
                gradient(x) - _measure(f, x, lambda along: (along(1e-4) - along(-1e-4)) / 2e-4)
            ).max(),
            "five points": lambda f, gradient, x: np.abs(
                gradient(x)
                - _measure(
                    f,
                    x,
                    lambda along: (8 * (along(1e-3) - along(-1e-3)) - along(2e-3) + along(-2e-3)) / 12e-3,
                )
            ).max(),
            "in place": lambda f, gradient, x: largest_gap(f, gradient, np.array(x, dtype=float).copy()),
        },
        mistakes=_checks,
    )
)


# ---- 13.4: a GPT that translates.

register(
    Exercise(
        id="13.4",
        title="A GPT that translates",
        difficulty=3,
        minutes=30,
        judge=_judge_translator("held_out", "One stack, one causal mask, no encoder."),
        reference=_each(lambda sentence, right: right),
        equivalents=_translators,
        mistakes=_translator,
    )
)
