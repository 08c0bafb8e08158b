"""Deletes old batches with their row errors and files, old files of previews and audit events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from imports import audit
from imports.models import ImportBatch, Upload
from imports.models.statuses import FINISHED

BATCHES_AT_A_TIME = 50


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
    unused = timedelta(seconds=settings.UPLOAD_KEPT_SECONDS)
    uploads = Upload.objects.everywhere().filter(import_batch=None, created_at__lt=Now() - unused)
    if dry_run:
        return Purged(batches.count(), uploads.count(), audit.purge(dry_run=True))
    return Purged(_delete(batches), _delete(uploads), audit.purge())


def _delete(rows: QuerySet[Any, Any]) -> int:
    """Deletes rows in slices, except those that are locked; gives their number. The database
    deletes the rows that refer to them."""
    deleted = 0
    while count := _delete_slice(rows):
        deleted += count
    return deleted


@transaction.atomic
def _delete_slice(rows: QuerySet[Any, Any]) -> int:
    some = rows.select_for_update(skip_locked=True).values("id")[:BATCHES_AT_A_TIME]
    return int(rows.model._default_manager.filter(id__in=some).delete()[0])
