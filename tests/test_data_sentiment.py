"""Sentences of film reviews: fetched by name, checked by hash, split, and a clear word if they cannot be."""

import functools
import hashlib
import importlib
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import torch

from transformer_lib.data import fetch_sentiment, read_sentiment, sentiment
from transformer_lib.shapes import InputError

SENTIMENT = importlib.import_module("transformer_lib.data.sentiment")

RATED = [
    *[(f"good {i}", 1 + i / 10) for i in range(6)],
    *[(f"bad {i}", -1 - i / 10) for i in range(5)],
    ("just good enough", 1.0),
    ("clichés – again", 0.9),
    ("so so", -0.5),
    ("good 0", 2.0),  # twice
]


def tarball(name, content):
    """A tar.gz archive with one file, as bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@functools.cache  # an archive bears the time it was made at, and so does its hash
def tiny_archive():
    lines = "".join(f"{i}\t{score}\t{words}\r\n" for i, (words, score) in enumerate(RATED, 1))
    return tarball(SENTIMENT.INSIDE, tarball(SENTIMENT.SENTENCES, lines.encode("utf-8")))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and an expected hash that is that of the tiny archive."""
    monkeypatch.setenv("TRANSFORMER_LIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(SENTIMENT, "SHA256", hashlib.sha256(tiny_archive()).hexdigest())
    return tmp_path / "cache"


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """A pip that notes what it is told, and fetches the tiny archive."""
    calls = []

    def run(command, *, capture_output, text, check):
        assert (capture_output, text, check) == (True, True, False)  # so that what pip says can be told
        folder = Path(command[command.index("--dest") + 1])
        wanted = Path(command[command.index("--requirement") + 1])
        assert folder.is_relative_to(tmp_path)  # in the cache, so that the file comes to its place at once
        assert wanted.parent == folder  # and so is removed with it
        calls.append((command, wanted.read_text("utf-8")))
        (folder / SENTIMENT.ARCHIVE).write_bytes(tiny_archive())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return calls


def test_an_archive_inside_an_archive_is_read(tmp_path):
    (tmp_path / "tiny.tar.gz").write_bytes(tiny_archive())

    assert read_sentiment(tmp_path / "tiny.tar.gz") == RATED
    assert os.listdir(tmp_path) == ["tiny.tar.gz"]  # nothing is unpacked to disk


def test_the_data_are_fetched_once_by_name_and_hash(cache, pip):
    assert fetch_sentiment() == fetch_sentiment() == cache / "vaderSentiment-3.3.2.tar.gz"

    [(command, wanted)] = pip
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--no-binary", ":all:"} < set(command)
    assert wanted == f"vaderSentiment==3.3.2 --hash=sha256:{SENTIMENT.SHA256}\n"
    assert os.listdir(cache) == ["vaderSentiment-3.3.2.tar.gz"]


def test_clear_sentences_are_kept_once_and_split(cache, pip):
    task = sentiment(seed=4)

    both = task.train.sentences + task.held_out.sentences
    scores = torch.cat([task.train.scores, task.held_out.scores])
    assert (len(task.train.sentences), len(task.held_out.sentences)) == (10, 2)
    assert dict(zip(both, scores.tolist(), strict=True)) == pytest.approx(
        {words: score for words, score in RATED if abs(score) >= 1}
    )
    assert len(set(both)) == len(both)
    assert torch.equal(torch.cat([task.train.labels, task.held_out.labels]), (scores > 0).long())


def test_the_seed_decides_who_is_held_out(cache, pip):
    assert sentiment(seed=1).train.sentences == sentiment(seed=1).train.sentences
    assert sentiment(seed=1).train.sentences != sentiment(seed=2).train.sentences


def test_a_bar_that_no_sentence_passes_is_told(cache, pip):
    with pytest.raises(InputError, match=r"clear is 4\.5 and no \|score\| is as large"):
        sentiment(clear=4.5)


def test_a_folder_that_is_there_is_used(cache, pip):
    cache.mkdir()

    assert fetch_sentiment().parent == cache


def test_another_file_is_refused(cache):
    cache.mkdir()
    (cache / SENTIMENT.ARCHIVE).write_bytes(b"something else")
    found = hashlib.sha256(b"something else").hexdigest()[:8]

    with pytest.raises(InputError, match=f"has sha256 {found}… and .* is expected: delete the file"):
        fetch_sentiment()


def test_data_that_cannot_be_fetched_are_told_with_what_to_run(cache, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "WARNING: a\nERROR: b\nERROR: No matching distribution\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)

    with pytest.raises(InputError) as error:
        sentiment()

    command = f'python -m pip download --no-deps --no-binary :all: vaderSentiment==3.3.2 --dest "{cache}"'
    assert "could not fetch them (ERROR: No matching distribution)" in str(error.value)
    assert f"run `{command}`" in str(error.value)
    assert os.listdir(cache) == []


def test_a_silent_failure_is_told_too(cache, monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, "", ""))

    with pytest.raises(InputError, match="it said nothing"):
        sentiment()


def test_without_a_folder_of_ones_own_the_cache_is_in_the_home(tmp_path, monkeypatch, pip):
    monkeypatch.delenv("TRANSFORMER_LIB_CACHE", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(SENTIMENT, "SHA256", hashlib.sha256(tiny_archive()).hexdigest())

    assert fetch_sentiment().parent == tmp_path / ".cache" / "transformer_lib"


@pytest.fixture
def package_index(tmp_path):
    """Skip, aloud, where no package at all can be fetched."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(tmp_path), "iniconfig"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("pip can fetch no package at all: there is no network")


@pytest.mark.slow
def test_the_real_data_can_be_fetched_and_counted(tmp_path, monkeypatch, package_index):
    monkeypatch.setenv("TRANSFORMER_LIB_CACHE", str(tmp_path))

    rated, task = read_sentiment(fetch_sentiment()), sentiment()

    assert len(rated) == 10_605
    assert all(-4 <= score <= 4 for _, score in rated)
    assert sum(abs(score) >= 1 for _, score in rated) == 9_173
    assert (len(task.train.sentences), len(task.held_out.sentences)) == (7_337, 1_834)
    assert 0.49 < task.held_out.labels.float().mean() < 0.52
    assert "Absorbing character study by André Turpin." in dict(rated)
