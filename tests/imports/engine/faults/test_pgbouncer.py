"""Behind PgBouncer in transaction mode the service works, and the database's time-outs hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.imports.engine.support.databases import set_timeouts
from tests.imports.engine.support.pgbouncer import PgBouncer, needs_pgbouncer
from tests.imports.engine.support.processes import Process, wait_until
from tests.imports.engine.support.samples import mixed
from tests.imports.engine.support.stack import WORKER, Stack

pytestmark = needs_pgbouncer
CHECK = "import django; django.setup(); from marketedge import database_timeouts as d; d.require()"
IDLE = "SELECT current_setting('idle_in_transaction_session_timeout')"


@pytest.fixture
def pooler(stack: Stack, tmp_path: Path) -> Iterator[Callable[..., PgBouncer]]:
    """A function that starts PgBouncer, and makes the processes of the stack use it."""
    started: list[PgBouncer] = []

    def start(ignored: str = "") -> PgBouncer:
        started.append(PgBouncer(stack.database_url, tmp_path, ignored=ignored))
        stack.of_processes["DATABASE_URL"] = started[-1].url()
        stack.of_processes["DATABASE_TRANSACTION_POOLING"] = "true"
        return started[-1]

    yield start
    for pgbouncer in started:
        pgbouncer.close()


def outcome(process: Process) -> tuple[int, str]:
    """Waits for the end of a process; gives its exit status and its output."""
    return process.popen.wait(60), process.log.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("point", ["before_commit", "mid_chunk"])
def test_a_frozen_worker_behind_pgbouncer_writes_nothing_after_it_resumes(
    stack: Stack, pooler: Callable[..., PgBouncer], point: str
) -> None:
    pooler()
    stack.beat()
    worker = stack.worker(2)
    tenant = stack.new_tenant()
    sample = mixed(1000, tenant.name)
    stack.set_faults(f"{point}:{tenant.name}.csv=freeze@3")
    batch_id = stack.submit(sample, tenant, filename=f"{tenant.name}.csv")
    wait_until(worker.frozen)
    stack.set_faults("")
    stack.wait_until_completed(batch_id, sample)
    assert worker.frozen()
    worker.resume()
    wait_until(stack.queue_is_empty)
    stack.check_outcome(batch_id, sample)
    assert stack.batch(batch_id)["attempt"] > 1


def test_the_time_outs_hold_for_every_session_of_the_pooler(
    stack: Stack, pooler: Callable[..., PgBouncer]
) -> None:
    url = pooler().url()
    for _ in range(3):
        with psycopg.connect(url) as one, psycopg.connect(url) as other:
            assert [one.execute(IDLE).fetchone(), other.execute(IDLE).fetchone()] == [("1s",)] * 2
    assert outcome(stack.start("-c", CHECK)) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("ignored", ["", "options"])
def test_no_process_starts_where_the_time_outs_do_not_hold(
    stack: Stack, pooler: Callable[..., PgBouncer], ignored: str
) -> None:
    set_timeouts(stack.database_url, idle_in_transaction_session_timeout=0, lock_timeout=3600)
    pgbouncer = pooler(ignored)
    commands = [
        ["-c", CHECK],
        [*WORKER, "--concurrency", "1"],
        ["-m", "celery", "-A", "celery_app", "beat", "--pidfile=", "-s", f"{stack.folder}/beat"],
        ["-m", "gunicorn", "marketedge.wsgi", "--bind", "127.0.0.1:0"],
    ]
    for process in [stack.start(*command) for command in commands]:
        status, said = outcome(process)
        assert status != 0
        assert "idle_in_transaction_session_timeout is 0 ms, and must be from 1 to 1000 ms" in said
        assert "lock_timeout is 3600000 ms, and must be from 1 to 10000 ms" in said
        assert "manage.py migrate" in said
        assert "Traceback" not in said

    migrate = stack.start("manage.py", "migrate", "-v0")
    assert migrate.popen.wait(60) == 0, migrate.log.read_text()
    pgbouncer.reconnect()  # as the sentence says: the pooler has older sessions
    assert outcome(stack.start("-c", CHECK)) == (0, "")


@pytest.mark.slow
def test_a_pooler_that_no_setting_names_stops_the_start(
    stack: Stack, pooler: Callable[..., PgBouncer]
) -> None:
    pooler()
    status, said = outcome(stack.start("-c", CHECK, DATABASE_TRANSACTION_POOLING="false"))
    assert (status, "Set DATABASE_TRANSACTION_POOLING=true" in said) == (1, True)


@pytest.mark.slow
def test_a_session_that_loses_its_time_outs_later_is_not_used(stack: Stack) -> None:
    """As when a pooler or an operator is changed while the service runs."""
    code = (
        f"{CHECK}; from django.db import connection as c; c.ensure_connection(); c.close();"
        "from tests.imports.engine.support.databases import set_timeouts;"
        f"set_timeouts('{stack.database_url}', statement_timeout=0); c.ensure_connection()"
    )
    status, said = outcome(stack.start("-c", code))
    assert (status, "OperationalError: PostgreSQL's time-outs do not hold" in said) == (1, True)


@pytest.mark.slow
def test_a_database_that_is_away_stops_no_start(stack: Stack) -> None:
    url = "postgresql://marketedge@127.0.0.1:1/marketedge"
    status, said = outcome(stack.start("-c", CHECK, DATABASE_URL=url))
    assert (status, "database_away_at_start" in said) == (0, True)


@pytest.mark.slow
def test_a_result_that_is_read_in_parts_is_whole_behind_pgbouncer(
    stack: Stack, pooler: Callable[..., PgBouncer]
) -> None:
    """Django's `iterator()` uses a cursor of the server otherwise, outside of a transaction."""
    pooler()
    stack.sql("INSERT INTO organisations (name) SELECT 'o' || n FROM generate_series(1, 500) n")
    code = (
        f"{CHECK}; from users.models import Organisation as O;"
        "print(sum(1 for _ in O.objects.all().iterator(chunk_size=100)))"
    )
    assert outcome(stack.start("-c", code)) == (0, "500\n")
