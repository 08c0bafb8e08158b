"""What the processes that send invitations share: one row."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class InvitationSender(models.Model):
    """The pace of sending, whose turn it is, and whether the mail server is away. One row.

    `users.invitations.pace` and `users.invitations.turns` read and write it. It may be deleted at
    any time: it is made anew."""

    id = models.SmallIntegerField(primary_key=True, default=1, db_default=1)
    # Until when what was sent has used up the pace (GCRA's theoretical arrival time).
    paid_until = models.DateTimeField(db_default=Now())
    last_organisation_id = models.UUIDField(null=True)  # the next turn is of those after it
    away_since = models.DateTimeField(null=True)  # the mail server did not answer since then
    retry_at = models.DateTimeField(null=True)  # and nobody tries before this time
    turn_id = models.UUIDField(null=True)  # of the task that sends
    turn_ends_at = models.DateTimeField(db_default=Now())
    wake_at = models.DateTimeField(db_default=Now())  # a task was asked to begin at this time

    class Meta:
        db_table = "user_invitation_sender"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="user_invitation_sender_is_one_row")
        ]

    def __str__(self) -> str:
        return "What the senders of invitations share"
