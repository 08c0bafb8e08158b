"""Which database faults pass by themselves, and how long to wait for them."""

from __future__ import annotations

import random
from collections.abc import Iterator

import psycopg
from django.db.utils import InterfaceError, OperationalError

# Seconds before each new attempt, about 30 in all: longer than a fail-over, a restart or a short
# fill-up of the disk takes, shorter than Celery's time limit for a slice.
WAITS_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 6.4, 6.4, 6.4)

_ODD_ONES = (  # all of them InternalError to psycopg
    psycopg.errors.IdleInTransactionSessionTimeout,  # we were frozen
    psycopg.errors.TransactionTimeout,
    psycopg.errors.ReadOnlySqlTransaction,  # the server is a stand-by, or just became one
)


def is_transient(error: BaseException) -> bool:
    """Whether the same statement may succeed later: connection lost, server away or full,
    deadlock, serialization, a time-out (SQLSTATE classes 08, 40, 53, 55, 57)."""
    return isinstance(error, (OperationalError, InterfaceError, psycopg.OperationalError)) or (
        isinstance(error.__cause__ or error, _ODD_ONES)
    )


def waits() -> Iterator[float]:
    """Seconds to wait before each new attempt, with jitter so that workers spread out."""
    for seconds in WAITS_SECONDS:
        yield seconds * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
