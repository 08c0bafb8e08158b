"""A row of a review, its check, and the statements that read and write rows.

All statements go through psycopg's own cursor, which sends values apart from the statement:
PostgreSQL logs statements that fail, and rows are personal data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
    # (dropped, email, invite, problems) as they are stored
    stored: tuple[bool, str, bool, list[list[str]]] = (False, "", False, [])

    @property
    def is_checked_differently(self) -> bool:
        """Whether the check has found something else than what is stored."""
        return (self.email, self.invite, self.problems) != self.stored[1:]

    @property
    def touched(self) -> set[str]:
        """The addresses whose rows are to be compared anew: those that the row had and has, where
        one of them came or went."""
        before = "" if self.stored[0] else self.stored[1]
        now = "" if self.dropped else self.email
        same = before == now and self.stored[1] == self.email
        return set() if same else {self.stored[1], self.email} - {""}

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

_COLUMNS = (
    "row_number, cells::text, original::text, found::text, dropped, email, invite, problems::text"
)


def _records_of(rows: Sequence[Sequence[Any]]) -> list[Record]:
    """The records of the result of a query for _COLUMNS. Decodes each column of JSON at once, which
    is much faster than each text."""
    if not rows:
        return []
    numbers, cells, original, found, *checked = zip(*rows, strict=True)
    dropped, email, invite, problems = checked
    return [
        Record(
            row=row, cells=cells, original=original, found=found, dropped=stored[0], stored=stored
        )
        for row, cells, original, found, stored in zip(
            numbers,
            decoded(cells),
            decoded(original),
            decoded(found),
            zip(dropped, email, invite, decoded(problems), strict=True),
            strict=True,
        )
    ]


def decoded(texts: Iterable[str | None]) -> list[Any]:
    """The values of some texts of JSON."""
    return list(json.loads(f"[{','.join([text or 'null' for text in texts])}]"))


def read(upload_id: UUID, rows: Collection[int]) -> dict[int, Record]:
    """Gives row number -> record of these rows."""
    with cursor() as db:
        db.execute(
            f"SELECT {_COLUMNS} FROM import_review_rows"  # noqa: S608 - a constant
            " WHERE upload_id = %s AND row_number = ANY(string_to_array(%s, ' ')::int[])"
            " ORDER BY row_number",
            [upload_id, " ".join(map(str, rows))],  # one text: an array is quoted one by one
        )
        return {one.row: one for one in _records_of(db.fetchall())}


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
            records = _records_of(db.fetchall())
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

_INSERT = """
    COPY import_review_rows
        (upload_id, row_number, cells, found, email, invite, problems, first_row) FROM STDIN
"""
# `original`: the database has the cells of the file. What was found about the address stays where
# the address stays.
_UPDATE = """
    UPDATE import_review_rows r
    SET cells = n.cells, original = CASE WHEN n.edited THEN coalesce(r.original, r.cells) END,
        found = coalesce(n.found, '[]'), dropped = n.dropped, email = n.email,
        invite = n.invite, problems = coalesce(n.problems, '[]'),
        first_row = CASE WHEN r.email = n.email AND r.dropped = n.dropped THEN r.first_row END,
        taken = CASE WHEN r.email = n.email THEN r.taken ELSE '' END
    FROM (
        SELECT * FROM jsonb_to_recordset(%s::jsonb) AS sent (row int, cells jsonb, edited boolean,
            found jsonb, dropped boolean, email text, invite boolean, problems jsonb)
        LIMIT %s -- so that PostgreSQL knows how many they are
    ) n
    WHERE r.upload_id = %s AND r.row_number = n.row
"""
_FEW_ROWS = 10
_NULL = "\\N"  # in a line of COPY
_needs_escape = re.compile(r'["\\\x00-\x1f]').search


@contextmanager
def hash_joins(db: psycopg.Cursor[Any], rows: int | None) -> Iterator[None]:
    """Within it, rows of an upload are joined by a hash table, unless `rows` are few.

    PostgreSQL knows nothing of a new upload and expects one row of it. So it might compare each row
    with every other, which takes minutes. To be used in a transaction."""
    if rows is not None and rows <= _FEW_ROWS:
        yield
        return
    db.execute("SET LOCAL enable_nestloop = off")
    yield
    db.execute("SET LOCAL enable_nestloop TO DEFAULT")


def insert(upload_id: UUID, records: Sequence[Record], duplicates: Mapping[str, int]) -> None:
    """Stores the checked rows of a chunk with COPY. `duplicates` as in `Chunk`."""
    with cursor() as db, db.copy(_INSERT) as copy:
        upload = str(upload_id)
        lines = [_copy_line(upload, one, duplicates.get(str(one.row))) for one in records]
        copy.write("".join(lines))


def _copy_line(upload_id: str, record: Record, first_row: int | None) -> str:
    line = (
        f"{upload_id}\t{record.row}\t{_cells_json(record.cells)}"
        f"\t{_json(record.found) if record.found else '[]'}"
        f"\t{record.email}\t{'t' if record.invite else 'f'}"
        f"\t{_json(record.problems) if record.problems else '[]'}"
    )
    # JSON writes tabs and line breaks as \\t and \\n. An address has neither.
    if "\\" in line:
        line = line.replace("\\", "\\\\")
    return f"{line}\t{first_row if first_row and record.email else _NULL}\n"


def _cells_json(cells: Sequence[str]) -> str:
    """The same as `_json`, faster."""
    return _json(cells) if _needs_escape("".join(cells)) else '["' + '","'.join(cells) + '"]'


def update(upload_id: UUID, records: Sequence[Record]) -> None:
    """Writes rows that were changed and checked. `compare` has to follow for the addresses that
    they have `touched`."""
    sent = f"[{','.join(map(_update_json, records))}]"
    with cursor() as db, hash_joins(db, len(records)):
        # prepare=False: psycopg prepares what is run often, with a plan for any number of rows
        db.execute(_UPDATE, [sent, len(records), upload_id], prepare=False)


def _update_json(record: Record) -> str:
    flags = (record.original is not None, record.dropped, record.invite)
    edited, dropped, invite = ("true" if flag else "false" for flag in flags)
    found = f',"found":{_json(record.found)}' if record.found else ""
    problems = f',"problems":{_json(record.problems)}' if record.problems else ""
    return (
        f'{{"row":{record.row},"cells":{_cells_json(record.cells)},"email":{_text_json(record.email)}'
        f',"edited":{edited},"dropped":{dropped},"invite":{invite}{found}{problems}}}'
    )


def _text_json(text: str) -> str:
    return _json(text) if _needs_escape(text) else f'"{text}"'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
