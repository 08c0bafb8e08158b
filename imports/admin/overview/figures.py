"""The figures of the overview. Each function is one query, and none of them reads a whole table but
that of imports, which holds those of `IMPORT_RETENTION_DAYS`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from django.db import connection
from django.db.models import Count, Q
from django.db.models.functions import Now

from core.probes import Probe, new_redis
from imports.admin.filters import Outcome, is_stuck, outcome_of
from imports.admin.overview.operations import ALIVE
from imports.models import LIVE, AuditEvent, EventType, Heartbeat, ImportBatch, Status

REDIS_SECONDS = 0.25
NEWEST_ERRORS, NEWEST_IMPORTS = 20_000, 1000
FREQUENT_ERRORS = 8

_IMPORTS = """
    SELECT date_bin(%(step)s::interval, created_at, %(start)s), status, failed_rows > 0, count(*),
        sum(successful_rows)
    FROM import_batches WHERE created_at >= %(start)s GROUP BY 1, 2, 3
"""
_SPEED = """
    SELECT sum(processed_rows) / nullif(extract(epoch FROM sum(completed_at - started_at)), 0)
    FROM (
        SELECT processed_rows, completed_at, started_at FROM import_batches
        WHERE created_at >= %(start)s AND status = 'completed'
        ORDER BY created_at DESC LIMIT %(newest)s) AS newest
"""
_ERRORS = """
    SELECT field_name, error_code, count(*), min(created_at), sum(count(*)) OVER () FROM (
        SELECT field_name, error_code, created_at FROM import_errors
        WHERE created_at >= %(start)s ORDER BY created_at DESC LIMIT %(newest)s) AS newest
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""


@dataclass(slots=True)
class Imports:
    """The imports that were uploaded in a period."""

    counts: dict[datetime, Counter[str]] = field(default_factory=dict)  # step -> outcome -> number
    imported_rows: int = 0

    def of(self, outcome: str) -> int:
        """How many had this outcome."""
        return sum(counter[outcome] for counter in self.counts.values())

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(counter.total() for counter in self.counts.values())

    @property
    def completed(self) -> int:
        """How many were completed, with or without failed rows."""
        return self.of(Outcome.COMPLETED) + self.of(Outcome.PARTLY)

    @property
    def success_rate(self) -> float | None:
        """The share of the completed among those that were completed or failed."""
        ended = self.completed + self.of(Outcome.FAILED)
        return self.completed / ended if ended else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Live:
    """The imports that have not ended."""

    pending: int
    processing: int
    stuck: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FrequentError:
    """How often one kind of row error occurred."""

    field: str
    code: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FrequentErrors:
    """The most frequent row errors, of all in a period or of its newest."""

    errors: list[FrequentError]
    total: int = 0
    since: datetime
    is_all: bool = True


def imports(starts: list[datetime], step: timedelta) -> Imports:
    """The imports since the first start, by step and outcome."""
    found = Imports({start: Counter() for start in starts})
    with connection.cursor() as cursor:
        cursor.execute(_IMPORTS, {"step": f"{step.total_seconds()} s", "start": starts[0]})
        for start, status, has_failed_rows, count, imported in cursor.fetchall():
            outcome = outcome_of(status, has_failed_rows=has_failed_rows)
            found.counts.setdefault(start, Counter())[outcome] += count
            found.imported_rows += imported
    return found


def rows_per_second(since: datetime) -> float | None:
    """The rows of the newest completed imports by the time that they took, together."""
    with connection.cursor() as cursor:
        cursor.execute(_SPEED, {"start": since, "newest": NEWEST_IMPORTS})
        (speed,) = cursor.fetchone()
    return None if speed is None else float(speed)


def live() -> Live:
    """The imports that have not ended, and how many of them are stuck."""
    of = ImportBatch.objects.everywhere().filter(status__in=LIVE)
    pending = Count("id", filter=Q(status=Status.PENDING))
    processing = Count("id", filter=Q(status=Status.PROCESSING))
    return Live(
        **of.aggregate(pending=pending, processing=processing, stuck=Count("id", filter=is_stuck()))
    )


def frequent_errors(since: datetime) -> FrequentErrors:
    """The most frequent row errors since then: of all, or of the newest NEWEST_ERRORS."""
    with connection.cursor() as cursor:
        cursor.execute(_ERRORS, {"start": since, "newest": NEWEST_ERRORS})
        rows = cursor.fetchall()
    total = int(rows[0][4]) if rows else 0
    is_all = total < NEWEST_ERRORS
    return FrequentErrors(
        errors=[
            FrequentError(field=name, code=code, count=count)
            for name, code, count, *_ in rows[:FREQUENT_ERRORS]
        ],
        total=total,
        since=since if is_all else min(row[3] for row in rows),
        is_all=is_all,
    )


def limits_reached(since: datetime) -> int:
    """How often a user ran into an upload limit."""
    of = AuditEvent.objects.everywhere().filter(event_type=EventType.LIMIT_REACHED)
    return of.filter(created_at__gte=since).count()


def workers_alive() -> int:
    """How many machines have a worker that lives."""
    alive = Heartbeat.objects.filter(name__startswith="worker:")
    return alive.filter(at__gt=Now() - ALIVE).count()


def _read_queue() -> int | None:
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    try:
        with new_redis(REDIS_SECONDS) as client:
            length: Any = client.llen(f"{prefix}{current_app.conf.task_default_queue}")
    except redis.RedisError:
        return None
    return int(length)


_QUEUE = Probe(_read_queue)


def messages_waiting() -> int | None:
    """How many messages no worker has taken; None where Redis does not answer in time."""
    try:
        return _QUEUE.ask().result(2 * REDIS_SECONDS)
    except TimeoutError:
        return None
