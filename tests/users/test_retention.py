"""Sessions, tokens and entries of the admin's log are deleted when they are old."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from imports import tasks
from users import retention
from users.models import Invitation, Organisation, User


@pytest.mark.parametrize(("age_seconds", "is_kept"), [(1, False), (-60, True)])
def test_expired_sessions_are_deleted(db: None, age_seconds: int, is_kept: bool) -> None:
    expires = timezone.now() - timedelta(seconds=age_seconds)
    Session.objects.create(session_key="a" * 32, session_data="", expire_date=expires)
    tasks.purge()
    assert Session.objects.exists() == is_kept


@pytest.mark.parametrize(("extra_days", "is_kept"), [(1, False), (-1, True)])
def test_old_entries_of_the_admin_log_are_deleted(
    root: User, extra_days: int, is_kept: bool
) -> None:
    entry = LogEntry.objects.create(
        user=root,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(root.id),
        object_repr="",
        action_flag=CHANGE,
    )
    age = timedelta(days=settings.AUDIT_RETENTION_DAYS + extra_days)
    LogEntry.objects.filter(id=entry.id).update(action_time=timezone.now() - age)
    tasks.purge()
    assert LogEntry.objects.exists() == is_kept


@pytest.mark.parametrize(
    ("status", "user_is_gone", "days", "is_kept"),
    [
        ("revoked", True, settings.IMPORT_RETENTION_DAYS + 1, False),
        ("revoked", True, settings.IMPORT_RETENTION_DAYS - 1, True),
        ("accepted", False, settings.AUDIT_RETENTION_DAYS + 1, False),
        ("accepted", False, settings.AUDIT_RETENTION_DAYS - 1, True),
        ("sent", False, settings.AUDIT_RETENTION_DAYS + 1, False),
        ("pending", False, settings.AUDIT_RETENTION_DAYS + 1, True),
        ("sending", False, settings.AUDIT_RETENTION_DAYS + 1, True),
    ],
)
def test_invitations_that_have_ended_are_deleted(
    viewer: User, acme: Organisation, status: str, user_is_gone: bool, days: int, is_kept: bool
) -> None:
    Invitation.objects.create(
        user=None if user_is_gone else viewer,
        organisation=acme,
        status=status,
        updated_at=timezone.now() - timedelta(days=days),
    )
    tasks.purge()
    assert Invitation.objects.everywhere().exists() == is_kept


@pytest.mark.parametrize("name", list(settings.CELERY_BEAT_SCHEDULE))
def test_messages_of_beat_expire_before_the_next_one(name: str) -> None:
    entry = settings.CELERY_BEAT_SCHEDULE[name]
    schedule = entry["schedule"]
    seconds = schedule.total_seconds() if isinstance(schedule, timedelta) else schedule
    assert 0 < entry["options"]["expires"] <= seconds


def test_many_sessions_are_deleted_in_several_transactions(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_A_TIME", 2)
    expired = timezone.now() - timedelta(seconds=1)
    keys = [letter * 32 for letter in "abcde"]
    Session.objects.bulk_create(
        Session(session_key=key, session_data="", expire_date=expired) for key in keys
    )
    with CaptureQueriesContext(connection) as queries:
        retention.purge()
    assert sum('DELETE FROM "django_session"' in one["sql"] for one in queries) == 3
    assert not Session.objects.exists()
