"""How many files a person may upload in an hour and in a day.

django-ratelimit counts on Redis (`upload_rate:csv_import:<user-id>:hour:<window>`), which ends a
flood. Whoever it lets through is counted once more in the database, in one transaction: so the
quota holds while Redis is away, comes back, was emptied or dies between two commands. The batches
are counted too; where counts differ, the highest is right.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django_ratelimit.core import get_usage

from imports import audit
from imports.errors import QuotaExceeded
from imports.models import (
    EventType,
    ImportBatch,
    LimitType,
    MetricCounter,
    Upload,
    UploadCounter,
    UploadLimit,
    Window,
)
from imports.quotas.blocklist import refuse_blocked
from imports.quotas.redis_store import PERIODS, quota_key, store
from users.models import User

log = structlog.get_logger(__name__)


Counts = Mapping[Window, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What is left in the tightest of a user's windows; `limit` None: nothing is limited."""

    limit: int | None = None
    remaining: int = 0
    reset: int = 0  # seconds since 1970
    windows: tuple[Window, ...] = ()

    def headers(self) -> dict[str, str]:
        """For every answer to an upload."""
        values = {"Limit": self.limit, "Remaining": self.remaining, "Reset": self.reset}
        if self.limit is None:
            return {}
        return {f"X-RateLimit-{name}": str(value) for name, value in values.items()}


def consume(
    *, user: User, organisation_id: UUID | str | None, limit_type: str, address: str | None
) -> Usage:
    """Counts one upload. Raises `UploadBlocked`, or `QuotaExceeded` and then nothing is counted."""
    refuse_blocked(user.pk, organisation_id, address)
    if not settings.RATE_LIMIT_ENABLED:
        return Usage()
    windows = _windows(user.pk, organisation_id, limit_type)
    try:
        return _tightest(windows, _take(windows))
    except _FullError as error:
        raise _refusal(windows, error.window, organisation_id) from None


def refund(*, user: User, limit_type: str, charged: Usage | None = None) -> Usage:
    """Takes an upload from the count: it was refused as invalid, and costs nothing.

    charged: what `charge` gave; without it, it is taken from the windows of this moment."""
    if not settings.RATE_LIMIT_ENABLED:
        return Usage()
    windows = (charged and charged.windows) or _windows(user.pk, user.organisation_id, limit_type)
    for window in windows:
        UploadCounter.objects.of(window).filter(count__gt=0).update(count=F("count") - 1)
        _lower_in_redis(window)
    return _tightest(windows, _counts(windows))


def usage(*, user: User, organisation_id: UUID | str | None, limit_type: str) -> Usage:
    """What is left, without counting anything."""
    if not settings.RATE_LIMIT_ENABLED:
        return Usage()
    windows = _windows(user.pk, organisation_id, limit_type)
    return _tightest(windows, _counts(windows))


def reset_limits(user_id: UUID | str, limit_type: str | None = None) -> int:
    """Gives a user the whole quota again, of one kind or of all; gives how many kinds that are.

    Raises ValueError where id or kind can't be, and `User.DoesNotExist`."""
    types = [LimitType(limit_type)] if limit_type else list(LimitType)
    user = User.objects.get(id=UUID(str(user_id)))
    audit.record(EventType.QUOTA_RESET, organisation_id=user.organisation_id, subject_id=user.id)
    for name in types:
        windows = _windows(user.id, None, name)
        for window in windows:
            UploadCounter.objects.reset(window)
        _tallies(windows)  # tells Redis
    log.info("csv_rate_limit_reset", user_id=str(user.id), limit_type=limit_type or "all")
    return len(types)


def count_violation(limit_type: str) -> None:
    """One more in `csv_rate_limit_violations_total`."""
    MetricCounter.objects.add("csv_rate_limit_violations_total", limit_type=limit_type)


class _FullError(Exception):
    """This window has no room; the upload was counted nowhere."""

    def __init__(self, window: Window) -> None:
        self.window = window


def _windows(
    user_id: UUID, organisation_id: UUID | str | None, limit_type: str
) -> tuple[Window, ...]:
    own = UploadLimit.objects.filter(organisation__in=[organisation_id], limit_type=limit_type)
    limits = own.values_list("per_hour", "per_day").first() or [
        int(part.partition("/")[0]) for part in settings.UPLOAD_RATE_LIMITS[limit_type].split(",")
    ]
    return tuple(
        Window(str(limit_type), user_id, period, limit, _window_end(user_id, seconds))
        for (period, seconds), limit in zip(PERIODS.items(), limits, strict=True)
    )


def _window_end(user_id: UUID, seconds: int) -> int:
    """As django-ratelimit has it: fixed windows, staggered so that not all users' end at once. One
    lasts through the second that it is named after."""
    now = int(time.time())
    end = now - now % seconds + zlib.crc32(f":{user_id}:".encode()) % seconds
    return end if end >= now else end + seconds


