"""Batches that nobody works on are found, those that somebody works on are left alone."""

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
from imports.engine import recovery, runner
from tests.imports.engine.support.processes import until
from tests.imports.engine.support.samples import mixed, plain
from tests.imports.engine.support.servers import OwnValkey
from tests.imports.engine.support.world import World


@pytest.fixture
def batch_id(world: World) -> UUID:
    """A batch that was committed, and no message is on its way."""
    client = world.client()
    return world.submit(plain(300, client.tag), client, enqueue=False)


def set_to(world: World, **values: object) -> None:
    """Writes into the batch."""
    names = ", ".join(f"{name} = %s" for name in values)
    world.sql(f"UPDATE import_batches SET {names}", *values.values())


def silent_for(world: World, batch_id: UUID, seconds: int) -> None:
    """Processing, and then nothing more."""
    world.sql("UPDATE import_batches SET status = 'processing', started_at = now(),"
              " heartbeat_at = now()")  # fmt: skip
    world.later(batch_id, seconds)


def test_a_pending_batch_is_announced_within_a_minute_and_not_before_it_may_be_lost(
    world: World, batch_id: UUID
) -> None:
    world.later(batch_id, 29)
    assert recovery.sweep() == []
    world.later(batch_id, 2)
    assert recovery.sweep() == [(batch_id, "pending", "enqueued")]
    assert recovery.sweep() == []


def test_a_batch_that_waits_in_a_long_queue_is_announced_less_and_less_often(
    world: World, batch_id: UUID
) -> None:
    times = 0
    for _ in range(60):  # an hour
        world.later(batch_id, 60)
        times += len(recovery.sweep())
    assert 5 <= times <= 7


def test_a_batch_that_an_operator_put_there_is_found_too(world: World, batch_id: UUID) -> None:
    set_to(world, enqueued_at=None)
    world.later(batch_id, 31)
    assert recovery.sweep() == [(batch_id, "pending", "enqueued")]


def test_a_batch_that_was_handed_over_to_nobody_is_announced_again(
    world: World, batch_id: UUID
) -> None:
    runner.run(batch_id, lambda: True)
    world.later(batch_id, 59)
    assert recovery.sweep() == []
    world.later(batch_id, 2)
    assert recovery.sweep() == [(batch_id, "released", "enqueued")]


def test_ten_minutes_without_a_sign_of_life_set_a_batch_free(world: World, batch_id: UUID) -> None:
    silent_for(world, batch_id, 599)
    assert recovery.sweep() == []
    world.later(batch_id, 2)
    assert recovery.sweep() == [(batch_id, "stalled", "enqueued")]
    assert recovery.sweep() == []  # nobody is told twice of one thing
    assert runner.run(batch_id, lambda: False) is runner.Result.DONE
    assert world.status(batch_id) == "completed"


def test_a_slow_batch_whose_row_is_locked_has_a_living_worker(world: World, batch_id: UUID) -> None:
    silent_for(world, batch_id, 7200)
    before = world.batch(batch_id)
    with psycopg.connect(world.database_url) as worker:
        worker.execute("SELECT 1 FROM import_batches FOR UPDATE")
        assert recovery.sweep() == []
        assert recovery.sweep(fail=True) == []
        assert world.batch(batch_id) == before
    assert recovery.sweep() == [(batch_id, "stalled", "enqueued")]


def test_a_batch_as_old_as_it_may_be_with_a_fresh_heartbeat_is_left_alone(
    world: World, batch_id: UUID
) -> None:
    silent_for(world, batch_id, 86_400)
    world.sql("UPDATE import_batches SET heartbeat_at = now() - interval '9 minutes'")
    assert recovery.sweep() == []


def test_after_three_attempts_without_progress_it_is_failed_with_the_reason(
    world: World, batch_id: UUID
) -> None:
    silent_for(world, batch_id, 601)
    set_to(world, attempts_without_progress=2)
    assert recovery.sweep(dry_run=True) == [(batch_id, "stalled", "enqueued")]
    set_to(world, attempts_without_progress=3)
    assert recovery.sweep() == [(batch_id, "stalled", "failed")]
    assert world.status(batch_id) == "failed"
    assert "stopped 3 times near row 1 of the data" in world.batch(batch_id)["error_message"]


def test_an_operator_fails_a_silent_batch_and_never_a_pending_one(
    world: World, batch_id: UUID
) -> None:
    world.later(batch_id, 4000)
    assert recovery.sweep(fail=True) == [(batch_id, "pending", "enqueued")]
    silent_for(world, batch_id, 601)
    assert recovery.sweep(fail=True) == [(batch_id, "stalled", "failed")]
    assert world.batch(batch_id)["error_message"] == recovery.STALLED_REASON.format(minutes=10)


@pytest.mark.parametrize("fail", [True, False])
def test_a_dry_run_changes_nothing(world: World, batch_id: UUID, fail: bool) -> None:
    silent_for(world, batch_id, 601)
    before = world.batch(batch_id)
    found = recovery.sweep(fail=fail, dry_run=True)
    assert found == [(batch_id, "stalled", "failed" if fail else "enqueued")]
    assert world.batch(batch_id) == before


