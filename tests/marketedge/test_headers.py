"""The headers that protect the reader of an answer stand on every answer of the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path

from marketedge import urls
from tests.imports.admin.helpers import admin_client
from users.models import User

pytestmark = pytest.mark.django_db
STATIC = "/static/admin/css/base.css"

POLICY = [
    "base-uri 'none'",
    "default-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "img-src 'self' data:",
    "object-src 'none'",
]
AN_ID = "00000000-0000-4000-8000-000000000000"  # the same in each process that runs tests


def routes(resolver: URLResolver, prefix: str = "/") -> Iterator[str]:
    """Gives a path for each URL of the service. All objects have ids that do not exist."""
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern).lstrip("^").replace("$", "")
        if isinstance(entry, URLResolver):
            yield from routes(entry, route)
        elif isinstance(entry, URLPattern) and "(?P" not in route:
            yield "".join(AN_ID if "<" in part else part for part in _parts(route))


def _parts(route: str) -> list[str]:
    return route.replace("<", "\0<").replace(">", ">\0").split("\0")


PATHS = sorted(set(routes(get_resolver())))


def check(response: HttpResponse) -> None:
    """Checks the headers of an answer that is no static file."""
    assert sorted(response["Content-Security-Policy"].split("; ")) == POLICY
    assert "no-store" in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    assert "Server" not in response


def test_the_paths_of_this_test_are_those_of_the_service() -> None:
    assert {"/healthz", "/api/v1/schema", "/api/v1/docs", "/admin/login/", "/admin/"} <= set(PATHS)
    assert len(PATHS) > 50


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", [*PATHS, "/nothing", "/api/v1/nothing"])
def test_every_answer_has_the_headers(path: str, method: str, root: User) -> None:
    anonymous = Client(raise_request_exception=False)
    for client in (anonymous, admin_client(root, raise_request_exception=False)):
        response = getattr(client, method)(path)
        assert response.status_code != 500
        check(response)


def fails(request: HttpRequest) -> HttpResponse:
    """A view with a bug."""
    raise ZeroDivisionError


class Urls:
    """The URLs of the service, and two that fail."""

    urlpatterns = (
        path("fails", fails),
        path("api/v1/fails", fails),
        *urls.urlpatterns,
    )
    handler500 = urls.handler500


@pytest.mark.parametrize("failing", ["/fails", "/api/v1/fails"])
def test_an_unexpected_error_has_the_headers(settings: Any, failing: str) -> None:
    settings.ROOT_URLCONF = Urls
    response = Client(raise_request_exception=False).get(failing)
    assert response.status_code == 500
    check(response)


def test_a_body_that_is_too_large_is_refused_with_the_headers(client: Client) -> None:
    response = client.post("/admin/login/", b"x" * 1_100_000, content_type="text/plain")
    assert response.status_code == 413
    check(response)


def test_static_files_may_be_kept_and_have_the_policy(client: Client) -> None:
    response = client.get(STATIC)
    b"".join(response)  # closes the file
    assert "max-age" in response["Cache-Control"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