def _take(windows: Sequence[Window]) -> Counts:
    """Counts one upload in all windows, or raises `_FullError` and has counted it in none."""
    tallies = _tallies(windows)
    in_redis: dict[Window, int] = {}
    try:
        for window in windows:
            if count := _ratelimit(window, increment=True):
                in_redis[window] = _within(window, count)
        batches = _in_batches(windows, tallies)
        with transaction.atomic():
            counts = {
                window: _within(window, UploadCounter.objects.take(window, batches[window]))
                for window in windows
            }
            for window, count in counts.items():  # with the rows still locked: nobody gives back
                if in_redis.get(window, 0) < count:  # Redis was emptied, or away
                    store().raise_to(quota_key(window), count, _seconds_left(window))
    except BaseException:
        for window in in_redis:
            _lower_in_redis(window)
        raise
    return {window: max(count, in_redis.get(window, 0)) for window, count in counts.items()}


def _within(window: Window, count: int) -> int:
    if count > window.limit:
        raise _FullError(window)
    return count


def _ratelimit(window: Window, *, increment: bool) -> int:
    """The count on Redis, with this upload where `increment`; 0 while Redis is away."""
    found = get_usage(
        None,
        group=f"{window.limit_type}:",
        key=lambda group, request: f":{window.user_id}:",
        rate=(window.limit, PERIODS[window.period]),
        increment=increment,
    )
    return int(found["count"])


def _lower_in_redis(window: Window) -> None:
    if store().decr(quota_key(window)) is None:
        UploadCounter.objects.of(window).update(redis_is_wrong=True)


def _seconds_left(window: Window) -> int:
    return max(window.reset - int(time.time()), 1)


def _tallies(windows: Sequence[Window]) -> dict[str, UploadCounter]:
    """The rows of a user and kind by period. Redis hears of what went down without it."""
    user_id, limit_type = windows[0].user_id, windows[0].limit_type
    rows = UploadCounter.objects.filter(user_id=user_id, limit_type=limit_type)
    tallies = {row.period: row for row in rows}
    if any(row.redis_is_wrong for row in tallies.values()):
        for window in windows:
            _put_right(window)
    return tallies


@transaction.atomic
def _put_right(window: Window) -> None:
    wrong = UploadCounter.objects.of(window).filter(redis_is_wrong=True)
    row = wrong.select_for_update().first()
    if row and store().put(quota_key(window), row.count, _seconds_left(window)):
        wrong.update(redis_is_wrong=False)


def _in_batches(windows: Sequence[Window], tallies: Mapping[str, UploadCounter]) -> Counts:
    """How many uploads since the last reset became a batch (imports), or still are a preview."""
    made: QuerySet[Any] = Upload.objects.filter(staged_by=windows[0].user_id, import_batch=None)
    if windows[0].limit_type == LimitType.CSV_IMPORT:  # retries and operators' imports cost nothing
        made = ImportBatch.objects.filter(uploaded_by=windows[0].user_id, retry_of=None)
        made = made.exclude(source="command")
    resets = [tally.reset_at for tally in tallies.values() if tally.reset_at]
    starts = {w.period: datetime.fromtimestamp(w.reset - PERIODS[w.period], UTC) for w in windows}
    since = {period: max([start, *resets]) for period, start in starts.items()}
    found = made.filter(created_at__gte=min(since.values())).aggregate(
        **{period: Count("id", filter=Q(created_at__gte=start)) for period, start in since.items()}
    )
    return {window: found[window.period] for window in windows}


def _counts(windows: Sequence[Window]) -> Counts:
    """What is counted at this moment: the highest of what Redis, tallies and batches say."""
    tallies = _tallies(windows)
    batches = _in_batches(windows, tallies)
    tallied = {(tally.period, tally.window_end): tally.count for tally in tallies.values()}
    return {
        window: max(
            _ratelimit(window, increment=False),
            batches[window],
            tallied.get((window.period, window.end), 0),
        )
        for window in windows
    }


def _tightest(windows: tuple[Window, ...], counts: Counts) -> Usage:
    window = min(windows, key=lambda w: (w.limit - counts[w], -w.reset))
    remaining = max(window.limit - counts[window], 0)
    return Usage(limit=window.limit, remaining=remaining, reset=window.reset, windows=windows)


def _refusal(windows: tuple[Window, ...], full: Window, organisation_id: object) -> QuotaExceeded:
    """Notes a refusal, and puts it in words."""
    counts = {**_counts(windows), full: full.limit}
    last = max((w for w in windows if counts[w] >= w.limit), key=lambda window: window.reset)
    wait_seconds = _seconds_left(last)
    log.warning(
        "csv_rate_limit_hit",
        user_id=str(full.user_id),
        organization_id=str(organisation_id),
        limit_type=full.limit_type,
        retry_after_seconds=wait_seconds,
    )
    count_violation(full.limit_type)
    return QuotaExceeded(
        f"You have used up the {last.limit} {LimitType(full.limit_type).label} that you may make "
        f"in one {last.period}. The next one is possible in {-(-wait_seconds // 60)} min, at "
        f"{datetime.fromtimestamp(last.reset, UTC):%Y-%m-%d %H:%M:%S} UTC.",
        usage=_tightest(windows, counts),
        retry_after_seconds=wait_seconds,
    )
