"""Settings of the processes that tests start: those of the service, and ways to make it fail.

FAILPOINTS_FILE   rules for imports/engine/failpoints.py; read at each use
CLOCK_FILE        seconds by which the clock of the process is wrong; read at each use
DELIVER_TWICE     every message of a task is published a second time
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from celery import current_app
from celery.signals import after_task_publish

from marketedge.settings import *  # noqa: F403


def _text_of(variable: str) -> str:
    try:
        return Path(os.environ[variable]).read_text()
    except (KeyError, FileNotFoundError):
        return ""


def FAILPOINTS() -> str:
    """The content of FAILPOINTS_FILE, now."""
    return _text_of("FAILPOINTS_FILE")


if "CLOCK_FILE" in os.environ:
    _time, _time_ns = time.time, time.time_ns
    time.time = lambda: _time() + float(_text_of("CLOCK_FILE") or 0)
    time.time_ns = lambda: _time_ns() + 10**9 * int(_text_of("CLOCK_FILE") or 0)

if "DELIVER_TWICE" in os.environ:

    @after_task_publish.connect
    def _publish_again(sender: str, headers: dict[str, Any], body: Any, **_: Any) -> None:
        if "is_second" not in headers:
            current_app.send_task(sender, body[0], body[1], headers={"is_second": True})
