"""Batches that went silent: death is silence, and every committed chunk is a sign of life."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest, Now

from imports import audit
from imports.engine import completion, runner
from imports.models import EventType, ImportBatch
from imports.models.statuses import Status

# How long a message may be on its way before the batch is announced again. For a pending batch
# the time doubles, so that a long queue is not filled with repetitions.
LOST_PENDING = timedelta(seconds=30)
LOST_HANDED_OVER = timedelta(seconds=60)
LOST_UNDO = timedelta(seconds=60)
SILENT_REASON = "Stopped: no worker got any further with this import for {minutes} minutes."


class Finding(NamedTuple):
    """A batch that nobody works on, and what was done about it."""

    batch_id: UUID
    was: str  # pending, handed over, silent
    done: str  # announced, failed


def sweep(
    *, stuck_seconds: int | None = None, fail: bool = False, dry_run: bool = False
) -> list[Finding]:
    """Finds batches that nobody works on and sets them free for the next worker, or, after 3
    attempts without progress (or with `fail`), marks them failed with the reason.

    stuck_seconds: without a heartbeat for this long a batch is silent. The caller announces those
    that are to be. A batch whose row is locked has a living worker, however slow: left alone."""
    stuck = timedelta(seconds=stuck_seconds or settings.IMPORT_STUCK_SECONDS)
    found = []
    for batch_id, was in _nobody_works_on(stuck):
        done = "failed" if fail and was == "silent" else "enqueued"
        if not dry_run:
            done = _take_care(batch_id, stuck, fail=fail)
        if done:
            found.append(Finding(batch_id, was, done))
    return found


def _nobody_works_on(stuck: timedelta) -> list[tuple[UUID, str]]:
    return [(batch.id, _kind(batch)) for batch in _silent(stuck).order_by("created_at")[:1000]]


def _silent(stuck: timedelta) -> QuerySet[ImportBatch]:
    handed_over = Q(heartbeat_at=None, last_enqueued__lt=Now() - LOST_HANDED_OVER)
    quiet = Q(heartbeat_at__lt=Now() - stuck)
    return (
        ImportBatch.objects.annotate(last_enqueued=Coalesce("enqueued_at", "created_at"))
        .annotate(waited=Greatest(F("last_enqueued") - F("created_at"), LOST_PENDING))
        .filter(
            Q(status=Status.PENDING, last_enqueued__lt=Now() - F("waited"))
            | (Q(status=Status.PROCESSING) & (handed_over | quiet))
        )
    )


def _kind(batch: ImportBatch) -> str:
    if batch.status == Status.PENDING:
        return "pending"
    return "silent" if batch.heartbeat_at else "handed over"


@transaction.atomic
def _take_care(batch_id: UUID, stuck: timedelta, *, fail: bool) -> str:
    batch = _silent(stuck).select_for_update(skip_locked=True).filter(id=batch_id).first()
    if batch is None:
        return ""
    hopeless = batch.attempts_without_progress >= runner.MAX_ATTEMPTS_WITHOUT_PROGRESS
    if _kind(batch) == "silent" and fail:  # an operator's decision, not the sweep's
        minutes = int(stuck.total_seconds() // 60)
        completion.fail(batch, SILENT_REASON.format(minutes=minutes))
        audit.record(
            EventType.MARKED_FAILED, organisation_id=batch.organisation_id, batch_id=batch.id
        )
        return "failed"
    if _kind(batch) == "silent" and hopeless:
        runner.fail_exhausted(batch, completion.POISON)
        return "failed"
    ImportBatch.objects.filter(id=batch_id).update(heartbeat_at=None, enqueued_at=Now())
    return "enqueued"


def mark_not_enqueued(batch_ids: list[UUID]) -> None:
    """Takes back that these were announced, for the next sweep: the broker was away."""
    ImportBatch.objects.filter(id__in=batch_ids).update(enqueued_at=None)


def silent_undos() -> list[UUID]:
    """Batches whose undo was asked for and got no further for a minute. Each is noted as touched,
    so that a long queue is not filled with repetitions."""
    asked = ImportBatch.objects.filter(undo_requested_at__isnull=False, undone_at=None)
    silent = asked.filter(updated_at__lt=Now() - LOST_UNDO)  # every step of an undo is an UPDATE
    with transaction.atomic():
        found = list(silent.select_for_update(skip_locked=True).values_list("id", flat=True)[:1000])
        ImportBatch.objects.filter(id__in=found).update(undo_requested_at=F("undo_requested_at"))
    return found


# PostgreSQL's own time limits do not hold while it waits for the rest of a COPY: a process that
# was frozen there, or cut off, would keep its row locks for ever.
_END_FROZEN = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
      AND state = 'active' AND query LIKE 'COPY %%' AND wait_event = 'ClientRead'
      AND state_change < now() - make_interval(secs => %s)
"""


def end_frozen_sessions() -> int:
    """Ends sessions of ours that wait in the middle of a COPY for a process that sends nothing;
    gives how many. What they were writing is rolled back, and their row locks are free."""
    with connection.cursor() as cursor:
        cursor.execute(_END_FROZEN, [settings.DATABASE_IDLE_SECONDS])
        return len(cursor.fetchall())
