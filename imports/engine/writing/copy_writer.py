"""Writes users and row errors to PostgreSQL with COPY.

The functions run inside the transaction of one chunk, which the caller opens. Rows are copied into
`users`, or into a temporary table from which a trigger inserts them (`insert_table`). If an e-mail
address exists already, the writer asks which ones do, and copies the chunk again without them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple, cast
from uuid import UUID

import psycopg
from django.db import connection, transaction
from django.db.utils import DatabaseError, DataError, IntegrityError, OperationalError

from imports.engine.writing import copy_stream, insert_table
from imports.engine.writing.copy_stream import BufferedCopyWriter
from imports.engine.writing.insert_table import Target
from imports.schema.fields import FIELDS
from imports.validation.problems import Problem
from imports.validation.rows import UserRow

# Work to do while the database inserts rows. It must call its argument every few milliseconds,
# which sends more rows: a socket holds less than a chunk, and the server would soon be idle.
Overlap = Callable[[Callable[[], object]], None]

_COPY_ERRORS = (
    "COPY import_errors (import_batch_id, row_number, field_name, error_code, error_message,"
    " row_data) FROM STDIN"
)
# The text of the boolean fields, which are the last ones of a row, by their values: a look-up is
# faster than formatting each of them.
_BOOLEAN_COUNT = sum(field.kind == "boolean" for field in FIELDS.values())
_TEXT_COUNT = len(FIELDS) - _BOOLEAN_COUNT
_BOOLEANS_AS_TEXT = {
    values: "".join("\tt" if value else "\tf" for value in values)
    for values in product((True, False), repeat=_BOOLEAN_COUNT)
}
_BOOLEANS_WITHOUT_INVITATION = {
    values: _BOOLEANS_AS_TEXT[(*values[:-1], False)] for values in _BOOLEANS_AS_TEXT
}
# Each round removes the rows of users that exist. A third round is needed only if other
# transactions insert the same addresses at the same moment.
_MAX_ROUNDS = 10


class Written(NamedTuple):
    """The outcome of the rows of a chunk. Rows are named by their e-mail address."""

    created: int  # number of new users
    existing: dict[str, UUID | None]  # users that existed already -> their organisation
    refused: list[str]  # rows that the database refused for any other reason


def lines_of(rows: Iterable[UserRow], *, invite: bool = True) -> list[str]:
    """One line of text for each valid row: its values, separated by tabs, not yet escaped.

    The lines are in the order of their e-mail address, which comes first, so that two imports that
    share addresses wait for each other instead of deadlocking. With `invite=False` no user asks for
    an invitation, whatever the row says."""
    booleans = _BOOLEANS_AS_TEXT if invite else _BOOLEANS_WITHOUT_INVITATION
    tuples: Iterable[Any] = rows  # mypy can't split a NamedTuple at a computed index
    lines = ["\t".join(row[:_TEXT_COUNT]) + booleans[row[_TEXT_COUNT:]] for row in tuples]
    lines.sort()
    return lines


def _email(line: str) -> str:
    return line.partition("\t")[0]


def find_existing(emails: Sequence[str]) -> dict[str, UUID | None]:
    """Gives those of the e-mail addresses that belong to a user, with the user's organisation."""
    connection.ensure_connection()
    # psycopg's own cursor sends parameters apart from the statement. Django's writes them into it,
    # and PostgreSQL logs the statements that fail.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            # one text instead of an array: psycopg quotes an array element by element
            "SELECT email, organisation_id FROM users WHERE email = ANY(string_to_array(%s, ' '))",
            [" ".join(emails)],
        )
        return dict(cursor.fetchall())


