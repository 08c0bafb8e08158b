"""Worker processes of a test, and waiting for what they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from devtools.processes import die_with_parent
from tests.paths import ROOT

POLL_SECONDS = 0.01


def until(condition: Callable[[], object], *, seconds: float = 60, what: str = "") -> None:
    """Returns once it holds. Raises AssertionError where that takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        time.sleep(POLL_SECONDS)


class Process:
    """A process in a group of its own, which ends with this one and writes to a file."""

    def __init__(self, command: list[str], log: Path, environment: Mapping[str, str]) -> None:
        self.log = log
        with log.open("wb") as output:
            self.popen = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    @property
    def pid(self) -> int:
        """Of its main process."""
        return self.popen.pid

    def output(self) -> str:
        """All that it has written."""
        return self.log.read_text(errors="replace")

    def wait_until_it_says(self, text: str) -> None:
        """Raises AssertionError where it ends before."""

        def said() -> bool:
            is_there = text in self.output()
            assert is_there or self.popen.poll() is None, self.output()
            return is_there

        until(said, what=f"{text!r} in {self.log}")

    def children(self) -> list[int]:
        """The processes that do a worker's work: those which its main process has started."""
        with suppress(OSError):
            found = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
            return [int(pid) for pid in found if "Z" not in _state(int(pid))]
        return []

    def frozen(self) -> list[int]:
        """Those that are stopped."""
        return [pid for pid in self.children() if "T" in _state(pid)]

    def kill_children(self) -> int:
        """SIGKILL to those that work; gives how many there were."""
        pids = self.children()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(pids)

    def go_on(self) -> None:
        """Wakes whatever is frozen."""
        for pid in self.frozen():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def signal(self, number: int) -> None:
        """To the main process, as a platform does it."""
        self.popen.send_signal(number)

    def kill(self) -> None:
        """SIGKILL to all of it at once, as when the memory is full. Not where it has ended before:
        its number may be another's by now."""
        if self.popen.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)
            self.popen.wait()


def _state(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return "Z"
