"""Deletes what users leave behind: sessions, tokens and old entries of the admin's log."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db.models.functions import Now

from users.credentials import tokens
from users.models import LoginAttempts


def purge() -> None:
    """Deletes expired sessions, refresh tokens and counters of login attempts, and entries of the
    admin's log that are older than AUDIT_RETENTION_DAYS."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    tokens.purge()
    LoginAttempts.objects.purge()
    age = timedelta(days=settings.AUDIT_RETENTION_DAYS)
    LogEntry.objects.filter(action_time__lt=Now() - age).delete()
