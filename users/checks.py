"""Django's system check of the table of users: `manage.py check --database default`. `manage.py
migrate` runs it, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections

from core.emails import InvalidEmail, normalise

# Only an address with characters beyond ASCII can be stored in another form than that of
# `core.emails`.
_NOT_ASCII = "SELECT id, email FROM users WHERE octet_length(email) <> length(email) ORDER BY id"


@register(Tags.database)
def check_emails(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Warns about users whose e-mail address is not stored in the form of `core.emails`.

    Migration 0007 left them, as another user has that form. The warning names ids only."""
    return [_warning(ids) for alias in databases or () if (ids := _two_spellings(alias))]


def _two_spellings(alias: str) -> list[str]:
    """The ids of the users whose address has another form than the stored one."""
    connection = connections[alias]
    if "users" not in connection.introspection.table_names():  # before the first migration
        return []
    with connection.cursor() as cursor:
        cursor.execute(_NOT_ASCII)
        return [str(user_id) for user_id, email in cursor.fetchall() if _is_other_form(email)]


def _is_other_form(email: str) -> bool:
    try:
        return normalise(email) != email
    except InvalidEmail:
        return False


def _warning(ids: list[str]) -> Warning:
    return Warning(
        f"Another user has the same mailbox, spelt differently, as: {', '.join(ids)}.",
        hint="Both can log in, each with the own spelling. Delete one of the two in the admin site,"
        " or change its e-mail address.",
        id="users.W001",
    )
