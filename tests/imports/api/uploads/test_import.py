"""The calls of a normal import, from the token to the errors."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from imports.models import ImportBatch, Upload
from tests.conftest import PASSWORD
from tests.imports.api.helpers import (
    INVALID_ROW,
    csv_bytes,
    csv_upload,
    imports_url,
    post_import,
    run_batch,
    valid_rows,
)
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]


def test_a_token_authenticates_and_me_gives_the_user(admin: User, acme: Organisation) -> None:
    client = APIClient()
    sent = {"email": " Admin@ACME.example", "password": PASSWORD}
    tokens = client.post("/api/v1/auth/token", sent).json()
    assert set(tokens) == {"access", "refresh"}
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    assert client.get("/api/v1/me").json() == {
        "id": str(admin.id),
        "email": "admin@acme.example",
        "role": "admin",
        "organization": {"id": str(acme.id), "name": "Acme"},
    }


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_template_is_given_by_get_and_by_post(
    api: APIClient, acme: Organisation, method: str
) -> None:
    answer = getattr(api, method)(f"{imports_url(acme)}/template")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="user_import_template.csv"'


def test_a_preview_gives_all_counts_and_creates_no_user(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    known = (admin.email, "Ada", "Lovelace", "admin", "Sales", "")
    before = User.objects.everywhere().count()
    file = csv_upload(csv_bytes([*valid_rows(12), INVALID_ROW, known]))
    answer = api.post(f"{imports_url(acme)}/preview", {"file": file}, format="multipart")
    assert answer.status_code == 200
    body = answer.json()
    assert body["is_valid"] is False
    assert (body["total_rows"], body["valid_rows"], body["failed_rows"]) == (14, 12, 1)
    assert (body["duplicate_count"], body["error_count"], body["warning_count"]) == (1, 3, 0)
    assert {error["field"] for error in body["errors"]} == {"email", "role", "phone"}
    assert set(body["errors"][0]) == {"row", "field", "code", "message", "value"}
    assert body["errors"][0]["row"] == 14
    assert [(d["row"], d["email"]) for d in body["duplicates"]] == [(15, admin.email)]
    assert len(body["preview_data"]) == 10
    assert body["file"]["mapping"]["email"] == "email"
    assert User.objects.everywhere().count() == before
    assert Upload.objects.everywhere().filter(id=body["upload_id"], import_batch=None).exists()


def test_an_import_is_accepted_and_can_be_read_at_its_location(
    api: APIClient, acme: Organisation
) -> None:
    answer = post_import(api, acme, csv_bytes([*valid_rows(3), INVALID_ROW]))
    assert answer.status_code == 202
    body = answer.json()
    assert (body["status"], body["total_rows"], body["processed_rows"]) == ("pending", 4, 0)
    assert body["organization_id"] == str(acme.id)
    run_batch(body["id"])
    batch = api.get(answer["Location"]).json()
    assert batch["id"] == body["id"]
    assert batch["status"] == "completed"
    assert batch["error_message"] == "Partial import: 3 succeeded, 1 failed"
    assert (batch["successful_rows"], batch["skipped_rows"], batch["failed_rows"]) == (3, 0, 1)
    assert batch["progress"]["percent"] == 100
    errors = api.get(answer["Location"] + "/errors").json()
    assert errors["batch_id"] == body["id"]
    assert errors["total_errors"] == 3
    assert {error["row_number"] for error in errors["errors"]} == {5}
    assert errors["errors"][0]["row_data"]["email"] == "not an address"


def test_a_preview_is_imported_by_its_upload_id(api: APIClient, acme: Organisation) -> None:
    preview = api.post(
        f"{imports_url(acme)}/preview", {"file": csv_upload()}, format="multipart"
    ).json()
    for kind in ("json", "multipart"):
        answer = api.post(imports_url(acme), {"upload_id": preview["upload_id"]}, format=kind)
        assert answer.status_code == 202
    assert ImportBatch.objects.everywhere().count() == 1  # the same upload is imported once
    assert run_batch(answer.json()["id"]).successful_rows == 3


@pytest.mark.parametrize("where", ["form", "query"])
def test_options_are_form_fields_or_query_parameters(
    api: APIClient, acme: Organisation, where: str
) -> None:
    options = {"send_invitations": "false", "skip_duplicates": "false", "default_role": "analyst"}
    form: dict[str, Any] = {"file": csv_upload(), **(options if where == "form" else {})}
    query = "&".join(f"{k}={v}" for k, v in options.items()) if where == "query" else ""
    answer = api.post(f"{imports_url(acme)}?{query}", form, format="multipart")
    assert answer.json()["options"] == {
        "send_invitations": False,
        "skip_duplicates": False,
        "default_role": "analyst",
    }


def test_options_that_are_not_given_have_their_defaults(api: APIClient, acme: Organisation) -> None:
    assert post_import(api, acme).json()["options"] == {
        "send_invitations": True,
        "skip_duplicates": True,
        "default_role": "viewer",
    }


def test_history_is_paginated_newest_first_and_can_be_filtered(
    api: APIClient, acme: Organisation
) -> None:
    ids = [post_import(api, acme).json()["id"] for _ in range(3)]
    run_batch(ids[0])
    page = api.get(imports_url(acme), {"page_size": 2}).json()
    assert [batch["id"] for batch in page["results"]] == [ids[2], ids[1]]
    assert page["count"] == 3
    assert [b["id"] for b in api.get(page["next"]).json()["results"]] == [ids[0]]
    done = api.get(imports_url(acme), {"status": "completed,failed"}).json()
    assert [batch["id"] for batch in done["results"]] == [ids[0]]
    assert api.get(imports_url(acme), {"created_before": "2020-01-01"}).json()["results"] == []
    assert len(api.get(imports_url(acme), {"created_after": "2020-01-01"}).json()["results"]) == 3
    odd = {"created_after": "0759-12-21T11:51:11.04-23:16"}  # an offset that PostgreSQL refuses
    assert len(api.get(imports_url(acme), odd).json()["results"]) == 3
