"""Whom an operator means: the users and networks that the commands for uploads are told."""

from __future__ import annotations

import ipaddress
from uuid import UUID

from django.core.management.base import CommandError

from users.models import User


def find_user(text: str) -> User:
    """The user with this e-mail address or id. Raises CommandError."""
    try:
        found = User.objects.filter(id=UUID(text.strip())).first()
    except ValueError:
        found = User.objects.filter(email=User.objects.normalize_email(text)).first()
    if found is None:
        raise CommandError(f"There is no user {text}. Give the e-mail address or the id of one.")
    return found


def find_target(text: str) -> dict[str, User | str]:
    """The user or network, as fields of a block. Raises CommandError."""
    try:
        return {"network": str(ipaddress.ip_network(text.strip(), strict=False))}
    except ValueError:
        pass
    if "/" in text:
        raise CommandError(f"{text} is no network. Write it like 192.0.2.0/24 or 2001:db8::/32.")
    return {"user": find_user(text)}
