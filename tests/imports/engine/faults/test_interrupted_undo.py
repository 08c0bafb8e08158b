"""Undos that are stopped, fail, or run at the same time: each user is deleted once."""

from __future__ import annotations

import os
import signal
import threading
from uuid import UUID

import psycopg
import pytest
from django.db import connections
from django.test import override_settings

from imports import tasks
from imports.engine import failpoints, runner, undo
from imports.engine.undo import UndoResult
from tests.imports.engine.support.processes import wait_until
from tests.imports.engine.support.samples import Sample, mixed, plain
from tests.imports.engine.support.stack import Stack, Tenant, batch_object
from tests.imports.engine.support.undo import count, undo_batch, user_of


@pytest.fixture
def tenant(stack: Stack) -> Tenant:
    """The organisation that imports and undoes."""
    return stack.new_tenant()


@pytest.fixture
def sample(tenant: Tenant) -> Sample:
    """A file with new users, skipped rows and failed rows."""
    return mixed(400, tenant.name)


@pytest.fixture
def batch_id(stack: Stack, tenant: Tenant, sample: Sample) -> UUID:
    """A completed batch."""
    made = stack.submit(sample, tenant)
    runner.run(made, lambda: False)
    return made


@pytest.fixture
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo, "USERS_AT_A_TIME", 100)


@pytest.mark.usefixtures("_small_steps")
def test_an_undo_that_is_stopped_is_continued_by_the_next(
    stack: Stack, tenant: Tenant, sample: Sample, batch_id: UUID
) -> None:
    made = len(sample.users())
    assert not undo.run(batch_id, lambda: True)
    result = undo.result(batch_object(batch_id))
    assert result == UndoResult(
        is_finished=False, removed_rows=100, kept_rows=0, moved_rows=0, kept=[]
    )
    assert count(stack, tenant) == made - 100 + len(sample.existing_own) + 1
    stack.check_invariants(batch_id)
    assert undo.run(batch_id, lambda: False)
    assert undo.result(batch_object(batch_id)).removed_rows == made
    stack.check_invariants(batch_id)


@pytest.mark.usefixtures("_small_steps")
def test_an_error_rolls_back_only_the_current_step(
    stack: Stack, tenant: Tenant, sample: Sample, batch_id: UUID
) -> None:
    failpoints.reset()
    with (
        override_settings(FAILPOINTS=lambda: "mid_undo=bug@2"),
        pytest.raises(ZeroDivisionError),
    ):
        undo_batch(batch_id, tenant)
    assert stack.batch(batch_id)["undone_rows"] == 100
    stack.check_invariants(batch_id)
    assert undo_batch(batch_id, tenant).removed_rows == len(sample.users())
    stack.check_invariants(batch_id)


@pytest.mark.usefixtures("_small_steps")
def test_simultaneous_undos_delete_each_user_once(
    stack: Stack, tenant: Tenant, sample: Sample, batch_id: UUID
) -> None:
    result: list[UndoResult] = []
    all_at_once = threading.Barrier(4)

    def ask() -> None:
        all_at_once.wait()
        result.append(undo_batch(batch_id, tenant))
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.removed_rows for one in result} == {len(sample.users())}
    assert count(stack, tenant) == len(sample.existing_own) + 1
    stack.check_invariants(batch_id)


def test_a_user_who_is_changed_while_the_undo_waits_is_kept(
    stack: Stack, tenant: Tenant, sample: Sample, batch_id: UUID
) -> None:
    kept = user_of(stack, batch_id)
    result: list[UndoResult] = []

    def ask() -> None:
        result.append(undo_batch(batch_id, tenant))
        connections.close_all()

    with psycopg.connect(stack.database_url) as other:
        # a reference to the user locks their row, and does not change it
        other.execute(
            "INSERT INTO import_batches (filename, organisation_id, uploaded_by)"
            " VALUES ('x', %s, %s)",
            [tenant.organisation_id, kept],
        )
        thread = threading.Thread(target=ask)
        thread.start()
        wait_until(
            lambda: stack.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        )
    thread.join()
    assert [one["user_id"] for one in result[0].kept] == [str(kept)]
    assert result[0].removed_rows == len(sample.users()) - 1
    assert stack.value("SELECT count(*) FROM import_batches WHERE uploaded_by = %s", kept) == 1
    stack.check_invariants(batch_id)


def test_a_worker_is_killed_during_an_undo(live_stack: Stack) -> None:
    tenant = live_stack.new_tenant()
    sample = plain(5000, tenant.name)
    filename = f"{tenant.name}.csv"
    batch_id = live_stack.submit(sample, tenant, chunk_size=5000, filename=filename)
    live_stack.wait_until_completed(batch_id, sample)
    wait_until(live_stack.queue_is_empty)
    worker = live_stack.processes[-1]
    live_stack.set_faults(f"mid_undo:{filename}=freeze@2")  # the second step of two thousand users
    live_stack.sql("UPDATE import_batches SET undo_requested_at = now() WHERE id = %s", batch_id)
    tasks.enqueue_undo(batch_id)
    wait_until(worker.frozen)
    live_stack.set_faults("")
    [frozen] = worker.frozen()
    os.kill(frozen, signal.SIGKILL)
    wait_until(lambda: live_stack.batch(batch_id)["undone_at"])
    assert live_stack.batch(batch_id)["undone_rows"] == 5000
    assert count(live_stack, tenant) == 1
    live_stack.check_invariants(batch_id)
