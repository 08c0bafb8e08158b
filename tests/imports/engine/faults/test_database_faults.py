"""PostgreSQL is stopped, has a full disk, or its answers get lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devtools.servers import NOBODY
from tests.imports.engine.support.processes import Process, wait_until
from tests.imports.engine.support.proxy import Proxy
from tests.imports.engine.support.samples import mixed, plain
from tests.imports.engine.support.servers import OwnPostgres
from tests.imports.engine.support.stack import ConsistencyChecker, Stack


def sessions_cut(stack: Stack) -> int:
    """Ends all other sessions of the database; gives their number."""
    return len(
        stack.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND application_name <> 'checker'"
        )
    )


def test_connections_cut_by_pg_terminate_backend(live_stack: Stack) -> None:
    tenant = live_stack.new_tenant()
    sample = mixed(5000, tenant.name)
    batch_id = live_stack.submit(sample, tenant)
    with ConsistencyChecker(live_stack, batch_id) as checker:
        for least in range(400, 4400, 500):
            wait_until(lambda least=least: live_stack.processed(batch_id) >= least)
            assert sessions_cut(live_stack)
        live_stack.wait_until_completed(batch_id, sample)
    assert checker.violations == []


@pytest.mark.parametrize("point", ["mid_chunk", "before_commit"])
def test_connection_cut_at_a_point_of_a_chunk(live_stack: Stack, point: str) -> None:
    tenant = live_stack.new_tenant()
    sample = mixed(1000, tenant.name)
    worker = live_stack.processes[-1]
    live_stack.set_faults(f"{point}:{tenant.name}.csv=freeze@3")
    batch_id = live_stack.submit(sample, tenant, filename=f"{tenant.name}.csv")
    wait_until(worker.frozen)
    live_stack.set_faults("")
    sessions_cut(live_stack)
    worker.resume()
    live_stack.wait_until_completed(batch_id, sample)


@pytest.fixture
def proxy(stack: Stack) -> Iterator[Proxy]:
    """A proxy between the worker and its database."""
    made = Proxy(stack.database_url)
    yield made
    made.close()


@pytest.mark.slow
def test_connection_cut_before_and_after_commit(stack: Stack, proxy: Proxy) -> None:
    worker = stack.worker(DATABASE_URL=proxy.url(stack.database_url))
    for when in ("before", "after"):
        tenant = stack.new_tenant()
        sample = mixed(1000, tenant.name)
        proxy.cuts = [when] * 4
        batch_id = stack.submit(sample, tenant)
        stack.wait_until_completed(batch_id, sample)
    for when in ("before", "after"):  # also for the last chunk, which completes the batch
        tenant = stack.new_tenant()
        sample = plain(100, tenant.name)
        proxy.cuts = [when]
        batch_id = stack.submit(sample, tenant)
        stack.wait_until_completed(batch_id, sample)
    assert proxy.done == ["before"] * 4 + ["after"] * 4 + ["before", "after"]
    wait_until(stack.queue_is_empty)
    assert "csv_import_fault" in worker.output()


def stop_and_start(stack: Stack, server: OwnPostgres, worker: Process) -> None:
    """Stops the server, and starts it again when the worker has logged an error."""
    noticed = worker.output().count("csv_import_fault")
    server.stop_immediately()
    wait_until(lambda: worker.output().count("csv_import_fault") > noticed)
    server.restart()
    stack.reconnect()


@pytest.mark.slow  # the tests above cut connections as a crash does
def test_postgresql_crashes_and_restarts_during_an_import(
    stack_with_own_postgres: Stack, own_postgres: OwnPostgres
) -> None:
    stack, tenant = stack_with_own_postgres, stack_with_own_postgres.new_tenant()
    sample = mixed(3000, tenant.name)
    worker = stack.worker(IMPORT_SLICE_SECONDS="60")
    batch_id = stack.submit(sample, tenant, chunk_size=50)
    for least in (600, 1800):
        wait_until(lambda least=least: stack.processed(batch_id) >= least)
        stop_and_start(stack, own_postgres, worker)
    stack.wait_until_completed(batch_id, sample)


def test_the_disk_is_full_for_a_while(live_stack: Stack) -> None:
    tenant = live_stack.new_tenant()
    sample = mixed(1000, tenant.name)
    worker = live_stack.processes[-1]
    before = worker.output().count("csv_import_fault")
    live_stack.set_faults(f"before_commit:{tenant.name}.csv=full_disk")
    batch_id = live_stack.submit(sample, tenant, filename=f"{tenant.name}.csv")
    wait_until(lambda: worker.output().count("csv_import_fault") >= before + 4)
    live_stack.set_faults("")
    live_stack.wait_until_completed(batch_id, sample)


# --- slow: a real full disk, longer outages -----------------------------------------------------


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Mounts a small file system. Skips the test without the right to mount."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},uid={NOBODY},mode=700", "tmpfs", folder]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.slow
def test_a_real_disk_is_full_for_a_while(
    stack_with_own_postgres: Stack, own_postgres: OwnPostgres, tmp_path: Path
) -> None:
    stack, tenant = stack_with_own_postgres, stack_with_own_postgres.new_tenant()
    sample, disk = mixed(20_000, tenant.name), tmp_path / "disk"
    with small_disk(disk, "24m"), own_postgres.superuser() as superuser:
        superuser.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        superuser.execute("GRANT CREATE ON TABLESPACE small TO marketedge")
        stack.sql("ALTER TABLE users SET TABLESPACE small")
        for (index,) in stack.sql("SELECT indexname FROM pg_indexes WHERE tablename = 'users'"):
            stack.sql(f"ALTER INDEX {index} SET TABLESPACE small")
        ballast = disk / "ballast"
        worker = stack.worker(IMPORT_SLICE_SECONDS="60")
        batch_id = stack.submit(sample, tenant, chunk_size=500)
        wait_until(lambda: stack.processed(batch_id) >= 2000)
        fill(ballast)
        wait_until(lambda: worker.output().count("csv_import_fault") >= 6)  # some ten seconds
        assert stack.status(batch_id) == "processing"
        stack.check_invariants(batch_id)
        ballast.unlink()
        stack.wait_until_completed(batch_id, sample)
        worker.kill()
        own_postgres.stop_immediately()


def fill(ballast: Path) -> None:
    """Fills the file system to the last byte."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 14))
        except OSError:
            return


@pytest.mark.slow
def test_postgresql_is_repeatedly_away_for_ten_seconds(
    stack_with_own_postgres: Stack, own_postgres: OwnPostgres
) -> None:
    stack, tenant = stack_with_own_postgres, stack_with_own_postgres.new_tenant()
    sample = mixed(20_000, tenant.name)
    stack.beat()
    worker = stack.worker(2)
    batch_id = stack.submit(sample, tenant)
    for least in range(3000, 18_000, 5000):
        wait_until(lambda least=least: stack.processed(batch_id) >= least)
        own_postgres.stop_immediately()
        faults = worker.output().count("csv_import")
        wait_until(lambda faults=faults: worker.output().count("csv_import") >= faults + 6)
        own_postgres.restart()
        stack.reconnect()
    stack.wait_until_completed(batch_id, sample)
