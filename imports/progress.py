"""The progress of a batch, computed from its row.

No clock is used, so that the same row always gives the same answer. The ETag of the API relies on
that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from imports.models import ImportBatch


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """The progress of a batch. None: not known."""

    percent: int  # rounded down, so that 100 means that every row is processed
    rows_per_second: float | None
    eta_seconds: int | None


def of(batch: ImportBatch) -> Progress:
    """Gives the progress of a batch at the commit of its last chunk."""
    rate = _rows_per_second(batch)
    left = batch.total_rows - batch.processed_rows
    return Progress(
        percent=100 * batch.processed_rows // batch.total_rows if batch.total_rows else 0,
        rows_per_second=rate,
        eta_seconds=math.ceil(left / rate) if rate and batch.is_live else None,
    )


def seconds_taken(batch: ImportBatch) -> float | None:
    """Gives the seconds from its start to its end or last heartbeat; None before its start."""
    last: datetime | None = batch.completed_at or batch.heartbeat_at or batch.updated_at
    if batch.started_at is None or last is None:
        return None
    return max((last - batch.started_at).total_seconds(), 0.0)


def _rows_per_second(batch: ImportBatch) -> float | None:
    """The rate over the whole time, including the time that other batches had the worker, because
    the rest of the batch will have to wait as well."""
    seconds = seconds_taken(batch)
    if not seconds or not batch.processed_rows:
        return None
    return round(batch.processed_rows / seconds, 1)
