"""The organisation and the batch of a user: triggers check both keys, once for each statement.

They are as strict as foreign keys, which PostgreSQL checks row by row.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from tests.imports.engine.support.processes import ROOT, wait_until
from tests.imports.models.helpers import SampleData


@dataclass(frozen=True)
class Key:
    """A column of `users` that refers to another table."""

    column: str
    table: str


KEYS = [Key("organisation_id", "organisations"), Key("import_batch_id", "import_batches")]
each_key = pytest.mark.parametrize("key", KEYS, ids=lambda key: key.column)


def existing_id(data: SampleData, key: Key) -> UUID:
    """The id of an existing row of the other table."""
    found: UUID = data.one(f"SELECT id FROM {key.table}")
    return found


@each_key
def test_a_user_cannot_refer_to_a_missing_row(data: SampleData, key: Key) -> None:
    with pytest.raises(errors.ForeignKeyViolation, match=f'not present in "{key.table}"'):
        data.user("eve@acme.example", **{key.column: uuid4()})
    with pytest.raises(errors.ForeignKeyViolation):
        data.sql(f"UPDATE users SET {key.column} = gen_random_uuid()")


@each_key
def test_one_wrong_row_makes_the_whole_statement_fail(data: SampleData, key: Key) -> None:
    before, good = data.count("users"), existing_id(data, key)
    with pytest.raises(errors.ForeignKeyViolation):
        data.sql(
            f"INSERT INTO users (email, {key.column}) VALUES ('a@x.example', %s),"
            " ('b@x.example', gen_random_uuid())",
            good,
        )
    with pytest.raises(errors.ForeignKeyViolation):
        copy_users(data, key, [("a@x.example", good), ("b@x.example", uuid4())])
    assert data.count("users") == before
    copy_users(data, key, [("a@x.example", good), ("b@x.example", None)])
    assert data.count("users") == before + 2


def copy_users(data: SampleData, key: Key, rows: list[tuple[str, UUID | None]]) -> None:
    """Inserts users with COPY, as the engine does."""
    statement = f"COPY users (email, {key.column}) FROM STDIN"
    with data.db.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


@each_key
def test_a_delete_waits_for_an_uncommitted_insert_that_refers_to_the_row(
    data: SampleData, dsn: str, key: Key
) -> None:
    with psycopg.connect(dsn) as inserting:
        inserting.execute(
            f"INSERT INTO users (email, {key.column}) VALUES ('late@acme.example', %s)",
            [existing_id(data, key)],
        )
        deleting = start_and_wait_for_lock(dsn, f"DELETE FROM {key.table}")
    deleting.join()
    assert data.count(key.table) == 0
    left = data.sql(f"SELECT {key.column} FROM users WHERE email = 'late@acme.example'")
    # deleting an organisation deletes its users; deleting a batch keeps them
    assert left == ([] if key.table == "organisations" else [(None,)])


@each_key
def test_an_insert_that_refers_to_a_row_being_deleted_fails(
    data: SampleData, dsn: str, key: Key
) -> None:
    refused: list[Exception] = []
    with psycopg.connect(dsn) as deleting:
        statement = (
            f"INSERT INTO users (email, {key.column}) VALUES"
            f" ('late@acme.example', '{existing_id(data, key)}')"
        )
        deleting.execute(f"DELETE FROM {key.table}")
        inserting = start_and_wait_for_lock(dsn, statement, refused)
    inserting.join()
    assert isinstance(refused[0], errors.ForeignKeyViolation)
    assert data.sql("SELECT FROM users WHERE email = 'late@acme.example'") == []


KEY_TO_BATCH = (
    "SELECT confdeltype, to_jsonb(c)->'conenforced' FROM pg_constraint c"
    " WHERE conrelid = 'users'::regclass AND contype = 'f'"
)


def test_the_catalogue_shows_the_key_to_the_batch_as_not_enforced(data: SampleData) -> None:
    """It is there for readers of the schema; the triggers enforce it. PostgreSQL before 18 has no
    keys that are not enforced, so there is none."""
    assert data.sql(KEY_TO_BATCH) == (
        [("n", False)] if data.db.info.server_version >= 180000 else []
    )


@pytest.mark.slow
def test_the_migration_to_triggers_can_be_reversed(data: SampleData, dsn: str) -> None:
    for version, enforced in (("0005", True), ("0006", False)):
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v0", "imports", version],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": dsn},
            check=True,
        )
        if data.db.info.server_version >= 180000:
            assert data.sql(KEY_TO_BATCH) == [("n", enforced)]
        with pytest.raises(errors.ForeignKeyViolation):
            data.user("eve@acme.example", import_batch_id=uuid4())
    data.sql("DELETE FROM import_batches")
    assert data.sql("SELECT import_batch_id FROM users WHERE id = %s", data.imported) == [(None,)]


def start_and_wait_for_lock(
    dsn: str, statement: str, raised: list[Exception] | None = None
) -> threading.Thread:
    """Starts a statement in a thread; returns when it waits for a lock.

    Its error is added to `raised`, or raised in the thread without one."""
    pids: list[int] = []

    def run() -> None:
        with psycopg.connect(dsn, autocommit=True) as db:
            pids.append(db.info.backend_pid)
            try:
                db.execute(statement)
            except psycopg.Error as error:
                if raised is None:
                    raise
                raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    with psycopg.connect(dsn, autocommit=True) as db:
        wait_until(
            lambda: (
                pids
                and db.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'",
                    pids,
                ).fetchone()
            )
        )
    return thread
