"""Invitations of users."""

from __future__ import annotations

from django.db import models

from core.models import Table
from users.models.users import User
from users.rights.scoping import ScopedManager


class Invitation(Table):
    """An invitation of one user. Its secret can be used once; only its hash is stored."""

    class Status(models.TextChoices):
        """The values of `user_invitations.status`."""

        PENDING = "pending"
        SENT = "sent"
        ACCEPTED = "accepted"
        REVOKED = "revoked"

    user = models.ForeignKey(User, models.DO_NOTHING, db_constraint=False)
    token_hash = models.CharField(max_length=64, null=True, blank=True)
    status = models.CharField(
        max_length=10, choices=Status.choices, default=Status.PENDING, db_default=Status.PENDING
    )
    invited_by = models.ForeignKey(
        User,
        models.DO_NOTHING,
        db_constraint=False,
        null=True,
        db_column="invited_by",
        related_name="invitations_made",
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)

    unscoped = models.Manager["Invitation"]()
    objects = ScopedManager["Invitation"]("user__organisation")

    class Meta:
        db_table = "user_invitations"
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], name="user_invitations_token_unique"),
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(status__in=["pending", "sent"]),
                name="user_invitations_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation {self.id}"
