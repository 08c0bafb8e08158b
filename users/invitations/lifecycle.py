"""Invites people, invites them again, and revokes invitations.

A person has one invitation. Inviting again renews it: the next generation has another link, and the
one before is void. One statement does it, so that of two administrators who press the button at the
same time only one causes an e-mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.dispatch import Signal

from core.errors import NotAllowed, NotFound, Refusal
from users.invitations import outbox, tasks
from users.mail import EmailNotSetUp
from users.models import Invitation, User
from users.rights import permissions
from users.rights.permissions import Access
from users.rights.roles import Role

# Sent in the transaction of what they tell of, with `user_ids`, `organisation_id` and `by`.
people_invited = Signal()
invitation_revoked = Signal()


class InvitationNotPossible(Refusal):
    """This person can't be invited."""

    code = "invitation_not_possible"
    status = 409


class NoOpenInvitation(Refusal):
    """This person has no open invitation that could be revoked."""

    code = "no_open_invitation"
    status = 409


# A row that is pending or being sent stays as it is: its e-mail is on its way. `id` and the times
# are those of the database. Users come in the order of their ids, as all that locks users does.
_INVITE = """
    INSERT INTO user_invitations AS known (user_id, organisation_id, invited_by)
    SELECT id, organisation_id, %(by)s::uuid FROM users WHERE id = ANY(%(ids)s) ORDER BY id
    ON CONFLICT (user_id) DO UPDATE SET
        generation = known.generation + 1, status = 'pending', reason = '', attempts = 0,
        next_attempt_at = now(), claimed_at = NULL, token_hash = NULL, expires_at = NULL,
        sent_at = NULL, invited_by = coalesce(excluded.invited_by, known.invited_by)
    WHERE known.status NOT IN ('pending', 'sending', 'accepted')
    RETURNING user_id
"""


@transaction.atomic
def invite(user: User, *, by: User | None) -> Invitation:
    """Invites a person, or invites them again. Gives the invitation.

    by: who does it; None: the person asked for a new link. Raises NotFound and NotAllowed where
    `by` may not, EmailNotSetUp, and InvitationNotPossible."""
    _refuse_others(by, user)
    if not outbox.is_on():
        raise EmailNotSetUp
    locked = _locked([user.id])
    if not locked:
        raise NotFound("There is no such user.")
    if reason := _reason_against(locked[0]):
        raise InvitationNotPossible(reason)
    _write(locked, by)
    return Invitation.objects.everywhere().get(user_id=user.id)


@transaction.atomic
def revoke(invitation: Invitation, *, by: User | None) -> Invitation:
    """Revokes an open invitation: its link is void. Does nothing to one that is revoked already.

    Raises NotFound and NotAllowed where `by` may not, and NoOpenInvitation."""
    if invitation.user is None:
        raise NoOpenInvitation
    _refuse_others(by, invitation.user)
    _locked([invitation.user.id])
    if _revoke(invitation.user):
        organisation_id = invitation.user.organisation_id
        invitation_revoked.send(
            Invitation, user_ids=[invitation.user.id], organisation_id=organisation_id, by=by
        )
    invitation.refresh_from_db()
    if invitation.status != Invitation.Status.REVOKED:
        raise NoOpenInvitation
    return invitation


def close(user: User) -> None:
    """Revokes the invitation of a person who is deactivated, if it is open."""
    _revoke(user)


def _revoke(user: User) -> int:
    invitations = Invitation.objects.everywhere().filter(user=user, status__in=Invitation.OPEN)
    return invitations.update(status=Invitation.Status.REVOKED)


def _refuse_others(by: User | None, user: User) -> None:
    if by is None:
        return
    access = permissions.access(by, user.organisation_id)
    if access is Access.HIDDEN:
        raise NotFound("There is no such user.")
    if access is Access.FORBIDDEN:
        raise NotAllowed("Only administrators may invite people. Ask one of your organisation.")


def _locked(ids: Sequence[UUID]) -> list[User]:
    """The users, locked in the order of their ids: nobody deactivates them meanwhile."""
    users = User.objects.everywhere().select_related("organisation").filter(id__in=ids)
    return list(users.select_for_update(of=("self",), no_key=True).order_by("id"))


def _reason_against(user: User) -> str:
    """Why a person can't be invited; "" if they can."""
    if user.role == Role.SUPER_ADMIN or user.organisation is None:
        return "Platform staff and people without an organisation can't be invited."
    if not user.may_log_in:
        return "This person is not active. Activate them first, then invite them."
    if user.has_usable_password():
        return "This person has a password already, and can log in."
    return ""


def _write(users: Sequence[User], by: User | None) -> int:
    """Writes the invitations. Gives the number of those that are to be sent now."""
    parameters: dict[str, Any] = {"by": by and by.id, "ids": [user.id for user in users]}
    with connection.cursor() as cursor:
        cursor.execute(_INVITE, parameters)
        invited = {user_id for (user_id,) in cursor.fetchall()}
    if not invited:
        return 0
    for organisation_id in {user.organisation_id for user in users}:
        ids = [u.id for u in users if u.id in invited and u.organisation_id == organisation_id]
        people_invited.send(Invitation, user_ids=ids, organisation_id=organisation_id, by=by)
    transaction.on_commit(lambda: tasks.enqueue(), robust=True)
    return len(invited)
