"""Decoding: what the three ways promise, for a table of bigrams and for every kind of model."""

from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import FAMILIES, SOURCE_VOCAB, decoder, ids, law, shaken, transformer

from transformer_lib.config import GPT2, LLAMA
from transformer_lib.decoding import beam, beams, greedy, restrict, sample
from transformer_lib.next_token import NextToken
from transformer_lib.shapes import InputError, ShapeError

# All sizes differ, so that a swapped axis cannot pass by luck.
B, T, N_NEW, V = 2, 3, 5, 7

DECODERS = {name: (family, {}) for name, family in FAMILIES.items()}
DECODERS["grouped queries"] = (LLAMA, {"n_kv_heads": 2})
every_decoder = pytest.mark.parametrize(("family", "sizes"), DECODERS.values(), ids=DECODERS.keys())

SOURCE = torch.cat([ids(1, 4, SOURCE_VOCAB), torch.tensor([[7, 6, 0, 0]])])  # the second is padded
START = torch.tensor([[1], [1]])

seeds = st.integers(0, 2**32 - 1)
ends = st.none() | st.integers(0, V - 1)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def follow(table):
    """A next_token that looks at the last token alone: row i of the table holds what follows i."""
    return lambda tokens: table[tokens[:, -1]]


def bigrams(seed=0, vocab_size=V, spread=2.0):
    return follow(spread * torch.randn(vocab_size, vocab_size, generator=rng(seed)))


def beginnings(seed=0):
    return torch.randint(1, V, (B, T), generator=rng(seed))


class NoRepeat:
    """A model that never says a token twice: small random ones would say the same for ever."""

    def __init__(self, model, source=None, cached=True):
        self.model = NextToken(model, source, cached=cached)
        self.select = self.model.select

    def __call__(self, tokens):
        return self.model(tokens).scatter(1, tokens, -torch.inf)


def every_text(next_token, first, n_new, end):
    """Each text of n_new tokens with its log-probability and length, padded with 0 after the end."""
    texts = {}
    for new in product(range(4), repeat=n_new):
        n = new.index(end) + 1 if end in new else n_new
        row, log_p = [first], 0.0
        for token in new[:n]:
            log_p += next_token(torch.tensor([row]))[0].double().log_softmax(-1)[token].item()
            row.append(token)
        texts[tuple(row) + (0,) * (n_new - n)] = (log_p, n)
    return texts


# ---- One after another


def test_greedy_takes_the_most_probable_token_each_time():
    ask = follow(torch.eye(4)[[2, 3, 1, 0]])  # 1 → 3 → 0 → 2 → 1

    written = greedy(ask, torch.tensor([[1], [2]]), 4)

    assert written.tolist() == [[1, 3, 0, 2, 1], [2, 1, 3, 0, 2]]


def test_a_row_that_has_ended_is_filled_with_padding():
    ask = follow(torch.eye(4)[[2, 3, 1, 0]])

    written = greedy(ask, torch.tensor([[1], [2]]), 4, end=3)

    assert written.tolist() == [[1, 3, 0], [2, 1, 3]]  # and no more is written once all have ended


def test_an_end_among_the_first_tokens_does_not_count():
    ask = follow(torch.eye(4)[[2, 3, 1, 0]])

    assert greedy(ask, torch.tensor([[3]]), 2, end=3).tolist() == [[3, 0, 2]]


@pytest.mark.parametrize(
    "decode",
    [greedy, lambda *a: sample(*a, generator=rng()), lambda *a: beam(*a, width=2)],
    ids=["greedy", "sample", "beam"],
)
def test_no_new_token_gives_back_the_first(decode):
    assert decode(bigrams(), beginnings(), 0).tolist() == beginnings().tolist()


def test_what_is_written_can_be_trained_on():
    model = decoder(GPT2)

    written = greedy(NextToken(model), beginnings(), N_NEW)
    model(written).sum().backward()

    assert model.embedding.tokens.weight.grad is not None


