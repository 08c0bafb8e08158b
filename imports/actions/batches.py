"""Cancels and undoes imports, and gives their failing rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from core.text import utc
from imports import audit, reports, tasks
from imports.actions.permissions import organisation_for, refuse_others
from imports.engine import locks
from imports.engine import undo as undoing
from imports.errors import (
    MoveNotAllowed,
    UndoNotPossible,
)
from imports.models import EventType, ImportBatch
from imports.models.statuses import MailState, Status
from users.models import User

UNDO_SECONDS = 5.0  # the time of a request; a worker does the rest in the background


def cancel(batch: ImportBatch, *, user: User | None) -> ImportBatch:
    """Cancels a batch. A worker may still finish the chunk that it is writing. Rows that are
    committed stay. A second call changes nothing.

    Raises `MoveNotAllowed` if the batch has ended, and the errors of `organisation_for`."""
    organisation_for(user, batch.organisation_id)
    is_own = user is not None and user.id == batch.uploaded_by_id  # needs no e-mail about it
    mail = {"mail_state": MailState.NONE} if is_own else {}
    try:
        with transaction.atomic():
            locks.lock_organisation(batch.organisation_id)
            ImportBatch.objects.move(batch.id, Status.CANCELLED, **mail)
            _record(EventType.CANCELLED, batch, user)
            transaction.on_commit(tasks.enqueue_mail, robust=True)
    except MoveNotAllowed:
        batch = ImportBatch.objects.of(batch.organisation_id).get(id=batch.id)
        if batch.status != Status.CANCELLED:
            raise MoveNotAllowed(
                f"This import has {batch.status} already: there is nothing left to cancel.",
                batch_id=str(batch.id),
            ) from None
    return ImportBatch.objects.of(batch.organisation_id).get(id=batch.id)


def undo(batch: ImportBatch, *, user: User | None) -> undoing.UndoResult:
    """Undoes a finished import: deletes the users that it created and nobody has changed or used
    since. Works for UNDO_SECONDS; a worker does the rest. Another call tells how far it is.

    Raises `UndoNotPossible` while the batch runs and after IMPORT_RETENTION_DAYS, and what
    `organisation_for` raises."""
    organisation_for(user, batch.organisation_id)
    until = undoing.possible_until(batch)
    if until is None:
        raise UndoNotPossible("This import is still running. Cancel it first, then undo it.")
    if not batch.undo_requested_at:
        _request_undo(batch, user, until)
    if not batch.undone_at and not undoing.run(batch.id, _for_seconds(UNDO_SECONDS)):
        tasks.enqueue_undo(batch.id)
    return undoing.result(ImportBatch.objects.of(batch.organisation_id).get(id=batch.id))


@transaction.atomic
def _request_undo(batch: ImportBatch, user: User | None, until: datetime) -> None:
    locks.lock_organisation(batch.organisation_id)
    retention = timedelta(days=settings.IMPORT_RETENTION_DAYS)
    undoable = ImportBatch.objects.of(batch.organisation_id).filter(
        id=batch.id, completed_at__gt=Now() - retention
    )
    if not undoable.update(undo_requested_at=Now()):
        raise UndoNotPossible(f"This import could be undone until {utc(until)}.")
    _record(EventType.UNDONE, batch, user)


def error_report(batch: ImportBatch, *, user: User | None) -> Iterator[str]:
    """Gives the failed rows of a batch as a CSV file (`reports.error_report`), and records the
    download.

    Raises what `refuse_others` raises."""
    refuse_others(user, batch.organisation_id)
    _record(EventType.ERRORS_DOWNLOADED, batch, user)
    return reports.error_report(batch)


def _record(event_type: EventType, batch: ImportBatch, user: User | None) -> None:
    audit.record(event_type, user=user, organisation_id=batch.organisation_id, batch_id=batch.id)


def _for_seconds(seconds: float) -> Callable[[], bool]:
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() > deadline
