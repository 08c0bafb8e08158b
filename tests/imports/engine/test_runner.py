"""The loop, step by step in this process: whose turn it is, when it stops, what it waits out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection, connections
from django.db.utils import OperationalError
from django.test import override_settings

from imports import tasks
from imports.engine import chunks, copy_writer, failpoints, runner, transient_errors
from imports.engine.chunks import Checked, Chunk
from imports.engine.runner import Result
from tests.imports.engine.support.samples import mixed, plain
from tests.imports.engine.support.world import World


def never() -> bool:
    """Told to go on to the end."""
    return False


def always() -> bool:
    """Told to stop as soon as it asks."""
    return True


@pytest.fixture(autouse=True)
def _no_time_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transient_errors, "WAITS_SECONDS", (0.0,) * 3)


def failing(rules: str) -> override_settings:
    """What is to go wrong, in this process; counted from here."""
    failpoints.reset()
    return override_settings(FAILPOINTS=lambda: rules, IMPORT_TAKEOVER_SECONDS=0)


def test_stop_is_asked_after_every_chunk_and_the_rest_waits_for_the_next(world: World) -> None:
    client = world.client()
    sample = mixed(600, client.tag)
    batch_id = world.submit(sample, client)
    for chunk in range(1, 6):
        assert runner.run(batch_id, always) is Result.ENQUEUE_AGAIN
        world.holds_exactly(batch_id, sample.first(100 * chunk))
        assert world.batch(batch_id)["heartbeat_at"] is None  # free at once, not after a while
    assert runner.run(batch_id, always) is Result.DONE
    world.completed(batch_id, sample)


def test_a_batch_that_is_not_there_or_has_ended_is_nobodys(world: World) -> None:
    client = world.client()
    batch_id = world.submit(plain(10, client.tag), client)
    assert runner.run(batch_id, never) is Result.DONE
    before = world.batch(batch_id)
    assert runner.run(batch_id, never) is Result.DONE
    assert runner.run(uuid4(), never) is Result.DONE
    assert world.batch(batch_id) == before


def test_a_batch_whose_row_is_locked_or_who_said_something_just_now_is_busy(world: World) -> None:
    client = world.client()
    batch_id = world.submit(plain(10, client.tag), client)
    with psycopg.connect(world.database_url) as other:
        other.execute("SELECT 1 FROM import_batches FOR UPDATE")
        assert runner.run(batch_id, never) is Result.BUSY
    world.sql("UPDATE import_batches SET status = 'processing', heartbeat_at = now()")
    assert runner.run(batch_id, never) is Result.BUSY
    assert world.batch(batch_id)["attempt"] == 0
    world.later(batch_id, 10)
    assert runner.run(batch_id, never) is Result.DONE
    assert world.status(batch_id) == "completed"


@pytest.mark.parametrize("point", ["mid_chunk", "before_commit"])
def test_nobody_takes_a_batch_over_in_the_middle_of_a_chunk(world: World, point: str) -> None:
    client = world.client()
    sample = mixed(600, client.tag)
    batch_id = world.submit(sample, client, filename=point)
    results: list[Result] = []

    def second_worker() -> None:
        results.append(runner.run(batch_id, never))
        connections.close_all()

    def overlap() -> None:
        thread = threading.Thread(target=second_worker)
        thread.start()
        thread.join()

    with (
        failing(f"{point}:{point}=overlap@3"),
        mock.patch.dict(failpoints.FAULTS, {"overlap": overlap}),
    ):
        assert runner.run(batch_id, never) is Result.DONE
    assert results == [Result.BUSY]
    world.completed(batch_id, sample)
    assert world.batch(batch_id)["attempt"] == 1


def overtaking(world: World, batch_id: UUID, nth: int = 1) -> Callable[[], bool]:
    """A `stop` in which another worker takes the batch over, and says that one may go on."""
    asked: list[None] = []

    def stop() -> bool:
        asked.append(None)
        if len(asked) == nth:
            world.sql("UPDATE import_batches SET attempt = attempt + 1 WHERE id = %s", batch_id)
        return False

    return stop


def test_a_worker_that_was_overtaken_writes_nothing_more(world: World) -> None:
    client = world.client()
    sample = mixed(600, client.tag)
    batch_id = world.submit(sample, client)
    assert runner.run(batch_id, overtaking(world, batch_id, 2)) is Result.DONE
    assert world.status(batch_id) == "processing"
    world.holds_exactly(batch_id, sample.first(200))


def test_a_worker_that_was_overtaken_does_not_hand_over_what_is_anothers(world: World) -> None:
    client = world.client()
    batch_id = world.submit(mixed(600, client.tag), client)

    def stop() -> bool:
        overtaking(world, batch_id)()
        return True

    runner.run(batch_id, stop)
    assert world.batch(batch_id)["heartbeat_at"] is not None


# --- faults that pass -------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["fault", "full_disk"])
@pytest.mark.parametrize("point", ["mid_chunk", "before_commit", "after_commit"])
def test_a_fault_that_passes_is_waited_out(world: World, point: str, fault: str) -> None:
    client = world.client()
    sample = mixed(600, client.tag)
    batch_id = world.submit(sample, client, filename=f"{point}-{fault}")
    with failing(f"{point}:{point}-{fault}={fault}@2"):
        assert runner.run(batch_id, never) is Result.DONE
    world.completed(batch_id, sample)
    assert world.batch(batch_id)["attempt"] == 1


def test_a_fault_that_does_not_pass_fails_the_batch_with_a_reason_after_three_attempts(
    world: World,
) -> None:
    client = world.client()
    sample = mixed(600, client.tag)
    batch_id = world.submit(sample, client)
    runner.run(batch_id, always)
    with failing("before_commit=full_disk"):
        for _ in range(2):
            with pytest.raises(OperationalError):
                runner.run(batch_id, never)
            assert world.status(batch_id) == "processing"
        with pytest.raises(OperationalError):
            runner.run(batch_id, never)
    assert world.status(batch_id) == "failed"
    assert world.batch(batch_id)["error_message"].startswith(
        "The database did not take the rows near row 101 of the data"
    )
    world.stopped_early(batch_id, sample)


def test_the_end_of_a_slice_does_not_end_the_waiting_and_so_never_fails_a_batch(
    world: World,
) -> None:
    client = world.client()
    sample = mixed(600, client.tag)
    batch_id = world.submit(sample, client, filename="slice")
    with failing("before_commit:slice=fault@1"):
        assert runner.run(batch_id, always, shutdown=never) is Result.ENQUEUE_AGAIN
    assert world.processed(batch_id) == 100


def test_a_worker_that_is_to_leave_does_not_wait_for_the_database(world: World) -> None:
    client = world.client()
    batch_id = world.submit(mixed(600, client.tag), client)
    with failing("before_commit=fault"):
        for _ in range(5):  # five deployments while the disk is full are nobody's failure
            assert runner.run(batch_id, never, shutdown=always) is Result.ENQUEUE_AGAIN
    assert world.status(batch_id) == "processing"
    assert world.batch(batch_id)["attempts_without_progress"] == 0


def test_an_error_of_our_own_is_tried_three_times_and_then_said(world: World) -> None:
    client = world.client()
    batch_id = world.submit(mixed(600, client.tag), client)
    with failing("before_commit=bug"):
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                runner.run(batch_id, never)
    assert world.status(batch_id) == "failed"
    assert world.batch(batch_id)["error_message"].startswith("An error of the service itself")
    world.promises_hold(batch_id)


def test_an_attempt_that_gets_on_sets_the_count_back(world: World) -> None:
    client = world.client()
    sample = mixed(1000, client.tag)
    batch_id = world.submit(sample, client, filename="back")
    for number in range(1, 6):
        with failing("before_commit:back=bug@2"), pytest.raises(ZeroDivisionError):
            runner.run(batch_id, never)
        assert world.processed(batch_id) == 100 * number
        assert world.batch(batch_id)["attempts_without_progress"] == 0
    assert runner.run(batch_id, never) is Result.DONE
    world.completed(batch_id, sample)


def test_a_batch_without_its_file_is_failed_and_not_tried_for_ever(world: World) -> None:
    client = world.client()
    batch_id = world.submit(plain(10, client.tag), client)
    world.sql("DELETE FROM import_uploads")
    with failing(""):
        for _ in range(3):
            with pytest.raises(Exception, match="Upload"):
                runner.run(batch_id, never)
    assert world.status(batch_id) == "failed"


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.errors.ConnectionFailure(), True),
        (psycopg.errors.DeadlockDetected(), True),
        (psycopg.errors.SerializationFailure(), True),
        (psycopg.errors.DiskFull(), True),
        (psycopg.errors.TooManyConnections(), True),
        (psycopg.errors.LockNotAvailable(), True),
        (psycopg.errors.QueryCanceled(), True),
        (psycopg.errors.IdleInTransactionSessionTimeout(), True),
        (psycopg.errors.ReadOnlySqlTransaction(), True),
        (psycopg.errors.UndefinedColumn(), False),
        (psycopg.errors.InsufficientPrivilege(), False),
        (psycopg.errors.UniqueViolation(), False),
        (psycopg.errors.RaiseException(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_which_faults_pass(error: psycopg.Error, passes: bool) -> None:
    def raise_it(*_: Any) -> None:
        raise error

    with pytest.raises(Exception) as raised, connection.wrap_database_errors:  # noqa: PT011
        raise_it()
    assert transient_errors.is_transient(raised.value) is passes


# --- nothing is lost without a word -----------------------------------------------------------


def test_a_row_that_the_check_loses_is_no_skipped_row(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = chunks.check

    def losing(*arguments: Any, **more: Any) -> Checked:
        checked = right(*arguments, **more)
        checked.valid.pop()
        return checked

    monkeypatch.setattr(chunks, "check", losing)
    refused(world)


def test_a_row_that_the_writer_loses_is_no_skipped_row(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = copy_writer.write_users
    monkeypatch.setattr(
        copy_writer, "write_users", lambda lines, **given: right(lines[1:], **given)
    )
    refused(world)


def refused(world: World) -> None:
    """Nothing of the chunk is committed."""
    client = world.client()
    batch_id = world.submit(mixed(200, client.tag), client)
    with pytest.raises(RuntimeError, match="not every row has exactly one outcome"):
        runner.run(batch_id, never)
    assert world.processed(batch_id) == 0
    assert world.one("SELECT count(*) FROM users WHERE import_batch_id IS NOT NULL") == 0


def test_an_error_while_the_next_chunk_is_read_ahead_leaves_a_connection_that_works(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COPY has been told its end by then, and its answer is on the way."""
    client = world.client()
    sample = mixed(1000, client.tag)
    batch_id = world.submit(sample, client)
    right = chunks.check

    def stumbling(chunk: Chunk, *arguments: Any, **more: Any) -> Checked:
        checked = right(chunk, *arguments, **more)
        if chunk.number == 1:
            raise ZeroDivisionError("a bug that a test asked for")
        return checked

    with monkeypatch.context() as broken:
        broken.setattr(chunks, "check", stumbling)
        with pytest.raises(ZeroDivisionError):
            runner.run(batch_id, never)
    assert world.processed(batch_id) == 0
    assert runner.run(batch_id, never) is runner.Result.DONE
    world.completed(batch_id, sample)


def test_four_steps_and_no_more_statements_than_a_chunk_needs(world: World) -> None:
    client = world.client()
    sample = plain(10_000, client.tag)
    batch_id = world.submit(sample, client, chunk_size=5000)
    statements: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        runner.run(batch_id, never)
    assert len(statements) <= 5 * 10  # 5 for 1,000 rows
    world.completed(batch_id, sample)


# --- announced after COMMIT, and only then ----------------------------------------------------


def test_a_batch_is_announced_when_it_is_committed_and_others_can_see_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def look(batch_id: UUID) -> None:
        seen.append(world.one("SELECT count(*) FROM import_batches WHERE id = %s", batch_id))

    monkeypatch.setattr(tasks, "enqueue", look)
    client = world.client()
    world.submit(plain(10, client.tag), client)
    assert seen == [1]


def test_a_batch_is_committed_where_the_announcement_goes_wrong(world: World) -> None:
    client = world.client()
    batch_id = world.submit(plain(10, client.tag), client, enqueue=False)
    assert world.status(batch_id) == "pending"
    assert world.is_quiet()
