"""The parts of a scrape. Each one is read by itself: one that fails takes no other with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import redis
from celery import current_app
from django.conf import settings
from prometheus_client.metrics_core import Metric

from core.probes import new_connection, new_redis, rows_of
from imports.metrics.families import (
    COUNTERS,
    HISTOGRAMS,
    Labels,
    Values,
    counter,
    gauge,
    histogram,
)
from imports.models import LIVE

CONNECT_SECONDS = 2
STATEMENT_SECONDS = 2  # more than a query takes when the machine is busy
REDIS_SECONDS = 1.0
TABLES = (
    *("users", "import_batches", "import_errors", "import_uploads", "import_upload_chunks"),
    *("audit_events", "metric_deltas"),
)
KINDS = ("worker", "beat", "sweep", "purge")  # of heartbeats

Connection = psycopg.Connection[Any]
Found = dict[str, list[Metric]]  # part -> its metrics; a part that could not be read is missing

# One statement, and so one snapshot: the rows of an import that ends are counted either in the
# batch or in the totals, and no counter goes down.
_TOTALS = """
    SELECT name, labels, sum(value)::bigint FROM (
        SELECT name, labels, value FROM metric_counters
        UNION ALL SELECT name, labels, value FROM metric_deltas
        UNION ALL SELECT 'csv_import_rows_total', jsonb_build_object('outcome', outcome), rows
            FROM import_batches, LATERAL (VALUES ('imported', successful_rows),
                ('skipped', skipped_rows), ('failed', failed_rows)) AS counts (outcome, rows)
            WHERE status IN ('pending', 'processing')
    ) AS parts GROUP BY name, labels
"""
_LIVE = """
    SELECT status, count(*),
        count(*) FILTER (WHERE now() - make_interval(secs => %s) > CASE status
            WHEN 'pending' THEN created_at
            ELSE coalesce(heartbeat_at, announced_at, created_at) END),
        coalesce(extract(epoch FROM now() - min(created_at)), 0)
    FROM import_batches WHERE status IN ('pending', 'processing') GROUP BY status
"""
_TABLES = """
    SELECT name, pg_total_relation_size(to_regclass(name)) FROM unnest(%s::text[]) AS name
    WHERE to_regclass(name) IS NOT NULL
"""
# What has never run is as old as the table.
_HEARTBEATS = """
    SELECT kind, extract(epoch FROM clock_timestamp() - coalesce(max(at), (
        SELECT max(applied) FROM django_migrations
        WHERE app = 'imports' AND name LIKE '%%_heartbeats_%%')))
    FROM unnest(%s::text[]) AS kind LEFT JOIN heartbeats ON split_part(name, ':', 1) = kind
    GROUP BY kind
"""
# Inviting again makes an invitation younger.
_INVITATIONS = """
    SELECT coalesce(sum(number), 0), coalesce(extract(epoch FROM now() - min(since)), 0) FROM (
        SELECT count(*) AS number,
            min(CASE WHEN generation = 1 THEN created_at ELSE updated_at END) AS since
        FROM user_invitations WHERE status = 'pending'
        UNION ALL SELECT sum(number), min(created_at) FROM user_invitation_requests
    ) AS parts
"""
_HALTED = "SELECT EXISTS (SELECT FROM import_halts WHERE ended_at IS NULL)"


def _totals(fresh: Connection) -> Iterator[Metric]:
    rows = rows_of(fresh, _TOTALS, seconds=STATEMENT_SECONDS)
    totals = {(name, _labels(labels)): value for name, labels, value in rows}
    for name in COUNTERS:
        yield counter(name, totals)
    for name in HISTOGRAMS:
        yield histogram(name, totals)
    yield gauge(Values("csv_staged_bytes", {"": totals.get(("csv_staged_bytes", ()), 0)}))


def _labels(labels: dict[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


def _imports(fresh: Connection) -> Iterator[Metric]:
    found = rows_of(fresh, _LIVE, [settings.IMPORT_STUCK_SECONDS], seconds=STATEMENT_SECONDS)
    counts = {str(status): 0.0 for status in LIVE} | {status: count for status, count, *_ in found}
    oldest = {status: float(age) for status, _, _, age in found}
    yield gauge(Values("csv_imports_in_progress", counts))
    yield gauge(Values("csv_imports_stuck", {"": sum(stuck for _, _, stuck, _ in found)}))
    yield gauge(Values("csv_import_oldest_pending_seconds", {"": oldest.get("pending", 0.0)}))


def _tables(fresh: Connection) -> Iterator[Metric]:
    sizes = rows_of(fresh, _TABLES, [list(TABLES)], seconds=STATEMENT_SECONDS)
    yield gauge(Values("csv_table_bytes", dict(sizes)))


def _heartbeats(fresh: Connection) -> Iterator[Metric]:
    found = rows_of(fresh, _HEARTBEATS, [list(KINDS)], seconds=STATEMENT_SECONDS)
    ages = {kind: max(float(age), 0.0) for kind, age in found}
    yield gauge(Values("csv_heartbeat_age_seconds", ages))


def _invitations(fresh: Connection) -> Iterator[Metric]:
    ((pending, age),) = rows_of(fresh, _INVITATIONS, seconds=STATEMENT_SECONDS)
    yield gauge(Values("csv_invitations_pending", {"": float(pending)}))
    yield gauge(Values("csv_invitation_oldest_pending_seconds", {"": float(age)}))


def _halt(fresh: Connection) -> Iterator[Metric]:
    ((is_halted,),) = rows_of(fresh, _HALTED, seconds=STATEMENT_SECONDS)
    is_off = is_halted or not settings.FEATURE_USER_MANAGEMENT
    yield gauge(Values("csv_imports_halted", {"": float(is_off)}))


DATABASE_PARTS: dict[str, Callable[[Connection], Iterator[Metric]]] = {
    "totals": _totals,
    "imports": _imports,
    "tables": _tables,
    "heartbeats": _heartbeats,
    "invitations": _invitations,
    "halt": _halt,
}


def read_database() -> Found:
    """Reads the parts that are in PostgreSQL, over one new connection."""
    found: Found = {}
    try:
        with new_connection(CONNECT_SECONDS) as fresh:
            for part, read in DATABASE_PARTS.items():
                try:
                    found[part] = list(read(fresh))
                except psycopg.Error:
                    if fresh.closed:
                        break
    except psycopg.Error:
        pass  # the caller sees which parts are missing
    return found


def read_queue() -> Found:
    """Reads the queue of messages from Redis."""
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    try:
        with new_redis(REDIS_SECONDS) as client:
            waiting: Any = client.llen(f"{prefix}{current_app.conf.task_default_queue}")
            taken: Any = client.hlen(f"{prefix}unacked")
    except redis.RedisError:
        return {}
    queue = Values("csv_import_queue_depth", {"": waiting})
    return {"queue": [gauge(queue), gauge(Values("csv_import_messages_taken", {"": taken}))]}


PARTS = (*DATABASE_PARTS, "queue")