def test_two_sweeps_at_once_find_a_batch_once(world: World) -> None:
    ids = []
    for _ in range(20):
        client = world.client()
        ids.append(world.submit(plain(1, client.tag), client, enqueue=False))
        world.later(ids[-1], 31)
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


def test_the_command_a_second_time_changes_nothing(world: World, batch_id: UUID) -> None:
    silent_for(world, batch_id, 601)
    first, second = io.StringIO(), io.StringIO()
    call_command("cleanup_stuck_imports", stdout=first)
    assert str(batch_id) in first.getvalue()
    before = world.batch(batch_id)
    call_command("cleanup_stuck_imports", stdout=second)
    assert str(batch_id) not in second.getvalue()
    assert world.batch(batch_id) == before


def test_what_could_not_be_announced_is_found_by_the_very_next_sweep(
    world_with_own_valkey: World, own_valkey: OwnValkey
) -> None:
    world = world_with_own_valkey
    client = world.client()
    ids = [world.submit(plain(1, client.tag), client, enqueue=False) for _ in range(3)]
    for batch_id in ids:
        world.later(batch_id, 7200)  # announced again only after hours, had it been announced
    own_valkey.die()
    with pytest.raises(CommandError, match="Redis did not answer"):
        call_command("cleanup_stuck_imports", stdout=io.StringIO())
    own_valkey.come_back()
    assert {one.batch_id for one in recovery.sweep()} == set(ids)


def test_a_worker_frozen_in_the_middle_of_a_copy_loses_its_locks(world: World) -> None:
    with psycopg.connect(world.database_url) as frozen, frozen.cursor() as cursor:
        cursor.execute("SET application_name = 'frozen'")
        copying = cursor.copy("COPY users (email) FROM STDIN")
        with pytest.raises(psycopg.errors.AdminShutdown), copying as copy:  # noqa: PT012
            copy.write("ada@x.example\n")
            until(lambda: world.sql("SELECT 1 FROM pg_stat_activity WHERE state = 'active'"
                                    " AND wait_event = 'ClientRead'"))  # fmt: skip
            assert recovery.end_frozen_sessions() == 0  # half a minute has not gone by
            assert ended_at_once(world) == 1


def ended_at_once(world: World) -> int:
    """How many are ended where nobody may be quiet for a moment."""
    with override_settings(DATABASE_IDLE_SECONDS=0):
        return recovery.end_frozen_sessions()


def test_nobody_else_is_ended(world: World) -> None:
    with psycopg.connect(world.database_url) as other:
        other.execute("SELECT 1 FROM users FOR UPDATE")
        assert ended_at_once(world) == 0
        other.execute("SELECT 1")


# --- undos that went silent -------------------------------------------------------------------


def asked_for_undo(world: World, batch_id: UUID, ago: timedelta) -> None:
    """And nothing has happened since."""
    runner.run(batch_id, lambda: False)
    world.sql("ALTER TABLE import_batches DISABLE TRIGGER import_batches_touch")
    world.sql("UPDATE import_batches SET undo_requested_at = now() - %s, updated_at = now() - %s,"
              " mail_state = 'none' WHERE id = %s", ago, ago, batch_id)  # fmt: skip
    world.sql("ALTER TABLE import_batches ENABLE TRIGGER import_batches_touch")


def test_an_undo_that_went_silent_is_found_once_a_minute(world: World, batch_id: UUID) -> None:
    asked_for_undo(world, batch_id, timedelta(seconds=50))
    assert recovery.stalled_undos() == []
    asked_for_undo(world, batch_id, timedelta(seconds=70))
    assert recovery.stalled_undos() == [batch_id]
    assert recovery.stalled_undos() == []
    world.sql("UPDATE import_batches SET undone_at = now()")
    assert recovery.stalled_undos() == []


def test_the_sweep_carries_a_silent_undo_on(crew: World) -> None:
    client = crew.client()
    sample = plain(300, client.tag)
    batch_id = crew.submit(sample, client)
    crew.completed(batch_id, sample)
    until(crew.is_quiet)
    asked_for_undo(crew, batch_id, timedelta(seconds=70))
    until(lambda: crew.batch(batch_id)["undone_at"])
    assert crew.batch(batch_id)["undone_rows"] == 300
    crew.promises_hold(batch_id)


def test_the_sweep_rings_for_what_it_found(world: World, batch_id: UUID) -> None:
    world.later(batch_id, 31)
    assert tasks.sweep() == 1
    assert not world.is_quiet()


def test_a_batch_is_not_swept_away_in_mid_run(crew: World) -> None:
    """With a beat that takes everything for silent after a second: no attempt is wasted on a
    batch that gets on, as its row is locked or its heartbeat fresh."""
    client = crew.client()
    sample = mixed(2000, client.tag)
    batch_id = crew.submit(sample, client)
    crew.completed(batch_id, sample)
    taken_from_others = crew.one(
        "SELECT count(*) FROM ledger WHERE batch = %s"
        " AND (after->>'attempt')::int > (before->>'attempt')::int"
        " AND before->>'heartbeat_at' IS NOT NULL",
        batch_id,
    )
    assert taken_from_others == 0
