"""The propositions of chapter 4, on random inputs."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import close, few, table

from transformer_lib import pocket
from transformer_lib.steps import attention, self_attention


@st.composite
def a_layer(draw):
    """Inputs a (N, d) and W^q, W^k, W^v with d_k and d_v of their own; W^q and W^k are drawn apart."""
    n, d, d_k, d_v = (draw(st.integers(low, high)) for low, high in ((2, 6), (1, 4), (1, 4), (1, 4)))
    return draw(table(n, d)), draw(table(d_k, d)), draw(table(d_k, d)), draw(table(d_v, d))


@st.composite
def queries_keys_values(draw):
    """Queries (T, d_k), keys (S, d_k) and values (S, d_v)."""
    t, s, d_k, d_v = (draw(st.integers(low, high)) for low, high in ((2, 5), (1, 6), (1, 4), (1, 4)))
    return draw(table(t, d_k)), draw(table(s, d_k)), draw(table(s, d_v))


@few
@given(a_layer(), st.data())
def test_permuting_the_inputs_permutes_the_outputs_alike(layer, data):
    a, *matrices = layer
    order = data.draw(st.permutations(range(len(a))))

    before, after = self_attention(a, *matrices), self_attention(a[order], *matrices)

    np.testing.assert_allclose(after.output, before.output[order], **close)
    np.testing.assert_allclose(after.weights, before.weights[order][:, order], **close)


@few
@given(a_layer(), st.data())
def test_an_output_does_not_move_when_the_others_change_places(layer, data):
    a, *matrices = layer
    rest = data.draw(st.permutations(range(1, len(a))))

    before, after = self_attention(a, *matrices), self_attention(a[[0, *rest]], *matrices)

    np.testing.assert_allclose(after.output[0], before.output[0], **close)


@few
@given(a_layer(), st.data())
def test_equal_inputs_have_equal_outputs_wherever_they_stand(layer, data):
    a, *matrices = layer
    i, j = (data.draw(st.integers(0, len(a) - 1)) for _ in range(2))
    a[j] = a[i]

    output = self_attention(a, *matrices).output

    np.testing.assert_allclose(output[i], output[j], **close)


@few
@given(queries_keys_values(), st.data())
def test_changing_one_query_changes_no_other_output(triple, data):
    q, k, v = triple
    i = data.draw(st.integers(0, len(q) - 1))
    changed = q.copy()
    changed[i] += 3.0

    before, after = attention(q, k, v), attention(changed, k, v)

    others = np.arange(len(q)) != i
    np.testing.assert_allclose(after.output[others], before.output[others], **close)


@few
@given(queries_keys_values(), st.data())
def test_an_output_can_be_computed_without_the_other_queries(triple, data):
    q, k, v = triple
    i = data.draw(st.integers(0, len(q) - 1))

    alone, together = attention(q[i : i + 1], k, v), attention(q, k, v)

    np.testing.assert_allclose(alone.output[0], together.output[i], **close)


@few
@given(queries_keys_values(), st.sampled_from([2.0, np.e, 10.0]), st.booleans())
def test_equal_scores_give_the_mean_of_the_values(triple, base, scaled):
    _, k, v = triple
    q = np.zeros((3, k.shape[1]))

    output = attention(q, k, v, base=base, scaled=scaled).output

    np.testing.assert_allclose(output, np.tile(v.mean(axis=0), (3, 1)), **close)


@few
@given(a_layer())
def test_equal_keys_give_every_query_the_mean_of_the_values(layer):
    a, w_q, w_k, w_v = layer
    every_key_alike = np.zeros_like(w_k)

    steps = self_attention(a, w_q, every_key_alike, w_v)

    np.testing.assert_allclose(steps.output, np.tile(steps.v.mean(axis=0), (len(a), 1)), **close)


@few
@given(a_layer())
def test_every_weight_is_positive_so_every_output_sees_every_position(layer):
    weights = self_attention(*layer).weights

    assert (weights > 0).all()
    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, **close)


@few
@given(a_layer())
def test_equal_query_and_key_matrices_make_the_scores_symmetric(layer):
    a, w, _, w_v = layer

    scores = self_attention(a, w, w, w_v).scores

    np.testing.assert_allclose(scores, scores.T, **close)


def test_symmetric_scores_do_not_make_the_weights_symmetric():
    steps = self_attention(pocket.a, pocket.w_q, pocket.w_q, pocket.w_v)

    np.testing.assert_array_equal(steps.scores, steps.scores.T)
    assert np.abs(steps.weights - steps.weights.T).max() > 0.1


def test_duplicating_every_position_moves_no_output():
    once = self_attention(pocket.a, pocket.w_q, pocket.w_k, pocket.w_v)
    twice = self_attention(np.tile(pocket.a, (2, 1)), pocket.w_q, pocket.w_k, pocket.w_v)

    np.testing.assert_allclose(twice.output, np.tile(once.output, (2, 1)), **close)
