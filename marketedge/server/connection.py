"""A connection to a client: what was received of a request, and what is left to send.

The worker's main loop receives and sends without waiting. A thread works on a complete request: it
reads from `received`, and stores in `unsent` what the client does not take. It waits for the client
only if too much is stored.
"""

from __future__ import annotations

import errno
import select
import socket
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import Any

from django.conf import settings
from gunicorn import http
from gunicorn.workers.gthread import TConn

from marketedge.server.framing import Frame, LimitOf

IN_MEMORY_BYTES = 128 * 1024  # more of a request, or of an answer, lies in a temporary file
MAX_UNSENT_BYTES = 16 * 1024 * 1024
BLOCK_BYTES = 256 * 1024


class Budget:
    """How many bytes of requests and answers a worker may store, for all clients together."""

    def __init__(self, max_bytes: int) -> None:
        self._left = max_bytes
        self._lock = Lock()

    def take(self, size: int) -> bool:
        """Takes `size` bytes. Gives False, and takes nothing, if there are not so many left."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give_back(self, size: int) -> None:
        """Gives back bytes that were taken."""
        with self._lock:
            self._left += size


class Stored:
    """A file of bytes that counts towards the budget."""

    def __init__(self, budget: Budget) -> None:
        self.size = 0
        self._budget = budget
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - see close
        self._at = 0

    def write(self, data: bytes) -> bool:
        """Appends. Gives False, and appends nothing, if the budget has not enough left."""
        if not self._budget.take(len(data)):
            return False
        self._file.seek(self.size)
        self._file.write(data)
        self.size += len(data)
        return True

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size`."""
        self._file.seek(self._at)
        data = self._file.read(size)
        self._at += len(data)
        return data

    def unread(self, size: int) -> None:
        """Goes back by `size` bytes."""
        self._at -= size

    @property
    def left(self) -> int:
        """How many bytes have not been read."""
        return self.size - self._at

    def close(self) -> None:
        """Deletes the bytes."""
        self._file.close()
        self._budget.give_back(self.size)
        self.size = self._at = 0


class Connection(TConn):  # type: ignore[misc] # gunicorn has no types
    """A connection, which serves one request after the other.

    `socket` is the real one. gunicorn uses `sock`, which is a `ThreadSocket` while a thread works
    on a request."""

    frame: Frame  # of the request at hand; `expect_request` makes it

    def __init__(
        self, cfg: Any, sock: socket.socket, client: Any, server: Any, *, budget: Budget
    ) -> None:
        super().__init__(cfg, sock, client, server)
        self.socket = sock
        self.budget = budget
        self.parser = http.get_parser(cfg, ThreadSocket(self), client)
        self.initialized = self.data_ready = True  # gunicorn need not wait for the first bytes
        self.requests = 0
        self.deadline = 0.0  # of what the main loop waits for
        self.is_released = False
        self.keep = False  # whether another request may follow
        self.begun_at = self.head_at = 0.0
        self.received, self.unsent = Stored(budget), Stored(budget)

    def expect_request(self, limit_of: LimitOf) -> bytes:
        """Prepares for the next request. Gives what has arrived of it already."""
        surplus = self.frame.surplus if self.requests else b""
        self.requests += 1
        self.frame = Frame(limit_of)
        self.begun_at = self.head_at = 0.0
        self.received.close()
        self.received = Stored(self.budget)
        return surplus

    def write(self, data: bytes) -> None:
        """Sends an answer, or stores what the client does not take yet. Called by a thread.

        Raises BrokenPipeError if the client takes nothing for RESPONSE_SEND_SECONDS."""
        if not self.unsent.left:
            data = data[self._send(data) :]
        if not data:
            return
        if self.unsent.left + len(data) <= MAX_UNSENT_BYTES and self.unsent.write(data):
            return
        while not self.flush() or (data := data[self._send(data) :]):
            if not select.select([], [self.socket], [], settings.RESPONSE_SEND_SECONDS)[1]:
                raise BrokenPipeError(errno.EPIPE, "the client does not read the answer")

    def flush(self) -> bool:
        """Sends what was stored, as far as the client takes it now. Gives whether that was all."""
        while block := self.unsent.read(BLOCK_BYTES):
            sent = self._send(block)
            self.unsent.unread(len(block) - sent)
            if sent < len(block):
                return False
        if self.unsent.size:
            self.unsent.close()
            self.unsent = Stored(self.budget)
        return True

    def _send(self, data: bytes) -> int:
        sent = 0
        view = memoryview(data)
        while sent < len(data):
            try:
                sent += self.socket.send(view[sent:])
            except (BlockingIOError, InterruptedError):
                break
        return sent

    def release(self) -> None:
        """Closes the socket and deletes what is stored."""
        self.is_released = True
        self.socket.close()
        self.received.close()
        self.unsent.close()


class ThreadSocket:
    """What a thread of gunicorn sees of a connection: a socket that never waits for the request."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def recv(self, size: int) -> bytes:
        """The next bytes of the request; b"" after its end."""
        return self._connection.received.read(size)

    def send(self, data: bytes) -> int:
        """Sends, but not `100 Continue`: the main loop sent it before it received the body."""
        if not data.startswith(b"HTTP/1.1 100 "):
            self.sendall(data)
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Sends or stores all of it."""
        self._connection.write(data)

    def gettimeout(self) -> float:
        """As of a socket that does not wait."""
        return 0.0

    def setblocking(self, flag: bool) -> None:
        """Does nothing: the socket never waits."""

    def shutdown(self, how: int) -> None:
        """Refuses: the main loop closes connections."""
        raise OSError("the worker closes this connection")

    def close(self) -> None:
        """Does nothing: the main loop closes connections."""
