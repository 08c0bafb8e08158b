"""Health checks: does this process run, and can the service work?

`/healthz` depends on nothing. A platform restarts a process that does not answer there, and a
short outage of the database or of Redis must not restart every web process.

`/readyz` checks the database, its migrations, Redis and the workers. Without the first two the
answer is 503. Without Redis or workers it is 200 and `degraded`: uploads are accepted and
committed, quotas are counted in the database, and the imports start once Redis and a worker are
back. Answering 503 would turn a pause of the workers into an outage of the whole service.

Both answer at once, also while a server hangs: `/readyz` asks each server in a thread of its own.
"""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import psycopg
import redis
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.probes import Probe, new_connection, new_redis, rows_of

ANSWER_SECONDS = 0.12  # the time of one request of /readyz
DATABASE_SECONDS = 2
REDIS_SECONDS = 0.5
WORKER_SECONDS = 60  # a worker that has given no heartbeat for so long is not alive
OK, AWAY, UNKNOWN = "ok", "away", "unknown"
DATABASE_AWAY = {"database": AWAY, "migrations": UNKNOWN, "workers": UNKNOWN}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answers 200 as long as this process runs."""
    return JsonResponse({"status": OK})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Says which parts are available. 503 without the database or with missing migrations."""
    known_migrations()
    deadline = time.monotonic() + ANSWER_SECONDS
    for probe in (_DATABASE, _REDIS):
        probe.ask()
    database = _DATABASE.answer_by(deadline, DATABASE_AWAY)
    parts = database | {"redis": _REDIS.answer_by(deadline, AWAY)}
    if (parts["database"], parts["migrations"]) != (OK, OK):
        return JsonResponse({"status": "unavailable"} | parts, status=503)
    is_whole = set(parts.values()) == {OK}
    return JsonResponse({"status": OK if is_whole else "degraded"} | parts)


def _database() -> dict[str, str]:
    """The state of the database, of its migrations and of the workers, whose heartbeats are in it.
    It opens a new connection: a server that hangs does not accept one."""
    try:
        with new_connection(DATABASE_SECONDS) as fresh:
            return {"database": OK, "migrations": _missing(fresh), "workers": _workers(fresh)}
    except psycopg.Error:
        return DATABASE_AWAY


def _missing(fresh: psycopg.Connection[Any]) -> str:
    query = "SELECT app, name FROM django_migrations"
    try:
        applied = set(rows_of(fresh, query, seconds=DATABASE_SECONDS))
    except psycopg.errors.UndefinedTable:
        applied = set()
    missing = len(known_migrations() - applied)
    return f"{missing} missing" if missing else OK


def _workers(fresh: psycopg.Connection[Any]) -> str:
    query = """
        SELECT EXISTS (SELECT FROM heartbeats
            WHERE name LIKE 'worker:%%' AND at > now() - make_interval(secs => %s))
    """
    try:
        ((is_alive,),) = rows_of(fresh, query, [WORKER_SECONDS], seconds=DATABASE_SECONDS)
    except psycopg.errors.UndefinedTable:
        return UNKNOWN
    return OK if is_alive else AWAY


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations of this version of the code. The first call loads them all."""
    return frozenset(MigrationLoader(None).graph.nodes)


def _redis() -> str:
    """Whether Redis answers at the first attempt."""
    try:
        with new_redis(REDIS_SECONDS) as client:
            client.ping()
    except redis.RedisError:
        return AWAY
    return OK


_DATABASE, _REDIS = Probe(_database), Probe(_redis)
