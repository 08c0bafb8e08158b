"""Measures the overview and the lists of the admin with 100,000 imports of 1,000 organisations.

`BENCH_BATCHES` is another number of imports. `BENCH_PLANS=1` prints the queries and their times.
"""

from __future__ import annotations

import os
import sys
from statistics import median
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import fixtures
from bench.report import Result
from users.models import User

BATCHES = int(os.environ.get("BENCH_BATCHES", 100_000))
ROUNDS = 9
TARGET_MS, TARGET_QUERIES = 150, 12
PAGES = {
    "the overview of 30 days": "/admin/?days=30",
    "the overview of 7 days": "/admin/?days=7",
    "the overview of 24 hours": "/admin/?days=1",
    "the list of imports": "/admin/imports/importbatch/",
    "the list of row errors": "/admin/imports/importerror/",
    "the list of users": "/admin/users/user/",
    "the audit trail": "/admin/imports/auditevent/",
}
_ORGANISATIONS = """
    INSERT INTO organisations (name) SELECT 'Organisation ' || n FROM generate_series(1, 1000) n
"""
# Everybody of the first import is of the first organisation, and so on.
_ADMINISTRATORS = """
    INSERT INTO users (email, first_name, last_name, role, organisation_id)
    SELECT 'admin@' || replace(lower(name), ' ', '-') || '.example', 'Ada', name, 'admin', id
    FROM organisations
"""
_BATCHES = """
    SELECT setseed(0.5);
    INSERT INTO import_batches (filename, status, organisation_id, uploaded_by, created_at,
        started_at, heartbeat_at, completed_at, total_rows, processed_rows, successful_rows,
        failed_rows, options, file_sha256, mail_state)
    SELECT 'people-' || n || '.csv', status, organisation_id, user_id, uploaded, started, started,
        CASE WHEN status IN ('completed', 'failed', 'cancelled')
            THEN started + size / 5000.0 * interval '1 second' END,
        size, CASE WHEN status = 'pending' THEN 0 ELSE done END,
        CASE WHEN status = 'pending' THEN 0 ELSE done - bad END,
        CASE WHEN status = 'pending' THEN 0 ELSE bad END,
        '{"default_role": "viewer", "send_invitations": true, "skip_duplicates": true}',
        md5(n::text) || md5(n::text), 'sent'
    FROM (
        SELECT *, CASE WHEN status = 'completed' THEN size ELSE size / 2 END AS done,
            CASE WHEN status = 'failed' THEN size / 2 WHEN r2 < 0.3 THEN least(size / 2, 5)
                ELSE 0 END AS bad,
            CASE WHEN status <> 'pending' THEN uploaded + r2 * interval '2 seconds' END AS started
        FROM (
            SELECT n, r2, 20 + (480 * r3)::int AS size,
                CASE WHEN n > %(batches)s - 5 THEN 'pending'
                    WHEN n > %(batches)s - 9 THEN 'processing'
                    WHEN r1 < 0.02 THEN 'failed' WHEN r1 < 0.03 THEN 'cancelled'
                    ELSE 'completed' END AS status,
                now() - power(1 - n / %(batches)s::float, 0.8) * interval '29.9 days' AS uploaded,
                number.organisation_id, number.user_id
            FROM (SELECT n, random() AS r1, random() AS r2, random() AS r3
                FROM generate_series(1, %(batches)s) n) AS made
            JOIN (SELECT row_number() OVER () AS place, id AS user_id, organisation_id
                FROM users WHERE organisation_id IS NOT NULL) AS number
                ON number.place = 1 + n %% 1000
        ) AS chosen
    ) AS sized
"""
_USERS = """
    INSERT INTO users (email, first_name, last_name, organisation_id, import_batch_id, created_at,
        department)
    SELECT 'person' || row_number() OVER () || '@people.example', 'Grace', 'Hopper',
        organisation_id, id, created_at, 'Research'
    FROM import_batches, generate_series(1, 10) WHERE successful_rows > 10
"""
_ERRORS = """
    INSERT INTO import_errors (import_batch_id, row_number, field_name, error_code, error_message,
        row_data, created_at)
    SELECT batch.id, 1 + row, field, code, 'The cell can not be read: ' || code || '.',
        jsonb_build_object('email', 'a@b.example', 'first_name', 'Ada', 'last_name', 'Lovelace',
            'role', 'owner', 'phone', 'ask reception', 'department', 'Research'),
        coalesce(batch.completed_at, batch.created_at)
    FROM import_batches batch, generate_series(1, failed_rows) row
    JOIN (VALUES (0, 'email', 'invalid_email'), (1, 'role', 'invalid_role'),
        (2, 'email', 'invalid_email'), (3, 'phone', 'invalid_phone'),
        (4, 'last_name', 'required'), (5, 'first_name', 'required'), (6, '', 'ragged_row'),
        (7, 'email', 'duplicate_in_file'), (8, 'email', 'invalid_email'),
        (9, 'department', 'too_long')) AS kinds (place, field, code)
        ON place = row %% 10
"""
_EVENTS = """
    INSERT INTO audit_events (created_at, deed, door, client_address, user_id, organisation_id,
        batch_id)
    SELECT created_at, CASE WHEN row_number() OVER () %% 100 = 0 THEN 'limit_reached'
            ELSE 'submitted' END, 'api', '192.0.2.7', uploaded_by, organisation_id, id
    FROM import_batches, generate_series(1, 3)
"""
_TABLES = "import_batches, import_errors, users, organisations, audit_events"


