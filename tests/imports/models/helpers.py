"""Rows of every table, made with plain SQL."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from tests.imports.engine.support.databases import databases as databases


class SampleData:
    """An organisation with an administrator, a batch, its file, an error and an imported user. All
    are made with plain INSERTs: the database sets ids and times."""

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
        """Inserts a user of the organisation; gives the id."""
        found: UUID = self.insert(
            "users", **{"email": email, "organisation_id": self.organisation} | values
        )
        return found

    def insert_error(self, **values: Any) -> UUID:
        """Inserts an error of the batch; gives the id."""
        given = {"import_batch_id": self.batch, "row_number": 2, "field_name": "email"}
        given["error_code"] = "invalid"
        found: UUID = self.insert("import_errors", **given | values)
        return found

    def insert_batch(self, **values: Any) -> UUID:
        """Inserts a batch of the organisation; gives the id."""
        given = {"filename": "users.csv", "organisation_id": self.organisation}
        given["uploaded_by"] = self.admin
        found: UUID = self.insert("import_batches", **given | values)
        return found

    def insert(self, table: str, **values: Any) -> Any:
        """Inserts a row; gives its id."""
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
        """The number of rows of a table."""
        return int(self.one(f"SELECT count(*) FROM {table}"))
