"""Faults of earlier importers, ours and others', that must not return."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from rest_framework.test import APIClient

from imports.engine import runner
from imports.models import ImportBatch, ImportError
from tests.conftest import MakeUser, client_of
from tests.imports.api.helpers import (
    INVALID_ROW,
    csv_bytes,
    csv_upload,
    import_file,
    imports_url,
    mark_as_failed,
    post_import,
    run_batch,
    valid_rows,
)
from users.credentials import tokens
from users.models import Organisation, User
from users.rights.roles import Role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]


# --- quotas -----------------------------------------------------------------------------------


def test_the_quota_is_counted_by_user_and_not_by_ip_address(
    api: APIClient, acme: Organisation, make_user: MakeUser
) -> None:
    colleague = client_of(make_user("second@acme.example", Role.ADMIN, acme))
    first = post_import(api, acme)
    # Both users have the same IP address.
    assert post_import(colleague, acme)["X-RateLimit-Remaining"] == "9"
    elsewhere = {"file": csv_upload()}
    second = api.post(imports_url(acme), elsewhere, format="multipart", REMOTE_ADDR="192.0.2.77")
    assert [answer["X-RateLimit-Remaining"] for answer in (first, second)] == ["9", "8"]


def test_retry_after_is_the_time_until_the_reset(api: APIClient, acme: Organisation) -> None:
    for _ in range(10):
        post_import(api, acme)
    before = time.time()
    refused = post_import(api, acme)
    until_reset = int(refused["X-RateLimit-Reset"]) - before
    assert refused.status_code == 429
    assert abs(int(refused["Retry-After"]) - until_reset) <= 2


def test_a_request_over_the_quota_is_not_counted(api: APIClient, acme: Organisation) -> None:
    for _ in range(10):
        post_import(api, acme)
    resets = {post_import(api, acme)["X-RateLimit-Reset"] for _ in range(5)}
    assert len(resets) == 1
    assert ImportBatch.objects.everywhere().count() == 10


def test_an_invalid_file_is_not_counted(api: APIClient, acme: Organisation) -> None:
    for _ in range(12):
        assert post_import(api, acme, b"no,such,columns\n1,2,3\n").status_code == 400
    assert post_import(api, acme)["X-RateLimit-Remaining"] == "9"


# --- values -----------------------------------------------------------------------------------


def test_a_phone_that_begins_with_a_plus_is_stored_as_given(
    api: APIClient, acme: Organisation
) -> None:
    batch = import_file(api, acme, csv_bytes(valid_rows(1)))
    assert User.objects.everywhere().get(import_batch_id=batch.id).phone == "+44 20 7946 0123"


def test_the_templates_example_row_imports_without_error(
    api: APIClient, acme: Organisation
) -> None:
    batch = import_file(api, acme, api.get(f"{imports_url(acme)}/template").content)
    assert (batch.status, batch.successful_rows, batch.failed_rows) == ("completed", 1, 0)


def test_the_template_comes_by_get_and_by_post(api: APIClient, acme: Organisation) -> None:
    path = f"{imports_url(acme)}/template"
    assert api.get(path).content == api.post(path).content


# --- other organisations ----------------------------------------------------------------------


def test_an_administrator_can_not_read_history_or_errors_of_other_organisations(
    api: APIClient, other_admin: User, globex: Organisation, acme: Organisation
) -> None:
    batch = import_file(client_of(other_admin), globex, csv_bytes([INVALID_ROW]))
    assert api.get(imports_url(globex)).status_code == 404
    assert api.get(f"{imports_url(globex)}/{batch.id}/errors").status_code == 404
    assert api.get(f"{imports_url(acme)}/{batch.id}").status_code == 404
    assert api.get(f"{imports_url(acme)}/{batch.id}/errors").status_code == 404
    assert api.get(imports_url(acme)).json()["count"] == 0


def test_an_error_about_an_email_of_another_organisation_reveals_nothing(
    api: APIClient, acme: Organisation, other_admin: User, globex: Organisation
) -> None:
    batch = import_file(api, acme, csv_bytes([(other_admin.email, "A", "B", "", "", "")]))
    error = ImportError.objects.everywhere().get(import_batch=batch)
    assert error.error_code == "address_unavailable"
    told = api.get(f"{imports_url(acme)}/{batch.id}/errors").content.decode()
    assert "Globex" not in told
    assert str(globex.id) not in told
    assert str(other_admin.id) not in told


# --- counts -----------------------------------------------------------------------------------


def test_a_batch_of_known_users_counts_them_as_skipped_and_completes(
    api: APIClient, acme: Organisation
) -> None:
    import_file(api, acme)
    batch = import_file(api, acme)
    assert (batch.status, batch.skipped_rows, batch.successful_rows) == ("completed", 3, 0)
    assert batch.error_message == ""


def test_a_file_with_too_many_rows_is_refused_and_not_truncated(
    api: APIClient, acme: Organisation, settings: Any
) -> None:
    settings.MAX_ROWS_PER_IMPORT = 3
    answer = post_import(api, acme, csv_bytes(valid_rows(4)))
    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_rows")
    assert not ImportBatch.objects.everywhere().exists()


def test_every_row_is_counted_and_every_failed_row_has_an_error(
    api: APIClient, acme: Organisation, settings: Any
) -> None:
    settings.IMPORT_CHUNK_SIZE = 7
    rows = [INVALID_ROW if n % 10 == 9 else row for n, row in enumerate(valid_rows(40))]
    rows += valid_rows(5)  # again
    batch = import_file(api, acme, csv_bytes(rows))
    body = api.get(f"{imports_url(acme)}/{batch.id}").json()
    assert body["total_rows"] == body["processed_rows"] == 45
    assert body["successful_rows"] + body["skipped_rows"] + body["failed_rows"] == 45
    assert (
        User.objects.everywhere().filter(import_batch_id=batch.id).count()
        == body["successful_rows"]
        == 36
    )
    listed = api.get(f"{imports_url(acme)}/{batch.id}/errors?page_size=1000").json()["errors"]
    named = {error["row_number"] for error in listed}
    assert len(named) == body["failed_rows"] == 9
    assert body["error_message"] == "Partial import: 36 succeeded, 9 failed"


def test_an_import_without_a_valid_row_has_the_status_failed(
    api: APIClient, acme: Organisation
) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW, INVALID_ROW]))
    body = api.get(f"{imports_url(acme)}/{batch.id}").json()
    assert body["status"] == "failed"
    assert "2 rows failed" in body["error_message"]


# --- the life of an import --------------------------------------------------------------------


def test_a_retry_does_not_multiply_the_errors(api: APIClient, acme: Organisation) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW]))
    before = ImportError.objects.everywhere().filter(import_batch=batch).count()
    again = run_batch(api.post(f"{imports_url(acme)}/{batch.id}/retry").json()["id"])
    assert ImportError.objects.everywhere().filter(import_batch=batch).count() == before
    assert ImportError.objects.everywhere().filter(import_batch=again).count() == before


def test_a_retry_does_not_multiply_the_users(
    api: APIClient, acme: Organisation, settings: Any
) -> None:
    settings.IMPORT_CHUNK_SIZE = 2
    old = post_import(api, acme, csv_bytes(valid_rows(4))).json()["id"]
    runner.run(old, lambda: True)
    mark_as_failed(old)
    batch = run_batch(api.post(f"{imports_url(acme)}/{old}/retry").json()["id"])
    assert (batch.successful_rows, batch.skipped_rows) == (2, 2)
    assert User.objects.everywhere().filter(email__endswith="@new.example").count() == 4


def test_a_cancelled_import_is_not_continued(
    api: APIClient, acme: Organisation, settings: Any
) -> None:
    settings.IMPORT_CHUNK_SIZE = 2
    batch_id = post_import(api, acme, csv_bytes(valid_rows(6))).json()["id"]
    runner.run(batch_id, lambda: True)
    api.post(f"{imports_url(acme)}/{batch_id}/cancel")
    batch = run_batch(batch_id)  # a worker gets the batch after it was cancelled
    assert (batch.status, batch.processed_rows) == ("cancelled", 2)
    assert User.objects.everywhere().filter(import_batch_id=batch_id).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_preview_can_be_imported_by_another_process(
    server: str, api: APIClient, admin: User, acme: Organisation
) -> None:
    preview = api.post(
        f"{imports_url(acme)}/preview", {"file": csv_upload()}, format="multipart"
    ).json()
    headers = {"Authorization": f"Bearer {tokens.pair(admin)['access']}"}
    sent = {"upload_id": preview["upload_id"]}
    answer = requests.post(server + imports_url(acme), json=sent, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["total_rows"]) == (202, 3)
