"""What `/metrics` serves: the name, the help text and the labels of every metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from imports.errors import FileRefused, StagingFull
from imports.models import FINISHED, LimitType
from imports.models.counters import DURATION_BUCKETS, PER_USER_BUCKETS

Labels = tuple[tuple[str, str], ...]  # sorted (label, value)
Totals = Mapping[tuple[str, Labels], int]


def _codes(kind: type[FileRefused]) -> Iterator[str]:
    """The codes of all refusals of a file."""
    yield kind.code
    for other in kind.__subclasses__():
        yield from _codes(other)


UPLOAD_ERRORS = sorted({*_codes(FileRefused), StagingFull.code, "internal_error"})

# Name -> help text, and the labels that exist from the start. Prometheus sees no increase where a
# counter first appears with the value 1.
COUNTERS: dict[str, tuple[str, list[dict[str, str]]]] = {
    "csv_imports_total": (
        "Imports that ended, by their last status.",
        [{"status": str(status)} for status in FINISHED],
    ),
    "csv_import_rows_total": (
        "Rows of imports that were committed, by what became of them.",
        [{"outcome": outcome} for outcome in ("imported", "skipped", "failed")],
    ),
    "csv_import_objective_total": (
        "Imports that ended, by whether that was within 60 s and 1 s for each 2,000 rows.",
        [{"result": result} for result in ("met", "missed")],
    ),
    "csv_upload_errors_total": (
        "Files that were refused, by the code of the refusal.",
        [{"error_type": code} for code in UPLOAD_ERRORS],
    ),
    "csv_background_task_failures_total": (
        "Background tasks that failed, and workers that died during an import.",
        [{}],
    ),
    "csv_rate_limit_violations_total": (
        "Uploads refused because a user's quota was used up.",
        [{"limit_type": name} for name in LimitType.values],
    ),
    "csv_rate_limit_store_away_total": (
        "Minutes in which a process could not count quotas on Redis, and did in PostgreSQL.",
        [{}],
    ),
    "csv_staging_full_total": (
        "Files refused because the files of an organisation took up all the space they may.",
        [{}],
    ),
}
HISTOGRAMS: dict[str, tuple[str, tuple[float, ...]]] = {
    "csv_import_duration_seconds": (
        "Seconds from the start of an import to its end.",
        DURATION_BUCKETS,
    ),
    "csv_import_seconds_per_user": (
        "Seconds of an import for each of its rows that was processed.",
        PER_USER_BUCKETS,
    ),
}
# Name -> help text, and the name of the label, "" for none.
GAUGES: dict[str, tuple[str, str]] = {
    "csv_imports_in_progress": ("Imports that have not ended.", "status"),
    "csv_imports_stuck": ("Imports without progress for IMPORT_STUCK_SECONDS.", ""),
    "csv_import_oldest_pending_seconds": (
        "Age of the oldest import that no worker has started, 0 if there is none.",
        "",
    ),
    "csv_staged_bytes": ("Bytes of all staged files, of all organisations.", ""),
    "csv_table_bytes": ("Bytes of a table with its indexes.", "table"),
    "csv_heartbeat_age_seconds": (
        "Seconds since a part of the service last ran: the youngest of all its processes.",
        "process",
    ),
    "csv_invitations_pending": ("Invitations that wait to be sent.", ""),
    "csv_invitation_oldest_pending_seconds": (
        "Age of the oldest invitation that waits to be sent, 0 if there is none.",
        "",
    ),
    "csv_imports_halted": ("1 while imports are halted or switched off, else 0.", ""),
    "csv_import_queue_depth": ("Messages in the queue that no worker has taken.", ""),
    "csv_import_messages_taken": ("Messages that workers have taken and not acknowledged.", ""),
    "csv_scrape_errors": ("1 if this scrape lacks a part because it could not be read.", "part"),
}
NAMES = (*COUNTERS, *HISTOGRAMS, *GAUGES)


@dataclass(frozen=True, slots=True)
class Values:
    """The values of one gauge: by label, or under "" where it has none."""

    name: str
    values: Mapping[str, float]


def gauge(found: Values) -> Metric:
    """The family of a gauge."""
    text, label = GAUGES[found.name]
    family = GaugeMetricFamily(found.name, text, labels=[label] if label else [])
    for value, number in found.values.items():
        family.add_metric([value] if label else [], number)
    return family


def counter(name: str, totals: Totals) -> Metric:
    """The family of a counter: the labels that exist from the start, and those that were
    counted."""
    text, known = COUNTERS[name]
    at_start = [tuple(sorted(labels.items())) for labels in known]
    seen = [labels for other, labels in totals if other == name and labels not in at_start]
    family = CounterMetricFamily(name, text, labels=sorted(known[0]))
    for labels in [*at_start, *sorted(seen)]:
        family.add_metric([value for _, value in labels], totals.get((name, labels), 0))
    return family


def histogram(name: str, totals: Totals) -> Metric:
    """The family of a histogram. A total is kept for each bucket alone; Prometheus adds up the
    buckets below. The sum is kept in microseconds."""
    text, bounds = HISTOGRAMS[name]
    counts = {
        float(labels[0][1].replace("+Inf", "inf")): count
        for (other, labels), count in totals.items()
        if other == name and labels[0][0] == "le"
    }
    buckets, below = [], 0
    for bound in sorted({*bounds, float("inf"), *counts}):
        below += counts.get(bound, 0)
        buckets.append(("+Inf" if bound == float("inf") else str(bound), float(below)))
    microseconds = totals.get((name, (("sum", "microseconds"),)), 0)
    return HistogramMetricFamily(name, text, buckets=buckets, sum_value=microseconds / 1_000_000)
