"""Runs an import in the process of a command, until it has ended or is interrupted."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from uuid import UUID

from kombu.exceptions import OperationalError

from imports import tasks
from imports.engine import runner
from imports.models import ImportBatch

POLL_SECONDS = 0.5  # while a worker has the batch


def run(batch_id: UUID, show: Callable[[ImportBatch], None]) -> ImportBatch:
    """Works on a batch until it has ended, or the process gets SIGINT or SIGTERM; gives the batch.

    The batch is enqueued like any other. If a worker has claimed it first, this only waits for the
    worker. `show` is called with the batch after each chunk. An interrupted batch is enqueued again
    for the workers."""
    with _interruptible() as is_interrupted:

        def should_stop() -> bool:
            show(ImportBatch.objects.everywhere().get(id=batch_id))
            return is_interrupted()

        while not is_interrupted():
            if runner.run(batch_id, should_stop) is runner.Result.DONE:
                break
            time.sleep(POLL_SECONDS)
            should_stop()
        batch = ImportBatch.objects.everywhere().get(id=batch_id)
        show(batch)
        if batch.is_live:
            _enqueue(batch_id)
        else:
            tasks.enqueue_mail()
    return batch


def _enqueue(batch_id: UUID) -> None:
    try:
        tasks.enqueue(batch_id)
    except OperationalError:
        return  # the workers' sweep enqueues it later


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Gives a function that tells whether SIGINT or SIGTERM has come.

    The first signal lets the current chunk be finished, so that the batch is released for the next
    worker at once. The second one ends the process."""
    received: list[int] = []

    def note(signum: int, _: FrameType | None) -> None:
        if received:
            sys.exit(128 + signum)
        received.append(signum)

    old = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
