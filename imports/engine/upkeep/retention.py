"""Deletes old batches with their row errors and files, old files of previews and audit events."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from imports import audit, models
from imports.engine import locks
from imports.models import ImportBatch, Upload
from imports.models.statuses import FINISHED

FILES_AT_A_TIME = 50
ERRORS_AT_A_TIME = 10_000  # in one transaction, which then takes a fraction of a second


class Purged(NamedTuple):
    """Numbers of rows that were deleted, or would be."""

    batches: int
    uploads: int
    audit_events: int = 0


def purge(*, days: int | None = None, dry_run: bool = False) -> Purged:
    """Deletes finished batches that are older than `days` (default: IMPORT_RETENTION_DAYS) with
    their row errors and files, files that were never imported, and old audit events.

    Uses many small transactions, so that nobody waits for it. With `dry_run` nothing is deleted."""
    age = timedelta(days=settings.IMPORT_RETENTION_DAYS if days is None else days)
    batches = ImportBatch.objects.everywhere().filter(
        status__in=FINISHED, created_at__lt=Now() - age
    )
    uploads = _unused_files()
    if dry_run:
        return Purged(batches.count(), uploads.count(), audit.purge(dry_run=True))
    return Purged(_delete_batches(batches), _delete_files(uploads), audit.purge())


def _unused_files() -> QuerySet[Upload]:
    """The files that were never imported and have expired. A reviewed one is kept for
    REVIEW_KEPT_DAYS after its last change, so that nobody loses what they have typed."""
    unused = timedelta(seconds=settings.UPLOAD_KEPT_SECONDS)
    reviewed = timedelta(days=settings.REVIEW_KEPT_DAYS)
    return Upload.objects.everywhere().filter(
        Q(review=None, created_at__lt=Now() - unused) | Q(review__changed_at__lt=Now() - reviewed),
        import_batch=None,
    )


def _delete_batches(batches: QuerySet[ImportBatch]) -> int:
    """Deletes batches, except those that are locked; gives their number. The database deletes the
    rows that refer to them."""
    found = list(batches.order_by("created_at").values_list("id", "organisation_id"))
    return sum(_delete_batch(batches, *ids) for ids in found)


def _delete_batch(batches: QuerySet[ImportBatch], batch_id: UUID, organisation_id: UUID) -> int:
    """Deletes a batch, in several transactions if it has many row errors. Gives 0 if it is locked,
    or gone."""
    while True:
        started = time.monotonic()
        deleted = _delete_part(batches, batch_id, organisation_id)
        if deleted is not None:
            return deleted
        # A pause as long as the transaction: imports get processor and disk in half of the time.
        time.sleep(time.monotonic() - started)


@transaction.atomic
def _delete_part(
    batches: QuerySet[ImportBatch], batch_id: UUID, organisation_id: UUID
) -> int | None:
    """Deletes some row errors of a batch and gives None, or deletes the batch with the last ones
    and gives 1. Gives 0 if the batch is locked, or gone."""
    locks.take_turns_to_delete()
    locks.lock_organisation(organisation_id)
    one = batches.filter(id=batch_id).select_for_update(skip_locked=True)
    if not one.values_list("id", flat=True).first():
        return 0
    errors = models.ImportError.objects.everywhere().filter(import_batch_id=batch_id)
    some = list(errors.values_list("id", flat=True)[: ERRORS_AT_A_TIME + 1])
    if len(some) > ERRORS_AT_A_TIME:
        errors.filter(id__in=some[:ERRORS_AT_A_TIME]).delete()
        return None
    return int(ImportBatch.objects.everywhere().filter(id=batch_id).delete()[0])


def _delete_files(uploads: QuerySet[Upload]) -> int:
    """Deletes files in slices, except those that are locked; gives their number."""
    deleted = 0
    while count := _delete_slice(uploads):
        deleted += count
    return deleted


@transaction.atomic
def _delete_slice(uploads: QuerySet[Upload]) -> int:
    some = uploads.select_for_update(skip_locked=True, of=("self",)).values("id")[:FILES_AT_A_TIME]
    return int(Upload.objects.everywhere().filter(id__in=some).delete()[0])
