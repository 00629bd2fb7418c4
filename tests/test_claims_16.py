"""The propositions of chapter 16, on random inputs, and its numbers by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import close, few, table

from transformer_lib import pocket
from transformer_lib.exercises import check
from transformer_lib.steps import attention, causal, induction_by_hand, read_letters, self_attention


@st.composite
def a_head(draw):
    """Inputs and the four matrices of a head; N, d, d_k, d_v are sizes of their own."""
    n, d, d_k, d_v = (draw(st.integers(low, high)) for low, high in ((2, 5), (2, 4), (1, 4), (1, 4)))
    w = draw(table(d_k, d)), draw(table(d_k, d)), draw(table(d_v, d)), draw(table(d, d_v))
    return draw(table(n, d)), *w


# ---- Heads set by hand.


def test_the_numbers_of_the_chapter():
    steps = induction_by_hand("^catca", "act")
    changed = induction_by_hand("^cttca", "act")

    np.testing.assert_allclose(steps.first.weights[2, :3], np.array([1, 1024, 1]) / 1026, **close)
    assert read_letters(steps.second.output, "act") == ["", "", "", "", "a", "t"]
    assert round(steps.second.weights[3, 0], 3) == 0.914
    assert round(steps.second.weights[5, 2], 3) == 0.001
    assert changed.second.weights[5].argmax() == 0


# ---- Proposition 16.1


@few
@given(a_head())
def test_a_head_is_two_circuits(head):
    a, w_q, w_k, w_v, w_o = head

    steps = self_attention(a, w_q, w_k, w_v, causal(len(a)), scaled=False)

    allowed = np.tri(len(a), dtype=bool)
    np.testing.assert_allclose(steps.scores[allowed], (a @ (w_q.T @ w_k) @ a.T)[allowed], **close)
    np.testing.assert_allclose(steps.output @ w_o.T, steps.weights @ a @ (w_o @ w_v).T, **close)


@few
@given(a_head(), st.floats(0, 6))
def test_queries_and_keys_turned_by_the_same_angle_are_the_same_head(head, angle):
    a, w_q, w_k, w_v, _ = head
    turn = np.eye(len(w_q) + 1)  # one more entry, so that there is a plane to turn in
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    wide = [np.vstack([w, np.zeros((1, w.shape[1]))]) for w in (w_q, w_k)]

    before = self_attention(a, w_q, w_k, w_v, scaled=False)
    after = self_attention(a, turn @ wide[0], turn @ wide[1], w_v, scaled=False)

    np.testing.assert_allclose(after.weights, before.weights, **close)


def test_by_hand_the_qk_circuit_of_chapter_3_gives_its_scores():
    qk = pocket.w_q.T @ pocket.w_k

    np.testing.assert_array_equal(qk, [[1, 0], [1, -2]])
    np.testing.assert_array_equal(pocket.a @ qk @ pocket.a.T, pocket.arrays(pocket.by_hand.scores))


# ---- Proposition 16.2


@few
@given(a_head(), st.data())
def test_a_score_of_one_layer_depends_on_its_two_inputs_alone(head, data):
    a, w_q, w_k, w_v, _ = head
    i, j = data.draw(st.integers(0, len(a) - 1)), data.draw(st.integers(0, len(a) - 1))
    others = np.ones(len(a), dtype=bool)
    others[[i, j]] = False
    changed = a + 3 * others[:, None]

    before, after = (self_attention(x, w_q, w_k, w_v).scores[i, j] for x in (a, changed))

    np.testing.assert_allclose(after, before, **close)


# ---- Proposition 16.3


@few
@given(a_head(), st.data())
def test_without_a_value_the_output_moves_by_the_weight_times_its_length(head, data):
    a, w_q, w_k, w_v, _ = head
    j = data.draw(st.integers(0, len(a) - 1))
    steps = self_attention(a, w_q, w_k, w_v)
    without = steps.v * (np.arange(len(a)) != j)[:, None]

    moved = np.linalg.norm(steps.output - steps.weights @ without, axis=1)

    np.testing.assert_allclose(moved, steps.weights[:, j] * np.linalg.norm(steps.v[j]), **close)


# ---- Proposition 16.4


@few
@given(st.integers(1, 3), st.data())
def test_more_keys_than_d_v_plus_one_leave_other_weights_with_the_same_output(d_v, data):
    n = d_v + 2
    q, k, v = data.draw(table(1, 2)), data.draw(table(n, 2)), data.draw(table(n, d_v))
    steps = attention(q, k, v)
    direction = np.linalg.svd(np.vstack([np.ones(n), v.T]))[2][-1]  # n − d_v − 1 such there are

    other = steps.weights[0] + steps.weights.min() / 2 * direction

    assert (other > 0).all()
    assert abs(other - steps.weights[0]).max() > 1e-6
    np.testing.assert_allclose([other.sum(), *(other @ v)], [1, *steps.output[0]], **close)


@pytest.mark.parametrize("t", [-0.025, 0, 0.025])
def test_by_hand_three_maps_give_one_output(t):
    weights = np.array([0.05, 0.8, 0.1, 0.05]) + t * np.array([1, 1, -4, 2])

    assert weights.min() > -1e-9
    np.testing.assert_allclose(weights @ pocket.arrays(pocket.by_hand.v), [0.2, 1.7], **close)


# ---- What the checkers say where no known mistake fits.


def tables(change):
    def circuits(w_e, w_q, w_k, w_v, w_o, w_u):
        return change((w_q @ w_e).T @ (w_k @ w_e), (w_u @ w_o @ w_v @ w_e).T)

    return circuits


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda qk, ov: qk, "Return two tables, qk and ov."),
        (lambda qk, ov: (qk, 0), "ov is one number: give a list of rows."),
        (lambda qk, ov: (qk[:3], ov), "qk has shape (3, 5); it needs (5, 5)."),
        (lambda qk, ov: (qk, 2 * ov), "qk is right, and ov is off"),
        (lambda qk, ov: (qk + 1, ov), "ov is right, and qk is off"),
        (lambda qk, ov: (qk + 1, ov + 1), "Both tables are off"),
        (lambda qk, ov: (qk, ov + (len(qk) == 3)), "Your result is off in row 2"),
        (lambda qk, ov: None, "does it end with return?"),
    ],
)
def test_of_two_circuits_the_one_that_is_off_is_named(change, sentence):
    assert sentence in repr(check("16.5", tables(change)))


@pytest.mark.parametrize("w_v", [5, [5, 0, 0, 0]])
def test_a_matrix_that_is_none_is_asked_for_as_a_list_of_rows(w_v):
    assert repr(check("16.2", w_v)).endswith(": give a list of rows.")


def test_a_head_that_asks_too_softly_is_told_so_whatever_its_sharpness():
    place, anywhere = np.eye(6, 9, 3), np.eye(6, 9, 3).sum(axis=0, keepdims=True)
    heads = {"previous": (10 * np.eye(6, k=1) @ place, place), "first": (10 * anywhere, place[:1])}
    soft = heads | {"same": (5 * np.eye(3, 9), np.eye(3, 9))}

    assert "In 'same' the right places get most, but too little" in repr(check("16.1", soft))


def test_a_letter_drowned_by_others_is_told_with_both_numbers():
    letter, slot = np.eye(3, 12), np.eye(3, 12, 9)
    drowned = (slot.T, 10 * letter, slot, letter + 2 * np.roll(letter, 1, axis=0))

    assert "1.00 of a, and 2.00 of others" in repr(check("16.4", drowned))
