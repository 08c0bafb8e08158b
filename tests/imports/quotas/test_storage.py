"""An organisation has a budget of bytes for its staged files."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from imports.engine.upkeep import retention
from imports.models import ImportBatch, MetricCounter, UploadChunk
from tests.conftest import client_of
from tests.core.test_problems import problem_of
from tests.imports.admin.helpers import admin_client, upload
from tests.imports.api.helpers import (
    csv_bytes,
    csv_upload,
    imports_url,
    mark_as_failed,
    post_import,
    valid_rows,
)
from tests.imports.quotas.helpers import in_parallel, usage
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]
CONTENT = csv_bytes(valid_rows(100))


@pytest.fixture
def size(api: APIClient, acme: Organisation, settings: Any) -> int:
    """The bytes of one file as it is stored. The budget has room for two, of which one is used."""
    assert post_import(api, acme, CONTENT).status_code == 202
    size = UploadChunk.objects.staged_bytes(acme.id)
    assert 4000 < size <= len(CONTENT)
    settings.MAX_STAGED_BYTES = 2 * size
    return size


def preview(client: APIClient, organisation: Organisation) -> Any:
    """Posts the file to preview; gives the answer."""
    form = {"file": csv_upload(CONTENT)}
    return client.post(f"{imports_url(organisation)}/preview", form, format="multipart")


def run_sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_file_over_the_budget_is_507_and_says_when_there_is_room(
    api: APIClient, acme: Organisation, admin: User, size: int
) -> None:
    assert preview(api, acme).status_code == 200
    body = problem_of(post_import(api, acme, CONTENT), 507, "staging_full")
    assert (body["used_bytes"], body["max_bytes"], body["file_bytes"]) == (2 * size, 2 * size, size)
    free_at = datetime.fromisoformat(body["free_at"])
    assert timedelta(minutes=59) < free_at - timezone.now() <= timedelta(hours=1)
    assert f"after {free_at:%Y-%m-%d %H:%M} UTC" in body["detail"]
    assert "upload a smaller file" in body["detail"]
    assert problem_of(preview(api, acme), 507, "staging_full")
    assert UploadChunk.objects.staged_bytes(acme.id) == 2 * size
    assert usage(admin).remaining == 9
    assert usage(admin, "refused_file").remaining == 58
    assert MetricCounter.objects.get(name="csv_staging_full_total").value == 2


def test_there_is_room_again_when_files_were_deleted(
    api: APIClient, acme: Organisation, size: int
) -> None:
    preview(api, acme)
    assert post_import(api, acme, CONTENT).status_code == 507
    run_sql("UPDATE import_uploads SET created_at = now() - interval '61 minutes'")
    assert retention.purge().uploads == 1
    assert post_import(api, acme, CONTENT).status_code == 202


def test_the_file_of_an_import_is_free_after_the_days_of_retention(
    api: APIClient, acme: Organisation, size: int
) -> None:
    post_import(api, acme, CONTENT)
    body = post_import(api, acme, CONTENT).json()
    left = datetime.fromisoformat(body["free_at"]) - timezone.now()
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)


def test_a_file_larger_than_the_budget_is_never_stored(
    api: APIClient, globex: Organisation, other_admin: User, size: int
) -> None:
    body = post_import(client_of(other_admin), globex, csv_bytes(valid_rows(300))).json()
    assert (body["code"], body["free_at"]) == ("staging_full", None)
    assert "Split it" in body["detail"]


def test_each_organisation_has_its_own_budget(
    api: APIClient, acme: Organisation, globex: Organisation, other_admin: User, size: int
) -> None:
    post_import(api, acme, CONTENT)
    assert post_import(api, acme, CONTENT).status_code == 507
    assert post_import(client_of(other_admin), globex, CONTENT).status_code == 202


def test_a_retry_takes_no_room_and_its_file_is_free_with_the_last_of_them(
    api: APIClient, acme: Organisation, size: int
) -> None:
    preview(api, acme)
    old = ImportBatch.objects.everywhere().get()
    mark_as_failed(str(old.id))
    run_sql("UPDATE import_batches SET created_at = now() - interval '29 days'")
    assert api.post(f"{imports_url(acme)}/{old.id}/retry").status_code == 202
    assert UploadChunk.objects.staged_bytes(acme.id) == 2 * size
    run_sql("DELETE FROM import_uploads WHERE import_batch_id IS NULL")
    post_import(api, acme, CONTENT)
    body = post_import(api, acme, CONTENT).json()
    left = datetime.fromisoformat(body["free_at"]) - timezone.now()
    assert left > timedelta(days=29)


def test_the_admin_refuses_the_file_with_the_sentence(
    api: APIClient, acme: Organisation, admin: User, size: int
) -> None:
    post_import(api, acme, CONTENT)
    page = upload(admin_client(admin), acme, CONTENT)
    assert page.status_code == 507
    assert "there will be enough room" in page.content.decode()
    assert MetricCounter.objects.get(name="csv_staging_full_total").value == 1


@pytest.mark.django_db(transaction=True)
def test_eight_files_at_the_same_time_do_not_exceed_the_budget(
    api: APIClient, acme: Organisation, admin: User, settings: Any, size: int
) -> None:
    settings.MAX_STAGED_BYTES = 4 * size + size // 2
    settings.UPLOAD_RATE_LIMITS = settings.UPLOAD_RATE_LIMITS | {"csv_import": "99/h,99/d"}
    statuses = in_parallel(lambda: post_import(client_of(admin), acme, CONTENT).status_code, 8)
    assert sorted(statuses) == [202] * 3 + [507] * 5
    assert UploadChunk.objects.staged_bytes(acme.id) == 4 * size
