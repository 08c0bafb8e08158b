"""The statuses of a batch and the moves between them."""

from __future__ import annotations

from django.db import models


class Status(models.TextChoices):
    """What `import_batches.status` may hold."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


# Each move with its reason. A move that is not listed raises an error.
MOVES: dict[tuple[Status, Status], str] = {
    (Status.PENDING, Status.PROCESSING): "a worker claims the batch",
    (Status.PENDING, Status.CANCELLED): "a user cancels it before it starts",
    (Status.PROCESSING, Status.COMPLETED): "the last chunk is committed",
    (Status.PROCESSING, Status.FAILED): "no row could be imported, or the import can't go on",
    (Status.PROCESSING, Status.CANCELLED): "a user cancels it while it runs",
}

LIVE = (Status.PENDING, Status.PROCESSING)  # a tuple: its order goes into a migration
FINISHED = (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class MailState(models.TextChoices):
    """What `import_batches.mail_state` may hold: the e-mail about a batch's end."""

    DUE = "due"  # to be sent when the batch has ended
    DEFERRED = "deferred"  # temporary SMTP failure: sent again later
    SENT = "sent"
    REFUSED = "refused"  # permanent SMTP failure
    GIVEN_UP = "given_up"  # not sent within a day
    NONE = "none"  # no e-mail is wanted


UNSENT = (MailState.DUE, MailState.DEFERRED)


def sources(target: Status) -> list[Status]:
    """The statuses from which `target` may be reached."""
    return [source for source, end in MOVES if end == target]
