"""How far a batch is, in numbers for people.

Pure: from a batch's row alone, without a clock, so that the same row always gives the same answer,
which is what an ETag promises.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from imports.models import ImportBatch


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """None: not known yet, or not any more."""

    percent: int  # rounded down: 100 is said only when every row is done
    rows_per_second: float | None
    eta_seconds: int | None


def of(batch: ImportBatch) -> Progress:
    """The progress of a batch as it was when its last chunk was committed."""
    rate = _rows_per_second(batch)
    left = batch.total_rows - batch.processed_rows
    return Progress(
        percent=100 * batch.processed_rows // batch.total_rows if batch.total_rows else 0,
        rows_per_second=rate,
        eta_seconds=math.ceil(left / rate) if rate and batch.is_live else None,
    )


def seconds_taken(batch: ImportBatch) -> float | None:
    """From its start to its end, or to its last sign of life; None where it has not started."""
    last: datetime | None = batch.completed_at or batch.heartbeat_at or batch.updated_at
    if batch.started_at is None or last is None:
        return None
    return max((last - batch.started_at).total_seconds(), 0.0)


def _rows_per_second(batch: ImportBatch) -> float | None:
    """Over the whole time, waiting for other batches included: that is what the rest will take."""
    seconds = seconds_taken(batch)
    if not seconds or not batch.processed_rows:
        return None
    return round(batch.processed_rows / seconds, 1)
