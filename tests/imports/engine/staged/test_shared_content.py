"""Retries share the staged file of the import that they repeat, and deletions leave it to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from itertools import permutations
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from imports import actions
from imports.engine.options import ImportOptions
from imports.engine.staged import staging
from imports.engine.upkeep import retention
from imports.models import ImportBatch, Upload, UploadChunk
from tests.conftest import environment
from tests.imports.api.helpers import INVALID_ROW, csv_bytes, mark_as_failed, run_batch, valid_rows
from tests.imports.quotas.helpers import closing_connection
from tests.process_helpers import wait_for
from users.models import Organisation, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("patient_redis")]
MIB = 1024 * 1024


@pytest.fixture
def first(admin: User, acme: Organisation, settings: Any) -> ImportBatch:
    """A failed import of three chunks."""
    settings.IMPORT_CHUNK_SIZE = 2
    return submitted(admin, csv_bytes([*valid_rows(4), INVALID_ROW]))


def submitted(user: User, content: bytes) -> ImportBatch:
    """An import that was marked as failed before a worker began it."""
    upload = actions.stage_for_import(
        BytesIO(content), filename="users.csv", user=user, organisation_id=user.organisation_id
    )
    batch = actions.submit(upload, user=user, options=ImportOptions())
    mark_as_failed(str(batch.id))
    return batch


def retried(batch: ImportBatch, user: User) -> ImportBatch:
    """A retry, which is marked as failed, too."""
    new = actions.retry(batch, user=user, ip=None)
    mark_as_failed(str(new.id))
    return new


def content_of(batch: ImportBatch) -> list[bytes]:
    """The chunks of a batch."""
    upload = Upload.objects.everywhere().get(import_batch=batch)
    found, number = [], 0
    while chunk := staging.chunk_of(upload.id, number):
        found.append(chunk.content)
        number += 1
    return found


def sql(statement: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def delete(*batches: ImportBatch) -> None:
    """Deletes batches with one statement, as an operator does."""
    sql("DELETE FROM import_batches WHERE id = ANY(%s)", [batch.id for batch in batches])


def chunk_count() -> int:
    return UploadChunk.objects.everywhere().count()


def stored_bytes() -> int:
    """What the tables of staged files take on disk."""
    names = ("import_uploads", "import_upload_chunks")
    return sum(sql("SELECT pg_total_relation_size(%s)", name)[0][0] for name in names)


def test_fifteen_retries_of_a_large_file_store_it_once(admin: User, settings: Any) -> None:
    settings.RATE_LIMIT_ENABLED = False
    content = csv_bytes((row[0], "F" * 80, "L" * 80, "", "S" * 80, "") for row in valid_rows(5000))
    assert len(content) > 1.2 * MIB
    batch = submitted(admin, content)
    before, chunks = stored_bytes(), chunk_count()
    for _ in range(15):
        batch = retried(batch, admin)
    assert stored_bytes() - before < 2 * MIB
    assert chunk_count() == chunks
    assert len(b"".join(content_of(batch))) > MIB


def test_a_retry_imports_what_the_first_import_would_have_imported(
    first: ImportBatch, admin: User
) -> None:
    expected = content_of(first)
    new = actions.retry(first, user=admin, ip=None)
    assert content_of(new) == content_of(first) == expected
    done = run_batch(str(new.id))
    assert (done.status, done.successful_rows, done.failed_rows) == ("completed", 4, 1)


def test_the_newest_retry_has_the_chunks_for_code_that_does_not_know_of_sharing(
    first: ImportBatch, admin: User
) -> None:
    new = retried(retried(first, admin), admin)
    assert UploadChunk.objects.everywhere().filter(upload__import_batch=new).count() == 3


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_in_whatever_order_batches_are_deleted_the_others_keep_the_content(
    first: ImportBatch, admin: User, order: tuple[int, ...]
) -> None:
    expected = content_of(first)
    second = retried(first, admin)
    batches = [first, second, retried(second, admin)]
    for place, index in enumerate(order):
        delete(batches[index])
        for left in order[place + 1 :]:
            assert content_of(batches[left]) == expected
    assert chunk_count() == 0


@pytest.mark.parametrize("kept", [0, 1, 2, None])
def test_one_statement_may_delete_several(
    first: ImportBatch, admin: User, kept: int | None
) -> None:
    expected = content_of(first)
    second = retried(first, admin)
    batches = [first, second, retried(first, admin)]
    delete(*(batch for place, batch in enumerate(batches) if place != kept))
    if kept is not None:
        assert content_of(batches[kept]) == expected
    assert chunk_count() == (0 if kept is None else len(expected))


def test_uploads_and_organisations_can_be_deleted_by_one_statement(
    first: ImportBatch, admin: User, acme: Organisation
) -> None:
    retried(first, admin)
    sql("SAVEPOINT before")
    sql("DELETE FROM import_uploads")
    assert chunk_count() == 0
    sql("ROLLBACK TO before")
    assert chunk_count() == 3
    sql("DELETE FROM organisations WHERE id = %s", acme.id)
    assert chunk_count() == 0


def test_a_retry_runs_after_retention_has_deleted_the_first_import(
    first: ImportBatch, admin: User
) -> None:
    new = actions.retry(first, user=admin, ip=None)
    sql("UPDATE import_batches SET created_at = now() - interval '31 days' WHERE id = %s", first.id)
    assert retention.purge().batches == 1
    assert run_batch(str(new.id)).status == "completed"


def test_an_import_can_be_retried_and_reported_after_its_retry_was_deleted(
    first: ImportBatch, admin: User
) -> None:
    delete(retried(first, admin))
    assert run_batch(str(actions.retry(first, user=admin, ip=None).id)).status == "completed"


# --- at the same time -------------------------------------------------------------------------


@pytest.fixture
def other() -> Iterator[psycopg.Connection]:
    """A second connection to the database, with a transaction that is open."""
    with psycopg.connect(environment()["DATABASE_URL"]) as made:
        yield made


@pytest.fixture
def in_background() -> Iterator[Callable[[Callable[[], Any]], Future[Any]]]:
    """A function that calls another one in a thread, and returns when that waits for a lock."""
    with ThreadPoolExecutor(1) as pool:

        def start(work: Callable[[], Any]) -> Future[Any]:
            def run() -> Any:
                with closing_connection():
                    return work()

            future = pool.submit(run)
            wait_for(lambda: future.done() or is_waiting())
            assert not future.done()
            return future

        yield start


def is_waiting() -> bool:
    """Whether a session waits for a lock."""
    return bool(
        sql(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        )
    )


def delete_from(other: psycopg.Connection, batch_id: UUID) -> None:
    other.execute("DELETE FROM import_batches WHERE id = %s", [batch_id])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_kept", [False, True])
@pytest.mark.parametrize("is_owner_first", [False, True])
def test_two_deletes_at_the_same_time(
    first: ImportBatch,
    admin: User,
    other: psycopg.Connection,
    in_background: Any,
    is_owner_first: bool,
    is_kept: bool,
) -> None:
    expected = content_of(first)
    owner = retried(first, admin)
    one, two = (owner, first) if is_owner_first else (first, owner)
    delete_from(other, one.id)
    later = in_background(lambda: delete(two))
    if is_kept:
        other.rollback()
    else:
        other.commit()
    later.result(30)
    assert chunk_count() == (3 if is_kept else 0)
    if is_kept:
        assert content_of(one) == expected


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_retry_while_the_upload_that_has_the_chunks_is_deleted(
    first: ImportBatch, admin: User, other: psycopg.Connection, in_background: Any, end: str
) -> None:
    expected = content_of(first)
    owner = retried(first, admin)
    delete_from(other, owner.id)
    later = in_background(lambda: actions.retry(first, user=admin, ip=None))
    getattr(other, end)()
    new = later.result(30)
    assert content_of(new) == content_of(first) == expected
    assert run_batch(str(new.id)).status == "completed"


@pytest.mark.django_db(transaction=True)
def test_a_delete_while_the_import_is_retried(
    first: ImportBatch, admin: User, other: psycopg.Connection, in_background: Any
) -> None:
    """The retry has locked the import, and waits for the user's count."""
    expected = content_of(first)
    retried(first, admin)
    other.execute("SELECT FROM upload_tallies WHERE user_id = %s FOR UPDATE", [admin.id])
    retry = in_background(lambda: actions.retry(first, user=admin, ip=None))
    locked = "SELECT 1 FROM import_batches WHERE id = %s FOR UPDATE SKIP LOCKED"
    assert sql(locked, first.id) == []
    other.commit()
    new = retry.result(30)
    delete(first)
    assert content_of(new) == expected
