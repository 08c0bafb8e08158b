"""Invitations of users. The table is the outbox: `users.invitations` sends what is pending."""

from __future__ import annotations

from typing import Any, cast

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from core.models import Table
from users.models.organisations import Organisation
from users.models.users import User
from users.rights.scoping import ScopedManager

EXPIRED = "expired"  # a state, and no status: nothing is written when the time of a link is over


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Queries of invitations."""

    def with_state(self) -> InvitationQuerySet:
        """Adds `state`, by which rows can be filtered and counted."""
        is_over = Q(status__in=Invitation.ARRIVED, expires_at__lte=Now())
        state = Case(
            When(is_over, then=Value(EXPIRED)),
            default=F("status"),
            output_field=models.CharField(),
        )
        return self.annotate(state=state)  # type: ignore[no-redef]


class InvitationManager(ScopedManager["Invitation"]):
    """`Invitation.objects`: queries say of which organisation."""

    _queryset_class = InvitationQuerySet

    def of(self, organisation_id: object) -> InvitationQuerySet:
        """The invitations of one organisation. None of them for None."""
        return cast(InvitationQuerySet, super().of(organisation_id))

    def everywhere(self) -> InvitationQuerySet:
        """The invitations of all organisations."""
        return cast(InvitationQuerySet, super().everywhere())


class Invitation(Table):
    """The invitation of one user. A user has one at most.

    "Invite again" sets the same row to pending, with the next generation. The token of the link is
    computed from the id and the generation, so that the link of before is void, and the row holds
    no secret. Only a hash of the token is stored.

    The database sets `user` to null when the user is deleted, and revokes the invitation if it was
    open. It holds `organisation` equal to the organisation of the user (migration 0014)."""

    class Status(models.TextChoices):
        """The values of `user_invitations.status`."""

        PENDING = "pending"  # to be sent at `next_attempt_at`
        SENDING = "sending"  # a sender has claimed it at `claimed_at`
        SENT = "sent"
        UNKNOWN = "unknown", "may have been sent"  # the sender died before it stored the answer
        ACCEPTED = "accepted"
        REVOKED = "revoked"
        FAILED = "failed"
        BOUNCED = "bounced"

    OPEN = (Status.PENDING, Status.SENDING, Status.SENT, Status.UNKNOWN)  # can still be accepted
    ARRIVED = (Status.SENT, Status.UNKNOWN)  # there may be a link with someone, until `expires_at`
    STATES = (*Status.values, EXPIRED)

    user = models.ForeignKey(
        User, models.DO_NOTHING, db_constraint=False, db_index=False, null=True
    )
    organisation = models.ForeignKey(
        Organisation, models.DO_NOTHING, db_constraint=False, db_index=False, null=True
    )
    # The import that created the user. This app does not know `imports`, so the column is plain.
    import_batch_id = models.UUIDField(null=True, blank=True, editable=False)
    status = models.CharField(
        max_length=10, choices=Status.choices, default=Status.PENDING, db_default=Status.PENDING
    )
    generation = models.IntegerField(default=1, db_default=1)
    token_hash = models.CharField(max_length=64, null=True, blank=True)
    # Why it failed or bounced, in words for an administrator. No address.
    reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    attempts = models.IntegerField(default=0, db_default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True, blank=True)
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
    objects = InvitationManager()

    class Meta:
        db_table = "user_invitations"
        constraints = [
            models.UniqueConstraint(
                fields=["token_hash"],
                condition=Q(token_hash__isnull=False),
                name="user_invitations_token_unique",
            ),
            models.UniqueConstraint(fields=["user"], name="user_invitations_user_unique"),
        ]
        # An import writes a row for each user, and pays for each index that the row is in.
        indexes = [
            models.Index(
                fields=["organisation", "next_attempt_at"],
                condition=Q(status="pending"),
                name="user_invitations_pending",
            ),
            models.Index(
                fields=["claimed_at"],
                condition=Q(status="sending"),
                name="user_invitations_claimed",
            ),
            models.Index(
                fields=["import_batch_id"],
                condition=Q(import_batch_id__isnull=False),
                name="user_invitations_batch",
            ),
            models.Index(  # for lists of people by the state of their invitation
                fields=["organisation", "status", "expires_at"],
                condition=~Q(status__in=("pending", "sending")),
                name="user_invitations_state",
            ),
            models.Index(
                fields=["organisation"],
                condition=Q(user__isnull=True),
                name="user_invitations_ownerless",
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation {self.id}"

    @property
    def state(self) -> str:
        """The status, or `expired` for an invitation that was sent and whose time is over."""
        is_over = self.expires_at is not None and self.expires_at <= timezone.now()
        return EXPIRED if is_over and self.status in self.ARRIVED else self.status

    @state.setter
    def state(self, value: Any) -> None:
        """`with_state` sets it to what the property gives anyway."""


class InvitationRequest(Table):
    """Invitations that are still to be written: of the users whom one statement of an import has
    created and whose rows ask for it. It is written in the transaction that creates them.

    A row for each invitation would make an import take half as long again. `users.invitations`
    writes these rows in the background, and deletes the request in the same transaction."""

    organisation = models.ForeignKey(Organisation, models.DO_NOTHING, db_constraint=False)
    import_batch_id = models.UUIDField()
    invited_by = models.ForeignKey(
        User,
        models.DO_NOTHING,
        db_constraint=False,
        null=True,
        db_column="invited_by",
        related_name="+",
    )
    # Ids of users. Between them may be users of other imports, who are not meant.
    first_id = models.UUIDField()
    last_id = models.UUIDField()
    number = models.IntegerField()  # of invitations

    unscoped = models.Manager["InvitationRequest"]()
    objects = ScopedManager["InvitationRequest"]()

    class Meta:
        db_table = "user_invitation_requests"

    def __str__(self) -> str:
        return f"Request {self.id}"
