"""Two versions of the service at the same time, and wrong clocks."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.imports.engine.faults.test_changes_during_import import frozen_worker
from tests.imports.engine.support.samples import mixed
from tests.imports.engine.support.stack import Stack

# What a migration of the next version may add: nullable columns, defaults, tables, indexes.
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


@pytest.mark.slow
def test_this_code_works_with_the_schema_of_the_next_version(
    live_stack: Stack,
) -> None:
    tenant, late = live_stack.new_tenant(), live_stack.new_tenant()
    sample, after = mixed(1000, tenant.name), mixed(1000, late.name)
    try:
        with frozen_worker(live_stack, tenant, sample, "after_commit") as batch_id:
            live_stack.sql(NEXT_VERSION)
        live_stack.wait_until_completed(batch_id, sample)
        live_stack.wait_until_completed(
            live_stack.submit(after, late), after
        )  # an upload works, too
    finally:
        live_stack.sql(THIS_VERSION)


@pytest.mark.slow
def test_wrong_clocks_of_worker_and_web_do_not_matter(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = stack.folder / "clock"
    clock.write_text("3600")
    tenant = stack.new_tenant()
    sample = mixed(2000, tenant.name)
    stack.worker(CLOCK_FILE=str(clock))
    right = time.time
    with monkeypatch.context() as web:
        web.setattr(time, "time", lambda: right() + 5000)  # of the web process
        with frozen_worker(stack, tenant, sample, "after_commit") as batch_id:
            clock.write_text("-7200")
    stack.wait_until_completed(batch_id, sample)
    batch = stack.batch(batch_id)
    times = [datetime.fromisoformat(batch[name]) for name in
             ("created_at", "started_at", "heartbeat_at", "completed_at")]  # fmt: skip
    assert times == sorted(times)  # all are times of the database
    assert abs(datetime.now(UTC) - times[-1]) < timedelta(minutes=5)
