"""Permissions beyond the matrix (tests/matrix/test_api.py)."""

from __future__ import annotations

import pytest

from tests.conftest import MakeUser, client_of
from tests.imports.api.helpers import csv_upload, imports_url
from users.models import Organisation, User
from users.rights.roles import Role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]


def test_another_administrators_upload_is_not_found(
    acme: Organisation, admin: User, make_user: MakeUser
) -> None:
    preview = client_of(admin).post(
        f"{imports_url(acme)}/preview", {"file": csv_upload()}, format="multipart"
    )
    colleague = client_of(make_user("second@acme.example", Role.ADMIN, acme))
    answer = colleague.post(imports_url(acme), {"upload_id": preview.json()["upload_id"]})
    assert answer.status_code == 404
