"""Health checks: does this process run, and can the service work?

`/healthz` depends on nothing. A platform restarts a process that does not answer there, and a
short outage of the database or of Redis must not restart every web process.

`/readyz` checks the database, its migrations and Redis. Without the first two the answer is 503.
Without Redis it is 200 and `degraded`: uploads are accepted and committed, quotas are counted in
the database, and the batches are queued once Redis is back. Answering 503 would turn a pause of
the workers into an outage of the whole service.
"""

from __future__ import annotations

from functools import cache

import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.backoff import NoBackoff
from redis.retry import Retry

DATABASE_SECONDS = 2
REDIS_SECONDS = 0.5
OK, AWAY, UNKNOWN = "ok", "away", "unknown"


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answers 200 as long as this process runs."""
    return JsonResponse({"status": OK})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Says which parts are available. 503 without the database or with missing migrations."""
    database, migrations = _database()
    parts = {"database": database, "migrations": migrations, "redis": _redis()}
    if (database, migrations) != (OK, OK):
        return JsonResponse({"status": "unavailable"} | parts, status=503)
    return JsonResponse({"status": OK if parts["redis"] == OK else "degraded"} | parts)


def _database() -> tuple[str, str]:
    """The state of (database, migrations). It opens a new connection: a server that hangs does not
    accept one, and a client can set a time-out only for connecting."""
    parameters = connection.get_connection_params()
    limits = f"-c statement_timeout={DATABASE_SECONDS}s"
    wanted = {"conninfo", "dbname", "host", "port", "user", "password", "service", "passfile"}
    known = {k: v for k, v in parameters.items() if k in wanted or k.startswith("ssl")}
    try:
        with psycopg.connect(
            **known, connect_timeout=DATABASE_SECONDS, options=limits, autocommit=True
        ) as fresh:
            applied = set(fresh.execute("SELECT app, name FROM django_migrations"))
    except psycopg.errors.UndefinedTable:
        return OK, f"{len(_migrations())} missing"
    except psycopg.Error:
        return AWAY, UNKNOWN
    missing = len(_migrations() - applied)
    return OK, f"{missing} missing" if missing else OK


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """The migrations of this version of the code."""
    return frozenset(MigrationLoader(None).graph.nodes)


def _redis() -> str:
    """Whether Redis answers at the first attempt. The retries of the client would take seconds."""
    limits = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
    try:
        with redis.Redis.from_url(settings.REDIS_URL, retry=Retry(NoBackoff(), 0), **limits) as one:
            one.ping()
    except redis.RedisError:
        return AWAY
    return OK
