"""The tables as operators meet them: plain SQL, by a plain connection."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from tests.imports.engine.support.databases import Databases
from tests.imports.engine.support.databases import databases as databases
from tests.imports.engine.support.processes import ROOT, wait_until


class Data:
    """An organisation with an administrator, a batch, its file, an error and a user it made; all of
    it made by plain INSERTs, which need no id and no time."""

    def __init__(self, db: psycopg.Connection) -> None:
        self.db = db
        self.organisation = self.insert("organisations", name="Acme")
        self.admin = self.user("admin@acme.example", role="admin")
        self.batch = self.insert_batch()
        self.upload = self.insert(
            "import_uploads",
            organisation_id=self.organisation,
            staged_by=self.admin,
            import_batch_id=self.batch,
            filename="users.csv",
            size_bytes=1,
            sha256="",
            kind="csv",
            encoding="utf-8",
            delimiter=",",
            sheet="",
            header_row=1,
            columns="{}",
            warnings="[]",
            total_rows=1,
        )
        self.chunk = self.insert(
            "import_upload_chunks",
            upload_id=self.upload,
            number=0,
            first_row=2,
            row_count=1,
            content=b"",
            duplicates="{}",
        )
        self.error = self.insert_error(error_message="No address.")
        self.imported = self.user("ada@acme.example", import_batch_id=self.batch)

    def user(self, email: str, **values: Any) -> UUID:
        """A user of the organisation."""
        found: UUID = self.insert(
            "users", **{"email": email, "organisation_id": self.organisation} | values
        )
        return found

    def insert_error(self, **values: Any) -> UUID:
        """An error of the batch."""
        given = {"import_batch_id": self.batch, "row_number": 2, "field_name": "email"}
        given["error_code"] = "invalid"
        found: UUID = self.insert("import_errors", **given | values)
        return found

    def insert_batch(self, **values: Any) -> UUID:
        """A batch of the organisation."""
        given = {"filename": "users.csv", "organisation_id": self.organisation}
        given["uploaded_by"] = self.admin
        found: UUID = self.insert("import_batches", **given | values)
        return found

    def insert(self, table: str, **values: Any) -> Any:
        """A row; gives its id."""
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        return self.one(
            f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id", *values.values()
        )

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Runs a statement; gives its rows."""
        cursor = self.db.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []

    def one(self, statement: str, *values: Any) -> Any:
        """The first value of the first row."""
        return self.sql(statement, *values)[0][0]

    def count(self, table: str) -> int:
        """How many rows it has."""
        return int(self.one(f"SELECT count(*) FROM {table}"))


@pytest.fixture
def url(databases: Databases) -> str:
    """A database with nothing in it."""
    return databases.new()


@pytest.fixture
def data(url: str) -> Iterator[Data]:
    """A database with one row of everything."""
    with psycopg.connect(url, autocommit=True) as db:
        yield Data(db)


# --- the statements of the runbook, as written ------------------------------------------------


def test_the_statement_for_batches_that_take_long(data: Data) -> None:
    data.sql("UPDATE import_batches SET status = 'processing',"
             " created_at = now() - interval '11 minutes'")  # fmt: skip
    data.insert_batch(status="processing")
    rows = data.sql(
        "SELECT id, filename, status, created_at, started_at, processed_rows, total_rows"
        " FROM import_batches WHERE status = 'processing'"
        " AND created_at < NOW() - INTERVAL '10 minutes';"
    )
    assert [(row[:3], row[4:]) for row in rows] == [
        ((data.batch, "users.csv", "processing"), (None, 0, 0))
    ]


def test_the_statement_for_the_errors_of_a_batch(data: Data) -> None:
    rows = data.sql(
        f"SELECT * FROM import_errors WHERE import_batch_id = '{data.batch}'"
        " ORDER BY created_at DESC LIMIT 10;"
    )
    assert [row[0] for row in rows] == [data.error]


