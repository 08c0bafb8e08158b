"""The Redis side of the quotas: keys that a person can read, and what happens while it is away.

django-ratelimit does the counting (imports.quotas); here is what its documented settings name:
`RATELIMIT_HASH_ALGORITHM`, and a cache of its own with a `KEY_FUNCTION`.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, TypeVar, cast
from uuid import UUID

import structlog
from django.core.cache import caches
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from imports.models import MetricCounter, Window

T = TypeVar("T")
log = structlog.get_logger(__name__)

PREFIX = "upload_rate:"  # RATELIMIT_CACHE_PREFIX
PERIODS = {"hour": 3600, "day": 86_400}  # the windows of every quota, in seconds
RETRY_SECONDS = 5.0  # for so long a server that is away is left alone
USUAL_SECONDS = 0.003  # what a command may take; what is above wears out a thread's patience,
PATIENCE_SECONDS = 0.05  # which is renewed every second
SAY_SECONDS = 60.0

# Adds ARGV[2], never above the limit (ARGV[1]): a refused upload holds no count for any moment.
ADD = """
local count = tonumber(redis.call('GET', KEYS[1]))
if not count then return false end
if ARGV[2] + 0 > 0 and count >= ARGV[1] + 0 then return ARGV[1] + 1 end
if count + ARGV[2] < 0 then return count end
return redis.call('INCRBY', KEYS[1], ARGV[2])
"""
# Makes the count at least ARGV[1], for ARGV[2] seconds.
RAISE = """
if (tonumber(redis.call('GET', KEYS[1])) or 0) < ARGV[1] + 0 then
    redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
"""


def quota_key(window: Window) -> str:
    """Where Redis counts; operators look it up by this name."""
    return f"{PREFIX}{window.limit_type}:{window.user_id}:{window.period}:{window.end}"


class ReadableKey:
    """`RATELIMIT_HASH_ALGORITHM`: formats what is counted instead of hashing it.

    django-ratelimit runs group, rate, value and window together; with the group `csv_import:` and
    the value `:<user-id>:` they can be told apart. The limit follows after a `|`, for
    `QuotaCache.incr`; it is no part of the key (`plain_key`): a new limit keeps the count."""

    PARTS = re.compile(r"([a-z_]+):(\d+)/(\d+)s:([0-9a-f-]{36}):(\d+)")
    NAMES = {str(seconds): period for period, seconds in PERIODS.items()}

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def hexdigest(self) -> str:
        """The key without its prefix; a hash of anything that is not an upload quota."""
        parts = self.PARTS.fullmatch(self.raw.decode())
        if not parts or parts[3] not in self.NAMES:
            return f"other:{hashlib.sha256(self.raw).hexdigest()}"
        limit_type, limit, seconds, user_id, end = parts.groups()
        window = Window(limit_type, UUID(user_id), self.NAMES[seconds], int(limit), int(end))
        return f"{quota_key(window).removeprefix(PREFIX)}|{limit}"


def plain_key(key: str, prefix: str, version: int) -> str:
    """`KEY_FUNCTION`: the key as it is, without Django's version before it."""
    return key.partition("|")[0]


class PlainIntegers:
    """The cache's serializer: what `redis-cli get` shows, and never pickle, unlike Django's own."""

    def dumps(self, value: int) -> int:
        """As it is."""
        return value

    def loads(self, stored: bytes) -> int:
        """What is no number counts as 0."""
        return int(stored) if stored.isdigit() else 0


class Breaker:
    """Whether the server is worth asking: one for all threads of the process.

    After a failure nobody asks for `RETRY_SECONDS`, so that a hung server costs one request in a
    while its time-out. Then one caller tries, and the others wait for what comes of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._retry_at = self._say_at = 0.0  # _retry_at is 0 while the server answers

    def lets_through(self) -> bool:
        """Whether this caller may ask."""
        with self._lock:
            now = monotonic()
            if now < self._retry_at:
                return False
            self._retry_at = self._retry_at and now + RETRY_SECONDS
            return True

    def answered(self) -> None:
        """The server is there."""
        self._retry_at = 0.0

    def failed(self, why: str) -> None:
        """The server is away. Log and metric hear of it once a minute, not once a request."""
        with self._lock:
            now = monotonic()
            self._retry_at = now + RETRY_SECONDS
            if now < self._say_at:
                return
            self._say_at = now + SAY_SECONDS
        log.warning("csv_rate_limit_store_away", fault=why)
        MetricCounter.objects.add("csv_rate_limit_store_away_total")


breaker = Breaker()


class QuotaCache(RedisCache):
    """Django's Redis cache, but as django-ratelimit wants it: a server that is away is an answer
    (False, None) and not one of redis-py's exceptions, which would pass right through."""

    _since = _waited_seconds = 0.0

    def add(self, key: str, value: Any, timeout: Any = None, version: int | None = None) -> bool:
        """Begins a count. A look (the value 0) leaves no key behind."""
        return bool(value and self._ask(partial(super().add, key, value, timeout, version)))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """A count."""
        return self._ask(partial(super().get, key, default, version))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Counts one more, as far as the limit in the key; at the limit the answer is one above
        it, and nothing is counted. Also `decr`, never below 0."""
        limit = int(key.partition("|")[2] or 2**31)
        return self._run(ADD, key, limit, delta)  # type: ignore[no-any-return]

    def raise_to(self, key: str, count: int, seconds: int) -> None:
        """Makes a count at least this one."""
        self._run(RAISE, key, count, seconds)

    def put(self, key: str, count: int, seconds: int) -> bool:
        """Replaces a count; False where the server is away."""
        client = self._cache.get_client(write=True)
        return bool(self._ask(lambda: client.set(key, count, ex=seconds)))

    def _run(self, script: str, key: str, *arguments: int) -> Any:
        client, key = self._cache.get_client(write=True), self.make_and_validate_key(key)
        return self._ask(lambda: client.eval(script, 1, key, *arguments))

    def _ask(self, command: Callable[[], T]) -> T | None:
        started = monotonic()
        if started - self._since > 1.0:
            self._since, self._waited_seconds = started, 0.0
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


def store() -> QuotaCache:
    """The cache of the quotas, this thread's own."""
    return cast(QuotaCache, caches["quota"])
