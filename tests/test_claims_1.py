"""Chapter 1's propositions, tried on random inputs."""

from itertools import accumulate

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from transformer_lib.steps import self_attention

sizes = st.integers(min_value=2, max_value=9)
reaches = st.integers(min_value=1, max_value=3)  # (k − 1)/2
layer_counts = st.integers(min_value=0, max_value=5)
entries = st.floats(min_value=-2, max_value=2)


class Counted(float):
    """A number that counts the multiplications it takes part in."""

    tally = 0

    def __mul__(self, other):
        Counted.tally += 1
        return Counted(float(self) * float(other))

    def __add__(self, other):
        return Counted(float(self) + float(other))

    __radd__ = __add__


def counted_ones(*shape):
    ones = np.empty(shape, dtype=object)
    ones.fill(Counted(1))
    return ones


def multiplications(run):
    Counted.tally = 0
    run()
    return Counted.tally


def rnn_layer(x, w, u):
    """h_t = W h_{t−1} + U x_t, from h_0 = 1."""
    start = counted_ones(len(w))
    return list(accumulate(x, lambda h, x_t: w @ h + u @ x_t, initial=start))


def convolutions(x, n_layers, reach):
    """A stack of centred windows with positive weights: nothing that arrives cancels."""
    window = np.full(2 * reach + 1, 1 / (2 * reach + 1))
    stack = [lambda row: np.convolve(row, window)[reach : reach + len(row)]] * n_layers
    return list(accumulate(stack, lambda row, layer: layer(row), initial=x))[-1]


def dilated(x, n_layers, kernel):
    """Layer l reads its own position and kernel − 1 earlier ones, 2^(l − 1) apart."""

    def layer(row, dilation):
        window = np.zeros((kernel - 1) * dilation + 1)
        window[::dilation] = 1
        return np.convolve(row, window)[: len(row)]

    return list(accumulate([2**level for level in range(n_layers)], layer, initial=x))[-1]


@given(n=sizes, token=sizes, n_layers=layer_counts, reach=reaches)
def test_after_l_layers_of_kernel_k_an_input_has_come_l_times_half_a_window_far(n, token, n_layers, reach):
    token = token % n
    pulse = np.eye(n)[token]

    arrived = convolutions(pulse, n_layers, reach) > 0

    np.testing.assert_array_equal(arrived, abs(np.arange(n) - token) <= n_layers * reach)


@given(n=sizes, reach=reaches)
def test_the_last_output_sees_the_first_input_after_the_rounded_up_number_of_layers(n, reach):
    pulse = np.eye(n)[0]
    needed = -(-(n - 1) // reach)

    before, after = convolutions(pulse, needed - 1, reach)[-1], convolutions(pulse, needed, reach)[-1]

    assert before == 0
    assert after > 0


@given(n=sizes, d=st.integers(min_value=1, max_value=6), data=st.data())
def test_in_one_layer_of_self_attention_every_output_depends_on_every_input(n, d, data):
    a = data.draw(arrays(float, (n, d), elements=entries))
    w_q, w_k = (data.draw(arrays(float, (3, d), elements=entries)) for _ in range(2))
    position = data.draw(st.integers(min_value=0, max_value=n - 1))

    steps = self_attention(a, w_q, w_k, np.eye(d))
    marked = steps.weights @ np.eye(n)[position]  # what each output takes of that position

    assert (marked > 0).all()


@given(n=st.integers(min_value=1, max_value=6), d=st.integers(min_value=1, max_value=6))
def test_attention_does_n_over_d_times_the_multiplications_of_an_rnn_layer(n, d):
    x, square, weights = counted_ones(n, d), counted_ones(d, d), counted_ones(n, n)

    rnn = multiplications(lambda: rnn_layer(x, square, square))
    products = multiplications(lambda: (x @ x.T, weights @ x))

    assert rnn == 2 * n * d**2
    assert products == 2 * n**2 * d
    assert products * d == rnn * n


@given(n_layers=layer_counts, kernel=st.integers(min_value=2, max_value=5))
def test_with_doubling_dilation_the_last_output_sees_exactly_this_many_positions(n_layers, kernel):
    field = 1 + (kernel - 1) * (2**n_layers - 1)
    n = field + 3

    sees = [dilated(pulse, n_layers, kernel)[-1] > 0 for pulse in np.eye(n)]

    assert sees == [False] * 3 + [True] * field


@given(t=st.integers(min_value=1, max_value=40))
def test_the_running_sum_by_hand_halves_x1_at_each_step(t):
    inputs = [1.0] + [0.0] * (t - 1)

    states = list(accumulate(inputs, lambda h, x: h / 2 + x))

    assert states[-1] == 2.0 ** -(t - 1)


def test_in_eight_positions_four_layers_of_kernel_3_are_the_first_to_join_both_ends():
    pulses = np.eye(8)[[0, 7]]

    seen_after = [[convolutions(pulse, layers, 1) > 0 for pulse in pulses] for layers in (3, 4)]

    assert not np.logical_and(*seen_after[0]).any()
    np.testing.assert_array_equal(np.flatnonzero(np.logical_and(*seen_after[1])) + 1, [4, 5])
