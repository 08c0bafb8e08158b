"""An export while it runs: the body of its answer, and how many may run at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import BoundedSemaphore

import structlog
from django.db import DatabaseError

from core.errors import TryAgainLater
from imports.admin.export.pages import Rows

log = structlog.get_logger(__name__)

# An export holds one of the four threads of a web process (gunicorn.conf.py) until its client has
# taken all of it. The others are left for everybody else.
MAX_AT_ONCE = 2
_places = BoundedSemaphore(MAX_AT_ONCE)


class ExportsAreRunning(TryAgainLater):
    """Other exports are running. Wait until one of them has ended, and try again."""

    code = "exports_are_running"


class Running:
    """The body of an answer, part by part. `rows` is how many rows were given so far.

    Whoever makes it has a place among the exports of this process until `close`."""

    def __init__(self, on_stop: Callable[[int], None]) -> None:
        """on_stop: called with the number of rows where it ends before its end: a client has left,
        or a query has failed. Raises ExportsAreRunning."""
        self._has_place = _places.acquire(blocking=False)
        if not self._has_place:
            raise ExportsAreRunning(retry_after_seconds=60)
        self._on_stop = on_stop
        self._parts: Iterator[bytes] = iter(())
        self._has_begun = self._has_ended = False
        self.rows = 0

    def counted(self, pages: Iterable[Rows]) -> Iterator[Rows]:
        """The pages, whose rows are counted."""
        for page in pages:
            yield page
            self.rows += len(page)

    def send(self, parts: Iterator[bytes]) -> None:
        """Sets what the body is made of."""
        self._parts, self._has_begun = parts, True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._parts)
        except StopIteration:
            self._has_ended = True
            raise

    def close(self) -> None:
        """Called by the web server at the end, also where the client has left."""
        if not self._has_place:
            return
        self._release()
        if hasattr(self._parts, "close"):
            self._parts.close()
        if self._has_begun and not self._has_ended:
            log.info("export_stopped", rows=self.rows)
            try:
                self._on_stop(self.rows)
            except DatabaseError as error:  # which may be why it ended
                log.warning("export_stop_not_recorded", fault=type(error).__name__)

    def __del__(self) -> None:
        self._release()  # an answer that no server has closed

    def _release(self) -> None:
        if self._has_place:
            self._has_place = False
            _places.release()
