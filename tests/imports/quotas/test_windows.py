"""Limits, and the windows of time in which uploads are counted."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from imports import quotas
from imports.models import UploadCounter, UploadLimit
from imports.quotas.usage import redis_key
from tests.conftest import ROOT
from tests.imports.quotas.helpers import (
    Clock,
    consume,
    passes,
    redis_counts,
    redis_keys,
    refusal,
    windows,
)
from users.models import Organisation, User

pytestmark = pytest.mark.usefixtures("patient_redis")


def test_retry_after_is_exact_to_the_second(admin: User, clock: Clock) -> None:
    passes(admin, 10)
    clock.now = int(clock.now) + 0.75
    wait_seconds = int(refusal(admin).headers()["Retry-After"])
    assert 1 <= wait_seconds <= 3600
    clock.now += wait_seconds - 1
    assert refusal(admin).retry_after_seconds == 1
    clock.now += 1
    assert consume(admin).remaining == 9


def test_retry_after_waits_for_the_window_that_ends_last(
    admin: User, acme: Organisation, clock: Clock
) -> None:
    UploadLimit.objects.create(organisation=acme, limit_type="csv_import", per_hour=2, per_day=2)
    clock.now = windows(admin)["day"].reset - 80_000  # not in the hour that ends with the day
    passes(admin, 2)
    refused = refusal(admin)
    last = max(windows(admin).values(), key=lambda window: window.reset)
    assert refused.retry_after_seconds == last.reset - int(clock.now)
    assert refused.headers()["X-RateLimit-Reset"] == str(last.reset)


def test_the_fifty_first_import_of_a_day_is_refused(admin: User, clock: Clock) -> None:
    start = windows(admin)["day"].reset - 86_400
    for hour in range(5):
        clock.now = start + hour * 3600 + 60
        assert passes(admin, 10) == 10
    clock.now = start + 6 * 3600
    refused = refusal(admin)
    assert "50 imports" in refused.detail
    assert "in one day" in refused.detail
    assert refused.retry_after_seconds == 18 * 3600


def test_a_refund_after_the_hour_has_ended_changes_only_the_day(admin: User, clock: Clock) -> None:
    consumed = consume(admin)
    clock.now = windows(admin)["hour"].reset
    passes(admin, 3)
    quotas.refund(consumed.windows)
    assert redis_counts(admin) == {"hour": 3, "day": 3}


def test_an_upload_that_began_in_the_last_hour_does_not_renew_the_quota(
    admin: User, clock: Clock
) -> None:
    """It may have waited for the counter while others were counted in the new hour."""
    last_hour = tuple(windows(admin).values())
    clock.now = windows(admin)["hour"].reset
    passes(admin, 9)
    UploadCounter.objects.consume(last_hour)
    assert passes(admin, 5) == 0


def test_a_counter_of_a_time_far_ahead_is_replaced(admin: User, clock: Clock) -> None:
    """It comes from a clock that was wrong and is right again."""
    now = clock.now
    clock.now += 30 * 86_400
    passes(admin, 10)
    clock.now = now
    assert passes(admin, 20) == 10


@pytest.mark.parametrize("second", [-1, 0, 1])
def test_windows_are_those_of_django_ratelimit(admin: User, clock: Clock, second: int) -> None:
    for period in ("hour", "day"):
        clock.now = windows(admin)[period].end + second
        consume(admin)
        names = {redis_key(window).encode() for window in windows(admin).values()}
        assert names <= set(redis_keys(admin))


def test_limits_of_an_organisation_replace_those_of_the_settings(
    admin: User, other_admin: User, acme: Organisation
) -> None:
    passes(admin, 10)
    UploadLimit.objects.create(organisation=acme, limit_type="csv_import", per_hour=12, per_day=60)
    assert passes(admin, 20) == 2  # the ten before still count
    assert passes(other_admin, 20) == 10
    assert passes(admin, 40, "file_upload") == 30


def test_limits_of_the_settings_apply(admin: User, settings: Any) -> None:
    settings.UPLOAD_RATE_LIMITS = {"csv_import": "3/h, 4/d"}
    assert passes(admin, 9) == 3


def test_limits_come_from_the_environment() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", "from marketedge.settings import *; print(UPLOAD_RATE_LIMITS)"],
        cwd=ROOT,
        env=os.environ | {"UPLOAD_RATE_LIMIT_CSV_IMPORT": "20/h, 90/d"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'csv_import': '20/h, 90/d'" in printed.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UPLOAD_RATE_LIMIT_CSV_IMPORT", "ten an hour"),
        ("UPLOAD_RATE_LIMIT_CSV_IMPORT", "10/h"),
        ("UPLOAD_RATE_LIMIT_CSV_IMPORT", "50/d,10/h"),
        ("UPLOAD_RATE_LIMIT_FILE_UPLOAD", "0/h,5/d"),
        ("UPLOAD_RATE_LIMIT_FILE_UPLOAD", "10/h,50/d\n"),
        ("TRUSTED_PROXY_HOPS", "-1"),
        ("RATE_LIMIT_ENABLED", "perhaps"),
    ],
)
def test_a_wrong_limit_stops_the_start_with_the_name_of_the_setting(name: str, value: str) -> None:
    started = subprocess.run(
        [sys.executable, "-c", "import marketedge.settings"],
        cwd=ROOT,
        env=os.environ | {name: value},
        capture_output=True,
        text=True,
    )
    assert started.returncode != 0
    assert name in started.stderr
    assert "Traceback" not in started.stderr
