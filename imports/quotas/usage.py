"""Counts uploads, takes counts back, and says what is left.

The counters in PostgreSQL decide. django-ratelimit counts on Redis as well, under keys that
operators can read (`upload_rate:csv_import:<user-id>:hour:<window>`): a user who is over the limit
there is refused without waiting for the lock of the counter. Redis may be away, emptied or out of
date: what PostgreSQL counted is written there at every upload, and PostgreSQL is asked before
anybody is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.dispatch import receiver
from django_ratelimit.core import get_usage

from core.ratelimit_cache import PERIODS, PREFIX, ratelimit_cache, redis_away
from core.text import utc
from imports import audit
from imports.errors import QuotaExceeded
from imports.models import (
    Counts,
    EventType,
    LimitType,
    MetricCounter,
    UploadCounter,
    Window,
    WindowFull,
)
from imports.quotas.blocklist import refuse_blocked
from imports.quotas.limits import Usage, current_windows, fullest
from users.models import User

log = structlog.get_logger(__name__)


class Charge:
    """One upload that was counted. `usage`: what is left; None while that is not known."""

    def __init__(self, usage: Usage) -> None:
        self.usage: Usage | None = usage


@contextmanager
def charged(
    *, user: User, organisation_id: UUID | str | None, limit_type: str, ip: str | None
) -> Iterator[Charge]:
    """Counts one upload, and takes the count back where the block raises: an upload that is refused
    or fails costs nothing.

    Raises `UploadBlocked` or `QuotaExceeded` before the block runs, and what the block raises."""
    charge = Charge(
        consume(user=user, organisation_id=organisation_id, limit_type=limit_type, ip=ip)
    )
    try:
        yield charge
    except Exception:
        windows = charge.usage.windows if charge.usage else ()
        charge.usage = None
        with suppress(DatabaseError):  # must not hide what was raised first
            charge.usage = refund(windows)
        raise


def consume(
    *, user: User, organisation_id: UUID | str | None, limit_type: str, ip: str | None
) -> Usage:
    """Counts one upload. Raises `UploadBlocked`, or `QuotaExceeded` and then nothing is counted."""
    refuse_blocked(user.pk, organisation_id, ip)
    if not settings.RATE_LIMIT_ENABLED:
        return Usage()
    windows = current_windows(user.pk, organisation_id, limit_type)
    try:
        over_in_redis = [window for window in windows if _is_over_in_redis(window)]
        if over_in_redis:
            _refuse_full(windows)
        with transaction.atomic():
            counts = UploadCounter.objects.consume(windows)
            _copy_to_redis(counts)
    except WindowFull as full:
        raise _refusal(windows, full.window, organisation_id) from None
    return fullest(windows, counts)


@transaction.atomic
def refund(windows: tuple[Window, ...]) -> Usage:
    """Takes back one upload that was counted in these windows; gives what is left. Windows that
    have ended are left alone."""
    if not windows:
        return Usage()
    changed = UploadCounter.objects.refund(windows)
    counts = UploadCounter.objects.counts(windows)
    _copy_to_redis({window: counts[window] for window in changed})
    return fullest(windows, counts)


def usage(*, user: User, organisation_id: UUID | str | None, limit_type: str) -> Usage:
    """What is left. Counts nothing."""
    if not settings.RATE_LIMIT_ENABLED:
        return Usage()
    windows = current_windows(user.pk, organisation_id, limit_type)
    return fullest(windows, UploadCounter.objects.counts(windows))


@transaction.atomic
def reset_limits(user_id: UUID | str, limit_type: str | None = None) -> int:
    """Gives a user the whole quota again, of one kind of upload or of all; gives the number of
    kinds.

    Raises ValueError where `user_id` is no UUID or `limit_type` is unknown, and
    `User.DoesNotExist`."""
    types = [LimitType(limit_type)] if limit_type else list(LimitType)
    user = User.objects.get(id=UUID(str(user_id)))
    audit.record(EventType.QUOTA_RESET, organisation_id=user.organisation_id, subject_id=user.id)
    for name in types:
        windows = current_windows(user.id, None, name)
        UploadCounter.objects.reset(windows)
        _copy_to_redis(dict.fromkeys(windows, 0))
    log.info("csv_rate_limit_reset", user_id=str(user.id), limit_type=limit_type or "all")
    return len(types)


@receiver(redis_away)
def _count_outage(**_: object) -> None:
    MetricCounter.objects.add("csv_rate_limit_store_away_total")


def redis_key(window: Window) -> str:
    """The key under which Redis counts a window. Operators look it up by this name."""
    return f"{PREFIX}{window.limit_type}:{window.user_id}:{window.period}:{window.end}"


def _is_over_in_redis(window: Window) -> bool:
    """Counts the upload on Redis. False while Redis is away."""
    found = get_usage(
        None,
        group=f"{window.limit_type}:",
        key=lambda group, request: f":{window.user_id}:",
        rate=(window.limit, PERIODS[window.period]),
        increment=True,
    )
    return int(found["count"]) > window.limit


def _copy_to_redis(counts: Counts) -> None:
    """Writes the counts to Redis, while the rows of the counters are locked: nobody writes an older
    count afterwards. Where Redis is away the next upload writes them."""
    for window, count in counts.items():
        ratelimit_cache().set(redis_key(window), count, window.seconds_left)


def _refuse_full(windows: tuple[Window, ...]) -> None:
    """Raises WindowFull where PostgreSQL, too, says that a window is full."""
    for window, count in UploadCounter.objects.counts(windows).items():
        if count >= window.limit:
            raise WindowFull(window)


def _refusal(
    windows: tuple[Window, ...], full: Window, organisation_id: UUID | str | None
) -> QuotaExceeded:
    """Logs and counts a refusal, and puts it in words."""
    counts = {**UploadCounter.objects.counts(windows), full: full.limit}
    _copy_to_redis(counts)
    last = max((w for w in windows if counts[w] >= w.limit), key=lambda window: window.reset)
    log.warning(
        "csv_rate_limit_hit",
        user_id=str(full.user_id),
        organization_id=str(organisation_id),
        limit_type=full.limit_type,
        retry_after_seconds=last.seconds_left,
    )
    MetricCounter.objects.add("csv_rate_limit_violations_total", limit_type=full.limit_type)
    return QuotaExceeded(
        f"You have used up the {last.limit} {LimitType(full.limit_type).label} that you may make "
        f"in one {last.period}. The next one is possible in {-(-last.seconds_left // 60)} min, at "
        f"{utc(datetime.fromtimestamp(last.reset, UTC), seconds=True)}.",
        usage=fullest(windows, counts),
        retry_after_seconds=last.seconds_left,
    )
