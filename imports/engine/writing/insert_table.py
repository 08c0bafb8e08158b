"""Where COPY writes the rows of a chunk: into `users`, or into a temporary table.

PostgreSQL logs the content of a row that a constraint refuses (`Key (email)=(…) already exists`,
`Failing row contains (…)`), and for COPY the line as well, unless `log_error_verbosity` is `terse`.
Only a superuser can set that. Where it is terse, COPY writes into `users`.

PostgreSQL does not log an error that PL/pgSQL catches. Everywhere else COPY therefore writes into
`pg_temp.import_rows`, which refuses nothing, and a trigger of that table inserts the rows into
`users`. It raises the error of `users` again, with its SQLSTATE and without any value. This takes
about 5 % longer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID
from weakref import WeakSet

from django.db import connection, transaction

from imports.schema.fields import FIELDS
from users.invitations import requests
from users.models import User

_NAMES = (*(field.column for field in FIELDS.values()), "id")
_COLUMNS = ", ".join(_NAMES)
_COPY_TO_TABLE = f"COPY pg_temp.import_rows ({_COLUMNS}) FROM STDIN"
_COPY_TO_USERS = f"COPY users ({_COLUMNS}, organisation_id, import_batch_id) FROM STDIN"

# The rows are inserted in the order in which they were copied. ON COMMIT DELETE ROWS, or the
# rollback of the caller's savepoint, empties the table. What all rows of a chunk have in common is
# not sent with each of them, but in two settings of the transaction.
_CREATE_TABLE = "CREATE TEMPORARY TABLE import_rows ({definitions}) ON COMMIT DELETE ROWS"
TERSE = "terse"  # what log_error_verbosity must be for COPY into `users`
_DELETE = "DELETE FROM pg_temp.import_rows"
_CREATE_TRIGGER = f"""
CREATE FUNCTION pg_temp.insert_users() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    organisation uuid := current_setting('marketedge.import_organisation');
    batch uuid := current_setting('marketedge.import_batch');
BEGIN
    INSERT INTO users ({_COLUMNS}, organisation_id, import_batch_id)
    SELECT {_COLUMNS}, organisation, batch FROM pg_temp.import_rows;
    RETURN NULL;
EXCEPTION WHEN integrity_constraint_violation OR data_exception OR plpgsql_error THEN
    RAISE EXCEPTION USING
        ERRCODE = SQLSTATE, MESSAGE = 'the table users refused a row of an import';
END $$;
CREATE TRIGGER insert_users AFTER INSERT ON pg_temp.import_rows
    FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.insert_users();
"""  # noqa: S608 - the names of columns of this package

_connections_with_table: WeakSet[Any] = WeakSet()


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What COPY writes to. `suffix` ends each line: the values that all rows of a batch share.

    `ask_for_invitations` takes the first and the last id of new users, and how many of them are to
    be invited."""

    copy: str
    suffix: str
    is_temporary: bool
    ask_for_invitations: Callable[[tuple[str, str], int], None] | None

    def clear(self) -> None:
        """Deletes the rows that an earlier COPY of this transaction left in a temporary table."""
        if self.is_temporary:
            with connection.cursor() as cursor:
                cursor.execute(_DELETE)


def prepare(
    organisation_id: UUID, batch_id: UUID, *, invite: bool, invited_by: UUID | None
) -> Target:
    """Gives the target for rows of this batch, until the end of the transaction.

    With `invite` the users whose rows ask for an invitation get one, in the name of the user
    `invited_by`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('log_error_verbosity'),"
            " set_config('marketedge.import_organisation', %s, true),"
            " set_config('marketedge.import_batch', %s, true)",
            [str(organisation_id), str(batch_id)],
        )
        is_terse = cursor.fetchone()[0] == TERSE
    ask = partial(requests.add, organisation_id=organisation_id, batch_id=batch_id, by=invited_by)
    shared: dict[str, Any] = {"ask_for_invitations": ask if invite else None}
    if is_terse:
        end = f"\t{organisation_id}\t{batch_id}\n"
        return Target(copy=_COPY_TO_USERS, suffix=end, is_temporary=False, **shared)
    _create()
    target = Target(copy=_COPY_TO_TABLE, suffix="\n", is_temporary=True, **shared)
    target.clear()
    return target


def _create() -> None:
    """Creates the table, unless this connection to the database has it already."""
    connection.ensure_connection()
    current = connection.connection
    if current in _connections_with_table:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_temp.import_rows')")
        if cursor.fetchone() == (None,):
            cursor.execute(_CREATE_TABLE.format(definitions=_definitions()))
            cursor.execute(_CREATE_TRIGGER)
    # not before: a rollback would delete the table again
    transaction.on_commit(lambda: _connections_with_table.add(current))


def _definitions() -> str:
    """The columns with the types of the model, which every valid row fits into. The types of the
    table itself may have been changed by hand: then the INSERT refuses a row, not COPY."""
    columns = {field.column: field for field in User._meta.concrete_fields}
    return ", ".join(f"{name} {columns[name].db_type(connection)}" for name in _NAMES)
