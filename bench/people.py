"""Measures the lists of people of an organisation with a million of them.

`BENCH_PEOPLE` is the number of people, by default 1,000,000. `BENCH_PLANS=1` prints the plans.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext

from bench import fixtures
from bench.report import Result
from imports.models import ImportBatch
from users.models import Organisation, User
from users.people import orders
from users.people.queries import Filters, Page, page_of
from users.people.refusals import SearchTooBroad

PEOPLE = int(os.environ.get("BENCH_PEOPLE", 1_000_000))
ROUNDS = 5
TARGET_MS = 50
# Names of two and three syllables. The first ones are more frequent, as in real organisations, and
# an address begins with the names. Rows of one chunk have the same `created_at`.
_CREATE = """
    SELECT setseed(0.5);
    INSERT INTO users (email, first_name, last_name, role, department, organisation_id, is_active,
        market_edge_access, causal_edge_access, value_edge_access, last_login, created_at,
        import_batch_id)
    SELECT lower(first || '.' || last) || n || '@acme.example', first, last,
        CASE WHEN r1 < 0.02 THEN 'admin' WHEN r1 < 0.2 THEN 'analyst' ELSE 'viewer' END,
        CASE WHEN n %% 200000 = 7 THEN 'Rare' WHEN r2 < 0.1 THEN ''
             ELSE 'Department ' || (20 * r2 * r2)::int END,
        %(organisation)s, r3 > 0.01, r4 < 0.8, r4 < 0.3, n %% 200000 = 11,
        CASE WHEN r5 < 0.4 THEN now() - r5 * interval '900 days' END,
        now() - interval '30 days' + (n / 5000) * interval '1 second',
        CASE WHEN n < 5000 THEN %(batch)s::uuid END
    FROM (SELECT n, random() AS r1, random() AS r2, random() AS r3, random() AS r4, random() AS r5,
        initcap(syllable(random()) || syllable(random())) AS first,
        initcap(syllable(random()) || syllable(random()) || syllable(random())) AS last
        FROM generate_series(1, %(people)s) n) AS made
"""
_SYLLABLE = """
    CREATE OR REPLACE FUNCTION syllable(number double precision) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
        SELECT ('{ma,jo,an,li,pe,ka,ro,su,el,da,mi,ch,th,al,sa,he,wi,ge,fr,be,no,ul,os,vy}'::text[])
            [1 + floor(24 * number * number)::int]
    $$
"""
_INVITE = """
    INSERT INTO user_invitations (user_id, organisation_id, status, expires_at)
    SELECT id, organisation_id,
        CASE WHEN n %% 100000 = 7 THEN 'bounced' WHEN n %% 100000 = 8 THEN 'failed'
             WHEN r < 0.1 THEN 'pending' WHEN r < 0.5 THEN 'sent' ELSE 'accepted' END,
        now() + CASE WHEN n %% 1000 = 9 THEN interval '-1 day' ELSE interval '5 days' END
    FROM (SELECT id, organisation_id, row_number() OVER () AS n, random() AS r FROM users
          WHERE organisation_id = %(organisation)s) AS invited
    WHERE n %% 10 > 2
