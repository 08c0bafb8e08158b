"""Web server, two workers and beat on machines of their own, one of which is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.imports.engine.conftest import own_valkey as own_valkey
from tests.imports.engine.conftest import processes as processes
from tests.imports.engine.conftest import stack_with_own_valkey as stack_with_own_valkey
from tests.imports.engine.support.databases import databases as databases
from tests.imports.engine.support.pgbouncer import PgBouncer, needs_pgbouncer
from tests.imports.engine.support.processes import wait_until
from tests.imports.engine.support.servers import OwnValkey
from tests.imports.engine.support.stack import BEAT, WORKER, Stack
from tests.machines.network import Network, needs_namespaces
from tests.runbook.service import Site, started_by

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), needs_pgbouncer, needs_namespaces]
WORKERS = ("worker-1", "worker-2")


@pytest.fixture
def network() -> Iterator[Network]:
    """A switch without machines."""
    made = Network()
    yield made
    made.close()


@pytest.fixture
def pooler(
    network: Network, stack_with_own_valkey: Stack, own_valkey: OwnValkey, tmp_path: Path
) -> Iterator[None]:
    """PgBouncer and Valkey, which are all that the machines of the stack can reach."""
    stack, local = stack_with_own_valkey, "127.0.0.1"
    pgbouncer = PgBouncer(stack.database_url, tmp_path, addresses=f"{local},{network.address}")
    with redis.Redis.from_url(own_valkey.url) as client:
        client.config_set("bind", f"{local} {network.address}")
    stack.of_processes |= {
        "DATABASE_URL": pgbouncer.url().replace(local, network.address),
        "DATABASE_TRANSACTION_POOLING": "true",
        "REDIS_URL": (broker := own_valkey.url.replace(local, network.address)),
        "CELERY_BROKER_URL": broker,  # this process sets it for itself
        "IMPORT_SLICE_SECONDS": "60",  # a worker keeps its import
        "ALLOWED_HOSTS": "*",
    }
    yield
    stack.close()  # before the network and the pooler
    pgbouncer.close()


@pytest.mark.usefixtures("pooler")
def test_a_worker_that_is_cut_off_writes_nothing_when_it_is_back(
    network: Network, stack_with_own_valkey: Stack, tmp_path: Path
) -> None:
    stack = stack_with_own_valkey
    web, beat, *machines = (network.machine(name, tmp_path) for name in ("web", "beat", *WORKERS))
    site = Site(stack, web.address)
    stack.of_processes["IMPORT_CHUNK_SIZE"] = "20"  # imports that take longer than an upload
    web.start(stack, "-m", "gunicorn", "marketedge.wsgi", "--bind", f"{web.address}:80")
    beat.start(stack, *BEAT, "--schedule", str(beat.disk / "schedule"), "--pidfile=")
    workers = [one.start(stack, *WORKER, "--concurrency", "2") for one in machines]
    for worker in workers:
        worker.wait_for_output("ready.")
    wait_until(site.is_served)
    hosts = {f"worker:{name}" for name in WORKERS} | {"beat:beat"}
    wait_until(lambda: hosts <= {name for (name,) in stack.sql("SELECT name FROM heartbeats")})

    customer = site.customer()
    others = [customer.imports(2000) for _ in range(3)]
    long = customer.imports(5000)
    wait_until(lambda: stack.processed(long) >= 200)
    (gone,) = (n for n in range(2) if started_by(long, workers[n : n + 1]))
    machines[gone].unplug()
    assert stack.status(long) == "processing"
    said = len(workers[gone].output())
    assert set(stack.wait_until_ended(long, *others, seconds=180)) == {"completed"}
    site.check_samples()
    assert stack.batch(long)["attempt"] > 1

    unsent = "SELECT count(*) FROM import_batches WHERE mail_state <> 'none'"
    wait_until(lambda: not stack.value(unsent), seconds=60, what="the sweep, which drops e-mails")
    changes = "SELECT count(*) FROM change_log"
    before = stack.value(changes)
    machines[gone].plug_in()
    wait_until(lambda: len(workers[gone].output()) > said, seconds=180, what="a word of it")
    wait_until(stack.queue_is_empty, seconds=180, what="the acknowledgement of its messages")
    site.check_samples()
    assert stack.value(changes) == before

    workers[1 - gone].kill()
    last = customer.imports(1000)  # by the worker that was cut off
    assert stack.wait_until_ended(last) == ["completed"]
    assert started_by(last, [workers[gone]])
    site.check_samples()
