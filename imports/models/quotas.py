"""The tables of the quotas: own limits, the block list, the counts, and the totals for metrics.

Part of `imports.models`, which exports them.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.core.validators import MinValueValidator
from django.db import connection, models
from django.db.models import Q

from core.models import Table
from users.models import Organisation, User


class LimitType(models.TextChoices):
    """What is counted: imports, and previews."""

    CSV_IMPORT = "csv_import", "imports"
    FILE_UPLOAD = "file_upload", "previews"


class UploadLimit(Table):
    """An organisation's own limits, in place of those in `UPLOAD_RATE_LIMITS`."""

    organisation = models.ForeignKey(
        Organisation, models.DO_NOTHING, db_constraint=False, db_index=False
    )
    limit_type = models.CharField(max_length=20, choices=LimitType.choices)
    per_hour = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    per_day = models.PositiveIntegerField(validators=[MinValueValidator(1)])

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
    """A user's current hour or day, for one kind of upload."""

    limit_type: str
    user_id: UUID
    period: str
    limit: int
    end: int  # its last second, after which Redis' key is named

    @property
    def reset(self) -> int:
        """The first second of the next one."""
        return self.end + 1


class UploadCounterManager(models.Manager["UploadCounter"]):
    """Counts uploads where nothing gets lost."""

    TAKE = """
        INSERT INTO upload_tallies AS t (user_id, limit_type, period, window_end, count)
        VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (user_id, limit_type, period) DO UPDATE
        SET window_end = EXCLUDED.window_end, count = GREATEST(EXCLUDED.count, CASE
            WHEN t.window_end = EXCLUDED.window_end THEN t.count + 1 ELSE 1 END),
            redis_is_wrong = t.redis_is_wrong AND t.window_end = EXCLUDED.window_end
        RETURNING count
    """
    RESET = """
        INSERT INTO upload_tallies
            (user_id, limit_type, period, window_end, count, reset_at, redis_is_wrong)
        VALUES (%s, %s, %s, %s, 0, statement_timestamp(), true)
        ON CONFLICT (user_id, limit_type, period) DO UPDATE
        SET window_end = EXCLUDED.window_end, count = 0, reset_at = EXCLUDED.reset_at,
            redis_is_wrong = true
    """

    def take(self, window: Window, at_least: int) -> int:
        """Counts one more in a window in which at least so many are known; gives the count.

        The row stays locked until the transaction ends, so that nobody counts past it."""
        row: list[Any] = [
            window.user_id,
            window.limit_type,
            window.period,
            window.end,
            at_least + 1,
        ]
        with connection.cursor() as cursor:
            cursor.execute(self.TAKE, row)
            return int(cursor.fetchone()[0])

    def of(self, window: Window) -> models.QuerySet[UploadCounter]:
        """The row of a window; nothing where the last count was of another one."""
        return self.filter(
            user_id=window.user_id,
            limit_type=window.limit_type,
            period=window.period,
            window_end=window.end,
        )

    def reset(self, window: Window) -> None:
        """Nothing is counted any more of what came before this moment."""
        row: list[Any] = [window.user_id, window.limit_type, window.period, window.end]
        with connection.cursor() as cursor:
            cursor.execute(self.RESET, row)


class UploadCounter(models.Model):
    """What was counted of a user in the last window of a kind, and when that was last reset."""

    user = models.ForeignKey(User, models.DO_NOTHING, db_constraint=False, db_index=False)
    limit_type = models.CharField(max_length=20)
    period = models.CharField(max_length=10)
    window_end = models.BigIntegerField()
    count = models.IntegerField()
    reset_at = models.DateTimeField(null=True)  # what is older counts no more
    # The count went down while Redis was away, and has to be put right there.
    redis_is_wrong = models.BooleanField(default=False, db_default=False)

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
