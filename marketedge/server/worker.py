"""`Worker`: gunicorn's threaded worker, in which a thread never waits for a client.

    main loop   accept -> receive a whole request -> a thread -> send the rest of its answer

A client that sends or reads slowly costs a connection and a temporary file, but no thread. A
request has deadlines for its head and its body. `/healthz` and `/readyz` have their own threads.
"""

from __future__ import annotations

import errno
import json
import re
import selectors
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from django.conf import settings
from gunicorn import http
from gunicorn.workers import gthread

from marketedge.server.connection import BLOCK_BYTES, Budget, Connection
from marketedge.server.framing import BodyTooLarge, HeadTooLarge

HEALTH_PATHS = ("/healthz", "/readyz")
LINGER_SECONDS = 2.0  # how long a client has to read the end of an answer before the socket closes
MIN_BYTES_PER_SECOND = 8 * 1024  # of a body, beyond REQUEST_BODY_SECONDS
MAX_STORED_BYTES = 256 * 1024 * 1024
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# What no thread has seen is refused with these codes and sentences.
_REFUSALS = {
    408: ("request_timeout", "The request did not arrive in time. Send it again."),
    413: ("request_too_large", "The body of the request is larger than is allowed here."),
    431: ("headers_too_large", "The headers of the request are larger than is allowed."),
    503: ("server_busy", "The server receives too many large requests. Try again in a minute."),
}


def check() -> None:
    """Raises RuntimeError if this version of gunicorn lacks a part that `Worker` needs."""
    worker = ("accept", "finish_request", "handle", "murder_pending", "_cap_keepalive", "run")
    missing = [name for name in worker if not hasattr(gthread.ThreadWorker, name)]
    missing += [] if hasattr(http, "get_parser") else ["get_parser"]
    if missing:
        raise RuntimeError(
            f"This version of gunicorn has no {' and no '.join(missing)}. Look at"
            " marketedge/server/worker.py, and install the version that requirements.txt names."
        )


