"""The option that leaves out people whom the file calls suspended."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.imports.admin.helpers import admin_client, upload, visible_text
from tests.imports.api.helpers import csv_upload, import_file, imports_url
from users.models import Organisation, User

pytestmark = pytest.mark.django_db

FILE = (
    b"email,first_name,last_name,Status\n"
    b"ida@acme.example,Ida,Holm,Active\n"
    b"per@acme.example,Per,Lund,Suspended\n"
    b"eva@acme.example,Eva,Brix,Inactive\n"
)


@pytest.mark.parametrize(
    ("form", "code", "total"),
    [({}, "suspended", 3), ({"skip_suspended": "true"}, "suspended_skipped", 1)],
)
def test_suspended_people_are_imported_unless_they_are_to_be_left_out(
    api: APIClient, acme: Organisation, form: dict[str, str], code: str, total: int
) -> None:
    before = User.objects.everywhere().count()
    answer: Any = api.post(
        f"{imports_url(acme)}/preview", {"file": csv_upload(FILE), **form}, format="multipart"
    )
    assert answer.json()["total_rows"] == total
    warnings = {w["code"]: w for w in answer.json()["warnings"]}
    assert (warnings[code]["row"], warnings[code]["count"]) == (3, 2)
    batch = import_file(api, acme, FILE, **form)
    assert (batch.total_rows, batch.successful_rows) == (total, total)
    assert User.objects.everywhere().count() == before + total


def test_the_import_of_a_preview_leaves_out_the_same_rows(
    api: APIClient, acme: Organisation
) -> None:
    answer: Any = api.post(
        f"{imports_url(acme)}/preview",
        {"file": csv_upload(FILE), "skip_suspended": "true"},
        format="multipart",
    )
    started = api.post(imports_url(acme), {"upload_id": answer.json()["upload_id"]})
    assert (started.status_code, started.json()["total_rows"]) == (202, 1)


def test_the_admin_leaves_out_suspended_people(admin: User, acme: Organisation) -> None:
    page = upload(admin_client(admin), acme, FILE, skip_suspended="on")
    assert "1 will be imported" in visible_text(page)


def test_the_error_of_a_cell_with_an_address_and_more_shows_the_address(
    api: APIClient, acme: Organisation
) -> None:
    file = csv_upload(b"email,first_name,last_name\nIda Holm <ida@firm.example>,Ida,Holm\n")
    answer: Any = api.post(f"{imports_url(acme)}/preview", {"file": file}, format="multipart")
    [error] = answer.json()["errors"]
    assert (error["code"], error["value"]) == ("invalid_email", "ida@firm.example")
    assert "write only that" in error["message"]
    assert "ida" not in error["message"]
