"""The Redis cache of django-ratelimit, with readable keys and without errors while Redis is away.

Settings name these classes: `CACHES["ratelimit"]`, its `KEY_FUNCTION` and serializer, and
`RATELIMIT_HASH_ALGORITHM`. django-ratelimit itself counts.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, TypeVar, cast

import structlog
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from django.dispatch import Signal
from redis.exceptions import RedisError

T = TypeVar("T")
log = structlog.get_logger(__name__)

PREFIX = "upload_rate:"  # RATELIMIT_CACHE_PREFIX
PERIODS = {"hour": 3600, "day": 86_400}  # lengths of windows in seconds, by their names
RETRY_SECONDS = 5.0  # after a failure, no command is sent to Redis for this time
USUAL_SECONDS = 0.003  # the expected time of one command
# The time that the commands of a thread may take in one second, beyond USUAL_SECONDS each. The
# thread then sends no command to Redis for the rest of that second.
PATIENCE_SECONDS = 0.05
LOG_SECONDS = 60.0  # an outage is logged once in this time

# Sent together with the log entry about an outage, so at most once in LOG_SECONDS.
redis_away = Signal()


class ReadableKey:
    """`RATELIMIT_HASH_ALGORITHM`: formats a key instead of hashing it.

    django-ratelimit joins group, rate, value and end of the window without separators. The callers
    therefore use groups that end with a colon, and values between colons. The group `csv_import:`
    and the value `:<user id>:` give `csv_import:<user id>:hour:<window end>`. The limit is not part
    of the key, so that the count continues if the limit is changed."""

    PARTS = re.compile(r"([a-z_]{1,40}):\d+/(\d+)s:([0-9a-f-]{1,64}):(\d+)")
    NAMES = {seconds: name for name, seconds in PERIODS.items()}

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def hexdigest(self) -> str:
        """The key without its prefix. A key of any other form is hashed."""
        parts = self.PARTS.fullmatch(self.raw.decode())
        if not parts:
            return f"other:{hashlib.sha256(self.raw).hexdigest()}"
        group, seconds, value, end = parts.groups()
        return f"{group}:{value}:{self.NAMES.get(int(seconds), f'{seconds}s')}:{end}"


def plain_key(key: str, prefix: str, version: int) -> str:
    """`KEY_FUNCTION`: the key without Django's prefix and version."""
    return key


class PlainIntegers:
    """The cache's serializer. It stores what `redis-cli get` can show, and never unpickles."""

    def dumps(self, value: int) -> int:
        """Returns the number itself."""
        return value

    def loads(self, stored: bytes) -> int:
        """The stored number. Anything but a number counts as 0."""
        return int(stored) if stored.isdigit() else 0


class CircuitBreaker:
    """Decides whether a command is sent to Redis. All threads of the process share one.

    After a failure no command is sent for `RETRY_SECONDS`. A server that hangs then costs the
    time-out of one request only. After that time one caller sends a command. The others go on
    without Redis until that caller has an answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._retry_at = self._log_at = 0.0  # _retry_at is 0 while the server answers

    def lets_through(self) -> bool:
        """Whether this caller may send a command."""
        with self._lock:
            now = monotonic()
            if now < self._retry_at:
                return False
            if self._retry_at:  # the first caller after a failure: the others wait for its answer
                self._retry_at = now + RETRY_SECONDS
            return True

    def answered(self) -> None:
        """Notes that the server answered."""
        self._retry_at = 0.0

    def failed(self, fault: str) -> None:
        """Notes that the server did not answer. Logs it once in `LOG_SECONDS`."""
        with self._lock:
            now = monotonic()
            self._retry_at = now + RETRY_SECONDS
            if now < self._log_at:
                return
            self._log_at = now + LOG_SECONDS
        log.warning("csv_rate_limit_store_away", fault=fault)
        redis_away.send(sender=type(self))


breaker = CircuitBreaker()


class RatelimitCache(RedisCache):
    """Django's Redis cache, except that it gives False or None while the server is away, as
    django-ratelimit expects. Django's own cache raises an exception of redis-py."""

    _second = _waited_seconds = 0.0

    def add(self, key: str, value: Any, timeout: Any = None, version: int | None = None) -> bool:
        """Starts a count. A request that only reads (value 0) leaves no key behind."""
        return bool(value and self._ask(partial(super().add, key, value, timeout, version)))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """The count, or None."""
        return self._ask(partial(super().get, key, default, version))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Adds to a count."""
        return self._ask(partial(super().incr, key, delta, version))  # type: ignore[return-value]

    def set(self, key: str, value: Any, timeout: Any = None, version: int | None = None) -> None:
        """Replaces a count, for `timeout` seconds. Does nothing while the server is away."""
        self._ask(partial(super().set, key, value, timeout, version))

    def _ask(self, command: Callable[[], T]) -> T | None:
        """Runs a command. Gives None if the server is away, or if the commands of this thread have
        taken more than PATIENCE_SECONDS within a second."""
        started = monotonic()
        if started - self._second > 1.0:
            self._second, self._waited_seconds = started, 0.0
        if self._waited_seconds > PATIENCE_SECONDS or not breaker.lets_through():
            return None
        try:
            answer = command()
        except RedisError as error:
            breaker.failed(type(error).__name__)
            return None
        finally:
            self._waited_seconds += max(monotonic() - started - USUAL_SECONDS, 0)
        breaker.answered()
        return answer


def ratelimit_cache() -> RatelimitCache:
    """The cache of this thread."""
    return cast(RatelimitCache, caches["ratelimit"])
