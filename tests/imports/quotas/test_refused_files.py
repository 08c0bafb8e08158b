"""Refused files and retries have limits of their own."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from imports.models import ImportBatch, MetricCounter
from tests.core.test_problems import problem_of
from tests.imports.admin.helpers import admin_client, upload
from tests.imports.api.helpers import (
    INVALID_ROW,
    csv_bytes,
    csv_upload,
    import_file,
    imports_url,
    mark_as_failed,
    post_import,
)
from tests.imports.quotas.helpers import Clock, in_parallel, usage
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]


@pytest.fixture(autouse=True)
def _few(settings: Any) -> None:
    limits = {"refused_file": "3/h,9/d", "retry": "2/h,9/d"}
    settings.UPLOAD_RATE_LIMITS = settings.UPLOAD_RATE_LIMITS | limits


def preview(client: APIClient, organisation: Organisation, content: bytes) -> Any:
    """Posts a file to preview; gives the answer."""
    form = {"file": csv_upload(content)}
    return client.post(f"{imports_url(organisation)}/preview", form, format="multipart")


def violations(limit_type: str) -> int:
    """How often the metric says that a limit was reached."""
    name, labels = "csv_rate_limit_violations_total", {"limit_type": limit_type}
    found = MetricCounter.objects.filter(name=name, labels=labels).first()
    return found.value if found else 0


# --- refused files ----------------------------------------------------------------------------


def test_after_too_many_refused_files_no_other_one_is_read(
    api: APIClient, acme: Organisation, settings: Any, clock: Clock
) -> None:
    settings.MAX_FILE_SIZE = 1000
    first = [
        post_import(api, acme, b""),
        post_import(api, acme, b"x" * 2000),
        preview(api, acme, b"email,email\n"),
    ]
    assert [answer.status_code for answer in first] == [400, 413, 400]
    refused = post_import(api, acme)
    body = problem_of(refused, 429, "quota_exceeded")
    assert "3 uploads of faulty files" in body["detail"]
    assert int(refused["Retry-After"]) == body["retry_after_seconds"]
    assert (refused["X-RateLimit-Limit"], refused["X-RateLimit-Remaining"]) == ("3", "0")
    assert preview(api, acme, csv_bytes([])).status_code == 429
    assert violations("refused_file") == 2
    assert not ImportBatch.objects.everywhere().exists()
    clock.now += int(refused["Retry-After"])
    assert post_import(api, acme).status_code == 202


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}])
def test_a_refused_file_costs_nothing_of_the_quota_of_imports(
    api: APIClient, acme: Organisation, admin: User, key: dict[str, str]
) -> None:
    post_import(api, acme, b"", headers=key)
    assert usage(admin).remaining == 10
    assert usage(admin, "refused_file").remaining == 2


def test_files_that_are_too_large_are_429_when_the_limit_is_reached(
    api: APIClient, acme: Organisation, settings: Any
) -> None:
    settings.MAX_FILE_SIZE = 10
    statuses = [post_import(api, acme, b"x" * 2000).status_code for _ in range(5)]
    assert statuses == [413, 413, 413, 429, 429]


def test_a_repeated_request_still_gets_its_import(api: APIClient, acme: Organisation) -> None:
    done = post_import(api, acme, headers={"Idempotency-Key": "k"}).json()
    for _ in range(3):
        post_import(api, acme, b"")
    again = post_import(api, acme, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json()["id"]) == (202, done["id"])


def test_a_request_without_a_file_or_with_a_wrong_option_counts_as_no_file(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    api.post(imports_url(acme), {}, format="multipart")
    post_import(api, acme, default_role="boss")
    assert usage(admin, "refused_file").remaining == 3


def test_refused_files_of_others_count_for_them(
    api: APIClient, acme: Organisation, other_admin: User, globex: Organisation
) -> None:
    for _ in range(4):
        post_import(api, acme, b"")
    assert usage(other_admin, "refused_file").remaining == 3


def test_the_admin_counts_refused_files_alike(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    client = admin_client(admin)
    assert [upload(client, acme, b"").status_code for _ in range(2)] == [400, 400]
    assert post_import(api, acme, b"").status_code == 400
    page = upload(client, acme)
    assert page.status_code == 429
    assert "3 uploads of faulty files" in page.content.decode()
    assert "Retry-After" in page


def test_without_quotas_refused_files_are_not_counted(
    api: APIClient, acme: Organisation, settings: Any
) -> None:
    settings.RATE_LIMIT_ENABLED = False
    assert {post_import(api, acme, b"").status_code for _ in range(5)} == {400}


# --- retries ----------------------------------------------------------------------------------


def failed_batch(client: APIClient, organisation: Organisation) -> str:
    """The URL of a batch that failed."""
    batch = import_file(client, organisation, csv_bytes([INVALID_ROW]))
    return f"{imports_url(organisation)}/{batch.id}"


def test_the_third_retry_is_429_with_retry_after(
    api: APIClient, acme: Organisation, clock: Clock
) -> None:
    path = failed_batch(api, acme)
    for _ in range(2):
        new = api.post(f"{path}/retry")
        assert new.status_code == 202
        mark_as_failed(new.json()["id"])
    refused = api.post(f"{path}/retry")
    body = problem_of(refused, 429, "quota_exceeded")
    assert "2 retries" in body["detail"]
    assert int(refused["Retry-After"]) == body["retry_after_seconds"]
    assert violations("retry") == 1
    assert ImportBatch.objects.everywhere().count() == 3
    clock.now += int(refused["Retry-After"])
    assert api.post(f"{path}/retry").status_code == 202


def test_a_retry_that_makes_no_import_costs_nothing(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    done = import_file(api, acme)
    assert api.post(f"{imports_url(acme)}/{done.id}/retry").status_code == 409
    path = failed_batch(api, acme)
    ids = {api.post(f"{path}/retry").json()["id"] for _ in range(4)}
    assert len(ids) == 1  # the retry that is pending
    assert usage(admin, "retry").remaining == 1
    assert usage(admin).remaining == 8


@pytest.mark.django_db(transaction=True)
def test_retries_at_the_same_time_do_not_exceed_the_limit(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    from imports import actions
    from imports.errors import QuotaExceeded

    batches = [import_file(api, acme, csv_bytes([INVALID_ROW])) for _ in range(6)]

    def retry() -> bool:
        try:
            actions.retry(batches.pop(), user=admin, ip=None)
        except QuotaExceeded:
            return False
        return True

    assert sum(in_parallel(retry, 6)) == 2
    assert ImportBatch.objects.everywhere().exclude(retry_of=None).count() == 2
    assert violations("retry") == 4
