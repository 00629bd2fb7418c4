"""Without a sandbox nothing is run; with one, the worker starts in it."""

from pathlib import Path

import pytest
from grading import LIMITS, needs_sandbox

from grader import choosing, sandbox
from grader.choosing import by_name, choose
from grader.container import Container
from grader.sandbox import SandboxError, Unsafe
from grader.session import Session, StoppedError


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(choosing.shutil, "which", lambda program: None)


def test_without_a_sandbox_it_refuses_and_says_what_to_install(nothing_installed):
    with pytest.raises(SandboxError) as error:
        choose("auto", LIMITS)

    assert "bwrap is not installed." in str(error.value)
    assert "sudo apt install bubblewrap" in str(error.value)


def test_one_that_does_not_start_says_what_it_said(monkeypatch):
    monkeypatch.setattr(Unsafe, "command", lambda self, limits: ["sh", "-c", "echo no user namespaces >&2"])

    with pytest.raises(SandboxError, match="The sandbox unsafe does not start: no user namespaces"):
        choose("unsafe", LIMITS)


@needs_sandbox
def test_where_bubblewrap_works_it_is_chosen():
    assert choose("auto", LIMITS) == "bubblewrap"


def test_unsafe_must_be_asked_for():
    assert choose("unsafe", LIMITS) == "unsafe"


def test_unsafe_runs_cells_too():
    with Session(Unsafe(), LIMITS) as session:
        session.ask({"do": "run", "source": "x = 1 + 1", "seconds": 9}, 60)

        assert session.ask({"do": "get", "name": "x", "seconds": 9}, 60)["value"] == 2


def test_a_session_that_is_closed_has_stopped():
    session = Session(Unsafe(), LIMITS)
    session.close()
    session.close()

    assert not session.alive


def test_a_worker_that_reads_nothing_is_ended():
    with Session(Unsafe(), LIMITS) as session, pytest.raises(StoppedError, match="no end"):
        session.ask({"do": "run", "source": "import time\ntime.sleep(999)" + "#" * 10**6, "seconds": 9}, 1)


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_a_container_has_no_network_no_rights_and_no_place_to_write(engine):
    words = by_name(engine).command(LIMITS)

    assert words[:2] == [engine, "run"]
    assert {"--network=none", "--read-only", "--cap-drop=ALL", "--user=65534:65534"} <= set(words)
    assert f"--memory={LIMITS.memory}" in words
    assert f"--pids-limit={LIMITS.processes}" in words


def test_a_container_is_shown_no_check():
    shown = [word for word in Container("docker").command(LIMITS) if word.startswith("--volume=")]

    assert all(word.endswith(":ro") for word in shown)
    assert {Path(word.split(":")[-2]).name for word in shown} == {*sandbox.FAR_SIDE, "transformer_lib"}


def test_two_containers_have_two_names():
    container = Container("docker")

    assert container.command(LIMITS)[4] != container.command(LIMITS)[4]
