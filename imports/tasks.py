"""Celery's door. A message says which batch; everything else stands in the database."""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from celery.signals import worker_shutting_down
from django.conf import settings
from kombu.exceptions import OperationalError

from imports import retention, runner, undo, watch

log = structlog.get_logger(__name__)

# One byte that the worker's children share: a child does not see the signal that stops its parent.
_stopping = mmap.mmap(-1, 1)


@worker_shutting_down.connect
def _tell_children(**_: Any) -> None:
    _stopping[0] = 1


def time_is_up() -> Callable[[], bool]:
    """For the runner: whether to hand over now, after this slice's time or on shutdown."""
    deadline = time.monotonic() + settings.IMPORT_SLICE_SECONDS
    return lambda: bool(_stopping[0]) or time.monotonic() > deadline


def announce(batch_id: UUID | str) -> None:
    """Rings for a worker. Raises what the broker raises; the sweep rings again in any case."""
    run_batch.delay(str(batch_id))


@shared_task(bind=True, name="imports.run", max_retries=None)
def run_batch(self: Any, batch_id: str) -> None:
    """Works on a batch for a while, then queues it behind the others."""
    later = settings.IMPORT_TAKEOVER_SECONDS + 1
    try:
        result = runner.run(batch_id, time_is_up())
    except Exception as fault:
        log.error("csv_import_error", batch_id=batch_id, fault=type(fault).__name__)
        raise self.retry(countdown=later, exc=None) from None
    if result is runner.Result.AGAIN:
        announce(batch_id)
    elif result is runner.Result.BUSY and self.request.retries < 3:
        raise self.retry(countdown=later)


@shared_task(name="imports.sweep")
def sweep() -> int:
    """Rings again for batches that nobody works on; gives how many."""
    return announce_all(watch.sweep())


def announce_undo(batch_id: UUID | str) -> None:
    """Rings for a worker to go on with an undo; quietly, as asking again goes on too."""
    try:
        run_undo.delay(str(batch_id))
    except OperationalError:
        log.warning("csv_undo_not_announced", batch_id=str(batch_id))


@shared_task(name="imports.undo")
def run_undo(batch_id: str) -> None:
    """Goes on with an undo for a while, then queues it behind the others."""
    if not undo.run(UUID(batch_id), time_is_up()):
        announce_undo(batch_id)


def announce_all(batch_ids: Iterable[UUID]) -> int:
    """Rings for each; stops quietly where the broker is away, as the next sweep tries again."""
    count = 0
    for batch_id in batch_ids:
        announce(batch_id)
        count += 1
    return count


@shared_task(name="imports.purge")
def purge() -> None:
    """Deletes what is kept for no longer."""
    retention.purge()
