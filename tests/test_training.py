"""The loop: equal to one written out by hand, and what it measures, shortens, shows and refuses."""

import io
import sys
from itertools import count

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, nn

from transformer_lib.config import DecoderConfig
from transformer_lib.models import Decoder
from transformer_lib.shapes import InputError, ShapeError
from transformer_lib.training import (
    adam,
    distributed,
    inverse_root,
    linear_decay,
    next_token_loss,
    seeded,
    steady,
    token_losses,
    train,
    translation_loss,
)

# All sizes differ, so that a swapped axis cannot pass by luck.
B, T, VOCAB = 3, 5, 7

steps_of_a_run = st.integers(1, 500)


def rising(step):
    return 0.01 * step


def decoder(seed=0, dropout=0.0):
    with seeded(seed):
        return Decoder(
            DecoderConfig(vocab_size=VOCAB, d_model=8, n_heads=2, d_ff=11, n_layers=1, dropout=dropout)
        )


def tokens(n=B, seed=0):
    return torch.randint(1, VOCAB, (n, T), generator=Generator().manual_seed(seed))


def endless(generator):
    return (torch.randint(1, VOCAB, (B, T), generator=generator) for _ in count())


def trained_by_hand(model, batches, max_norm):
    """The loop as a beginner would write it, with nothing but torch."""
    optimiser = torch.optim.Adam(model.parameters(), betas=(0.9, 0.98), eps=1e-9)
    for i, batch in enumerate(batches):
        optimiser.param_groups[0]["lr"] = rising(i + 1)
        loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimiser.step()
    return model


def same_weights(one, other):
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


