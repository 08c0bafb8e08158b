"""Faults on demand, at named points of the engine. Production reaches the points and nothing
happens: only settings that have `FAILPOINTS` (those of the tests) make anything happen there.

    FAILPOINTS = lambda: "mid_chunk=kill@3"      the third time, this process dies
    FAILPOINTS = lambda: "after_claim:a.csv=freeze before_commit=fault"
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable

import psycopg
from django.conf import settings
from django.db.utils import OperationalError

_reached: Counter[str] = Counter()


def reach(point: str, filename: str = "") -> None:
    """Does what the tests ask for at this point, or here for the batch of this file only: the n-th
    time that the process comes by with `@n`, each time without."""
    rules: Callable[[], str] | None = getattr(settings, "FAILPOINTS", None)
    for rule in rules().split() if rules else ():
        where, _, event_type = rule.partition("=")
        if where in (point, f"{point}:{filename}"):
            _reached[rule] += 1
            event_type, _, nth = event_type.partition("@")
            if not nth or _reached[rule] == int(nth):
                _DEEDS[event_type]()


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _freeze() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _fault() -> None:
    raise OperationalError("a fault that a test asked for")


def _full_disk() -> None:
    full = psycopg.errors.DiskFull("No space left on device")
    raise OperationalError(*full.args) from full


def _bug() -> None:
    raise ZeroDivisionError("a bug that a test asked for")


_DEEDS: dict[str, Callable[[], None]] = {
    "kill": _kill,  # SIGKILL
    "freeze": _freeze,  # SIGSTOP, until somebody sends SIGCONT
    "fault": _fault,  # what a lost connection raises
    "full_disk": _full_disk,  # what PostgreSQL without space raises
    "bug": _bug,  # what nobody has thought of
}
