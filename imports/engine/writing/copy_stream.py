"""COPY that sends rows in the background. The only module that uses private parts of psycopg."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from django.db import connection
from psycopg import generators
from psycopg.copy import LibpqWriter

# A writer waits for the socket where more than this is unsent. No chunk of a file is as large.
UNSENT_BYTES = 64 * 1024 * 1024


def check() -> None:
    """Raises RuntimeError if this version of psycopg lacks a private part that is needed."""
    needed = {
        "psycopg.generators.copy_end": hasattr(generators, "copy_end"),
        "psycopg.Cursor._results": hasattr(psycopg.Cursor, "_results"),
    }
    if missing := [name for name, is_there in needed.items() if not is_there]:
        raise RuntimeError(
            f"psycopg {psycopg.__version__} has no {' and no '.join(missing)}. Look at"
            " imports/engine/writing/copy_stream.py, and install the version that requirements.txt"
            " names."
        )


class BufferedCopyWriter(LibpqWriter):
    """Takes rows without waiting until they are sent, so that the caller can do other work while
    the server inserts them.

    After `send_end` the server works through all rows and triggers on its own. LibpqWriter sends
    the end only when it waits for the result, and the server idles until then."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        super().__init__(cursor, flush_threshold=UNSENT_BYTES)
        self._ending: Generator[Any, Any, Any] | None = None

    def send_end(self) -> None:
        """Tells the server that no more rows follow, and sends as much as the socket takes. Call
        it again every few milliseconds: the socket holds less than a chunk."""
        if self._ending is None:
            self._ending = generators.copy_end(self.connection.pgconn, None)
            next(self._ending)
        else:
            self.connection.pgconn.flush()

    def finish(self, exc: BaseException | None = None) -> None:
        """Waits for the result. Where `exc` was raised after `send_end`, the caller's savepoint
        rolls back the rows."""
        if self._ending is None:
            super().finish(exc)
        else:
            self.cursor._results = [self.connection.wait(self._ending)]


@contextmanager
def copy(statement: str) -> Iterator[psycopg.Copy]:
    """Runs a `COPY … FROM STDIN`; gives a Copy whose `writer` is a `BufferedCopyWriter`."""
    with connection.cursor() as cursor:
        plain = cast(Any, cursor).cursor
        with plain.copy(statement, writer=BufferedCopyWriter(plain)) as stream:
            yield stream
