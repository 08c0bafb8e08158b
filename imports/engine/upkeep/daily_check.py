"""The daily check: is the service well, and has it been well in the last 24 hours?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any

import redis
from django.conf import settings
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Case, Count, Min, QuerySet, Sum, When
from django.db.models.functions import Coalesce, Now

from core.probes import new_redis
from core.text import utc
from imports.engine import transient_errors
from imports.engine.upkeep import recovery
from imports.models import (
    AuditEvent,
    Heartbeat,
    ImportBatch,
    ImportError,
    ImportHalt,
    MetricCounter,
    Review,
    Upload,
)
from imports.models.statuses import FINISHED, Status
from users.models import Invitation, InvitationRequest

DAY = timedelta(days=1)
# Shares of the imports that ended in the last 24 hours.
GOOD_SUCCESS_RATE, BAD_SUCCESS_RATE = 0.95, 0.90
FEWEST_IMPORTS = 10  # fewer say nothing about a rate
HEARTBEAT_SECONDS = {"worker": 60, "beat": 60, "sweep": 300, "purge": 3 * 3600}
MAIL_DELAY = timedelta(hours=1)  # of an invitation, for example while the mail server is away
TABLES = ("users", "import_batches", "import_errors", "import_upload_chunks", "audit_events")
FREQUENT_ERRORS = 5
REDIS_SECONDS = 2.0
HELD_UP = "another session holds a lock, and imports wait: see Database in docs/runbook.md"


class Level(IntEnum):
    """How bad it is, with the numbers of monitoring plugins."""

    OK = 0
    WARNING = 1
    CRITICAL = 2


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    name: str
    level: Level
    message: str

    def as_json(self) -> dict[str, Any]:
        """The check for a script."""
        return asdict(self) | {"level": self.level.name.lower()}


def run() -> list[Check]:
    """Runs all checks. Without the database there is only its own, and that of Redis. Those after a
    check that has to wait for a lock are left out: each would have to wait as long."""
    found = []
    try:
        connection.ensure_connection()
        found.append(Check("database", Level.OK, "answers"))
        found.extend(_checks())
    except OperationalError as error:
        if transient_errors.is_held_up(error):
            return [*found, Check("locks", Level.CRITICAL, HELD_UP)]
        return [Check("database", Level.CRITICAL, "does not answer"), _redis()]
    return found


def _checks() -> Iterator[Check]:
    if missing := _missing_migrations():
        yield Check("migrations", Level.CRITICAL, f"{missing} are missing: run manage.py migrate")
        yield _redis()
        return  # the other checks may need the tables that are missing
    yield Check("migrations", Level.OK, "are complete")
    yield _redis()
    checks: tuple[Callable[[], Check], ...] = (
        *(_halt, _success_rate, _stuck, _invitations, _retention),
        *(_violations, _frequent_errors, _sizes),
    )
    yield from _heartbeats()
    for check in checks:
        yield check()


def _missing_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _redis() -> Check:
    try:
        with new_redis(REDIS_SECONDS) as client:
            client.ping()
    except redis.RedisError:
        return Check("redis", Level.CRITICAL, "does not answer: no import is started")
    return Check("redis", Level.OK, "answers")


def _heartbeats() -> Iterator[Check]:
    ages = Heartbeat.objects.ages()
    for process, limit in HEARTBEAT_SECONDS.items():
        age = ages.get(process)
        if age is None:
            yield Check(process, Level.CRITICAL, "has never given a heartbeat")
        else:
            level = Level.OK if age <= limit else Level.CRITICAL
            message = f"gave its last heartbeat {age:,.0f} s ago (at most {limit:,} s)"
            yield Check(process, level, message)


def _halt() -> Check:
    halt = ImportHalt.objects.current()
    if halt is None:
        return Check("halt", Level.OK, "imports are not halted")
    message = f"imports are halted since {utc(halt.started_at)}: {halt.reason}"
    return Check("halt", Level.WARNING, message)


def _success_rate() -> Check:
    ended = ImportBatch.objects.everywhere().filter(completed_at__gt=Now() - DAY)
    counts = dict(ended.values_list("status").annotate(Count("id")).order_by())
    good, failed = counts.get(Status.COMPLETED, 0), counts.get(Status.FAILED, 0)
    total = good + failed
    message = f"{good:,} of {total:,} imports of the last 24 hours were completed"
    rate = good / total if total else 1.0
    if total < FEWEST_IMPORTS or rate >= GOOD_SUCCESS_RATE:
        level = Level.OK
    else:
        level = Level.CRITICAL if rate < BAD_SUCCESS_RATE else Level.WARNING
    return Check("success rate", level, message)


def _stuck() -> Check:
    count = len(recovery.sweep(dry_run=True))
    if not count:
        return Check("stuck imports", Level.OK, "none")
    message = f"{count:,} have no worker: see manage.py cleanup_stuck_imports --dry-run"
    return Check("stuck imports", Level.WARNING, message)


def _invitations() -> Check:
    """Whether an invitation waits for longer than an hour beyond what the pace explains."""
    pending = Invitation.objects.everywhere().filter(status=Invitation.Status.PENDING)
    since = Case(When(generation=1, then="created_at"), default="updated_at")
    found = pending.aggregate(count=Count("id"), wait=Now() - Min(since))
    asked_for = InvitationRequest.objects.everywhere().aggregate(
        number=Coalesce(Sum("number"), 0), wait=Now() - Min("created_at")
    )
    count = found["count"] + asked_for["number"]
    if not count:
        return Check("invitations", Level.OK, "none waits to be sent")
    wait = max(filter(None, (found["wait"], asked_for["wait"])))
    expected = timedelta(minutes=count / settings.INVITATION_RATE)
    level = Level.WARNING if wait > expected + MAIL_DELAY else Level.OK
    message = f"{count:,} wait to be sent, the oldest since {wait.total_seconds():,.0f} s"
    return Check("invitations", level, message)


def _retention() -> Check:
    """Whether something is left that retention should have deleted at least a day ago."""
    kept: dict[str, tuple[QuerySet[Any], timedelta, str]] = {
        "import": (
            ImportBatch.objects.everywhere().filter(status__in=FINISHED),
            timedelta(days=settings.IMPORT_RETENTION_DAYS),
            "created_at",
        ),
        "unused staged file": (
            Upload.objects.everywhere().filter(import_batch=None, review=None),
            timedelta(seconds=settings.UPLOAD_KEPT_SECONDS),
            "created_at",
        ),
        "reviewed file": (
            Review.objects.everywhere().all(),
            timedelta(days=settings.REVIEW_KEPT_DAYS),
            "changed_at",
        ),
        "line of the audit trail": (
            AuditEvent.objects.everywhere().all(),
            timedelta(days=settings.AUDIT_RETENTION_DAYS),
            "created_at",
        ),
    }
    level, words = Level.OK, []
    for name, (rows, age, column) in kept.items():
        oldest = rows.aggregate(at=Min(column))["at"]
        if oldest:
            words.append(f"the oldest {name} is of {utc(oldest)}")
        if rows.filter(**{f"{column}__lt": Now() - age - DAY}).exists():
            level = Level.WARNING
            words[-1] += f", {_in_words(age)} are allowed"
    return Check("retention", level, "; ".join(words) or "there is nothing to delete")


def _in_words(age: timedelta) -> str:
    return f"{age.days} days" if age.days else f"{age.seconds} seconds"


def _violations() -> Check:
    found = MetricCounter.objects.filter(name="csv_rate_limit_violations_total")
    total = sum(found.values_list("value", flat=True))
    return Check("quota violations", Level.OK, f"{total:,} since the service began")


def _frequent_errors() -> Check:
    recent = ImportError.objects.everywhere().filter(created_at__gt=Now() - DAY)
    found = recent.values_list("error_code").annotate(count=Count("id")).order_by("-count")
    words = [f"{code} {count:,}" for code, count in found[:FREQUENT_ERRORS]]
    return Check("frequent errors", Level.OK, ", ".join(words) or "none in the last 24 hours")


def _sizes() -> Check:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, pg_size_pretty(pg_total_relation_size(to_regclass(name)))"
            " FROM unnest(%s::text[]) AS name",
            [list(TABLES)],
        )
        sizes = cursor.fetchall()
    new = _rows_of_last_day()
    words = [f"{name} {size}{new.get(name, '')}" for name, size in sizes]
    return Check("table sizes", Level.OK, ", ".join(words))


def _rows_of_last_day() -> dict[str, str]:
    """How many rows the tables got in the last 24 hours, from the counts that batches keep."""
    batches = ImportBatch.objects.everywhere().filter(created_at__gt=Now() - DAY)
    found = batches.aggregate(users=Coalesce(Sum("successful_rows"), 0), import_batches=Count("id"))
    return {table: f" (imports added {rows:,} rows in 24 hours)" for table, rows in found.items()}
