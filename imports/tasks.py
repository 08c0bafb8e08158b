"""Celery's door. A message says which batch; everything else stands in the database."""

from __future__ import annotations

import mmap
import re
import time
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from kombu.exceptions import OperationalError

from imports import notifications
from imports.engine import failpoints, recovery, retention, runner, undo
from users import tokens

log = structlog.get_logger(__name__)

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# One byte that the worker's children share: a child does not see the signal that stops its parent.
_stopping = mmap.mmap(-1, 1)


@worker_shutting_down.connect
def _tell_children(**_: Any) -> None:
    _stopping[0] = 1


def is_stopping() -> bool:
    """Whether this worker was asked to end."""
    return bool(_stopping[0])


def time_is_up() -> Callable[[], bool]:
    """For the runner: whether to hand over now, after this slice's time or on shutdown."""
    deadline = time.monotonic() + settings.IMPORT_SLICE_SECONDS
    return lambda: is_stopping() or time.monotonic() > deadline


def enqueue(batch_id: UUID | str) -> None:
    """Rings for a worker. Raises what the broker raises; the sweep rings again in any case."""
    failpoints.reach("before_announcement")
    run_batch.delay(str(batch_id))
    failpoints.reach("after_announcement")


@shared_task(bind=True, name="imports.run", max_retries=None)
def run_batch(self: Any, batch_id: str) -> None:
    """Works on a batch for a while, then queues it behind the others.

    Where another worker was on it a moment ago the message comes back until that has ended the
    batch, or is known to be dead: the broker redelivers a dead worker's message only once."""
    if not settings.FEATURE_USER_MANAGEMENT:
        return  # the sweep announces it again once imports are switched on
    if not _ID.fullmatch(batch_id):
        log.error("csv_import_error", reason="a message that names no batch")
        return
    later = max(0.2, 1.2 * settings.IMPORT_TAKEOVER_SECONDS)
    try:
        result = runner.run(batch_id, time_is_up(), leave=is_stopping)
    except Exception as fault:
        log.error("csv_import_error", batch_id=batch_id, fault=type(fault).__name__)
        raise self.retry(countdown=later, exc=None) from None
    if result is runner.Result.AGAIN:
        enqueue(batch_id)
    elif result is runner.Result.BUSY:
        raise self.retry(countdown=later)
    else:
        enqueue_mail()


@shared_task(name="imports.sweep")
def sweep() -> int:
    """Rings again for batches and undos that nobody works on, and for e-mails; gives how many
    batches."""
    if notifications.tend():
        enqueue_mail()
    if not settings.FEATURE_USER_MANAGEMENT:
        return 0
    recovery.end_frozen_sessions()
    for batch_id in recovery.silent_undos():
        enqueue_undo(batch_id)
    return enqueue_all(recovery.sweep())


@worker_ready.connect
def _sweep_at_start(**_: Any) -> None:
    """What lay about while no worker ran is taken up at once, with or without beat."""
    sweep.delay()


def enqueue_undo(batch_id: UUID | str) -> None:
    """Rings for a worker to go on with an undo; quietly, as asking again goes on too."""
    try:
        run_undo.delay(str(batch_id))
    except OperationalError:
        log.warning("csv_undo_not_announced", batch_id=str(batch_id))


@shared_task(name="imports.engine.undo")
def run_undo(batch_id: str) -> None:
    """Goes on with an undo for a while, then queues it behind the others."""
    if not undo.run(UUID(batch_id), time_is_up()):
        enqueue_undo(batch_id)


def enqueue_mail() -> None:
    """Rings for e-mails about batches that have ended; quietly, as the sweep rings again."""
    if not notifications.is_on():
        return
    try:
        send_mail.delay()
    except OperationalError:
        log.warning("csv_import_mail_not_announced")


@shared_task(name="imports.notify", time_limit=notifications.TASK_SECONDS)
def send_mail() -> None:
    """Sends for a while, then queues itself behind the imports."""
    if notifications.send_due():
        enqueue_mail()


def enqueue_all(findings: Iterable[recovery.Finding]) -> int:
    """Rings for each batch that was set free; gives how many. Raises what the broker raises: the
    rest is then found by the very next sweep."""
    batch_ids = [finding.batch_id for finding in findings if finding.done == "enqueued"]
    for place, batch_id in enumerate(batch_ids):
        try:
            enqueue(batch_id)
        except OperationalError:
            recovery.mark_not_enqueued(batch_ids[place:])
            raise
    return len(batch_ids)


@shared_task(name="imports.purge")
def purge() -> None:
    """Deletes what is kept for no longer."""
    retention.purge()
    tokens.purge()