def pages(_: int) -> Result:
    """The overview and the lists of the admin, as platform staff see them."""
    client = _staff()
    create()
    times, queries = {}, {}
    for name, path in PAGES.items():
        times[name], queries[name] = _measure(client, path)
        print(f"    {times[name]:7.1f} ms, {queries[name]:2} queries  {name}", file=sys.stderr)
    slowest = max((name for name in PAGES if "overview" in name), key=lambda name: times[name])
    return Result(
        measure=f"{slowest} with {BATCHES:,} imports: server time; queries",
        figure=f"{times[slowest]:.0f} ms; {queries[slowest]}",
        target=f"< {TARGET_MS} ms; < {TARGET_QUERIES}",
        detail=f"medians of {ROUNDS}; "
        + ", ".join(f"{name} {times[name]:.0f} ms" for name in PAGES if name != slowest),
    )


def create() -> None:
    """Fills the tables. The imports are of the last 30 days, and half of them of the last 13."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for statement in (_ORGANISATIONS, _ADMINISTRATORS, _BATCHES, _USERS, _ERRORS, _EVENTS):
            cursor.execute(statement, {"batches": BATCHES} if "%" in statement else None)
        cursor.execute(f"VACUUM ANALYZE {_TABLES}")
        cursor.execute("RESET statement_timeout")


def _staff() -> Client:
    fixtures.empty_tables()
    settings.ALLOWED_HOSTS = ["*"]
    user = User.objects.create_superuser(
        "root@marketedge.example", first_name="Robin", last_name="Root"
    )
    client = Client()
    client.force_login(user)
    return client


def _measure(client: Client, path: str) -> tuple[float, int]:
    """The median of milliseconds, and the number of queries."""
    times: list[float] = []
    for _round in range(ROUNDS):
        started = perf_counter()
        answer: Any = client.get(path)
        times.append(1000 * (perf_counter() - started))
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}")
    database: BaseDatabaseWrapper = connection
    with CaptureQueriesContext(database) as found:
        client.get(path)
    if os.environ.get("BENCH_PLANS"):
        for query in found.captured_queries:
            print(f"{query['time']} s  {' '.join(query['sql'].split())[:300]}", file=sys.stderr)
    return median(times), len(found)