class Weight(nn.Module):
    """One number, 0 to begin with."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return self.w * x


# ---- schedules


def test_the_papers_rate_is_its_equation():
    rates = [inverse_root(step, d_model=64, warmup=10) for step in (1, 10, 40)]

    assert rates == pytest.approx([64**-0.5 * 10**-1.5, 640**-0.5, 640**-0.5 / 2])


@given(steps_of_a_run, st.integers(1, 100))
def test_the_papers_rate_is_highest_at_the_end_of_the_warm_up(step, warmup):
    assert inverse_root(step, d_model=8, warmup=warmup) <= 1.000001 * inverse_root(
        warmup, d_model=8, warmup=warmup
    )


@given(steps_of_a_run, st.integers(1, 100), st.integers(0, 400))
def test_linear_decay_is_two_straight_lines(step, warmup, more):
    steps = warmup + more

    rate = linear_decay(step, peak=3.0, warmup=warmup, steps=steps)

    assert rate == pytest.approx(np.interp(step, [0, warmup, steps + 1], [0, 3, 0]))


@given(steps_of_a_run, st.integers(1, 100))
def test_a_steady_rate_rises_and_stays(step, warmup):
    assert steady(step, peak=3.0, warmup=warmup) == pytest.approx(np.interp(step, [0, warmup], [0, 3]))


@pytest.mark.parametrize(
    ("rate", "sentence"),
    [
        (lambda: inverse_root(0, d_model=8), "step is 0 and warmup is 4000: steps are counted from 1"),
        (lambda: steady(1, peak=1, warmup=0), "step is 1 and warmup is 0"),
        (lambda: linear_decay(0, peak=1, warmup=1, steps=2), "step is 0 and warmup is 1"),
        (lambda: linear_decay(1, peak=1, warmup=3, steps=2), "steps is 2 and warmup is 3: warm up for fewer"),
    ],
    ids=["step 0", "no warm-up", "step 0, linear", "too long a warm-up"],
)
def test_an_impossible_schedule_is_refused(rate, sentence):
    with pytest.raises(InputError, match=sentence):
        rate()


# ---- losses


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_mean_loss_equals_torchs_over_tokens_that_are_not_padding(smoothing):
    logits = torch.randn(B, T, VOCAB, generator=Generator().manual_seed(0))
    target = torch.tensor([[1, 2, 3, 4, 6], [5, 2, 0, 0, 0], [6, 0, 0, 0, 0]])

    losses = token_losses(logits, target, smoothing)

    theirs = F.cross_entropy(
        logits.flatten(0, 1), target.flatten(), ignore_index=0, label_smoothing=smoothing
    )
    assert losses.shape == (8,)
    torch.testing.assert_close(losses.mean(), theirs)


def test_label_smoothing_gives_every_token_a_share_of_epsilon():
    logits = torch.tensor([[0.0, 1.0, 3.0]])
    log_p = logits.log_softmax(-1)[0]

    loss = token_losses(logits, torch.tensor([2]), 0.3)

    torch.testing.assert_close(loss[0], -0.7 * log_p[2] - 0.3 * log_p.mean())


def test_a_model_that_knows_the_next_token_has_no_loss():
    batch = tokens()

    losses = next_token_loss(lambda read: 99.0 * F.one_hot(batch[:, 1:], VOCAB), batch)

    torch.testing.assert_close(losses, torch.zeros(B * (T - 1)))


def test_a_translator_reads_the_source_and_the_target_but_for_its_last_token():
    source, target = tokens(seed=1), tokens(seed=2)
    read = []

    def model(*inputs):
        read.extend(inputs)
        return 99.0 * F.one_hot(target[:, 1:], VOCAB)

    losses = translation_loss(model, (source, target), label_smoothing=0.0)

    assert torch.equal(read[0], source)
    assert torch.equal(read[1], target[:, :-1])
    torch.testing.assert_close(losses, torch.zeros(B * (T - 1)))


def test_a_translators_labels_are_smoothed_by_a_tenth():
    source, target = tokens(seed=1), tokens(seed=2)

    losses = translation_loss(lambda *_: 99.0 * F.one_hot(target[:, 1:], VOCAB), (source, target))

    torch.testing.assert_close(losses, torch.full((B * (T - 1),), 0.1 * 99 * 6 / 7))


def test_logits_without_a_target_are_refused():
    with pytest.raises(ShapeError, match=r"logits has shape \(3, 5, 7\) and target \(3, 4\)"):
        token_losses(torch.zeros(B, T, VOCAB), torch.ones(B, T - 1, dtype=torch.long))


# ---- the loop


@pytest.mark.parametrize("max_norm", [0.01, 1.0], ids=["all gradients shortened", "few shortened"])
def test_the_loop_equals_one_written_by_hand(max_norm):
    batches = [tokens(seed=seed) for seed in range(11)]

    ours, theirs = decoder(), trained_by_hand(decoder(), batches, max_norm)
    train(ours, batches, next_token_loss, steps=11, schedule=rising, max_norm=max_norm)

    assert same_weights(ours, theirs)


def test_a_long_gradient_is_shortened_and_a_short_one_left():
    long, short = Weight(), Weight()
    loss = lambda model, x: model(x)  # noqa: E731  the gradient is x

    for model, x in ((long, 50.0), (short, 0.25)):
        sgd = torch.optim.SGD(model.parameters())
        train(model, [x], loss, steps=1, schedule=lambda _: 0.1, optimiser=sgd, max_norm=2.0)

    assert long.w.item() == pytest.approx(-0.2)
    assert short.w.item() == pytest.approx(-0.025)


def test_a_model_learns_eight_sequences_by_heart():
    model, batch = decoder(), tokens(8)
    batch[:, 0] = torch.tensor([1, 1, 2, 2, 3, 3, 4, 4])
    batch[:, 1:] = batch[:, :1]  # each repeats its first token

    history = train(model, [batch] * 60, next_token_loss, steps=60, schedule=lambda _: 0.02)

    assert history.loss[-1] < 0.05 < 1 < history.loss[0]
    assert torch.equal(model(batch[:, :-1]).argmax(-1), batch[:, 1:])


def test_the_history_holds_each_loss_and_rate_and_the_scores_by_step():
    scores = iter([0.5, 0.25, 0.75])

    history = train(
        decoder(),
        endless(Generator()),
        next_token_loss,
        steps=7,
        schedule=rising,
        measure=lambda _: next(scores),
        every=3,
    )

    assert len(history.loss) == history.step == 7
    assert history.learning_rate == [rising(step) for step in range(1, 8)]
    assert history.scores == {3: 0.5, 6: 0.25, 7: 0.75}
    assert history.score == 0.75


@pytest.mark.parametrize(("bar", "steps"), [(0.5, 4), (0.6, 6), (None, 8)], ids=["met", "passed", "no bar"])
def test_training_ends_when_a_score_reaches_the_bar(bar, steps):
    scores = iter([0.2, 0.5, 0.7, 0.9])

    history = train(
        decoder(),
        endless(Generator()),
        next_token_loss,
        steps=8,
        schedule=rising,
        measure=lambda _: next(scores),
        every=2,
        bar=bar,
    )

    assert history.step == steps


def test_dropout_is_on_in_training_and_off_where_it_is_measured_and_at_the_end():
    seen = []
    model = decoder()

    def loss(network, batch):
        seen.append(("loss", network.training))
        return next_token_loss(network, batch)

    def measure(network):
        seen.append(("measure", network.training))
        return 0.0

    train(model, endless(Generator()), loss, steps=2, schedule=rising, measure=measure, every=1)

    assert seen == [("loss", True), ("measure", False)] * 2
    assert not model.training


def test_a_loss_averaged_already_may_be_one_number():
    one, other = decoder(), decoder()
    batches = [tokens(seed=seed) for seed in range(3)]

    train(one, batches, next_token_loss, steps=3, schedule=rising)
    train(other, batches, lambda m, b: next_token_loss(m, b).mean(), steps=3, schedule=rising)

    assert same_weights(one, other)


def test_another_optimiser_may_be_given():
    model = decoder()
    adamw = torch.optim.AdamW(model.parameters(), weight_decay=0.5)
    norm = model.embedding.tokens.weight.norm().item()

    train(model, endless(Generator()), next_token_loss, steps=9, schedule=lambda _: 0.1, optimiser=adamw)

    assert model.embedding.tokens.weight.norm().item() < norm
    assert adamw.param_groups[0]["lr"] == 0.1


def test_the_papers_optimiser_is_adam_with_its_betas_and_epsilon():
    group = adam(decoder()).param_groups[0]

    assert (group["betas"], group["eps"]) == ((0.9, 0.98), 1e-9)


def test_training_leaves_torchs_own_generator_alone():
    before = torch.get_rng_state()

    train(decoder(), endless(Generator()), next_token_loss, steps=2, schedule=rising)

    assert torch.equal(torch.get_rng_state(), before)


def test_weights_drawn_inside_seeded_depend_on_the_seed_alone():
    first = decoder(seed=5)
    torch.rand(3)

    assert same_weights(decoder(seed=5), first)
    assert not same_weights(decoder(seed=6), first)


# ---- the progress bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("progress", "shown"), [(True, "2/2"), (False, "")], ids=["wanted", "not wanted"])
def test_a_terminal_shows_a_bar_if_it_is_wanted(monkeypatch, progress, shown):
    monkeypatch.setattr(sys, "stderr", Terminal())

    train(decoder(), [tokens()] * 2, next_token_loss, steps=2, schedule=rising, progress=progress)

    assert shown in sys.stderr.getvalue()
    assert bool(shown) == bool(sys.stderr.getvalue())


def test_nothing_is_shown_where_there_is_no_terminal(capsys):
    train(decoder(), [tokens()], next_token_loss, steps=1, schedule=rising)

    assert capsys.readouterr() == ("", "")


# ---- messages


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"steps": 0}, "steps is 0 and every is 100: give at least 1 of each"),
        ({"every": 0}, "steps is 3 and every is 0"),
        ({"schedule": lambda _: 1e30}, "the loss is nan at learning rate 1e.30: lower it"),
        ({"batches": [tokens()] * 2}, "the batches ended after 2 steps: give as many as steps"),
        ({"checkpoint": "run.safetensors"}, "keeps the generator of the batches too"),
        ({"resume": True}, "nothing to resume: name in `checkpoint` the file"),
    ],
    ids=["no step", "never measured", "diverged", "too few batches", "no generator", "no checkpoint"],
)
def test_a_training_that_cannot_be_is_refused(settings, sentence):
    wanted = {"batches": [tokens()] * 3, "steps": 3, "schedule": rising} | settings

    with pytest.raises(InputError, match=sentence):
        train(decoder(), loss=next_token_loss, **wanted)


# ---- shares of a batch


@pytest.fixture
def as_process(monkeypatch):
    """Play one of three processes."""

    def play(rank):
        monkeypatch.setattr(distributed, "n_processes", lambda: 3)
        monkeypatch.setattr(torch.distributed, "get_rank", lambda: rank)

    return play


def shares(as_process, batch):
    for rank in range(3):
        as_process(rank)
        yield distributed.share(batch)


def test_the_shares_of_all_processes_are_the_batch(as_process):
    batch = tokens(8)

    parts = list(shares(as_process, batch))

    assert [len(part) for part in parts] == [3, 3, 2]
    assert torch.equal(torch.cat(parts), batch)


def test_a_share_of_named_tensors_keeps_its_names(as_process):
    from transformer_lib.data import Pairs

    pairs = Pairs(source=tokens(3, seed=1), target=tokens(3, seed=2))

    as_process(2)
    share = distributed.share(pairs)

    assert torch.equal(share.source, pairs.source[2:])
    assert torch.equal(share.target, pairs.target[2:])


def test_a_batch_too_small_to_share_is_refused(as_process):
    as_process(0)

    with pytest.raises(InputError, match="a batch of 2 cannot be shared by 3 processes: give each one row"):
        distributed.share(tokens(2))


def test_a_process_alone_keeps_the_whole_batch():
    batch = tokens()

    assert distributed.share(batch) is batch
    assert distributed.n_processes() == 1
    assert distributed.is_first()
