"""The KV cache: keys and values of past positions, kept so that a new token costs one row of scores."""

from torch import Tensor

from transformer_lib.shapes import ShapeError


class KVCache:
    """Keys and values (B, H, S, d_head) of one attention layer, growing along S. For inference.

    The room doubles when it is full, so that n steps copy about n rows in all.

    Examples
    --------
    >>> import torch
    >>> cache = KVCache()
    >>> for _ in range(3):
    ...     k, v = cache.append(torch.ones(1, 2, 1, 4), torch.ones(1, 2, 1, 4))
    >>> len(cache), tuple(k.shape)
    (3, (1, 2, 3, 4))
    """

    def __init__(self) -> None:
        self._room: list[Tensor] = []  # keys and values, with space for positions to come
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def kept(self) -> tuple[Tensor, Tensor]:
        """All keys and all values so far, (B, H, S, d_head) each."""
        k, v = self._room
        return k[:, :, : self._length], v[:, :, : self._length]

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Add keys and values (B, H, T, d_head) of T new positions; give all so far."""
        if not self._room:
            self._room, self._length = [k, v], k.shape[-2]
            return self.kept
        if len(k) != len(self._room[0]):
            raise ShapeError(
                f"the cache holds {len(self._room[0])} sequences and {len(k)} are given: "
                "`select` its rows, or begin with a new cache."
            )
        start, end = self._length, self._length + k.shape[-2]
        if end > self._room[0].shape[-2]:
            self._room = [_longer(kept, 2 * end) for kept in self.kept]
        self._room[0][:, :, start:end] = k
        self._room[1][:, :, start:end] = v
        self._length = end
        return self.kept

    def select(self, rows: Tensor) -> None:
        """Keep these rows of the batch, in this order, as beam search does with its survivors."""
        self._room = [room[rows] for room in self._room]


def _longer(x: Tensor, n: int) -> Tensor:
    """Copy x (B, H, S, d_head) into the beginning of a room for n positions."""
    room = x.new_empty(*x.shape[:2], n, x.shape[-1])
    room[:, :, : x.shape[-2]] = x
    return room
