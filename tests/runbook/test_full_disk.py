"""The disk of the database is full: only blocks of the runbook are run to find and mend it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.imports.engine.faults.test_database_faults import fill, small_disk
from tests.imports.engine.support.processes import wait_until
from tests.imports.engine.support.samples import plain
from tests.imports.engine.support.servers import OwnPostgres
from tests.imports.engine.support.stack import Stack
from tests.runbook.service import Service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
MEGABYTES = 24


@pytest.fixture
def disk(
    stack_with_own_postgres: Stack, own_postgres: OwnPostgres, tmp_path: Path
) -> Iterator[Path]:
    """A small disk with the tables and indexes of imports. The log of PostgreSQL is on another."""
    stack, folder = stack_with_own_postgres, tmp_path / "disk"
    with small_disk(folder, f"{MEGABYTES}m"):
        with own_postgres.superuser() as superuser:
            superuser.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
            superuser.execute("GRANT CREATE ON TABLESPACE small TO marketedge")
        for kind, name in stack.sql(
            "SELECT 'TABLE', tablename FROM pg_tables WHERE tablename LIKE 'import%'"
            " UNION ALL SELECT 'INDEX', indexname FROM pg_indexes WHERE tablename LIKE 'import%'"
        ):
            stack.sql(f"ALTER {kind} {name} SET TABLESPACE small")
        stack.sql("ALTER ROLE CURRENT_USER SET default_tablespace = small")
        yield folder
        stack.close()
        own_postgres.stop_immediately()


def test_the_disk_of_the_database_is_full(stack_with_own_postgres: Stack, disk: Path) -> None:
    service = Service(stack_with_own_postgres)
    stack, on_call, customer = service.stack, service.on_call, service.customer()
    old = customer.imports(5000)
    assert stack.wait_until_ended(old) == ["completed"]
    stack.make_older(old, 32 * 24 * 3600)
    del service.samples[old]

    stack.set_faults("after_commit=freeze@3")
    batch_id = customer.imports(3000)
    worker = service.worker_of(batch_id)
    wait_until(worker.frozen)
    stack.set_faults("")
    ballast = disk / "ballast"
    fill(ballast)
    worker.resume()

    def is_refused() -> bool:
        answer = customer.sends(plain(3000, "refused"))
        assert answer.status_code == 503, answer.text
        return bool(answer.json()["code"] == "database_unavailable")

    assert is_refused()
    with pytest.raises(psycopg.errors.DiskFull):
        on_call.does("Database", "disk_probe")
    assert on_call.does("Database", "pg_size_pretty")
    command = ["mount", "-o", f"remount,size={2 * MEGABYTES}m", disk]
    subprocess.run(command, check=True)  # it is enlarged on its platform, as the text says
    assert "1 " in on_call.does("Database", "purge_imports")
    on_call.does("Database", "VACUUM")
    on_call.does("Database", "disk_probe")
    on_call.does("Database", "manage.py cleanup_stuck_imports")
    customer.imports(1000)
    service.is_well_again()
    assert stack.sql("SELECT 1 FROM import_batches WHERE id = %s", old) == []
