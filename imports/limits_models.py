"""The tables of the quotas: own limits, the block list, the counts, and the totals for metrics.

Part of `imports.models`, which exports them.
"""

from __future__ import annotations

import ipaddress
import json
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import connection, models
from django.db.models import F, Q
from django.db.models.functions import Now as StatementNow

from marketedge.models import Table
from users.models import Organisation, User

__all__ = ["LimitType", "MetricCounter", "UploadBlock", "UploadLimit", "UploadTally", "Window"]

# A wider block is a slip of the finger; what stops everybody is FEATURE_USER_MANAGEMENT.
WIDEST_PREFIX = {4: 8, 6: 19}


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


class NetworkField(models.Field):  # type: ignore[type-arg]
    """PostgreSQL's `cidr`: 192.0.2.0/24, 2001:db8::/32, or one address."""

    description = "A network in CIDR notation"

    def db_type(self, connection: Any) -> str:
        """The column's type."""
        return "cidr"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        """psycopg gives a network object."""
        return None if value is None else str(value)

    def get_prep_value(self, value: Any) -> str | None:
        """What psycopg is given."""
        return str(value) if value else None

    def formfield(self, *args: Any, **kwargs: Any) -> Any:
        """A line of text; an empty one is no network."""
        return super().formfield(*args, **{"empty_value": None, **kwargs})

    def to_python(self, value: Any) -> str | None:
        """The network in its one form. Raises ValidationError with what is wrong and a cure."""
        if value in (None, ""):
            return None
        try:
            network = ipaddress.ip_network(str(value).strip(), strict=False)
        except ValueError:
            raise ValidationError(
                f"{value} is no network. Write it like 192.0.2.0/24, 192.0.2.7 or 2001:db8::/32."
            ) from None
        if network.prefixlen < WIDEST_PREFIX[network.version]:
            raise ValidationError(
                f"{network} is too wide to block: /{WIDEST_PREFIX[network.version]} is the widest. "
                "To stop everybody's uploads, set FEATURE_USER_MANAGEMENT=false."
            )
        return str(network)


@NetworkField.register_lookup
class Holds(models.Lookup):
    """`network__holds="192.0.2.7"`: the address lies in the network."""

    lookup_name = "holds"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """PostgreSQL's operator."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} >>= {right}::inet", (*left_params, *right_params)


class UploadBlockManager(models.Manager["UploadBlock"]):
    """The block list."""

    def covering(self, user_id: object, address: str) -> UploadBlock | None:
        """The block that holds at this moment for the user or the address ("": unknown)."""
        target = Q(user_id=user_id)
        if address:
            target |= Q(network__holds=address)
        ended = Q(until__lte=StatementNow())
        return (
            self.filter(target).exclude(ended).order_by(F("until").desc(nulls_first=True)).first()
        )


class UploadBlock(Table):
    """A user, or a network, that may not upload; for good or until some moment."""

    user = models.OneToOneField(
        User, models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="+"
    )
    network = NetworkField(null=True, blank=True, unique=True)
    reason = models.TextField(help_text="For the staff: nobody who is blocked gets to see it.")
    until = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is lifted.")
    blocked_by = models.ForeignKey(
        User,
        models.DO_NOTHING,
        null=True,
        editable=False,
        db_constraint=False,
        db_index=False,
        db_column="blocked_by",
        related_name="+",
    )

    objects = UploadBlockManager()

    class Meta:
        db_table = "upload_blocks"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, network__isnull=True)
                | Q(user__isnull=True, network__isnull=False),
                name="upload_blocks_one_target",
                violation_error_message="Name either a user or a network.",
            )
        ]

    def __str__(self) -> str:
        return f"Block of {self.network or f'user {self.user_id}'}"


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


class UploadTallyManager(models.Manager["UploadTally"]):
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

    def of(self, window: Window) -> models.QuerySet[UploadTally]:
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


class UploadTally(models.Model):
    """What was counted of a user in the last window of a kind, and when that was last reset."""

    user = models.ForeignKey(User, models.DO_NOTHING, db_constraint=False, db_index=False)
    limit_type = models.CharField(max_length=20)
    period = models.CharField(max_length=10)
    window_end = models.BigIntegerField()
    count = models.IntegerField()
    reset_at = models.DateTimeField(null=True)  # what is older counts no more
    # The count went down while Redis was away, and has to be put right there.
    redis_is_wrong = models.BooleanField(default=False, db_default=False)

    objects = UploadTallyManager()

    class Meta:
        db_table = "upload_tallies"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "limit_type", "period"], name="upload_tallies_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.count} {self.limit_type} in the {self.period} that ends at {self.window_end}"


class MetricCounterManager(models.Manager["MetricCounter"]):
    """Totals that only ever go up, of all processes on all machines together."""

    ADD = """
        INSERT INTO metric_counters AS c (name, labels, value) VALUES (%s, %s, %s)
        ON CONFLICT (name, labels) DO UPDATE SET value = c.value + EXCLUDED.value
    """

    def add(self, name: str, amount: int = 1, **labels: str) -> None:
        """Adds to one total; it begins with 0."""
        with connection.cursor() as cursor:
            cursor.execute(self.ADD, [name, json.dumps(labels), amount])


class MetricCounter(models.Model):
    """One Prometheus counter: rows that it counted may be deleted, the total stays."""

    name = models.CharField(max_length=100)
    labels = models.JSONField(default=dict, db_default={})
    value = models.BigIntegerField(default=0, db_default=0)

    objects = MetricCounterManager()

    class Meta:
        db_table = "metric_counters"
        constraints = [
            models.UniqueConstraint(fields=["name", "labels"], name="metric_counters_once")
        ]

    def __str__(self) -> str:
        return f"{self.name}{self.labels or ''} {self.value}"
