"""The next token with a cache: what is kept changes the cost, never the logits."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import (
    FAMILIES,
    N_KV_HEADS,
    SOURCE_VOCAB,
    B,
    S,
    decoder,
    families,
    ids,
    law_of_models,
    transformer,
)

from transformer_lib.config import LLAMA
from transformer_lib.next_token import NextToken
from transformer_lib.shapes import InputError, ShapeError

SOURCE = ids(B, S, SOURCE_VOCAB)
SOURCE[1, -3:] = 0
TOKENS = ids(B, 5)

# Each architecture as a pair: with a cache, and the logits of the last position without.
MODELS = {name: (decoder(family), None) for name, family in FAMILIES.items()}
MODELS |= {f"{name} translator": (transformer(family), SOURCE) for name, family in FAMILIES.items()}
MODELS["grouped llama"] = decoder(LLAMA, n_kv_heads=N_KV_HEADS), None
MODELS["attention alone"] = decoder(d_ff=0), None
models = pytest.mark.parametrize(("model", "source"), MODELS.values(), ids=MODELS.keys())
pieces = st.lists(st.integers(1, 4), min_size=1, max_size=4)


def whole(model, source, tokens):
    """The logits after the last token, from all tokens at once and without a cache."""
    with torch.no_grad():
        return (model(tokens) if source is None else model(source, tokens))[:, -1]


@models
@given(pieces)
@law_of_models
def test_cached_equals_uncached_at_every_step(model, source, lengths):
    cached, ends = NextToken(model, source), torch.tensor(lengths).cumsum(0).tolist()
    tokens = ids(B, ends[-1])

    steps = [cached(tokens[:, :end]) for end in ends]

    torch.testing.assert_close(steps, [whole(model, source, tokens[:, :end]) for end in ends])


@models
def test_without_a_cache_too(model, source):
    plain = NextToken(model, source, cached=False)

    torch.testing.assert_close(plain(TOKENS), whole(model, source, TOKENS))
    torch.testing.assert_close(plain(TOKENS[:, :2]), whole(model, source, TOKENS[:, :2]))
    assert plain.n_seen == 0


@models
@given(pieces, st.lists(st.integers(0, B - 1), min_size=1, max_size=4))
@law_of_models
def test_selected_rows_go_on_as_if_they_had_always_stood_there(model, source, lengths, rows):
    cached, plain = NextToken(model, source), NextToken(model, source, cached=False)
    begun, rows = ids(B, sum(lengths)), torch.tensor(rows)
    longer = torch.cat([begun[rows], ids(len(rows), 2, seed=1)], 1)

    cached(begun)
    cached.select(rows)
    plain.select(rows)

    expected = whole(model, source if source is None else source[rows], longer)
    torch.testing.assert_close(cached(longer), expected)
    torch.testing.assert_close(plain(longer), expected)


@pytest.mark.parametrize("family", **families)
def test_a_model_that_generated_can_be_trained(family):
    model, tokens = decoder(family, max_len=130), ids(B, 130)

    NextToken(model)(tokens)
    model(tokens).sum().backward()

    assert model.embedding.tokens.weight.grad is not None


def test_a_cache_counts_what_it_has_seen():
    next_token = NextToken(MODELS["gpt2"][0])
    before = next_token.n_seen

    next_token(TOKENS[:, :3])

    assert (before, next_token.n_seen) == (0, 3)


def test_only_new_tokens_are_fed_to_the_model():
    model, fed = decoder(), []
    model.embedding.register_forward_pre_hook(lambda _, inputs: fed.append(inputs[0].shape[1]))
    next_token = NextToken(model)

    next_token(TOKENS[:, :2])
    next_token(TOKENS)

    assert fed == [2, 3]


def test_the_source_is_encoded_once():
    model, fed = transformer(), []
    model.source_embedding.register_forward_pre_hook(lambda *_: fed.append(1))
    next_token = NextToken(model, SOURCE)

    next_token(TOKENS[:, :2])
    next_token(TOKENS)

    assert fed == [1]


def test_logits_carry_no_gradient():
    assert not NextToken(MODELS["gpt2"][0])(TOKENS).requires_grad


@pytest.mark.parametrize(
    ("model", "source"), [(transformer(), None), (decoder(), SOURCE)], ids=["none", "too much"]
)
def test_a_transformer_has_a_source_and_a_decoder_none(model, source):
    with pytest.raises(
        InputError, match=r"^a Transformer needs the source to translate, and a Decoder has none"
    ):
        NextToken(model, source)


@pytest.mark.parametrize("n", [3, 2])
def test_tokens_that_were_seen_already_are_refused(n):
    next_token = NextToken(MODELS["gpt2"][0])
    next_token(TOKENS[:, :3])

    with pytest.raises(InputError, match=rf"^the cache has seen 3 tokens and {n} are given: give a new one"):
        next_token(TOKENS[:, :n])


def test_no_tokens_at_all_are_refused():
    with pytest.raises(InputError, match=r"^the cache has seen 0 tokens and 0 are given"):
        NextToken(MODELS["gpt2"][0])(TOKENS[:, :0])


def test_another_batch_is_refused():
    next_token = NextToken(MODELS["gpt2"][0])
    next_token(TOKENS[:, :3])

    with pytest.raises(ShapeError, match=r"^the cache holds 2 sequences and 1 are given"):
        next_token(TOKENS[:1])


def test_more_tokens_than_positions_were_learned_are_refused():
    next_token = NextToken(MODELS["gpt2"][0])
    next_token(ids(B, 19))

    with pytest.raises(InputError, match=r"^the sequence has 20 positions and the model learned 19"):
        next_token(ids(B, 20))
