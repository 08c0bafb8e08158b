"""The table of login attempts. `users.credentials.login_limits` says how many are allowed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models
from django.db.models.functions import Now


@dataclass(frozen=True)
class Reserved:
    """One attempt that was counted, and what its counter says now."""

    scope: str
    key: str
    window_end: datetime
    count: int
    seconds_left: int  # until the end of the window, rounded up
    is_known: bool  # a login of the last KNOWN_FOR under this key succeeded


# How long a successful login is remembered.
KNOWN_FOR = timedelta(days=90)


class LoginAttemptManager(models.Manager["LoginAttempts"]):
    """Counts attempts. Times are those of the database's clock."""

    RESERVE = """
        INSERT INTO login_attempts AS a (scope, key, window_end, count)
        VALUES (%(scope)s, %(key)s, clock_timestamp() + %(window)s, 1)
        ON CONFLICT (scope, key) DO UPDATE SET
            count = CASE WHEN a.window_end > clock_timestamp() THEN a.count + 1 ELSE 1 END,
            window_end = CASE WHEN a.window_end > clock_timestamp() THEN a.window_end
                         ELSE EXCLUDED.window_end END
        RETURNING window_end, count,
            ceil(extract(epoch FROM window_end - clock_timestamp()))::integer,
            coalesce(succeeded_at > clock_timestamp() - %(known_for)s, false)
    """

    REFUND = """
        UPDATE login_attempts SET
            succeeded_at = clock_timestamp(),
            count = count - (window_end = %(window_end)s AND count > 0)::integer
        WHERE scope = %(scope)s AND key = %(key)s
    """

    def reserve(self, scope: str, key: str, window: timedelta) -> Reserved:
        """Counts one attempt. Its row stays locked until the transaction ends.

        A new window begins with the first attempt after the end of the last one."""
        values: dict[str, Any] = {
            "scope": scope,
            "key": key,
            "window": window,
            "known_for": KNOWN_FOR,
        }
        with connection.cursor() as cursor:
            cursor.execute(self.RESERVE, values)
            return Reserved(scope, key, *cursor.fetchone())

    def refund(self, reserved: Reserved) -> None:
        """Takes the attempt back, as its login succeeded, and remembers the success."""
        with connection.cursor() as cursor:
            cursor.execute(self.REFUND, asdict(reserved))

    def purge(self) -> int:
        """Deletes counters whose window has ended, unless a login succeeded in KNOWN_FOR. Gives
        their number."""
        ended = self.filter(window_end__lt=Now())
        return ended.exclude(succeeded_at__gt=Now() - KNOWN_FOR).delete()[0]


class LoginAttempts(models.Model):
    """How many attempts of one scope were made in a window of time. `key` is a keyed hash, so that
    the table holds no e-mail address and no IP address."""

    scope = models.CharField(max_length=20)
    key = models.CharField(max_length=64)
    window_end = models.DateTimeField()
    count = models.IntegerField()
    succeeded_at = models.DateTimeField(null=True)

    objects = LoginAttemptManager()

    class Meta:
        db_table = "login_attempts"
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="login_attempts_once")]

    def __str__(self) -> str:
        return f"{self.count} attempts, {self.scope}"
