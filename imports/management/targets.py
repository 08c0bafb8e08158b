"""Finds the user, organisation, network or import that an argument of a command names."""

from __future__ import annotations

import ipaddress
from uuid import UUID

from django.core.management.base import CommandError

from imports.models import ImportBatch
from users.models import Organisation, User


def find_user(text: str) -> User:
    """The user with this e-mail address or id. Raises CommandError."""
    user_id = _uuid(text)
    try:
        return (
            User.objects.everywhere().get(id=user_id)
            if user_id
            else User.objects.get_by_natural_key(text)
        )
    except User.DoesNotExist:
        raise CommandError(
            f"There is no user {text}. Give the e-mail address or the id of a user."
        ) from None


def find_organisation(text: str) -> Organisation:
    """The organisation with this name or id. Raises CommandError, which suggests similar names."""
    organisation = Organisation.objects.filter(name=text).first()
    organisation_id = _uuid(text)
    if organisation is None and organisation_id:
        organisation = Organisation.objects.filter(id=organisation_id).first()
    if organisation is None:
        similar = Organisation.objects.filter(name__icontains=text).order_by("name")[:5]
        hint = f" Did you mean {', '.join(other.name for other in similar)}?" if similar else ""
        raise CommandError(f"There is no organisation with the name or id {text!r}.{hint}")
    return organisation


def find_batch(text: str) -> ImportBatch:
    """The import with this id. Raises CommandError."""
    batch_id = _uuid(text)
    batch = ImportBatch.objects.everywhere().filter(id=batch_id).first() if batch_id else None
    if batch is None:
        raise CommandError(f"There is no import with the id {text!r}.")
    return batch


def find_target(text: str) -> dict[str, User | str]:
    """The user or network, as fields of `UploadBlock`. Raises CommandError."""
    try:
        return {"network": str(ipaddress.ip_network(text.strip(), strict=False))}
    except ValueError:
        pass
    if "/" in text:
        raise CommandError(f"{text} is not a network. Write it like 192.0.2.0/24 or 2001:db8::/32.")
    return {"user": find_user(text)}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
