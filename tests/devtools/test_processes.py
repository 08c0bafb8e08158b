"""Child processes, the start of servers, and the virtual environment."""

from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools import servers, virtualenv
from devtools.local_stack import State
from devtools.processes import Processes
from tests.process_helpers import processes_of, wait_for


@pytest.fixture
def processes() -> Iterator[Processes]:
    """A `Processes` inside the test. The signal handlers of pytest are restored afterwards."""
    signums = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = {signum: signal.getsignal(signum) for signum in signums}
    with Processes() as created:
        yield created
    for signum, handler in handlers.items():
        signal.signal(signum, handler)


def test_a_server_tries_another_port_where_the_first_is_in_use(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        in_use, free = taken.getsockname()[1], servers.free_port()
        monkeypatch.setattr(servers, "free_port", iter([in_use, free]).__next__)
        url = servers.Valkey(folder=tmp_path, password="secret").start(processes)
    assert url == f"redis://default:secret@127.0.0.1:{free}/0"


def test_a_server_that_cannot_start_shows_its_log(processes: Processes, tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir(mode=0o700)
    with pytest.raises(SystemExit) as refused:
        servers.Postgres(folder=tmp_path, password="secret").start(processes)
    assert "postgres ended with status" in str(refused.value)
    assert "postgresql.conf" in str(refused.value)  # the end of its log


def test_a_child_that_ignores_sigterm_is_killed_with_its_own_children(
    processes: Processes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("devtools.processes.STOP_SECONDS", 0.2)
    stubborn = "import signal, subprocess, sys; signal.signal(15, signal.SIG_IGN);"
    stubborn += "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
    stubborn += f"cwd={str(tmp_path)!r}); print('ready', flush=True); signal.pause()"
    log = tmp_path / "log"
    processes.start("stubborn", [sys.executable, "-c", stubborn], log=log)
    wait_for(lambda: "ready" in log.read_text())
    assert processes_of(tmp_path)
    processes.stop()
    wait_for(lambda: not processes_of(tmp_path))


def test_an_interrupted_installation_does_not_count_as_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    monkeypatch.setattr(virtualenv, "VENV", tmp_path)
    monkeypatch.setattr(virtualenv, "PYTHON", tmp_path / "bin" / "python")
    assert not virtualenv.is_installed("local")
    (tmp_path / "locked-dev").write_text(virtualenv.digest("dev"))
    assert virtualenv.is_installed("local")
    (tmp_path / "locked-dev").write_text(virtualenv.digest("local"))
    assert not virtualenv.is_installed("local")


def test_the_state_of_a_stack_is_ignored_after_its_holder_has_released_it(tmp_path: Path) -> None:
    state = State(tmp_path)
    assert State(tmp_path).read() is None
    assert state.claim(url="here")
    assert (State(tmp_path).read() or {})["url"] == "here"
    assert not State(tmp_path).claim(url="there")
    state.release()
    assert json.loads((tmp_path / "state.json").read_text())["url"] == "here"
    assert State(tmp_path).read() is None


def test_processes_that_a_child_leaves_behind_are_killed(
    processes: Processes, tmp_path: Path
) -> None:
    command = ["sh", "-c", "sleep 600 & echo left"]
    child = processes.start("careless", command, log=tmp_path / "log", options={"cwd": tmp_path})
    processes.finish(child)
    assert child.tail() == "left"
    wait_for(lambda: not processes_of(tmp_path))