@law
@given(seeds, ends)
def test_the_surest_draws_are_greedy(seed, end):
    ask, tokens = bigrams(seed), beginnings(seed)

    expected = greedy(ask, tokens, N_NEW, end).tolist()

    assert sample(ask, tokens, N_NEW, generator=rng(seed), top_k=1, end=end).tolist() == expected
    assert sample(ask, tokens, N_NEW, generator=rng(seed), top_p=1e-6, end=end).tolist() == expected
    assert sample(ask, tokens, N_NEW, generator=rng(seed), temperature=1e-6, end=end).tolist() == expected


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"temperature": 0.5},
        {"temperature": 3.0},
        {"top_k": 3},
        {"top_p": 0.8},
        {"top_k": 5, "top_p": 0.9},
    ],
    ids=str,
)
def test_tokens_come_as_often_as_the_distribution_says(setting):
    n, ask = 20_000, bigrams(spread=1.0)
    p = restrict(ask(torch.tensor([[4]])), **setting).softmax(-1)[0]

    drawn = sample(ask, torch.full((n, 1), 4), 1, generator=rng(), **setting)[:, 1]

    often = torch.bincount(drawn, minlength=V) / n
    assert ((often - p).abs() <= 4 * (p * (1 - p) / n).sqrt()).all()  # and never what has p = 0


def test_the_generator_decides_the_draws_and_moves_on():
    ask, tokens, one, two = bigrams(), beginnings(), rng(1), rng(1)

    first, again = sample(ask, tokens, 40, generator=one), sample(ask, tokens, 40, generator=two)
    later = sample(ask, tokens, 40, generator=one)

    assert torch.equal(first, again)
    assert not torch.equal(first, later)


# ---- Temperature, top-k, top-p


@law
@given(seeds, st.floats(0.01, 1.0, exclude_max=True))
def test_top_p_keeps_the_smallest_set_that_reaches_p(seed, top_p):
    logits = 2 * torch.randn(V, generator=rng(seed), dtype=torch.float64)

    kept = restrict(logits, top_p=top_p).isfinite()

    p = logits.softmax(-1)
    assert p[kept].sum() >= top_p - 1e-12
    assert p[kept].sum() - p[kept].min() < top_p + 1e-12
    assert (~kept).sum() == 0 or p[~kept].max() <= p[kept].min()


@law
@given(seeds, st.integers(1, V + 2))
def test_top_k_keeps_the_k_most_probable(seed, top_k):
    logits = torch.randn(B, T, V, generator=rng(seed))

    left = restrict(logits, top_k=top_k)

    assert (left.isfinite().sum(-1) == min(top_k, V)).all()
    torch.testing.assert_close(left.sort(-1).values[..., -top_k:], logits.sort(-1).values[..., -top_k:])


def test_of_many_that_are_equal_the_earliest_are_kept():
    kept = restrict(torch.zeros(5000), top_k=3).isfinite()

    assert kept.nonzero().squeeze(1).tolist() == [0, 1, 2]


def test_top_p_stops_as_soon_as_p_is_reached():
    assert restrict(torch.zeros(4), top_p=0.5).isfinite().sum() == 2


def test_of_two_that_are_equal_the_earlier_is_kept():
    assert restrict(torch.tensor([1.0, 2, 2, 2]), top_k=2).tolist() == [-torch.inf, 2, 2, -torch.inf]


def test_top_p_counts_what_top_k_has_left():
    logits = torch.tensor([0.4, 0.3, 0.2, 0.1]).log()  # without the last two, 4/7 and 3/7

    assert restrict(logits, top_k=2, top_p=0.5).isfinite().tolist() == [True, False, False, False]


def test_to_keep_everything_changes_nothing():
    logits = 30 * torch.randn(B, V, generator=rng())

    assert torch.equal(restrict(logits, temperature=1.0, top_k=V, top_p=1.0), logits)


@law
@given(seeds)
def test_restricting_does_not_depend_on_the_order_nor_change_its_input(seed):
    logits, order = torch.randn(V, generator=rng(seed)), torch.randperm(V, generator=rng(seed))
    before = logits.clone()

    shuffled = restrict(logits[order], 0.7, top_k=5, top_p=0.8)

    assert torch.equal(shuffled, restrict(logits, 0.7, top_k=5, top_p=0.8)[order])
    assert torch.equal(logits, before)


def test_restricting_equals_transformers():
    process = pytest.importorskip("transformers.generation.logits_process")
    logits = 3 * torch.randn(50, 101, generator=rng())

    theirs = process.TemperatureLogitsWarper(0.7)(None, logits)
    theirs = process.TopPLogitsWarper(0.9)(None, process.TopKLogitsWarper(20)(None, theirs))

    torch.testing.assert_close(restrict(logits, 0.7, top_k=20, top_p=0.9), theirs)


# ---- Beam search


@law
@given(seeds, ends)
def test_a_beam_of_one_is_greedy(seed, end):
    ask, tokens = bigrams(seed), beginnings(seed)

    assert torch.equal(beam(ask, tokens, N_NEW, 1, end=end), greedy(ask, tokens, N_NEW, end))


