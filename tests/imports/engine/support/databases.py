"""Creates migrated databases quickly, as copies of a template."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache

import psycopg
import pytest

from tests.imports.engine.support import invariants
from tests.imports.engine.support.processes import ROOT

NAME = re.compile(r"(?<=/)[^/?]+(?=\?|$)")  # of the database, in a URL
_numbers = itertools.count(1)


IDLE_SECONDS = 1  # DATABASE_IDLE_SECONDS of stacks
_SET_TIMEOUT = """
    DO $$ BEGIN EXECUTE format(
        'ALTER ROLE CURRENT_USER IN DATABASE %I SET {name} = {value}', current_database()
    ); END $$
"""


def set_timeouts(database_url: str, **seconds: int) -> None:
    """Sets time-outs of the role in a database, as `migrate` does. A copy of a database has none of
    its template's. By default those that a stack's processes ask for."""
    known = {"lock_timeout": 10, "statement_timeout": 60}
    known["idle_in_transaction_session_timeout"] = IDLE_SECONDS
    with psycopg.connect(database_url, autocommit=True) as db:
        for name, value in (known | seconds).items():
            db.execute(_SET_TIMEOUT.format(name=name, value=1000 * value))


def migrate(database_url: str) -> None:
    """Creates the tables, and the triggers that log changes (invariants.py)."""
    environment = os.environ | {"DATABASE_URL": database_url}
    environment["DATABASE_IDLE_SECONDS"] = str(IDLE_SECONDS)
    command = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    with psycopg.connect(database_url, autocommit=True) as db:
        db.execute(invariants.SQL)


class Databases:
    """Creates databases on the server of the tests."""

    def __init__(self, server_url: str) -> None:
        self.url = server_url
        self._created: list[str] = []
        self._db = psycopg.connect(NAME.sub("postgres", server_url), autocommit=True)
        self.template = self._new("template0")
        migrate(self.template)

    def new(self, *, verbose: bool = False) -> str:
        """Creates a migrated, empty database; gives its URL. With `verbose` PostgreSQL logs errors
        as it does by default. Imports then write rows through a temporary table."""
        url = self._new(self._created[0])
        if verbose:
            name = self._created[-1]
            self._db.execute(f"ALTER DATABASE {name} SET log_error_verbosity = 'default'")
        set_timeouts(url)
        return url

    def _new(self, template: str) -> str:
        name = f"engine_{os.getpid()}_{next(_numbers)}"
        self._db.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        self._created.append(name)
        return NAME.sub(name, self.url)

    def close(self) -> None:
        """Drops the databases. A server without fsync is deleted as a whole, so the databases are
        kept there: dropping each of them takes a checkpoint."""
        row = self._db.execute("SHOW fsync").fetchone()
        while self._created and row == ("on",):
            self._db.execute(f"DROP DATABASE IF EXISTS {self._created.pop()} WITH (FORCE)")


@cache
def _shared() -> Databases:
    return Databases(os.environ["DATABASE_URL"])


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """The databases of all tests. Test modules import this fixture to use it."""
    yield _shared()
    _shared().close()
