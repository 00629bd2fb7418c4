"""The picture of a training: what it draws is what was given, and its words say it."""

import numpy as np

from transformer_lib.plots.training_curve import training_curve

LOSS, SCORES = [4.0, 2.5, 1.25], {2: 0.5, 3: 0.75}


def test_the_loss_is_drawn_from_step_1():
    figure = training_curve(LOSS, {}, "It falls")

    (axes,) = figure.axes
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[1, 4], [2, 2.5], [3, 1.25]])
    assert axes.get_title("left") == "It falls"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "loss, nats a token")


def test_scores_stand_below_the_loss_at_their_steps():
    figure = training_curve(LOSS, SCORES, "It falls", score="exact match")

    above, below = figure.axes
    np.testing.assert_array_equal(below.lines[0].get_xydata(), [[2, 0.5], [3, 0.75]])
    assert below.get_title("left") == "exact match"
    assert above.get_xlim() == below.get_xlim()
    assert (above.get_xlabel(), below.get_xlabel()) == ("", "step")


def test_the_words_tell_loss_and_scores():
    figure = training_curve(LOSS, SCORES, "It falls", score="exact match")

    assert figure.alt == (
        "It falls. Loss: 4 at step 1, 2.5 at step 2, 1.25 at step 3. "
        "Exact match: 0.5 at step 2, 0.75 at step 3."
    )


def test_a_long_run_is_told_in_six_points_with_its_first_and_its_last():
    figure = training_curve(list(range(101, 0, -1)), {}, "It falls")

    assert figure.alt.count(" at step ") == 6
    assert "101 at step 1," in figure.alt
    assert "1 at step 101." in figure.alt
