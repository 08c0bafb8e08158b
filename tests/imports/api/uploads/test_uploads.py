"""Files that are refused: each gets a status and a sentence, and nothing of it is stored."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from rest_framework.test import APIClient

from tests.core.test_problems import problem_of
from tests.imports.api.helpers import (
    csv_bytes,
    csv_upload,
    imports_url,
    nothing_is_stored,
    post_import,
    valid_rows,
)
from users.credentials import tokens
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
GOOD = csv_bytes(valid_rows(1))
# file, status, code, and a word that the sentence contains
REFUSED: dict[str, tuple[bytes, int, str, str]] = {
    "empty": (b"", 400, "file_empty", "empty"),
    "only a byte-order mark": (b"\xef\xbb\xbf", 400, "file_empty", "empty"),
    "a PNG named .csv": (PNG, 400, "not_csv", "CSV"),
    "a header alone": (csv_bytes([]), 400, "no_rows", "row"),
    "no column for e-mail": (csv_bytes([("A", "B")], ("first_name", "last_name")), 400,
                             "missing_column", "email"),
    "a doubled column": (csv_bytes([("a@b.example", "c@d.example", "A", "B")],
                                   ("email", "Email", "first_name", "last_name")), 400,
                         "duplicate_column", "email"),
    "a forbidden column": (csv_bytes([("a@b.example", "A", "B", "1")],
                                     ("email", "first_name", "last_name", "is_superuser")), 400,
                           "forbidden_column", "is_superuser"),
    "an unclosed quote": (GOOD + b'"a@b.example,A,B\n', 400, "csv_syntax", "3"),
    "an unknown encoding": (GOOD.replace(b"First0", b"Zo\xeb"), 400, "encoding_unknown",
                            "encoding"),
    "a NUL": (GOOD.replace(b"First0", b"Fi\0st0"), 400, "binary_content", "NUL"),
    "5,001 rows": (csv_bytes(valid_rows(5001)), 400, "too_many_rows", "5,000"),
    "one byte too many": (GOOD.ljust(10 * 1024 * 1024 + 1, b"\n"), 413, "file_too_large",
                          "10,485,760"),
}  # fmt: skip


def open_temporary_files(command: str) -> list[str]:
    """The deleted files in /tmp that processes with this in their command line hold open."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if command.encode() in (process / "cmdline").read_bytes():
                found += [os.readlink(entry) for entry in (process / "fd").iterdir()]
    return [target for target in found if target.startswith("/tmp/") and "deleted" in target]


@pytest.mark.parametrize(
    ("what", "call"),
    [
        (what, call)
        for what in REFUSED
        for call in ("", "/preview")
        if (what, call) != ("an unknown encoding", "/preview")  # a preview guesses it and warns
    ],
)
def test_a_file_that_can_not_be_imported_is_refused_and_not_stored(
    api: APIClient, acme: Organisation, what: str, call: str
) -> None:
    content, status, code, named = REFUSED[what]
    answer = api.post(imports_url(acme) + call, {"file": csv_upload(content)}, format="multipart")
    assert named.lower() in problem_of(answer, status, code)["detail"].lower()
    assert nothing_is_stored()
    assert answer["X-RateLimit-Remaining"] == ("30" if call else "10")  # it did not count


def test_a_file_of_the_largest_allowed_size_is_accepted(api: APIClient, acme: Organisation) -> None:
    content = GOOD.ljust(10 * 1024 * 1024, b"\n")
    assert post_import(api, acme, content).status_code == 202


