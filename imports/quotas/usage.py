"""Counts uploads, takes counts back, and tells what is left.

The counters in PostgreSQL decide. django-ratelimit counts in Redis as well, under keys that
operators can read (`upload_rate:csv_import:<user-id>:hour:<window>`). A user who is over the limit
there is refused after a look at PostgreSQL, without waiting for the lock of a counter. Redis may be
down, empty or out of date: every upload writes the counts of PostgreSQL there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import Error, transaction
from django.db.models.functions import Now
from django.dispatch import receiver
from django_ratelimit.core import get_usage

from core.ratelimit_cache import PERIODS, PREFIX, ratelimit_cache, redis_away
from core.text import utc
from imports import audit
from imports.errors import QuotaExceeded
from imports.models import (
    AuditEvent,
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
    """One counted upload. `usage` is what is left; None if the refund failed, which leaves it
    unknown."""

    def __init__(self, usage: Usage) -> None:
        self.usage: Usage | None = usage


@contextmanager
def charged(
    *, user: User, organisation_id: UUID | str | None, limit_type: str, ip: str | None
) -> Iterator[Charge]:
    """Counts one upload, and refunds it if the block raises: an upload that is refused or fails
    costs nothing.

    Raises `UploadBlocked` or `QuotaExceeded` before the block runs, and what the block raises."""
    consumed = consume(user=user, organisation_id=organisation_id, limit_type=limit_type, ip=ip)
    charge = Charge(consumed)
    try:
        yield charge
    except Exception:
        charge.usage = None
        with suppress(Error):  # an error of the database must not hide the first exception
            charge.usage = refund(consumed.windows)
        raise


def consume(
    *, user: User, organisation_id: UUID | str | None, limit_type: str, ip: str | None
) -> Usage:
    """Counts one upload; gives what is left.

    Raises `UploadBlocked` or `QuotaExceeded`, and then nothing is counted."""
    refuse_blocked(user.pk, organisation_id, ip)
    if not settings.RATE_LIMIT_ENABLED:
        return Usage()
    windows = current_windows(user.pk, organisation_id, limit_type)
    try:
        if any(_count_in_redis(window) > window.limit for window in windows):
            _refuse_full(windows)
        with transaction.atomic():
            counts = UploadCounter.objects.consume(windows)
            _copy_to_redis(counts)
    except WindowFull as full:
        raise _refusal(windows, full.window, organisation_id) from None
    return fullest(windows, counts)


def refuse_full(*, user: User, organisation_id: UUID | str | None, limit_type: str) -> None:
    """Raises `QuotaExceeded` where another upload would be refused. Counts nothing."""
    if not settings.RATE_LIMIT_ENABLED:
        return
    windows = current_windows(user.pk, organisation_id, limit_type)
    try:
        _refuse_full(windows)
    except WindowFull as full:
        raise _refusal(windows, full.window, organisation_id) from None


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
    """Gives a user the whole quota again, for one kind of upload or for all; gives the number of
    kinds.

    Raises ValueError if `user_id` is not a UUID or `limit_type` is unknown, and
    `User.DoesNotExist`."""
    types = [LimitType(limit_type)] if limit_type else list(LimitType)
    user = User.objects.everywhere().get(id=UUID(str(user_id)))
    audit.record(EventType.QUOTA_RESET, organisation_id=user.organisation_id, subject_id=user.id)
    for name in types:
        windows = current_windows(user.id, None, name)
        UploadCounter.objects.reset(windows)
        _copy_to_redis(dict.fromkeys(windows, 0))
    log.info("csv_rate_limit_reset", user_id=str(user.id), limit_type=limit_type or "all")
    return len(types)


def redis_key(window: Window) -> str:
    """The key of a window's count in Redis, by which operators look it up."""
    return f"{PREFIX}{window.limit_type}:{window.user_id}:{window.period}:{window.end}"


def _count_in_redis(window: Window) -> int:
    """Counts the upload in Redis; gives the count. 0 while Redis does not answer."""
    found = get_usage(
        None,
        group=f"{window.limit_type}:",
        key=lambda group, request: f":{window.user_id}:",
        rate=(window.limit, PERIODS[window.period]),
        increment=True,
    )
    return int(found["count"])


def _copy_to_redis(counts: Counts) -> None:
    """Writes counts to Redis. If Redis does not answer, the next upload writes them.

    Called while the counters are locked, so that no older count is written afterwards. Only a
    refusal takes no lock: a count that it overwrites is corrected by the next upload."""
    for window, count in counts.items():
        ratelimit_cache().set(redis_key(window), count, window.seconds_left)


def _refuse_full(windows: tuple[Window, ...]) -> None:
    """Raises WindowFull if a window is full in PostgreSQL, too."""
    for window, count in UploadCounter.objects.counts(windows).items():
        if count >= window.limit:
            raise WindowFull(window)


def _refusal(
    windows: tuple[Window, ...], full: Window, organisation_id: UUID | str | None
) -> QuotaExceeded:
    """Logs and counts a refusal; gives the exception for it."""
    counts = dict(UploadCounter.objects.counts(windows))
    _copy_to_redis(counts)  # `_count_in_redis` has counted the refused upload
    counts[full] = max(counts[full], full.limit)  # a refund may have come in between
    last = max((w for w in windows if counts[w] >= w.limit), key=lambda window: window.reset)
    log.warning(
        "csv_rate_limit_hit",
        user_id=str(full.user_id),
        organization_id=str(organisation_id),
        limit_type=full.limit_type,
        retry_after_seconds=last.seconds_left,
    )
    MetricCounter.objects.add("csv_rate_limit_violations_total", limit_type=full.limit_type)
    _record_once(full, organisation_id)
    return QuotaExceeded(
        f"You have used up the {last.limit} {LimitType(full.limit_type).label} that you may make "
        f"in one {last.period}. The next one is possible in {-(-last.seconds_left // 60)} min, at "
        f"{utc(datetime.fromtimestamp(last.reset, UTC), seconds=True)}.",
        usage=fullest(windows, counts),
        retry_after_seconds=last.seconds_left,
    )


def _record_once(full: Window, organisation_id: UUID | str | None) -> None:
    """Records in the audit trail that a user ran into a limit: once in a window, however often a
    script tries again."""
    began = Now() - timedelta(seconds=PERIODS[full.period] - full.seconds_left)
    known = AuditEvent.objects.everywhere().filter(
        user_id=full.user_id, event_type=EventType.LIMIT_REACHED, created_at__gte=began
    )
    if not known.filter(fields=full.limit_type).exists():
        audit.record(
            EventType.LIMIT_REACHED,
            user=User(id=full.user_id),
            organisation_id=organisation_id,
            fields=[full.limit_type],
        )


@receiver(redis_away)
def _count_outage(**_: object) -> None:
    MetricCounter.objects.add("csv_rate_limit_store_away_total")
