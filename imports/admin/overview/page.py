"""The context of the overview: its figures in words, each with the list that it counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from imports.admin.filters import WHOLE_ROW, Outcome, field_label, words_of
from imports.admin.overview import charts, figures
from imports.admin.overview.periods import DEFAULT, HOUR, PERIODS, Period
from imports.models import EventType, ImportHalt

LABELS = {outcome: str(outcome.label) for outcome in Outcome}
GOOD_SUCCESS_RATE = 0.95  # as in the daily check


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A figure of the overview."""

    label: str
    value: str
    url: str
    note: str = ""
    needs_attention: bool = False


def context_of(period_name: str) -> dict[str, Any]:
    """What `admin/overview.html` shows. An unknown name is the default period."""
    period = PERIODS.get(period_name, PERIODS[DEFAULT])
    starts = period.starts(datetime.now(UTC))
    found = figures.imports(starts, period.step)
    errors = figures.frequent_errors(starts[0])
    return {
        "period": period,
        "periods": list(PERIODS.values()),
        "since": starts[0],
        "now_tiles": _now_tiles(),
        "period_tiles": _period_tiles(found, starts[0]),
        "imports_chart": _imports_chart(found, period),
        "outcomes": _with_totals(found, starts[0]),
        "errors_chart": _errors_chart(errors),
        "errors": errors,
        "errors_url": _errors_url(errors.since),
    }


def _now_tiles() -> list[Tile]:
    halt = ImportHalt.objects.current()
    now, queue, workers = figures.live(), figures.messages_waiting(), figures.workers_alive()
    return [
        Tile(label="Pending", value=f"{now.pending:,}", url=_imports_url(status__exact="pending")),
        Tile(
            label="Processing",
            value=f"{now.processing:,}",
            url=_imports_url(status__exact="processing"),
        ),
        Tile(
            label="Stuck",
            value=f"{now.stuck:,}",
            url=_imports_url(outcome="stuck"),
            note="without progress",
            needs_attention=now.stuck > 0,
        ),
        Tile(
            label="Halted",
            value="Yes" if halt else "No",
            url=_url("importhalt"),
            note="all imports wait" if halt else "",
            needs_attention=halt is not None,
        ),
        Tile(
            label="Messages in the queue",
            value="unknown" if queue is None else f"{queue:,}",
            url=_imports_url(outcome=Outcome.RUNNING),
            note="Redis does not answer" if queue is None else "not taken by a worker",
            needs_attention=queue is None,
        ),
        Tile(
            label="Workers alive",
            value=f"{workers:,}",
            url=_url("heartbeat", process="worker"),
            note="" if workers else "imports do not run",
            needs_attention=not workers,
        ),
    ]


def _period_tiles(found: figures.Imports, since: datetime) -> list[Tile]:
    rate, speed = found.success_rate, figures.rows_per_second(since)
    limits, failed = figures.limits_reached(since), found.of(Outcome.FAILED)
    return [
        Tile(label="Imports", value=f"{found.total:,}", url=_imports_url(since)),
        Tile(
            label="Success rate",
            value="–" if rate is None else _percent(rate),
            url=_imports_url(since, status__exact="completed"),
            note=f"{found.completed:,} completed",
            needs_attention=rate is not None and rate < GOOD_SUCCESS_RATE,
        ),
        Tile(
            label="Failed imports",
            value=f"{failed:,}",
            url=_imports_url(since, outcome=Outcome.FAILED),
        ),
        Tile(
            label="Users imported",
            value=f"{found.imported_rows:,}",
            url=_users_url(since),
        ),
        Tile(
            label="Rows per second",
            value="–" if speed is None else f"{speed:,.0f}",
            url=_imports_url(since, status__exact="completed"),
            note="of the newest completed",
        ),
        Tile(
            label="Upload limits reached",
            value=f"{limits:,}",
            url=_url("auditevent", deed=EventType.LIMIT_REACHED, created_at__gte=since),
        ),
    ]


def _percent(rate: float) -> str:
    """Rounded down, so that 100 % means that none has failed."""
    return f"{int(rate * 1000) / 10:g} %"


def _imports_chart(found: figures.Imports, period: Period) -> charts.StackedChart:
    title = f"Imports per {'hour' if period.step == HOUR else 'day'}"
    return charts.stacked(title, [_column(found, start, period) for start in found.counts])


def _column(found: figures.Imports, start: datetime, period: Period) -> charts.Column:
    end = start + period.step
    name = period.name_of(start)
    title = f"{start.day} {start:%b}, {name}" if period.step == HOUR else f"{start:%a} {name}"
    url = _imports_url(start, created_at__lt=end) + "&outcome="
    parts = [
        charts.Part(
            kind=outcome.value,
            label=label,
            number=found.counts[start][outcome],
            url=url + outcome.value,
        )
        for outcome, label in LABELS.items()
    ]
    return charts.Column(name=name, title=title, parts=parts)


def _with_totals(found: figures.Imports, since: datetime) -> list[charts.Part]:
    """The legend of the chart: every outcome with its number in the whole period."""
    return [
        charts.Part(
            kind=outcome.value,
            label=label,
            number=found.of(outcome),
            url=_imports_url(since, outcome=outcome),
        )
        for outcome, label in LABELS.items()
    ]


def _errors_chart(found: figures.FrequentErrors) -> charts.BarChart:
    times = Counter(error.code for error in found.errors)
    parts = [
        charts.Part(
            kind="failed",
            label=_name(error, is_ambiguous=times[error.code] > 1 or error.code == "required"),
            number=error.count,
            url=_errors_url(found.since, error),
        )
        for error in found.errors
    ]
    return charts.bars("The most frequent row errors", parts)


def _name(error: figures.FrequentError, *, is_ambiguous: bool) -> str:
    words = words_of(error.code)
    return f"{words}: {field_label(error.field).lower()}" if is_ambiguous else words


def _errors_url(since: datetime, error: figures.FrequentError | None = None) -> str:
    chosen: dict[str, Any] = {"created_at__gte": since}
    if error:
        chosen |= {"error_code": error.code, "field_name": error.field or WHOLE_ROW}
    return _url("importerror", **chosen)


def _imports_url(since: datetime | None = None, **chosen: Any) -> str:
    return _url("importbatch", **({"created_at__gte": since} if since else {}), **chosen)


def _users_url(since: datetime) -> str:
    return f"{reverse('admin:users_user_changelist')}?{_query(created_at__gte=since)}"


def _url(model: str, **chosen: Any) -> str:
    query = _query(**chosen)
    return reverse(f"admin:imports_{model}_changelist") + (f"?{query}" if query else "")


def _query(**chosen: Any) -> str:
    return urlencode({name: str(value) for name, value in chosen.items()})