def write_users(
    lines: list[str],
    *,
    organisation_id: UUID,
    batch_id: UUID,
    invite: bool = False,
    invited_by: UUID | None = None,
    expect_existing: bool = False,
    overlap: Overlap | None = None,
) -> Written:
    """Inserts the rows that `lines_of` gave, and gives the outcome of each.

    With `invite` each user that is created gets an invitation, if the row asks for one, in the name
    of the user `invited_by` (`users.invitations.requests`).

    `overlap` is called once, while the database inserts the rows. With `expect_existing` the writer
    looks for existing users first, which saves a failed COPY if there are some.

    Raises the errors of the database, except those that a single row caused."""
    target = insert_table.prepare(organisation_id, batch_id, invite=invite, invited_by=invited_by)
    todo = lines
    existing: dict[str, UUID | None] = {}
    for round_ in range(_MAX_ROUNDS):
        if round_ or expect_existing:
            found = find_existing([_email(line) for line in todo])
            if round_ and not found:  # another unique index exists, which somebody added by hand
                return _one_by_one(todo, existing, target)
            existing |= found
            todo = [line for line in todo if _email(line) not in existing]
        try:
            _copy_users(todo, target, overlap if round_ == 0 else None)
            return Written(len(todo), existing, [])
        except DatabaseError as error:
            if not isinstance(error.__cause__, psycopg.errors.UniqueViolation):
                if not _is_about_a_row(error):
                    raise
                return _one_by_one(todo, existing, target)
    raise OperationalError("other transactions keep inserting users of this chunk")


def write_errors(batch_id: UUID, found: Iterable[tuple[int, Problem, dict[str, str]]]) -> None:
    """Writes row errors, given as (row number, problem, the row as header -> cell). The errors of
    a row follow each other. The first of them is stored with the row, the others with `{}`."""
    previous_row = None
    with connection.wrap_database_errors, copy_stream.copy(_COPY_ERRORS) as copy:
        for row_number, problem, row_data in found:
            is_first, previous_row = row_number != previous_row, row_number
            data = json.dumps(row_data, ensure_ascii=False) if is_first else "{}"
            copy.write_row(
                (batch_id, row_number, problem.field, problem.code, problem.message, data)
            )


def _is_about_a_row(error: DatabaseError) -> bool:
    """Whether the content of a row caused the error: a constraint, a value, or a trigger's RAISE.

    Trying row by row does not help against errors of the whole table, such as a missing column or
    permission."""
    cause = error.__cause__
    return isinstance(error, (IntegrityError, DataError)) or (
        isinstance(cause, psycopg.Error) and (cause.sqlstate or "").startswith("P0")
    )


def _copy_users(lines: list[str], target: Target, overlap: Overlap | None = None) -> None:
    """Inserts rows with one COPY in one savepoint, and asks for the invitations of these users. The
    server works on the rows while `overlap` runs, which hides the time that reading the next chunk
    takes."""
    if lines:
        ids, end = _ids(len(lines)), target.suffix
        block = "".join([f"{line}\t{id_}{end}" for line, id_ in zip(lines, ids, strict=True)])
        # The only character to escape: a valid row contains no control character (rows.py).
        if "\\" in block:  # twenty times as fast as replacing nothing
            block = block.replace("\\", "\\\\")
        with transaction.atomic():
            with connection.wrap_database_errors, copy_stream.copy(target.copy) as copy:
                copy.write(block)
                if overlap:
                    overlap(cast(BufferedCopyWriter, copy.writer).send_end)
            # the last field of a line is whether the row asks for an invitation
            ask = target.ask_for_invitations
            if ask and (number := sum(line[-1] == "t" for line in lines)):
                ask((min(ids), max(ids)), number)
    elif overlap:
        overlap(lambda: None)


def _one_by_one(todo: list[str], existing: dict[str, UUID | None], target: Target) -> Written:
    """Inserts halves of the chunk, and halves of those, until each refused row is alone."""
    target.clear()
    try:
        _copy_users(todo, target)
        return Written(len(todo), existing, [])
    except DatabaseError as error:
        if not _is_about_a_row(error):
            raise
        if len(todo) == 1:
            email = _email(todo[0])
            found = find_existing([email])
            return Written(0, existing | found, [] if found else [email])
    middle = len(todo) // 2
    first = _one_by_one(todo[:middle], existing, target)
    second = _one_by_one(todo[middle:], first.existing, target)
    created = first.created + second.created
    return Written(created, second.existing, [*first.refused, *second.refused])


def _ids(count: int) -> list[str]:
    """New ids of RFC 9562, version 7, which ascend with time. Rows that follow each other are then
    neighbours in the index, which is twice as fast as random ids."""
    start = f"{time.time_ns() // 1_000_000:012x}7"
    digits = os.urandom(9 * count).hex()
    return [
        f"{start}{digits[at : at + 3]}8{digits[at + 3 : at + 18]}"
        for at in range(0, 18 * count, 18)
    ]
