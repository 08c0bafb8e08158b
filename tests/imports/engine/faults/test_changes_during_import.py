"""Changes while a batch runs: operators with SQL, cancel, lost rights, a deleted organisation."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
import pytest

from imports import actions
from tests.imports.engine.support.processes import wait_until
from tests.imports.engine.support.samples import Sample, mixed
from tests.imports.engine.support.stack import Stack, Tenant, batch_object
from users.models import User


@contextmanager
def frozen_worker(stack: Stack, tenant: Tenant, sample: Sample, point: str) -> Iterator[UUID]:
    """Submits a sample; freezes the worker in the middle of the batch while the block runs."""
    worker = stack.processes[-1]
    stack.set_faults(f"{point}:{tenant.name}.csv=freeze@2")
    batch_id = stack.submit(sample, tenant, filename=f"{tenant.name}.csv")
    wait_until(worker.frozen)
    stack.set_faults("")
    yield batch_id
    worker.resume()


def test_a_batch_that_an_operator_failed_by_sql_stays_failed(live_stack: Stack) -> None:
    tenant = live_stack.new_tenant()
    sample = mixed(1000, tenant.name)
    with frozen_worker(live_stack, tenant, sample, "after_commit") as batch_id:
        live_stack.sql(
            "UPDATE import_batches SET status = 'failed', error_message = 'Manual intervention -"
            " stuck import', completed_at = NOW() WHERE id = %s",
            batch_id,
        )
    wait_until(live_stack.queue_is_empty)
    assert live_stack.status(batch_id) == "failed"
    assert live_stack.batch(batch_id)["error_message"] == "Manual intervention - stuck import"
    live_stack.check_partial_outcome(batch_id, sample)


def test_an_operator_fails_a_batch_by_sql_while_a_chunk_is_written(
    live_stack: Stack,
) -> None:
    tenant = live_stack.new_tenant()
    sample = mixed(1000, tenant.name)
    with frozen_worker(live_stack, tenant, sample, "mid_chunk") as batch_id:
        waiting = in_background(
            live_stack, "UPDATE import_batches SET status = 'failed', completed_at = NOW()"
            f" WHERE id = '{batch_id}'"
        )  # fmt: skip
    waiting.join()
    wait_until(live_stack.queue_is_empty)
    assert live_stack.status(batch_id) == "failed"
    live_stack.check_partial_outcome(batch_id, sample)
    assert live_stack.processed(batch_id) in (
        100,
        200,
    )  # with or without the current chunk


def in_background(stack: Stack, statement: str) -> threading.Thread:
    """Runs a statement in a thread; returns when it waits for a lock."""
    pid: list[int] = []

    def run() -> None:
        with psycopg.connect(stack.database_url, autocommit=True) as db:
            pid.append(db.info.backend_pid)
            db.execute(statement)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: pid)
    wait_until(lambda: stack.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                            " AND pid = %s", pid[0]))  # fmt: skip
    return thread


def test_cancel_stops_within_two_seconds(live_stack: Stack) -> None:
    tenant = live_stack.new_tenant()
    sample = mixed(20_000, tenant.name)
    batch_id = live_stack.submit(sample, tenant, chunk_size=500)
    wait_until(lambda: live_stack.processed(batch_id))
    cancelled: list[str] = []

    def cancel() -> None:
        batch = actions.cancel(
            batch_object(batch_id), user=User.objects.everywhere().get(id=tenant.user_id)
        )
        cancelled.append(batch.status)

    cancel()
    processed = live_stack.processed(batch_id)
    wait_until(live_stack.queue_is_empty, seconds=2)
    assert cancelled == ["cancelled"]
    assert live_stack.processed(batch_id) == processed
    live_stack.check_partial_outcome(batch_id, sample)
    cancel()  # a second time changes nothing
    assert cancelled == ["cancelled", "cancelled"]


LOST_RIGHTS = {
    "the organisation is deactivated": (
        "UPDATE organisations SET is_active = false WHERE id = %(organisation)s",
        "Stopped: the organisation is no longer active.",
    ),
    "the uploader is deactivated": (
        "UPDATE users SET is_active = false WHERE id = %(user)s",
        "Stopped: the account that uploaded the file is no longer active.",
    ),
    "the uploader loses the role": (
        "UPDATE users SET role = 'analyst' WHERE id = %(user)s",
        "Stopped: the account that uploaded the file may no longer import users here.",
    ),
    "the uploader changes the organisation": (
        "UPDATE users SET organisation_id = %(other)s WHERE id = %(user)s",
        "Stopped: the account that uploaded the file may no longer import users here.",
    ),
    "the uploader is deleted": (
        "DELETE FROM users WHERE id = %(user)s",
        "Stopped: the account that uploaded the file no longer exists.",
    ),
}


@pytest.mark.parametrize("loss", LOST_RIGHTS)
def test_a_lost_right_stops_the_batch_with_that_reason(live_stack: Stack, loss: str) -> None:
    tenant, other = live_stack.new_tenant(), live_stack.new_tenant()
    sample = mixed(1000, tenant.name)
    statement, reason = LOST_RIGHTS[loss]
    with frozen_worker(live_stack, tenant, sample, "after_commit") as batch_id:
        live_stack.db.execute(
            statement,
            {
                "organisation": tenant.organisation_id,
                "user": tenant.user_id,
                "other": other.organisation_id,
            },
        )
    assert live_stack.wait_until_ended(batch_id) == ["failed"]
    assert live_stack.batch(batch_id)["error_message"] == reason
    live_stack.check_partial_outcome(batch_id, sample)


def gone(stack: Stack, tenant: Tenant) -> bool:
    """Whether nothing of an organisation is left."""
    return not stack.value(
        "SELECT (SELECT count(*) FROM users WHERE organisation_id = %(id)s)"
        " + (SELECT count(*) FROM import_batches WHERE organisation_id = %(id)s)"
        " + (SELECT count(*) FROM import_uploads WHERE organisation_id = %(id)s)".replace(
            "%(id)s", f"'{tenant.organisation_id}'"
        )
    )


def test_the_organisation_is_deleted_between_two_chunks(live_stack: Stack) -> None:
    tenant = live_stack.new_tenant()
    with frozen_worker(live_stack, tenant, mixed(1000, tenant.name), "after_commit"):
        live_stack.sql("DELETE FROM organisations WHERE id = %s", tenant.organisation_id)
    wait_until(live_stack.queue_is_empty)
    assert gone(live_stack, tenant)


def test_the_organisation_is_deleted_while_a_chunk_is_written(live_stack: Stack) -> None:
    tenant = live_stack.new_tenant()
    deadlocks = deadlocks_of(live_stack)
    with frozen_worker(live_stack, tenant, mixed(1000, tenant.name), "mid_chunk"):
        deleted = in_background(
            live_stack, f"DELETE FROM organisations WHERE id = '{tenant.organisation_id}'"
        )
    deleted.join()
    wait_until(live_stack.queue_is_empty)
    assert gone(live_stack, tenant)
    assert deadlocks_of(live_stack) == deadlocks


def deadlocks_of(stack: Stack) -> int:
    """Gives the number of deadlocks that PostgreSQL has resolved."""
    stack.sql("SELECT pg_stat_force_next_flush()")
    return int(
        stack.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    )
