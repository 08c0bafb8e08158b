"""Events can't be changed. Only retention, and the deletion of an organisation, delete them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from imports import quotas
from imports.audit import retention as audit_retention
from imports.engine import runner
from imports.engine.upkeep import retention
from imports.models import AuditEvent, ImportBatch
from tests.imports.audit.helpers import events, make_event, submit_import
from users.models import Organisation, User


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET user_id = NULL",
        "UPDATE audit_events SET created_at = now() WHERE false",
        "DELETE FROM audit_events",
        "INSERT INTO audit_events (id, deed, door) SELECT id, '', '' FROM audit_events"
        " ON CONFLICT (id) DO UPDATE SET deed = ''",
        "TRUNCATE audit_events",
        "SET LOCAL marketedge.audit_kept_days = '365'; DELETE FROM audit_events",
        "SET LOCAL marketedge.audit_kept_days = '0'; DELETE FROM audit_events",
        "SET LOCAL marketedge.audit_kept_days = '-9'; DELETE FROM audit_events",
    ],
)
def test_the_database_refuses_to_change_or_delete_events(
    acme: Organisation, statement: str
) -> None:
    event = make_event(timedelta(days=29), organisation_id=acme.id)
    as_in_production = "SET LOCAL marketedge.audit_may_be_emptied = ''; "
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(as_in_production + statement)
    assert events() == [event]


def test_methods_of_the_model_cannot_change_events(acme: Organisation) -> None:
    event = make_event(organisation_id=acme.id)
    for change in (event.delete, event.save, AuditEvent.objects.everywhere().all().delete):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


def test_events_stay_when_user_import_and_file_are_deleted(admin: User, acme: Organisation) -> None:
    batch = submit_import(admin)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM import_batches")
        cursor.execute("DELETE FROM users")
    (event,) = events()
    assert (event.user_id, event.batch_id) == (admin.id, batch.id)


def test_deleting_an_organisation_deletes_its_events_only(
    admin: User, root: User, acme: Organisation, globex: Organisation
) -> None:
    submit_import(admin)
    theirs = submit_import(root, globex.id)
    quotas.reset_limits(root.id)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM organisations WHERE id = %s", [acme.id])
    assert [event.batch_id for event in events()] == [theirs.id, None]


def test_retention_deletes_only_events_that_are_old_enough(
    acme: Organisation, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AUDIT_RETENTION_DAYS = 100
    monkeypatch.setattr(audit_retention, "EVENTS_AT_A_TIME", 2)
    for _ in range(5):
        make_event(timedelta(days=100, minutes=1), organisation_id=acme.id)
    kept = [make_event(timedelta(days=99, hours=23)), make_event()]
    assert retention.purge(dry_run=True).audit_events == 5
    assert retention.purge().audit_events == 5
    assert events() == kept
    assert retention.purge().audit_events == 0


def test_purging_imports_keeps_their_events(admin: User, settings: Any) -> None:
    batch = submit_import(admin)
    runner.run(batch.id, lambda: False)
    retention.purge(days=0)
    assert not ImportBatch.objects.everywhere().exists()
    assert [event.event_type for event in events()] == ["submitted"]
