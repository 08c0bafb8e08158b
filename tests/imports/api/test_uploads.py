"""Files that can't be imported: each gets a status and a sentence, and leaves nothing behind."""

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
from django.db.utils import OperationalError
from rest_framework.test import APIClient

from imports.models import ImportBatch, Upload, UploadBlock, UploadChunk
from tests.conftest import client_of
from tests.core.test_problems import problem_of
from tests.imports.api.helpers import (
    INVALID_ROW,
    csv_bytes,
    csv_upload,
    imports_url,
    post_import,
    valid_rows,
)
from users import tokens
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
GOOD = csv_bytes(valid_rows(1))
# file, status, code, and what the sentence has to name
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


def nothing_left() -> bool:
    """No upload, no chunk, no batch."""
    tables = (Upload, UploadChunk, ImportBatch)
    return not any(model._default_manager.exists() for model in tables)


def files_without_a_name(command: str) -> list[str]:
    """What processes of this command line hold open of them."""
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
        if (what, call) != ("an unknown encoding", "/preview")  # it guesses, and says so
    ],
)
def test_a_file_that_can_not_be_imported_is_refused_in_words_and_leaves_nothing(
    api: APIClient, acme: Organisation, what: str, call: str
) -> None:
    content, status, code, named = REFUSED[what]
    answer = api.post(imports_url(acme) + call, {"file": csv_upload(content)}, format="multipart")
    assert named.lower() in problem_of(answer, status, code)["detail"].lower()
    assert nothing_left()
    assert answer["X-RateLimit-Remaining"] == ("30" if call else "10")  # it cost nothing


def test_a_file_of_exactly_the_largest_size_is_taken(api: APIClient, acme: Organisation) -> None:
    content = GOOD.ljust(10 * 1024 * 1024, b"\n")
    assert post_import(api, acme, content).status_code == 202


class Unreadable:
    """A body that nobody may look at."""

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
        client.cookies["csrftoken"] = "a" * 32  # the check looks for its twin in the form first
    length = {"CONTENT_LENGTH": str(50 * 1024 * 1024), "wsgi.input": Unreadable()}
    kind = "multipart/form-data; boundary=XX"
    answer = client.generic("POST", imports_url(acme), b"", content_type=kind, **length)
    problem_of(answer, 413, "file_too_large")
    assert answer["X-RateLimit-Remaining"] == "10"


def test_two_files_are_not_twice_as_much(api: APIClient, acme: Organisation, settings: Any) -> None:
    settings.MAX_FILE_SIZE = 1000
    form = {"file": csv_upload(b"x" * 600), "other": csv_upload(b"x" * 600)}
    answer = api.post(imports_url(acme), form, format="multipart")
    problem_of(answer, 413, "file_too_large")
    assert nothing_left()


