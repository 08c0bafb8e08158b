"""Fixtures: stacks with a database, a broker and processes of their own (support/stack.py)."""

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
from tests.imports.engine.support.stack import Stack, connected_to

_numbers = itertools.count(1)  # of the databases of the Redis server


@contextmanager
def supervisor() -> Iterator[Processes]:
    """Starts servers; restores the signal handlers that it replaces."""
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
    """Starts and ends the servers of a test."""
    with supervisor() as started:
        yield started


@pytest.fixture(scope="module")
def broker_url() -> str:
    """The broker of a stack that the tests of a module share."""
    return _broker()


def _broker() -> str:
    """Gives a database of the Redis server that no other stack uses: the worker of another one
    would take its messages. Other tests use database 0."""
    url = re.sub(r"/\d*$", "", os.environ["REDIS_URL"]) + f"/{next(_numbers)}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()  # fails if the server has fewer databases
    return url


@pytest.fixture(scope="session")
def _shared(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Stack]]:
    """Gives the stack of `live_stack`. Creates it at first use, and again after a test broke it."""
    stacks: list[Stack] = []

    def get() -> Stack:
        if not stacks or any(one.popen.poll() is not None for one in stacks[-1].processes):
            for broken in stacks:
                broken.close()
            url, folder = databases.new(verbose=True), tmp_path_factory.mktemp("live_stack")
            stacks.append(Stack(url, _broker(), folder))
            stacks[-1].beat()
            stacks[-1].worker(2)
        return stacks[-1]

    yield get
    for stack in stacks:
        stack.close()


@pytest.fixture
def live_stack(_shared: Callable[[], Stack], django_db_blocker: Any) -> Iterator[Stack]:
    """A stack in which a worker with two processes and beat are running."""
    stack = _shared()
    with django_db_blocker.unblock(), connected_to(stack):
        yield stack
    stack.set_faults("")
    for process in stack.processes:
        process.resume()
    stack.sql(
        "UPDATE import_batches SET status = 'cancelled' WHERE status IN ('pending', 'processing')"
    )


@pytest.fixture
def stack(databases: Databases, tmp_path: Path, django_db_blocker: Any) -> Iterator[Stack]:
    """A stack in which no worker is running."""
    created = Stack(databases.new(), _broker(), tmp_path)
    with django_db_blocker.unblock(), connected_to(created):
        yield created
    created.close()


@pytest.fixture
def own_valkey(processes: Processes, tmp_path: Path) -> OwnValkey:
    """A Valkey server that the test may kill."""
    return OwnValkey(processes, tmp_path)


@pytest.fixture
def stack_with_own_valkey(
    databases: Databases, own_valkey: OwnValkey, tmp_path: Path, django_db_blocker: Any
) -> Iterator[Stack]:
    """A stack whose broker the test may kill."""
    created = Stack(databases.new(), own_valkey.url, tmp_path)
    with django_db_blocker.unblock(), connected_to(created):
        yield created
    created.close()


@pytest.fixture
def own_postgres(processes: Processes, tmp_path: Path) -> OwnPostgres:
    """A PostgreSQL server that the test may stop, and whose disk it may fill."""
    return OwnPostgres(processes, tmp_path)


@pytest.fixture
def stack_with_own_postgres(
    own_postgres: OwnPostgres, tmp_path: Path, django_db_blocker: Any
) -> Iterator[Stack]:
    """A stack whose database server the test may stop."""
    migrate(own_postgres.url)
    created = Stack(own_postgres.url, _broker(), tmp_path)
    with django_db_blocker.unblock(), connected_to(created):
        yield created
    created.close()
