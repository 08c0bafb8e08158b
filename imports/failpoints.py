"""Faults on demand, at named points of the engine. Production reaches the points and nothing
happens: only settings that name `FAILPOINTS` (those of the tests) make anything happen there.

    FAILPOINTS = "mid_chunk=kill@3"      the third time the point is reached, this process dies
"""

from __future__ import annotations

import os
import signal
from collections import Counter

from django.conf import settings
from django.db.utils import OperationalError

_reached: Counter[str] = Counter()


def reach(point: str) -> None:
    """Does what the tests ask for at this point: `kill` (SIGKILL), `freeze` (SIGSTOP), `fault`
    (what a lost connection raises); from the n-th time with `@n`, each time without."""
    wanted: str = getattr(settings, "FAILPOINTS", "")
    if not wanted:
        return
    _reached[point] += 1
    for rule in wanted.split(","):
        name, _, deed = rule.partition("=")
        deed, _, nth = deed.partition("@")
        if name == point and (not nth or _reached[point] == int(nth)):
            _do(deed)


def _do(deed: str) -> None:
    if deed == "fault":
        raise OperationalError("a fault that a test asked for")
    os.kill(os.getpid(), {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}[deed])
