"""Idempotency-Key, and the same file twice without one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from rest_framework.test import APIClient

from imports.models import ImportBatch, MetricCounter, Upload
from tests.conftest import MakeUser, client_of
from tests.core.test_problems import problem_of
from tests.imports.api.helpers import (
    csv_bytes,
    csv_upload,
    imports_url,
    post_import,
    valid_rows,
)
from users.credentials import tokens
from users.models import Organisation, User
from users.rights.roles import Role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]


def post_with_key(
    client: APIClient, organisation: Organisation, key: str, content: Any = None
) -> Any:
    return post_import(client, organisation, content, headers={"Idempotency-Key": key})


def test_the_same_key_and_file_give_the_same_batch_and_count_once(
    api: APIClient, acme: Organisation
) -> None:
    first, second = post_with_key(api, acme, "k1"), post_with_key(api, acme, "k1")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert first["X-RateLimit-Remaining"] == second["X-RateLimit-Remaining"] == "9"
    assert (ImportBatch.objects.everywhere().count(), Upload.objects.everywhere().count()) == (1, 1)


def test_the_same_key_with_another_file_is_422(api: APIClient, acme: Organisation) -> None:
    batch = post_with_key(api, acme, "k1").json()
    answer = post_with_key(api, acme, "k1", csv_bytes(valid_rows(4)))
    assert problem_of(answer, 422, "idempotency_key_reused")["batch_id"] == batch["id"]
    assert answer["X-RateLimit-Remaining"] == "9"
    assert Upload.objects.everywhere().count() == 1


def test_a_key_belongs_to_one_user_and_one_organisation(
    api: APIClient, acme: Organisation, globex: Organisation, root: User, make_user: MakeUser
) -> None:
    colleague = client_of(make_user("second@acme.example", Role.ADMIN, acme))
    staff = client_of(root)
    pairs = [(api, acme), (colleague, acme), (staff, acme), (staff, globex)]
    assert len({post_with_key(client, of, "k1").json()["id"] for client, of in pairs}) == 4


def test_after_a_refused_file_the_key_can_be_used_for_the_corrected_one(
    api: APIClient, acme: Organisation
) -> None:
    assert post_with_key(api, acme, "k1", b"no,header\n1,2\n").status_code == 400
    assert post_with_key(api, acme, "k1").status_code == 202


def test_a_request_with_a_key_over_the_quota_is_counted_as_a_violation(
    api: APIClient, acme: Organisation
) -> None:
    for number in range(10):
        post_with_key(api, acme, f"k{number}")
    assert post_with_key(api, acme, "k10").status_code == 429
    counter = MetricCounter.objects.get(name="csv_rate_limit_violations_total")
    assert counter.value == 1
    assert (
        post_with_key(api, acme, "k9").status_code == 202
    )  # an existing batch is given at any time


def test_a_key_works_with_an_upload_id(api: APIClient, acme: Organisation) -> None:
    preview = api.post(
        f"{imports_url(acme)}/preview", {"file": csv_upload()}, format="multipart"
    ).json()
    sent, headers = {"upload_id": preview["upload_id"]}, {"Idempotency-Key": "k1"}
    ids = {api.post(imports_url(acme), sent, headers=headers).json()["id"] for _ in range(2)}
    assert len(ids) == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "ä"])
def test_an_invalid_key_is_400(api: APIClient, acme: Organisation, key: str) -> None:
    headers = {"HTTP_IDEMPOTENCY_KEY": key}
    answer = api.post(imports_url(acme), {"file": csv_upload()}, format="multipart", **headers)
    problem_of(answer, 400, "invalid_option")


@pytest.mark.django_db(transaction=True)
def test_twenty_concurrent_requests_with_one_key_make_one_batch_and_count_once(
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
    assert (ImportBatch.objects.everywhere().count(), Upload.objects.everywhere().count()) == (1, 1)


def test_the_same_file_again_gets_a_warning_that_names_the_earlier_batch(
    api: APIClient, acme: Organisation
) -> None:
    first, second = post_import(api, acme).json(), post_import(api, acme).json()
    assert first["id"] != second["id"]
    assert first["warnings"] == []
    warning = second["warnings"][0]
    assert warning["code"] == "same_file"
    assert first["id"] in warning["message"]
    assert api.get(f"{imports_url(acme)}/{second['id']}").json()["warnings"] == second["warnings"]


def test_the_same_file_of_another_organisation_gets_no_warning(
    api: APIClient, acme: Organisation, other_admin: User, globex: Organisation
) -> None:
    post_import(client_of(other_admin), globex)
    assert post_import(api, acme).json()["warnings"] == []


# --- the same key with other options ------------------------------------------------------------


def test_the_same_key_with_another_option_is_422_and_names_it(
    api: APIClient, acme: Organisation
) -> None:
    headers = {"Idempotency-Key": "k1"}
    batch = post_import(api, acme, headers=headers, default_role="analyst").json()
    others: list[dict[str, Any]] = [
        {"default_role": "viewer"},
        {"default_role": "analyst", "skip_duplicates": "false"},
        {"default_role": "analyst", "send_invitations": "false"},
        {"default_role": "analyst", "encoding": "utf-8"},
        {"default_role": "analyst", "delimiter": ","},
        {"default_role": "analyst", "sheet": "Sheet1"},
        {"default_role": "analyst", "mapping": '{"role": ""}'},
        {},
    ]
    for options in others:
        answer = post_import(api, acme, headers=headers, **options)
        problem = problem_of(answer, 422, "idempotency_key_reused")
        assert problem["batch_id"] == batch["id"]
        changed = [name for name in options if name != "default_role"] or ["default_role"]
        assert f"another {changed[0]} before" in problem["detail"]
    assert (ImportBatch.objects.everywhere().count(), Upload.objects.everywhere().count()) == (1, 1)
    again = post_import(api, acme, headers=headers, default_role="analyst")
    assert (again.json()["id"], again["Idempotency-Replayed"]) == (batch["id"], "true")


def test_a_default_that_is_given_equals_one_that_is_left_out(
    api: APIClient, acme: Organisation
) -> None:
    defaults = {"send_invitations": "true", "skip_duplicates": "true", "default_role": "viewer"}
    headers = {"Idempotency-Key": "k1"}
    forms: list[dict[str, Any]] = [{}, defaults, {"default_role": "viewer", "encoding": ""}]
    answers = [post_import(api, acme, headers=headers, **form) for form in forms]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_the_same_key_with_another_preview_is_422(api: APIClient, acme: Organisation) -> None:
    url, headers = imports_url(acme), {"Idempotency-Key": "k1"}

    def preview(**options: str) -> str:
        form = {"file": csv_upload(), **options}
        body = api.post(f"{url}/preview", form, format="multipart").json()
        return str(body["upload_id"])

    first, second = preview(), preview(mapping='{"role": ""}')
    assert api.post(url, {"upload_id": first}, headers=headers).status_code == 202
    answer = api.post(url, {"upload_id": second}, headers=headers)
    assert "upload_id" in problem_of(answer, 422, "idempotency_key_reused")["detail"]


def test_a_batch_whose_options_were_not_kept_is_compared_by_its_file(
    api: APIClient, acme: Organisation
) -> None:
    headers = {"Idempotency-Key": "k1"}
    batch = post_import(api, acme, headers=headers).json()
    ImportBatch.objects.everywhere().update(
        idempotency_request=None
    )  # as the version before left it
    again = post_import(api, acme, headers=headers, skip_duplicates="false")
    assert again.json()["id"] == batch["id"]
