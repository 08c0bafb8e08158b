"""Deletes what users leave behind: sessions, tokens, invitations, entries of the admin's log."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from users.credentials import tokens
from users.models import Invitation, LoginAttempts

ROWS_AT_A_TIME = 5000  # in one transaction


def purge() -> None:
    """Deletes expired sessions, refresh tokens and counters of login attempts, ended invitations,
    and entries of the admin's log that are older than AUDIT_RETENTION_DAYS."""
    sessions = import_module(settings.SESSION_ENGINE).SessionStore.get_model_class()
    _delete_in_parts(sessions.objects.filter(expire_date__lt=Now()))
    tokens.purge()
    LoginAttempts.objects.purge()
    age = timedelta(days=settings.AUDIT_RETENTION_DAYS)
    _delete_in_parts(LogEntry.objects.filter(action_time__lt=Now() - age))
    _delete_in_parts(ended_invitations())


def ended_invitations() -> QuerySet[Any]:
    """Invitations that nobody needs any more. Those whose user is gone are kept as long as imports,
    all others as long as the audit trail. What is still to be sent is never among them."""
    of_import = timedelta(days=settings.IMPORT_RETENTION_DAYS)
    of_audit = timedelta(days=settings.AUDIT_RETENTION_DAYS)
    to_be_sent = (Invitation.Status.PENDING, Invitation.Status.SENDING)
    is_old = Q(user=None, updated_at__lt=Now() - of_import) | Q(updated_at__lt=Now() - of_audit)
    return Invitation.objects.everywhere().filter(is_old).exclude(status__in=to_be_sent)


def _delete_in_parts(rows: QuerySet[Any]) -> None:
    """Deletes rows in transactions of a limited length."""
    while rows.filter(pk__in=list(rows.values_list("pk", flat=True)[:ROWS_AT_A_TIME])).delete()[0]:
        pass
