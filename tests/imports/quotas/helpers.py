"""A clock that tests set, uploads one by one and in parallel, and the counts in Redis."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from core import ratelimit_cache
from imports import quotas
from imports.errors import QuotaExceeded
from imports.models import Window
from imports.quotas import Usage, limits
from imports.quotas.usage import redis_key
from users.models import User


class Clock:
    """The time of this process, and of the database as far as quotas ask for it. It stands still
    until a test changes it, so that no window ends by chance."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.time()
        monkeypatch.setattr(time, "time", lambda: self.now)
        read = limits._now_and_limits
        monkeypatch.setattr(
            limits, "_now_and_limits", lambda *args: (int(self.now), *read(*args)[1:])
        )


class BreakerClock:
    """The time as the circuit breaker sees it. It stands still, so that the breaker asks Redis
    again only after a test has changed it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(ratelimit_cache, "monotonic", lambda: self.now)


def with_ratelimit_cache(caches: dict[str, Any], **different: Any) -> dict[str, Any]:
    """A copy of the setting CACHES in which the cache of the quotas has another LOCATION or other
    options, as `socket_timeout`."""
    names = {name: different.pop(name) for name in ("LOCATION",) if name in different}
    options = caches["ratelimit"]["OPTIONS"] | different
    return caches | {"ratelimit": caches["ratelimit"] | names | {"OPTIONS": options}}


def patient(caches: dict[str, Any]) -> dict[str, Any]:
    """A copy of the setting CACHES with time-outs that Redis keeps on a busy machine, too."""
    return with_ratelimit_cache(caches, socket_connect_timeout=30, socket_timeout=30)


def consume(user: User, limit_type: str = "csv_import", **other: Any) -> Usage:
    """Counts one upload into the user's own organisation."""
    facts = {"organisation_id": user.organisation_id, "ip": "198.51.100.7", **other}
    return quotas.consume(user=user, limit_type=limit_type, **facts)


def refusal(user: User, limit_type: str = "csv_import") -> QuotaExceeded:
    """Makes an upload that must be refused; gives the refusal."""
    with pytest.raises(QuotaExceeded) as caught:
        consume(user, limit_type)
    return caught.value


def passes(user: User, attempts: int, limit_type: str = "csv_import") -> int:
    """Makes uploads one after the other; gives the number that passed."""
    return sum(_passes(user, limit_type) for _ in range(attempts))


def _passes(user: User, limit_type: str) -> bool:
    try:
        consume(user, limit_type)
    except QuotaExceeded:
        return False
    return True


def usage(user: User, limit_type: str = "csv_import") -> Usage:
    """What is left of the quota. Counts nothing."""
    return quotas.usage(user=user, organisation_id=user.organisation_id, limit_type=limit_type)


def windows(user: User, limit_type: str = "csv_import") -> dict[str, Window]:
    """The user's current hour and day."""
    return {window.period: window for window in usage(user, limit_type).windows}


def redis_client() -> Any:
    """The redis-py client of the cache of the quotas."""
    return ratelimit_cache.ratelimit_cache()._cache.get_client()


def redis_keys(user: User) -> list[bytes]:
    """The names of all keys that belong to a user."""
    return list(redis_client().scan_iter(f"upload_rate:*{user.id}*"))


def redis_counts(user: User, limit_type: str = "csv_import") -> dict[str, int | None]:
    """The counts of the user's current windows in Redis, None where there is no key."""
    client = redis_client()
    found = {
        period: client.get(redis_key(window))
        for period, window in windows(user, limit_type).items()
    }
    return {period: None if value is None else int(value) for period, value in found.items()}


def run_command(command: str, *arguments: str) -> str:
    """Runs a management command; gives its output."""
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


@contextmanager
def closing_connection() -> Iterator[None]:
    """Closes the database connection of this thread at the end."""
    try:
        yield
    finally:
        connection.close()


def in_parallel(work: Callable[[], Any], times: int) -> list[Any]:
    """Calls `work` in several threads that begin at the same time; gives the results."""
    barrier = threading.Barrier(times)

    def one(_: int) -> Any:
        with closing_connection():
            barrier.wait(30)
            return work()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def parallel_passes(user: User, times: int) -> int:
    """Makes uploads at the same time; gives the number that passed."""
    return sum(in_parallel(lambda: _passes(user, "csv_import"), times))
