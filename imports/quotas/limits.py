"""How many uploads a user may make, and in which windows of time they are counted."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection

from core.ratelimit_cache import PERIODS
from imports.models import Counts, Window

# One query gives the database's time, in seconds since 1970, and the organisation's own limits.
_NOW_AND_LIMITS = """
    SELECT floor(extract(epoch FROM statement_timestamp()))::bigint, per_hour, per_day
    FROM (SELECT 1) AS one LEFT JOIN upload_limits
        ON organisation_id = %s AND limit_type = %s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What is left in the window with the least room. `limit` None: uploads are not limited."""

    limit: int | None = None
    remaining: int = 0
    reset: int = 0  # seconds since 1970
    windows: tuple[Window, ...] = ()

    def headers(self) -> dict[str, str]:
        """The headers of every answer to an upload."""
        if self.limit is None:
            return {}
        values = {"Limit": self.limit, "Remaining": self.remaining, "Reset": self.reset}
        return {f"X-RateLimit-{name}": str(value) for name, value in values.items()}


def current_windows(
    user_id: UUID, organisation_id: UUID | str | None, limit_type: str
) -> tuple[Window, ...]:
    """The user's current hour and day, with the limits for uploads into this organisation.

    The database gives the time, so that clocks of web processes may differ."""
    now, *own = _now_and_limits(organisation_id, limit_type)
    limits = own if own[0] else _limits_of_settings(limit_type)
    return tuple(
        _window(str(limit_type), user_id, period, limit, now)
        for period, limit in zip(PERIODS, limits, strict=True)
    )


def fullest(windows: tuple[Window, ...], counts: Counts) -> Usage:
    """What is left in the window that has the least room."""
    window = min(windows, key=lambda w: (w.limit - counts[w], -w.reset))
    remaining = max(window.limit - counts[window], 0)
    return Usage(limit=window.limit, remaining=remaining, reset=window.reset, windows=windows)


def _now_and_limits(organisation_id: UUID | str | None, limit_type: str) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_NOW_AND_LIMITS, [organisation_id, str(limit_type)])
        row: tuple[int, ...] = cursor.fetchone()
        return row


def _limits_of_settings(limit_type: str) -> list[int]:
    """`10/h,50/d` as [10, 50]."""
    parts = settings.UPLOAD_RATE_LIMITS[limit_type].split(",")
    return [int(part.partition("/")[0]) for part in parts]


def _window(limit_type: str, user_id: UUID, period: str, limit: int, now: int) -> Window:
    """The current window of one period. `now` is in seconds since 1970.

    The end is the one that django-ratelimit computes. It differs between users, so that not all
    windows end at once, and is the last second of the window."""
    seconds = PERIODS[period]
    end = now - now % seconds + zlib.crc32(f":{user_id}:".encode()) % seconds
    end = end if end >= now else end + seconds
    return Window(limit_type, user_id, period, limit, end, seconds_left=end + 1 - now)