def test_the_statement_that_fails_a_batch(data: Data) -> None:
    data.sql(
        "UPDATE import_batches SET status = 'failed',"
        " error_message = 'Manual intervention - stuck import',"
        f" completed_at = NOW() WHERE id = '{data.batch}';"
    )
    assert data.sql("SELECT status, error_message, completed_at <= now() FROM import_batches") == [
        ("failed", "Manual intervention - stuck import", True)
    ]


def test_the_statement_for_the_reasons_of_failures(data: Data) -> None:
    for message, hours in (("one", 0), ("one", 0), ("other", 0), ("old", 2)):
        batch = data.insert_batch(status="failed", error_message=message)
        data.sql("UPDATE import_batches SET created_at = created_at - make_interval(hours => %s)"
                 " WHERE id = %s", hours, batch)  # fmt: skip
    rows = data.sql(
        "SELECT error_message, COUNT(*) AS error_count FROM import_batches"
        " WHERE status = 'failed' AND created_at > NOW() - INTERVAL '1 hour'"
        " GROUP BY error_message;"
    )
    assert sorted(rows) == [("one", 2), ("other", 1)]


def test_the_statement_for_the_most_frequent_errors(data: Data) -> None:
    for row in (3, 4):
        data.insert_error(row_number=row, field_name="role", error_message="No role.")
    rows = data.sql(
        "SELECT field_name, error_message, COUNT(*) AS occurrence_count FROM import_errors"
        " WHERE created_at > NOW() - INTERVAL '1 hour' GROUP BY field_name, error_message;"
    )
    assert sorted(rows) == [("email", "No address.", 1), ("role", "No role.", 2)]


def test_the_statement_that_deletes_old_batches(data: Data) -> None:
    young = data.insert_batch()
    data.sql(
        "UPDATE import_batches SET created_at = now() - interval '31 days' WHERE id = %s",
        data.batch,
    )
    data.sql("DELETE FROM import_batches WHERE created_at < NOW() - INTERVAL '30 days';")
    assert data.sql("SELECT id FROM import_batches") == [(young,)]


# --- ON DELETE, in the database ---------------------------------------------------------------


def test_deleting_a_batch_takes_its_errors_and_its_file_and_leaves_its_users(data: Data) -> None:
    data.sql("DELETE FROM import_batches")
    for table in ("import_errors", "import_uploads", "import_upload_chunks"):
        assert data.count(table) == 0
    assert data.sql("SELECT import_batch_id FROM users WHERE id = %s", data.imported) == [(None,)]


def test_deleting_an_organisation_takes_all_that_is_its_own(data: Data) -> None:
    other = data.insert("organisations", name="Globex")
    data.sql("INSERT INTO users (email, organisation_id) VALUES ('x@globex.example', %s)", other)
    data.sql("INSERT INTO users (email) VALUES ('root@marketedge.example')")
    data.sql("DELETE FROM organisations WHERE id = %s", data.organisation)
    for table in ("import_batches", "import_errors", "import_uploads", "import_upload_chunks"):
        assert data.count(table) == 0
    assert data.sql("SELECT email FROM users ORDER BY email") == [
        ("root@marketedge.example",),
        ("x@globex.example",),
    ]


def test_deleting_an_uploader_leaves_what_was_uploaded(data: Data) -> None:
    data.sql("DELETE FROM users WHERE id = %s", data.admin)
    assert data.sql("SELECT uploaded_by FROM import_batches") == [(None,)]
    assert data.sql("SELECT staged_by FROM import_uploads") == [(None,)]


def test_deleting_a_user_takes_the_invitation(data: Data) -> None:
    data.insert("user_invitations", user_id=data.imported, invited_by=data.admin)
    data.insert("user_invitations", user_id=data.admin, invited_by=data.imported)
    data.sql("DELETE FROM users WHERE id = %s", data.imported)
    assert data.sql("SELECT user_id, invited_by FROM user_invitations") == [(data.admin, None)]


