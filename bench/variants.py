"""Variants of the engine with one part changed each, to measure what that part gains."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from unittest import mock
from uuid import uuid4

from django.db import connection
from django.test import override_settings

from imports.engine.writing import copy_stream, copy_writer, insert_table


@contextmanager
def _enforced_foreign_key() -> Iterator[None]:
    """PostgreSQL checks the foreign key to the batch once a row (needs PostgreSQL 18)."""
    statement = "ALTER TABLE users ALTER CONSTRAINT users_import_batch_fk"
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} ENFORCED")
        try:
            yield
        finally:
            cursor.execute(f"{statement} NOT ENFORCED")


@contextmanager
def _default_garbage_collection() -> Iterator[None]:
    """Garbage is collected with Python's default thresholds."""
    thresholds = gc.get_threshold()
    gc.unfreeze()
    gc.set_threshold(700, 10, 10)
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*thresholds)


def _no_overlap() -> AbstractContextManager[object]:
    """A COPY is sent and ended only after the next chunk has been read."""
    return mock.patch.object(copy_stream.BufferedCopyWriter, "send_end", return_value=None)


def _random_ids() -> AbstractContextManager[object]:
    """Ids are UUIDs of version 4, as gen_random_uuid() creates them."""
    return mock.patch.object(
        copy_writer, "_ids", lambda count: [str(uuid4()) for _ in range(count)]
    )


def _verbose_log() -> AbstractContextManager[object]:
    """PostgreSQL's log is not terse, so that rows go through a temporary table."""
    return mock.patch.object(insert_table, "TERSE", "never")


def _chunks_of(rows: int) -> Callable[[], AbstractContextManager[object]]:
    return lambda: override_settings(IMPORT_CHUNK_SIZE=rows)


# what is changed, as the table says it -> a context manager that changes it
ALL: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "PostgreSQL's own foreign key check of `import_batch_id`, once a row": _enforced_foreign_key,
    "COPY sent and ended only after the next chunk has been read": _no_overlap,
    "Python's default garbage collection": _default_garbage_collection,
    "random ids": _random_ids,
    "rows through a temporary table, where PostgreSQL's log is not terse": _verbose_log,
    "chunks of 1,000 rows": _chunks_of(1_000),
    "chunks of 20,000 rows": _chunks_of(20_000),
}
