"""All error answers of the API are problem details, also those that Django makes without a view."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from core.problems import TITLES
from tests.conftest import client_of
from tests.imports.api.helpers import csv_upload, imports_url
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]


def problem_of(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The body of an error answer. Asserts that it is problem details with this status and code."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.content)
    assert body["code"] == code
    assert body["type"] == f"urn:marketedge:problem:{code}"
    assert (body["status"], body["title"]) == (status, TITLES[status])
    assert isinstance(body["detail"], str)
    assert body["detail"].endswith(".")
    return body


def test_no_token_is_401_with_a_challenge(acme: Organisation) -> None:
    answer = APIClient().get(imports_url(acme))
    problem_of(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer mek_nonsense", "Api-Key nonsense"])
def test_a_wrong_token_or_key_is_401_with_a_challenge(acme: Organisation, header: str) -> None:
    answer = APIClient().get(imports_url(acme), headers={"Authorization": header})
    is_key = "mek_" in header or "Api-Key" in header
    problem_of(answer, 401, "api_key_not_valid" if is_key else "token_not_valid")
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/api/v1/", "/api/v1/organizations/1/users/import"]
)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_unknown_url_is_404(path: str, method: str) -> None:
    problem_of(getattr(APIClient(), method)(path), 404, "not_found")


def test_a_wrong_method_is_405_and_names_the_allowed_ones(
    api: APIClient, acme: Organisation
) -> None:
    answer = api.delete(imports_url(acme))
    problem_of(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET, HEAD, POST"


def test_an_accept_header_for_something_else_is_406(api: APIClient, acme: Organisation) -> None:
    answer = api.get(imports_url(acme), headers={"Accept": "image/png"})
    problem_of(answer, 406, "not_acceptable")


def test_a_bare_csv_body_is_415(api: APIClient, acme: Organisation) -> None:
    answer = api.post(imports_url(acme), b"email\n", content_type="text/csv")
    problem_of(answer, 415, "unsupported_media_type")


def test_wrong_values_name_their_fields(api: APIClient, acme: Organisation) -> None:
    form = {"file": csv_upload(), "default_role": "boss", "send_invitations": "perhaps"}
    body = problem_of(api.post(imports_url(acme), form, format="multipart"), 400, "invalid")
    assert [error["field"] for error in body["errors"]] == ["send_invitations", "default_role"]
    assert body["detail"].startswith("send_invitations: ")


@pytest.mark.parametrize("sent", ["[]", "1", '"text"', "null", "{", '{"email": NaN}', ""])
def test_json_other_than_an_object_is_400(sent: str) -> None:
    answer = APIClient().post("/api/v1/auth/token", sent, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] in ("invalid", "parse_error")


@pytest.mark.parametrize("value", ["a\x00b", "\ud800"])
def test_characters_that_postgresql_cannot_store_are_400(value: str) -> None:
    sent = {"email": value, "password": "x"}
    answer = APIClient().post(
        "/api/v1/auth/token", json.dumps(sent), content_type="application/json"
    )
    problem_of(answer, 400, "invalid")


def test_a_broken_multipart_body_is_400(api: APIClient, acme: Organisation) -> None:
    answer = api.post(imports_url(acme), b"xx", content_type="multipart/form-data")
    problem_of(answer, 400, "parse_error")


def test_too_many_form_bytes_are_413(api: APIClient, acme: Organisation) -> None:
    form = {"file": csv_upload(), "mapping": "x" * 300_000}
    problem_of(api.post(imports_url(acme), form, format="multipart"), 413, "request_too_large")


def test_an_unknown_host_is_400(acme: Organisation) -> None:
    problem_of(
        Client().get(imports_url(acme), headers={"Host": "evil.example"}), 400, "bad_request"
    )


def test_an_unexpected_exception_is_500_and_does_not_reveal_its_message(
    admin: User, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("rest_framework.views.APIView.initial", fail)
    client = client_of(admin)
    client.raise_request_exception = False
    answer = client.get(imports_url(acme))
    problem_of(answer, 500, "internal_error")
    assert b"secret" not in answer.content


def test_a_page_of_results_that_does_not_exist_is_404(api: APIClient, acme: Organisation) -> None:
    problem_of(api.get(imports_url(acme), {"page": 99}), 404, "not_found")


@pytest.mark.parametrize(
    "wrong",
    [
        "status=done",
        "created_after=yesterday",
        "created_before=2026-13-01",
        "created_after=0001-01-01T00:00:00%2B23:00",
        "created_before=9999-12-31T23:59:59-23:00",
    ],
)
def test_a_wrong_filter_is_400(api: APIClient, acme: Organisation, wrong: str) -> None:
    problem_of(api.get(f"{imports_url(acme)}?{wrong}"), 400, "invalid")


def test_another_organisation_is_answered_like_one_that_does_not_exist(
    api: APIClient, globex: Organisation
) -> None:
    foreign, random = api.get(imports_url(globex)), api.get(imports_url(uuid4()))
    problem_of(foreign, 404, "not_found")
    assert foreign.content == random.content


def test_unknown_urls_outside_the_api_are_answered_with_a_page(client: Client) -> None:
    answer = client.get("/nothing")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")
