"""Beat ends at a SIGTERM, whatever it is doing."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from celery.beat import Scheduler

from tests.imports.engine.support.processes import Process

BEAT = ["-m", "celery", "-A", "celery_app", "--quiet", "beat", "--loglevel", "INFO", "--pidfile="]


class LosesSystemExit(Scheduler):
    """Does with the first SystemExit what a message that is being sent may do with it."""

    def tick(self, *_: object, **__: object) -> float:
        """Waits for the signal, and goes on after it."""
        try:
            self.logger.info("sending")
            time.sleep(600)
        except SystemExit:
            self.logger.info("lost")
        return 600.0


@pytest.mark.slow
def test_beat_ends_although_the_first_signal_was_lost(tmp_path: Path) -> None:
    scheduler = ["--scheduler", f"{__name__}:LosesSystemExit"]
    beat = Process([*BEAT, *scheduler], tmp_path / "beat.log", os.environ)
    beat.wait_for_output("sending")
    beat.signal(signal.SIGTERM)
    beat.wait_for_output("lost")
    try:
        assert beat.popen.wait(30) == 0
    finally:
        beat.kill()
