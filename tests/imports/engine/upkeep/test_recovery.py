"""The sweep finds batches that no worker works on, and leaves the others alone."""

from __future__ import annotations

import io
import threading
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import override_settings

from imports import tasks
from imports.engine import runner
from imports.engine.upkeep import recovery
from tests.imports.engine.support.processes import wait_until
from tests.imports.engine.support.samples import mixed, plain
from tests.imports.engine.support.servers import OwnValkey
from tests.imports.engine.support.stack import Stack


@pytest.fixture
def batch_id(stack: Stack) -> UUID:
    """A committed batch for which no task is enqueued."""
    tenant = stack.new_tenant()
    return stack.submit(plain(300, tenant.name), tenant, enqueue=False)


def set_to(stack: Stack, **values: object) -> None:
    """Sets columns of the batch."""
    names = ", ".join(f"{name} = %s" for name in values)
    stack.sql(f"UPDATE import_batches SET {names}", *values.values())


def make_stalled(stack: Stack, batch_id: UUID, seconds: int) -> None:
    """Makes the batch one whose heartbeat stopped so many seconds ago."""
    stack.sql("UPDATE import_batches SET status = 'processing', started_at = now(),"
              " heartbeat_at = now()")  # fmt: skip
    stack.make_older(batch_id, seconds)


def test_a_pending_batch_is_enqueued_again_after_30_seconds(stack: Stack, batch_id: UUID) -> None:
    stack.make_older(batch_id, 29)
    assert recovery.sweep() == []
    stack.make_older(batch_id, 2)
    assert recovery.sweep() == [(batch_id, "pending", "enqueued")]
    assert recovery.sweep() == []


def test_a_batch_in_a_long_queue_is_enqueued_less_and_less_often(
    stack: Stack, batch_id: UUID
) -> None:
    times = 0
    for _ in range(60):  # an hour
        stack.make_older(batch_id, 60)
        times += len(recovery.sweep())
    assert 5 <= times <= 7


def test_a_batch_that_was_never_enqueued_is_found(stack: Stack, batch_id: UUID) -> None:
    set_to(stack, announced_at=None)
    stack.make_older(batch_id, 31)
    assert recovery.sweep() == [(batch_id, "pending", "enqueued")]


def test_a_released_batch_is_enqueued_again_after_a_minute(stack: Stack, batch_id: UUID) -> None:
    runner.run(batch_id, lambda: True)
    stack.make_older(batch_id, 59)
    assert recovery.sweep() == []
    stack.make_older(batch_id, 2)
    assert recovery.sweep() == [(batch_id, "released", "enqueued")]


def test_a_batch_is_stalled_after_ten_minutes_without_heartbeat(
    stack: Stack, batch_id: UUID
) -> None:
    make_stalled(stack, batch_id, 599)
    assert recovery.sweep() == []
    stack.make_older(batch_id, 2)
    assert recovery.sweep() == [(batch_id, "stalled", "enqueued")]
    assert recovery.sweep() == []  # it is enqueued once
    assert runner.run(batch_id, lambda: False) is runner.Result.DONE
    assert stack.status(batch_id) == "completed"


def test_a_slow_batch_whose_row_is_locked_is_left_alone(stack: Stack, batch_id: UUID) -> None:
    make_stalled(stack, batch_id, 7200)
    before = stack.batch(batch_id)
    with psycopg.connect(stack.database_url) as worker:
        worker.execute("SELECT 1 FROM import_batches FOR UPDATE")
        assert recovery.sweep() == []
        assert recovery.sweep(fail=True) == []
        assert stack.batch(batch_id) == before
    assert recovery.sweep() == [(batch_id, "stalled", "enqueued")]


def test_an_old_batch_with_a_recent_heartbeat_is_left_alone(stack: Stack, batch_id: UUID) -> None:
    make_stalled(stack, batch_id, 86_400)
    stack.sql("UPDATE import_batches SET heartbeat_at = now() - interval '9 minutes'")
    assert recovery.sweep() == []


def test_a_stalled_batch_fails_after_three_attempts_without_progress(
    stack: Stack, batch_id: UUID
) -> None:
    make_stalled(stack, batch_id, 601)
    set_to(stack, attempts_without_progress=2)
    assert recovery.sweep(dry_run=True) == [(batch_id, "stalled", "enqueued")]
    set_to(stack, attempts_without_progress=3)
    assert recovery.sweep(dry_run=True) == [(batch_id, "stalled", "failed")]
    assert recovery.sweep() == [(batch_id, "stalled", "failed")]
    assert stack.status(batch_id) == "failed"
    assert "stopped 3 times near row 1 of the data" in stack.batch(batch_id)["error_message"]


def test_an_operator_fails_stalled_batches_but_not_pending_ones(
    stack: Stack, batch_id: UUID
) -> None:
    stack.make_older(batch_id, 4000)
    assert recovery.sweep(fail=True) == [(batch_id, "pending", "enqueued")]
    make_stalled(stack, batch_id, 601)
    assert recovery.sweep(fail=True) == [(batch_id, "stalled", "failed")]
    assert stack.batch(batch_id)["error_message"] == recovery.STALLED_REASON.format(minutes=10)


@pytest.mark.parametrize("fail", [True, False])
def test_a_dry_run_changes_nothing(stack: Stack, batch_id: UUID, fail: bool) -> None:
    make_stalled(stack, batch_id, 601)
    before = stack.batch(batch_id)
    found = recovery.sweep(fail=fail, dry_run=True)
    assert found == [(batch_id, "stalled", "failed" if fail else "enqueued")]
    assert stack.batch(batch_id) == before


