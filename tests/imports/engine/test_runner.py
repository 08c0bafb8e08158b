"""Runs in this process: claims, stops, and the check that no row gets lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection, connections

from imports.engine import failpoints, runner, transient_errors
from imports.engine.runner import Result
from imports.engine.staged import chunks
from imports.engine.staged.chunks import Checked, Chunk
from imports.engine.writing import copy_writer
from tests.imports.engine.support.in_process import always, injected_faults, never
from tests.imports.engine.support.samples import mixed, plain
from tests.imports.engine.support.stack import Stack


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transient_errors, "WAITS_SECONDS", (0.0,) * 3)


def test_a_run_can_be_stopped_after_every_chunk_and_continued(stack: Stack) -> None:
    tenant = stack.new_tenant()
    sample = mixed(600, tenant.name)
    batch_id = stack.submit(sample, tenant)
    for chunk in range(1, 6):
        assert runner.run(batch_id, always) is Result.ENQUEUE_AGAIN
        stack.check_outcome(batch_id, sample.first_rows(100 * chunk))
        assert stack.batch(batch_id)["heartbeat_at"] is None  # released at once
    assert runner.run(batch_id, always) is Result.DONE
    stack.wait_until_completed(batch_id, sample)


def test_a_run_of_a_missing_or_ended_batch_does_nothing(stack: Stack) -> None:
    tenant = stack.new_tenant()
    batch_id = stack.submit(plain(10, tenant.name), tenant)
    assert runner.run(batch_id, never) is Result.DONE
    before = stack.batch(batch_id)
    assert runner.run(batch_id, never) is Result.DONE
    assert runner.run(uuid4(), never) is Result.DONE
    assert stack.batch(batch_id) == before


def test_a_batch_with_a_locked_row_or_a_recent_heartbeat_is_busy(stack: Stack) -> None:
    tenant = stack.new_tenant()
    batch_id = stack.submit(plain(10, tenant.name), tenant)
    with psycopg.connect(stack.database_url) as other:
        other.execute("SELECT 1 FROM import_batches FOR UPDATE")
        assert runner.run(batch_id, never) is Result.BUSY
    stack.sql("UPDATE import_batches SET status = 'processing', heartbeat_at = now()")
    assert runner.run(batch_id, never) is Result.BUSY
    assert stack.batch(batch_id)["attempt"] == 0
    stack.make_older(batch_id, 10)
    assert runner.run(batch_id, never) is Result.DONE
    assert stack.status(batch_id) == "completed"


@pytest.mark.parametrize("point", ["mid_chunk", "before_commit"])
def test_no_worker_claims_a_batch_in_the_middle_of_a_chunk(stack: Stack, point: str) -> None:
    tenant = stack.new_tenant()
    sample = mixed(600, tenant.name)
    batch_id = stack.submit(sample, tenant, filename=point)
    results: list[Result] = []

    def second_worker() -> None:
        results.append(runner.run(batch_id, never))
        connections.close_all()

    def overlap() -> None:
        thread = threading.Thread(target=second_worker)
        thread.start()
        thread.join()

    with (
        injected_faults(f"{point}:{point}=overlap@3"),
        mock.patch.dict(failpoints.FAULTS, {"overlap": overlap}),
    ):
        assert runner.run(batch_id, never) is Result.DONE
    assert results == [Result.BUSY]
    stack.wait_until_completed(batch_id, sample)
    assert stack.batch(batch_id)["attempt"] == 1


def claimed_by_another(stack: Stack, batch_id: UUID, nth: int = 1) -> Callable[[], bool]:
    """Gives a `stop` during whose n-th call another worker claims the batch. It returns False."""
    calls: list[None] = []

    def stop() -> bool:
        calls.append(None)
        if len(calls) == nth:
            stack.sql("UPDATE import_batches SET attempt = attempt + 1 WHERE id = %s", batch_id)
        return False

    return stop


def test_a_worker_writes_nothing_after_another_has_claimed_the_batch(stack: Stack) -> None:
    tenant = stack.new_tenant()
    sample = mixed(600, tenant.name)
    batch_id = stack.submit(sample, tenant)
    assert runner.run(batch_id, claimed_by_another(stack, batch_id, 2)) is Result.DONE
    assert stack.status(batch_id) == "processing"
    stack.check_outcome(batch_id, sample.first_rows(200))


def test_a_worker_does_not_release_a_batch_that_another_has_claimed(stack: Stack) -> None:
    tenant = stack.new_tenant()
    batch_id = stack.submit(mixed(600, tenant.name), tenant)

    def stop() -> bool:
        claimed_by_another(stack, batch_id)()
        return True

    runner.run(batch_id, stop)
    assert stack.batch(batch_id)["heartbeat_at"] is not None


# --- no row gets lost -------------------------------------------------------------------------


def test_a_chunk_is_rolled_back_if_the_check_loses_a_row(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = chunks.check

    def losing_check(*arguments: Any, **more: Any) -> Checked:
        checked = original(*arguments, **more)
        checked.valid.pop()
        return checked

    monkeypatch.setattr(chunks, "check", losing_check)
    check_that_the_chunk_is_rolled_back(stack)


def test_a_chunk_is_rolled_back_if_the_writer_loses_a_row(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = copy_writer.write_users
    monkeypatch.setattr(
        copy_writer, "write_users", lambda lines, **given: original(lines[1:], **given)
    )
    check_that_the_chunk_is_rolled_back(stack)


def check_that_the_chunk_is_rolled_back(stack: Stack) -> None:
    """Runs a batch, and checks that nothing of the chunk is committed."""
    tenant = stack.new_tenant()
    batch_id = stack.submit(mixed(200, tenant.name), tenant)
    with pytest.raises(RuntimeError, match="not every row has exactly one outcome"):
        runner.run(batch_id, never)
    assert stack.processed(batch_id) == 0
    assert stack.value("SELECT count(*) FROM users WHERE import_batch_id IS NOT NULL") == 0


def test_the_connection_works_after_an_error_while_reading_ahead(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At that moment the end of COPY is sent, and its result is not yet read."""
    tenant = stack.new_tenant()
    sample = mixed(1000, tenant.name)
    batch_id = stack.submit(sample, tenant)
    original = chunks.check

    def failing_check(chunk: Chunk, *arguments: Any, **more: Any) -> Checked:
        checked = original(chunk, *arguments, **more)
        if chunk.number == 1:
            raise ZeroDivisionError("a bug that a test calls for")
        return checked

    with monkeypatch.context() as broken:
        broken.setattr(chunks, "check", failing_check)
        with pytest.raises(ZeroDivisionError):
            runner.run(batch_id, never)
    assert stack.processed(batch_id) == 0
    assert runner.run(batch_id, never) is runner.Result.DONE
    stack.wait_until_completed(batch_id, sample)


def test_a_chunk_takes_few_statements(stack: Stack) -> None:
    tenant = stack.new_tenant()
    sample = plain(10_000, tenant.name)
    batch_id = stack.submit(sample, tenant, chunk_size=5000)
    statements: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        runner.run(batch_id, never)
    assert len(statements) <= 5 * 10  # 5 for 1,000 rows
    stack.wait_until_completed(batch_id, sample)
