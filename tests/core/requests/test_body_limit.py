"""No route but those for uploads takes a large body: it is refused before it is read."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

MULTIPART = "multipart/form-data; boundary=x"


def answer_to_headers(server_url: str, path: str, length: int, body: bytes = b"") -> bytes:
    """The answer to a POST of which only this part of the body is sent."""
    url = urlsplit(server_url)
    head = f"POST {path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n"
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.sendall(
            f"{head}Content-Type: {MULTIPART}\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        connection.sendall(body)
        with connection.makefile("rb") as answer:
            return answer.read()


@pytest.mark.parametrize(
    "path", ["/admin/login/", "/api/v1/auth/token", "/api/v1/me", "/healthz", "/nowhere"]
)
def test_a_large_body_is_refused_before_it_is_sent(shared_server: str, path: str) -> None:
    answer = answer_to_headers(shared_server, path, settings.MAX_BODY_BYTES + 1)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"1,048,576 bytes" in answer or b"request_too_large" in answer


def test_a_body_of_the_allowed_size_reaches_the_view(db: None) -> None:
    answer = Client().post("/admin/login/", {"username": "a" * 100_000, "password": "b"})
    assert answer.status_code == 200


def test_upload_routes_have_limits_of_their_own(shared_server: str) -> None:
    organisation = "00000000-0000-0000-0000-000000000000"
    path = f"/api/v1/organizations/{organisation}/users/import"
    size = settings.MAX_FILE_SIZE  # the server receives it whole before it asks the view
    answer = answer_to_headers(shared_server, path, size, bytes(size))
    assert answer.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("length", ["-1", "x", "1e9", "٣"])
def test_a_length_that_is_no_number_is_refused(length: str, db: None) -> None:
    answer = Client().post("/api/v1/auth/token", CONTENT_LENGTH=length)
    assert answer.status_code == 413
