"""Permissions that actions check themselves, whoever calls them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from core.errors import NotAllowed, NotFound, Refusal
from imports import actions
from imports.engine import runner
from imports.engine.options import ImportOptions
from imports.errors import UploadBlocked
from imports.models import AuditEvent, EventType, ImportBatch, UploadBlock
from imports.models.statuses import Status
from tests.conftest import MakeUser
from tests.imports.admin.helpers import admin_client
from tests.imports.api.helpers import INVALID_ROW, csv_bytes, imports_url, valid_rows
from users.models import Organisation, User
from users.rights.roles import Role


@pytest.fixture
def batch(admin: User) -> ImportBatch:
    """An import with a failed row."""
    upload = actions.stage_for_import(
        io.BytesIO(csv_bytes([*valid_rows(1), INVALID_ROW])),
        filename="users.csv",
        user=admin,
        organisation_id=admin.organisation_id or "",
    )
    submitted = actions.submit(upload, user=admin, options=ImportOptions())
    runner.run(submitted.id, lambda: False)
    return ImportBatch.objects.everywhere().get(id=submitted.id)


ACTIONS: dict[str, Callable[..., Any]] = {
    "error_report": actions.error_report,
    "cancel": actions.cancel,
    "retry": lambda batch, user: actions.retry(batch, user=user, ip=None),
    "undo": actions.undo,
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("role", "is_own", "refusal"), [(Role.ADMIN, False, NotFound), (Role.VIEWER, True, NotAllowed)]
)
def test_administrators_of_others_and_viewers_are_refused(
    batch: ImportBatch,
    make_user: MakeUser,
    acme: Organisation,
    globex: Organisation,
    action: str,
    role: Role,
    is_own: bool,
    refusal: type[Refusal],
) -> None:
    user = make_user("somebody@elsewhere.example", role, acme if is_own else globex)
    with pytest.raises(refusal):
        ACTIONS[action](batch, user=user)


def test_a_refused_download_is_not_recorded(batch: ImportBatch, other_admin: User) -> None:
    with pytest.raises(NotFound):
        actions.error_report(batch, user=other_admin)
    assert (
        not AuditEvent.objects.everywhere().filter(event_type=EventType.ERRORS_DOWNLOADED).exists()
    )


def test_a_report_can_be_downloaded_while_imports_are_switched_off(
    batch: ImportBatch, admin: User, settings: Any
) -> None:
    settings.FEATURE_USER_MANAGEMENT = False
    assert "not an address" in "".join(actions.error_report(batch, user=admin))


@pytest.mark.parametrize("blocked", ["user", "network"])
def test_a_blocked_user_or_network_retries_nothing(
    batch: ImportBatch, admin: User, blocked: str
) -> None:
    ImportBatch.objects.everywhere().filter(id=batch.id).update(status=Status.FAILED)
    target = {"user": admin} if blocked == "user" else {"network": "192.0.2.0/24"}
    UploadBlock.objects.create(**target, reason="a test")
    with pytest.raises(UploadBlocked):
        actions.retry(batch, user=admin, ip="192.0.2.7")
    assert not ImportBatch.objects.everywhere().filter(retry_of=batch).exists()


def test_a_blocked_user_retries_nothing_at_the_admin_site(batch: ImportBatch, admin: User) -> None:
    ImportBatch.objects.everywhere().filter(id=batch.id).update(status=Status.FAILED)
    UploadBlock.objects.create(user=admin, reason="a test")
    path = f"/admin/imports/importbatch/{batch.id}/retry"
    page = admin_client(admin).post(path, follow=True)
    assert "Uploads from your account are blocked." in page.content.decode()
    assert not ImportBatch.objects.everywhere().filter(retry_of=batch).exists()


def test_a_blocked_user_retries_nothing_by_the_api(
    batch: ImportBatch, admin: User, acme: Organisation, api: APIClient
) -> None:
    ImportBatch.objects.everywhere().filter(id=batch.id).update(status=Status.FAILED)
    UploadBlock.objects.create(user=admin, reason="a test")
    answer = api.post(f"{imports_url(acme)}/{batch.id}/retry")
    assert (answer.status_code, answer.json()["code"]) == (403, "upload_blocked")
    assert not ImportBatch.objects.everywhere().filter(retry_of=batch).exists()
