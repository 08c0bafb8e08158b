"""Whom an operator means: the users and networks that the commands for uploads are told."""

from __future__ import annotations

import ipaddress
from uuid import UUID

from django.core.management.base import CommandError

from users.models import User


def find_user(text: str) -> User:
    """The user with this e-mail address or id. Raises CommandError."""
    try:
        user_id = UUID(text.strip())
    except ValueError:
        user_id = None
    try:
        return User.objects.get(id=user_id) if user_id else User.objects.get_by_natural_key(text)
    except User.DoesNotExist:
        raise CommandError(
            f"There is no user {text}. Give the e-mail address or the id of one."
        ) from None


def find_target(text: str) -> dict[str, User | str]:
    """The user or network, as fields of a block. Raises CommandError."""
    try:
        return {"network": str(ipaddress.ip_network(text.strip(), strict=False))}
    except ValueError:
        pass
    if "/" in text:
        raise CommandError(f"{text} is no network. Write it like 192.0.2.0/24 or 2001:db8::/32.")
    return {"user": find_user(text)}
