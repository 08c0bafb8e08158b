"""What is kept for how long: batches with their errors and files, and files of previews."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import models, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from imports import audit
from imports.models import ImportBatch, Upload
from imports.models.statuses import FINISHED

BATCHES_AT_A_TIME = 50


class Purged(NamedTuple):
    """How many rows were, or would be, deleted."""

    batches: int
    uploads: int
    audit_events: int = 0


def purge(*, days: int | None = None, dry_run: bool = False) -> Purged:
    """Deletes finished batches older than `days` (IMPORT_RETENTION_DAYS) with all that hangs on
    them, staged files that no batch took up in time, and what the audit trail keeps no longer.
    Many small transactions: nobody waits."""
    age = timedelta(days=settings.IMPORT_RETENTION_DAYS if days is None else days)
    batches = ImportBatch.objects.filter(status__in=FINISHED, created_at__lt=Now() - age)
    unused = timedelta(seconds=settings.UPLOAD_KEPT_SECONDS)
    uploads = Upload.objects.filter(import_batch=None, created_at__lt=Now() - unused)
    if dry_run:
        return Purged(batches.count(), uploads.count(), audit.purge(dry_run=True))
    return Purged(_delete(batches), _delete(uploads), audit.purge())


def _delete(rows: QuerySet[Any, Any]) -> int:
    """Deletes in slices, past rows that somebody has locked; the database cascades."""
    deleted = 0
    model: type[models.Model] = rows.model
    while True:
        slice_ = rows.select_for_update(skip_locked=True).values("id")[:BATCHES_AT_A_TIME]
        with transaction.atomic():
            count = model._default_manager.filter(id__in=slice_)._raw_delete("default")
        deleted += count
        if not count:
            return deleted
