"""The same import twice, polling, cancel and retry."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from django.db import connection
from rest_framework.test import APIClient

from imports.api.batches import POLL_SECONDS
from imports.engine import runner
from imports.models import ImportBatch, MetricCounter, Upload, UploadBlock, UploadChunk
from tests.conftest import ROOT, MakeUser, client_of
from tests.core.test_problems import problem_of
from tests.imports.api.helpers import (
    INVALID_ROW,
    csv_bytes,
    csv_upload,
    import_file,
    imports_url,
    post_import,
    run_batch,
    valid_rows,
)
from tests.process_helpers import wait_for
from users import tokens
from users.models import Organisation, User
from users.roles import Role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]

# --- Idempotency-Key --------------------------------------------------------------------------


def keyed(client: APIClient, organisation: Organisation, key: str, content: Any = None) -> Any:
    return post_import(client, organisation, content, headers={"Idempotency-Key": key})


def test_the_same_key_with_the_same_file_gives_the_same_batch_and_costs_nothing(
    api: APIClient, acme: Organisation
) -> None:
    first, second = keyed(api, acme, "k1"), keyed(api, acme, "k1")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert first["X-RateLimit-Remaining"] == second["X-RateLimit-Remaining"] == "9"
    assert (ImportBatch.objects.count(), Upload.objects.count()) == (1, 1)


def test_the_same_key_with_another_file_is_422(api: APIClient, acme: Organisation) -> None:
    batch = keyed(api, acme, "k1").json()
    answer = keyed(api, acme, "k1", csv_bytes(valid_rows(4)))
    assert problem_of(answer, 422, "idempotency_key_reused")["batch_id"] == batch["id"]
    assert answer["X-RateLimit-Remaining"] == "9"
    assert Upload.objects.count() == 1


def test_a_key_is_its_users_and_its_organisations_own(
    api: APIClient, acme: Organisation, globex: Organisation, root: User, make_user: MakeUser
) -> None:
    colleague = client_of(make_user("second@acme.example", Role.ADMIN, acme))
    staff = client_of(root)
    pairs = [(api, acme), (colleague, acme), (staff, acme), (staff, globex)]
    assert len({keyed(client, of, "k1").json()["id"] for client, of in pairs}) == 4


def test_a_key_whose_file_was_refused_may_come_with_the_mended_one(
    api: APIClient, acme: Organisation
) -> None:
    assert keyed(api, acme, "k1", b"no,header\n1,2\n").status_code == 400
    assert keyed(api, acme, "k1").status_code == 202


def test_a_refused_post_with_a_key_is_counted_as_a_violation(
    api: APIClient, acme: Organisation
) -> None:
    for number in range(10):
        keyed(api, acme, f"k{number}")
    assert keyed(api, acme, "k10").status_code == 429
    counter = MetricCounter.objects.get(name="csv_rate_limit_violations_total")
    assert counter.value == 1
    assert keyed(api, acme, "k9").status_code == 202  # what is there is there


def test_a_key_works_with_an_upload_id(api: APIClient, acme: Organisation) -> None:
    preview = api.post(
        f"{imports_url(acme)}/preview", {"file": csv_upload()}, format="multipart"
    ).json()
    sent, headers = {"upload_id": preview["upload_id"]}, {"Idempotency-Key": "k1"}
    ids = {api.post(imports_url(acme), sent, headers=headers).json()["id"] for _ in range(2)}
    assert len(ids) == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "ä"])
def test_a_key_that_can_not_be_kept_is_400(api: APIClient, acme: Organisation, key: str) -> None:
    headers = {"HTTP_IDEMPOTENCY_KEY": key}
    answer = api.post(imports_url(acme), {"file": csv_upload()}, format="multipart", **headers)
    problem_of(answer, 400, "invalid_option")


@pytest.mark.django_db(transaction=True)
def test_twenty_posts_of_one_key_at_once_make_one_batch_and_are_charged_once(
    server: str, admin: User, acme: Organisation
) -> None:
    access = tokens.pair(admin)["access"]
    headers = {"Authorization": f"Bearer {access}", "Idempotency-Key": "one"}

    def post(_: int) -> requests.Response:
        files = {"file": ("users.csv", csv_bytes(valid_rows(3)))}
        return requests.post(server + imports_url(acme), headers=headers, files=files, timeout=30)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 19
    assert answers[0].headers["X-RateLimit-Remaining"] == "9"
    assert (ImportBatch.objects.count(), Upload.objects.count()) == (1, 1)


# --- the same file again ----------------------------------------------------------------------


def test_the_same_file_again_is_accepted_with_a_warning_that_names_the_earlier_batch(
    api: APIClient, acme: Organisation
) -> None:
    first, second = post_import(api, acme).json(), post_import(api, acme).json()
    assert first["id"] != second["id"]
    assert first["warnings"] == []
    warning = second["warnings"][0]
    assert warning["code"] == "same_file"
    assert first["id"] in warning["message"]
    assert api.get(f"{imports_url(acme)}/{second['id']}").json()["warnings"] == second["warnings"]


def test_another_organisations_same_file_is_not_told(
    api: APIClient, acme: Organisation, other_admin: User, globex: Organisation
) -> None:
    post_import(client_of(other_admin), globex)
    assert post_import(api, acme).json()["warnings"] == []


# --- polling ----------------------------------------------------------------------------------


def test_polling_answers_304_until_something_changes(api: APIClient, acme: Organisation) -> None:
    batch_id = post_import(api, acme).json()["id"]
    path = f"{imports_url(acme)}/{batch_id}"
    first = api.get(path)
    assert first["Retry-After"] == "2"
    known = {"If-None-Match": first["ETag"]}
    again = api.get(path, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert (again["ETag"], again["Retry-After"]) == (first["ETag"], "2")
    run_batch(batch_id)
    done = api.get(path, headers=known)
    assert done.status_code == 200
    assert done["ETag"] != first["ETag"]
    assert "Retry-After" not in done


def test_the_etag_changes_with_every_chunk(
    api: APIClient, acme: Organisation, settings: Any
) -> None:
    settings.IMPORT_CHUNK_SIZE = 2
    batch_id = post_import(api, acme, csv_bytes(valid_rows(6))).json()["id"]
    path, seen = f"{imports_url(acme)}/{batch_id}", set[str]()
    for processed in (0, 2, 4, 6):
        answer = api.get(path)
        seen.add(answer["ETag"])
        assert answer.json()["processed_rows"] == processed
        assert answer.json()["progress"]["percent"] == 100 * processed // 6
        runner.run(batch_id, lambda: True)  # one chunk
    assert len(seen) == 4


def test_a_poll_without_news_reads_one_row_and_makes_no_answer_of_it(
    api: APIClient, acme: Organisation, django_assert_num_queries: Any, monkeypatch: Any
) -> None:
    path = f"{imports_url(acme)}/{post_import(api, acme).json()['id']}"
    etag = api.get(path)["ETag"]
    monkeypatch.setattr("imports.api.batches.BatchSerializer", None)
    with django_assert_num_queries(2):  # the user, the batch with its organisation
        assert api.get(path, headers={"If-None-Match": etag}).status_code == 304


def test_a_poll_without_news_tells_nothing_to_those_who_may_not_see_the_import(
    api: APIClient,
    acme: Organisation,
    globex: Organisation,
    root: User,
    viewer: User,
    other_admin: User,
    settings: Any,
) -> None:
    """The short way to a 304 lets in whom the long way lets in."""
    batch_id = post_import(api, acme).json()["id"]
    path = f"{imports_url(acme)}/{batch_id}"
    known = {"If-None-Match": api.get(path)["ETag"]}

    def status(client: APIClient, path: str = path) -> int:
        return int(client.get(path, headers=known).status_code)

    assert (status(api), status(client_of(root))) == (304, 304)
    assert status(client_of(viewer)) == 403
    assert status(client_of(other_admin)) == 404
    for client in (client_of(root), client_of(other_admin)):
        assert status(client, f"{imports_url(globex)}/{batch_id}") == 404
    settings.FEATURE_USER_MANAGEMENT = False
    assert status(api) == 503
    settings.FEATURE_USER_MANAGEMENT = True
    Organisation.objects.filter(id=acme.id).update(is_active=False)
    assert status(api) == 403


@pytest.mark.parametrize("header", ["W/{}", '"other", {}', "*"])
def test_if_none_match_is_read_as_the_standard_has_it(
    api: APIClient, acme: Organisation, header: str
) -> None:
    path = f"{imports_url(acme)}/{post_import(api, acme).json()['id']}"
    known = header.format(api.get(path)["ETag"])
    assert api.get(path, headers={"If-None-Match": known}).status_code == 304
    assert api.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_server_keeps_a_connection_for_longer_than_clients_wait_between_two_polls() -> None:
    """Else it closes it just as the next request arrives, which the client takes for a failure."""
    found = re.search(r"^keepalive = (\d+)$", (ROOT / "gunicorn.conf.py").read_text(), re.MULTILINE)
    assert found
    assert int(found[1]) > 2 * POLL_SECONDS


def test_lists_take_the_same_queries_however_long_they_are(
    api: APIClient, acme: Organisation, django_assert_num_queries: Any
) -> None:
    for _ in range(2):
        import_file(api, acme, csv_bytes([INVALID_ROW, INVALID_ROW]))
    with django_assert_num_queries(4):  # user, organisation, count, page
        api.get(imports_url(acme))
    path = f"{imports_url(acme)}/{ImportBatch.objects.all()[0].id}/errors"
    with django_assert_num_queries(5):  # and the batch
        api.get(path)


# --- cancel -----------------------------------------------------------------------------------


def test_cancelling_in_the_middle_of_a_chunk_lets_the_worker_do_no_more(
    api: APIClient, acme: Organisation, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IMPORT_CHUNK_SIZE = 2
    batch_id = post_import(api, acme, csv_bytes(valid_rows(6))).json()["id"]
    stops = iter([False, True])

    def cancel_between() -> bool:
        api.post(f"{imports_url(acme)}/{batch_id}/cancel")
        return next(stops)

    assert runner.run(batch_id, cancel_between) is runner.Result.DONE
    assert User.objects.filter(import_batch_id=batch_id).count() == 2


def test_cancelling_twice_is_no_error_and_cancelling_a_finished_one_is_409(
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
    settings.IMPORT_CHUNK_SIZE = 50  # of the rows that are staged here
    batch_id = post_import(client_of(admin), acme, csv_bytes(valid_rows(5000))).json()["id"]
    start("celery", "-A", "celery_app", "worker", "--concurrency", "1", "--loglevel", "INFO")
    wait_for(lambda: ImportBatch.objects.get(id=batch_id).processed_rows > 0)
    headers = {"Authorization": f"Bearer {tokens.pair(admin)['access']}"}
    answer = requests.post(
        f"{server}{imports_url(acme)}/{batch_id}/cancel", headers=headers, timeout=5
    )
    assert answer.json()["status"] == "cancelled"
    batch = ImportBatch.objects.get(id=batch_id)
    assert 0 < batch.processed_rows < 5000
    assert User.objects.filter(import_batch_id=batch_id).count() == batch.successful_rows


# --- retry ------------------------------------------------------------------------------------


def failed(batch_id: str) -> None:
    """What an operator does with SQL."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE import_batches SET status = 'failed', completed_at = now() WHERE id = %s",
            [batch_id],
        )


