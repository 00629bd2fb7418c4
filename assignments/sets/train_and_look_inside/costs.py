"""What a model costs, counted on paper: its weights, its cache, the scores it computes."""

from collections.abc import Sequence

from assignments.checks import numbers_check
from assignments.numbers import Draw
from assignments.problem_set import Question
from transformer_lib.exercises import EXERCISES
from transformer_lib.exercises.registry import Mistake

WIDTHS = (128, 192, 256, 320, 384, 512)


def _entry(right: Sequence[int], at: int, name: str, sentence: str, count: float) -> Mistake:
    return Mistake(name, sentence, [count if i == at else other for i, other in enumerate(right)])


def weights(draw: Draw) -> Question:
    """Ask for the weights of a decoder's parts and of the whole."""
    d, layers, vocab = draw.choose(WIDTHS), draw.choose(range(2, 9)), draw.choose(range(1000, 9001, 500))
    attention, network, norms = 4 * d * d, 8 * d * d, 2 * 2 * d
    whole = layers * (attention + network + norms) + 2 * d + vocab * d
    right = [attention, network, whole]
    mistakes = (
        _entry(right, 0, "W^O forgotten", "Attention: W^O counts too.", 3 * d * d),
        _entry(right, 1, "one layer of two", "Feed-forward: there are two matrices.", 4 * d * d),
        _entry(
            right,
            2,
            "one block",
            "Whole: every block has weights of its own.",
            whole - (layers - 1) * (whole - 2 * d - vocab * d) // layers,
        ),
        _entry(
            right, 2, "embedding twice", "Whole: the embedding is tied and counts once.", whole + vocab * d
        ),
        _entry(right, 2, "embedding forgotten", "Whole: the embedding counts too.", whole - vocab * d),
        _entry(
            right,
            2,
            "norms forgotten",
            "Whole: each norm has a scale and a shift.",
            whole - layers * norms - 2 * d,
        ),
        _entry(
            right, 2, "last norm forgotten", "Whole: one more norm follows the last block.", whole - 2 * d
        ),
        _entry(right, 2, "one norm a block", "Whole: a block has two norms.", whole - layers * 2 * d),
        _entry(right, 2, "no shift", "Whole: a norm has a shift as well.", whole - layers * 2 * d - d),
    )
    return Question(
        id="weights",
        title="Count the weights",
        text=f"A pre-norm decoder has {layers} blocks, d_model = {d}, d_ff = {4 * d} and {vocab} tokens. "
        "Nothing has a bias; each norm has scale and shift, and one more norm follows the last block. "
        "Positions "
        "are rotary, so they have no weights, and the embedding is tied: it makes the logits too.\n"
        "Give three counts: attention of one block; feed-forward of one block; the whole model.",
        answer="n_weights",
        stub="n_weights = [..., ..., ...]",
        solution=f"n_weights = {right}",
        open_check="form(n_weights, 3)",
        checks=(numbers_check("three counts", 4, right, "Most of it stands in the blocks.", mistakes),),
    )


def cache(draw: Draw) -> Question:
    """Ask for the size of a KV cache, and for the scores with and without it."""
    groups = draw.choose((2, 3, 4))
    kv, layers, d_head = draw.choose((2, 3, 4)), draw.choose(range(6, 25, 2)), draw.choose((32, 64))
    heads, n = groups * kv, draw.choose(range(200, 1001, 50))
    sizes = (layers, heads, kv, heads * d_head, n, 2)
    size = 2 * layers * kv * d_head * n * 2
    short = draw.choose(range(9, 21))
    without, kept = short * (short + 1) * (2 * short + 1) // 6, short * (short + 1) // 2
    right = [size, without, kept]
    mistakes = (
        *(
            _entry(right, 0, m.name, f"Cache: {m.sentence[0].lower()}{m.sentence[1:]}", m.answer(*sizes))
            for m in EXERCISES["15.1"].mistakes
        ),
        _entry(right, 1, "the last step alone", "Without: add up all steps.", short * short),
        _entry(right, 1, "n cubed", "Without: step t computes t² scores, not n².", short**3),
        _entry(right, 1, "with a cache", "Without: that is the count with a cache.", kept),
        _entry(right, 2, "every pair", "With: step t has one query and t keys.", short * short),
        _entry(right, 2, "own key left out", "With: a position scores its own key too.", kept - short),
        _entry(right, 2, "without a cache", "With: that is the count without one.", without),
    )
    return Question(
        id="cache",
        title="What the cache costs and saves",
        text=f"A model has {layers} layers, {heads} query heads of {d_head} entries each, {kv} heads of "
        "keys and values, and "
        f"{n} tokens are cached at 2 bytes a number. Then one head of one layer writes {short} tokens, "
        "one by one: step t "
        "computes the scores of all t tokens with all t keys, or, with a cache, of the new token alone.\n"
        "Give three numbers: the cache in bytes; the scores without a cache; the scores with one.",
        answer="costs",
        stub="costs = [..., ..., ...]",
        solution=f"costs = {right}",
        open_check="form(costs, 3)",
        checks=(numbers_check("three costs", 4, right, "The cache buys time with memory.", mistakes),),
    )
