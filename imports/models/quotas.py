"""The tables of the quotas: limits of organisations, and how much of them users have used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from django.core.validators import MinValueValidator
from django.db import connection, models, transaction
from django.db.models import F, Q

from core.models import Table
from core.ratelimit_cache import PERIODS
from users.models import Organisation, User
from users.rights.scoping import ScopedManager


class LimitType(models.TextChoices):
    """The kinds of uploads that are counted."""

    CSV_IMPORT = "csv_import", "imports"
    FILE_UPLOAD = "file_upload", "previews"
    REFUSED_FILE = "refused_file", "uploads of faulty files"
    RETRY = "retry", "retries"


class UploadLimit(Table):
    """The limits of one organisation, in place of those in `UPLOAD_RATE_LIMITS`."""

    organisation = models.ForeignKey(
        Organisation, models.DO_NOTHING, db_constraint=False, db_index=False
    )
    limit_type = models.CharField(max_length=20, choices=LimitType.choices)
    per_hour = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    per_day = models.PositiveIntegerField(validators=[MinValueValidator(1)])

    unscoped = models.Manager["UploadLimit"]()
    objects = ScopedManager["UploadLimit"]()

    class Meta:
        db_table = "upload_limits"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "limit_type"],
                name="upload_limits_once",
                violation_error_message="This organisation has limits of its own for this already.",
            ),
            models.CheckConstraint(
                condition=Q(per_hour__gte=1, per_day__gte=1), name="upload_limits_are_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.per_hour} {self.get_limit_type_display()} an hour, {self.per_day} a day"


class Window(NamedTuple):
    """A user's current hour or day, for one kind of upload. Times are seconds since 1970."""

    limit_type: str
    user_id: UUID
    period: str  # hour, day
    limit: int
    end: int  # its last second, after which the key in Redis is named
    seconds_left: int

    @property
    def reset(self) -> int:
        """The first second of the next window."""
        return self.end + 1


class WindowFull(Exception):
    """A window has no room. Nothing was counted."""

    def __init__(self, window: Window) -> None:
        self.window = window
        super().__init__(window)


Counts = Mapping[Window, int]


class UploadCounterManager(models.Manager["UploadCounter"]):
    """Counts uploads. The row of a counter stays locked until the transaction ends."""

    # An upload may wait for the counter until its window has ended and others were counted in the
    # next one. It is counted there, too: to go back would forget the others.
    ADD = """
        INSERT INTO upload_tallies AS t (user_id, limit_type, period, window_end, count)
        VALUES (%(user_id)s, %(limit_type)s, %(period)s, %(end)s, 1)
        ON CONFLICT (user_id, limit_type, period) DO UPDATE
        SET window_end = CASE WHEN t.window_end = EXCLUDED.window_end + %(seconds)s
                         THEN t.window_end ELSE EXCLUDED.window_end END,
            count = CASE WHEN t.window_end - EXCLUDED.window_end IN (0, %(seconds)s)
                    THEN t.count + 1 ELSE 1 END
        RETURNING count
    """

    def consume(self, windows: Iterable[Window]) -> Counts:
        """Counts one upload in every window; gives the counts.

        Raises WindowFull, and then nothing is counted. To be called in a transaction."""
        counts = {}
        with transaction.atomic(), connection.cursor() as cursor:
            for window in windows:
                cursor.execute(self.ADD, window._asdict() | {"seconds": PERIODS[window.period]})
                counts[window] = int(cursor.fetchone()[0])
                if counts[window] > window.limit:
                    raise WindowFull(window)
        return counts

    def refund(self, windows: Iterable[Window]) -> list[Window]:
        """Counts one upload less in those of the windows that have not ended; gives these."""
        fewer = {"count": F("count") - 1}
        return [w for w in windows if self.of(w).filter(count__gt=0).update(**fewer)]

    def reset(self, windows: Iterable[Window]) -> None:
        """Sets the counters of the windows to 0."""
        for window in windows:
            self.of(window).update(count=0)

    def counts(self, windows: Iterable[Window]) -> Counts:
        """How many uploads each window has."""
        return {w: self.of(w).values_list("count", flat=True).first() or 0 for w in windows}

    def of(self, window: Window) -> models.QuerySet[UploadCounter]:
        """The counter of a window; nothing where the last upload was in an earlier one."""
        return self.filter(
            user_id=window.user_id,
            limit_type=window.limit_type,
            period=window.period,
            window_end=window.end,
        )


class UploadCounter(models.Model):
    """How many uploads of a kind a user made in the last hour or day that had any."""

    user = models.ForeignKey(User, models.DO_NOTHING, db_constraint=False, db_index=False)
    limit_type = models.CharField(max_length=20)
    period = models.CharField(max_length=10)
    window_end = models.BigIntegerField()
    count = models.IntegerField()

    objects = UploadCounterManager()

    class Meta:
        db_table = "upload_tallies"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "limit_type", "period"], name="upload_tallies_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.count} {self.limit_type} in the {self.period} that ends at {self.window_end}"
