"""Starts child processes, stops them in order, and lets none outlive its parent.

Each child has its own session, so that Ctrl-C in a terminal reaches only the parent. The parent
then stops its children in order. Where the parent is killed with SIGKILL, Linux sends each child a
signal. Standard library only, because this also runs before anything is installed.
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
    """Returns a `preexec_fn` for Popen. The child gets `signum` when the *thread* that started it
    ends. Returns None on systems other than Linux."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signum))
        if os.getppid() != parent:  # the parent ended before the line above
            os._exit(1)

    return in_child


@dataclass(kw_only=True, eq=False)
class Process:
    """A running child. Servers are stopped after the processes that use them."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path | None = None
    stop_signal: int = signal.SIGTERM
    fast_stop_signal: int = signal.SIGKILL  # sent where the user asks a second time
    is_server: bool = False
    _seen_ended: bool = field(default=False, init=False)

    def ended(self) -> bool:
        """Whether it has ended. The first time, kills what it left behind in its process group."""
        if not self._seen_ended and self.popen.poll() is not None:
            self._seen_ended = True
            self.kill_group()
        return self._seen_ended

    def kill_group(self) -> None:
        """Kills it and all processes that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)

    def tail(self, lines: int = 25) -> str:
        """The end of its log."""
        text = self.log.read_text(errors="replace") if self.log and self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def failure(self) -> SystemExit:
        """Returns the exception to raise where it ended too early or failed."""
        where = f" The end of {self.log}:\n{self.tail()}" if self.log else ""
        return SystemExit(f"{self.name} ended with status {self.popen.returncode}.{where}")


class Processes:
    """Starts, watches and stops children.

    It handles SIGINT, SIGTERM and SIGHUP: the first signal raises SystemExit; another one while the
    children are being stopped stops them faster. Create only one at a time, in the main thread.
    """

    def __init__(self) -> None:
        self.running: list[Process] = []
        self._foreground: subprocess.Popen[bytes] | None = None
        self._signal: int | None = None
        self._shield = self._stopping = self._stop_faster = False
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
        **attributes: Any,
    ) -> Process:
        """Starts a child in the background. `options` go to Popen, `attributes` to `Process`."""
        defaults: dict[str, Any] = {"stdin": subprocess.DEVNULL, "start_new_session": True}
        defaults["preexec_fn"] = die_with_parent(attributes.get("stop_signal", signal.SIGTERM))
        if log:
            log.parent.mkdir(parents=True, exist_ok=True)
            defaults |= {"stdout": log.open("wb"), "stderr": subprocess.STDOUT}
        with defaults.get("stdout") or nullcontext(), self._shielded():
            child = subprocess.Popen([*map(str, command)], **(defaults | dict(options or {})))
            process = Process(name=name, popen=child, log=log, **attributes)
            self.running.append(process)
        self._raise_if_signalled()
        return process

    def finish(self, process: Process) -> None:
        """Waits until a child has ended. Raises SystemExit where its exit status is not 0."""
        while not process.ended():
            self.check(ignore=process)
            time.sleep(POLL_SECONDS)
        self.running.remove(process)
        if process.popen.returncode:
            raise process.failure()

    def check(self, ignore: Process | None = None) -> None:
        """Raises SystemExit where a child has ended."""
        for process in self.running:
            if process is not ignore and process.ended():
                raise process.failure()

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Waits until `ready()` is true. Raises SystemExit where a child ends, or after `seconds`;
        the message then begins with `what`."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise SystemExit(f"{what}: not within {seconds:.0f} seconds.")
            time.sleep(POLL_SECONDS)

    def run_here(self, command: Sequence[str | Path], **options: Any) -> int:
        """Runs a command in the foreground and returns its exit status.

        Ctrl-C in a terminal reaches the command directly. Other signals are passed on to it; this
        raises SystemExit once it has ended."""
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
        """Stops all children, servers last. Never raises."""
        self._stopping = True
        for servers in (False, True):
            self._end([one for one in reversed(self.running) if one.is_server == servers])
        self.running.clear()

    def _end(self, group: Sequence[Process]) -> None:
        """Sends each its stop signal, waits, and kills those that do not end."""
        for process in group:
            process.popen.send_signal(process.stop_signal)
        deadline, is_faster = time.monotonic() + STOP_SECONDS, False
        while alive := [process for process in group if not process.ended()]:
            if time.monotonic() > deadline:
                for process in alive:
                    process.kill_group()
            elif self._stop_faster and not is_faster:
                is_faster, deadline = True, time.monotonic() + 2
                for process in alive:
                    process.popen.send_signal(process.fast_stop_signal)
            time.sleep(POLL_SECONDS)

    @contextmanager
    def _shielded(self) -> Iterator[None]:
        """Delays signals, so that a child that was started is always noted."""
        self._shield = True
        try:
            yield
        finally:
            self._shield = False

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        if self._foreground and signum == signal.SIGINT and sys.stdin and sys.stdin.isatty():
            return  # the terminal has sent the signal to the command as well
        # Noted before it is passed on: the next signal may interrupt this handler.
        is_first, self._signal = self._signal is None, signum
        if self._foreground:
            self._foreground.send_signal(signum if is_first else signal.SIGKILL)
        elif self._stopping:
            self._stop_faster = True
        if not (self._shield or self._foreground):
            self._raise_if_signalled()

    def _raise_if_signalled(self) -> None:
        if self._signal is not None and not self._stopping:
            self._stopping = True
            raise SystemExit(128 + self._signal)
