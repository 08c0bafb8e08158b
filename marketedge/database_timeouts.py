"""The time-outs of PostgreSQL with which every session of the service works.

With them PostgreSQL releases the locks of a process that hangs. They are defaults of the service's
role (ALTER ROLE … SET), which `migrate` sets. A pooler in transaction mode, such as PgBouncer,
gives a transaction any of its sessions: it refuses or drops time-outs among the parameters of a
connection, and a SET would be gone in the next transaction.

Web, worker and beat check them at their start and with every new connection.
"""

from __future__ import annotations

from typing import Any

import psycopg
import structlog
from celery.signals import beat_init, worker_init
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.db.utils import OperationalError
from psycopg import sql

log = structlog.get_logger(__name__)

LOCK_SECONDS = 10
STATEMENT_SECONDS = 60
_SESSION = """
    SELECT pg_backend_pid(), name, 1000 * extract(epoch FROM current_setting(name)::interval)
    FROM unnest(%s::text[]) AS name
"""
_OF_ROLE = """
    SELECT unnest(setconfig) FROM pg_db_role_setting
    JOIN pg_database ON pg_database.oid = setdatabase AND datname = current_database()
    WHERE setrole = current_user::regrole
"""
_IS_MIGRATED = "SELECT to_regclass('django_migrations') IS NOT NULL"
_ALTER_ROLE = "ALTER ROLE CURRENT_USER IN DATABASE {} SET {} = {}"


def wanted() -> dict[str, int]:
    """The time-outs in milliseconds, by the name of PostgreSQL's parameter."""
    return {
        "lock_timeout": 1000 * LOCK_SECONDS,
        "statement_timeout": 1000 * STATEMENT_SECONDS,
        "idle_in_transaction_session_timeout": 1000 * settings.DATABASE_IDLE_SECONDS,
    }


def connect_signals() -> None:
    """Makes `migrate` set the time-outs, and worker and beat check them at their start."""
    post_migrate.connect(_after_migrate, sender=apps.get_app_config("imports"))
    worker_init.connect(_at_start)
    beat_init.connect(_at_start)


def set_for_role() -> None:
    """Makes the time-outs defaults of the role of this connection in its database, and sets them in
    this session, which began before. Does nothing where the role has them."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_ROLE)
        known = {row[0] for row in cursor.fetchall()}
        if {f"{name}={value}" for name, value in wanted().items()} <= known:
            return
        database = sql.Identifier(str(connection.settings_dict["NAME"]))
        for name, value in wanted().items():
            statement = sql.SQL(_ALTER_ROLE).format(database, sql.Identifier(name), value)
            cursor.execute(statement.as_string(cursor.connection))
            cursor.execute("SELECT set_config(%s, %s, false)", [name, str(value)])


def require() -> None:
    """Checks the time-outs now, in a connection of its own, and from then on in each connection of
    this process. A connection without them raises OperationalError, as a lost one does.

    Raises SystemExit where they do not hold now. Only logs that the database is away or was never
    migrated: the service starts without it, and `/readyz` says so."""
    connection_created.connect(_check_connection)
    try:
        with connection.get_new_connection(connection.get_connection_params()) as fresh:
            wrong = faults(fresh)
            is_migrated = fresh.execute(_IS_MIGRATED).fetchone() == (True,)
    except psycopg.Error as error:
        log.warning("database_away_at_start", fault=type(error).__name__)
        return
    if wrong and not is_migrated:
        log.warning("database_not_migrated_at_start")
    elif wrong:
        raise SystemExit("MarketEdge can't start:\n" + "\n".join(f"  {line}" for line in wrong))


def faults(session: psycopg.Connection[Any]) -> list[str]:
    """What is wrong with a session of the database, one sentence each: time-outs that do not hold,
    and a pooler that nobody has named."""
    rows = session.execute(_SESSION, [[*wanted()]]).fetchall()
    found = {name: int(value) for _, name, value in rows}
    missing = [
        f"{name} is {found[name]} ms, and must be from 1 to {limit} ms"
        for name, limit in wanted().items()
        if not 0 < found[name] <= limit
    ]
    wrong = []
    if missing:
        wrong.append(
            f"PostgreSQL's time-outs do not hold: {'; '.join(missing)}. Run `manage.py migrate`"
            " with the same DATABASE_URL and DATABASE_IDLE_SECONDS. A pooler keeps the sessions"
            " that it opened before: run RECONNECT in the console of PgBouncer, or restart it."
        )
    # A pooler gives its clients process ids of its own, for the cancellation of queries.
    is_pooled = rows[0][0] != session.info.backend_pid
    if is_pooled and not settings.DATABASE_TRANSACTION_POOLING:
        wrong.append(
            "DATABASE_URL leads to a pooler, such as PgBouncer. Set"
            " DATABASE_TRANSACTION_POOLING=true, or name PostgreSQL itself in DATABASE_URL."
        )
    return wrong


def _after_migrate(**_: Any) -> None:
    set_for_role()


def _at_start(**_: Any) -> None:
    require()


def _check_connection(connection: Any, **_: Any) -> None:
    wrong = faults(connection.connection)
    if wrong:
        connection.close()
        log.error("database_timeouts_missing")
        raise OperationalError(" ".join(wrong))