def test_two_sweeps_at_once_find_each_batch_once(stack: Stack) -> None:
    ids = []
    for _ in range(20):
        tenant = stack.new_tenant()
        ids.append(stack.submit(plain(1, tenant.name), tenant, enqueue=False))
        stack.make_older(ids[-1], 31)
    found: list[UUID] = []
    both = threading.Barrier(2)

    def sweep() -> None:
        both.wait()
        found.extend(one.batch_id for one in recovery.sweep())
        connections.close_all()

    threads = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(ids)


def test_a_second_run_of_the_command_changes_nothing(stack: Stack, batch_id: UUID) -> None:
    make_stalled(stack, batch_id, 601)
    first, second = io.StringIO(), io.StringIO()
    call_command("cleanup_stuck_imports", stdout=first)
    assert str(batch_id) in first.getvalue()
    before = stack.batch(batch_id)
    call_command("cleanup_stuck_imports", stdout=second)
    assert str(batch_id) not in second.getvalue()
    assert stack.batch(batch_id) == before


def test_batches_that_could_not_be_enqueued_are_found_by_the_next_sweep(
    stack_with_own_valkey: Stack, own_valkey: OwnValkey
) -> None:
    stack = stack_with_own_valkey
    tenant = stack.new_tenant()
    ids = [stack.submit(plain(1, tenant.name), tenant, enqueue=False) for _ in range(3)]
    for batch_id in ids:
        stack.make_older(batch_id, 7200)  # without the error the next sweep would leave it alone
    own_valkey.kill()
    with pytest.raises(CommandError, match="Redis did not answer"):
        call_command("cleanup_stuck_imports", stdout=io.StringIO())
    own_valkey.restart()
    assert {one.batch_id for one in recovery.sweep()} == set(ids)


def test_a_session_frozen_in_the_middle_of_a_copy_is_ended(stack: Stack) -> None:
    with psycopg.connect(stack.database_url) as frozen, frozen.cursor() as cursor:
        cursor.execute("SET application_name = 'frozen'")
        copying = cursor.copy("COPY users (email) FROM STDIN")
        with pytest.raises(psycopg.errors.AdminShutdown), copying as copy:  # noqa: PT012
            copy.write("ada@x.example\n")
            wait_until(lambda: stack.sql("SELECT 1 FROM pg_stat_activity WHERE state = 'active'"
                                    " AND wait_event = 'ClientRead'"))  # fmt: skip
            assert recovery.end_frozen_sessions() == 0  # DATABASE_IDLE_SECONDS have not passed
            assert end_frozen_sessions_now(stack) == 1


def end_frozen_sessions_now(stack: Stack) -> int:
    """Ends frozen sessions without any time limit; gives their number."""
    with override_settings(DATABASE_IDLE_SECONDS=0):
        return recovery.end_frozen_sessions()


def test_other_sessions_are_not_ended(stack: Stack) -> None:
    with psycopg.connect(stack.database_url) as other:
        other.execute("SELECT 1 FROM users FOR UPDATE")
        assert end_frozen_sessions_now(stack) == 0
        other.execute("SELECT 1")


# --- stalled undos ----------------------------------------------------------------------------


def request_undo(stack: Stack, batch_id: UUID, ago: timedelta) -> None:
    """Makes the batch one whose undo was requested so long ago, without progress."""
    runner.run(batch_id, lambda: False)
    stack.sql("ALTER TABLE import_batches DISABLE TRIGGER import_batches_touch")
    stack.sql("UPDATE import_batches SET undo_requested_at = now() - %s, updated_at = now() - %s,"
              " mail_state = 'none' WHERE id = %s", ago, ago, batch_id)  # fmt: skip
    stack.sql("ALTER TABLE import_batches ENABLE TRIGGER import_batches_touch")


def test_a_stalled_undo_is_found_once_a_minute(stack: Stack, batch_id: UUID) -> None:
    request_undo(stack, batch_id, timedelta(seconds=50))
    assert recovery.stalled_undos() == []
    request_undo(stack, batch_id, timedelta(seconds=70))
    assert recovery.stalled_undos() == [batch_id]
    assert recovery.stalled_undos() == []
    stack.sql("UPDATE import_batches SET undone_at = now()")
    assert recovery.stalled_undos() == []


def test_the_sweep_continues_a_stalled_undo(live_stack: Stack) -> None:
    tenant = live_stack.new_tenant()
    sample = plain(300, tenant.name)
    batch_id = live_stack.submit(sample, tenant)
    live_stack.wait_until_completed(batch_id, sample)
    wait_until(live_stack.queue_is_empty)
    request_undo(live_stack, batch_id, timedelta(seconds=70))
    wait_until(lambda: live_stack.batch(batch_id)["undone_at"])
    assert live_stack.batch(batch_id)["undone_rows"] == 300
    live_stack.check_invariants(batch_id)


def test_the_sweep_enqueues_what_it_found(stack: Stack, batch_id: UUID) -> None:
    stack.make_older(batch_id, 31)
    assert tasks.sweep() == 1
    assert not stack.queue_is_empty()


def test_a_running_batch_is_never_claimed_by_a_second_worker(live_stack: Stack) -> None:
    """In this stack a batch is stalled after one second. A running batch has a locked row or a
    recent heartbeat."""
    tenant = live_stack.new_tenant()
    sample = mixed(2000, tenant.name)
    batch_id = live_stack.submit(sample, tenant)
    live_stack.wait_until_completed(batch_id, sample)
    claimed_from_others = live_stack.value(
        "SELECT count(*) FROM change_log WHERE batch = %s"
        " AND (after->>'attempt')::int > (before->>'attempt')::int"
        " AND before->>'heartbeat_at' IS NOT NULL",
        batch_id,
    )
    assert claimed_from_others == 0
