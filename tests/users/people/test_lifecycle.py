"""Inviting people, inviting them again, and revoking invitations."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.errors import NotAllowed, NotFound
from tests.imports.audit.helpers import events
from tests.users.people.test_changes import NEW, in_threads
from users.invitations import lifecycle, links, tasks
from users.mail import EmailNotSetUp
from users.models import Invitation, Organisation, User
from users.people import changes
from users.rights.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def enqueued(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """E-mail is on. Gives what was enqueued; no broker is asked."""
    settings.EMAIL_HOST = "mail.example"
    calls: list[str] = []
    monkeypatch.setattr(tasks, "enqueue", lambda: calls.append("enqueued"))
    return calls


@pytest.fixture
def person(acme: Organisation) -> User:
    """Somebody without a password."""
    return User.objects.create_user(**NEW, organisation=acme)


def set_invitation(**fields: Any) -> None:
    Invitation.objects.everywhere().update(**fields)


def test_an_invitation_is_written_and_sent_after_the_commit(
    admin: User,
    person: User,
    enqueued: list[str],
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        invitation = lifecycle.invite(person, by=admin)
        assert enqueued == []
    assert enqueued == ["enqueued"]
    assert (invitation.status, invitation.generation) == ("pending", 1)
    assert (invitation.organisation, invitation.invited_by) == (person.organisation, admin)


def test_inviting_again_makes_the_link_of_before_void(admin: User, person: User) -> None:
    first = lifecycle.invite(person, by=admin)
    old = links.link(first)
    set_invitation(status="failed", reason="The mailbox is full.", attempts=3, token_hash="a")
    again = lifecycle.invite(person, by=None)
    assert again.id == first.id
    assert (again.status, again.generation, again.reason, again.attempts) == ("pending", 2, "", 0)
    assert again.token_hash is None
    assert again.invited_by == admin  # who asked for a new link has no name here
    assert re.sub(r".*/", "", links.link(again)) != re.sub(r".*/", "", old)


@pytest.mark.parametrize("status", ["pending", "sending"])
def test_inviting_again_changes_nothing_while_an_email_is_on_its_way(
    admin: User, person: User, status: str
) -> None:
    lifecycle.invite(person, by=admin)
    set_invitation(status=status)
    assert lifecycle.invite(person, by=admin).generation == 1
    assert len(events(event_type="user_invited")) == 1


@pytest.mark.parametrize("status", ["sent", "unknown", "revoked", "failed", "bounced"])
def test_any_other_state_can_be_invited_again(admin: User, person: User, status: str) -> None:
    lifecycle.invite(person, by=admin)
    set_invitation(status=status)
    assert lifecycle.invite(person, by=admin).generation == 2


@pytest.mark.django_db(transaction=True)
def test_two_administrators_at_once_cause_one_email(admin: User, person: User) -> None:
    for generation in (1, 2, 3):
        in_threads(*[lambda: lifecycle.invite(person, by=admin)] * 3)
        assert Invitation.objects.everywhere().get().generation == generation
        assert len(events(event_type="user_invited")) == generation
        set_invitation(status="sent")


def test_who_can_not_be_invited(
    admin: User, viewer: User, person: User, root: User, other_admin: User, settings: Any
) -> None:
    with pytest.raises(lifecycle.InvitationNotPossible, match="has a password"):
        lifecycle.invite(viewer, by=admin)
    changes.deactivate(person, by=admin)
    with pytest.raises(lifecycle.InvitationNotPossible, match="not active"):
        lifecycle.invite(person, by=admin)
    with pytest.raises(lifecycle.InvitationNotPossible, match="Platform staff"):
        lifecycle.invite(root, by=root)
    for theirs in (root, other_admin):
        with pytest.raises(NotFound):
            lifecycle.invite(theirs, by=admin)
    with pytest.raises(NotAllowed):
        lifecycle.invite(person, by=viewer)
    settings.EMAIL_HOST = ""
    with pytest.raises(EmailNotSetUp):
        lifecycle.invite(person, by=admin)
    assert not Invitation.objects.everywhere().exists()


def test_an_invitation_is_revoked_once(admin: User, person: User, other_admin: User) -> None:
    invitation = lifecycle.invite(person, by=admin)
    with pytest.raises(NotFound):
        lifecycle.revoke(invitation, by=other_admin)
    for _ in range(2):
        assert lifecycle.revoke(invitation, by=admin).status == "revoked"
    assert len(events(event_type="invitation_revoked", subject_id=person.id)) == 1


def test_what_is_accepted_is_not_revoked(admin: User, person: User) -> None:
    invitation = lifecycle.invite(person, by=admin)
    set_invitation(status="accepted")
    with pytest.raises(lifecycle.NoOpenInvitation):
        lifecycle.revoke(invitation, by=admin)


def test_a_person_is_added_and_invited_in_one_step(admin: User, acme: Organisation) -> None:
    added = changes.add(organisation=acme, by=admin, values=NEW | {"role": Role.ADMIN}, invite=True)
    assert Invitation.objects.of(acme.id).get().user == added
    assert added.invitation_requested


def test_nobody_is_added_who_can_not_be_invited(
    admin: User, acme: Organisation, settings: Any
) -> None:
    settings.EMAIL_HOST = ""
    with pytest.raises(EmailNotSetUp):
        changes.add(organisation=acme, by=admin, values=NEW, invite=True)
    assert not User.objects.of(acme.id).filter(email=NEW["email"]).exists()
