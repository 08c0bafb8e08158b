"""How many files a person may upload in an hour and in a day.

django-ratelimit counts on Redis (`upload_rate:csv_import:<user-id>:hour:<window>`), where a flood
ends. Whoever gets past it is counted once more in the database, which is never behind: so the quota
holds while Redis is away, comes back, was emptied, or dies between two commands. Where the two
differ the higher count is right, and the batches themselves are counted too.
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
from django.db.models.functions import Now
from django_ratelimit.core import get_usage

from imports.blocklist import client_address, refuse_blocked
from imports.errors import QuotaExceeded, QuotaStoreAway
from imports.models import ImportBatch, LimitType, MetricCounter, Upload, UploadLimit, UploadTally
from imports.quota_store import PERIODS, quota_key, store
from users.models import User

__all__ = ["Usage", "charge", "client_address", "give_back", "reset_limits", "usage"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """One user's current hour or day for one kind of upload."""

    limit_type: str
    user_id: UUID
    period: str
    limit: int
    last_second: int  # it is over when this second is

    @property
    def key(self) -> str:
        """Where Redis counts."""
        return quota_key(self.limit_type, self.user_id, self.period, self.last_second)

    @property
    def seconds(self) -> int:
        """How long it is."""
        return PERIODS[self.period]

    @property
    def reset(self) -> int:
        """The first second of the next one."""
        return self.last_second + 1

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime.fromtimestamp(self.reset - self.seconds, UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What is left in the tightest of a user's windows; a `limit` of None: nothing is limited."""

    limit: int | None = None
    remaining: int = 0
    reset: int = 0  # seconds since 1970
    windows: tuple[Window, ...] = ()

    def headers(self) -> dict[str, str]:
        """For every answer to an upload."""
        if self.limit is None:
            return {}
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


def charge(
    *, user: User, organisation_id: UUID | str | None, limit_type: str, address: str | None
) -> Usage:
    """Counts one upload by this user into this organisation, from this address.

    Raises `UploadBlocked`, and `QuotaExceeded`, which costs nothing."""
    refuse_blocked(user.pk, organisation_id, address)
    if not settings.RATE_LIMIT_ENABLED:
        return Usage()
    windows = _windows(user.pk, organisation_id, limit_type)
    try:
        return _tightest(windows, _take(windows))
    except _FullError as error:
        counts = _counts(windows) | {error.window: error.window.limit}
        _refuse(windows, counts, organisation_id)
        raise QuotaExceeded(
            _sentence(windows, counts),
            usage=_tightest(windows, counts),
            retry_after_seconds=_wait_seconds(windows, counts),
        ) from None


def give_back(*, user: User, limit_type: str, charged: Usage | None = None) -> Usage:
    """Takes one upload from the count: it was refused as invalid, and costs nothing.

    charged: what `charge` gave; without it, what is taken from are the windows of this moment."""
    if not settings.RATE_LIMIT_ENABLED:
        return Usage()
    windows = (charged and charged.windows) or _windows(user.pk, user.organisation_id, limit_type)
    for window in windows:
        store().give_back(window.key)
        _tallies(window).filter(window_end=window.last_second, count__gt=0).update(
            count=F("count") - 1
        )
    return _tightest(windows, _counts(windows))


def usage(*, user: User, organisation_id: UUID | str | None, limit_type: str) -> Usage:
    """What is left, without counting anything."""
    if not settings.RATE_LIMIT_ENABLED:
        return Usage()
    windows = _windows(user.pk, organisation_id, limit_type)
    return _tightest(windows, _counts(windows))


def reset_limits(user_id: UUID | str, limit_type: str | None = None) -> int:
    """Gives a user a whole quota again, of one kind or of all; gives how many counts Redis held.

    Raises ValueError for a kind or an id that can't be, `User.DoesNotExist`, and `QuotaStoreAway`
    where Redis does not answer: the count in the database is reset by then."""
    types = [LimitType(limit_type)] if limit_type else list(LimitType)
    user = User.objects.get(id=UUID(str(user_id)))
    windows = [window for name in types for window in _windows(user.id, None, name)]
    UploadTally.objects.bulk_create(
        [
            UploadTally(user=user, limit_type=window.limit_type, period=window.period)
            for window in windows
        ],
        update_conflicts=True,
        unique_fields=["user", "limit_type", "period"],
        update_fields=["count"],
    )
    UploadTally.objects.filter(user=user, limit_type__in=types).update(reset_at=Now())
    forgotten = store().forget([window.key for window in windows])
    log.info("csv_rate_limit_reset", user_id=str(user.id), limit_types=[*map(str, types)])
    if forgotten is None:
        raise QuotaStoreAway
    return forgotten


def count_violation(limit_type: str) -> None:
    """One more for `csv_rate_limit_violations_total`."""
    MetricCounter.objects.add("csv_rate_limit_violations_total", limit_type=limit_type)


class _FullError(Exception):
    def __init__(self, window: Window) -> None:
        self.window = window


Counts = Mapping[Window, int]


def _windows(
    user_id: UUID, organisation_id: UUID | str | None, limit_type: str
) -> tuple[Window, ...]:
    own = UploadLimit.objects.filter(organisation_id=organisation_id, limit_type=limit_type)
    limits = own.values_list("per_hour", "per_day").first() or [
        int(part.partition("/")[0]) for part in settings.UPLOAD_RATE_LIMITS[limit_type].split(",")
    ]
    return tuple(
        Window(
            limit_type=str(limit_type),
            user_id=user_id,
            period=period,
            limit=limit,
            last_second=_last_second(user_id, seconds),
        )
        for (period, seconds), limit in zip(PERIODS.items(), limits, strict=True)
    )


def _last_second(user_id: UUID, seconds: int) -> int:
    """django-ratelimit's windows: fixed ones, staggered so that they don't all end at once. A
    window lasts through the second that it is named after."""
    now = int(time.time())
    end = now - now % seconds + zlib.crc32(f":{user_id}:".encode()) % seconds
    return end if end >= now else end + seconds


def _take(windows: Sequence[Window]) -> Counts:
    """Counts one upload in all windows, or raises `_FullError` and has counted it in none."""
    in_batches = _in_batches(windows)
    in_redis: dict[Window, int] = {}
    try:
        for window in windows:
            count = _ratelimit(window, increment=True)
            if count is not None:
                in_redis[window] = _within(window, count)
        with transaction.atomic():
            counts = {w: _within(w, _take_in_database(w, in_batches[w])) for w in windows}
    except BaseException:
        for window in in_redis:
            store().give_back(window.key)
        raise
    for window, count in counts.items():
        if in_redis.get(window, 0) < count:
            store().raise_to(window.key, count, window.reset - int(time.time()))
    return {window: max(count, in_redis.get(window, 0)) for window, count in counts.items()}


def _within(window: Window, count: int) -> int:
    if count > window.limit:
        raise _FullError(window)
    return count


def _ratelimit(window: Window, *, increment: bool) -> int | None:
    """The count on Redis, with this upload where `increment`; None while Redis is away."""
    found = get_usage(
        None,
        group=f"{window.limit_type}:",
        key=lambda group, request: f":{window.user_id}:",
        rate=(window.limit, window.seconds),
        increment=increment,
    )
    return None if found is None or found["time_left"] < 0 else int(found["count"])


def _take_in_database(window: Window, at_least: int) -> int:
    return UploadTally.objects.take(
        window.user_id, window.limit_type, window.period, window.last_second, at_least
    )


def _counts(windows: Sequence[Window]) -> dict[Window, int]:
    """What is counted at this moment: the highest of what Redis, tallies and batches say."""
    in_batches = _in_batches(windows)
    in_tallies = {
        window: count
        for window in windows
        for count in _tallies(window)
        .filter(window_end=window.last_second)
        .values_list("count", flat=True)
    }
    return {
        window: max(
            _ratelimit(window, increment=False) or 0, in_batches[window], in_tallies.get(window, 0)
        )
        for window in windows
    }


def _tallies(window: Window) -> QuerySet[UploadTally]:
    return UploadTally.objects.filter(
        user_id=window.user_id, limit_type=window.limit_type, period=window.period
    )


def _in_batches(windows: Sequence[Window]) -> Counts:
    """How many uploads since the last reset became a batch (imports), or still are a preview."""
    user_id, limit_type = windows[0].user_id, windows[0].limit_type
    made: QuerySet[Any]
    if limit_type == LimitType.CSV_IMPORT:  # a retry and an operator's import cost nothing
        made = ImportBatch.objects.filter(uploaded_by=user_id, retry_of=None)
        made = made.exclude(door="command")
    else:
        made = Upload.objects.filter(staged_by=user_id, import_batch=None)
    resets = UploadTally.objects.filter(user_id=user_id, limit_type=limit_type, reset_at__gt=windows[-1].start)
    reset_at = max(resets.values_list("reset_at", flat=True), default=None)
    since = {w.period: max(w.start, reset_at or w.start) for w in windows}
    counted = made.filter(created_at__gte=min(since.values())).aggregate(
        **{period: Count("id", filter=Q(created_at__gte=start)) for period, start in since.items()}
    )
    return {window: counted[window.period] for window in windows}
