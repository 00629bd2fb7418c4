"""Two heads over the same inputs, by hand: what stands in concat, and what W^O makes of it."""

from assignments.checks import numbers_check
from assignments.numbers import Draw, HeadNumbers, exact_head
from assignments.problem_set import Question
from assignments.writing import listed, matrix, vector
from transformer_lib import pocket
from transformer_lib.exercises.mistake_bank import mistakes_for
from transformer_lib.exercises.registry import Mistake
from transformer_lib.shapes import Array


def draw_heads(draw: Draw) -> tuple[HeadNumbers, HeadNumbers]:
    """Draw two heads that read the same four inputs, both exact in row 1."""
    first = exact_head(draw)
    rows = tuple((int(x), int(y)) for x, y in first.a)
    return first, exact_head(draw, rows)


def opening(first: HeadNumbers, second: HeadNumbers) -> str:
    """Write the numbers of both heads."""
    vectors = ", ".join(f"$a_{i} = {vector(a)}$" for i, a in enumerate(first.a, 1))
    heads = "\n\n".join(
        f"Head {n}: $${', '.join(f'W^{name} = {matrix(w)}' for name, w in zip('qkv', x[1:], strict=True))}$$"
        for n, x in ((1, first), (2, second))
    )
    return f"""Numbers and sizes are yours alone.
Questions 1 and 2 are for paper: softmax has base 2, scores are not scaled.
In code, rows are positions, so $W a$ is `a @ W.T`, and softmax has base e.

Four inputs: {vectors}.

{heads}"""


def _output(x: HeadNumbers) -> pocket.Vector:
    return x.exact().output[0]


def _wrong_outputs(x: HeadNumbers) -> dict[str, Mistake]:
    found = mistakes_for(lambda wrong: wrong.output[0], *x, base=2, scaled=False)
    return {mistake.name: mistake for mistake in found}


def concat(first: HeadNumbers, second: HeadNumbers) -> Question:
    """Ask for concat at position 1."""
    one, two = _output(first), _output(second)
    in_both = _wrong_outputs(second)
    mistakes = (
        Mistake("heads in the other order", "Head 1 stands first in concat.", two + one),
        Mistake("entries in turn", "A head's entries stay neighbours.", [one[0], two[0], one[1], two[1]]),
        Mistake(
            "heads added",
            "That adds the heads: concat keeps all four numbers.",
            pocket.arrays(one) + pocket.arrays(two),
        ),
        Mistake("head 1 twice", "Those are head 1's numbers twice.", one + one),
        Mistake("head 2 twice", "Those are head 2's numbers twice.", two + two),
        *(
            Mistake(m.name, f"In both heads: {m.sentence}", [*m.answer, *in_both[m.name].answer])
            for m in _wrong_outputs(first).values()
            if m.name in in_both
        ),
    )
    check = numbers_check("concat", 4, one + two, "Each head mixed its own values.", mistakes)
    return Question(
        id="concat",
        title="Two heads, side by side",
        text="Give what stands in concat at position 1: $b_1$ of head 1, then $b_1$ of head 2, four "
        "exact numbers.",
        answer="concat",
        stub="concat = [..., ..., ..., ...]",
        solution=f"concat = {listed(one + two)}",
        open_check="form(concat, 4)",
        checks=(check,),
    )


def mixed(draw: Draw, first: HeadNumbers, second: HeadNumbers) -> Question:
    """Ask for W^O times concat."""
    w_o = draw.until(lambda draw: _distinct_columns(draw.integers(-1, 2, 2, 4)))
    both = _output(first) + _output(second)
    (right,) = pocket.project((both,), pocket.exact(w_o.astype(int).tolist()))
    swapped = pocket.arrays(both[2:] + both[:2])
    plain = pocket.arrays(both)
    mistakes = (
        Mistake("heads in the other order", "Head 1 meets the first two columns of W^O.", w_o @ swapped),
        Mistake("columns in turn", "A head meets two neighbouring columns.", w_o[:, [0, 2, 1, 3]] @ plain),
        Mistake("head 1 alone", "That leaves head 2 out.", w_o[:, :2] @ plain[:2]),
        Mistake("head 2 alone", "That leaves head 1 out.", w_o[:, 2:] @ plain[2:]),
        Mistake("mean of the heads", "That halves the sum: heads are added.", w_o @ plain / 2),
        Mistake("without W^O", "That adds the heads and leaves W^O out.", plain[:2] + plain[2:]),
        Mistake("rows swapped", "Row 1 of W^O makes entry 1.", w_o[::-1] @ plain),
    )
    return Question(
        id="mixed",
        title="Mixed by W^O",
        text=f"Mix them: give $W^O$ times concat at position 1, two exact numbers.\n\n"
        f"$$W^O = {matrix(w_o)}$$",
        answer="mixed",
        stub="mixed = [..., ...]",
        solution=f"mixed = {listed(right)}",
        open_check="form(mixed, 2)",
        checks=(numbers_check("mixed", 3, right, "Each head adds its part.", mistakes),),
    )


def _distinct_columns(w: Array) -> Array | None:
    return (
        w
        if len({tuple(column) for column in w.T}) == 4 and w.any(axis=0).all() and (w < 0).sum() == 2
        else None
    )
