"""Migrated databases, copied from one in a moment."""

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

from tests.imports.engine.support import ledger
from tests.imports.engine.support.processes import ROOT

NAME = re.compile(r"(?<=/)[^/?]+(?=\?|$)")  # of the database, in a URL
_numbers = itertools.count(1)


def migrate(database_url: str) -> None:
    """Every table, and the triggers that note what happens to them."""
    environment = os.environ | {"DATABASE_URL": database_url}
    command = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    with psycopg.connect(database_url, autocommit=True) as db:
        db.execute(ledger.SQL)


class Databases:
    """Makes databases on the server that the tests were given."""

    def __init__(self, server_url: str) -> None:
        self.url = server_url
        self._made: list[str] = []
        self._db = psycopg.connect(NAME.sub("postgres", server_url), autocommit=True)
        self.template = self._new("template0")
        migrate(self.template)

    def new(self) -> str:
        """A migrated, empty one; gives its URL."""
        return self._new(self._made[0])

    def _new(self, template: str) -> str:
        name = f"engine_{os.getpid()}_{next(_numbers)}"
        self._db.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        self._made.append(name)
        return NAME.sub(name, self.url)

    def close(self) -> None:
        """Drops all of them; on a server without fsync, which goes away as a whole, that is left
        out, as each takes a checkpoint."""
        row = self._db.execute("SHOW fsync").fetchone()
        while self._made and row == ("on",):
            self._db.execute(f"DROP DATABASE IF EXISTS {self._made.pop()} WITH (FORCE)")


@cache
def _shared() -> Databases:
    return Databases(os.environ["DATABASE_URL"])


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """On the server that the tests were given. Imported by those that use it: one for all."""
    yield _shared()
    _shared().close()
