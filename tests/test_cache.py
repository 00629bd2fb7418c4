"""The cache of keys and values: a concatenation that seldom copies."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny import law, rand

from transformer_lib.cache import KVCache
from transformer_lib.shapes import ShapeError

B, H, S, D = 2, 3, 7, 5


def filled(*lengths):
    """A cache to which pieces of these lengths were added, and the pieces: keys, and values −k."""
    cache, pieces = KVCache(), [rand(B, H, n, D, seed=i) for i, n in enumerate(lengths)]
    for k in pieces:
        cache.append(k, -k)
    return cache, pieces


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9))
@law
def test_a_cache_holds_what_was_added_in_order(lengths):
    cache, pieces = filled(*lengths)

    k, v = cache.kept

    assert len(cache) == sum(lengths)
    assert torch.equal(k, torch.cat(pieces, 2))
    assert torch.equal(v, -k)


def test_adding_gives_all_that_is_kept():
    cache, (old,) = filled(S)
    new = rand(B, H, 1, D, seed=1)

    k, v = cache.append(new, 2 * new)

    assert torch.equal(k, torch.cat([old, new], 2))
    assert torch.equal(v, torch.cat([-old, 2 * new], 2))


def test_a_new_cache_is_empty():
    assert len(KVCache()) == 0


def test_what_is_added_later_does_not_reach_into_what_was_given():
    first = torch.zeros(B, H, S, D)
    cache = KVCache()

    cache.append(first, first)
    cache.append(first + 1, first + 1)

    assert not first.any()


def test_a_hundred_tokens_move_the_room_only_a_few_times():
    cache = KVCache()

    places = {cache.append(rand(B, H, 1, D), rand(B, H, 1, D))[0].data_ptr() for _ in range(100)}

    assert len(cache) == 100
    assert len(places) <= 8


def test_the_room_is_filled_before_it_grows():
    cache, _ = filled(1, 1)  # full at 1, so made anew for 2 · 2

    k, _ = cache.append(rand(B, H, 2, D), rand(B, H, 2, D))

    assert k.untyped_storage().nbytes() == 8 * B * H * 4 * D


def test_rows_are_selected_in_the_order_asked_for():
    cache, (old,) = filled(S)
    rows = torch.tensor([1, 1, 0])

    cache.select(rows)
    k, v = cache.kept

    assert torch.equal(k, old[rows])
    assert torch.equal(v, -old[rows])


def test_a_selected_cache_goes_on_growing():
    cache, (old, second) = filled(S, 1)
    rows, new = torch.tensor([1, 0, 1]), rand(3, H, 2, D, seed=9)

    cache.select(rows)
    k, _ = cache.append(new, new)

    assert torch.equal(k, torch.cat([old[rows], second[rows], new], 2))


def test_an_empty_cache_has_no_rows_to_select():
    cache = KVCache()

    cache.select(torch.tensor([1, 0]))

    assert len(cache) == 0


@pytest.mark.parametrize("n", [1, 3])
def test_another_number_of_sequences_is_refused(n):
    cache, _ = filled(S)

    with pytest.raises(ShapeError, match=rf"^the cache holds 2 sequences and {n} are given: `select`"):
        cache.append(rand(n, H, 1, D), rand(n, H, 1, D))
