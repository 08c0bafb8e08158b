"""The life of a batch, as data: five statuses and the moves between them."""

from __future__ import annotations

from django.db import models


class Status(models.TextChoices):
    """What `import_batches.status` may hold."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


# One reason per arrow. A move that is not here is an error, never an overwrite.
MOVES: dict[tuple[Status, Status], str] = {
    (Status.PENDING, Status.PROCESSING): "a worker takes the batch up",
    (Status.PENDING, Status.CANCELLED): "a person cancels before it started",
    (Status.PROCESSING, Status.COMPLETED): "the last chunk is committed",
    (Status.PROCESSING, Status.FAILED): "nothing could be imported, or it can't go on",
    (Status.PROCESSING, Status.CANCELLED): "a person cancels in the middle",
}

LIVE = (Status.PENDING, Status.PROCESSING)  # a tuple: its order goes into a migration
FINISHED = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class MailState(models.TextChoices):
    """What `import_batches.mail_state` may hold: the e-mail about a batch's end."""

    DUE = "due"  # to be sent once the batch has ended
    DEFERRED = "deferred"  # the mailbox said: later
    SENT = "sent"
    REFUSED = "refused"  # the mailbox said: never
    GIVEN_UP = "given_up"  # a day went by
    NONE = "none"  # nobody is to be told


UNSENT = (MailState.DUE, MailState.DEFERRED)


def sources(target: Status) -> list[Status]:
    """The statuses from which `target` may be reached."""
    return [source for source, end in MOVES if end == target]
