"""The propositions of chapter 15, on random inputs, and the numbers it counts."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from strategies import close, few, table

from transformer_lib import pocket
from transformer_lib.attention import MultiHeadAttention
from transformer_lib.explorers import CostCalculator
from transformer_lib.steps import attention, causal, feed_forward, online_softmax, project, rope, softmax

sizes = st.integers(1, 40)


# ---- Proposition 15.1

D, D_FF = 3, 5


@st.composite
def a_stack(draw):
    """Inputs, and two layers of W^q, W^k, W^v and a feed-forward network."""
    shapes = ((2, D), (2, D), (D, D), (D_FF, D), (D, D_FF))
    layers = [[draw(table(*shape)) for shape in shapes] for _ in range(2)]
    return draw(table(draw(st.integers(1, 6)), D)), layers


def all_rows(x, layers):
    for w_q, w_k, w_v, w_1, w_2 in layers:
        q, k, v = (project(x, w) for w in (w_q, w_k, w_v))
        x = x + attention(q, k, v, causal(len(x))).output
        x = x + feed_forward(x, w_1, w_2).output
    return x


def row_by_row(x, layers):
    """Each row goes through all layers alone, with the keys and values kept in each layer."""
    kept, outputs = [([], []) for _ in layers], []
    for row in x:
        for (w_q, w_k, w_v, w_1, w_2), (keys, values) in zip(layers, kept, strict=True):
            keys.append(w_k @ row)
            values.append(w_v @ row)
            row = row + attention([w_q @ row], keys, values).output[0]
            row = row + feed_forward([row], w_1, w_2).output[0]
        outputs.append(row)
    return outputs


@few
@given(a_stack())
def test_one_row_a_step_with_a_cache_gives_what_all_rows_give(stack):
    np.testing.assert_allclose(row_by_row(*stack), all_rows(*stack), **close)


def test_by_hand_the_cached_steps_are_the_causal_rows():
    q, k, v = (pocket.arrays(m) for m in pocket.by_hand[:3])

    steps = [attention(q[t : t + 1], k[: t + 1], v[: t + 1], scaled=False, base=2) for t in range(4)]

    np.testing.assert_allclose([one.output[0] for one in steps], pocket.arrays(pocket.causal.output), **close)


@given(st.integers(0, 60))
def test_the_scores_of_all_steps_are_a_sum_of_squares_and_with_a_cache_a_sum(n):
    squares, plain = sum(t * t for t in range(n + 1)), sum(range(n + 1))

    assert (squares, plain) == (n * (n + 1) * (2 * n + 1) // 6, n * (n + 1) // 2)


def test_eight_tokens_take_204_scores_or_36():
    assert CostCalculator(log2_n=3).numbers()["scores"] == [204, 36]


@few
@given(st.integers(1, 6), table(2, 4))
def test_with_start_forgotten_a_key_scores_the_same_at_every_distance(n, pair):
    q, k = pair

    right = rope([k] * n) @ rope(q, n - 1)
    forgotten = np.array([rope(k, 0) for _ in range(n)]) @ rope(q, 0)

    assert np.ptp(forgotten) == 0
    np.testing.assert_allclose(forgotten[-1], right[-1], **close)  # at distance 0 nothing is lost


def test_in_the_chapter_right_scores_rise_with_nearness_and_forgotten_ones_are_all_5():
    turn = np.pi / 6

    right = rope([[3, 1]] * 4, angle=turn) @ rope([1, 2], 3, angle=turn)

    np.testing.assert_allclose(right.round(2), [-5, -1.83, 1.83, 5])
    assert np.dot([3, 1], [1, 2]) == 5


# ---- Proposition 15.2


@few
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 5), st.integers(0, 99))
def test_grouped_queries_are_heads_with_equal_keys_and_values(kv_heads, group, n, seed):
    torch.manual_seed(seed)
    heads, d_head = kv_heads * group, 2
    shared = MultiHeadAttention(heads * d_head, heads, kv_heads).double()
    own = MultiHeadAttention(heads * d_head, heads).double()
    weights = {
        name: w
        if name[:3] in ("w_q", "w_o")
        else w.unflatten(0, (kv_heads, d_head)).repeat_interleave(group, 0).flatten(0, 1)
        for name, w in shared.state_dict().items()
    }
    own.load_state_dict(weights)
    x = torch.randn(2, n, heads * d_head, dtype=torch.float64)

    torch.testing.assert_close(own(x, causal=True), shared(x, causal=True))


# ---- Proposition 15.3


@st.composite
def a_model(draw):
    """The state of a CostCalculator whose key heads divide the query heads."""
    kv, group = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    return {
        "n_heads": kv * group,
        "n_kv_heads": kv,
        "n_layers": draw(st.integers(1, 48)),
        "d_head": draw(st.integers(1, 128)),
        "d_ff_ratio": float(draw(st.integers(0, 8))),
        "gated": draw(st.booleans()),
        "log2_n": float(draw(st.integers(0, 17))),
    }


@given(a_model())
def test_the_crossover_is_d_and_the_keys_width_and_half_of_each_ffn_matrix(model):
    n = CostCalculator(**model).numbers()
    _, d, _, d_kv, d_ff = n["sizes"]

    assert n["crossover"] == pytest.approx(d + d_kv + (3 if model["gated"] else 2) / 2 * d_ff)


@given(a_model())
def test_the_share_of_attentions_products_is_n_over_n_and_the_crossover(model):
    n = CostCalculator(**model).numbers()

    share = n["one_pass"][2] / sum(n["one_pass"])

    assert share == pytest.approx(n["sizes"][0] / (n["sizes"][0] + n["crossover"]))
    assert share == pytest.approx(n["share"])


@given(a_model())
def test_without_a_cache_the_next_token_costs_n_times_as_much_in_all_layers(model):
    n = CostCalculator(**model).numbers()

    without, cached = n["next_token"]

    assert without == pytest.approx(n["sizes"][0] * cached)
    assert without == pytest.approx(sum(n["one_pass"]))


@given(st.integers(1, 128), st.integers(1, 64))
def test_the_papers_shape_crosses_at_six_times_its_width(heads, d_head):
    assert CostCalculator(n_heads=heads, n_kv_heads=heads, d_head=d_head).numbers()["crossover"] == (
        6 * heads * d_head
    )


def test_gpt_2_small_never_gets_to_its_crossover():
    n = CostCalculator().numbers()

    assert (n["sizes"][0], n["crossover"]) == (1024, 4608)
    assert Fraction(n["share"]).limit_denominator(100) == Fraction(2, 11)
    assert n["cache"][0] == 37_748_736


def test_the_longest_text_of_llama_3_1_8b_takes_a_cache_larger_than_the_weights():
    llama = {"n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "d_head": 128, "d_ff_ratio": 3.5, "gated": True}

    longest = CostCalculator(**llama, log2_n=17).numbers()
    cache, ungrouped = longest["cache"]

    assert longest["sizes"][0] == 131_072
    assert cache == 17_179_869_184 > 2 * 8.03e9
    assert ungrouped == 4 * cache


# ---- Proposition 15.4


@st.composite
def cut_rows(draw):
    """Scores of two queries, values, and an order of blocks that together hold each key once."""
    n = draw(st.integers(1, 9))
    scores = draw(arrays(np.float64, (2, n), elements=st.integers(-2000, 2000).map(lambda x: x / 2)))
    ends = sorted(draw(st.sets(st.integers(1, n), max_size=4)) - {n})
    blocks = np.split(draw(st.permutations(range(n))), ends)
    return scores, draw(table(n, 3)), blocks


@given(cut_rows())
def test_a_softmax_in_blocks_of_any_cut_and_order_is_the_whole_softmax(rows):
    scores, values, blocks = rows

    known = online_softmax((scores[:, keys], values[keys]) for keys in blocks)

    np.testing.assert_allclose(known[-1].output, softmax(scores) @ values, **close)


@given(
    arrays(np.float64, (1, 6), elements=st.integers(-9, 9)),
    arrays(np.float64, (6, 2), elements=st.integers(-9, 9)),
    st.integers(1, 5),
)
def test_with_whole_scores_in_base_2_the_sums_are_equal_to_the_last_bit(scores, values, cut):
    whole = online_softmax([(scores, values)], base=2)[-1]
    parts = online_softmax([(scores[:, :cut], values[:cut]), (scores[:, cut:], values[cut:])], base=2)[-1]

    np.testing.assert_array_equal(parts.total, whole.total)
    np.testing.assert_array_equal(parts.weighted, whole.weighted)
