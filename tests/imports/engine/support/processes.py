"""Processes that a test starts, and waiting for what they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from devtools.processes import die_with_parent
from tests.paths import ROOT

POLL_SECONDS = 0.01


def wait_until(condition: Callable[[], object], *, seconds: float = 60, what: str = "") -> None:
    """Waits until the condition is true. Raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        time.sleep(POLL_SECONDS)


class Process:
    """A Python process in a process group of its own. It ends with this process, and writes to a
    file. `prefix` is a command that becomes the one that follows it, such as `ip netns exec`."""

    def __init__(
        self,
        command: list[str],
        log: Path,
        environment: Mapping[str, str],
        *,
        prefix: Sequence[str] = (),
    ) -> None:
        self.log = log
        with log.open("wb") as output:
            self.popen = subprocess.Popen(
                [*prefix, sys.executable, *command],
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
        """The id of the main process."""
        return self.popen.pid

    def output(self) -> str:
        """Gives all output so far."""
        return self.log.read_text(errors="replace")

    def wait_for_output(self, text: str) -> None:
        """Waits until the output contains `text`. Raises AssertionError if the process ends."""

        def is_written() -> bool:
            is_there = text in self.output()
            assert is_there or self.popen.poll() is None, self.output()
            return is_there

        wait_until(is_written, what=f"{text!r} in {self.log}")

    def children(self) -> list[int]:
        """Gives the ids of the child processes. Those of a Celery worker run its tasks."""
        with suppress(OSError):
            found = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
            return [int(pid) for pid in found if "Z" not in _state(int(pid))]
        return []

    def frozen(self) -> list[int]:
        """Gives the ids of the child processes that are frozen (SIGSTOP)."""
        return [pid for pid in self.children() if "T" in _state(pid)]

    def kill_children(self) -> int:
        """Kills the child processes; gives their number."""
        pids = self.children()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(pids)

    def resume(self) -> None:
        """Resumes the frozen child processes (SIGCONT)."""
        for pid in self.frozen():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def signal(self, number: int) -> None:
        """Sends a signal to the main process, as a platform does."""
        self.popen.send_signal(number)

    def kill(self) -> None:
        """Kills the whole process group, as the kernel does when memory is full. Does nothing after
        the end of the process, because another process may have its id by then."""
        if self.popen.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)
            self.popen.wait()


def _state(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return "Z"
