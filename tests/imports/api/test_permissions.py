"""Which roles may make which calls, as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from django.db.models.functions import Now
from rest_framework.test import APIClient

from imports import actions
from imports.engine.options import ImportOptions
from imports.models import ImportBatch
from imports.models.statuses import Status
from tests.conftest import MakeUser, client_of
from tests.imports.api.helpers import (
    csv_bytes,
    csv_upload,
    imports_url,
    valid_rows,
)
from users.models import Organisation, User
from users.roles import Role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]

OK = 0  # the successful status of the call
FORBIDDEN, HIDDEN, OFF = 403, 404, 503

#  role                own organisation   another
TABLE = {
    Role.SUPER_ADMIN: (OK,                OK),
    Role.ADMIN:       (OK,                HIDDEN),
    Role.ANALYST:     (FORBIDDEN,         HIDDEN),
    Role.VIEWER:      (FORBIDDEN,         HIDDEN),
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """A call of the API. `status` is the status of the batch that it is made for."""

    method: str
    path: str
    answer: int
    status: Status = Status.PENDING
    form: Callable[[], dict[str, Any]] = dict


CALLS = {
    "template":         Call("get", "/template", 200),
    "template by POST": Call("post", "/template", 200),
    "preview":          Call("post", "/preview", 200, form=lambda: {"file": csv_upload()}),
    "import":           Call("post", "", 202, form=lambda: {"file": csv_upload()}),
    "history":          Call("get", "", 200),
    "batch":            Call("get", "/{batch}", 200),
    "errors":           Call("get", "/{batch}/errors", 200),
    "errors as CSV":    Call("get", "/{batch}/errors?format=csv", 200),
    "cancel":           Call("post", "/{batch}/cancel", 200),
    "retry":            Call("post", "/{batch}/retry", 202, Status.FAILED),
    "undo":             Call("post", "/{batch}/undo", 200, Status.FAILED),
}  # fmt: skip


def a_batch(organisation: Organisation, uploader: User, status: Status) -> ImportBatch:
    """A batch in this status, with its file."""
    upload = actions.stage_for_import(
        BytesIO(csv_bytes(valid_rows(2))),
        filename="users.csv",
        user=uploader,
        organisation_id=organisation.id,
    )
    batch = actions.submit(upload, user=uploader, options=ImportOptions())
    ended_at = None if status == Status.PENDING else Now()
    ImportBatch.objects.filter(id=batch.id).update(status=status, completed_at=ended_at)
    return batch


def session_of(user: User) -> APIClient:
    """A client with the session of a logged-in browser."""
    client = APIClient()
    client.force_login(user)
    return client


@pytest.mark.parametrize("is_other", [False, True], ids=["own", "other"])
@pytest.mark.parametrize("role", TABLE)
@pytest.mark.parametrize("name", CALLS)
def test_the_permission_matrix(
    name: str,
    role: Role,
    is_other: bool,
    acme: Organisation,
    globex: Organisation,
    root: User,
    make_user: MakeUser,
    settings: Any,
) -> None:
    """Each call is made with a token and with a session, and with the feature on and off."""
    call, allowed = CALLS[name], TABLE[role][is_other]
    own = None if role == Role.SUPER_ADMIN else acme
    user = make_user("somebody@acme.example", role, own)
    organisation = globex if is_other else acme
    for make_client in (client_of, session_of):
        for is_on in (True, False):
            settings.FEATURE_USER_MANAGEMENT = True
            batch = a_batch(organisation, root, call.status)
            settings.FEATURE_USER_MANAGEMENT = is_on
            made = ImportBatch.objects.filter(uploaded_by=user).count()
            path = imports_url(organisation) + call.path.format(batch=batch.id)
            answer = getattr(make_client(user), call.method)(path, call.form(), format="multipart")
            expected = allowed or (call.answer if is_on else OFF)
            assert answer.status_code == expected, (make_client.__name__, is_on)
            assert ImportBatch.objects.filter(uploaded_by=user).count() == made + (expected == 202)


@pytest.mark.parametrize("name", CALLS)
def test_without_a_token_every_call_is_401(name: str, acme: Organisation, root: User) -> None:
    call = CALLS[name]
    path = imports_url(acme) + call.path.format(batch=a_batch(acme, root, call.status).id)
    answer = getattr(APIClient(), call.method)(path, call.form(), format="multipart")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if "{batch}" in call.path])
def test_a_batch_is_not_found_under_another_organisation(
    name: str, acme: Organisation, globex: Organisation, root: User
) -> None:
    """This holds for platform staff, too, who may see both organisations."""
    call = CALLS[name]
    path = imports_url(acme) + call.path.format(batch=a_batch(globex, root, call.status).id)
    assert getattr(client_of(root), call.method)(path).status_code == 404


def test_another_administrators_upload_is_not_found(
    acme: Organisation, admin: User, make_user: MakeUser
) -> None:
    preview = client_of(admin).post(
        f"{imports_url(acme)}/preview", {"file": csv_upload()}, format="multipart"
    )
    colleague = client_of(make_user("second@acme.example", Role.ADMIN, acme))
    answer = colleague.post(imports_url(acme), {"upload_id": preview.json()["upload_id"]})
    assert answer.status_code == 404


def test_an_import_into_an_inactive_organisation_is_403(root: User, acme: Organisation) -> None:
    Organisation.objects.filter(id=acme.id).update(is_active=False)
    answer = client_of(root).post(imports_url(acme), {"file": csv_upload()}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (403, "organization_inactive")


def test_me_works_for_every_role_and_with_the_feature_off(
    acme: Organisation, make_user: MakeUser, settings: Any
) -> None:
    settings.FEATURE_USER_MANAGEMENT = False
    for role in Role:
        own = None if role == Role.SUPER_ADMIN else acme
        user = make_user(f"{role}@acme.example", role, own)
        assert client_of(user).get("/api/v1/me").json()["role"] == role


def test_every_call_of_the_api_is_in_the_matrix() -> None:
    from imports.api.urls import batch_urls, import_urls

    routes = {
        pattern.name for pattern in [*batch_urls, *import_urls] if getattr(pattern, "name", None)
    }
    assert routes == {
        "import", "import-template", "import-preview", "import-batch", "import-errors",
        "import-cancel", "import-retry", "import-undo",
    }  # fmt: skip
