"""Forms in any charset, without credentials: a clear answer and never an unexpected exception."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]

ORGANISATION = "00000000-0000-0000-0000-000000000000"
IMPORTS = f"/api/v1/organizations/{ORGANISATION}/users/import"
PATHS = ("/admin/login/", "/api/v1/auth/token", IMPORTS, f"{IMPORTS}/preview", "/admin/")
MULTIPART = "multipart/form-data; boundary=x"
CHARSETS = ("base64", "rot13", "idna", "punycode", "hex", "zlib", "utf-16", "utf-7", "none", "é")


def post(path: str, body: bytes, content_type: str) -> Any:
    """Posts a form. The client does not raise exceptions of the view."""
    client = Client(raise_request_exception=False)
    return client.generic("POST", path, body, content_type=content_type)


def multipart(disposition: str, charset: str = "utf-8") -> bytes:
    """A form of one part, with this Content-Disposition and a charset of its own."""
    head = f"Content-Disposition: form-data; {disposition}\r\nContent-Type: text/csv; "
    return f"--x\r\n{head}charset={charset}\r\n\r\n\u00e9\u00fc\r\n--x--\r\n".encode()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("charset", CHARSETS)
def test_a_charset_of_a_form_is_never_an_unexpected_exception(path: str, charset: str) -> None:
    fields = multipart('name="username"', charset)
    for body, kind in (
        (fields, f"multipart/form-data; boundary=x; charset={charset}"),
        (
            multipart(f"name=\"file\"; filename*={charset}''x.csv", charset),
            "multipart/form-data; boundary=x",
        ),
        (b"username=%C3%A9", f"application/x-www-form-urlencoded; charset={charset}"),
    ):
        assert post(path, body, kind).status_code < 500, (body, kind)


def test_random_bodies_are_never_an_unexpected_exception() -> None:
    source = random.Random(7)
    pieces = [b"--x", b"\r\n", b"Content-Disposition: form-data; ", b'name="', b'file"']
    pieces += [b"filename*=", b"rot13''", b"\xff\xfe", b"\0", b"; charset=base64", b"--x--"]
    pieces += [b"[" * 3000, b"%", b"="]
    kinds = [MULTIPART, "application/json", "application/x-www-form-urlencoded"]
    for _ in range(300):
        body = b"".join(source.choices(pieces, k=source.randint(1, 20)))
        path, kind = source.choice(PATHS), source.choice(kinds)
        assert post(path, body, kind).status_code < 500, (path, kind, body)
