"""The counts in Redis: their keys, and how they follow those in PostgreSQL."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django_ratelimit.core import get_usage

from core import ratelimit_cache
from imports import quotas
from imports.models import UploadLimit
from imports.quotas.usage import redis_key
from tests.imports.quotas.helpers import (
    Clock,
    closing_connection,
    consume,
    passes,
    redis_client,
    redis_counts,
    redis_keys,
    refusal,
    usage,
    windows,
)
from tests.process_helpers import wait_for
from users.models import Organisation, User

pytestmark = pytest.mark.usefixtures("patient_redis")


def test_readable_keys_hold_plain_integers_and_expire(admin: User) -> None:
    passes(admin, 3)
    client = redis_client()
    hour, day = windows(admin)["hour"], windows(admin)["day"]
    names = {
        f"upload_rate:csv_import:{admin.id}:hour:{hour.end}",
        f"upload_rate:csv_import:{admin.id}:day:{day.end}",
    }
    assert {name.decode() for name in redis_keys(admin)} == names
    assert {client.get(name) for name in names} == {b"3"}
    assert 0 < client.ttl(redis_key(hour)) <= hour.seconds_left
    assert 0 < client.ttl(redis_key(day)) <= day.seconds_left


def test_keys_of_other_limits_are_hashed_and_counted_as_usual() -> None:
    value = uuid4().hex
    counts = [
        get_usage(None, group="login", key=lambda g, r: value, rate="2/m", increment=True)
        for _ in range(4)
    ]
    assert [(one["count"], one["should_limit"]) for one in counts] == [
        (1, False),
        (2, False),
        (3, True),
        (4, True),
    ]


def test_pickled_values_in_redis_are_not_unpickled(admin: User) -> None:
    client = redis_client()
    consume(admin)
    for window in windows(admin).values():
        client.set(redis_key(window), b"\x80\x05K\x05.")  # a pickled 5
    assert usage(admin).remaining == 9
    assert passes(admin, 20) == 9


def test_deleting_a_key_gives_no_new_quota(admin: User, clock: Clock) -> None:
    passes(admin, 6)
    redis_client().delete(*redis_keys(admin))
    assert usage(admin).remaining == 4
    assert consume(admin).remaining == 3
    assert redis_counts(admin) == {"hour": 7, "day": 7}
    hour = windows(admin)["hour"]
    left = hour.reset - int(clock.now)
    assert 0 < redis_client().ttl(redis_key(hour)) <= left


def test_a_refusal_writes_the_count_and_not_the_limit(admin: User, acme: Organisation) -> None:
    passes(admin, 10)
    UploadLimit.objects.create(organisation=acme, limit_type="csv_import", per_hour=4, per_day=60)
    assert refusal(admin).usage.remaining == 0
    assert redis_counts(admin) == {"hour": 10, "day": 10}


@pytest.mark.django_db(transaction=True)
def test_an_upload_does_not_overwrite_a_parallel_refund_in_redis(
    admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumed = consume(admin)
    redis_client().delete(*redis_keys(admin))
    write = ratelimit_cache.RatelimitCache.set

    def refund() -> None:
        with closing_connection():
            quotas.refund(consumed.windows)

    thread = threading.Thread(target=refund)

    def overlap(*args: Any) -> Any:
        if thread.ident is None:
            thread.start()
        if threading.current_thread() is not thread:
            wait_for(lambda: not thread.is_alive() or _a_transaction_waits_for_a_lock())
        return write(*args)

    monkeypatch.setattr(ratelimit_cache.RatelimitCache, "set", overlap)
    consume(admin)
    thread.join()
    assert redis_counts(admin) == {"hour": 1, "day": 1}


def _a_transaction_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])
