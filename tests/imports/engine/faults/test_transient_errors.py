"""Errors during a step: which are waited out, and when a batch fails for them."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.utils import OperationalError

from imports.engine import runner, transient_errors
from imports.engine.runner import Result
from tests.imports.engine.support.in_process import always, injected_faults, never
from tests.imports.engine.support.samples import mixed, plain
from tests.imports.engine.support.stack import Stack


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transient_errors, "WAITS_SECONDS", (0.0,) * 3)


@pytest.mark.parametrize("fault", ["fault", "full_disk"])
@pytest.mark.parametrize("point", ["mid_chunk", "before_commit", "after_commit"])
def test_a_transient_error_is_waited_out(stack: Stack, point: str, fault: str) -> None:
    tenant = stack.new_tenant()
    sample = mixed(600, tenant.name)
    batch_id = stack.submit(sample, tenant, filename=f"{point}-{fault}")
    with injected_faults(f"{point}:{point}-{fault}={fault}@2"):
        assert runner.run(batch_id, never) is Result.DONE
    stack.wait_until_completed(batch_id, sample)
    assert stack.batch(batch_id)["attempt"] == 1


def test_a_lasting_error_fails_the_batch_after_three_attempts(
    stack: Stack,
) -> None:
    tenant = stack.new_tenant()
    sample = mixed(600, tenant.name)
    batch_id = stack.submit(sample, tenant)
    runner.run(batch_id, always)
    with injected_faults("before_commit=full_disk"):
        for _ in range(2):
            with pytest.raises(OperationalError):
                runner.run(batch_id, never)
            assert stack.status(batch_id) == "processing"
        with pytest.raises(OperationalError):
            runner.run(batch_id, never)
    assert stack.status(batch_id) == "failed"
    assert stack.batch(batch_id)["error_message"].startswith(
        "The database did not take the rows near row 101 of the data"
    )
    stack.check_partial_outcome(batch_id, sample)


def test_a_worker_waits_for_the_database_beyond_the_end_of_its_slice(
    stack: Stack,
) -> None:
    tenant = stack.new_tenant()
    sample = mixed(600, tenant.name)
    batch_id = stack.submit(sample, tenant, filename="slice")
    with injected_faults("before_commit:slice=fault@1"):
        assert runner.run(batch_id, always, shutdown=never) is Result.ENQUEUE_AGAIN
    assert stack.processed(batch_id) == 100


def test_a_worker_that_shuts_down_does_not_wait_for_the_database(stack: Stack) -> None:
    tenant = stack.new_tenant()
    batch_id = stack.submit(mixed(600, tenant.name), tenant)
    with injected_faults("before_commit=fault"):
        for _ in range(5):  # deployments must not use up the attempts
            assert runner.run(batch_id, never, shutdown=always) is Result.ENQUEUE_AGAIN
    assert stack.status(batch_id) == "processing"
    assert stack.batch(batch_id)["attempts_without_progress"] == 0


def test_an_internal_error_fails_the_batch_after_three_attempts(stack: Stack) -> None:
    tenant = stack.new_tenant()
    batch_id = stack.submit(mixed(600, tenant.name), tenant)
    with injected_faults("before_commit=bug"):
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                runner.run(batch_id, never)
    assert stack.status(batch_id) == "failed"
    assert stack.batch(batch_id)["error_message"].startswith("An error of the service itself")
    stack.check_invariants(batch_id)


def test_progress_resets_the_count_of_attempts(stack: Stack) -> None:
    tenant = stack.new_tenant()
    sample = mixed(1000, tenant.name)
    batch_id = stack.submit(sample, tenant, filename="back")
    for number in range(1, 6):
        with injected_faults("before_commit:back=bug@2"), pytest.raises(ZeroDivisionError):
            runner.run(batch_id, never)
        assert stack.processed(batch_id) == 100 * number
        assert stack.batch(batch_id)["attempts_without_progress"] == 0
    assert runner.run(batch_id, never) is Result.DONE
    stack.wait_until_completed(batch_id, sample)


def test_a_batch_without_its_file_fails(stack: Stack) -> None:
    tenant = stack.new_tenant()
    batch_id = stack.submit(plain(10, tenant.name), tenant)
    stack.sql("DELETE FROM import_uploads")
    with injected_faults(""):
        for _ in range(3):
            with pytest.raises(Exception, match="Upload"):
                runner.run(batch_id, never)
    assert stack.status(batch_id) == "failed"


@pytest.mark.parametrize(
    ("error", "is_transient"),
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
def test_which_errors_are_transient(error: psycopg.Error, is_transient: bool) -> None:
    def raise_it(*_: Any) -> None:
        raise error

    with pytest.raises(Exception) as raised, connection.wrap_database_errors:  # noqa: PT011
        raise_it()
    assert transient_errors.is_transient(raised.value) is is_transient