def test_deleting_a_batch_leaves_its_retry(data: Data) -> None:
    again = data.insert_batch(retry_of=data.batch)
    data.sql("DELETE FROM import_batches WHERE id = %s", data.batch)
    assert data.sql("SELECT id, retry_of FROM import_batches") == [(again, None)]


def test_no_foreign_key_stands_in_the_way_of_a_plain_delete(data: Data) -> None:
    """Whatever table is added later: a row of these can be deleted without looking around first."""
    rows = data.sql(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f'"
        " AND confdeltype IN ('a', 'r') AND confrelid::regclass::text IN"
        " ('organisations', 'users', 'import_batches', 'import_uploads')"
    )
    assert rows == []


# --- what the tables hold themselves to -------------------------------------------------------


@pytest.mark.parametrize("table", ["organisations", "users", "import_batches", "import_uploads"])
def test_updated_at_is_written_whoever_makes_the_update(data: Data, table: str) -> None:
    assert data.one(f"SELECT bool_and(updated_at = created_at) FROM {table}")
    data.sql(f"UPDATE {table} SET id = id")
    assert data.one(f"SELECT bool_and(updated_at > created_at) FROM {table}")


BROKEN_BATCHES = {
    "counters that do not add up": {"total_rows": 9, "processed_rows": 5, "successful_rows": 4},
    "more rows than there are": {"total_rows": 1, "processed_rows": 2, "successful_rows": 2},
    "completed, but not whole": {"total_rows": 2, "status": "completed"},
    "a status that nobody knows": {"status": "queued"},
    "a capital letter": {"status": "Failed"},
}


@pytest.mark.parametrize("case", BROKEN_BATCHES)
def test_a_batch_that_can_not_be_is_refused(data: Data, case: str) -> None:
    with pytest.raises(errors.CheckViolation):
        data.insert_batch(**BROKEN_BATCHES[case])


def test_counters_are_checked_at_an_update_too(data: Data) -> None:
    with pytest.raises(errors.CheckViolation):
        data.sql("UPDATE import_batches SET successful_rows = 1")


def test_an_address_is_stored_in_lower_case(data: Data) -> None:
    with pytest.raises(errors.CheckViolation):
        data.user("Ada@new.example")


def test_an_address_is_one_user_whatever_the_organisation(data: Data) -> None:
    with pytest.raises(errors.UniqueViolation):
        data.user("ada@acme.example", organisation_id=None)


def test_a_role_that_nobody_knows_is_refused(data: Data) -> None:
    with pytest.raises(errors.CheckViolation):
        data.user("eve@acme.example", role="emperor")


def test_an_error_of_a_row_is_there_once(data: Data) -> None:
    with pytest.raises(errors.UniqueViolation):
        data.insert_error(error_message="Again.")


# --- a user's organisation and batch: asked once a statement, and no less strict ---------------


@dataclass(frozen=True)
class Key:
    """A column of `users` that names a row of another table."""

    column: str
    table: str


KEYS = [Key("organisation_id", "organisations"), Key("import_batch_id", "import_batches")]
each_key = pytest.mark.parametrize("key", KEYS, ids=lambda key: key.column)


def target(data: Data, key: Key) -> UUID:
    """The row that may be named."""
    found: UUID = data.one(f"SELECT id FROM {key.table}")
    return found


@each_key
def test_a_user_can_not_name_a_row_that_is_not_there(data: Data, key: Key) -> None:
    with pytest.raises(errors.ForeignKeyViolation, match=f'not present in "{key.table}"'):
        data.user("eve@acme.example", **{key.column: uuid4()})
    with pytest.raises(errors.ForeignKeyViolation):
        data.sql(f"UPDATE users SET {key.column} = gen_random_uuid()")


@each_key
def test_one_wrong_row_among_many_refuses_the_statement(data: Data, key: Key) -> None:
    before, good = data.count("users"), target(data, key)
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


