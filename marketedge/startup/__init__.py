"""What every process does once, before the service is used: web, worker, beat and commands."""

from __future__ import annotations

import gc

from marketedge import database_timeouts, tracing
from marketedge.startup import beat_signals, celery_patch

# New objects minus freed objects after which Python looks for cycles. Its default is 700.
GARBAGE_THRESHOLD = 10_000


def start_up() -> None:
    """Prepares the process. `MarketEdgeConfig.ready` calls it once all apps are loaded.

    Raises RuntimeError where a library no longer has a private part that the service needs, and
    SystemExit where traces are wanted and can't be sent."""
    celery_patch.apply()
    beat_signals.connect_signals()
    tracing.instrument()
    database_timeouts.connect_signals()
    collect_garbage_less_often()


def collect_garbage_less_often() -> None:
    """Makes Python look for reference cycles less often.

    An import creates row objects by the hundred thousand. They hold no cycles and are freed with
    their chunk. With Python's default, looking for cycles among them and among all loaded modules
    took half of the time that checking the rows takes."""
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, 10, 10)
