"""The Celery tasks. A message names a batch; everything else is in the database."""

from __future__ import annotations

import mmap
import re
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from celery.signals import beat_init, task_failure, worker_ready, worker_shutting_down
from django.conf import settings
from django.db import DatabaseError
from kombu.exceptions import OperationalError

from imports import notifications
from imports.engine import failpoints, runner, undo
from imports.engine.upkeep import heartbeats, recovery, retention
from imports.models import Heartbeat, MetricCounter, MetricDelta
from users import retention as user_retention
from users.invitations import outbox
from users.invitations import tasks as invitation_tasks

log = structlog.get_logger(__name__)

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# One byte that a worker shares with its child processes, which do not receive its SIGTERM.
_stopping = mmap.mmap(-1, 1)


@worker_shutting_down.connect
def _note_shutdown(**_: Any) -> None:
    """Called when the worker receives SIGTERM. Its child processes then see that it shuts down."""
    _stopping[0] = 1


@task_failure.connect
def count_failure(**_: Any) -> None:
    """Counts a task that failed. Without the database only the log tells of it."""
    try:
        MetricCounter.objects.add("csv_background_task_failures_total")
    except DatabaseError as error:
        log.warning("csv_metric_not_counted", error_type=type(error).__name__)


def is_stopping() -> bool:
    """Whether this worker was told to shut down."""
    return bool(_stopping[0])


def slice_is_over() -> Callable[[], bool]:
    """Gives the function `stop` for `runner.run` and `undo.run`. It gives True once the time slice
    of this task is over or the worker was told to shut down."""
    deadline = time.monotonic() + settings.IMPORT_SLICE_SECONDS
    return lambda: is_stopping() or time.monotonic() > deadline


def enqueue(batch_id: UUID | str) -> None:
    """Enqueues a task that runs a batch. Raises the errors of the broker. The sweep then enqueues
    the batch later."""
    failpoints.reach("before_enqueue")
    run_batch.delay(str(batch_id))
    failpoints.reach("after_enqueue")


@shared_task(bind=True, name="imports.run", max_retries=None)
def run_batch(self: Any, batch_id: str) -> None:
    """Works on a batch for IMPORT_SLICE_SECONDS, then enqueues it behind the others.

    If the heartbeat of another worker is recent, the task is retried until that worker has ended
    the batch or its heartbeat is more than IMPORT_TAKEOVER_SECONDS old. That worker may be dead,
    and the broker redelivers the message of a dead worker only once."""
    if not settings.FEATURE_USER_MANAGEMENT:
        return  # the sweep enqueues it once imports are switched on
    if not _ID.fullmatch(batch_id):
        log.error("csv_import_error", reason="a message that names no batch")
        return
    later = max(0.2, 1.2 * settings.IMPORT_TAKEOVER_SECONDS)
    try:
        result = runner.run(batch_id, slice_is_over(), shutdown=is_stopping)
    except Exception as error:
        log.error("csv_import_error", batch_id=batch_id, error_type=type(error).__name__)
        count_failure()
        raise self.retry(countdown=later, exc=None) from None
    if result is runner.Result.ENQUEUE_AGAIN:
        enqueue(batch_id)
    elif result is runner.Result.BUSY:
        raise self.retry(countdown=later)
    elif result is runner.Result.DONE:
        enqueue_mail()
    invitation_tasks.enqueue()  # for the users that this slice has created


@shared_task(name="imports.sweep")
def sweep() -> int:
    """Enqueues the batches and undos that no worker works on, due e-mails and due invitations;
    gives the number of batches."""
    Heartbeat.objects.beat("sweep")
    MetricDelta.objects.fold()
    if notifications.expire_and_check():
        enqueue_mail()
    if outbox.expire_and_check():
        invitation_tasks.enqueue()
    if not settings.FEATURE_USER_MANAGEMENT:
        return 0
    recovery.end_frozen_sessions()
    for batch_id in recovery.stalled_undos():
        enqueue_undo(batch_id)
    return enqueue_all(recovery.sweep())


@worker_ready.connect
def _start_worker(**_: Any) -> None:
    """Finds at once what was left over while no worker ran, even if beat does not run."""
    heartbeats.keep("worker")
    sweep.delay()


@beat_init.connect
def _start_beat(**_: Any) -> None:
    heartbeats.keep("beat")


def enqueue_undo(batch_id: UUID | str) -> None:
    """Enqueues a task that continues an undo. Only logs an error of the broker: the sweep, or
    another request for the undo, enqueues it again."""
    try:
        run_undo.delay(str(batch_id))
    except OperationalError:
        log.warning("csv_undo_not_announced", batch_id=str(batch_id))


@shared_task(name="imports.undo")
def run_undo(batch_id: str) -> None:
    """Continues an undo for IMPORT_SLICE_SECONDS, then enqueues the rest."""
    if not undo.run(UUID(batch_id), slice_is_over()):
        enqueue_undo(batch_id)


def enqueue_mail() -> None:
    """Enqueues a task that sends the due e-mails. Only logs an error of the broker: the sweep
    enqueues it again."""
    if not notifications.is_on():
        return
    try:
        send_mail.delay()
    except OperationalError:
        log.warning("csv_import_mail_not_announced")


@shared_task(name="imports.notify", time_limit=notifications.TASK_SECONDS)
def send_mail() -> None:
    """Sends due e-mails for some seconds, then enqueues itself if there are more."""
    if notifications.send_due():
        enqueue_mail()


def enqueue_all(findings: Iterable[recovery.Finding]) -> int:
    """Enqueues the batches that a sweep has released; gives their number. Raises the errors of the
    broker; the next sweep then finds the other batches."""
    batch_ids = [finding.batch_id for finding in findings if finding.action == "enqueued"]
    for index, batch_id in enumerate(batch_ids):
        try:
            enqueue(batch_id)
        except OperationalError:
            recovery.mark_not_enqueued(batch_ids[index:])
            raise
    return len(batch_ids)


@shared_task(name="imports.purge")
def purge() -> None:
    """Deletes old imports, uploads and audit events, and what `users.retention` deletes."""
    retention.purge()
    user_retention.purge()
    Heartbeat.objects.purge(timedelta(days=1))
    Heartbeat.objects.beat("purge")