def test_no_file_is_400_and_says_what_there_is_in_its_place(
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


def test_a_file_and_an_upload_id_are_one_too_many(api: APIClient, acme: Organisation) -> None:
    answer = post_import(api, acme, upload_id=str(uuid4()))
    problem_of(answer, 400, "invalid_option")


def test_what_a_preview_settled_is_not_changed_silently(api: APIClient, acme: Organisation) -> None:
    preview = api.post(
        f"{imports_url(acme)}/preview", {"file": csv_upload()}, format="multipart"
    ).json()
    sent = {"upload_id": preview["upload_id"], "encoding": "windows-1252"}
    body = problem_of(api.post(imports_url(acme), sent), 400, "invalid_option")
    assert "encoding" in body["detail"]


def test_an_unknown_upload_id_is_404(api: APIClient, acme: Organisation) -> None:
    problem_of(api.post(imports_url(acme), {"upload_id": str(uuid4())}), 404, "not_found")


@pytest.mark.parametrize("mapping", ["[]", "{", "1", '{"email": 1}', '"x"', "[" * 5000])
def test_a_mapping_that_is_none_is_400(api: APIClient, acme: Organisation, mapping: str) -> None:
    body = problem_of(post_import(api, acme, mapping=mapping), 400, "invalid")
    assert body["errors"][0]["field"] == "mapping"


def test_a_mapping_of_ones_own_is_used_and_shown(api: APIClient, acme: Organisation) -> None:
    rows = [("a@new.example", "A", "B")]
    file = csv_upload(csv_bytes(rows, ("Contact", "first_name", "last_name")))
    form = {"file": file, "mapping": '{"email": "Contact"}'}
    body = api.post(f"{imports_url(acme)}/preview", form, format="multipart").json()
    assert body["file"]["mapping"]["email"] == "Contact"
    assert body["file"]["columns"][0] == {
        "header": "Contact", "field": "email", "examples": ["a@new.example"]
    }  # fmt: skip


def test_a_preview_reads_an_unknown_encoding_as_the_likeliest_and_warns(
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


def test_options_of_a_preview_change_what_it_says(
    api: APIClient, acme: Organisation, admin: User
) -> None:
    rows = [(admin.email, "A", "B", "", "", "")]
    path = f"{imports_url(acme)}/preview?skip_duplicates=false&default_role=admin"
    rows += valid_rows(1)
    body = api.post(path, {"file": csv_upload(csv_bytes(rows))}, format="multipart").json()
    assert (body["duplicate_count"], body["error_count"]) == (0, 1)
    assert body["error_codes"] == {"already_exists": 1}


def test_lists_of_a_preview_are_cut_and_its_counts_are_not(
    api: APIClient, acme: Organisation
) -> None:
    file = csv_upload(csv_bytes([INVALID_ROW] * 150))
    body = api.post(f"{imports_url(acme)}/preview", {"file": file}, format="multipart").json()
    assert (body["failed_rows"], body["error_count"], len(body["errors"])) == (150, 450, 100)


def test_a_name_for_a_file_that_would_do_harm_is_only_a_name(
    api: APIClient, acme: Organisation
) -> None:
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


# --- what the quota says ----------------------------------------------------------------------


def test_every_answer_to_an_upload_tells_what_is_left(
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


def test_the_eleventh_import_is_429_with_a_time_to_wait(api: APIClient, acme: Organisation) -> None:
    left = [int(post_import(api, acme)["X-RateLimit-Remaining"]) for _ in range(10)]
    assert left == list(range(9, -1, -1))
    refused = post_import(api, acme)
    body = problem_of(refused, 429, "quota_exceeded")
    assert body["limit"] == 10
    assert body["retry_after_seconds"] == int(refused["Retry-After"])
    assert refused["X-RateLimit-Remaining"] == "0"
    assert ImportBatch.objects.count() == 10


def test_a_block_is_403_and_says_nothing_of_its_reason(
    api: APIClient, admin: User, acme: Organisation
) -> None:
    UploadBlock.objects.create(user=admin, reason="suspected")
    answer = post_import(api, acme)
    problem_of(answer, 403, "upload_blocked")
    assert b"suspected" not in answer.content
    assert nothing_left()


def test_an_import_that_the_database_did_not_take_costs_nothing(
    api: APIClient, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("server closed the connection")

    with monkeypatch.context() as patch:
        patch.setattr("imports.api.submission.actions.submit", away)
        answer = post_import(api, acme)
    problem_of(answer, 503, "database_unavailable")
    assert answer["Retry-After"] == "5"
    assert post_import(api, acme)["X-RateLimit-Remaining"] == "9"


# --- through a real server --------------------------------------------------------------------


class Wire:
    """Sends multipart bodies as no well-behaved client would."""

    def __init__(self, server: str, user: User, organisation: Organisation) -> None:
        self.url = server + imports_url(organisation)
        self.headers = {
            "Authorization": f"Bearer {tokens.pair(user)['access']}",
            "Content-Type": "multipart/form-data; boundary=XX",
        }

    @staticmethod
    def body(content: bytes, *, is_cut: bool = False) -> Iterator[bytes]:
        """In pieces, and perhaps without its end."""
        part = 'Content-Disposition: form-data; name="file"; filename="users.csv"'
        yield f"--XX\r\n{part}\r\nContent-Type: text/csv\r\n\r\n".encode()
        for start in range(0, len(content), 65536):
            yield content[start : start + 65536]
        if not is_cut:
            yield b"\r\n--XX--\r\n"

    def chunked(self, content: bytes, **how: Any) -> requests.Response:
        """Without a Content-Length."""
        return requests.post(
            self.url, headers=self.headers, data=self.body(content, **how), timeout=30
        )

    def cut(self, content: bytes) -> bytes:
        """A Content-Length of which only half comes."""
        whole = b"".join(self.body(content))
        host, _, path = self.url.removeprefix("http://").partition("/")
        lines = [f"POST /{path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(whole)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        name, _, port = host.partition(":")
        with socket.create_connection((name, int(port)), timeout=30) as wire:
            wire.sendall("\r\n".join([*lines, "", ""]).encode() + whole[: len(whole) // 2])
            wire.shutdown(socket.SHUT_WR)
            return b"".join(iter(partial(wire.recv, 65536), b""))


@pytest.mark.django_db(transaction=True)
def test_a_real_server_cuts_off_what_is_too_large_and_keeps_nothing_of_what_is_cut_off(
    server: str, admin: User, acme: Organisation
) -> None:
    wire = Wire(server, admin, acme)
    large = b"x" * (12 * 1024 * 1024)
    honest = requests.post(
        wire.url, headers={"Authorization": wire.headers["Authorization"]},
        files={"file": ("users.csv", large)}, timeout=30,
    )  # fmt: skip
    for answer in (honest, wire.chunked(large)):
        assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
        assert answer.headers["X-RateLimit-Remaining"] == "10"
    assert wire.chunked(GOOD, is_cut=True).json()["code"] == "upload_incomplete"
    assert b"upload_incomplete" in wire.cut(csv_bytes(valid_rows(2000)))
    assert nothing_left()
    assert files_without_a_name(server.removeprefix("http://")) == []
    assert wire.chunked(GOOD).status_code == 202  # which is no fault of its own
