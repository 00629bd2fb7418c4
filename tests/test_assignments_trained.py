"""Weights that a student hands in: the grader runs them, and nothing can stand in for them."""

import numpy as np
import pytest
import torch
from classroom import made

from assignments.numbers import Draw
from assignments.sets.train_and_look_inside import trained
from transformer_lib.models import Decoder

VOCAB = 15


@pytest.fixture
def check():
    return trained.weights_check(8, Draw("t", 1, "ada"), VOCAB)


def untrained():
    torch.manual_seed(0)
    return {name: one.numpy() for name, one in Decoder(trained.config(VOCAB)).state_dict().items()}


def test_untrained_weights_are_named(check):
    assert check.judge(untrained()).mistake == "untrained"


@pytest.mark.parametrize(
    "answer",
    [{}, {"weight": np.eye(2)}, [1, 2], lambda tokens: tokens, untrained() | {"unembed.weight": np.eye(3)}],
    ids=["nothing", "another name", "a list", "a function", "another shape"],
)
def test_what_is_not_this_models_weights_is_named(check, answer):
    assert check.judge(answer).mistake == "another model"


def test_weights_that_are_not_finite_are_wrong(check):
    broken = untrained()
    broken["norm.scale"] = np.full(trained.WIDTH, np.nan)

    assert check.judge(broken).status == "wrong"


def test_hidden_sequences_repeat_and_are_the_students_own():
    mine, theirs = (trained.hidden_tokens(Draw("t", 1, student), VOCAB) for student in ("ada", "bob"))

    assert mine.shape == (48, trained.LENGTH)
    assert 1 <= mine.min() <= mine.max() < VOCAB
    assert (mine != theirs).any()


@pytest.mark.slow
@pytest.mark.parametrize("student", ["ada", "student-1", "student-2"])
def test_the_keys_training_reaches_the_bar_in_five_hundred_steps(student):
    one = made("train_and_look_inside", student)
    question = next(question for question in one.coded if question.id == "train")
    namespace = {}

    exec(f"{one.setup}\n{question.solution}", namespace)

    assert question.checks[0].judge(namespace["weights"]).status == "right"
