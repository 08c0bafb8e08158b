"""Incidents of machines and servers: only blocks of the runbook are run to find and mend them."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import psycopg
import pytest
import redis

from tests.imports.engine.support.processes import wait_until
from tests.imports.engine.support.samples import plain
from tests.imports.engine.support.servers import OwnValkey
from tests.imports.engine.support.stack import Stack
from tests.runbook.service import Service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ELEVEN_MINUTES = 660


def test_a_machine_with_a_worker_and_beat_is_gone_for_good(service: Service) -> None:
    stack, on_call = service.stack, service.on_call
    stack.set_faults("mid_chunk=freeze@4")
    batch_id = service.customer().imports(2000)
    machine = service.worker_of(batch_id)
    wait_until(machine.frozen)
    stack.set_faults("")
    machine.kill()
    service.beat.kill()
    assert stack.processed(batch_id) == 300
    stack.make_older(batch_id, ELEVEN_MINUTES)
    stack.sql("UPDATE heartbeats SET at = at - interval '11 minutes' WHERE name LIKE 'beat:%'")

    assert on_call.checks().keys() == {"beat", "stuck"}
    silent = on_call.does("Stuck imports", "FROM heartbeats")
    assert [name.partition(":")[0] for name, age in silent if age > timedelta(minutes=10)] == [
        "beat"
    ]
    ((on_call.known["BATCH_ID"], *_),) = on_call.does("Stuck imports", "INTERVAL '10 minutes'")
    assert on_call.known["BATCH_ID"] == batch_id
    assert "no progress" in on_call.does("Stuck imports", "--dry-run")
    service.beat = stack.beat()
    on_call.does("Stuck imports", "cleanup_stuck_imports\n")

    def has_helped() -> bool:
        return on_call.does("Stuck imports", "SELECT status, processed_rows")[0][0] == "completed"

    wait_until(has_helped)
    service.is_well_again()


def test_redis_is_emptied(service: Service) -> None:
    stack, on_call = service.stack, service.on_call
    customer = service.customer()
    with psycopg.connect(stack.database_url) as other:
        other.execute("SET idle_in_transaction_session_timeout = 0")
        other.execute("LOCK TABLE users IN SHARE MODE")  # holds up the workers
        batch_ids = [customer.imports(300) for _ in range(6)]
        started = "SELECT count(*) FROM import_batches WHERE status = 'processing'"
        wait_until(lambda: stack.value(started) == 2)
        with redis.Redis.from_url(stack.redis_url) as client:
            client.flushdb()
    wait_until(lambda: stack.value(started) == 0)
    for batch_id in batch_ids:
        stack.make_older(batch_id, 70)

    waiting = on_call.does("Redis", "GROUP BY status")
    assert waiting == [("pending", 4)]
    assert on_call.does("Redis", "llen") == "0\n"
    on_call.does("Redis", "--minutes 1")
    wait_until(lambda: on_call.does("Redis", "GROUP BY status") == [])
    service.is_well_again()


def test_redis_hangs(stack_with_own_valkey: Stack, own_valkey: OwnValkey) -> None:
    service = Service(stack_with_own_valkey)
    stack, on_call, customer = service.stack, service.on_call, service.customer()
    customer.imports(300)
    own_valkey.freeze()
    batch_ids = [customer.imports(300) for _ in range(2)]  # uploads are accepted meanwhile
    assert service.readiness() | {"redis": "away", "status": "degraded"} == service.readiness()

    assert on_call.checks().keys() == {"redis"}
    assert on_call.does("Redis", "ping") == "Redis does not answer\n"
    own_valkey.kill()
    own_valkey.restart()  # on its platform, as the text says
    assert on_call.does("Redis", "ping") == "PONG\n"
    for batch_id in batch_ids:
        stack.make_older(batch_id, 70)
    on_call.does("Redis", "--minutes 1")
    wait_until(lambda: on_call.does("Redis", "GROUP BY status") == [])
    assert service.readiness()["status"] == "ok"
    service.is_well_again()


def test_a_session_holds_a_lock_on_import_batches(service: Service) -> None:
    stack, on_call = service.stack, service.on_call
    customer = service.customer()
    stack.set_faults("after_commit=freeze@3")
    batch_id = customer.imports(2000)
    worker = service.worker_of(batch_id)
    wait_until(worker.frozen)
    with closing(psycopg.connect(stack.database_url)) as other:
        other.execute("SET idle_in_transaction_session_timeout = 0")
        other.execute("LOCK TABLE import_batches IN ACCESS EXCLUSIVE MODE")
        stack.set_faults("")
        worker.resume()
        assert customer.sends(plain(100, "refused")).json()["code"] == "database_unavailable"

        assert on_call.checks().keys() == {"locks"}
        wait_until(lambda: on_call.does("Database", "pg_blocking_pids"))
        on_call.known["PROCESS_ID"] = on_call.does("Database", "client_addr")[0][0]
        assert on_call.does("Database", "pg_terminate_backend") == [(True,)]
        service.is_well_again()
