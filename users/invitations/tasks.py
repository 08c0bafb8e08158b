"""The Celery task that sends invitations. Its message holds nothing: the outbox is the database."""

from __future__ import annotations

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError

from users.invitations import outbox, pace, turns

log = structlog.get_logger(__name__)

TASK_SECONDS = 90  # after which Celery kills a task that hangs


def enqueue(wait: float = 0) -> None:
    """Enqueues a task that sends what is due, after so many seconds. To be called after the
    invitations are committed. Only logs an error of the broker: the sweep enqueues it again."""
    if not outbox.is_on():
        return
    try:
        send_invitations.apply_async(countdown=wait)
    except OperationalError:
        log.warning("invitations_not_announced")


@shared_task(name="users.send_invitations", time_limit=TASK_SECONDS)
def send_invitations() -> None:
    """Sends due invitations for a moment, then enqueues itself behind the imports for the others.

    If another task has the turn, that one goes on. It looks once more when its turn is over, so
    that it misses nothing that was committed before this task gave up."""
    turn = turns.take()
    if turn is None:
        return
    try:
        outbox.send_due()
    finally:
        turns.give_back(turn)
    if outbox.is_due():
        wait = pace.wait()
        if not wait or turns.may_wake_after(wait):
            enqueue(wait)
