"""Requeues or fails batches whose heartbeat stopped.

A worker renews the heartbeat of its batch with every chunk that it commits.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest, Now

from imports import audit
from imports.engine import completion, locks, runner
from imports.models import EventType, ImportBatch, ImportHalt, MetricDelta
from imports.models.statuses import Status

# How long a task may wait in the queue before another one is enqueued for the same batch. For a
# pending batch the time doubles with each task, so that they do not fill a long queue.
ENQUEUE_PENDING_AFTER = timedelta(seconds=30)
ENQUEUE_RELEASED_AFTER = timedelta(seconds=60)
ENQUEUE_UNDO_AFTER = timedelta(seconds=60)
STALLED_REASON = "Stopped: no worker got any further with this import for {minutes} minutes."


class Finding(NamedTuple):
    """A batch that no worker works on, and what `sweep` does with it.

    A batch is `pending` if no worker has claimed it yet, `released` if its last worker gave it back
    for the next one, and `stalled` if it has a worker whose heartbeat stopped."""

    batch_id: UUID
    state: str  # pending, released, stalled
    action: str  # enqueued, failed


def sweep(
    *,
    stuck_seconds: int | None = None,
    fail: bool = False,
    dry_run: bool = False,
    at_once: bool = False,
) -> list[Finding]:
    """Releases the batches that no worker works on; gives them. The caller enqueues those whose
    action is `enqueued`.

    A stalled batch is failed instead after 3 attempts without progress, or if `fail` is set. A
    batch is stalled if its last heartbeat is more than `stuck_seconds` old (default:
    IMPORT_STUCK_SECONDS). A batch whose row is locked has a live worker and is left alone. With
    `dry_run` nothing is changed, and the action is what would be done. With `at_once` batches that
    were released or never claimed are found also if they were enqueued a moment ago.

    Finds nothing while imports are halted: they wait on purpose."""
    if ImportHalt.objects.current():
        return []
    stuck_after = timedelta(seconds=stuck_seconds or settings.IMPORT_STUCK_SECONDS)
    found = []
    stuck = _stuck_batches(stuck_after, at_once=at_once)
    for batch in stuck.order_by("created_at")[:1000]:
        if dry_run:
            action = "failed" if _must_fail(batch, fail=fail) else "enqueued"
        else:
            action = _release_or_fail(batch, stuck_after, fail=fail, at_once=at_once)
        if action:
            found.append(Finding(batch.id, _state(batch), action))
    return found


def _stuck_batches(stuck_after: timedelta, *, at_once: bool = False) -> QuerySet[ImportBatch]:
    released = Q(heartbeat_at=None, last_enqueued__lt=Now() - ENQUEUE_RELEASED_AFTER)
    pending = Q(last_enqueued__lt=Now() - F("waited"))
    if at_once:
        released, pending = Q(heartbeat_at=None), Q()
    stalled = Q(heartbeat_at__lt=Now() - stuck_after)
    return (
        ImportBatch.objects.everywhere()
        .annotate(last_enqueued=Coalesce("enqueued_at", "created_at"))
        .annotate(waited=Greatest(F("last_enqueued") - F("created_at"), ENQUEUE_PENDING_AFTER))
        .filter(
            (Q(status=Status.PENDING) & pending)
            | (Q(status=Status.PROCESSING) & (released | stalled))
        )
    )


def _state(batch: ImportBatch) -> str:
    if batch.status == Status.PENDING:
        return "pending"
    return "stalled" if batch.heartbeat_at else "released"


def _must_fail(batch: ImportBatch, *, fail: bool) -> bool:
    is_last_attempt = batch.attempts_without_progress >= runner.MAX_ATTEMPTS_WITHOUT_PROGRESS
    return _state(batch) == "stalled" and (fail or is_last_attempt)


@transaction.atomic
def _release_or_fail(
    found: ImportBatch, stuck_after: timedelta, *, fail: bool, at_once: bool
) -> str:
    """Gives the action; "" if a worker has the batch by now."""
    locks.lock_organisation(found.organisation_id)
    stuck = _stuck_batches(stuck_after, at_once=at_once).select_for_update(skip_locked=True)
    batch = stuck.filter(id=found.id).first()
    if batch is None:
        return ""
    if _state(batch) == "stalled":  # its worker died, or hangs
        MetricDelta.objects.add("csv_background_task_failures_total")
    if not _must_fail(batch, fail=fail):
        ImportBatch.objects.everywhere().filter(id=batch.id).update(
            heartbeat_at=None, enqueued_at=Now()
        )
        return "enqueued"
    if fail:  # an operator asked for it
        minutes = int(stuck_after.total_seconds() // 60)
        completion.fail(batch, STALLED_REASON.format(minutes=minutes), "stalled")
        audit.record(
            EventType.MARKED_FAILED, organisation_id=batch.organisation_id, batch_id=batch.id
        )
    else:
        runner.fail_exhausted(batch, completion.CRASHED_REPEATEDLY)
    return "failed"


def mark_not_enqueued(batch_ids: list[UUID]) -> None:
    """Records that these batches were not enqueued, so that the next sweep finds them again."""
    ImportBatch.objects.everywhere().filter(id__in=batch_ids).update(enqueued_at=None)


def stalled_undos() -> list[UUID]:
    """Gives the batches whose undo was requested and has made no progress for a minute.

    Sets their `updated_at`, so that each is given once a minute at most and its tasks do not fill a
    long queue."""
    requested = ImportBatch.objects.everywhere().filter(
        undo_requested_at__isnull=False, undone_at=None
    )
    # every step of an undo updates the batch, and a trigger sets updated_at
    stalled = requested.filter(updated_at__lt=Now() - ENQUEUE_UNDO_AFTER)
    with transaction.atomic():
        free = stalled.select_for_update(skip_locked=True)
        found = list(free.values_list("id", flat=True)[:1000])
        ImportBatch.objects.everywhere().filter(id__in=found).update(
            undo_requested_at=F("undo_requested_at")
        )
    return found


# PostgreSQL's own time limits do not apply while it waits for the rest of a COPY. A process that
# was frozen or cut off there would keep its row locks for ever.
_END_FROZEN = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
      AND state = 'active' AND query LIKE 'COPY %%' AND wait_event = 'ClientRead'
      AND state_change < now() - make_interval(secs => %s)
"""


def end_frozen_sessions() -> int:
    """Ends our database sessions that wait in the middle of a COPY for a process that sends
    nothing; gives their number. Their transactions are rolled back and their locks released."""
    with connection.cursor() as cursor:
        cursor.execute(_END_FROZEN, [settings.DATABASE_IDLE_SECONDS])
        return len(cursor.fetchall())
