"""Tokens and their ids: a list, and the way back."""

from collections.abc import Iterable

import torch
from torch import Tensor

from transformer_lib.shapes import InputError

# The same in every vocabulary, whether a task needs all three or not.
PAD = 0
START = 1
END = 2
MARKS = ("<pad>", "<start>", "<end>")


class Vocabulary:
    """Number the tokens from 3 on, in the order given; 0, 1 and 2 are padding, start and end.

    Parameters
    ----------
    tokens : iterable of str
        Each once.

    Raises
    ------
    InputError
        A token given twice; one to encode that is not in the vocabulary; an id to decode that is not.

    Examples
    --------
    >>> vocabulary = Vocabulary(["und", "sieben", "neunzig"])
    >>> len(vocabulary), vocabulary.encode(["sieben", "und", "neunzig"])
    (6, [4, 3, 5])
    >>> vocabulary.decode([1, 4, 2, 3])
    ['sieben']
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        self.tokens = [*MARKS, *tokens]
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        if len(self.ids) < len(self.tokens):
            twice = next(token for i, token in enumerate(self.tokens) if self.ids[token] != i)
            raise InputError(f"the vocabulary holds {twice!r} twice: give each token once.")

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Give the id of each token; of each character, where tokens is a text."""
        try:
            return [self.ids[token] for token in tokens]
        except KeyError as error:
            raise InputError(
                f"{error.args[0]!r} is not among the vocabulary's {len(self)} tokens: "
                "use tokens it was made from."
            ) from None

    def decode(self, ids: Iterable[int] | Tensor) -> list[str]:
        """Give the tokens up to the first END, without padding and START."""
        tokens = []
        for i in torch.as_tensor(ids).tolist():
            if i == END:
                break
            if not 0 <= i < len(self):
                raise InputError(f"id {i} is not in the vocabulary: its ids run from 0 to {len(self) - 1}.")
            if i not in (PAD, START):
                tokens.append(self.tokens[i])
        return tokens
