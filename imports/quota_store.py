"""The Redis side of the quotas: keys that a person can read, and what happens while it is away.

django-ratelimit counts (imports.quotas); what is here are its documented settings:
`RATELIMIT_CACHE_PREFIX`, `RATELIMIT_HASH_ALGORITHM` and a cache of its own with a `KEY_FUNCTION`.
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
from redis.exceptions import RedisError

from imports.models import MetricCounter

T = TypeVar("T")
log = structlog.get_logger(__name__)

PREFIX = "upload_rate:"
PERIODS = {"hour": 3600, "day": 86_400}  # the windows that every quota has, in seconds
EXTRA_SECONDS = 5  # a key outlives its window by this much, as django-ratelimit's do
RETRY_SECONDS = 5.0  # how long a server that is away is left alone
SLOW_SECONDS = 0.1  # a server that takes this long for one command is as good as away
SAY_SECONDS = 60.0

# What the database counted (ARGV[1]) holds: Redis may have been emptied, or away, meanwhile.
RAISE = """
if (tonumber(redis.call('GET', KEYS[1])) or 0) < tonumber(ARGV[1]) then
    redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
"""
# Never counts past the limit (ARGV[1]): a refused upload holds no count, not even for a moment.
TAKE = """
local count = tonumber(redis.call('GET', KEYS[1]))
if not count then return false end
if count >= tonumber(ARGV[1]) then return tonumber(ARGV[1]) + 1 end
return redis.call('INCR', KEYS[1])
"""
GIVE_BACK = """
if (tonumber(redis.call('GET', KEYS[1])) or 0) > 0 then redis.call('DECR', KEYS[1]) end
"""


def quota_key(limit_type: str, user_id: object, period: str, last_second: int) -> str:
    """The key under which one window is counted; operators look it up by this name."""
    return f"{PREFIX}{limit_type}:{user_id}:{period}:{last_second}"


class ReadableKey:
    """`RATELIMIT_HASH_ALGORITHM`: formats what is counted instead of hashing it.

    django-ratelimit runs group, rate, value and window together; with `csv_import:` as the group
    and `:<user-id>:` as the value they can be told apart. The limit follows after a `|` for
    `QuotaCache.incr`, and is no part of the key (`plain_key`): a new limit keeps the count."""

    _PARTS = re.compile(r"([a-z_]+):(\d+)/(\d+)s:([^:]+):(\d+)")
    _NAMES = {seconds: period for period, seconds in PERIODS.items()}

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def hexdigest(self) -> str:
        """The key without its prefix; a hash for anything that is not an upload quota."""
        parts = self._PARTS.fullmatch(self.raw.decode())
        if not parts or int(parts[3]) not in self._NAMES:
            return f"other:{hashlib.sha256(self.raw).hexdigest()}"
        period = self._NAMES[int(parts[3])]
        key = quota_key(parts[1], parts[4], period, int(parts[5]))
        return f"{key.removeprefix(PREFIX)}|{parts[2]}"


def plain_key(key: str, prefix: str, version: int) -> str:
    """`KEY_FUNCTION`: the key as it is, without Django's version before it."""
    return key.partition("|")[0]


class PlainIntegers:
    """The cache's serializer: what `redis-cli get` shows. Anything else in a key counts as 0."""

    def dumps(self, value: int) -> int:
        """As it is."""
        return value

    def loads(self, stored: bytes) -> int:
        """Never pickle, unlike Django's own."""
        return int(stored) if stored.isdigit() else 0


class Breaker:
    """Whether the server is worth asking: one for the process, for all its threads.

    After a failure nobody asks for `RETRY_SECONDS`, so that a hung server costs one request in a
    while its time-out; then one caller tries, and the others wait for what comes of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._retry_at = 0.0  # 0: the server answers
        self._say_at = 0.0

    def lets_through(self) -> bool:
        """Whether this caller may ask."""
        with self._lock:
            now = monotonic()
            if now < self._retry_at:
                return False
            if self._retry_at:
                self._retry_at = now + RETRY_SECONDS
            return True

    def answered(self) -> None:
        """The server is there (again)."""
        self._retry_at = 0.0

    def failed(self, why: str) -> None:
        """The server is away; says so in log and metric once a minute, not once a request."""
        with self._lock:
            now = monotonic()
            self._retry_at = now + RETRY_SECONDS
            if now < self._say_at:
                return
            self._say_at = now + SAY_SECONDS
        log.warning("csv_rate_limit_store_away", error=why, counting_in="database")
        MetricCounter.objects.add("csv_rate_limit_store_away_total")


breaker = Breaker()


class QuotaCache(RedisCache):
    """Django's Redis cache, as django-ratelimit expects one: a server that is away is an answer
    (`add`: False, `incr` and `get`: None) and no exception of redis-py's, which would pass through."""

    def add(self, key: str, value: Any, timeout: Any = None, version: int | None = None) -> bool:
        """Begins a count. A look (value 0) leaves no key behind."""
        return bool(value and self._ask(partial(super().add, key, value, timeout, version)))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """A count; None where the server is away."""
        return self._ask(partial(super().get, key, default, version))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Counts one more, up to the limit that the key names; above it nothing is counted and
        limit + 1 returned."""
        limit = int(key.partition("|")[2] or 2**31)
        return cast(int, self._run(TAKE, key, limit))

    def raise_to(self, key: str, count: int, seconds: int) -> None:
        """Makes the count at least this one, for so long."""
        self._run(RAISE, key, count, seconds + EXTRA_SECONDS)

    def give_back(self, key: str) -> None:
        """Takes one from a count, if there is one."""
        self._run(GIVE_BACK, key)

    def forget(self, keys: list[str]) -> int | None:
        """Deletes counts; gives how many there were, None where the server is away."""
        client = self._cache.get_client(write=True)
        return self._ask(lambda: cast(int, client.delete(*keys)))

    def _run(self, script: str, key: str, *arguments: int) -> int | None:
        client = self._cache.get_client(write=True)
        key = self.make_and_validate_key(key)
        return self._ask(lambda: cast("int | None", client.eval(script, 1, key, *arguments)))

    def _ask(self, command: Callable[[], T]) -> T | None:
        if not breaker.lets_through():
            return None
        started = monotonic()
        try:
            answer = command()
        except RedisError as error:
            breaker.failed(type(error).__name__)
            return None
        if monotonic() - started > SLOW_SECONDS:
            breaker.failed("slow")
        else:
            breaker.answered()
        return answer


def store() -> QuotaCache:
    """The cache of the quotas, this thread's own."""
    return cast(QuotaCache, caches["quota"])