"""


def lists(_: int) -> Result:
    """Pages of 50 of a list of a million people: orders, searches, filters, the middle."""
    organisation, batch = _create()
    milliseconds: dict[str, float] = {}
    for name, sort, filters, cursor in _cases(organisation, batch):
        times = []
        for _round in range(ROUNDS):
            started = perf_counter()
            with suppress(SearchTooBroad):  # after it was found that too many match
                page_of(organisation.id, filters, sort=sort, cursor=cursor)
            times.append(1000 * (perf_counter() - started))
        milliseconds[name] = median(times)
        if os.environ.get("BENCH_PLANS"):
            _print_plans(name, organisation, filters, sort, cursor)
        print(f"    {milliseconds[name]:7.1f} ms  {name}", file=sys.stderr, flush=True)
    slowest = sorted(milliseconds, key=lambda name: -milliseconds[name])[:3]
    return Result(
        measure=f"a page of 50 of {PEOPLE:,} people, the slowest of {len(milliseconds)} lists",
        figure=f"{max(milliseconds.values()):.0f} ms",
        target=f"< {TARGET_MS} ms",
        detail=f"medians of {ROUNDS}; median list {median(milliseconds.values()):.1f} ms; slowest: "
        + "; ".join(f"{name} {milliseconds[name]:.0f} ms" for name in slowest),
    )


def _cases(
    organisation: Organisation, batch: UUID
) -> Iterator[tuple[str, str | None, Filters, str]]:
    """Name, order, filters, cursor."""
    for sort in orders.SORTS:
        yield f"by {sort}", sort, Filters(), ""
        yield f"by {sort}, second page", sort, Filters(), _next(organisation, sort)
        yield f"by {sort}, in the middle", sort, Filters(), _middle(organisation, sort)
    for text in ("m", "ma", "vyvy", "majo", "majoan", "majo.ka", "zzz"):
        yield f"search {text}", None, Filters(search=text), ""
        for sort in ("email", "last_name", "-created_at"):
            yield f"search {text}, by {sort}", sort, Filters(search=text), ""
    filters = {
        "role admin": Filters(role=["admin"]),
        "role analyst": Filters(role=["analyst"]),
        "department": Filters(department="Department 7"),
        "rare department": Filters(department="Rare"),
        "unknown department": Filters(department="None"),
        "application": Filters(application="causal_edge_access"),
        "rare application": Filters(application="value_edge_access"),
        "inactive": Filters(active=False),
        "active": Filters(active=True),
        "batch": Filters(batch=batch),
        **{f"invited {one}": Filters(invited=[one]) for one in _states()},
        "admins of a department": Filters(role=["admin"], department="Department 7"),
        "search and role": Filters(search="ma", role=["admin"]),
        "search and rare department": Filters(search="ma", department="Rare"),
    }
    for name, chosen in filters.items():
        for sort in (None, "last_name", "-created_at", "-last_login"):
            yield f"{name}, by {sort or 'default'}", sort, chosen, ""


def _states() -> tuple[str, ...]:
    return ("none", "pending", "sent", "accepted", "expired", "failed", "bounced", "revoked")


def _create() -> tuple[Organisation, UUID]:
    fixtures.empty_tables()
    organisation = Organisation.objects.create(name="Acme")
    batch = ImportBatch.objects.create(
        organisation=organisation, filename="users.csv", status="completed"
    )
    values = {"organisation": organisation.id, "batch": batch.id, "people": PEOPLE}
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(_SYLLABLE)
        cursor.execute(_CREATE, values)
        cursor.execute(_INVITE, values)
        cursor.execute("VACUUM ANALYZE users, user_invitations")
        cursor.execute("RESET statement_timeout")
    return organisation, batch.id


def _next(organisation: Organisation, sort: str) -> str:
    return _page(organisation, sort).next_cursor


def _page(organisation: Organisation, sort: str) -> Page:
    return page_of(organisation.id, Filters(), sort=sort)


def _middle(organisation: Organisation, sort: str) -> str:
    """The cursor of a page in the middle of the list."""
    part = orders.SORTS[sort][0]
    rows: Any = User.objects.of(organisation.id).filter(part.condition).annotate(key=part.key)
    row = rows.order_by(*part.ordering())[rows.count() // 2]
    return orders.Place(0, row.key, row.id).as_cursor(sort)


def _print_plans(
    name: str, organisation: Organisation, filters: Filters, sort: str | None, cursor: str
) -> None:
    database: BaseDatabaseWrapper = connection
    with CaptureQueriesContext(database) as queries, suppress(SearchTooBroad):
        page_of(organisation.id, filters, sort=sort, cursor=cursor)
    for query in queries.captured_queries:
        with connection.cursor() as explain:
            explain.execute("EXPLAIN (ANALYZE, BUFFERS) " + query["sql"].replace("%", "%%"), [])
            plan = "\n".join(line for (line,) in explain.fetchall())
        print(f"{name}\n{query['sql'][:3000]}\n{plan}\n", file=sys.stderr)
