"""Who may import into which organisation, and manage its people. Every action checks it."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from core.errors import NotAllowed, NotFound
from imports.errors import (
    FeatureDisabled,
    ImportsHalted,
    OrganisationInactive,
)
from imports.models import ImportHalt
from users.models import Organisation, User
from users.rights import permissions
from users.rights.permissions import Access

HALTED_RETRY_SECONDS = 300


def organisation_for(user: User | None, organisation_id: UUID | str) -> Organisation:
    """Gives the organisation, if the user may import into it.

    Raises what `refuse_others` raises, `FeatureDisabled` and `OrganisationInactive`."""
    refuse_others(user, organisation_id)
    organisation = Organisation.objects.filter(id=organisation_id).first()
    if organisation is None:
        raise NotFound("There is no such organisation.")
    if not settings.FEATURE_USER_MANAGEMENT:
        raise FeatureDisabled
    if not organisation.is_active:
        raise OrganisationInactive
    return organisation


def refuse_while_halted() -> None:
    """Raises `ImportsHalted` while imports are halted. To be called before an import is started."""
    if ImportHalt.objects.current():
        raise ImportsHalted(retry_after_seconds=HALTED_RETRY_SECONDS)


def refuse_others(user: User | None, organisation_id: UUID | str) -> None:
    """Raises `NotFound` for users of other organisations, and `NotAllowed` for users whose role
    does not allow to manage users."""
    if user is None:
        return
    access = permissions.access(user, organisation_id)
    if access is Access.HIDDEN:
        raise NotFound("There is no such organisation.")
    if access is Access.FORBIDDEN:
        raise NotAllowed("Only administrators may manage users. Ask one of your organisation.")
