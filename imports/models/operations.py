"""The tables of what operators watch and do: heartbeats, and halts of all imports."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, models
from django.db.models import Exists, F, Max, Q, Value
from django.db.models.functions import Now, StrIndex, Substr
from django.db.models.functions import Now as StatementNow

from core.text import utc
from users.models import User


class HeartbeatManager(models.Manager["Heartbeat"]):
    """Writes and reads heartbeats."""

    _BEAT = """
        INSERT INTO heartbeats (name, at) VALUES (%s, clock_timestamp())
        ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at
    """

    def beat(self, process: str, host: str = "") -> None:
        """Notes that a process lives, or has just done its work."""
        with connection.cursor() as cursor:
            cursor.execute(self._BEAT, [f"{process}:{host}"[:200]])

    def ages(self) -> dict[str, float]:
        """Gives for each kind of process the seconds since the last heartbeat of any of them."""
        kind = Substr("name", 1, StrIndex("name", Value(":")) - 1)
        newest = self.values(kind=kind).annotate(age=StatementNow() - Max("at"))
        return {row["kind"]: max(row["age"].total_seconds(), 0.0) for row in newest}

    def purge(self, older_than: timedelta) -> int:
        """Deletes the heartbeats of processes that ended long ago; gives their number."""
        return self.filter(at__lt=StatementNow() - older_than).delete()[0]


class Heartbeat(models.Model):
    """When a process lived last. `name` is `worker:<host>`, `beat:<host>`, `sweep:` or `purge:`."""

    name = models.CharField(max_length=200, primary_key=True)
    at = models.DateTimeField(db_default=Now())

    objects = HeartbeatManager()

    class Meta:
        db_table = "heartbeats"
        verbose_name = "process"
        verbose_name_plural = "processes"

    def __str__(self) -> str:
        return f"{self.name} {utc(self.at, seconds=True)}"


class ImportHaltManager(models.Manager["ImportHalt"]):
    """Finds the halt that holds now."""

    def current(self) -> ImportHalt | None:
        """Gives the halt that holds now, if any."""
        return self.filter(ended_at=None).first()

    def is_on(self) -> Exists:
        """A condition for a query: imports are halted."""
        return Exists(self.filter(ended_at=None))


class ImportHalt(models.Model):
    """A time in which no import runs and none may be started. One can hold at a time."""

    started_at = models.DateTimeField(db_default=Now(), editable=False)
    # Null: an operator at a terminal.
    started_by = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    reason = models.TextField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )

    objects = ImportHaltManager()

    class Meta:
        db_table = "import_halts"
        verbose_name = "halt of imports"
        verbose_name_plural = "halts of imports"
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                Value(1), condition=Q(ended_at=None), name="import_halts_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                name="import_halts_end_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"Halt of {utc(self.started_at)}: {self.reason}"
