"""A row of a review, its check, and the statements that read, write and compare rows.

All statements go through psycopg's own cursor, which sends values apart from the statement:
PostgreSQL logs statements that fail, and rows are personal data.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from imports.engine.staged.chunks import with_problems
from imports.validation.problems import Problem
from imports.validation.rows import RowChecker

ROWS_AT_A_TIME = 1_000


@dataclass(kw_only=True, slots=True)
class Record:
    """A row as it stands. `found` are problems that were found while the file was read, each with
    the index of its column, or None for the row as a whole."""

    row: int
    cells: list[str]
    original: list[str] | None = None  # the cells of the file, if others stand there now
    found: list[list[Any]] = field(default_factory=list)
    dropped: bool = False
    # What `check` finds:
    email: str = ""
    invite: bool = False
    problems: list[list[str]] = field(default_factory=list)

    def check(self, checker: RowChecker, fields: Mapping[int, str]) -> None:
        """Checks the row. `fields`: index of a column -> its field."""
        row = checker.check(self.cells)
        if self.found and (known := self.found_problems(fields)):
            row = with_problems(row, known)
        if isinstance(row, list):
            self.email, self.invite, self.problems = "", False, [list(one) for one in row]
        else:
            self.email, self.invite, self.problems = row.email, row.send_invitation, []

    def found_problems(self, fields: Mapping[int, str]) -> list[Problem]:
        """The problems of reading that concern the row or a column that a field is read from."""
        return [
            Problem("" if column is None else fields[column], *rest)
            for column, *rest in self.found
            if column is None or column in fields
        ]


@contextmanager
def cursor() -> Iterator[psycopg.Cursor[Any]]:
    """A cursor of psycopg on the connection of Django."""
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        psycopg.Cursor(connection.connection) as opened,
    ):
        yield opened


# --- reading ----------------------------------------------------------------------------------

_COLUMNS = "row_number, cells::text, original::text, found::text, dropped"


def record_of(values: Sequence[Any]) -> Record:
    """The record of a result of a query for row_number, cells, original, found and dropped."""
    row, cells, original, found, dropped = values
    return Record(
        row=row,
        cells=json.loads(cells),
        original=json.loads(original) if original else None,
        found=json.loads(found),
        dropped=dropped,
    )


def read(upload_id: UUID, rows: Collection[int]) -> dict[int, Record]:
    """Gives row number -> record of these rows."""
    with cursor() as db:
        db.execute(
            f"SELECT {_COLUMNS} FROM import_review_rows"  # noqa: S608 - a constant
            " WHERE upload_id = %s AND row_number = ANY(%s::int[]) ORDER BY row_number",
            [upload_id, list(rows)],
        )
        return {values[0]: record_of(values) for values in db.fetchall()}


def read_all(upload_id: UUID) -> Iterator[list[Record]]:
    """Gives all records in the order of the file, ROWS_AT_A_TIME at once."""
    last = -1
    while True:
        with cursor() as db:
            db.execute(
                f"SELECT {_COLUMNS} FROM import_review_rows"  # noqa: S608 - a constant
                " WHERE upload_id = %s AND row_number > %s ORDER BY row_number LIMIT %s",
                [upload_id, last, ROWS_AT_A_TIME],
            )
            records = [record_of(values) for values in db.fetchall()]
        if not records:
            return
        yield records
        last = records[-1].row


def rows_with(upload_id: UUID, column: int, text: str) -> list[int]:
    """Gives the numbers of the rows whose cell in a column has exactly this text."""
    with cursor() as db:
        db.execute(
            "SELECT row_number FROM import_review_rows"
            " WHERE upload_id = %s AND coalesce(cells->>%s::int, '') = %s",
            [upload_id, column, text],
        )
        return [row for (row,) in db.fetchall()]


# --- writing ----------------------------------------------------------------------------------

# The statements below join the rows of an upload with themselves. They do so by the place of a row
# (ctid), which does not move while the upload is locked: PostgreSQL knows nothing of a new upload
# and expects one row of it, so a join by row_number would compare each row with every other.

_INSERT = """
    COPY import_review_rows
        (upload_id, row_number, cells, found, email, invite, problems, first_row) FROM STDIN
