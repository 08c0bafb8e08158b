"""What is deleted after thirty days, and what never is."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from imports.engine import retention, runner
from tests.imports.engine.support.samples import mixed, plain
from tests.imports.engine.support.world import World

DAY = 86_400


def imported(world: World, *, days_ago: int) -> UUID:
    """A batch that ended then."""
    client = world.client()
    batch_id = world.submit(mixed(200, client.tag), client)
    runner.run(batch_id, lambda: False)
    world.later(batch_id, days_ago * DAY)
    return batch_id


def test_an_old_batch_goes_with_its_file_and_errors_and_its_users_stay(world: World) -> None:
    old, young = imported(world, days_ago=31), imported(world, days_ago=29)
    users = world.one("SELECT count(*) FROM users")
    assert retention.purge(dry_run=True)[:2] == (1, 0)
    assert world.one("SELECT count(*) FROM import_batches") == 2
    assert retention.purge()[:2] == (1, 0)
    assert world.sql("SELECT id FROM import_batches") == [(young,)]
    for table in ("import_errors", "import_uploads"):
        assert world.sql(f"SELECT DISTINCT import_batch_id FROM {table}") == [(young,)]
    assert world.one("SELECT count(*) FROM users") == users
    assert world.one("SELECT count(*) FROM users WHERE import_batch_id = %s", old) == 0
    assert retention.purge()[:2] == (0, 0)


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_a_batch_that_runs_is_never_deleted_however_old(world: World, status: str) -> None:
    client = world.client()
    sample = mixed(600, client.tag)
    batch_id = world.submit(sample, client)
    if status == "processing":
        runner.run(batch_id, lambda: True)
    world.later(batch_id, 365 * DAY)
    assert retention.purge()[:2] == (0, 0)
    runner.run(batch_id, lambda: False)
    world.completed(batch_id, sample)


def test_it_goes_past_what_somebody_has_locked(world: World) -> None:
    locked, free = imported(world, days_ago=31), imported(world, days_ago=31)
    with psycopg.connect(world.database_url) as other:
        other.execute("SELECT 1 FROM import_batches WHERE id = %s FOR UPDATE", [locked])
        assert retention.purge()[:2] == (1, 0)
    assert world.sql("SELECT id FROM import_batches") == [(locked,)]
    assert retention.purge()[:2] == (1, 0)
    assert free != locked


def test_a_file_of_a_preview_goes_after_an_hour(world: World) -> None:
    client = world.client()
    upload = world.stage(plain(10, client.tag), client, chunk_size=100)
    assert retention.purge()[:2] == (0, 0)
    world.sql("UPDATE import_uploads SET created_at = now() - interval '61 minutes'")
    assert retention.purge()[:2] == (0, 1)
    assert world.one("SELECT count(*) FROM import_upload_chunks") == 0
    assert upload.total_rows == 10


def test_many_are_deleted_in_small_transactions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCHES_AT_A_TIME", 2)
    for _ in range(5):
        client = world.client()
        batch_id = world.submit(plain(1, client.tag), client)
        runner.run(batch_id, lambda: False)
        world.later(batch_id, 31 * DAY)
    assert retention.purge()[:2] == (5, 0)
