"""Child processes that end when their parent does.

Each has a session of its own, so that a terminal's Ctrl-C reaches only the parent, which then stops
them in order; where the parent is killed outright, Linux sends each child its signal. Standard
library only: this also runs before anything is installed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Self

POLL_SECONDS = 0.02
STOP_SECONDS = 10.0  # how long a process may take to end before it is killed
_PR_SET_PDEATHSIG = 1


def die_with_parent(signum: int = signal.SIGTERM) -> Callable[[], None] | None:
    """A `preexec_fn` after which the child gets `signum` when the calling *thread* ends (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signum))
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return in_child


@dataclass(kw_only=True, eq=False)
class Process:
    """A running child; a server is stopped after those that use it."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path | None = None
    stop_signal: int = signal.SIGTERM
    hurry_signal: int = signal.SIGKILL
    is_server: bool = False
    _seen_ended: bool = field(default=False, init=False)

    def ended(self) -> bool:
        """Whether it is gone; what it left behind in its group is killed then."""
        if not self._seen_ended and self.popen.poll() is not None:
            self._seen_ended = True
            self.kill_group()
        return self._seen_ended

    def kill_group(self) -> None:
        """Ends it and all that it started, at once."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)

    def tail(self, lines: int = 25) -> str:
        """The end of its log."""
        text = self.log.read_text(errors="replace") if self.log and self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def failure(self) -> SystemExit:
        """What to raise when it ended although it should not have."""
        where = f" The end of {self.log}:\n{self.tail()}" if self.log else ""
        return SystemExit(f"{self.name} ended with status {self.popen.returncode}.{where}")


class Processes:
    """Starts, watches and stops children. The first signal raises SystemExit, the next one hurries.

    One at a time, and in the main thread: it takes over SIGINT, SIGTERM and SIGHUP.
    """

    def __init__(self) -> None:
        self.running: list[Process] = []
        self._foreground: subprocess.Popen[bytes] | None = None
        self._signal: int | None = None
        self._shield = self._stopping = self._hurry = False
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._on_signal)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path | None = None,
        options: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> Process:
        """Starts a child in the background; `options` go to Popen, `facts` to `Process`."""
        quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "start_new_session": True}
        quiet["preexec_fn"] = die_with_parent(facts.get("stop_signal", signal.SIGTERM))
        if log:
            log.parent.mkdir(parents=True, exist_ok=True)
            quiet |= {"stdout": log.open("wb"), "stderr": subprocess.STDOUT}
        with quiet.get("stdout") or nullcontext(), self._shielded():
            child = subprocess.Popen([*map(str, command)], **(quiet | dict(options or {})))
            process = Process(name=name, popen=child, log=log, **facts)
            self.running.append(process)
        self._raise_if_signalled()
        return process

    def finish(self, process: Process) -> None:
        """Waits until a child has done its work. Raises SystemExit where it fails."""
        while not process.ended():
            self.check(but=process)
            time.sleep(POLL_SECONDS)
        self.running.remove(process)
        if process.popen.returncode:
            raise process.failure()

    def check(self, but: Process | None = None) -> None:
        """Raises SystemExit where a child has ended."""
        for process in self.running:
            if process is not but and process.ended():
                raise process.failure()

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Returns once `ready()`. Raises SystemExit where a child ends, or it takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise SystemExit(f"{what}: not within {seconds:.0f} seconds.")
            time.sleep(POLL_SECONDS)

    def run_here(self, command: Sequence[str | Path], **options: Any) -> int:
        """Runs a command that has the terminal to itself, and gives its exit status.

        A terminal's Ctrl-C reaches it directly; other signals are handed on to it, and raise
        SystemExit once it has ended."""
        with self._shielded():
            child = self._foreground = subprocess.Popen(
                [*map(str, command)], preexec_fn=die_with_parent(), **options
            )
        if self._signal is not None:
            child.send_signal(self._signal)
        status = child.wait()
        self._foreground = None
        self._raise_if_signalled()
        return status if status >= 0 else 128 - status

    def stop(self) -> None:
        """Ends all children, those that use the servers first. Never raises."""
        self._stopping = True
        for servers in (False, True):
            self._end([one for one in reversed(self.running) if one.is_server == servers])
        self.running.clear()

    def _end(self, wave: Sequence[Process]) -> None:
        """Asks each to end, waits, and kills what is still there."""
        for process in wave:
            process.popen.send_signal(process.stop_signal)
        deadline, hurried = time.monotonic() + STOP_SECONDS, False
        while alive := [process for process in wave if not process.ended()]:
            if time.monotonic() > deadline:
                for process in alive:
                    process.kill_group()
            elif self._hurry and not hurried:
                hurried, deadline = True, time.monotonic() + 2
                for process in alive:
                    process.popen.send_signal(process.hurry_signal)
            time.sleep(POLL_SECONDS)

    @contextmanager
    def _shielded(self) -> Iterator[None]:
        """Between the start of a child and the line that notes it, no signal raises."""
        self._shield = True
        try:
            yield
        finally:
            self._shield = False

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        if self._foreground:
            if signum == signal.SIGINT and sys.stdin and sys.stdin.isatty():
                return  # the terminal has told the command as well
            self._foreground.send_signal(signum if self._signal is None else signal.SIGKILL)
        elif self._stopping:
            self._hurry = True
        self._signal = signum
        if not (self._shield or self._foreground):
            self._raise_if_signalled()

    def _raise_if_signalled(self) -> None:
        if self._signal is not None and not self._stopping:
            self._stopping = True
            raise SystemExit(128 + self._signal)
