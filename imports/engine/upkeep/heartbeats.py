"""Heartbeats of workers and of beat, which say in the database that these processes live.

A thread of the process writes them. It has a connection of its own for each heartbeat, so that no
child process inherits one.
"""

from __future__ import annotations

import socket
import threading

import structlog
from django.conf import settings
from django.db import DatabaseError, connection

from imports.models import Heartbeat

log = structlog.get_logger(__name__)

LONGEST_INTERVAL_SECONDS = 15.0


def keep(process: str) -> threading.Event:
    """Writes a heartbeat now, and then as often as the sweep runs, or every 15 seconds. Ends when
    the event that it gives is set. Where the database is away, it tries again after as long."""
    interval_seconds = min(settings.IMPORT_SWEEP_SECONDS, LONGEST_INTERVAL_SECONDS)
    ended = threading.Event()

    def write() -> None:
        while True:
            _write(process)
            if ended.wait(interval_seconds):
                return

    threading.Thread(target=write, name="heartbeat", daemon=True).start()
    return ended


def _write(process: str) -> None:
    try:
        Heartbeat.objects.beat(process, socket.gethostname())
    except DatabaseError as error:
        log.warning("csv_heartbeat_not_written", error_type=type(error).__name__)
    finally:
        connection.close()
