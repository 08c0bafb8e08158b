"""Records what administrators do to people: `users` sends signals, and knows no audit trail.

Only the names of changed fields are kept, and none of their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.dispatch import receiver

from imports.audit.events import record, record_all
from imports.models import EventType
from users.invitations.lifecycle import invitation_revoked, people_invited
from users.models import User
from users.people.changes import (
    person_activated,
    person_added,
    person_changed,
    person_deactivated,
)


@receiver(person_added)
def _record_added(person: User, by: User | None, **_: Any) -> None:
    _record(EventType.USER_ADDED, person, by)


@receiver(person_changed)
def _record_changed(person: User, by: User | None, fields: Sequence[str], **_: Any) -> None:
    _record(EventType.USER_CHANGED, person, by, fields)


@receiver(person_deactivated)
def _record_deactivated(person: User, by: User | None, **_: Any) -> None:
    _record(EventType.USER_DEACTIVATED, person, by)


@receiver(person_activated)
def _record_activated(person: User, by: User | None, **_: Any) -> None:
    _record(EventType.USER_ACTIVATED, person, by)


@receiver(people_invited)
def _record_invited(
    user_ids: Sequence[UUID], organisation_id: UUID | None, by: User | None, **_: Any
) -> None:
    record_all(EventType.USER_INVITED, user_ids, user=by, organisation_id=organisation_id)


@receiver(invitation_revoked)
def _record_revoked(
    user_ids: Sequence[UUID], organisation_id: UUID | None, by: User | None, **_: Any
) -> None:
    record_all(EventType.INVITATION_REVOKED, user_ids, user=by, organisation_id=organisation_id)


def _record(
    event_type: EventType, person: User, by: User | None, fields: Sequence[str] = ()
) -> None:
    record(
        event_type,
        user=by,
        organisation_id=person.organisation_id,
        subject_id=person.id,
        fields=fields,
    )