def test_a_beam_of_one_is_greedy_where_tokens_tie():
    ask = follow(torch.randint(0, 2, (V, V), generator=rng()).float())

    assert torch.equal(beam(ask, beginnings(), N_NEW, 1), greedy(ask, beginnings(), N_NEW))


@law
@given(st.sampled_from(list(DECODERS)), st.integers(0, 2**16), st.booleans(), ends)
def test_a_beam_of_one_is_greedy_for_models(name, seed, cached, end):
    family, sizes = DECODERS[name]
    model, tokens = shaken(decoder(family, **sizes), seed), beginnings(seed)

    found = beam(NoRepeat(model, cached=cached), tokens, N_NEW, 1, end=end)

    assert torch.equal(found, greedy(NoRepeat(model, cached=cached), tokens, N_NEW, end))


@law
@given(seeds, st.none() | st.integers(0, 3), st.sampled_from([0.0, 0.6, 2.0, -1.0]))
def test_a_beam_as_wide_as_all_texts_finds_the_best(seed, end, penalty):
    ask = bigrams(seed, vocab_size=4)
    texts = every_text(ask, 1, 3, end)

    found = beams(ask, torch.tensor([[1]]), 3, 4**3, end=end, length_penalty=penalty)

    rank = {text: log_p / ((5 + n) / 6) ** penalty for text, (log_p, n) in texts.items()}
    best = tuple(found.tokens[0, 0].tolist())
    assert rank[best] == pytest.approx(max(rank.values()))  # of the best there may be several
    assert texts[best] == (pytest.approx(found.log_p[0, 0].item()), found.n_new[0, 0].item())
    assert found.log_p.exp().sum().item() == pytest.approx(1)  # all texts are there, each once


def test_a_poor_first_token_can_lead_to_the_better_text():
    p = torch.tensor([[1, 0, 0], [0, 0.6, 0.4], [1, 0, 0]])  # 1 1 1 has .36, and 1 2 0 has .40
    ask = follow(p.log())

    assert greedy(ask, torch.tensor([[1]]), 2).tolist() == [[1, 1, 1]]
    assert beam(ask, torch.tensor([[1]]), 2, 2).tolist() == [[1, 2, 0]]


def test_a_penalty_favours_the_longer_text():
    p = torch.tensor([[1, 0, 0], [0, 0.6, 0.4], [0, 0, 1]])  # log .40 < log .36 / (7/6)
    ask = follow(p.log())

    assert beam(ask, torch.tensor([[1]]), 2, 4, end=2).tolist() == [[1, 2, 0]]
    assert beam(ask, torch.tensor([[1]]), 2, 4, end=2, length_penalty=1.0).tolist() == [[1, 1, 1]]


@law
@given(seeds, ends)
def test_candidates_carry_the_probability_of_their_own_tokens(seed, end):
    ask, tokens = bigrams(seed), beginnings(seed)

    found = beams(ask, tokens, N_NEW, 3, end=end)

    last = found.tokens[..., T - 1 : -1]
    steps = ask(last.reshape(-1, 1)).double().log_softmax(-1).unflatten(0, last.shape)
    steps = steps.gather(-1, found.tokens[..., T:].unsqueeze(-1)).squeeze(-1)
    real = torch.arange(last.shape[-1]) < found.n_new.unsqueeze(-1)
    torch.testing.assert_close(found.log_p, (steps * real).sum(-1))
    assert (found.log_p.diff(dim=-1) <= 0).all()  # the best first


@law
@given(seeds, ends)
def test_rows_do_not_disturb_each_other(seed, end):
    ask, tokens = bigrams(seed), beginnings(seed)

    both = beam(ask, tokens, N_NEW, 3, end=end)

    alone = beam(ask, tokens[1:], N_NEW, 3, end=end)[0]
    assert both[1, : len(alone)].tolist() == alone.tolist()
    assert both[1, len(alone) :].sum() == 0


# ---- With a cache as without


@every_decoder
def test_a_cache_changes_no_greedy_text(family, sizes):
    model = decoder(family, **sizes)

    cached, uncached = (greedy(NoRepeat(model, cached=c), beginnings(), 12) for c in (True, False))

    assert torch.equal(cached, uncached)


@every_decoder
def test_a_cache_changes_no_sampled_text(family, sizes):
    model = decoder(family, **sizes)

    cached, uncached = (
        sample(NoRepeat(model, cached=c), beginnings(), 12, generator=rng(), top_p=0.9) for c in (True, False)
    )

    assert torch.equal(cached, uncached)