class Unreadable:
    """A body that fails the test when it is read."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read")

    readline = read


@pytest.mark.parametrize("is_session", [False, True])
def test_a_length_that_is_too_large_is_refused_before_the_body_is_read(
    api: APIClient, admin: User, acme: Organisation, is_session: bool
) -> None:
    client = APIClient(enforce_csrf_checks=True) if is_session else api
    if is_session:
        client.force_login(admin)
        client.cookies["csrftoken"] = "a" * 32  # the check reads the form for its token first
    length = {"CONTENT_LENGTH": str(50 * 1024 * 1024), "wsgi.input": Unreadable()}
    kind = "multipart/form-data; boundary=XX"
    answer = client.generic("POST", imports_url(acme), b"", content_type=kind, **length)
    problem_of(answer, 413, "file_too_large")
    assert answer["X-RateLimit-Remaining"] == "10"


def test_the_size_limit_holds_for_all_files_together(
    api: APIClient, acme: Organisation, settings: Any
) -> None:
    settings.MAX_FILE_SIZE = 1000
    form = {"file": csv_upload(b"x" * 600), "other": csv_upload(b"x" * 600)}
    answer = api.post(imports_url(acme), form, format="multipart")
    problem_of(answer, 413, "file_too_large")
    assert nothing_is_stored()


def test_a_request_without_a_file_is_400_and_names_what_was_sent(
    api: APIClient, acme: Organisation
) -> None:
    for sent in ({}, {"upload": csv_upload()}, {"file": "text"}):
        problem_of(api.post(imports_url(acme), sent, format="multipart"), 400, "file_required")
    assert (
        "upload"
        in api.post(imports_url(acme), {"upload": csv_upload()}, format="multipart").json()[
            "detail"
        ]
    )
    problem_of(api.post(imports_url(acme)), 400, "file_required")
    problem_of(
        api.post(f"{imports_url(acme)}/preview", {}, format="multipart"), 400, "file_required"
    )


def test_an_unknown_upload_id_is_404(api: APIClient, acme: Organisation) -> None:
    problem_of(api.post(imports_url(acme), {"upload_id": str(uuid4())}), 404, "not_found")


def test_a_preview_guesses_an_unknown_encoding_and_warns(
    api: APIClient, acme: Organisation
) -> None:
    content = csv_bytes(valid_rows(3)).replace(b"First1", "Zoë".encode("windows-1252"))
    body = api.post(
        f"{imports_url(acme)}/preview", {"file": csv_upload(content)}, format="multipart"
    ).json()
    assert body["warning_count"] > 0
    assert any("encoding" in warning["code"] for warning in body["warnings"])
    answer = api.post(imports_url(acme), {"upload_id": body["upload_id"]})
    assert answer.status_code == 202


def test_a_preview_lists_100_errors_and_counts_all(api: APIClient, acme: Organisation) -> None:
    nameless = [(f"no{n}@name.example", "", "", "viewer", "", "") for n in range(150)]
    file = csv_upload(csv_bytes(nameless))
    body = api.post(f"{imports_url(acme)}/preview", {"file": file}, format="multipart").json()
    assert (body["failed_rows"], body["error_count"], len(body["errors"])) == (150, 300, 100)


def test_dangerous_file_names_are_made_harmless(api: APIClient, acme: Organisation) -> None:
    names = {
        "../../etc/passwd.csv": "passwd.csv",
        '"><img src=x>.csv': None,
        "x" * 300 + ".csv": None,
    }
    for name, shown in names.items():
        answer = api.post(imports_url(acme), {"file": csv_upload(name=name)}, format="multipart")
        assert answer.status_code == 202
        assert len(answer.json()["filename"]) <= 255
        assert shown in (None, answer.json()["filename"])


# --- through a real server --------------------------------------------------------------------


class RawClient:
    """Sends multipart bodies without a length, and bodies that end too early."""

    def __init__(self, server: str, user: User, organisation: Organisation) -> None:
        self.url = server + imports_url(organisation)
        self.headers = {
            "Authorization": f"Bearer {tokens.pair(user)['access']}",
            "Content-Type": "multipart/form-data; boundary=XX",
        }

    @staticmethod
    def body(content: bytes, *, is_cut: bool = False) -> Iterator[bytes]:
        """The body in pieces; `is_cut`: without the last boundary."""
        part = 'Content-Disposition: form-data; name="file"; filename="users.csv"'
        yield f"--XX\r\n{part}\r\nContent-Type: text/csv\r\n\r\n".encode()
        for start in range(0, len(content), 65536):
            yield content[start : start + 65536]
        if not is_cut:
            yield b"\r\n--XX--\r\n"

    def chunked(self, content: bytes, **how: Any) -> requests.Response:
        """Sends the body chunked, without a Content-Length."""
        return requests.post(
            self.url, headers=self.headers, data=self.body(content, **how), timeout=30
        )

    def cut(self, content: bytes) -> bytes:
        """Sends only half of what Content-Length says; gives the raw answer."""
        whole = b"".join(self.body(content))
        host, _, path = self.url.removeprefix("http://").partition("/")
        lines = [f"POST /{path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(whole)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        name, _, port = host.partition(":")
        with socket.create_connection((name, int(port)), timeout=30) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + whole[: len(whole) // 2])
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(partial(connection.recv, 65536), b""))


@pytest.mark.django_db(transaction=True)
def test_a_real_server_refuses_large_and_incomplete_bodies_and_stores_nothing(
    server: str, admin: User, acme: Organisation
) -> None:
    client = RawClient(server, admin, acme)
    large = b"x" * (12 * 1024 * 1024)
    honest = requests.post(
        client.url, headers={"Authorization": client.headers["Authorization"]},
        files={"file": ("users.csv", large)}, timeout=30,
    )  # fmt: skip
    for answer in (honest, client.chunked(large)):
        assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
        assert answer.headers["X-RateLimit-Remaining"] == "10"
    assert client.chunked(GOOD, is_cut=True).json()["code"] == "upload_incomplete"
    assert b"upload_incomplete" in client.cut(csv_bytes(valid_rows(2000)))
    assert nothing_is_stored()
    assert open_temporary_files(server.removeprefix("http://")) == []
    assert client.chunked(GOOD).status_code == 202  # a complete body without a length is accepted
