"""What single parts of the engine are worth: an import with one of them changed, in turns with an
import as it is."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from unittest import mock
from uuid import uuid4

from django.db import connection
from django.test import override_settings

from imports.engine import copy_writer


@contextmanager
def _own_key() -> Iterator[None]:
    """PostgreSQL checks the key to the batch itself, once a row (18 and newer can be told to)."""
    order = "ALTER TABLE users ALTER CONSTRAINT users_import_batch_fk"
    with connection.cursor() as cursor:
        cursor.execute(f"{order} ENFORCED")
        try:
            yield
        finally:
            cursor.execute(f"{order} NOT ENFORCED")


@contextmanager
def _usual_garbage() -> Iterator[None]:
    """Python's own settings."""
    ours = gc.get_threshold()
    gc.unfreeze()
    gc.set_threshold(700, 10, 10)
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*ours)


def _told_late() -> AbstractContextManager[object]:
    """The server is told the end of a COPY only once the next chunk is read."""
    return mock.patch.object(copy_writer.BufferedCopyWriter, "send", return_value=None)


def _random_ids() -> AbstractContextManager[object]:
    """Version 4, as gen_random_uuid() makes them."""
    return mock.patch.object(
        copy_writer, "_ids", lambda count: [str(uuid4()) for _ in range(count)]
    )


def _chunks_of(rows: int) -> Callable[[], AbstractContextManager[object]]:
    return lambda: override_settings(IMPORT_CHUNK_SIZE=rows)


# what is other than it is -> how to make it so
ALL: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "PostgreSQL's own check of `import_batch_id`, a row at a time": _own_key,
    "COPY sent on, and told its end, only when the next chunk has been read": _told_late,
    "Python's usual garbage collection": _usual_garbage,
    "ids that are random": _random_ids,
    "chunks of 1,000 rows": _chunks_of(1_000),
    "chunks of 20,000 rows": _chunks_of(20_000),
}
