"""The tasks: their scores say 1 for a model that knows, and less for each mistake."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from transformer_lib import tasks
from transformer_lib.config import TransformerConfig
from transformer_lib.data import Pairs, number_words
from transformer_lib.models import Transformer
from transformer_lib.tasks import exact_match
from transformer_lib.training import linear_decay, seeded, train, translation_loss


@pytest.fixture(scope="module")
def learned():
    """A translator that knows seven numbers by heart, and these numbers."""
    words = number_words(n_train=7, n_held_out=1)
    sizes = {"source_vocab_size": len(words.source_vocabulary)}
    sizes |= {"target_vocab_size": len(words.target_vocabulary)}
    with seeded(0):
        model = Transformer(TransformerConfig(d_model=32, d_ff=64, **sizes))
    train(
        model,
        [words.train] * 80,
        translation_loss,
        steps=80,
        schedule=lambda step: linear_decay(step, peak=0.01, warmup=10, steps=80),
    )
    return model, words.train


def test_a_translator_that_knows_all_matches_exactly(learned):
    model, pairs = learned

    assert exact_match(model, pairs) == 1.0


def test_one_wrong_word_spoils_one_translation_of_seven(learned):
    model, pairs = learned
    target = pairs.target.clone()
    target[2, 1] += 1

    assert exact_match(model, Pairs(pairs.source, target)) == pytest.approx(6 / 7)


def test_a_translation_must_end_where_the_target_ends(learned):
    model, pairs = learned
    longer = F.pad(pairs.target, (0, 1))
    longer[0, (longer[0] != 0).sum()] = 5  # one more word after the end

    assert exact_match(model, Pairs(pairs.source, longer)) == pytest.approx(6 / 7)


def test_an_untrained_translator_matches_nothing():
    task = tasks.translation(steps=1)

    assert task.measure(task.model.eval()) == 0.0


class Known(nn.Module):
    """Give the token `answer` names a probability of almost 1."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, tokens, last=False):
        logits = 99.0 * F.one_hot(self.answer(tokens), 33)
        return logits[:, -1:] if last else logits


def next_one(tokens):
    return tokens.roll(-1, 1)


def the_value(tokens):
    return tokens.min(1, keepdim=True).values.expand_as(tokens)  # values are 1 to 16, noise is above


@pytest.mark.parametrize(
    ("make", "answer"), [(tasks.induction, next_one), (tasks.recall, the_value)], ids=["induction", "recall"]
)
def test_a_model_that_knows_the_answer_scores_1(make, answer):
    assert make().measure(Known(answer)) == 1.0


def test_a_model_that_knows_the_value_has_no_loss():
    task = tasks.recall()

    assert task.loss(Known(the_value), next(iter(task.batches))).max() < 1e-6


@pytest.mark.parametrize("make", [tasks.induction, tasks.recall], ids=["induction", "recall"])
def test_a_model_that_is_always_wrong_scores_0(make):
    assert make().measure(Known(torch.zeros_like)) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "make", [tasks.translation, tasks.induction, tasks.recall], ids=["translation", "induction", "recall"]
)
def test_a_task_is_decided_by_its_seed(make):
    one, same, other = make(seed=1, batch=3), make(seed=1, batch=3), make(seed=2, batch=3)

    first = [next(iter(task.batches))[0] for task in (one, same, other)]

    assert torch.equal(first[0], first[1])
    assert first[0].shape != first[2].shape or not torch.equal(first[0], first[2])
    assert all(map(torch.equal, one.model.parameters(), same.model.parameters()))
    assert not all(map(torch.equal, one.model.parameters(), other.model.parameters()))


def test_what_is_asked_for_goes_before_what_the_task_says():
    task = tasks.recall(batch=3, length=5)

    history = task.train(steps=4, every=2, measure=lambda model: 0.25, schedule=lambda step: 0.125)

    assert history.learning_rate == [0.125] * 4
    assert history.scores == {2: 0.25, 4: 0.25}
