"""Adds and changes people, deactivates and activates them. The rules are here once, for API and
admin alike:

- Nobody gives a role above their own, or changes somebody who has one.
- Nobody deactivates themselves or lowers their own role.
- Nobody takes the last active administrator from an organisation.
- Nobody but platform staff touches platform staff, or people of another organisation: as if these
  did not exist.

What decides about rights (role, active, organisation) is changed while the organisation is locked,
so that two administrators who demote each other do it one after the other. The order of locks is
organisation, user, invitation.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.dispatch import Signal

from core.errors import NotAllowed, NotFound
from users.invitations import lifecycle
from users.models import Organisation, User
from users.people.refusals import (
    AddressUnavailable,
    AlreadyExists,
    LastAdministrator,
    OwnAccount,
    PersonChanged,
    RoleAboveOwn,
)
from users.rights import permissions
from users.rights.permissions import Access
from users.rights.roles import Role, is_above

# Columns that say which applications a person may use, and the names of these.
APPLICATIONS = {
    "market_edge_access": "MarketEdge",
    "causal_edge_access": "CausalEdge",
    "value_edge_access": "ValueEdge",
}
# What administrators may change of a person. Platform staff may change all at the admin site.
EDITABLE = (
    *("first_name", "last_name", "role", "department", "location", "phone"),
    *APPLICATIONS,
)
_RIGHTS = frozenset({"role", "is_active", "organisation"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Sent in the transaction of the change, with `person` and `by` (None: an operator).
person_added = Signal()
person_changed = Signal()  # also with `fields`, the names of what has changed
person_deactivated = Signal()
person_activated = Signal()


def version_of(person: User) -> str:
    """A short text that is another one after each change of the row."""
    return f"{(person.updated_at - _EPOCH) // timedelta(microseconds=1):x}"


def add(
    *, organisation: Organisation, by: User | None, values: Mapping[str, Any], invite: bool
) -> User:
    """Adds a person, whose values are valid, and with `invite` invites them.

    Raises NotFound and NotAllowed where `by` may not, RoleAboveOwn, AlreadyExists,
    AddressUnavailable, and with `invite` what `lifecycle.invite` raises."""
    _refuse_others(by, organisation.id)
    if by and is_above(values.get("role", Role.VIEWER), by.role):
        raise RoleAboveOwn
    with transaction.atomic():
        person = _insert(organisation, values, invite=invite)
        person_added.send(User, person=person, by=by)
        if invite:
            lifecycle.invite(person, by=by)
    person.refresh_from_db()
    return person


def _insert(organisation: Organisation, values: Mapping[str, Any], *, invite: bool) -> User:
    known = User.objects.everywhere().filter(email=values["email"])
    try:
        with transaction.atomic():
            return User.objects.create_user(
                **values, organisation=organisation, invitation_requested=invite
            )
    except IntegrityError:
        if known.filter(organisation=organisation).exists():
            raise AlreadyExists from None
        if known.exists():
            raise AddressUnavailable from None
        raise


def change(
    person: User, *, by: User | None, values: Mapping[str, Any], version: str | None = None
) -> User:
    """Sets valid values. Gives the person as it is now. What is set to the same value again is no
    change.

    version: what `version_of` gave before; a person who has changed since is not overwritten.
    Raises NotFound, NotAllowed, PersonChanged, RoleAboveOwn, OwnAccount and LastAdministrator."""
    with transaction.atomic():
        if _RIGHTS & values.keys():
            _lock_organisations(person, values)
            by = _as_it_is_now(by)
        current = _locked(person)
        _refuse_others(by, current.organisation_id)
        if version is not None and version != version_of(current):
            raise PersonChanged
        changed = {name: new for name, new in values.items() if getattr(current, name) != new}
        check(current, by=by, values=changed)
        if changed:
            _save(current, changed, by)
    return current


def deactivate(person: User, *, by: User | None, version: str | None = None) -> User:
    """Takes the right to log in. Sessions, tokens and keys of the person stop working at once, and
    an open invitation is revoked. Raises what `change` raises."""
    return change(person, by=by, values={"is_active": False}, version=version)


def activate(person: User, *, by: User | None, version: str | None = None) -> User:
    """Gives the right to log in back. Raises what `change` raises."""
    return change(person, by=by, values={"is_active": True}, version=version)


def check(person: User, *, by: User | None, values: Mapping[str, Any]) -> None:
    """Raises what `change` would raise for these values, without changing anything."""
    _refuse_others(by, person.organisation_id)
    role = values.get("role", person.role)
    if by is not None:
        if by.role != Role.SUPER_ADMIN and not {*EDITABLE, "is_active"}.issuperset(values):
            raise NotAllowed
        if is_above(person.role, by.role):
            raise NotFound("There is no such user.")
        if is_above(role, by.role):
            raise RoleAboveOwn
        is_lower = is_above(person.role, role)
        if person.id == by.id and (is_lower or not values.get("is_active", True)):
            raise OwnAccount
    stays = (
        role == Role.ADMIN
        and values.get("is_active", person.is_active)
        and values.get("organisation", person.organisation) == person.organisation
    )
    if person.role == Role.ADMIN and person.is_active and not stays:
        _refuse_last_administrator(person)


def _refuse_others(by: User | None, organisation_id: object) -> None:
    """Raises NotFound and NotAllowed. Platform staff belong to no organisation."""
    if by is None:
        return
    access = permissions.access(by, organisation_id)
    if access is Access.HIDDEN:
        raise NotFound("There is no such user.")
    if access is Access.FORBIDDEN:
        raise NotAllowed("Only administrators may manage users. Ask one of your organisation.")


def _refuse_last_administrator(person: User) -> None:
    others = User.objects.of(person.organisation_id).filter(role=Role.ADMIN, is_active=True)
    if person.organisation_id and not others.exclude(id=person.id).exists():
        raise LastAdministrator


def _lock_organisations(person: User, values: Mapping[str, Any]) -> None:
    """Others who change rights wait. Imports, which share the organisation, do not."""
    new = values.get("organisation")
    ids = [one for one in (person.organisation_id, new and new.id) if one]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM organisations WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [ids]
        )


def _as_it_is_now(by: User | None) -> User | None:
    """The user, whose own rights may have been changed while this request waited for the lock."""
    if by is None:
        return None
    users = User.objects.everywhere().select_related("organisation")
    now = users.filter(id=by.id).first()
    if now is None or not now.may_log_in:
        raise NotAllowed
    return now


def _locked(person: User) -> User:
    users = User.objects.everywhere().select_related("organisation")
    locked = users.select_for_update(of=("self",), no_key=True).filter(id=person.id).first()
    if locked is None or locked.organisation_id != person.organisation_id:
        raise NotFound("There is no such user.")
    return locked


def _save(person: User, values: Mapping[str, Any], by: User | None) -> None:
    for name, value in values.items():
        setattr(person, name, value)
    person.is_superuser = person.role == Role.SUPER_ADMIN
    person.save(update_fields=[*values, "is_superuser"])
    person.refresh_from_db(fields=["updated_at", "logins_ended_at"])
    fields = sorted(set(values) - {"is_active"})
    if fields:
        person_changed.send(User, person=person, by=by, fields=fields)
    if "is_active" in values and person.is_active:
        person_activated.send(User, person=person, by=by)
    elif "is_active" in values:
        lifecycle.close(person)
        person_deactivated.send(User, person=person, by=by)
