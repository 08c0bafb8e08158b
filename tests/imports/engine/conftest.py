"""Worlds: a migrated database each, copied in a moment, with a broker and processes of its own."""

from __future__ import annotations

import itertools
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from devtools.processes import Processes
from tests.imports.engine.support.databases import Databases, migrate
from tests.imports.engine.support.databases import databases as databases
from tests.imports.engine.support.servers import OwnPostgres, OwnValkey
from tests.imports.engine.support.world import World, inside

_numbers = itertools.count(1)  # of brokers


@contextmanager
def supervisor() -> Iterator[Processes]:
    """Starts servers, and gives the signals back that it takes over."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    kept = {number: signal.getsignal(number) for number in numbers}
    try:
        with Processes() as started:
            yield started
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@pytest.fixture
def processes() -> Iterator[Processes]:
    """A supervisor of the test's own servers."""
    with supervisor() as started:
        yield started


@pytest.fixture(scope="module")
def broker_url() -> str:
    """For a world that several tests share."""
    return _broker()


def _broker() -> str:
    """An empty one of the sixteen that a Redis server has; the first is the other tests'."""
    url = re.sub(r"/\d*$", "", os.environ["REDIS_URL"]) + f"/{1 + next(_numbers) % 15}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(scope="session")
def _shared(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], World]]:
    """The world of `crew`, made when it is first wanted and again when a test has spoilt it."""
    worlds: list[World] = []

    def get() -> World:
        if not worlds or any(one.popen.poll() is not None for one in worlds[-1].processes):
            for spoilt in worlds:
                spoilt.close()
            worlds.append(World(databases.new(), _broker(), tmp_path_factory.mktemp("crew")))
            worlds[-1].beat()
            worlds[-1].worker(2)
        return worlds[-1]

    yield get
    for world in worlds:
        world.close()


@pytest.fixture
def crew(_shared: Callable[[], World], django_db_blocker: Any) -> Iterator[World]:
    """A world in which a worker with two processes and a beat are at work already."""
    world = _shared()
    with django_db_blocker.unblock(), inside(world):
        yield world
    world.fail_at("")
    for process in world.processes:
        process.go_on()
    world.sql(
        "UPDATE import_batches SET status = 'cancelled' WHERE status IN ('pending', 'processing')"
    )


@pytest.fixture
def world(databases: Databases, tmp_path: Path, django_db_blocker: Any) -> Iterator[World]:
    """A world in which nobody is at work yet."""
    made = World(databases.new(), _broker(), tmp_path)
    with django_db_blocker.unblock(), inside(made):
        yield made
    made.close()


@pytest.fixture
def own_valkey(processes: Processes, tmp_path: Path) -> OwnValkey:
    """A Redis server that the test may kill."""
    return OwnValkey(processes, tmp_path)


@pytest.fixture
def world_with_own_valkey(
    databases: Databases, own_valkey: OwnValkey, tmp_path: Path, django_db_blocker: Any
) -> Iterator[World]:
    """A world whose broker is the test's own."""
    made = World(databases.new(), own_valkey.url, tmp_path)
    with django_db_blocker.unblock(), inside(made):
        yield made
    made.close()


@pytest.fixture
def own_postgres(processes: Processes, tmp_path: Path) -> OwnPostgres:
    """A PostgreSQL server that the test may stop, and whose disk it may fill."""
    return OwnPostgres(processes, tmp_path)


@pytest.fixture
def world_with_own_postgres(
    own_postgres: OwnPostgres, tmp_path: Path, django_db_blocker: Any
) -> Iterator[World]:
    """A world whose database is on the test's own server."""
    migrate(own_postgres.url)
    made = World(own_postgres.url, _broker(), tmp_path)
    with django_db_blocker.unblock(), inside(made):
        yield made
    made.close()
