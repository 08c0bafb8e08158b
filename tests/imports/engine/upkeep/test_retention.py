"""What is deleted after thirty days, and what is not."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from imports.engine import runner
from imports.engine.upkeep import retention
from imports.models import ImportBatch, Upload
from tests.imports.engine.support.samples import mixed, plain
from tests.imports.engine.support.stack import Stack

DAY = 86_400


def imported(stack: Stack, *, days_ago: int) -> UUID:
    """Gives a batch that ended so long ago."""
    tenant = stack.new_tenant()
    batch_id = stack.submit(mixed(200, tenant.name), tenant)
    runner.run(batch_id, lambda: False)
    stack.make_older(batch_id, days_ago * DAY)
    return batch_id


def test_an_old_batch_is_deleted_with_its_file_and_errors_but_not_its_users(stack: Stack) -> None:
    old, young = imported(stack, days_ago=31), imported(stack, days_ago=29)
    users = stack.value("SELECT count(*) FROM users")
    assert retention.purge(dry_run=True)[:2] == (1, 0)
    assert stack.value("SELECT count(*) FROM import_batches") == 2
    assert retention.purge()[:2] == (1, 0)
    assert stack.sql("SELECT id FROM import_batches") == [(young,)]
    for table in ("import_errors", "import_uploads"):
        assert stack.sql(f"SELECT DISTINCT import_batch_id FROM {table}") == [(young,)]
    assert stack.value("SELECT count(*) FROM users") == users
    assert stack.value("SELECT count(*) FROM users WHERE import_batch_id = %s", old) == 0
    assert retention.purge()[:2] == (0, 0)


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_a_running_batch_is_never_deleted(stack: Stack, status: str) -> None:
    tenant = stack.new_tenant()
    sample = mixed(600, tenant.name)
    batch_id = stack.submit(sample, tenant)
    if status == "processing":
        runner.run(batch_id, lambda: True)
    stack.make_older(batch_id, 365 * DAY)
    assert retention.purge()[:2] == (0, 0)
    runner.run(batch_id, lambda: False)
    stack.wait_until_completed(batch_id, sample)


def test_locked_batches_are_skipped(stack: Stack) -> None:
    locked, free = imported(stack, days_ago=31), imported(stack, days_ago=31)
    with psycopg.connect(stack.database_url) as other:
        other.execute("SELECT 1 FROM import_batches WHERE id = %s FOR UPDATE", [locked])
        assert retention.purge()[:2] == (1, 0)
    assert stack.sql("SELECT id FROM import_batches") == [(locked,)]
    assert retention.purge()[:2] == (1, 0)
    assert free != locked


def test_the_file_of_a_preview_is_deleted_after_an_hour(stack: Stack) -> None:
    tenant = stack.new_tenant()
    upload = stack.stage(plain(10, tenant.name), tenant, chunk_size=100)
    assert retention.purge()[:2] == (0, 0)
    stack.sql("UPDATE import_uploads SET created_at = now() - interval '61 minutes'")
    assert retention.purge()[:2] == (0, 1)
    assert stack.value("SELECT count(*) FROM import_upload_chunks") == 0
    assert upload.total_rows == 10


def test_many_batches_are_deleted(stack: Stack) -> None:
    for _ in range(5):
        tenant = stack.new_tenant()
        batch_id = stack.submit(plain(1, tenant.name), tenant)
        runner.run(batch_id, lambda: False)
        stack.make_older(batch_id, 31 * DAY)
    assert retention.purge()[:2] == (5, 0)


def test_the_errors_of_a_large_batch_are_deleted_in_several_transactions(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = imported(stack, days_ago=31)
    errors = stack.value("SELECT count(*) FROM import_errors")
    monkeypatch.setattr(retention, "ERRORS_AT_A_TIME", 5)
    with CaptureQueriesContext(connection) as queries:
        assert retention.purge()[:2] == (1, 0)
    deletions = [one["sql"] for one in queries if 'DELETE FROM "import_errors"' in one["sql"]]
    assert len(deletions) == -(-errors // 5) - 1 > 1  # the last ones go with their batch
    assert stack.value("SELECT count(*) FROM import_errors") == 0
    assert stack.sql("SELECT id FROM import_batches WHERE id = %s", batch_id) == []


@pytest.mark.parametrize("model", [ImportBatch, Upload])
def test_a_slice_takes_few_statements_and_the_database_cascades(
    stack: Stack, model: type[Model]
) -> None:
    """`QuerySet.delete` loads rows and deletes them one table after the other, unless all relations
    are DO_NOTHING."""
    imported(stack, days_ago=31)
    if model is Upload:
        stack.sql("UPDATE import_uploads SET import_batch_id = NULL")
    with CaptureQueriesContext(connection) as queries:
        if model is Upload:
            assert retention._delete_slice(Upload.objects.everywhere()) == 1
        else:
            assert retention._delete_batches(ImportBatch.objects.everywhere()) == 1
    statements = [one["sql"] for one in queries if not one["sql"].startswith("SELECT 1")]
    # which batches there are, the turn, the organisation, the batch, how many errors there are
    locks = 5 if model is ImportBatch else 0
    assert len([sql for sql in statements if sql.startswith(("SELECT", "DELETE"))]) <= 2 + locks
    assert stack.value("SELECT count(*) FROM import_upload_chunks") == 0
    assert stack.value("SELECT count(*) FROM import_uploads") == 0
    assert bool(stack.value("SELECT count(*) FROM import_errors")) is (model is Upload)
