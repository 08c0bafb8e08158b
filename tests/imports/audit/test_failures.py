"""What is recorded, and what is done, when an action is refused or can't be recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from imports import actions, audit, quotas
from imports.engine import runner
from imports.engine.options import ImportOptions
from imports.errors import FileRefused, MoveNotAllowed
from imports.models import EventType, ImportBatch, Upload, UploadBlock
from tests.conftest import client_of
from tests.imports.api.helpers import csv_upload, import_file, imports_url, post_import
from tests.imports.audit.helpers import CSV, events, submit_import
from users.models import Organisation, User


def test_refused_actions_are_not_recorded(
    admin: User, viewer: User, other_admin: User, acme: Organisation
) -> None:
    batch = import_file(client_of(admin), acme)
    recorded = len(events())
    for user in (viewer, other_admin):
        client, url = client_of(user), f"{imports_url(acme)}/{batch.id}"
        post_import(client, acme)
        client.get(f"{url}/errors", {"format": "csv"})
        client.post(f"{url}/cancel")
        client.post(f"{url}/retry")
    for stage in (actions.stage_for_import, actions.stage_for_preview):
        with pytest.raises(FileRefused):
            stage(
                csv_upload(b"nonsense").file, filename="a.csv", user=admin, organisation_id=acme.id
            )
    with pytest.raises(MoveNotAllowed):
        actions.cancel(batch, user=admin)
    assert len(events()) == recorded


@pytest.fixture
def refuse_new_events(transactional_db: None) -> Iterator[Callable[[], None]]:
    """A function that makes the database refuse new events, and nothing else."""
    constraint = "ALTER TABLE audit_events ADD CONSTRAINT refuse_new_events CHECK (false) NOT VALID"
    yield lambda: _execute(constraint)
    _execute("ALTER TABLE audit_events DROP CONSTRAINT IF EXISTS refuse_new_events")


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "action", ["preview", "submit", "cancel", "undo", "download", "reset", "block", "unblock"]
)
def test_an_action_that_cannot_be_recorded_is_not_done(
    admin: User, refuse_new_events: Callable[[], None], action: str
) -> None:
    batch, waiting = submit_import(admin), submit_import(admin)
    runner.run(batch.id, lambda: False)
    file = csv_upload(CSV)
    into = {"filename": "a.csv", "user": admin, "organisation_id": admin.organisation_id}
    staged = actions.stage_for_import(file.file, **into)
    quotas.consume(user=admin, organisation_id=None, limit_type="csv_import", ip="")
    calls: dict[str, Callable[[], Any]] = {
        "preview": lambda: actions.stage_for_preview(file.file, **into),
        "submit": lambda: actions.submit(staged, user=admin, options=ImportOptions()),
        "cancel": lambda: actions.cancel(waiting, user=admin),
        "undo": lambda: actions.undo(ImportBatch.objects.everywhere().get(id=batch.id), user=admin),
        "download": lambda: actions.error_report(batch, user=admin),
        "reset": lambda: quotas.reset_limits(admin.id),
        "block": lambda: call_command("block_uploads", "192.0.2.7", reason="a flood"),
        "unblock": lambda: call_command("unblock_uploads", "192.0.2.0/24"),
    }
    call_command("block_uploads", "192.0.2.0/24", reason="a flood", verbosity=0)
    before = _state(admin)
    refuse_new_events()
    with pytest.raises(IntegrityError):
        calls[action]()
    assert _state(admin) == before


def _state(user: User) -> Any:
    """Batches, numbers of rows and usage: all that the actions may change."""
    usage = quotas.usage(user=user, organisation_id=None, limit_type="csv_import")
    batches = (
        ImportBatch.objects.everywhere()
        .order_by("id")
        .values_list("id", "status", "undo_requested_at")
    )
    numbers = [table._base_manager.count() for table in (Upload, User, UploadBlock)]
    return list(batches), numbers, usage.remaining


def test_recording_takes_one_insert(admin: User) -> None:
    with CaptureQueriesContext(connection) as queries:
        audit.record(EventType.SUBMITTED, user=admin, organisation_id=admin.organisation_id)
    assert len(queries) == 1
    assert queries[0]["sql"].startswith('INSERT INTO "audit_events"')
