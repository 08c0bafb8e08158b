"""How long uploads wait for Redis, and when they stop asking it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing, suppress
from copy import deepcopy
from typing import Any

import pytest
from django.conf import settings
from structlog.testing import capture_logs

from core import ratelimit_cache
from imports import quotas
from imports.models import MetricCounter
from tests.imports.quotas.helpers import BreakerClock, consume, passes, with_ratelimit_cache
from tests.imports.quotas.valkey_server import ValkeyServer
from users.models import User

# The values of production. Fixtures replace them with longer ones.
CACHES = deepcopy(settings.CACHES)
PATIENCE_SECONDS = ratelimit_cache.PATIENCE_SECONDS


def test_a_request_waits_less_than_half_a_second_for_a_hung_redis(
    valkey: ValkeyServer, admin: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    settings.CACHES = with_ratelimit_cache(
        CACHES, LOCATION=settings.CACHES["ratelimit"]["LOCATION"]
    )
    valkey.freeze()
    took_seconds = []
    for _ in range(3):  # the machine may be busy with something else, but hardly three times
        monkeypatch.setattr(ratelimit_cache, "breaker", ratelimit_cache.CircuitBreaker())
        began = time.monotonic()
        consumed = consume(admin)
        quotas.refund(consumed.windows)
        took_seconds.append(time.monotonic() - began)
    assert min(took_seconds) < 0.5


def test_a_request_asks_a_slow_redis_only_once(
    call_before_commands: Callable[[Callable[[], None]], None],
    admin: User,
    breaker_clock: BreakerClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ratelimit_cache, "PATIENCE_SECONDS", PATIENCE_SECONDS)
    asked: list[float] = []

    def answer_slowly() -> None:
        asked.append(breaker_clock.now)
        breaker_clock.now += 0.1

    call_before_commands(answer_slowly)
    for remaining in (9, 8, 7):
        asked.clear()
        assert consume(admin).remaining == remaining
        assert len(asked) == 1
        breaker_clock.now += 2


class SilentServer:
    """A server that accepts connections and never answers. It counts them."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.listener.setblocking(False)

    def new_connections(self) -> int:
        """How many connections were made since the last call."""
        count = 0
        with suppress(BlockingIOError):
            while True:
                self.listener.accept()[0].close()
                count += 1
        return count


def test_a_hung_redis_is_asked_once_in_five_seconds(
    admin: User, settings: Any, breaker_clock: BreakerClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ratelimit_cache, "breaker", ratelimit_cache.CircuitBreaker())
    silent = SilentServer()
    with closing(silent.listener):
        location = f"redis://127.0.0.1:{silent.listener.getsockname()[1]}/0"
        settings.CACHES = with_ratelimit_cache(settings.CACHES, LOCATION=location)
        assert passes(admin, 5) == 5
        assert silent.new_connections() == 1
        breaker_clock.now += ratelimit_cache.RETRY_SECONDS - 0.1
        assert passes(admin, 3) == 3
        assert silent.new_connections() == 0
        breaker_clock.now += 0.2
        assert passes(admin, 2) == 2
        assert silent.new_connections() == 1


def test_after_a_failure_only_one_caller_tries_until_redis_answers(
    db: None, breaker_clock: BreakerClock
) -> None:
    breaker = ratelimit_cache.CircuitBreaker()
    breaker.failed("away")
    breaker_clock.now += ratelimit_cache.RETRY_SECONDS
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]
    breaker.answered()
    assert [breaker.lets_through() for _ in range(3)] == [True, True, True]


def test_an_outage_is_logged_and_counted_once_a_minute(
    valkey: ValkeyServer, admin: User, breaker_clock: BreakerClock
) -> None:
    valkey.kill()
    with capture_logs() as logs:
        for _ in range(9):
            passes(admin, 1)
            breaker_clock.now += ratelimit_cache.RETRY_SECONDS
    events = [line["event"] for line in logs]
    assert events == ["csv_rate_limit_store_away"]
    assert logs[0]["fault"] == "ConnectionError"
    breaker_clock.now += ratelimit_cache.LOG_SECONDS
    with capture_logs() as logs:
        passes(admin, 1)
    assert len(logs) == 1
    assert MetricCounter.objects.get().value == 2
