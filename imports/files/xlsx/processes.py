"""Starts the launcher (`launcher`) and, through it, one child for each workbook.

Each process that reads workbooks has a launcher of its own, from its first workbook on or from
`start` on. It ends with that process.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

from imports.errors import WorkbookReaderBusy
from imports.files.xlsx import frames
from imports.files.xlsx.frames import BadMessage, Message

MAX_CHILDREN = 2  # of each process at the same time: each may use `Limits.workbook_memory_bytes`

_LAUNCHER_KIND = socket.SOCK_SEQPACKET
_QUEUE_SECONDS = 2.0
_LAUNCHER_SECONDS = 5.0  # a fork takes milliseconds: after that the launcher counts as dead
_KILL_SECONDS = 1.0
_BUFFER_BYTES = 1_048_576


class ChildDied(Exception):
    """The child ended in the middle of its work, or was too slow and has been killed."""


class Child:
    """A child process that reads a workbook, and the connection to it."""

    def __init__(
        self, connection: socket.socket, process: int, seconds: float, places: threading.Semaphore
    ) -> None:
        """Use `start_child`. `process`: a descriptor of the process; `places`: has a place more as
        soon as the child is closed."""
        self.seconds_left = seconds
        self._connection = connection
        self._process: int | None = process
        self._places = places

    def send(self, request: dict[str, Any]) -> None:
        """Sends a request. Raises ChildDied."""
        try:
            frames.send_object(self._connection, request)
        except OSError:
            raise ChildDied from None

    def receive(self) -> Message:
        """The next message. Waits for all of them together at most as long as the child was given.

        Raises ChildDied.
        """
        started = time.monotonic()
        try:
            self._connection.settimeout(max(self.seconds_left, 0.001))
            message = frames.receive(self._connection)
        except (OSError, BadMessage):
            raise ChildDied from None
        finally:
            self.seconds_left -= time.monotonic() - started
        if message is None:
            raise ChildDied
        return message

    def close(self) -> None:
        """Kills the child, whatever it is doing, and waits until its memory is free.

        Does nothing where that has been done.
        """
        process, self._process = self._process, None
        if process is None:
            return
        try:
            self._connection.close()
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, signal.SIGKILL)
            select.select([process], [], [], _KILL_SECONDS)
        finally:
            os.close(process)
            self._places.release()


class _LauncherGone(Exception):
    """The launcher has ended, or does not answer."""


class Launcher:
    """The launcher of this process. Its methods may be called from several threads."""

    def __init__(self) -> None:
        """Starts the process."""
        self.pid = os.getpid()  # a fork of this process needs a launcher of its own
        self.is_alive = True
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, _LAUNCHER_KIND)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-B", "-m", "imports.files.xlsx.launcher"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd="/",
                env={"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
                start_new_session=True,
            )
        self._control.settimeout(_LAUNCHER_SECONDS)
        atexit.register(self.close)

    def fork(self, file: int, connection: socket.socket) -> int:
        """Starts a child, and gives a descriptor of its process. Raises _LauncherGone."""
        try:
            with self._lock:
                socket.send_fds(self._control, [b"\1"], [file, connection.fileno()])
                _, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
            return descriptors[0]
        except (OSError, IndexError):
            self.is_alive = False
            raise _LauncherGone from None

    def close(self) -> None:
        """Ends the process, unless this process is a fork of the one that started it."""
        self.is_alive = False
        self._control.close()
        if self.pid == os.getpid():
            self.process.kill()
            self.process.wait()
        atexit.unregister(self.close)


class _Launchers:
    """Gives the launcher of this process; starts it where there is none or it has ended."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.places = threading.BoundedSemaphore(MAX_CHILDREN)
        self._lock = threading.Lock()
        self._launcher: Launcher | None = None

    def get(self) -> Launcher:
        with self._lock:
            if self._launcher and self._launcher.is_alive:
                return self._launcher
            if self._launcher:
                self._launcher.close()
            self._launcher = Launcher()
            return self._launcher


_of_this_process: _Launchers | None = None
_lock = threading.Lock()


def start() -> None:
    """Starts the launcher ahead of the first workbook, which then has not to wait for it."""
    _launchers().get()


def start_child(file: int, seconds: float) -> Child:
    """Starts a child that reads the workbook behind a descriptor.

    Waits for one of MAX_CHILDREN places. `seconds`: how long the child may let its caller wait.
    Raises WorkbookReaderBusy.
    """
    launchers = _launchers()
    if not launchers.places.acquire(timeout=_QUEUE_SECONDS):
        raise WorkbookReaderBusy(retry_after_seconds=int(seconds) + 1)
    try:
        connection, process = _connected_child(launchers, file)
    except BaseException:
        launchers.places.release()
        raise
    return Child(connection, process, seconds, launchers.places)


def _connected_child(launchers: _Launchers, file: int) -> tuple[socket.socket, int]:
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
            return ours, _fork(launchers, file, theirs)
    except BaseException:
        ours.close()
        raise


def _fork(launchers: _Launchers, file: int, connection: socket.socket) -> int:
    for _ in range(2):  # a launcher that has ended is started once more
        try:
            return launchers.get().fork(file, connection)
        except _LauncherGone:
            continue
    raise WorkbookReaderBusy(retry_after_seconds=int(_LAUNCHER_SECONDS))


def _launchers() -> _Launchers:
    global _of_this_process
    with _lock:
        if _of_this_process is None or _of_this_process.pid != os.getpid():
            _of_this_process = _Launchers()
        return _of_this_process
