"""JSON bodies that DRF's own parser answers with an unexpected exception."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.core.test_problems import problem_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]

PATHS = ("/api/v1/auth/token", "/api/v1/auth/refresh")


def post(path: str, body: bytes, charset: str = "utf-8") -> Any:
    """Posts a body without credentials. The client does not raise exceptions of the view."""
    client = APIClient(raise_request_exception=False)
    return client.generic("POST", path, body, content_type=f"application/json; charset={charset}")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_deeply_nested_json_is_400(path: str, opening: bytes) -> None:
    assert (
        "nested too deeply"
        in problem_of(post(path, opening * 20_000), 400, "parse_error")["detail"]
    )


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("charset", ["base64", "rot13", "idna", "hex", "utf-16", "nonsense"])
def test_the_charset_of_json_is_ignored(path: str, charset: str) -> None:
    problem_of(post(path, b"{}", charset), 400, "invalid")  # read, and its members are missing
