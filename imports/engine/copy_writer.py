"""Rows into PostgreSQL: the only place with COPY.

All of it runs inside the transaction of one chunk, which its caller opens. Rows go straight into
`users`; only where that meets an address that is there already is the question asked which ones,
and the chunk written again without them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, cast
from uuid import UUID

import psycopg
from django.db import connection, transaction
from django.db.utils import DatabaseError, DataError, IntegrityError, OperationalError
from psycopg.copy import LibpqWriter
from psycopg.generators import copy_end

from imports.validation.rows import Problem, UserRow

# What runs while the database is busy. It calls what it is given every few milliseconds: a socket
# holds less than a chunk, and the server would soon have nothing to do.
Overlap = Callable[[Callable[[], object]], None]
UNSENT_BYTES = 64 * 1024 * 1024  # more than any chunk has: only then would COPY wait

_COPY_USERS = (
    "COPY users (email, first_name, last_name, role, department, location, phone,"
    " market_edge_access, causal_edge_access, value_edge_access, invitation_requested,"
    " organisation_id, import_batch_id, id) FROM STDIN"
)
_COPY_ERRORS = (
    "COPY import_errors (import_batch_id, row_number, field_name, error_code, error_message,"
    " row_data) FROM STDIN"
)
# Each round takes away every address that was found taken: more are only needed where others
# insert the same addresses in the same instant.
_ROUNDS = 10


class Written(NamedTuple):
    """What became of the lines of a chunk."""

    created: int
    taken: dict[str, UUID | None]  # address that was there already -> its organisation
    refused: list[str]  # addresses of rows that the database refused, for whatever reason


def lines_of(rows: Iterable[UserRow], *, invite: bool = True) -> list[str]:
    """Valid rows in the text format of COPY, in the order of their address, which comes first:
    two imports that share addresses wait for each other, and never lock each other out.

    invite: False: nobody is invited, whatever their row says. A valid row holds no tab, line break
    or control character (rows.py): a backslash is the only thing to escape."""
    lines = ["\t".join(row if invite else (*row[:-1], "f")) for row in rows]
    if any("\\" in line for line in lines):
        lines = [line.replace("\\", "\\\\") for line in lines]
    lines.sort()
    return lines


def _email(line: str) -> str:
    return line.partition("\t")[0]


def owners(emails: Sequence[str]) -> dict[str, UUID | None]:
    """Which of these addresses are users already, and the organisation of each."""
    with connection.cursor() as cursor:
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
    expect_taken: bool = False,
    overlap: Overlap | None = None,
) -> Written:
    """Writes what `lines_of` gave, and says what became of it.

    `meanwhile` is called once, while the database is busy with the rows. `expect_taken` asks
    for known addresses first: worth it where the chunk before met some.

    Raises what the database raises, except for what is wrong with single rows."""
    todo = lines
    taken: dict[str, UUID | None] = {}
    target = f"\t{organisation_id}\t{batch_id}\t"
    for round_ in range(_ROUNDS):
        if round_ or expect_taken:
            found = owners([_email(line) for line in todo])
            if round_ and not found:  # something else is unique as well: a rule added by hand
                return _one_by_one(todo, taken, target)
            taken |= found
            todo = [line for line in todo if _email(line) not in taken]
        try:
            _copy_users(todo, target, overlap if round_ == 0 else None)
            return Written(len(todo), taken, [])
        except DatabaseError as error:
            if not isinstance(error.__cause__, psycopg.errors.UniqueViolation):
                if not _is_of_a_row(error):
                    raise
                return _one_by_one(todo, taken, target)
    raise OperationalError("addresses of this chunk keep being taken")


def write_errors(batch_id: UUID, found: Iterable[tuple[int, Problem, dict[str, str]]]) -> None:
    """Writes row errors: (row number, problem, the row as it stood in the file) each."""
    with connection.wrap_database_errors, _copying(_COPY_ERRORS) as copy:
        for row_number, problem, row_data in found:
            data = json.dumps(row_data, ensure_ascii=False)
            copy.write_row(
                (batch_id, row_number, problem.field, problem.code, problem.message, data)
            )


class BufferedCopyWriter(LibpqWriter):
    """Takes what is written without waiting until it has been sent. Whoever calls `send` has time
    left until the answer is wanted: told the end, the server goes on to the last row and the
    triggers by itself. LibpqWriter tells it the end only when it waits for the answer."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        super().__init__(cursor, flush_threshold=UNSENT_BYTES)
        self._ending: Generator[Any, Any, Any] | None = None

    def send(self) -> None:
        """Says that nothing more comes, and sends as much as the socket takes."""
        if self._ending is None:
            self._ending = copy_end(self.connection.pgconn, None)
            next(self._ending)
        else:
            self.connection.pgconn.flush()

    def finish(self, exc: BaseException | None = None) -> None:
        """Waits for the answer, also where `exc` was raised meanwhile: its savepoint takes back
        what was written."""
        if self._ending is None:
            super().finish(exc)
        else:
            self.cursor._results = [self.connection.wait(self._ending)]


@contextmanager
def _copying(statement: str) -> Iterator[psycopg.Copy]:
    """COPY, which takes what is written without waiting until all of it has been sent."""
    with connection.cursor() as cursor:
        plain = cast(Any, cursor).cursor
        with plain.copy(statement, writer=BufferedCopyWriter(plain)) as copy:
            yield copy


def _is_of_a_row(error: DatabaseError) -> bool:
    """Whether a row's own content is at fault: a constraint, a value, or a trigger's RAISE.

    What concerns the table as a whole (a missing column or right) gets no better row by row."""
    cause = error.__cause__
    return isinstance(error, (IntegrityError, DataError)) or (
        isinstance(cause, psycopg.Error) and (cause.sqlstate or "").startswith("P0")
    )


def _copy_users(lines: list[str], target: str, overlap: Overlap | None = None) -> None:
    """One savepoint, one COPY, one block of text. The server works on the block while
    `meanwhile` runs: this is what hides the reading of the next chunk."""
    if lines:
        block = "".join(
            [f"{line}{target}{id_}\n" for line, id_ in zip(lines, _ids(len(lines)), strict=True)]
        )
        with transaction.atomic(), connection.wrap_database_errors, _copying(_COPY_USERS) as copy:
            copy.write(block)
            if overlap:
                overlap(cast(BufferedCopyWriter, copy.writer).send)
    elif overlap:
        overlap(lambda: None)


def _one_by_one(todo: list[str], taken: dict[str, UUID | None], target: str) -> Written:
    """Halves the chunk until every row that the database refuses stands alone."""
    try:
        _copy_users(todo, target)
        return Written(len(todo), taken, [])
    except DatabaseError as error:
        if not _is_of_a_row(error):
            raise
        if len(todo) == 1:
            email = _email(todo[0])
            found = owners([email])
            return Written(0, taken | found, [] if found else [email])
    middle = len(todo) // 2
    first = _one_by_one(todo[:middle], taken, target)
    second = _one_by_one(todo[middle:], first.taken, target)
    return Written(first.created + second.created, second.taken, [*first.refused, *second.refused])


def _ids(count: int) -> list[str]:
    """Fresh ids that ascend with time (RFC 9562, version 7): neighbours in the index stay
    neighbours on disk, which is twice as fast as scattering them."""
    start = f"{time.time_ns() // 1_000_000:012x}7"
    digits = os.urandom(9 * count).hex()
    return [
        f"{start}{digits[at : at + 3]}8{digits[at + 3 : at + 18]}"
        for at in range(0, 18 * count, 18)
    ]
