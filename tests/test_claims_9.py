"""The propositions of chapter 9, on random inputs."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from strategies import close, few, numbers, table

from transformer_lib import pocket
from transformer_lib.config import DecoderConfig
from transformer_lib.models import Decoder
from transformer_lib.steps import attention, causal, softmax


@st.composite
def queries_keys_values(draw):
    """As many queries as keys, from 2 to 6, with d_k and d_v of their own."""
    n, d_k, d_v = (draw(st.integers(low, high)) for low, high in ((2, 6), (1, 4), (1, 4)))
    return draw(table(n, d_k)), draw(table(n, d_k)), draw(table(n, d_v))


@st.composite
def a_cut(draw):
    """Queries, keys and values, and a t after which there is something to hide."""
    triple = draw(queries_keys_values())
    return triple, draw(st.integers(1, len(triple[0]) - 1))


@st.composite
def a_row(draw):
    """The scores of one query, and a mask that hides some keys and leaves some."""
    n = draw(st.integers(2, 6))
    scores = draw(arrays(np.float64, n, elements=numbers))
    allowed = draw(
        st.permutations([True, False, *draw(st.lists(st.booleans(), min_size=n - 2, max_size=n - 2))])
    )
    return scores, np.array(allowed)


def hidden_late(scores, allowed):
    return softmax(scores) * allowed


# ---- Proposition 9.1


@few
@given(a_cut(), st.integers(-50, 50))
def test_what_comes_later_changes_no_bit_of_an_earlier_output(cut, by):
    (q, k, v), t = cut
    later = [x + by * (np.arange(len(x)) >= t)[:, None] for x in (q, k, v)]

    before, after = (attention(*x, causal(len(q))) for x in ((q, k, v), later))

    np.testing.assert_array_equal(after.output[:t], before.output[:t])


@few
@given(st.lists(st.integers(1, 8), min_size=2, max_size=9), st.data())
def test_a_whole_decoder_is_causal_to_the_last_bit(tokens, data):
    t = data.draw(st.integers(1, len(tokens) - 1))
    others = data.draw(st.lists(st.integers(1, 8), min_size=len(tokens) - t, max_size=len(tokens) - t))
    torch.manual_seed(9)
    model = Decoder(DecoderConfig(vocab_size=9, d_model=8, n_heads=2, d_ff=12)).eval()

    with torch.no_grad():
        before, after = model(torch.tensor([tokens])), model(torch.tensor([tokens[:t] + others]))

    assert torch.equal(after[:, :t], before[:, :t])


@few
@given(queries_keys_values())
def test_the_first_output_is_the_first_value(triple):
    q, k, v = triple

    output = attention(q, k, v, causal(len(q))).output

    np.testing.assert_allclose(output[0], v[0], **close)


def test_a_hidden_value_that_is_no_number_spoils_every_output():
    weights = pocket.arrays(pocket.causal.weights)
    v = pocket.arrays(pocket.by_hand.v)
    v[3] = np.nan

    with np.errstate(all="ignore"):
        output = weights @ v

    assert np.isnan(output).all()


# ---- Proposition 9.2


@few
@given(a_cut())
def test_a_row_computed_alone_is_the_row_under_the_causal_mask(cut):
    (q, k, v), t = cut

    alone = attention(q[t - 1 : t], k[:t], v[:t])
    together = attention(q, k, v, causal(len(q)))

    np.testing.assert_allclose(alone.output[0], together.output[t - 1], **close)
    np.testing.assert_allclose(alone.weights[0], together.weights[t - 1, :t], **close)


@few
@given(queries_keys_values())
def test_the_last_row_is_the_same_with_and_without_the_mask(triple):
    q, k, v = triple

    masked, unmasked = attention(q, k, v, causal(len(q))), attention(q, k, v)

    np.testing.assert_array_equal(masked.output[-1], unmasked.output[-1])


# ---- Proposition 9.3


@few
@given(a_row())
def test_hidden_after_the_softmax_a_row_sums_to_the_share_of_its_allowed_keys(row):
    scores, allowed = row

    total = hidden_late(scores, allowed).sum()

    np.testing.assert_allclose(total, np.exp(scores[allowed]).sum() / np.exp(scores).sum(), **close)
    assert total < 1


@few
@given(a_row(), st.integers(1, 5))
def test_hidden_after_the_softmax_a_row_shrinks_when_a_hidden_score_rises(row, by):
    scores, allowed = row

    before, after = (hidden_late(x, allowed).sum() for x in (scores, scores + by * ~allowed))

    assert after < before


@few
@given(a_row())
def test_hidden_after_the_softmax_and_divided_again_is_hidden_before(row):
    scores, allowed = row
    late = hidden_late(scores, allowed)

    before = softmax(np.where(allowed, scores, -np.inf))

    np.testing.assert_allclose(late / late.sum(), before, **close)


def test_by_hand_row_2_sums_to_17_of_41_and_with_another_key_to_17_of_29():
    q, k = pocket.arrays(pocket.by_hand.q), pocket.arrays(pocket.by_hand.k)
    moved = k * [[1], [1], [1], [0]]

    sums = [(softmax(q[1] @ keys.T, base=2) * causal(4)[1]).sum() for keys in (k, moved)]

    np.testing.assert_allclose(sums, [17 / 41, 17 / 29], **close)


# ---- Proposition 9.4


@few
@given(a_row(), st.integers(1, 30))
def test_a_finite_mask_divides_a_hidden_power_and_leaves_it_above_0(row, c):
    scores, allowed = row

    weights = softmax(scores - c * ~allowed)

    ratio = weights[~allowed] / weights[allowed][0]
    expected = np.exp(scores[~allowed] - scores[allowed][0]) / np.exp(c)
    np.testing.assert_allclose(ratio, expected, rtol=1e-9)
    assert (weights > 0).all()


@few
@given(a_row(), st.sampled_from([5, 100, 10_000]))
def test_a_finite_mask_over_a_whole_row_hides_nothing(row, c):
    scores, _ = row

    np.testing.assert_allclose(softmax(scores - c), softmax(scores), **close)


@few
@given(a_row())
def test_in_32_bit_floats_minus_a_billion_over_a_whole_row_gives_equal_weights(row):
    scores = torch.tensor(row[0], dtype=torch.float32)

    weights = (scores - 1e9).softmax(-1)

    np.testing.assert_allclose(weights, 1 / len(weights), rtol=1e-6)


# ---- What the chapter shows of PyTorch.


def test_in_the_function_true_means_may_look_and_in_the_layer_true_means_hidden():
    q, k, v = (torch.tensor(pocket.arrays(x)) for x in pocket.by_hand[:3])
    keep, a = torch.tensor(causal(4)), torch.tensor(pocket.a)
    layer = torch.nn.MultiheadAttention(2, 1, bias=False, dtype=torch.float64)
    layer.in_proj_weight.data = torch.tensor(np.vstack([pocket.w_q, pocket.w_k, pocket.w_v]))
    layer.out_proj.weight.data = torch.eye(2, dtype=torch.float64)

    by_function = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=keep)
    by_layer, _ = layer(a, a, a, attn_mask=~keep)

    expected = attention(q, k, v, causal(4)).output
    np.testing.assert_allclose(by_function, expected, **close)
    np.testing.assert_allclose(by_layer.detach(), expected, **close)
