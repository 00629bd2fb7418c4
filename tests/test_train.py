"""The command: what it prints, what it leaves, how it goes on, and two processes that learn as one."""

import json
import os
import subprocess
import sys

import pytest
import torch

from transformer_lib.shapes import InputError
from transformer_lib.train import main
from transformer_lib.training import load_model

SMALL = ["--batch", "3", "--every", "2"]


@pytest.fixture(autouse=True)
def _keep_the_number_of_threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def record(folder):
    return json.loads((folder / "history.json").read_text("utf-8"))


def test_it_prints_a_table(tmp_path, capsys):
    main(["recall", "--steps", "5", "--out", str(tmp_path), *SMALL])

    printed, shown = capsys.readouterr()
    told = {name.strip(): number for name, number in (line.rsplit("  ", 1) for line in table(printed))}
    assert told["parameters"].strip() == "19,008"
    assert told["steps"].strip() == "5"
    assert float(told["loss"]) == pytest.approx(record(tmp_path)["loss"][-1], abs=1e-4)
    assert 0 <= float(told["values named right, of 1,000 fresh sequences"]) <= 1
    assert printed.endswith(f"saved in {tmp_path}\n")
    assert shown == ""


def table(printed):
    return [line for line in printed.splitlines() if "  " in line]


def test_it_leaves_the_weights_the_history_and_the_picture(tmp_path, capsys):
    main(["recall", "--steps", "5", "--seed", "7", "--out", str(tmp_path), *SMALL])

    model, history = load_model(tmp_path / "model.safetensors"), record(tmp_path)
    assert model.config.n_layers == 1
    assert (history["task"], history["seed"], history["steps"]) == ("recall", 7, 5)
    assert len(history["loss"]) == len(history["learning_rate"]) == 5
    assert list(history["scores"]) == ["2", "4", "5"]
    assert history["versions"]["torch"] == torch.__version__
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_resumed_command_ends_with_the_same_weights(tmp_path, capsys):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    main(["recall", "--steps", "6", "--out", str(whole), *SMALL])

    main(["recall", "--steps", "4", "--out", str(parts), *SMALL])
    main(["recall", "--steps", "6", "--out", str(parts), "--resume", *SMALL])

    assert (parts / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    assert record(parts)["loss"] == record(whole)["loss"]


def test_without_a_folder_it_saves_where_builds_go(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    main(["recall", "--steps", "1", *SMALL])

    assert (tmp_path / "_build" / "trained" / "recall" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["recall", "--steps", "0"], "argument --steps: '0' is not a whole number of at least 1"),
        (["recall", "--batch", "many"], "argument --batch: 'many' is not a whole number of at least 1"),
        (["dance"], "invalid choice: 'dance'"),
        ([], "the following arguments are required: task"),
    ],
    ids=["no step", "a word for a number", "another task", "no task"],
)
def test_a_wrong_argument_is_told(capsys, arguments, sentence):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)

    assert sentence in capsys.readouterr().err


def test_nothing_to_resume_is_told_in_one_sentence(tmp_path):
    with pytest.raises(SystemExit, match=r"^error: there is no checkpoint .*: train first, or correct the"):
        main(["recall", "--resume", "--out", str(tmp_path), *SMALL])


def test_missing_plays_are_told_in_one_sentence(monkeypatch):
    def missing():
        raise InputError("the plays are not installed: run `make pretrained`.")

    monkeypatch.setattr("transformer_lib.tasks.data.text", missing)

    with pytest.raises(SystemExit, match=r"^error: the plays are not installed: run `make pretrained`\.$"):
        main(["text"])


# ---- under torchrun


def torchrun(n_processes, *arguments):
    """Run the command under torchrun, on a port that is free."""
    start = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n_processes}"]
    command = [sys.executable, *start, "-m", "transformer_lib.train", *arguments]
    settings = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": ""}
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["translate", "recall"])
def test_two_processes_learn_what_one_learns(tmp_path, capsys, task):
    # Batches of 13 are shared as 7 and 6 rows, whose sentences differ in length too.
    arguments = [task, "--steps", "20", "--batch", "13", "--every", "10", "--out"]
    main([*arguments, str(tmp_path / "one")])

    done = torchrun(2, *arguments, str(tmp_path / "two"))

    assert done.returncode == 0, done.stderr
    one, two = record(tmp_path / "one"), record(tmp_path / "two")
    assert (one["processes"], two["processes"]) == (1, 2)
    assert two["loss"] == pytest.approx(one["loss"], abs=1e-5)
    assert two["scores"].keys() == one["scores"].keys()
    assert len(table(done.stdout)) == len(table(capsys.readouterr().out))  # one process prints


@pytest.mark.slow
def test_two_processes_go_on_where_one_was_stopped(tmp_path, capsys):
    small, one, two = ["recall", "--batch", "6", "--every", "5"], tmp_path / "one", tmp_path / "two"
    main([*small, "--steps", "10", "--out", str(one)])
    main([*small, "--steps", "5", "--out", str(two)])

    done = torchrun(2, *small, "--steps", "10", "--resume", "--out", str(two))

    assert done.returncode == 0, done.stderr
    assert record(two)["loss"] == pytest.approx(record(one)["loss"], abs=1e-5)


@pytest.mark.slow
def test_a_batch_too_small_for_two_processes_is_told(tmp_path):
    done = torchrun(2, "recall", "--steps", "1", "--batch", "1", "--out", str(tmp_path))

    assert done.returncode != 0
    assert "error: a batch of 1 cannot be shared by 2 processes" in done.stderr
