"""Creates and reads events of the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from imports import actions
from imports.engine.options import ImportOptions
from imports.models import AuditEvent, EventType, ImportBatch
from tests.imports.api.helpers import INVALID_ROW, csv_bytes, csv_upload, valid_rows
from users.models import User

LIST_URL = "/admin/imports/auditevent/"
CSV = csv_bytes([*valid_rows(3), INVALID_ROW])


def events(**fields: Any) -> list[AuditEvent]:
    """The recorded events, the oldest first."""
    return list(AuditEvent.objects.everywhere().filter(**fields).order_by("id"))


def make_event(age: timedelta = timedelta(), **fields: Any) -> AuditEvent:
    """Creates an event of this age."""
    facts = {
        "event_type": EventType.SUBMITTED,
        "source": "api",
        "created_at": datetime.now(UTC) - age,
    }
    return AuditEvent.objects.create(**facts | fields)


def submit_import(user: User, organisation_id: UUID | None = None) -> ImportBatch:
    """Submits an import, as the actions do. No worker runs it."""
    file, into = csv_upload(CSV), organisation_id or user.organisation_id
    staged = actions.stage_for_import(
        file.file, filename=file.name, user=user, organisation_id=into
    )
    return actions.submit(staged, user=user, options=ImportOptions())