def test_a_retry_is_a_new_batch_that_names_the_old_one_and_skips_what_is_there(
    api: APIClient, acme: Organisation, settings: Any
) -> None:
    settings.IMPORT_CHUNK_SIZE = 2
    rows = [*valid_rows(4), INVALID_ROW, valid_rows(1)[0]]
    old = post_import(api, acme, csv_bytes(rows), default_role="analyst").json()
    runner.run(old["id"], lambda: True)
    failed(old["id"])
    answer = api.post(f"{imports_url(acme)}/{old['id']}/retry")
    assert answer.status_code == 202
    new = answer.json()
    assert answer["Location"].endswith(new["id"])
    assert (new["retry_of"], new["status"]) == (old["id"], "pending")
    assert (new["filename"], new["options"]) == (old["filename"], old["options"])
    batch = run_batch(new["id"])
    assert (batch.status, batch.successful_rows, batch.skipped_rows) == ("completed", 2, 2)
    assert ImportBatch.objects.get(id=old["id"]).status == "failed"


def test_while_a_retry_waits_asking_again_gives_that_one(
    api: APIClient, acme: Organisation
) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW]))
    ids = {api.post(f"{imports_url(acme)}/{batch.id}/retry").json()["id"] for _ in range(2)}
    assert len(ids) == 1
    assert UploadChunk.objects.count() == 2


