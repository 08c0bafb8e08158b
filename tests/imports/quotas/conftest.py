"""Fixtures of the tests of quotas: clocks that tests set, and a Valkey server of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from core import ratelimit_cache
from tests.imports.quotas.helpers import BreakerClock, Clock, with_ratelimit_cache
from tests.imports.quotas.valkey_server import Proxy, ValkeyServer


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time as the quotas see it. It stands still until the test sets it."""
    return Clock(monkeypatch)


@pytest.fixture
def breaker_clock(monkeypatch: pytest.MonkeyPatch) -> BreakerClock:
    """The time as the circuit breaker sees it. It stands still until the test sets it."""
    return BreakerClock(monkeypatch)


@pytest.fixture
def valkey(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ValkeyServer]:
    """The Redis of the quotas in this test.

    Time-outs are long, so that a server that works counts as one, however busy this machine is."""
    server = ValkeyServer(tmp_path)
    monkeypatch.setattr(ratelimit_cache, "breaker", ratelimit_cache.CircuitBreaker())
    monkeypatch.setattr(ratelimit_cache, "PATIENCE_SECONDS", 60)
    location = f"redis://127.0.0.1:{server.port}/0"
    settings.CACHES = with_ratelimit_cache(settings.CACHES, LOCATION=location, socket_timeout=2)
    yield server
    server.resume()
    server.kill()


@pytest.fixture
def call_before_commands(
    valkey: ValkeyServer, settings: Any
) -> Iterator[Callable[[Callable[[], None]], None]]:
    """A function that takes a function, which is then called before each command to the server."""
    with ExitStack() as stack:

        def start_proxy(before_command: Callable[[], None]) -> None:
            proxy = Proxy(valkey, before_command)
            stack.enter_context(closing(proxy.listener))
            settings.CACHES = with_ratelimit_cache(
                settings.CACHES, LOCATION=proxy.url, socket_timeout=30
            )

        yield start_proxy
