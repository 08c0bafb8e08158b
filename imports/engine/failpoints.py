"""Faults that tests inject at named points of the code.

In production `reach` does nothing. Only the settings of the tests have `FAILPOINTS`:

    FAILPOINTS = lambda: "mid_chunk=kill@3"      kills the process at its third chunk
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
    """Runs the faults that tests have set for this point, or for this point and the batch of this
    file. A fault with `@n` happens the n-th time that this process reaches the point; a fault
    without it happens each time."""
    rules: Callable[[], str] | None = getattr(settings, "FAILPOINTS", None)
    for rule in rules().split() if rules else ():
        where, _, fault = rule.partition("=")
        if where in (point, f"{point}:{filename}"):
            _reached[rule] += 1
            fault, _, nth = fault.partition("@")
            if not nth or _reached[rule] == int(nth):
                FAULTS[fault]()


def reset() -> None:
    """Counts from the beginning again."""
    _reached.clear()


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


FAULTS: dict[str, Callable[[], None]] = {
    "kill": _kill,  # SIGKILL
    "freeze": _freeze,  # SIGSTOP, until the test sends SIGCONT
    "fault": _fault,  # what a lost connection raises
    "full_disk": _full_disk,  # what PostgreSQL raises when its disk is full
    "bug": _bug,  # an error that no code expects
}
