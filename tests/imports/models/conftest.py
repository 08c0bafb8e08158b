"""A database for each test, with sample data."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.imports.engine.support.databases import Databases
from tests.imports.engine.support.databases import databases as databases
from tests.imports.models.helpers import SampleData


@pytest.fixture
def dsn(databases: Databases) -> str:
    """The DSN of a database whose tables are empty."""
    return databases.new()


@pytest.fixture
def data(dsn: str) -> Iterator[SampleData]:
    """A connection to that database, in which each table has a row or two."""
    with psycopg.connect(dsn, autocommit=True) as db:
        yield SampleData(db)
