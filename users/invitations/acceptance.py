"""What happens to the link of an invitation: it is looked at, accepted, or asked for again.

Looking changes nothing, however often programs that check links open it. Only a POST with a new
password uses the invitation up.
"""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.dispatch import Signal
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from core.errors import Refusal
from users.credentials import passwords
from users.invitations import links
from users.models import Invitation, User
from users.models.invitations import EXPIRED

OPEN, REPLACED, GONE, CLOSED, UNFIT = "open", "replaced", "gone", "closed", "unknown_link"
# What is said about a link that can't be used (any more).
WHY = {
    "accepted": "This invitation was used already. Log in with your e-mail address and password.",
    EXPIRED: "This invitation has expired.",
    "revoked": "This invitation was withdrawn. Ask the person who invited you.",
    REPLACED: "A newer invitation took the place of this one. Use the link in the newest e-mail.",
    "failed": "This invitation is no longer valid.",
    "bounced": "This invitation is no longer valid.",
    GONE: "This invitation is no longer valid, because its account no longer exists.",
    CLOSED: "This invitation can't be used, because its account is not active. Ask the person who"
    " invited you.",
    UNFIT: "This link is not valid. It may be incomplete, or a newer invitation was sent after it.",
}
# The states in which a person can get a new link by themselves: the administrator still wants it.
RENEWABLE = (Invitation.Status.SENT, Invitation.Status.UNKNOWN, Invitation.Status.FAILED)

# Sent in the transaction in which an invitation is accepted, with `invitation` and `user`.
invitation_accepted = Signal()


class InvitationNotOpen(Refusal):
    """This invitation can't be accepted."""

    code = "invitation_not_open"
    status = 409


class UnknownInvitation(Refusal):
    """This link is not valid. It may be incomplete, or a newer invitation was sent after it."""

    code = "invitation_not_found"
    status = 404


@dataclass(frozen=True)
class Found:
    """An invitation as somebody with its link may see it. `state` is `open`, or a key of WHY.
    `generation` 0 is that of a link that was replaced, and of no invitation."""

    state: str
    id: UUID | None = None
    generation: int = 0
    user: User | None = None

    @property
    def is_open(self) -> bool:
        """Whether it can be accepted."""
        return self.state == OPEN

    @property
    def why(self) -> str:
        """Why it can't be accepted, in a sentence."""
        return WHY.get(self.state, "")


def find(token: str) -> Found:
    """The invitation of a link's token."""
    rows = Invitation.objects.everywhere().select_related("user__organisation")
    invitation = rows.filter(token_hash=links.hash_of(token)).first()
    if invitation is None:
        return Found(UNFIT)
    # The hash is that of the mail sent last. "Invite again" makes it void before the next is sent.
    current = links.token_of(invitation.id, invitation.generation)
    if not compare_digest(current.encode(), token.encode()):
        return Found(REPLACED, invitation.id, user=invitation.user)
    return _found(invitation)


def look(invitation_id: UUID | str, generation: int) -> Found:
    """The invitation whose id and generation `find` gave before, as it is now."""
    rows = Invitation.objects.everywhere().select_related("user__organisation")
    invitation = rows.filter(id=invitation_id).first()
    if invitation is None:
        return Found(GONE)
    if invitation.generation != generation:
        return Found(REPLACED, invitation.id, user=invitation.user)
    return _found(invitation)


def _found(invitation: Invitation) -> Found:
    user = invitation.user
    state = OPEN if invitation.state in Invitation.OPEN else invitation.state
    if user is None:
        state = GONE
    elif state == OPEN and user.has_usable_password():
        state = Invitation.Status.ACCEPTED  # somebody gave them a password, or they have one
    elif state == OPEN and not user.may_log_in:
        state = CLOSED
    elif state == OPEN and invitation.expires_at and invitation.expires_at <= timezone.now():
        state = EXPIRED
    return Found(state, invitation.id, invitation.generation, user)


@sensitive_variables("password")
@transaction.atomic
def accept(invitation_id: UUID | str, generation: int, password: str) -> User:
    """Accepts an invitation: sets the password of its user. Gives the user.

    One UPDATE uses the invitation up, so that of several requests at the same time one succeeds.
    Raises InvitationNotOpen, and ValidationError where the password breaks a rule."""
    found = look(invitation_id, generation)
    if not found.is_open or not found.user:
        raise InvitationNotOpen(found.why, state=found.state)
    # The user first: whoever deletes users locks them before their invitations.
    users = User.objects.everywhere().select_for_update(of=("self",), no_key=True)
    user = users.select_related("organisation").filter(id=found.user.id).first()
    if user is None or not _use_up(invitation_id, generation, user):
        now = look(invitation_id, generation)
        raise InvitationNotOpen(now.why or WHY[UNFIT], state=now.state)
    passwords.change(user, password)
    invitation_accepted.send(Invitation, user=user)
    return user


def _use_up(invitation_id: UUID | str, generation: int, user: User) -> bool:
    """Whether the invitation was open until now."""
    if user.has_usable_password() or not user.may_log_in:
        return False
    rows = Invitation.objects.everywhere().filter(
        id=invitation_id,
        generation=generation,
        user=user,
        status__in=Invitation.OPEN,  # a mail that is on its way may have arrived already
        expires_at__gt=Now(),
    )
    used = rows.update(status=Invitation.Status.ACCEPTED, accepted_at=Now(), reason="")
    return bool(used)


def renewable(user_id: UUID | str) -> User | None:
    """The user, if a new link may be sent to them on their own request: they were invited, have not
    accepted yet, nobody has withdrawn the invitation, and no e-mail is on its way."""
    rows = Invitation.objects.everywhere().select_related("user__organisation")
    invitation = rows.filter(user_id=user_id, status__in=RENEWABLE).first()
    user = invitation.user if invitation else None
    return user if user and user.may_log_in and not user.has_usable_password() else None