"""
_UPDATE = """
    UPDATE import_review_rows r
    SET cells = n.cells, original = n.original, found = n.found, dropped = n.dropped,
        email = n.email, invite = n.invite, problems = n.problems, first_row = NULL, taken = ''
    FROM (
        SELECT sent.*, (
            SELECT ctid FROM import_review_rows WHERE upload_id = %s AND row_number = sent.row
        ) AS place
        FROM jsonb_to_recordset(%s::jsonb) AS sent (row int, cells jsonb, original jsonb,
            found jsonb, dropped boolean, email text, invite boolean, problems jsonb)
    ) n
    WHERE r.ctid = n.place
"""


def insert(upload_id: UUID, records: Sequence[Record], duplicates: Mapping[str, int]) -> None:
    """Stores the checked rows of a chunk with COPY. `duplicates` as in `Chunk`."""
    with cursor() as db, db.copy(_INSERT) as copy:
        lines = [_copy_line(upload_id, one, duplicates.get(str(one.row))) for one in records]
        copy.write("".join(lines))


def _copy_line(upload_id: UUID, record: Record, first_row: int | None) -> str:
    values = (
        str(upload_id),
        str(record.row),
        _json(record.cells),
        _json(record.found),
        record.email,
        "t" if record.invite else "f",
        _json(record.problems),
    )
    # JSON writes tabs and line breaks as \\t and \\n. An address has neither.
    line = "\t".join(values).replace("\\", "\\\\")
    first = str(first_row) if first_row and record.email else "\\N"
    return f"{line}\t{first}\n"


def update(upload_id: UUID, records: Sequence[Record]) -> None:
    """Writes rows that were changed and checked. `compare` has to follow."""
    names = ("row", "cells", "original", "found", "dropped", "email", "invite", "problems")
    sent = [{name: getattr(one, name) for name in names} for one in records]
    with cursor() as db:
        db.execute(_UPDATE, [upload_id, _json(sent)])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# --- comparing rows with each other, and with the users ---------------------------------------

_FIND_FIRST = """
    UPDATE import_review_rows r SET first_row = n.first_row
    FROM (
        SELECT ctid,
            nullif(min(row_number) OVER (PARTITION BY email), row_number) AS first_row
        FROM import_review_rows
        WHERE upload_id = %(upload)s AND email <> '' AND NOT dropped
          AND (%(emails)s::text IS NULL OR email = ANY(string_to_array(%(emails)s::text, ' ')))
    ) n
    WHERE r.ctid = n.ctid AND r.first_row IS DISTINCT FROM n.first_row
    RETURNING r.row_number
"""
_FIND_USERS = """
    UPDATE import_review_rows r SET taken = n.taken
    FROM (
        SELECT import_review_rows.ctid, CASE WHEN u.email IS NULL THEN ''
            WHEN u.organisation_id = %(organisation)s THEN 'own' ELSE 'other' END AS taken
        FROM import_review_rows LEFT JOIN users u USING (email)
        WHERE upload_id = %(upload)s AND import_review_rows.email <> ''
          AND (%(emails)s::text IS NULL OR email = ANY(string_to_array(%(emails)s::text, ' ')))
    ) n
    WHERE r.ctid = n.ctid AND r.taken <> n.taken
    RETURNING r.row_number
"""


def compare(
    upload_id: UUID, organisation_id: UUID, emails: Collection[str] | None = None
) -> set[int]:
    """Finds for each valid row the first one with its address, and the user who has the address.
    Gives the numbers of the rows where something else was found than before. `emails`: only rows
    with these addresses."""
    return _run(_FIND_FIRST, upload_id, organisation_id, emails) | find_users(
        upload_id, organisation_id, emails
    )


def find_users(
    upload_id: UUID, organisation_id: UUID, emails: Collection[str] | None = None
) -> set[int]:
    """Only finds the users who have the addresses. They change without the review."""
    return _run(_FIND_USERS, upload_id, organisation_id, emails)


def _run(
    statement: str, upload_id: UUID, organisation_id: UUID, emails: Collection[str] | None
) -> set[int]:
    values = {
        "upload": upload_id,
        "organisation": organisation_id,
        # one text instead of an array: psycopg quotes an array element by element
        "emails": None if emails is None else " ".join(emails),
    }
    with cursor() as db:
        # psycopg prepares what is run often with a plan for any values; here they matter
        db.execute(statement, values, prepare=False)
        return {row for (row,) in db.fetchall()}