def test_a_retry_costs_nothing_of_the_quota(api: APIClient, acme: Organisation) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW]))
    api.post(f"{imports_url(acme)}/{batch.id}/retry")
    assert post_import(api, acme)["X-RateLimit-Remaining"] == "8"


def test_a_blocked_user_retries_nothing(api: APIClient, acme: Organisation, admin: User) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW]))
    UploadBlock.objects.create(user=admin, reason="suspected")
    problem_of(api.post(f"{imports_url(acme)}/{batch.id}/retry"), 403, "upload_blocked")
    assert ImportBatch.objects.count() == 1


def test_a_completed_import_is_not_retried(api: APIClient, acme: Organisation) -> None:
    batch = import_file(api, acme)
    body = problem_of(api.post(f"{imports_url(acme)}/{batch.id}/retry"), 409, "retry_not_possible")
    assert "completed" in body["detail"]


def test_an_import_whose_file_is_gone_is_not_retried(api: APIClient, acme: Organisation) -> None:
    batch = import_file(api, acme, csv_bytes([INVALID_ROW]))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM import_uploads WHERE import_batch_id = %s", [batch.id])
    problem_of(api.post(f"{imports_url(acme)}/{batch.id}/retry"), 409, "retry_not_possible")
    assert ImportBatch.objects.count() == 1
