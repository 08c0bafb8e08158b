"""Database errors that are worth another attempt, and how long to wait before each."""

from __future__ import annotations

import random
from collections.abc import Iterator

import psycopg
from django.db.utils import InterfaceError, OperationalError

# Seconds before each new attempt, about 30 in all. That is longer than a fail-over, a restart or a
# disk that is full for a moment takes, and shorter than Celery's time limit for a task.
WAITS_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 6.4, 6.4, 6.4)

# psycopg has no common class for these: to it they are InternalError.
_TRANSIENT_INTERNAL_ERRORS = (
    psycopg.errors.IdleInTransactionSessionTimeout,  # this process was frozen
    psycopg.errors.TransactionTimeout,
    psycopg.errors.ReadOnlySqlTransaction,  # the server is a standby, or has just become one
)


def is_transient(error: BaseException) -> bool:
    """Whether the same statement may succeed later: connection lost, server away or full,
    deadlock, serialization failure, time-out (SQLSTATE classes 08, 40, 53, 55, 57)."""
    return isinstance(error, (OperationalError, InterfaceError, psycopg.OperationalError)) or (
        isinstance(error.__cause__ or error, _TRANSIENT_INTERNAL_ERRORS)
    )


def is_held_up(error: BaseException) -> bool:
    """Whether the database answered that a statement had waited too long, as for a lock."""
    held_up = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled)
    return isinstance(error.__cause__ or error, held_up)


def waits() -> Iterator[float]:
    """Gives the seconds to wait before each new attempt, with jitter so that workers spread out."""
    for seconds in WAITS_SECONDS:
        yield seconds * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