@every_decoder
def test_a_cache_changes_no_beam(family, sizes):
    model = decoder(family, **sizes)

    cached, uncached = (beams(NoRepeat(model, cached=c), beginnings(), 12, 3, end=2) for c in (True, False))

    assert torch.equal(cached.tokens, uncached.tokens)
    torch.testing.assert_close(cached.log_p, uncached.log_p)


@pytest.mark.parametrize(
    "decode",
    [
        greedy,
        lambda *a, end: sample(*a, generator=rng(), end=end),
        lambda *a, end: beam(*a, width=3, end=end),
    ],
    ids=["greedy", "sample", "beam"],
)
def test_a_cache_changes_no_translation(decode):
    model = transformer()

    cached, uncached = (decode(NoRepeat(model, SOURCE, cached=c), START, 12, end=2) for c in (True, False))

    assert torch.equal(cached, uncached)


def test_a_padded_source_is_translated_as_it_is_alone():
    model = transformer()

    both = beam(NoRepeat(model, SOURCE), START, 12, 3)

    assert torch.equal(both[1:], beam(NoRepeat(model, SOURCE[1:, :2]), START[1:], 12, 3))


# ---- Messages


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"temperature": 0.0}, "temperature is 0.0: it divides the logits, so give a finite number above 0"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": float("inf")}, "temperature is inf"),
        ({"top_k": 0}, "top_k is 0: keep one token at least"),
        ({"top_p": 0.0}, "top_p is 0.0: it is a probability to keep, above 0 and at most 1"),
        ({"top_p": 1.5}, "top_p is 1.5"),
        ({"top_p": float("nan")}, "top_p is nan"),
    ],
    ids=str,
)
def test_a_setting_outside_its_range_is_told(setting, sentence):
    with pytest.raises(InputError, match=sentence):
        restrict(torch.zeros(V), **setting)
    with pytest.raises(InputError, match=sentence):
        sample(bigrams(), beginnings(), 0, generator=rng(), **setting)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"width": 0}, "width is 0: keep one candidate at least"),
        ({"width": 2, "length_penalty": float("nan")}, "length_penalty is nan: give a finite number"),
        ({"width": 2, "length_penalty": float("inf")}, "length_penalty is inf"),
        ({"width": 2, "n_new": -1}, "n_new is -1: give how many tokens to add, 0 or more"),
    ],
    ids=str,
)
def test_a_beam_that_cannot_be_is_told(setting, sentence):
    with pytest.raises(InputError, match=sentence):
        beam(bigrams(), beginnings(), **{"n_new": N_NEW, **setting})


@pytest.mark.parametrize(
    ("tokens", "n_new", "kind", "sentence"),
    [
        (beginnings(), -1, InputError, "n_new is -1: give how many tokens to add, 0 or more"),
        (beginnings()[0], 1, ShapeError, r"tokens has shape \(3,\): give \(rows, positions\)"),
        (beginnings()[:, :0], 1, ShapeError, r"shape \(2, 0\): .* with one token at least"),
        (beginnings().float(), 1, InputError, "tokens holds torch.float32: token ids are whole numbers"),
    ],
    ids=["negative", "one axis", "nothing to begin with", "floats"],
)
def test_a_beginning_that_cannot_be_is_told(tokens, n_new, kind, sentence):
    with pytest.raises(kind, match=sentence):
        greedy(bigrams(), tokens, n_new)


@pytest.mark.parametrize(
    ("logits", "kind", "sentence"),
    [
        (torch.zeros(B, T, V), ShapeError, r"logits of shape \(2, 3, 7\) for 2 rows .* \(2, vocabulary\)"),
        (torch.zeros(B + 1, V), ShapeError, r"logits of shape \(3, 7\) for 2 rows"),
        (torch.full((B, V), torch.nan), InputError, "a row of logits with NaN or ∞, or with nothing but −∞"),
        (torch.full((B, V), -torch.inf), InputError, "or a mask that hides every token"),
        (torch.tensor([[0.0, 1], [-torch.inf, -torch.inf]]), InputError, "with nothing but −∞"),
    ],
    ids=["every position", "too many rows", "NaN", "nothing left", "nothing left in one row"],
)
def test_logits_that_cannot_be_are_told(logits, kind, sentence):
    with pytest.raises(kind, match=sentence):
        greedy(lambda tokens: logits, beginnings(), 1)
    with pytest.raises(kind, match=sentence):
        beam(lambda tokens: logits, beginnings(), 1, 2)
