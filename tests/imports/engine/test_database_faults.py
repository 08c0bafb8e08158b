"""PostgreSQL that goes away, is full, or gives no answer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devtools.servers import NOBODY
from tests.imports.engine.support.processes import Process, until
from tests.imports.engine.support.proxy import Proxy
from tests.imports.engine.support.samples import mixed, plain
from tests.imports.engine.support.servers import OwnPostgres
from tests.imports.engine.support.world import Watcher, World


def sessions_cut(world: World) -> int:
    """Cuts every connection to the database but one's own."""
    return len(
        world.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND application_name <> 'watcher'"
        )
    )


def test_connections_cut_by_pg_terminate_backend(crew: World) -> None:
    client = crew.client()
    sample = mixed(5000, client.tag)
    batch_id = crew.submit(sample, client)
    with Watcher(crew, batch_id) as watcher:
        for least in range(400, 4400, 500):
            until(lambda least=least: crew.processed(batch_id) >= least)
            assert sessions_cut(crew)
        crew.completed(batch_id, sample)
    assert watcher.wrong == []


@pytest.mark.parametrize("point", ["mid_chunk", "before_commit"])
def test_connection_cut_exactly_here(crew: World, point: str) -> None:
    client = crew.client()
    sample = mixed(1000, client.tag)
    worker = crew.processes[-1]
    crew.fail_at(f"{point}:{client.tag}.csv=freeze@3")
    batch_id = crew.submit(sample, client, filename=f"{client.tag}.csv")
    until(worker.frozen)
    crew.fail_at("")
    sessions_cut(crew)
    worker.go_on()
    crew.completed(batch_id, sample)


@pytest.fixture
def proxy(world: World) -> Iterator[Proxy]:
    """Between the worker and its database."""
    made = Proxy(world.database_url)
    yield made
    made.close()


def test_the_answer_to_commit_is_lost_both_ways(world: World, proxy: Proxy) -> None:
    worker = world.worker(DATABASE_URL=proxy.url(world.database_url))
    for when in ("before", "after"):
        client = world.client()
        sample = mixed(1000, client.tag)
        proxy.cuts = [when] * 4
        batch_id = world.submit(sample, client)
        world.completed(batch_id, sample)
    for when in ("before", "after"):  # and of the very last chunk, which ends the batch
        client = world.client()
        sample = plain(100, client.tag)
        proxy.cuts = [when]
        batch_id = world.submit(sample, client)
        world.completed(batch_id, sample)
    assert proxy.made == ["before"] * 4 + ["after"] * 4 + ["before", "after"]
    until(world.is_quiet)
    assert "csv_import_fault" in worker.output()


def stop_and_start(world: World, server: OwnPostgres, worker: Process) -> None:
    """An immediate stop, and a start once the worker has noticed."""
    noticed = worker.output().count("csv_import_fault")
    server.stop_immediately()
    until(lambda: worker.output().count("csv_import_fault") > noticed)
    server.come_back()
    world.reconnect()


def test_postgresql_stopped_immediately_and_started_again_in_mid_batch(
    world_with_own_postgres: World, own_postgres: OwnPostgres
) -> None:
    world, client = world_with_own_postgres, world_with_own_postgres.client()
    sample = mixed(3000, client.tag)
    worker = world.worker(IMPORT_SLICE_SECONDS="60")
    batch_id = world.submit(sample, client, chunk_size=50)
    for least in (600, 1800):
        until(lambda least=least: world.processed(batch_id) >= least)
        stop_and_start(world, own_postgres, worker)
    world.completed(batch_id, sample)


def test_the_disk_is_full_for_a_while(crew: World) -> None:
    client = crew.client()
    sample = mixed(1000, client.tag)
    worker = crew.processes[-1]
    before = worker.output().count("csv_import_fault")
    crew.fail_at(f"before_commit:{client.tag}.csv=full_disk")
    batch_id = crew.submit(sample, client, filename=f"{client.tag}.csv")
    until(lambda: worker.output().count("csv_import_fault") >= before + 4)
    crew.fail_at("")
    crew.completed(batch_id, sample)


# --- slow: the real thing ---------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of its own. Skips the test where nobody may mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},uid={NOBODY},mode=700", "tmpfs", folder]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.slow
def test_a_disk_that_is_really_full_and_then_is_not(
    world_with_own_postgres: World, own_postgres: OwnPostgres, tmp_path: Path
) -> None:
    world, client = world_with_own_postgres, world_with_own_postgres.client()
    sample, disk = mixed(20_000, client.tag), tmp_path / "disk"
    with small_disk(disk, "24m"), own_postgres.superuser() as superuser:
        superuser.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        superuser.execute("GRANT CREATE ON TABLESPACE small TO marketedge")
        world.sql("ALTER TABLE users SET TABLESPACE small")
        for (index,) in world.sql("SELECT indexname FROM pg_indexes WHERE tablename = 'users'"):
            world.sql(f"ALTER INDEX {index} SET TABLESPACE small")
        ballast = disk / "ballast"
        worker = world.worker(IMPORT_SLICE_SECONDS="60")
        batch_id = world.submit(sample, client, chunk_size=500)
        until(lambda: world.processed(batch_id) >= 2000)
        fill(ballast)
        until(lambda: worker.output().count("csv_import_fault") >= 6)  # some ten seconds
        assert world.status(batch_id) == "processing"
        world.promises_hold(batch_id)
        ballast.unlink()
        world.completed(batch_id, sample)
        worker.kill()
        own_postgres.stop_immediately()


def fill(ballast: Path) -> None:
    """Leaves not a byte."""
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 14))
        except OSError:
            return


@pytest.mark.slow
def test_postgresql_away_for_ten_seconds_again_and_again(
    world_with_own_postgres: World, own_postgres: OwnPostgres
) -> None:
    world, client = world_with_own_postgres, world_with_own_postgres.client()
    sample = mixed(20_000, client.tag)
    world.beat()
    worker = world.worker(2)
    batch_id = world.submit(sample, client)
    for least in range(3000, 18_000, 5000):
        until(lambda least=least: world.processed(batch_id) >= least)
        own_postgres.stop_immediately()
        faults = worker.output().count("csv_import")
        until(lambda faults=faults: worker.output().count("csv_import") >= faults + 6)
        own_postgres.come_back()
        world.reconnect()
    world.completed(batch_id, sample)
