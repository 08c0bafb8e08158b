"""Deletes audit events that are older than AUDIT_RETENTION_DAYS."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from imports.models import AuditEvent

EVENTS_AT_A_TIME = 5000


def purge(*, dry_run: bool = False) -> int:
    """Deletes old events in small transactions; gives the number that it deleted, or with `dry_run`
    would delete. The database allows deletions only in a transaction that names the number of days
    (migration 0004)."""
    if dry_run:
        return _old().count()
    deleted = 0
    while count := _purge_some():
        deleted += count
    return deleted


def _old() -> QuerySet[AuditEvent]:
    age = timedelta(days=settings.AUDIT_RETENTION_DAYS)
    return AuditEvent.objects.everywhere().filter(created_at__lt=Now() - age).order_by("created_at")


@transaction.atomic
def _purge_some() -> int:
    with connection.cursor() as cursor:
        days = str(settings.AUDIT_RETENTION_DAYS)
        cursor.execute("SELECT set_config('marketedge.audit_kept_days', %s, true)", [days])
    some = _old().values("id")[:EVENTS_AT_A_TIME]
    return AuditEvent.objects.everywhere().filter(id__in=some).delete()[0]
