"""A file is read before the transaction that stores it begins, so that a slow one holds nothing."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from rest_framework.test import APIClient

from imports import actions, uploads
from imports.models import ImportBatch
from tests.conftest import client_of
from tests.imports.admin.helpers import admin_client, upload
from tests.imports.api.helpers import (
    csv_bytes,
    csv_upload,
    imports_url,
    post_import,
    valid_rows,
)
from users.models import Organisation, User

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("patient_redis"),
]


class WatchedFile(io.BytesIO):
    """A file that calls a function whenever it is read."""

    def __init__(self, content: bytes, on_read: Callable[[], None]) -> None:
        super().__init__(content)
        self._on_read = on_read

    def read(self, size: int | None = -1) -> bytes:
        self._on_read()
        return super().read(size)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether a transaction was open at each read of an uploaded file."""
    found: list[bool] = []
    content_of = uploads.content_of

    def watched(file: Any) -> io.BytesIO:
        return WatchedFile(
            content_of(file).read(), lambda: found.append(connection.in_atomic_block)
        )

    monkeypatch.setattr(uploads, "content_of", watched)
    return found


def preview(client: APIClient, organisation: Organisation) -> Any:
    return client.post(
        f"{imports_url(organisation)}/preview", {"file": csv_upload()}, format="multipart"
    )


@pytest.mark.parametrize(
    "post",
    [
        post_import,
        lambda api, acme: post_import(api, acme, headers={"Idempotency-Key": "k1"}),
        preview,
    ],
    ids=["import", "import with a key", "preview"],
)
def test_no_transaction_is_open_while_an_upload_is_read(
    post: Callable[[APIClient, Organisation], Any],
    api: APIClient,
    acme: Organisation,
    reads: list[bool],
) -> None:
    assert post(api, acme).status_code in (200, 202)
    assert reads
    assert not any(reads[1:])  # the first read is that of the hash


def test_no_transaction_is_open_while_the_admin_reads_an_upload(
    admin: User, acme: Organisation, reads: list[bool]
) -> None:
    assert upload(admin_client(admin), acme).status_code == 200
    assert reads
    assert not any(reads)


@pytest.mark.parametrize("options", [{"dry_run": True}, {}])
def test_no_transaction_is_open_while_the_command_reads_a_file(
    options: dict[str, Any], acme: Organisation, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes(csv_bytes(valid_rows(3)))
    found: list[bool] = []
    name = "read_for_preview" if options else "read_for_import"
    read = getattr(actions, name)

    def watched(file: Any, **given: Any) -> Any:
        content = WatchedFile(file.read(), lambda: found.append(connection.in_atomic_block))
        return read(content, **given)

    monkeypatch.setattr(actions, name, watched)
    call_command("import_users", str(path), organization=str(acme.id), **options)
    assert found
    assert not any(found)


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """The first upload stops while it is read: (it has begun, it may go on)."""
    begun, may_go_on = threading.Event(), threading.Event()
    content_of = uploads.content_of

    def watched(file: Any) -> io.BytesIO:
        def on_read() -> None:
            if not begun.is_set():
                begun.set()
                may_go_on.wait(30)

        return WatchedFile(content_of(file).read(), on_read)

    monkeypatch.setattr("imports.engine.staged.file_reading._sha256", lambda file: "0" * 64)
    monkeypatch.setattr("imports.uploads.sha256_of", lambda file: "0" * 64)
    monkeypatch.setattr(uploads, "content_of", watched)
    yield begun, may_go_on
    may_go_on.set()


def posted(user: User, organisation: Organisation, key: str) -> Any:
    try:
        return post_import(client_of(user), organisation, headers={"Idempotency-Key": key})
    finally:
        connections.close_all()


@pytest.mark.parametrize("key", ["k1", "k2"])
def test_an_upload_does_not_wait_for_another_one_that_is_being_read(
    key: str, admin: User, acme: Organisation, stuck: tuple[threading.Event, threading.Event]
) -> None:
    begun, may_go_on = stuck
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(posted, admin, acme, "k1")
        assert begun.wait(30)
        fast = post_import(client_of(admin), acme, headers={"Idempotency-Key": key})
        assert fast.status_code == 202
        assert not slow.done()
        may_go_on.set()
        answer = slow.result(30)
    assert answer.status_code == 202
    assert ("Idempotency-Replayed" in answer) == (key == "k1")
    assert ImportBatch.objects.everywhere().count() == (1 if key == "k1" else 2)
    assert answer["X-RateLimit-Remaining"] == ("9" if key == "k1" else "8")
