"""A clock that the tests turn, and what they ask of the quotas."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from core.ratelimit_cache import ratelimit_cache
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


def with_quota(caches: dict[str, Any], **different: Any) -> dict[str, Any]:
    """The caches with another LOCATION, or other options (`socket_timeout`), for the quota's."""
    names = {name: different.pop(name) for name in ("LOCATION",) if name in different}
    options = caches["ratelimit"]["OPTIONS"] | different
    return caches | {"ratelimit": caches["ratelimit"] | names | {"OPTIONS": options}}


def patient(caches: dict[str, Any]) -> dict[str, Any]:
    """The caches with a quota store that is never given up, however busy the machine may be."""
    return with_quota(caches, socket_connect_timeout=30, socket_timeout=30)


def consume(user: User, limit_type: str = "csv_import", **other: Any) -> Usage:
    """One upload into the user's own organisation."""
    facts = {"organisation_id": user.organisation_id, "ip": "198.51.100.7", **other}
    return quotas.consume(user=user, limit_type=limit_type, **facts)


def refusal(user: User, limit_type: str = "csv_import") -> QuotaExceeded:
    """How the next upload is refused."""
    with pytest.raises(QuotaExceeded) as caught:
        consume(user, limit_type)
    return caught.value


def passes(user: User, attempts: int, limit_type: str = "csv_import") -> int:
    """How many of so many uploads, one after the other, pass."""
    return sum(_passes(user, limit_type) for _ in range(attempts))


def _passes(user: User, limit_type: str) -> bool:
    try:
        consume(user, limit_type)
    except QuotaExceeded:
        return False
    return True


def usage(user: User, limit_type: str = "csv_import") -> Usage:
    """A look at what is left."""
    return quotas.usage(user=user, organisation_id=user.organisation_id, limit_type=limit_type)


def windows(user: User, limit_type: str = "csv_import") -> dict[str, Window]:
    """The user's current hour and day."""
    return {window.period: window for window in usage(user, limit_type).windows}


def in_redis(user: User, limit_type: str = "csv_import") -> dict[str, int | None]:
    """The plain numbers that an operator would find, None where there is no key."""
    client = ratelimit_cache()._cache.get_client()
    found = {
        period: client.get(redis_key(window))
        for period, window in windows(user, limit_type).items()
    }
    return {period: None if value is None else int(value) for period, value in found.items()}


@contextmanager
def closing_connection() -> Iterator[None]:
    """For a thread, which has a database connection of its own."""
    try:
        yield
    finally:
        connection.close()


def in_parallel(work: Callable[[], Any], times: int) -> list[Any]:
    """What comes of it in so many threads that all begin at once."""
    barrier = threading.Barrier(times)

    def one(_: int) -> Any:
        with closing_connection():
            barrier.wait(30)
            return work()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def parallel_passes(user: User, times: int) -> int:
    """How many of so many uploads at once pass."""
    return sum(in_parallel(lambda: _passes(user, "csv_import"), times))
