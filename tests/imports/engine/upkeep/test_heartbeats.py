"""Workers, beat, the sweep and retention say in the database that they live."""

from __future__ import annotations

import signal

from imports import tasks
from imports.models import Heartbeat
from tests.imports.engine.support.processes import wait_until
from tests.imports.engine.support.stack import Stack

AGE = "SELECT extract(epoch FROM clock_timestamp() - max(at)) FROM heartbeats WHERE name LIKE %s"


def test_a_worker_and_beat_write_heartbeats_until_they_end(stack: Stack) -> None:
    worker = stack.worker()
    stack.beat()
    for process in ("worker:%", "beat:%", "sweep:%"):
        wait_until(
            lambda name=process: stack.value(AGE, name) is not None, seconds=30, what=process
        )
    first = stack.value("SELECT max(at) FROM heartbeats WHERE name LIKE 'worker:%%'")
    wait_until(
        lambda: stack.value("SELECT max(at) FROM heartbeats WHERE name LIKE 'worker:%%'") > first,
        seconds=30,
        what="a further heartbeat",
    )
    worker.popen.send_signal(signal.SIGKILL)
    worker.popen.wait()
    wait_until(lambda: stack.value(AGE, "worker:%") > 1, seconds=30, what="an old heartbeat")
    assert stack.value(AGE, "beat:%") < stack.value(AGE, "worker:%")


def test_retention_leaves_a_heartbeat_and_deletes_those_of_processes_that_ended(db: None) -> None:
    Heartbeat.objects.beat("worker", "gone")
    Heartbeat.objects.update(at="2020-01-01T00:00:00Z")
    Heartbeat.objects.beat("worker", "here")
    tasks.purge()
    assert set(Heartbeat.objects.values_list("name", flat=True)) == {"worker:here", "purge:"}
    assert Heartbeat.objects.ages().keys() == {"worker", "purge"}
