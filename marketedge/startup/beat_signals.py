"""Corrects a fault of Celery's beat, which may go on after a SIGTERM.

Celery 5.7.0 (`celery/apps/beat.py`) raises SystemExit in its handler of the signal. If beat is just
sending a message, the clean-up of the connection may turn that into another exception, which beat
logs as an error of the message. The signal is then lost, and beat is killed later.
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from celery.signals import beat_init

AGAIN_SECONDS = 1.0


def connect_signals() -> None:
    """Makes beat repeat the signal until it has ended."""
    beat_init.connect(_repeat)


def _repeat(**_: Any) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    if not callable(handler):
        return

    def handle(signum: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
        handler(signum, frame)

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGALRM, handle)  # the signal of the timer
