"""Two versions at work at the same time, and clocks that are wrong."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.imports.engine.support.samples import mixed
from tests.imports.engine.support.world import World
from tests.imports.engine.test_people_in_mid_batch import halfway

# What the next version may bring: columns with a default or null, tables, indexes.
NEXT_VERSION = """
    ALTER TABLE users ADD COLUMN nickname varchar(50);
    ALTER TABLE users ADD COLUMN locale varchar(10) NOT NULL DEFAULT 'en';
    ALTER TABLE import_batches ADD COLUMN priority int NOT NULL DEFAULT 0;
    ALTER TABLE import_errors ADD COLUMN hint text NOT NULL DEFAULT '';
    ALTER TABLE import_uploads ADD COLUMN scanned_at timestamptz;
    ALTER TABLE import_upload_chunks ADD COLUMN seconds real;
    CREATE INDEX users_by_locale ON users (locale);
    CREATE TABLE import_tags (batch_id uuid REFERENCES import_batches (id) ON DELETE CASCADE);
"""
THIS_VERSION = """
    DROP TABLE import_tags;
    ALTER TABLE users DROP COLUMN nickname, DROP COLUMN locale;
    ALTER TABLE import_batches DROP COLUMN priority;
    ALTER TABLE import_errors DROP COLUMN hint;
    ALTER TABLE import_uploads DROP COLUMN scanned_at;
    ALTER TABLE import_upload_chunks DROP COLUMN seconds;
"""


def test_old_code_goes_on_when_the_schema_of_the_next_version_comes_in_mid_batch(
    crew: World,
) -> None:
    client, late = crew.client(), crew.client()
    sample, after = mixed(1000, client.tag), mixed(1000, late.tag)
    try:
        with halfway(crew, client, sample, "after_commit") as batch_id:
            crew.sql(NEXT_VERSION)
        crew.completed(batch_id, sample)
        crew.completed(crew.submit(after, late), after)  # and old web code takes files in
    finally:
        crew.sql(THIS_VERSION)


def test_a_worker_whose_clock_is_wrong_and_set_back_between_two_chunks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = world.folder / "clock"
    clock.write_text("3600")
    client = world.client()
    sample = mixed(2000, client.tag)
    world.worker(CLOCK_FILE=str(clock))
    right = time.time
    with monkeypatch.context() as web:
        web.setattr(time, "time", lambda: right() + 5000)  # and the web's is wrong as well
        with halfway(world, client, sample, "after_commit") as batch_id:
            clock.write_text("-7200")
    world.completed(batch_id, sample)
    batch = world.batch(batch_id)
    times = [datetime.fromisoformat(batch[name]) for name in
             ("created_at", "started_at", "heartbeat_at", "completed_at")]  # fmt: skip
    assert times == sorted(times)  # all of them are the database's
    assert abs(datetime.now(UTC) - times[-1]) < timedelta(minutes=5)
