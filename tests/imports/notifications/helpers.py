"""Imports that end, and time that passes, for the tests of e-mails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import F

from imports import actions
from imports.engine import runner
from imports.engine.options import ImportOptions
from imports.models import ImportBatch
from tests.imports.api.helpers import csv_upload
from users.models import User


def submitted(user: User, content: bytes | None = None, name: str = "users.csv") -> ImportBatch:
    """Gives a pending import."""
    file, organisation_id = csv_upload(content, name), user.organisation_id
    upload = actions.stage_for_import(
        file.file, filename=file.name, user=user, organisation_id=organisation_id
    )
    return actions.submit(upload, user=user, options=ImportOptions())


def ended(user: User, content: bytes | None = None, name: str = "users.csv") -> ImportBatch:
    """Gives an import that has run to its end."""
    batch = submitted(user, content, name)
    runner.run(batch.id, lambda: False)
    return reloaded(batch)


def reloaded(batch: ImportBatch) -> ImportBatch:
    """Gives the batch as it is in the database now."""
    return ImportBatch.objects.everywhere().select_related("organisation").get(id=batch.id)


def pass_time(**time: float) -> None:
    """Moves the times of all e-mails into the past."""
    age = timedelta(**time)
    ImportBatch.objects.everywhere().update(
        mail_after=F("mail_after") - age, completed_at=F("completed_at") - age
    )


def body_of(message: Any, kind: str = "plain") -> str:
    """Gives the plain or HTML text of a message in one line."""
    return " ".join(message.get_body((kind,)).get_content().split())
