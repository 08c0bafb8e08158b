"""Filters and actions of the list of users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from core.errors import Refusal
from core.text import count_of
from users.admin.base import current_user
from users.invitations import lifecycle
from users.models import Invitation, User
from users.people import changes, queries
from users.people.changes import APPLICATIONS

MAX_PEOPLE = 1000  # in one action, which takes a request
SHOWN_REFUSALS = 5
STATES = {
    queries.NOT_INVITED: "not invited",
    "unknown": "may have been sent",
    "failed": "could not be sent",
    "bounced": "came back",
}


class ApplicationFilter(admin.SimpleListFilter):
    """Filters by an application that people may use."""

    title = parameter_name = "application"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Gives (name of the column, name of the application)."""
        return list(APPLICATIONS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Gives the people who may use the chosen one, or all."""
        name = self.value()
        return queryset.filter(**{name: True}) if name in APPLICATIONS else queryset


class InvitationFilter(admin.SimpleListFilter):
    """Filters by the state of the invitation."""

    title = "invitation"
    parameter_name = "invited"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Gives (state, words) of every state."""
        return [(state, STATES.get(state, state)) for state in queries.INVITED]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Gives the people whose invitation is in the chosen state, or all."""
        state = self.value()
        if state not in queries.INVITED:
            return queryset
        return queryset.filter(queries.invited_as([state]))


def state_in_words(person: User) -> str:
    """The state of a person's invitation, which `queries.with_invitation` has read along."""
    invitation = queries.invitation_of(person)
    if invitation is None:
        return STATES[queries.NOT_INVITED]
    is_sending = invitation.status == Invitation.Status.SENDING
    state = "pending" if is_sending else str(invitation.state)
    words = STATES.get(state, state)
    return f"{words}: {invitation.reason}" if invitation.reason else words


@admin.action(description="Deactivate selected users", permissions=["change"])
def deactivate(modeladmin: ModelAdmin[User], request: HttpRequest, people: QuerySet[User]) -> None:
    """Takes the right to log in."""
    by = current_user(request)
    act = _Action(modeladmin, request, "Deactivated.", "{} deactivated.")
    act.on(people, lambda person: changes.deactivate(person, by=by))


@admin.action(description="Activate selected users", permissions=["change"])
def activate(modeladmin: ModelAdmin[User], request: HttpRequest, people: QuerySet[User]) -> None:
    """Gives the right to log in back."""
    by = current_user(request)
    act = _Action(modeladmin, request, "Activated.", "{} activated.")
    act.on(people, lambda person: changes.activate(person, by=by))


@admin.action(description="Invite selected users (again)", permissions=["change"])
def invite(modeladmin: ModelAdmin[User], request: HttpRequest, people: QuerySet[User]) -> None:
    """Sends an invitation, or another one."""
    by = current_user(request)
    act = _Action(modeladmin, request, "Invited.", "{} invited.")
    act.on(people, lambda person: lifecycle.invite(person, by=by))


@admin.action(description="Revoke invitations of selected users", permissions=["change"])
def revoke_invitation(
    modeladmin: ModelAdmin[User], request: HttpRequest, people: QuerySet[User]
) -> None:
    """Makes the links of open invitations void."""
    by = current_user(request)

    def revoke(person: User) -> None:
        invitation = queries.invitation_of(person)
        if invitation is None:
            raise lifecycle.NoOpenInvitation
        lifecycle.revoke(invitation, by=by)

    act = _Action(modeladmin, request, "Invitation revoked.", "Invitations of {} revoked.")
    act.on(people, revoke)


ACTIONS: list[Any] = [deactivate, activate, invite, revoke_invitation]


class _Action:
    """Does the same to each of some people, and says what was refused and why."""

    def __init__(
        self, modeladmin: ModelAdmin[User], request: HttpRequest, entry: str, done: str
    ) -> None:
        """entry: the text in the history of a person. done: the message, with {} for
        the number of users."""
        self.modeladmin, self.request, self.entry, self.done = modeladmin, request, entry, done

    def on(self, people: QuerySet[User], act: Callable[[User], object]) -> None:
        """Acts on each person in a transaction of its own."""
        if people.count() > MAX_PEOPLE:
            self._say(f"Select at most {MAX_PEOPLE:,} users at once.", messages.ERROR)
            return
        done, refused = 0, []
        for person in people.order_by("id"):
            try:
                with transaction.atomic():
                    act(person)
                    self.modeladmin.log_change(self.request, person, self.entry)
                done += 1
            except Refusal as refusal:
                refused.append(f"Not done for {person.email}: {refusal.detail}")
        if done:
            self._say(self.done.format(count_of(done, "user")), messages.SUCCESS)
        for sentence in refused[:SHOWN_REFUSALS]:
            self._say(sentence, messages.ERROR)
        more = len(refused) - SHOWN_REFUSALS
        if more > 0:
            self._say(f"{count_of(more, 'refusal')} more.", messages.ERROR)

    def _say(self, sentence: str, level: int) -> None:
        self.modeladmin.message_user(self.request, sentence, level)
