"""The quota holds and uploads go on while Redis fails, and after it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import ratelimit_cache
from imports import quotas
from imports.models import UploadCounter
from tests.imports.quotas.helpers import (
    BreakerClock,
    closing_connection,
    consume,
    parallel_passes,
    passes,
    redis_counts,
    refusal,
    usage,
    windows,
    with_ratelimit_cache,
)
from tests.imports.quotas.valkey_server import FAULTS, REPAIRS, ValkeyServer
from tests.process_helpers import wait_for
from users.models import User

every_fault = pytest.mark.parametrize("fault", FAULTS)


@every_fault
def test_uploads_go_on_and_the_quota_holds(valkey: ValkeyServer, admin: User, fault: str) -> None:
    assert passes(admin, 4) == 4
    FAULTS[fault](valkey)
    assert [consume(admin).remaining for _ in range(6)] == [5, 4, 3, 2, 1, 0]
    refused = refusal(admin)
    assert refused.headers()["X-RateLimit-Remaining"] == "0"
    assert usage(admin).remaining == 0


@every_fault
def test_the_quota_holds_once_redis_is_back(
    valkey: ValkeyServer, admin: User, breaker_clock: BreakerClock, fault: str
) -> None:
    passes(admin, 2)
    FAULTS[fault](valkey)
    passes(admin, 3)
    quotas.refund(tuple(windows(admin).values()))
    REPAIRS[fault](valkey)
    wait_for(valkey.answers)
    breaker_clock.now += ratelimit_cache.RETRY_SECONDS
    assert consume(admin).remaining == 5
    assert redis_counts(admin) == {"hour": 5, "day": 5}
    assert passes(admin, 20) == 5


@every_fault
def test_refunds_and_resets_during_an_outage_reach_redis_later(
    valkey: ValkeyServer, admin: User, breaker_clock: BreakerClock, fault: str
) -> None:
    consumed = [consume(admin) for _ in range(10)]
    FAULTS[fault](valkey)
    refusal(admin)
    quotas.refund(consumed[0].windows)
    assert usage(admin).remaining == 1
    REPAIRS[fault](valkey)
    wait_for(valkey.answers)
    breaker_clock.now += ratelimit_cache.RETRY_SECONDS
    assert consume(admin).remaining == 0
    assert redis_counts(admin) == {"hour": 10, "day": 10}
    FAULTS[fault](valkey)
    quotas.reset_limits(admin.id)
    assert consume(admin).remaining == 9
    REPAIRS[fault](valkey)
    wait_for(valkey.answers)
    breaker_clock.now += ratelimit_cache.RETRY_SECONDS
    assert consume(admin).remaining == 8
    assert redis_counts(admin) == {"hour": 2, "day": 2}


@pytest.mark.parametrize("command", ["FLUSHALL", "restart"])
def test_an_emptied_redis_gives_nobody_a_new_quota(
    valkey: ValkeyServer, admin: User, command: str
) -> None:
    passes(admin, 8)
    if command == "restart":
        valkey.kill()
        valkey.start()
    else:
        valkey.run(command)
    assert consume(admin).remaining == 1
    assert redis_counts(admin) == {"hour": 9, "day": 9}
    assert passes(admin, 20) == 1


@pytest.mark.parametrize("fault", ["down", "hung"])
@pytest.mark.django_db(transaction=True)
def test_ten_of_forty_parallel_uploads_pass_without_redis(
    valkey: ValkeyServer, admin: User, fault: str
) -> None:
    FAULTS[fault](valkey)
    assert parallel_passes(admin, 40) == 10


@pytest.fixture
def kill_at(
    valkey: ValkeyServer, call_before_commands: Callable[[Callable[[], None]], None]
) -> Callable[[int], None]:
    """kill_at(3): kills the server when the third command arrives, before it is answered."""

    def kill(number: int) -> None:
        commands = iter(range(1, number + 1))
        call_before_commands(lambda: valkey.kill() if next(commands, 0) == number else None)

    return kill


@pytest.mark.parametrize("number", range(1, 6))
def test_the_quota_holds_if_redis_crashes_between_two_commands(
    kill_at: Callable[[int], None], admin: User, number: int
) -> None:
    kill_at(number)
    assert passes(admin, 20) == 10
    assert {counter.count for counter in UploadCounter.objects.all()} == {10}


@pytest.mark.parametrize("number", [5, 30, 70])
@pytest.mark.django_db(transaction=True)
def test_the_quota_holds_if_redis_crashes_during_parallel_uploads(
    kill_at: Callable[[int], None], admin: User, number: int
) -> None:
    kill_at(number)
    assert parallel_passes(admin, 40) == 10


def test_an_upload_passes_if_redis_crashes_before_it_answers(
    valkey: ValkeyServer, admin: User, settings: Any, transactional_db: None
) -> None:
    settings.CACHES = with_ratelimit_cache(settings.CACHES, socket_timeout=30)
    valkey.freeze()
    remaining: list[int] = []

    def upload() -> None:
        with closing_connection():
            remaining.append(consume(admin).remaining)

    thread = threading.Thread(target=upload)
    thread.start()
    wait_for(lambda: _has_unread_bytes(valkey.port))
    valkey.kill()
    thread.join()
    assert remaining == [9]
    valkey.start()


def _has_unread_bytes(port: int) -> bool:
    """Whether a request has reached this port and has not been read yet (Linux)."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, _, queues = line.split()[:5]
        if local.endswith(f":{port:04X}") and int(queues.partition(":")[2], 16):
            return True
    return False


def test_the_quota_holds_if_the_host_name_of_redis_is_unknown(
    admin: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ratelimit_cache, "breaker", ratelimit_cache.CircuitBreaker())
    settings.CACHES = with_ratelimit_cache(
        settings.CACHES, LOCATION="redis://unknown.invalid:6379/0"
    )
    assert passes(admin, 20) == 10


def test_the_server_that_these_tests_stop_is_their_own(valkey: ValkeyServer) -> None:
    assert str(valkey.port) not in os.environ["REDIS_URL"]
