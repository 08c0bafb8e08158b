"""Asks a server something without waiting for it for ever.

There are time limits for connecting, for a statement and for a lost connection. None of them ends
the wait for a server that has accepted a question and then hangs. A probe therefore asks in a
thread of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import psycopg
import redis
from django.conf import settings
from django.db import connection
from redis.backoff import NoBackoff
from redis.retry import Retry

T = TypeVar("T")
PATIENCE_SECONDS = 2.0
RECENT_SECONDS = 30.0
# The parameters of Django's connections that say where the server is and who asks.
_WHERE = {"conninfo", "dbname", "host", "port", "user", "password", "service", "passfile"}


class Probe(Generic[T]):
    """A question that has one thread in each process: while one is under way, no other one
    starts, and all who ask wait for the same answer. So a server that hangs costs one thread."""

    def __init__(self, question: Callable[[], T]) -> None:
        self._question = question
        self._lock = threading.Lock()
        self._asked: Future[T] | None = None
        self._asked_at = 0.0
        self._answer: tuple[float, T] | None = None  # the last one, and when it came

    def ask(self) -> Future[T]:
        """The answer, or error, once it is there. `result(seconds)` waits for it, and raises
        TimeoutError if it takes longer."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked, self._asked_at = Future(), time.monotonic()
                thread = threading.Thread(target=self._run, args=[self._asked], daemon=True)
                thread.start()
            return self._asked

    def answer_by(self, deadline: float, otherwise: T) -> T:
        """The answer by a deadline of `time.monotonic`, for a question that raises no error.

        If it is late, a server that has answered a moment ago may only be busy: the last answer is
        given. If it is later than PATIENCE_SECONDS, or there is no recent answer, gives
        `otherwise`."""
        asked = self.ask()
        try:
            return asked.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            now, last = time.monotonic(), self._answer
            is_late = now - self._asked_at > PATIENCE_SECONDS
            return last[1] if last and now - last[0] < RECENT_SECONDS and not is_late else otherwise

    def _run(self, future: Future[T]) -> None:
        try:
            answer = self._question()
            self._answer = time.monotonic(), answer
            future.set_result(answer)
        except BaseException as error:
            future.set_exception(error)


@contextmanager
def new_connection(seconds: int) -> Iterator[psycopg.Connection[Any]]:
    """A new connection to the database of the service, with this limit for connecting. A server
    that hangs accepts none. It is in autocommit mode. Raises `psycopg.Error`."""
    parameters = connection.get_connection_params()
    known = {k: v for k, v in parameters.items() if k in _WHERE or k.startswith("ssl")}
    with psycopg.connect(**known, connect_timeout=seconds, autocommit=True) as fresh:
        yield fresh


def rows_of(
    fresh: psycopg.Connection[Any], query: Any, parameters: Any = None, *, seconds: int
) -> list[tuple[Any, ...]]:
    """The rows of a query, in a transaction with this limit for each statement. The limit ends with
    the transaction, so that PgBouncer gives it to nobody else. Raises `psycopg.Error`."""
    with fresh.transaction():
        fresh.execute(f"SET LOCAL statement_timeout = '{int(seconds)}s'".encode())
        return fresh.execute(query, parameters).fetchall()


def new_redis(seconds: float) -> redis.Redis:
    """A client of the service's Redis with this limit for connecting and for each answer. It tries
    once: the retries of the usual client would take seconds. Its calls raise `redis.RedisError`."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
    )