class Worker(gthread.ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Receives requests and sends answers in its main loop. See docs/deployment.md."""

    def init_process(self) -> None:
        """Called once in each worker process, before its main loop."""
        from imports.uploads import largest_body  # here, as it needs the settings

        check()
        self.largest_upload = largest_body()
        self.max_request_seconds = 10 * settings.REQUEST_BODY_SECONDS
        self.budget = Budget(MAX_STORED_BYTES)
        self.waiting: set[Connection] = set()
        self.health_pools = {path: ThreadPoolExecutor(max_workers=1) for path in HEALTH_PATHS}
        self.is_upload = re.compile(settings.UPLOAD_PATHS).fullmatch
        super().init_process()

    def limit_of(self, path: str) -> int:
        """The largest body that a path takes, in bytes."""
        return self.largest_upload if self.is_upload(path) else int(settings.MAX_BODY_BYTES)

    # --- waiting -------------------------------------------------------------------------------

    def wait(
        self, conn: Connection, events: int, then: Callable[[Connection], None], until: float
    ) -> None:
        """Calls `then` when the socket is ready. `murder_pending` ends the wait at the deadline."""
        self._stop_waiting(conn)
        conn.deadline = until
        self.waiting.add(conn)
        self.poller.register(conn.socket, events, lambda _: self._guard(conn, then))

    def _guard(self, conn: Connection, step: Callable[[Connection], None]) -> None:
        """Runs a step of the main loop. An error of the socket, or of the temporary file, ends this
        connection and no other one. gunicorn would end the process."""
        try:
            step(conn)
        except OSError as error:
            self.log.info("Closed a connection because of %s", type(error).__name__)
            self._close(conn)

    def _stop_waiting(self, conn: Connection) -> None:
        if conn in self.waiting:
            self.waiting.discard(conn)
            self.poller.unregister(conn.socket)

    def murder_pending(self) -> None:
        """Ends what has waited too long. gunicorn calls this at least once a second."""
        now = time.monotonic()
        for conn in [conn for conn in self.waiting if conn.deadline < now]:
            if conn.begun_at and not conn.frame.is_complete:
                self._refuse(conn, 408)
            else:
                self._close(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """Closes idle connections by this time. gunicorn calls this when the worker has to stop."""
        for conn in self.waiting:
            if not conn.begun_at:
                conn.deadline = min(conn.deadline, deadline)

    # --- a connection, from accept to close ----------------------------------------------------

    def accept(self, listener: socket.socket) -> None:
        """Accepts a connection. If there are too many, that with the next deadline is closed."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ECONNABORTED):
                return
            if error.errno in (errno.EMFILE, errno.ENFILE) and self.waiting:
                return self._close(min(self.waiting, key=lambda one: one.deadline))
            raise
        conn = Connection(self.cfg, sock, client, listener.getsockname(), budget=self.budget)
        self.nr_conns += 1
        if len(self.waiting) >= self.worker_connections - self.cfg.threads - len(HEALTH_PATHS):
            self._close(min(self.waiting, key=lambda one: one.deadline))
        self._expect_request(conn, settings.REQUEST_HEADER_SECONDS)

    def _expect_request(self, conn: Connection, idle_seconds: float) -> None:
        arrived = conn.expect_request(self.limit_of)
        if not self.alive:
            idle_seconds = min(idle_seconds, LINGER_SECONDS)
        until = time.monotonic() + idle_seconds
        self.wait(conn, selectors.EVENT_READ, self._receive, until)
        if arrived:
            self._add(conn, arrived)

    def _receive(self, conn: Connection) -> None:
        try:
            data = conn.socket.recv(BLOCK_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        if data:
            return self._add(conn, data)
        if not conn.frame.has_head:
            return self._close(conn)
        # The client sends no more, but may wait for an answer: the service refuses the body.
        conn.frame.is_complete = conn.frame.is_cut = True
        self._stop_waiting(conn)
        return self.enqueue_req(conn)

    def _add(self, conn: Connection, data: bytes) -> None:
        """Adds bytes to the request, and passes it on if it is complete."""
        frame, had_head = conn.frame, conn.frame.has_head
        try:
            own = frame.feed(data)
        except HeadTooLarge:
            return self._refuse(conn, 431)
        except BodyTooLarge:
            own = len(data)
            if not self.is_upload(frame.path) or conn.received.size + own < settings.MAX_FILE_SIZE:
                return self._refuse(conn, 413)
            # The service has enough to read, and names the limit in its refusal.
            frame.is_complete = frame.is_cut = True
        if not conn.received.write(data[:own]):
            return self._refuse(conn, 503)
        if frame.is_complete:
            self._stop_waiting(conn)
            return self.enqueue_req(conn)
        if frame.has_head and not had_head and frame.expects_continue:
            conn.unsent.write(CONTINUE)
            conn.flush()
        return self._set_deadline(conn)

    def _set_deadline(self, conn: Connection) -> None:
        now = time.monotonic()
        conn.begun_at = conn.begun_at or now
        if not conn.frame.has_head:
            conn.deadline = conn.begun_at + settings.REQUEST_HEADER_SECONDS
            return
        conn.head_at = conn.head_at or now
        allowed = settings.REQUEST_BODY_SECONDS + conn.received.size / MIN_BYTES_PER_SECOND
        conn.deadline = conn.head_at + min(allowed, self.max_request_seconds)

    def enqueue_req(self, conn: Connection) -> None:
        """Passes a complete request to a thread."""
        pool: Any = self.health_pools.get(conn.frame.path, self.tpool)
        future = pool.submit(self.handle, conn)
        future.add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def handle(self, conn: Connection) -> bool:
        """Answers a request, in a thread. Gives whether the connection can be used again."""
        conn.sock = conn.parser.unreader.sock
        try:
            return bool(super().handle(conn)) and not conn.frame.is_cut
        finally:
            conn.sock = conn.socket

    def finish_request(self, conn: Connection, done: Future[bool]) -> None:
        """Continues in the main loop after the thread has finished."""
        conn.received.close()
        conn.keep = not done.cancelled() and done.exception() is None and done.result()
        self._guard(conn, self._send)

    def _send(self, conn: Connection) -> None:
        """Sends what the client has not taken yet, then waits for its next request."""
        if not conn.flush():
            until = time.monotonic() + settings.RESPONSE_SEND_SECONDS
            return self.wait(conn, selectors.EVENT_WRITE, self._send, until)
        if conn.keep:
            return self._expect_request(conn, self.cfg.keepalive)
        return self._linger(conn)

    def _refuse(self, conn: Connection, status: int) -> None:
        """Answers a request that no thread has seen, and closes the connection."""
        reason, (code, detail) = HTTPStatus(status).phrase, _REFUSALS[status]
        body = {"type": "about:blank", "title": reason, "status": status, "detail": detail}
        content = json.dumps(body | {"code": code}).encode()
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/problem+json\r\n"
        head += f"Content-Length: {len(content)}\r\nCache-Control: no-store\r\n"
        head += "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        self.log.info("Refused a request with status %s", status)
        conn.unsent.write(head.encode() + content)
        conn.keep, conn.frame.is_complete = False, True
        self._stop_waiting(conn)
        self._guard(conn, self._send)

    def _linger(self, conn: Connection) -> None:
        """Says that no more follows, and gives the client time to read it. A socket that closes
        with unread bytes would discard the end of the answer (RFC 9112, section 9.6)."""
        conn.socket.shutdown(socket.SHUT_WR)
        conn.begun_at = 0.0
        until = time.monotonic() + LINGER_SECONDS
        self.wait(conn, selectors.EVENT_READ, self._discard, until)

    def _discard(self, conn: Connection) -> None:
        try:
            if conn.socket.recv(BLOCK_BYTES):
                return
        except (BlockingIOError, InterruptedError):
            return
        self._close(conn)

    def _close(self, conn: Connection) -> None:
        if not conn.is_released:
            self._stop_waiting(conn)
            conn.release()
            self.nr_conns -= 1
