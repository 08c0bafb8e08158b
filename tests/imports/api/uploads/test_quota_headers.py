"""The quota as the API reports it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.utils import OperationalError
from rest_framework.test import APIClient

from imports.models import ImportBatch, UploadBlock
from tests.conftest import client_of
from tests.core.test_problems import problem_of
from tests.imports.api.helpers import (
    imports_url,
    nothing_is_stored,
    post_import,
)
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]


def test_every_answer_to_an_upload_has_the_quota_headers(
    api: APIClient, acme: Organisation, globex: Organisation, viewer: User, settings: Any
) -> None:
    answers = [
        post_import(api, acme),
        post_import(api, acme, b""),
        api.post(imports_url(acme), b"", content_type="text/csv"),
        api.post(f"{imports_url(acme)}/preview", {}, format="multipart"),
        post_import(api, globex),
        post_import(client_of(viewer), acme),
    ]
    settings.FEATURE_USER_MANAGEMENT = False
    answers.append(post_import(api, acme))
    for answer in answers:
        names = {name for name in answer.headers if name.startswith("X-RateLimit-")}
        assert len(names) == 3, answer.content
    assert "X-RateLimit-Limit" not in api.get(imports_url(acme))


def test_the_eleventh_import_is_429_with_retry_after(api: APIClient, acme: Organisation) -> None:
    left = [int(post_import(api, acme)["X-RateLimit-Remaining"]) for _ in range(10)]
    assert left == list(range(9, -1, -1))
    refused = post_import(api, acme)
    body = problem_of(refused, 429, "quota_exceeded")
    assert body["limit"] == 10
    assert body["retry_after_seconds"] == int(refused["Retry-After"])
    assert refused["X-RateLimit-Remaining"] == "0"
    assert ImportBatch.objects.everywhere().count() == 10


def test_a_blocked_user_gets_403_without_the_reason(
    api: APIClient, admin: User, acme: Organisation
) -> None:
    UploadBlock.objects.create(user=admin, reason="suspected")
    answer = post_import(api, acme)
    problem_of(answer, 403, "upload_blocked")
    assert b"suspected" not in answer.content
    assert nothing_is_stored()


def test_an_import_does_not_count_if_the_database_fails(
    api: APIClient, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("server closed the connection")

    with monkeypatch.context() as patch:
        patch.setattr("imports.api.uploads.submission.actions.submit", fail)
        answer = post_import(api, acme)
    problem_of(answer, 503, "database_unavailable")
    assert answer["Retry-After"] == "5"
    assert post_import(api, acme)["X-RateLimit-Remaining"] == "9"