def copy_users(data: Data, key: Key, rows: list[tuple[str, UUID | None]]) -> None:
    """As the engine does it."""
    statement = f"COPY users (email, {key.column}) FROM STDIN"
    with data.db.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


@each_key
def test_a_row_deleted_before_the_insert_that_names_it_commits(
    data: Data, url: str, key: Key
) -> None:
    with psycopg.connect(url) as inserting:
        inserting.execute(
            f"INSERT INTO users (email, {key.column}) VALUES ('late@acme.example', %s)",
            [target(data, key)],
        )
        deleting = waiting(url, f"DELETE FROM {key.table}")
    deleting.join()
    assert data.count(key.table) == 0
    left = data.sql(f"SELECT {key.column} FROM users WHERE email = 'late@acme.example'")
    # an organisation takes its users with it, a batch lets them go
    assert left == ([] if key.table == "organisations" else [(None,)])


@each_key
def test_an_insert_that_comes_while_the_row_it_names_is_deleted_is_refused(
    data: Data, url: str, key: Key
) -> None:
    refused: list[Exception] = []
    with psycopg.connect(url) as deleting:
        statement = (
            f"INSERT INTO users (email, {key.column}) VALUES"
            f" ('late@acme.example', '{target(data, key)}')"
        )
        deleting.execute(f"DELETE FROM {key.table}")
        inserting = waiting(url, statement, refused)
    inserting.join()
    assert isinstance(refused[0], errors.ForeignKeyViolation)
    assert data.sql("SELECT FROM users WHERE email = 'late@acme.example'") == []


KEY_TO_BATCH = (
    "SELECT confdeltype, to_jsonb(c)->'conenforced' FROM pg_constraint c"
    " WHERE conrelid = 'users'::regclass AND contype = 'f'"
)


def test_the_key_to_the_batch_stands_in_the_catalogue_with_what_it_does(data: Data) -> None:
    """For whoever reads the schema; the triggers are what does it. PostgreSQL before 18 knows no
    key that it does not enforce itself, and has none here."""
    assert data.sql(KEY_TO_BATCH) == (
        [("n", False)] if data.db.info.server_version >= 180000 else []
    )


def test_the_check_once_a_statement_can_be_taken_back(data: Data, url: str) -> None:
    for version, enforced in (("0005", True), ("0006", False)):
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v0", "imports", version],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": url},
            check=True,
        )
        if data.db.info.server_version >= 180000:
            assert data.sql(KEY_TO_BATCH) == [("n", enforced)]
        with pytest.raises(errors.ForeignKeyViolation):
            data.user("eve@acme.example", import_batch_id=uuid4())
    data.sql("DELETE FROM import_batches")
    assert data.sql("SELECT import_batch_id FROM users WHERE id = %s", data.imported) == [(None,)]


def waiting(url: str, statement: str, raised: list[Exception] | None = None) -> threading.Thread:
    """Runs a statement that has to wait for a lock; returns once it does."""
    pids: list[int] = []

    def run() -> None:
        with psycopg.connect(url, autocommit=True) as db:
            pids.append(db.info.backend_pid)
            try:
                db.execute(statement)
            except psycopg.Error as error:
                if raised is None:
                    raise
                raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    with psycopg.connect(url, autocommit=True) as db:
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


def test_what_is_left_out_has_a_value(data: Data) -> None:
    user = data.one("SELECT to_jsonb(u) FROM users u WHERE id = %s", data.imported)
    assert user["role"] == "viewer"
    assert [user[name] for name in ("is_active", "is_staff", "is_superuser")] == [
        True,
        False,
        False,
    ]
    assert user["password"] == "!"  # nobody can log in with it
    batch = data.one("SELECT to_jsonb(b) FROM import_batches b")
    assert (batch["status"], batch["total_rows"], batch["error_message"]) == ("pending", 0, "")
    assert json.loads(data.one("SELECT row_data::text FROM import_errors")) == {}
