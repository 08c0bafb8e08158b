"""Cancelling an import and running it again."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from django.db import connection
from rest_framework.test import APIClient

from imports.engine import runner
from imports.models import ImportBatch, UploadBlock, UploadChunk
from tests.conftest import client_of
from tests.core.test_problems import problem_of
from tests.imports.api.helpers import (
    INVALID_ROW,
    csv_bytes,
    import_file,
    imports_url,
    mark_as_failed,
    post_import,
    run_batch,
    valid_rows,
)
from tests.process_helpers import wait_for
from users.credentials import tokens
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]


def test_a_worker_stops_after_the_chunk_in_which_the_import_is_cancelled(
    api: APIClient, acme: Organisation, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IMPORT_CHUNK_SIZE = 2
    batch_id = post_import(api, acme, csv_bytes(valid_rows(6))).json()["id"]
    stops = iter([False, True])

    def cancel_between() -> bool:
        api.post(f"{imports_url(acme)}/{batch_id}/cancel")
        return next(stops)

    assert runner.run(batch_id, cancel_between) is runner.Result.DONE
    assert User.objects.everywhere().filter(import_batch_id=batch_id).count() == 2


def test_cancelling_twice_is_200_and_cancelling_a_finished_import_is_409(
    api: APIClient, acme: Organisation
) -> None:
    path = f"{imports_url(acme)}/{post_import(api, acme).json()['id']}/cancel"
    assert [api.post(path).status_code for _ in range(2)] == [200, 200]
    done = import_file(api, acme)
    body = problem_of(api.post(f"{imports_url(acme)}/{done.id}/cancel"), 409, "move_not_allowed")
    assert "completed" in body["detail"]


@pytest.mark.django_db(transaction=True)
def test_a_running_import_is_cancelled_through_a_real_server_and_worker(
    server: str, start: Any, admin: User, acme: Organisation, settings: Any
) -> None:
    settings.IMPORT_CHUNK_SIZE = 50  # many chunks, so that there is time to cancel
    batch_id = post_import(client_of(admin), acme, csv_bytes(valid_rows(5000))).json()["id"]
    start("celery", "-A", "celery_app", "worker", "--concurrency", "1", "--loglevel", "INFO")
    wait_for(lambda: ImportBatch.objects.everywhere().get(id=batch_id).processed_rows > 0)
    headers = {"Authorization": f"Bearer {tokens.pair(admin)['access']}"}
    answer = requests.post(
        f"{server}{imports_url(acme)}/{batch_id}/cancel", headers=headers, timeout=5
    )
    assert answer.json()["status"] == "cancelled"
    batch = ImportBatch.objects.everywhere().get(id=batch_id)
    assert 0 < batch.processed_rows < 5000
    assert (
        User.objects.everywhere().filter(import_batch_id=batch_id).count() == batch.successful_rows
    )


def test_a_retry_is_a_new_batch_that_names_the_old_one_and_skips_existing_users(
    api: APIClient, acme: Organisation, settings: Any
) -> None:
    settings.IMPORT_CHUNK_SIZE = 2
    rows = [*valid_rows(4), INVALID_ROW, valid_rows(1)[0]]
    old = post_import(api, acme, csv_bytes(rows), default_role="analyst").json()
    runner.run(old["id"], lambda: True)
    mark_as_failed(old["id"])
    answer = api.post(f"{imports_url(acme)}/{old['id']}/retry")
    assert answer.status_code == 202
    new = answer.json()
    assert answer["Location"].endswith(new["id"])
    assert (new["retry_of"], new["status"]) == (old["id"], "pending")
    assert (new["filename"], new["options"]) == (old["filename"], old["options"])
    batch = run_batch(new["id"])
    assert (batch.status, batch.successful_rows, batch.skipped_rows) == ("completed", 2, 2)
    assert ImportBatch.objects.everywhere().get(id=old["id"]).status == "failed"


def test_while_a_retry_is_pending_another_call_gives_it_again(
    api: APIClient, acme: Organisation
) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW]))
    ids = {api.post(f"{imports_url(acme)}/{batch.id}/retry").json()["id"] for _ in range(2)}
    assert len(ids) == 1
    assert UploadChunk.objects.everywhere().count() == 1


def test_a_retry_does_not_count_against_the_quota(api: APIClient, acme: Organisation) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW]))
    api.post(f"{imports_url(acme)}/{batch.id}/retry")
    assert post_import(api, acme)["X-RateLimit-Remaining"] == "8"


def test_a_blocked_user_can_not_retry(api: APIClient, acme: Organisation, admin: User) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW]))
    UploadBlock.objects.create(user=admin, reason="suspected")
    problem_of(api.post(f"{imports_url(acme)}/{batch.id}/retry"), 403, "upload_blocked")
    assert ImportBatch.objects.everywhere().count() == 1


def test_a_completed_import_can_not_be_retried(api: APIClient, acme: Organisation) -> None:
    batch = import_file(api, acme)
    body = problem_of(api.post(f"{imports_url(acme)}/{batch.id}/retry"), 409, "retry_not_possible")
    assert "completed" in body["detail"]


def test_an_import_whose_file_was_deleted_can_not_be_retried(
    api: APIClient, acme: Organisation
) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW]))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM import_uploads WHERE import_batch_id = %s", [batch.id])
    problem_of(api.post(f"{imports_url(acme)}/{batch.id}/retry"), 409, "retry_not_possible")
    assert ImportBatch.objects.everywhere().count() == 1
